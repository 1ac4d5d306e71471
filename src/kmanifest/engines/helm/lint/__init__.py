"""`helm lint`: check a chart."""
