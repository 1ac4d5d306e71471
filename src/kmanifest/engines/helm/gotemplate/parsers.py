"""Which parser reads a text: the compiled one where it is in use and not in doubt, else the pure one, `parser`.

They give the same trees, and every error is the pure one's. `tests/property/parsers.py` holds the two against each other.
"""

from collections.abc import Collection

from kmanifest.backend import EXTENSION
from kmanifest.engines.helm.gotemplate.builtins import BUILTINS
from kmanifest.engines.helm.gotemplate.templates import ParseResult
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kmanifest.engines.helm.gotemplate.parser import Actions

_COMPILED_PARSER: Final = getattr(EXTENSION, "TemplateParser", None)  # older extensions have none

IS_COMPILED: Final = _COMPILED_PARSER is not None
"""Whether the compiled parser is in use. It is as fast as reading what another run has parsed."""


class CachingParser:
    """Parses texts that share functions, as those of a chart do: an action that stands in several is one node in all."""

    __slots__ = ("_actions", "_compiled_parser", "_functions")

    def __init__(self, functions: Collection[str]) -> None:
        """`functions` holds the names that may be called besides Go's own."""
        self._functions = functions
        self._actions: Actions = {}
        self._compiled_parser: Any = None

    def parse(self, name: str, text: str) -> ParseResult:
        """The templates of `text`, as `parser.parse`, with its errors."""
        if _COMPILED_PARSER:
            if self._compiled_parser is None:
                self._compiled_parser = _COMPILED_PARSER(frozenset((*self._functions, *BUILTINS)))
            trees = self._compiled_parser.parse(name, text)
            if trees is not None:
                return ParseResult(name, text, trees)
        from kmanifest.engines.helm.gotemplate.parser import (
            parse,  # for what is odd or wrong, or all
        )

        return parse(name, text, self._functions, actions=self._actions)
