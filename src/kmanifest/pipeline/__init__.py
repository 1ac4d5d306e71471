"""The core of a build: options, context, registry of plug-ins, and the functions that run the steps."""
