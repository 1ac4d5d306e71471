"""Parsed templates and sets of these: immutable, so that threads may share them, and plain data inside.

Source: Go 1.26 text/template/template.go, AddParseTree.
"""

from collections.abc import Iterable

from kmanifest.engines.helm.gotemplate.nodes import Program
from kmanifest.startup.typing import Final, NamedTuple, Self

TOO_DEEP: Final = "templates, or the values in them, nest too deeply for Python's stack"


Trees = tuple[tuple[str, Program, bool], ...]
"""The templates in a text, `(name, program, empty)`, in the order defined, the text's own last.

All of it is tuples, texts, numbers and booleans, so that `marshal` can keep it.
"""


class ParseResult(NamedTuple):
    """What is in one text."""

    name: str
    text: str
    trees: Trees


class Template(NamedTuple):
    """One template of a set; `file` and `text` are of the text that defined it."""

    name: str
    file: str
    text: str
    program: Program
    empty: bool


class TemplateSet:
    """Templates by name. `root` is the name of the one that Go would call associated with all of them.

    A set that is made of another one refers to it, and copies nothing: so a text that is only executed once costs what is in it.
    """

    __slots__ = ("_base", "_templates", "root")

    def __init__(self, root: str = "", base: "TemplateSet | None" = None) -> None:
        self.root = root
        self._templates: dict[str, Template] = {}
        self._base = base

    def with_parsed(self, *results: ParseResult) -> Self:
        """This set and what is in these texts, one after the other: the last of a name wins, but an empty one never."""
        result = type(self)(self.root, self if self._templates else self._base)
        for parse_result in results:
            for name, program, empty in parse_result.trees:
                if not empty or name not in result:
                    result._templates[name] = Template(
                        name, parse_result.name, parse_result.text, program, empty
                    )
        return result

    def names(self) -> Iterable[str]:
        """The names of all templates, in the order in which they came."""
        return dict.fromkeys((*(self._base.names() if self._base else ()), *self._templates))

    def find(self, name: str) -> Template | None:
        """The template of this name."""
        template = self._templates.get(name)
        return self._base.find(name) if template is None and self._base is not None else template

    def __contains__(self, name: str) -> bool:
        return self.find(name) is not None
