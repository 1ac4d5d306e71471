"""No module of kmanifest imports itself through other modules.

Every kind of import counts: at module level, in a function, under TYPE_CHECKING, and by a string that names the module, as
`lazy.late` and `lazy.load` take it. A package's `__init__` is a module of its own here: it is imported if a name is taken from
it, but not if only one of its submodules is.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

import kmanifest

ROOT = Path(kmanifest.__file__).parent
AT_TOP = "at module level"
IN_FUNCTION = "in a function"
FOR_TYPES = "under TYPE_CHECKING"
BY_STRING = "by string"


class Import(NamedTuple):
    """An import of `name` from the module `imported`; `kind` is the way."""

    importer: str
    line: int
    imported: str
    kind: str
    name: str


class Module:
    """A module's syntax tree, and where the names in it come from.

    `values` maps a name to the expression that it is bound to, None for a name with several. `origins` maps an imported name
    to the module that it comes from and its name there.
    """

    def __init__(self, path: str, source: str) -> None:
        parts = path.removesuffix(".py").split("/")
        is_package = parts[-1] == "__init__"
        self.name = ".".join(parts[:-1] if is_package else parts)
        self.tree = ast.parse(source, path)
        self.strings: set[str] = set()
        self.values: dict[str, ast.expr | None] = {}
        self.origins: dict[str, tuple[str, str]] = {}
        self._package = parts[:-1]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                self.strings.add(node.value)
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    self._bind(target, node.value)
            elif isinstance(node, ast.AnnAssign):
                self._bind(node.target, node.value)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    self.origins[alias.asname or alias.name] = self.source_of(node), alias.name

    def _bind(self, target: ast.expr, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name) and value is not None:
            self.values[target.id] = None if target.id in self.values else value

    def source_of(self, node: ast.ImportFrom) -> str:
        """The full name of the module that a `from` statement imports from."""
        above = self._package[: len(self._package) - node.level + 1] if node.level else []
        return ".".join([*above, node.module] if node.module else above)

    def defines(self, name: str) -> bool:
        """Whether the module binds a name, other than by the import of its own submodule of this name."""
        definitions = (ast.FunctionDef, ast.ClassDef)
        return (
            name in self.values
            or self.origins.get(name, (self.name,))[0] != self.name
            or any(isinstance(node, definitions) and node.name == name for node in self.tree.body)
        )


class Program:
    """The modules of a package; `sources` maps their paths, such as `kmanifest/cli/main.py`, to their source text."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        modules = [Module(path, source) for path, source in sources.items()]
        self._modules = {module.name: module for module in modules}

    def imports(self) -> Iterator[Import]:
        """Every import of a module of the package by another."""
        for module in self._modules.values():
            for node, kind in _imports_and_strings(module.tree, AT_TOP):
                if isinstance(node, ast.Import):
                    found = [(alias.name, "the module") for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    source = module.source_of(node)
                    found = [(self._owner(source, each.name), each.name) for each in node.names]
                else:
                    found = [(name, ast.unparse(node)) for name in self._named(module, node)]
                for imported, name in found:
                    if imported in self._modules and imported != module.name:
                        yield Import(module.name, node.lineno, imported, kind, name)

    def _owner(self, source: str, name: str) -> str:
        """The module that `from source import name` imports: a submodule, unless the package binds the name itself."""
        package = self._modules.get(source)
        is_submodule = f"{source}.{name}" in self._modules
        has_both = is_submodule and package is not None and package.defines(name)
        return f"{source}.{name}" if is_submodule and not has_both else source

    def _named(self, module: Module, node: ast.expr) -> list[str]:
        """The modules that a string can name, but for the root package, whose name could be any text.

        A string begins with a part that is known. A part that is known only at run time can be any string of the same
        module; if none of them results in the name of a module, it can be any text.
        """
        parts = [""]
        for part in self._parts(module, node):
            if part is None:
                parts.append("")
            else:
                parts[-1] += part
        if "." not in parts[0]:
            return []
        if len(parts) == 1:
            return parts if parts[0] in self._modules else []
        pattern = re.compile("(.+)".join(map(re.escape, parts)))
        matches = [match for name in self._modules if (match := pattern.fullmatch(name))]
        near = [match for match in matches if module.strings.issuperset(match.groups())]
        return [match.string for match in near or matches]

    def _parts(self, module: Module, node: ast.expr, depth: int = 0) -> Iterator[str | None]:
        """The parts of a string, None for each that is known only at run time."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            for each in node.values:
                yield from self._parts(module, each, depth)
        elif isinstance(node, ast.FormattedValue) and node.conversion < 0 and not node.format_spec:
            yield from self._parts(module, node.value, depth)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            yield from self._parts(module, node.left, depth)
            yield from self._parts(module, node.right, depth)
        elif isinstance(node, ast.Name) and node.id == "__name__":
            yield module.name
        elif isinstance(node, ast.Name) and depth < 9:
            source, name = module.origins.get(node.id, (module.name, node.id))
            owner = self._modules.get(source)
            value = None if owner is None else owner.values.get(name)
            if owner is None or value is None:
                yield None
            else:
                yield from self._parts(owner, value, depth + 1)
        else:
            yield None


def _imports_and_strings(
    node: ast.AST, kind: str
) -> Iterator[tuple[ast.Import | ast.ImportFrom | ast.expr, str]]:
    """The import statements and strings of a tree, each with its kind of import."""
    children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node, kind
    elif isinstance(node, ast.JoinedStr):
        yield node, BY_STRING
        children = [each for each in node.values if not isinstance(each, ast.Constant)]
    elif isinstance(node, ast.BinOp | ast.Constant):
        yield node, BY_STRING
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        kind = IN_FUNCTION
    is_for_types = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
    for child in children:
        in_body = is_for_types and child in node.body  # type: ignore[attr-defined]  # it is an If
        yield from _imports_and_strings(child, FOR_TYPES if in_body else kind)


def find_circles(imports: Iterable[Import]) -> list[list[Import]]:
    """The imports between modules that all reach one another: a list for each such set of modules."""
    every = list(imports)
    graph: dict[str, set[str]] = {}
    for each in every:
        graph.setdefault(each.importer, set()).add(each.imported)
    reached = {module: _reachable(graph, module) for module in graph}
    circles: dict[frozenset[str], list[Import]] = {}
    for each in every:
        if each.importer in reached.get(each.imported, ()):
            ahead = reached[each.importer]
            members = frozenset(one for one in ahead if each.importer in reached.get(one, ()))
            circles.setdefault(members, []).append(each)
    return list(circles.values())


def _reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """The modules that a module imports, directly or through others."""
    found: set[str] = set()
    todo = [start]
    while todo:
        new = graph.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found


def describe(circle: Iterable[Import]) -> str:
    """The modules of a circle, and the names that each of them imports from another."""
    names: dict[tuple[str, int, str, str], set[str]] = {}
    for importer, line, imported, kind, name in sorted(circle):
        names.setdefault((importer, line, imported, kind), set()).add(name)
    modules = ", ".join(sorted({importer for importer, *_ in names}))
    lines = [
        f"  {importer}:{line} imports {', '.join(sorted(taken))} from {imported} {kind}"
        for (importer, line, imported, kind), taken in names.items()
    ]
    return "\n".join([f"import circle of {modules}", *lines])


def circles_of(sources: Mapping[str, str]) -> list[str]:
    """The description of each circle in a package."""
    return [describe(circle) for circle in find_circles(Program(sources).imports())]


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    """The imports of kmanifest."""
    paths = sorted(ROOT.rglob("*.py"))
    sources = {path.relative_to(ROOT.parent).as_posix(): path.read_text("utf-8") for path in paths}
    return list(Program(sources).imports())


def test_no_import_circles(imports: list[Import]):
    circles = [describe(circle) for circle in find_circles(imports)]
    assert not circles, "\n".join(circles)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("kmanifest", "kmanifest.api"),
        ("kmanifest.engines.builtin", "kmanifest.engines.helm.renderer"),
        ("kmanifest.engines.helm.sprig", "kmanifest.engines.helm.sprig.crypto"),
        ("kmanifest.helm", "kmanifest.engines.helm.api"),
    ],
)
def test_strings_that_name_modules_are_found(imports: list[Import], importer: str, imported: str):
    assert {
        each.imported for each in imports if each.importer == importer and each.kind == BY_STRING
    } >= {imported}


PACKAGE = {"p/__init__.py": "", "p/a.py": "from p.b import name\n", "p/home.py": "HOME = 'p'\n"}
CIRCLES = {
    "from-import": ("from p.a import name", AT_TOP, "name"),
    "import": ("import p.a", AT_TOP, "the module"),
    "submodule": ("from p import a", AT_TOP, "a"),
    "relative": ("from . import a as other", AT_TOP, "a"),
    "relative-module": ("from .a import name", AT_TOP, "name"),
    "function": ("def f():\n    from p.a import name", IN_FUNCTION, "name"),
    "method": ("class C:\n    def f(self):\n        import p.a", IN_FUNCTION, "the module"),
    "types": ("if TYPE_CHECKING:\n    from p.a import name", FOR_TYPES, "name"),
    "types-of-typing": ("if typing.TYPE_CHECKING:\n    import p.a", FOR_TYPES, "the module"),
    "string": ("f = lazy_function('p.a', 'name')", BY_STRING, "'p.a'"),
    "string-in-table": ("TABLE = {'name': 'p.a'}", BY_STRING, "'p.a'"),
    "f-string": ("HOME = 'p'\nf = lazy_function(f'{HOME}.a', 'name')", BY_STRING, "f'{HOME}.a'"),
    "f-string-final": ("HOME: Final = 'p'\nf = lazy_function(f'{HOME}.a', 'name')", BY_STRING, "f'{HOME}.a'"),
    "imported-constant": ("from p.home import HOME\nf'{HOME}.a'", BY_STRING, "f'{HOME}.a'"),
    "sum": ("HOME = 'p'\nf = lazy_function(HOME + '.a', 'name')", BY_STRING, "HOME + '.a'"),
    "in-f-string": ("f'{lazy_function(\"p.a\", \"name\")}'", BY_STRING, "'p.a'"),
    "table": ("NAMES = {'x': 'a'}\ndef get(n): load(f'p.{NAMES[n]}', n)", BY_STRING, "f'p.{NAMES[n]}'"),
    "unknown": ("def get(module): load(f'p.{module}', 'name')", BY_STRING, "f'p.{module}'"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "kind", "name"), CIRCLES.values(), ids=CIRCLES)
def test_circle_is_found(source: str, kind: str, name: str):
    line = source.count("\n") + 1
    (found,) = circles_of({**PACKAGE, "p/b.py": source})
    assert "import circle of p.a, p.b" in found
    assert "  p.a:1 imports name from p.b at module level" in found
    assert f"  p.b:{line} imports {name} from p.a {kind}" in found


def test_circle_of_all_kinds_is_one():
    sources = {
        "p/__init__.py": "",
        "p/a.py": "from p.b import one, two\n",
        "p/b.py": "def f():\n    from p.c import name\n",
        "p/c.py": "if TYPE_CHECKING:\n    from p.d import Type\n",
        "p/d.py": "HOME = 'p'\nf = lazy_function(f'{HOME}.a', 'name')\n",
        "p/e.py": "from p import a, f\n",
        "p/f.py": "name = 1\n",
    }
    assert circles_of(sources) == [
        "import circle of p.a, p.b, p.c, p.d\n"
        "  p.a:1 imports one, two from p.b at module level\n"
        "  p.b:2 imports name from p.c in a function\n"
        "  p.c:2 imports Type from p.d under TYPE_CHECKING\n"
        "  p.d:2 imports f'{HOME}.a' from p.a by string"
    ]


@pytest.mark.parametrize(
    "package",
    [
        "from p.a import name",
        "from p import a",
        "def __getattr__(name):\n    from p.a import name",
        "MODULES = {'name': 'a'}\ndef __getattr__(name): load(f'{__name__}.{MODULES[name]}', name)",
    ],
)
def test_circle_of_package_and_submodule_is_found(package: str):
    (found,) = circles_of({"p/__init__.py": package, "p/a.py": "from p import other\n"})
    assert found.startswith("import circle of p, p.a\n")


def test_name_of_a_submodule_that_the_package_binds_is_the_packages():
    sources = {"p/__init__.py": "from p.a import a", "p/a.py": "", "p/b.py": "from p import a"}
    assert [each.imported for each in Program(sources).imports()] == ["p.a", "p"]


def test_imports_in_one_direction_are_no_circle():
    sources = {
        "p/__init__.py": "from p.a import name\nNAMES = {'other': 'b'}\n"
        "def __getattr__(name): load(f'p.{NAMES[name]}', name)",
        "p/a.py": "import os\nfrom p.b import name\nfrom q import other\nf'p.{name}/b'",
        "p/b.py": "'''Like p.a'''\nPROGRAM = 'p'\nfrom p import c\nf'see p.a of {PROGRAM}'",
        "p/c.py": "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    import typing",
    }
    assert circles_of(sources) == []
