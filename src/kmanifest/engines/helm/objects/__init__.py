"""Helm's built-in objects, as templates see them: `.Chart`, `.Files`, `.Values` and `.Capabilities`."""
