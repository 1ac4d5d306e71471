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


class Parsed(NamedTuple):
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

    __slots__ = ("_own", "_under", "root")

    def __init__(self, root: str = "", under: "TemplateSet | None" = None) -> None:
        self.root = root
        self._own: dict[str, Template] = {}
        self._under = under

    def with_parsed(self, *parsed: Parsed) -> Self:
        """This set and what is in these texts, one after the other: the last of a name wins, but an empty one never."""
        made = type(self)(self.root, self if self._own else self._under)
        for file in parsed:
            for name, program, empty in file.trees:
                if not empty or name not in made:
                    made._own[name] = Template(name, file.name, file.text, program, empty)
        return made

    def names(self) -> Iterable[str]:
        """The names of all templates, in the order in which they came."""
        return dict.fromkeys((*(self._under.names() if self._under else ()), *self._own))

    def find(self, name: str) -> Template | None:
        """The template of this name."""
        found = self._own.get(name)
        return self._under.find(name) if found is None and self._under is not None else found

    def __contains__(self, name: str) -> bool:
        return self.find(name) is not None
