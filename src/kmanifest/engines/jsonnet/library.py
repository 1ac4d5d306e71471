"""The functions of `std` that replace those of the evaluators: their Jsonnet code and their native functions."""

from collections.abc import Callable, Mapping

from kmanifest.startup.typing import Any, Final

LIBRARY: Final = ""

NATIVES: Final[Mapping[str, tuple[tuple[str, ...], Callable[..., Any]]]] = {}
