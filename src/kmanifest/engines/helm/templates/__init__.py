"""Chart templates: the functions they use, and how they are executed."""
