"""Fixtures of several test modules."""

from tests.chartfixtures import own_home, private, registry, run, server

__all__ = ["own_home", "private", "registry", "run", "server"]
