"""The differences between Helm 3 and Helm 4.

`helm.dialect` defines the record of what differs, which the rest of the engine takes as an argument. `v3` and `v4.dialect` make one
record each from functions of the whole engine, and `find` returns the one for a version. So these modules are above the engine.
"""
