"""Parsed templates and sets of them.

They are immutable, so that threads may share them, and hold plain data.

Source: Go 1.26 text/template/template.go, AddParseTree.
"""

from kmanifest.engines.helm.gotemplate.nodes import Program
from kmanifest.startup.typing import Final, Iterable, NamedTuple, Self

TOO_DEEP: Final = "templates, or the values in them, nest too deeply"


Trees = tuple[tuple[str, Program, bool], ...]
"""The templates of a text as `(name, program, empty)`, in the order of definition, the text's own last.

They consist of tuples, strings, numbers and booleans, so that `marshal` can store them.
"""


class ParseResult(NamedTuple):
    """The templates of one text."""

    name: str
    text: str
    trees: Trees


class Template(NamedTuple):
    """One template of a set.

    `file` and `text` belong to the file that defines it.
    """

    name: str
    file: str
    text: str
    program: Program
    empty: bool


class TemplateSet:
    """Templates by name.

    `root` is the name of the template that Go's error messages call associated. A set that extends
    another one refers to it and copies nothing. So a text that is executed once costs no more than
    its own templates.
    """

    __slots__ = ("_base", "_templates", "root")

    def __init__(self, root: str = "", base: "TemplateSet | None" = None) -> None:
        self.root = root
        self._templates: dict[str, Template] = {}
        self._base = base

    def with_parsed(self, *results: ParseResult) -> Self:
        """Return this set with the templates of these files added in order.

        A later template replaces an earlier one of the same name, unless the later one is empty.
        """
        result = type(self)(self.root, self if self._templates else self._base)
        for parse_result in results:
            for name, program, empty in parse_result.trees:
                if not empty or name not in result:
                    result._templates[name] = Template(
                        name, parse_result.name, parse_result.text, program, empty
                    )
        if result._base is self and self._templates.keys() <= result._templates.keys():
            result._base = self._base  # keeps nested sets with the same names short
        return result

    def names(self) -> Iterable[str]:
        """Return the names of all templates, in the order in which they were added."""
        sets: list[TemplateSet] = [self]
        while sets[-1]._base is not None:
            sets.append(sets[-1]._base)
        return dict.fromkeys(name for each in reversed(sets) for name in each._templates)

    def find(self, name: str) -> Template | None:
        """Return the template with this name; None if there is none."""
        template = self._templates.get(name)
        base = self._base
        while template is None and base is not None:
            template = base._templates.get(name)
            base = base._base
        return template

    def __contains__(self, name: str) -> bool:
        return self.find(name) is not None
