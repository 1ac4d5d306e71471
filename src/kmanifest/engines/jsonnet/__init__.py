"""The Jsonnet engine: evaluates Jsonnet as go-jsonnet v0.22.0 does, and renders its values as resources.

`evaluation` runs a program on one of two evaluators. `session` lets a worker process do that, whose code is `worker`.
All files come through `imports`, in the process that owns the tree.
"""
