"""The differences between Helm 3 and Helm 4."""
