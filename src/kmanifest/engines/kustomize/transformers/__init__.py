"""The built-in transformers, one module for each kind of change; each is a plain `Transformer` function."""
