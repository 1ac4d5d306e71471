"""Chart templates: the objects and functions they use, and how they are executed."""
