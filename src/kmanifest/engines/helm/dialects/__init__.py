"""The records for Helm 3 and Helm 4.

`helm.dialect` defines the record, which the rest of the engine takes as an argument. `v3` and `v4.dialect` each build
one from functions of the whole engine, and `find` returns the one for a version. So these modules are above the rest of
the engine.
"""
