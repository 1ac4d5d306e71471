"""Chart templates: their functions, and their execution."""
