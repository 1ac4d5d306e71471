"""`helm lint`: the checks of a chart."""
