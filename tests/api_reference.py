"""The page docs/reference/api.md, made from the signatures and docstrings of the public names.

    python -m tests.api_reference     # writes the page

`tests/api_reference.md.in` is the page with its own prose. A line `<!-- names: build dump -->` stands for the entries of
these names, `<!-- finding codes -->` and `<!-- error codes -->` for a table. A test compares the page, and runs the
examples of every entry.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import kmanifest

SOURCE = Path(kmanifest.__file__).parent
TEMPLATE = Path(__file__).with_suffix(".md.in")
PAGE = Path(__file__).parent.parent / "docs" / "reference" / "api.md"
PUBLIC_MODULES = ("kmanifest", "kmanifest.helm", "kmanifest.plugin")
MAX_WIDTH = 88

# Names that are not public, as a reader of the page sees them.
ALIASES = {
    "Body": "Mapping[str, Any]",
    "CancelEvent": "threading.Event",
    "Convert": "Callable",
    "CredentialSource": "Callable[[str, str], Credential | None]",
    "DEFAULT_LIMITS": "Limits()",
    "DEFAULT_NAMESPACE": "'default'",
    "FieldPath": "tuple[str | int, ...]",
    "FilePath": "str | PathLike[str]",
    "FileKind": "Literal['executable', 'file', 'nothing']",
    "Files": "Mapping[path, str | bytes]",
    "IdKey": "tuple[str, str, str, str, str]",
    "Kind": "Literal['file', 'dir']",
    "Login": "tuple[str, str]",
    "LocateError": "Callable[[KmanifestError], KmanifestError]",
    "Locate": "Callable[[tuple[str | int, ...]], Location | None]",
    "Path": "tuple[str | int, ...]",
    "PostRender": "Callable[[str], str]",
    "Severity": "Literal['info', 'warning', 'error']",
    "DEFAULT_TIMEOUT": "27.0",
    "PLUGIN": "'plugin'",
    "fieldpath.Path": "tuple[str | int, ...]",
    "trees.Kind": "Literal['file', 'dir']",
}
ALIAS = re.compile(
    rf"(?<![\w.'])({'|'.join(map(re.escape, sorted(ALIASES, key=len, reverse=True)))})(?![\w'])"
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Entry(NamedTuple):
    """A public name: where it is defined, its syntax tree and its docstring."""

    name: str
    module: str
    node: ast.AST
    doc: str


# Find definitions


@cache
def parse(module: str) -> ast.Module:
    """Return the syntax tree of a module of kmanifest."""
    path = SOURCE.joinpath(*module.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def find(module: str, name: str) -> Entry:
    """Return the entry for a name of a module, which may import it from another one."""
    statements = [*parse(module).body]
    for statement in statements:
        if isinstance(statement, ast.If):
            statements += statement.body
    for index, statement in enumerate(statements):
        if isinstance(statement, ast.ImportFrom) and statement.module:
            if any((alias.asname or alias.name) == name for alias in statement.names):
                return find(statement.module, name)
        elif isinstance(statement, ast.ClassDef | ast.FunctionDef) and statement.name == name:
            return Entry(name, module, statement, ast.get_docstring(statement) or "")
        elif name in _assigned_names(statement):
            return Entry(name, module, statement, _docstring_after(statements, index))
    raise LookupError(f"{module} has no {name}")


def _assigned_names(statement: ast.stmt) -> list[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _docstring_after(statements: Sequence[ast.stmt], index: int) -> str:
    following = statements[index + 1] if index + 1 < len(statements) else None
    if not isinstance(following, ast.Expr) or not isinstance(following.value, ast.Constant):
        return ""
    return str(following.value.value)


def entries() -> list[Entry]:
    """Return the entries of all names on the page, each once, in the order of the page."""
    return [
        entry
        for line in TEMPLATE.read_text(encoding="utf-8").splitlines()
        for entry in named_entries(line)
    ]


def named_entries(line: str) -> list[Entry]:
    """Return the entries that a line of the template stands for."""
    match = re.fullmatch(r"<!-- names(?: of ([\w.]+))?: (.*) -->", line)
    if match is None:
        return []
    return [find(match[1] or "kmanifest", name) for name in match[2].split()]


def docstrings(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield the docstring of an entry and those of its methods, each with a name."""
    yield entry.name, entry.doc
    for method in methods(entry.node):
        yield f"{entry.name}.{method.name}", ast.get_docstring(method) or ""


def methods(node: ast.AST) -> list[Function]:
    """Return the public methods and properties of a class, in the order of the source."""
    body = node.body if isinstance(node, ast.ClassDef) else []
    return [
        item
        for item in body
        if isinstance(item, Function)
        and not item.name.startswith("_")
        and not _has_decorator(item, "overload")
    ]


def _has_decorator(function: Function, name: str) -> bool:
    return any(isinstance(item, ast.Name) and item.id == name for item in function.decorator_list)


# Write entries


def write_entry(entry: Entry) -> str:
    """Return the part of the page for a name."""
    parts = [f"### {entry.name}"]
    prose = entry.doc
    if isinstance(entry.node, ast.ClassDef):
        rows = list(field_rows(entry.node, prose))
        declaration = _declaration(entry.node)
        if rows:
            prose = _without_fields(prose, [row[0] for row in rows])
        parts += [f"```py\n{declaration}\n```" if declaration else "", write_prose(prose)]
        if rows:
            parts.append(_table(("field", "type", "default", "meaning"), rows))
        parts.append(_member_list(entry.node))
    elif isinstance(entry.node, ast.FunctionDef):
        parts += [f"```py\n{write_signature(entry.node)}\n```", write_prose(prose)]
    else:
        parts += [_alias(entry.node), write_prose(prose)]
    return "\n\n".join(part for part in parts if part)


def write_prose(doc: str) -> str:
    """Return a docstring as Markdown: examples become code blocks."""
    blocks = [
        f"```pycon\n{block}\n```" if block.startswith(">>>") else block
        for block in re.split(r"\n\s*\n", doc.strip())
        if block and not block.startswith("Source:")
    ]
    return "\n\n".join(blocks)


def write_signature(function: Function, name: str = "", *, is_method: bool = False) -> str:
    """Return a signature, with one parameter a line if it is long."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + [*arguments.defaults]
    parameters = [_parameter(*pair) for pair in zip(positional, defaults, strict=True)][is_method:]
    if arguments.posonlyargs:
        parameters.append("/")
    if arguments.vararg is not None:
        parameters.append("*" + _parameter(arguments.vararg, None))
    elif arguments.kwonlyargs:
        parameters.append("*")
    parameters += [
        _parameter(*pair) for pair in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    if arguments.kwarg is not None:
        parameters.append("**" + _parameter(arguments.kwarg, None))
    is_constructor = function.name == "__init__"
    result = (
        f" -> {_source(function.returns)}"
        if function.returns is not None and not is_constructor
        else ""
    )
    name = name or function.name
    line = f"{name}({', '.join(parameters)}){result}"
    if len(line) <= MAX_WIDTH or (is_method and not is_constructor):
        return line
    return f"{name}(\n" + "".join(f"    {parameter},\n" for parameter in parameters) + f"){result}"


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    annotation = f": {_source(argument.annotation)}" if argument.annotation is not None else ""
    if default is None:
        return argument.arg + annotation
    return (
        f"{argument.arg}{annotation} = {_source(default)}"
        if annotation
        else f"{argument.arg}={_source(default)}"
    )


def _source(node: ast.expr) -> str:
    """Return the source of an annotation or a default: string annotations without quotes, aliases replaced."""
    text = (
        str(node.value)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _is_annotation(node.value)
        else ast.unparse(node)
    )
    text = re.sub(r"(?<!\w)'([A-Z]\w+)'", r"\1", text)  # a class in quotes
    text = re.sub(r"^(\d+) \* MEBIBYTE$", r"\1 << 20", text)
    return ALIAS.sub(lambda match: ALIASES[match[1]], text)


def _is_annotation(text: str) -> bool:
    """Whether a string is a type, not a default such as `release-name`."""
    return bool(re.match(r"[A-Z]", text)) or text.startswith(("tuple[", "str |", "type"))


def _declaration(node: ast.ClassDef) -> str:
    """Return the constructor of a class, or its base if it has no constructor of its own."""
    bases = [ast.unparse(base) for base in node.bases]
    if "Protocol" in bases:
        return f"class {node.name}(Protocol)"
    if (
        any(base.endswith("Error") or base == "Exception" for base in bases)
        and node.name != "KmanifestError"
    ):
        return f"class {node.name}({bases[0]})"
    for item in node.body:
        if (
            isinstance(item, ast.FunctionDef)
            and item.name == "__init__"
            and node.name not in ("GitTree", "Chart", "Origins")
        ):
            return write_signature(item, node.name, is_method=True)
    return ""


def _fields(node: ast.ClassDef) -> list[ast.AnnAssign]:
    if "NamedTuple" not in [ast.unparse(base) for base in node.bases]:
        return []
    return [item for item in node.body if isinstance(item, ast.AnnAssign)]


def field_rows(node: ast.ClassDef, doc: str) -> Iterator[tuple[str, str, str, str]]:
    meanings = dict(_meanings(doc, [ast.unparse(field.target) for field in _fields(node)]))
    for field in _fields(node):
        name = ast.unparse(field.target)
        default = f"`{_source(field.value)}`" if field.value is not None else ""
        yield name, f"`{_source(field.annotation)}`", default, meanings.get(name, "")


def _meanings(doc: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the descriptions of fields in a docstring: "`name`: text." in a paragraph or as an item of a list."""
    for block in re.split(r"\n\s*\n", doc):
        for line in re.split(r"\n(?=- )", block):
            text = " ".join(line.removeprefix("- ").split())
            pieces = re.split(r"(?:^|(?<=\. ))(`\w+`(?:, `\w+`)*): ", text)
            for keys, meaning in zip(pieces[1::2], pieces[2::2], strict=True):
                for name in re.findall(r"`(\w+)`", keys):
                    if name in names:
                        yield name, meaning.strip().removesuffix(".")


def _without_fields(doc: str, names: Sequence[str]) -> str:
    """Return a docstring without the descriptions that `_meanings` finds."""
    kept = []
    for block in re.split(r"\n\s*\n", doc):
        if block.startswith("- `"):
            continue
        if block.startswith(">>>"):
            kept.append(block)
            continue
        text = " ".join(block.split())
        first = re.search(r"(?:^|(?<=\. ))`(\w+)`(?:, `\w+`)*: ", text)
        if first is not None and first[1] in names:
            text = text[: first.start()].strip()
        if text:
            kept.append(text)
    return "\n\n".join(kept)


def _member_list(node: ast.ClassDef) -> str:
    """Return a list of the public methods and properties of a class."""
    items = []
    for method in methods(node):
        doc = ast.get_docstring(method)
        if doc is None:  # a method of a protocol, which has the documentation
            continue
        prose = [
            block
            for block in re.split(r"\n\s*\n", doc)
            if block and not block.startswith((">>>", "Source:"))
        ]
        examples = [block for block in re.split(r"\n\s*\n", doc) if block.startswith(">>>")]
        if _has_decorator(method, "property"):
            head = (
                f"`{method.name}: {_source(method.returns)}`"
                if method.returns is not None
                else f"`{method.name}`"
            )
        else:
            head = (
                f"`{write_signature(method, is_method=not _has_decorator(method, 'staticmethod'))}`"
            )
        text = " ".join(" ".join(block.split()) for block in prose)
        items.append(f"- {head}" + (f": {text}" if text else ""))
        items += [
            "\n" + "\n".join(f"  {line}" for line in f"```pycon\n{block}\n```".split("\n")) + "\n"
            for block in examples
        ]
    return "\n".join(items).replace("\n\n\n", "\n\n").strip("\n")


def _alias(node: ast.AST) -> str:
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    if value is None or isinstance(value, ast.Call):
        return ""
    return f"```py\n{ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else ''} = {_source(value)}\n```"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


# Codes


def finding_codes() -> str:
    """Return the table of the codes of findings."""
    statements = parse("kmanifest.model.findings").body
    rows = []
    for index, statement in enumerate(statements):
        value = statement.value if isinstance(statement, ast.AnnAssign) else None
        if isinstance(value, ast.Constant) and (doc := _docstring_after(statements, index)):
            rows.append((f"`{value.value!s}`", " ".join(doc.split())))
    return _table(("code", "meaning"), rows)


def error_codes() -> str:
    """Return the table of the errors with their codes."""
    rows = []
    for node in parse("kmanifest.model.errors").body:
        if not isinstance(node, ast.ClassDef):
            continue
        for item in node.body:
            if isinstance(item, ast.Assign) and _assigned_names(item) == ["code"]:
                summary = (ast.get_docstring(node) or "").split("\n\n")[0]
                base = ast.unparse(node.bases[0])
                rows.append(
                    (
                        f"[`{node.name}`](#{node.name.lower()})",
                        f"`{base}`",
                        f"`{ast.literal_eval(item.value)}`",
                        " ".join(summary.split()),
                    )
                )
    return _table(("error", "base class", "code", "meaning"), rows)


# The page


def write_page() -> str:
    """Return the whole page."""
    parts = []
    for line in TEMPLATE.read_text(encoding="utf-8").splitlines():
        if found := named_entries(line):
            parts.append("\n\n".join(map(write_entry, found)))
        elif line == "<!-- finding codes -->":
            parts.append(finding_codes())
        elif line == "<!-- error codes -->":
            parts.append(error_codes())
        else:
            parts.append(line)
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(write_page(), encoding="utf-8")
