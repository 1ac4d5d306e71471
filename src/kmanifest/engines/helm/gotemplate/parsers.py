"""Choose the parser of a text: the compiled one if it is in use and supports the text, else the pure one, `parser`.

Both return the same trees, and every error comes from the pure parser. `tests/property/parsers.py`
compares the two.
"""

from kmanifest.backend import EXTENSION
from kmanifest.engines.helm.gotemplate.builtins import BUILTINS
from kmanifest.engines.helm.gotemplate.templates import ParseResult
from kmanifest.startup.typing import TYPE_CHECKING, Any, Collection, Final

if TYPE_CHECKING:
    from kmanifest.engines.helm.gotemplate.parser import Actions

_COMPILED_PARSER: Final = getattr(
    EXTENSION, "TemplateParser", None
)  # older extensions do not have it

IS_COMPILED: Final = _COMPILED_PARSER is not None
"""Whether the compiled parser is in use.

It is as fast as loading the result of an earlier parse.
"""


_MAX_ACTIONS: Final = 50_000


class CachingParser:
    """A parser of files that share functions, such as those of a chart.

    Actions with the same text share one node.
    """

    __slots__ = ("_actions", "_compiled_parser", "_functions", "_suspending")

    def __init__(self, functions: Collection[str], suspending: Collection[str] = ()) -> None:
        """`functions` holds the names that may be called besides Go's built-in ones.

        `suspending` holds those of suspending functions.
        """
        self._functions = functions
        self._suspending = suspending
        self._actions: Actions = {}
        self._compiled_parser: Any = None

    def parse(self, name: str, text: str) -> ParseResult:
        """Return the templates of `text`.

        Its errors are those of `parser.parse`.
        """
        if _COMPILED_PARSER:
            if self._compiled_parser is None:
                self._compiled_parser = _COMPILED_PARSER(
                    frozenset((*self._functions, *BUILTINS)), frozenset(self._suspending)
                )
            trees = self._compiled_parser.parse(name, text)
            if trees is not None:
                return ParseResult(name, text, trees)
        # Imported here because the compiled parser handles most files.
        from kmanifest.engines.helm.gotemplate.parser import parse

        if len(self._actions) > _MAX_ACTIONS:  # `tpl` parses as many strings as the values contain
            self._actions.clear()
        return parse(
            name, text, self._functions, actions=self._actions, suspending=self._suspending
        )
