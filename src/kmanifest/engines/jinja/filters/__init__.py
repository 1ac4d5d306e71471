"""The filters, functions and tests that templates have besides those of jinja2, as functions on plain values."""
