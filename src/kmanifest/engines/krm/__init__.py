"""Plug-ins that are programs: legacy exec plug-ins of kustomize, and KRM functions.

Both get resources as YAML and print resources; `exchange` is what they have in common. The programs are started by the
runner of the context, which bounds them.
"""
