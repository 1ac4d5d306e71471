"""How a build runs its steps."""
