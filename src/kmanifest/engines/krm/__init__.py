"""Exec plug-ins: legacy exec plug-ins of kustomize, and KRM functions.

Both get resources as YAML and print resources; `resource_list` has the code that both use. The runner of the context
starts the executables and limits their time and output.
"""
