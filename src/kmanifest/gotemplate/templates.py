"""Parsed templates and sets of these: immutable, so that threads may share them, and plain data inside.

Source: Go 1.26 text/template/template.go, AddParseTree.
"""

from collections.abc import Iterable, Iterator

from kmanifest.gotemplate.nodes import Program
from kmanifest.typed import Final, NamedTuple, Self

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
    """Templates by name. `root` is the name of the one that Go would call associated with all of them."""

    __slots__ = ("_templates", "root")

    def __init__(self, root: str = "", templates: dict[str, Template] | None = None) -> None:
        self.root = root
        self._templates = templates or {}

    def with_parsed(self, *parsed: Parsed) -> Self:
        """This set and what is in these texts, one after the other: the last of a name wins, but an empty one never."""
        templates = dict(self._templates)
        for file in parsed:
            for name, program, empty in file.trees:
                if not empty or name not in templates:
                    templates[name] = Template(name, file.name, file.text, program, empty)
        return type(self)(self.root, templates)

    def names(self) -> Iterable[str]:
        """The names of all templates, in the order in which they came."""
        return self._templates.keys()

    def find(self, name: str) -> Template | None:
        """The template of this name."""
        return self._templates.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self._templates

    def __iter__(self) -> Iterator[Template]:
        return iter(self._templates.values())
