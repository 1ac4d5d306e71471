"""YAML as go-yaml v3 reads and prints it: comments, styles, errors and limits."""

import time
from contextlib import suppress

import pytest

from kmanifest.engines.kustomize.goyaml.compose import parse_node
from kmanifest.engines.kustomize.goyaml.emitter import print_documents, print_node
from kmanifest.engines.kustomize.yaml_nodes import TAG, Node
from kmanifest.model.errors import LimitError, SourceError


def read(text: str) -> Node:
    node = parse_node(text)
    assert node is not None
    return node


def comments_by_path(text: str) -> dict[str, tuple[str, str, str]]:
    """Return the comments of each node that has any: head, line and foot, by `.path` of a value or `.path key`."""
    root = read(text)
    comments_of: dict[str, tuple[str, str, str]] = {"document": root.document}
    pending = [("", root)]
    while pending:
        path, node = pending.pop(0)
        comments_of[path] = node.comments
        if node.kind == "mapping":
            for key, value in node.content:
                name = f"{path}.{key.content}"
                pending += [(f"{name} key", key), (name, value)]
        elif node.kind == "list":
            pending += [(f"{path}.{index}", item) for index, item in enumerate(node.content)]
    return {path: comments for path, comments in comments_of.items() if any(comments)}


def head(text: str = "# c") -> tuple[str, str, str]:
    return text, "", ""


def line(text: str = "# c") -> tuple[str, str, str]:
    return "", text, ""


def foot(text: str = "# c") -> tuple[str, str, str]:
    return "", "", text


@pytest.mark.parametrize(
    ("text", "comments"),
    [
        pytest.param("# c\na: 1\n", {".a key": head()}, id="above a key"),
        pytest.param("a: 1\n# c\nb: 2\n", {".b key": head()}, id="between keys"),
        pytest.param("a: 1\n# c\n\nb: 2\n", {".a key": foot()}, id="before a blank line"),
        pytest.param("a: 1\n\n# c\nb: 2\n", {".b key": head()}, id="after a blank line"),
        pytest.param("a: 1\n# c\n", {".a key": foot()}, id="at the end"),
        pytest.param("# c\n# d\na: 1\n", {".a key": head("# c\n# d")}, id="two lines"),
        pytest.param("# c \t\na: 1\n", {".a key": head("# c \t")}, id="trailing blanks"),
        pytest.param("a:\n  b: 1\n  # c\nd: 2\n", {".a.b key": foot()}, id="deeper than the next"),
        pytest.param("a:\n  b: 1\n# c\nd: 2\n", {".d key": head()}, id="as deep as the next"),
        pytest.param("a:\n  b: 1\n # c\nd: 2\n", {".a.b key": foot()}, id="between two depths"),
    ],
)
def test_head_and_foot_comments(text: str, comments: dict[str, tuple[str, str, str]]):
    assert comments_by_path(text) == comments


@pytest.mark.parametrize(
    ("text", "comments"),
    [
        pytest.param("a: 1 # c\n", {".a": line()}, id="a scalar"),
        pytest.param("a: x\n  y # c\n", {".a": line()}, id="a scalar on two lines"),
        pytest.param("a: 'x\n\n  y' # c\n", {".a": line()}, id="a quoted scalar on several lines"),
        pytest.param("a: | # c\n  # text\n", {".a": line()}, id="a block scalar header"),
        pytest.param("a: # c\n  b: 1\n", {".a key": line()}, id="a key with a mapping"),
        pytest.param("a: # c\n- 1\n", {".a key": line()}, id="a key with a list"),
        pytest.param("a: # c\nb: 1\n", {".a key": line()}, id="a key without value"),
        pytest.param("a: &x # c\n  b: 1\n", {".a.b key": line()}, id="an anchor"),
        pytest.param("? a # c\n: b # d\n", {".a key": line(), ".a": line("# d")}, id="complex key"),
        pytest.param("a: [1, # c\n 2]\n", {".a.0": line()}, id="after a comma"),
        pytest.param("--- # c\na: 1\n", {".a key": head()}, id="a document's start"),
    ],
)
def test_line_comments(text: str, comments: dict[str, tuple[str, str, str]]):
    assert comments_by_path(text) == comments


@pytest.mark.parametrize(
    ("text", "comments"),
    [
        pytest.param("# c\n- a: 1\n", {".0": head()}, id="above a dash"),
        pytest.param("- # c\n  a: 1\n", {".0.a key": head()}, id="after a dash"),
        pytest.param("- # c\n- 1\n", {".1": head()}, id="after a dash without content"),
        pytest.param("# c\n- # d\n  a: 1\n", {".0": head(), ".0.a key": head("# d")}, id="stem"),
        pytest.param("a:\n# c\n- 1\n", {".a.0": head()}, id="between a key and its list"),
        pytest.param("- 1\n# c\n\n- 2\n", {".0": foot()}, id="before a blank line"),
        pytest.param("- a: 1\n  # c\n\n- 2\n", {".0.a key": foot()}, id="within an item"),
        pytest.param("a: [1,\n 2\n # c\n]\n", {".a.1": foot()}, id="at the end of a flow list"),
    ],
)
def test_comments_in_lists(text: str, comments: dict[str, tuple[str, str, str]]):
    assert comments_by_path(text) == comments


@pytest.mark.parametrize(
    ("text", "comments"),
    [
        pytest.param("# c\n\na: 1\n", {"document": head()}, id="before a blank line"),
        pytest.param("# c\n\n# d\na: 1\n", {"document": head(), ".a key": head("# d")}, id="both"),
        pytest.param("a: 1\n\n# c\n", {"document": foot()}, id="after a blank line"),
        # After `---`, a comment never belongs to the document, and it keeps the blank line.
        pytest.param("---\n# c\n\na: 1\n", {".a key": head("# c\n")}, id="after a document start"),
    ],
)
def test_comments_of_documents(text: str, comments: dict[str, tuple[str, str, str]]):
    assert comments_by_path(text) == comments


def test_explicit_tags_are_kept():
    assert print_node(read("a: !!str x\nb: !!int 5\nc: !x y\n")) == (
        "a: !!str x\nb: !!int 5\nc: !x y\n"
    )


def test_a_merge_key_is_printed_with_its_tag():
    (key, _), *_ = read("<<: {}\n").content
    assert (key.tag, key.tagged) == (TAG + "merge", False)
    assert print_node(read("<<: {}\n")) == "!!merge <<: {}\n"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("a:   b\n", "a: b\n"),
        ("a:\n    - 1\n    -   - 2\n", "a:\n- 1\n- - 2\n"),
        # Before an indented line, the emitter writes one line break more than the scanner removes.
        ("a: >\n  x\n  y\n\n   z\n", "a: >\n  x y\n\n\n   z\n"),
        ("a: |2+\n   x\n\n", "a: |2+\n   x\n\n"),
        ("a: 'x\n\n  y'\n", "a: 'x\n\n  y'\n"),
        ('a: "x\n  y\\tz"\n', 'a: "x y\\tz"\n'),
        ("a: \U0001f600\n", 'a: "\\U0001F600"\n'),
        ('"": ""\n', '"": ""\n'),
        ("? [a]\n: b\n", "? [a]\n: b\n"),
        ("? |\n  a\n: b\n", "? |\n  a\n: b\n"),
        ("{a: [1, # c\n 2]}\n", "{a: [1, # c\n    2]}\n"),
    ],
)
def test_printed_form(text: str, printed: str):
    assert print_node(read(text)) == printed


def test_documents_with_lists_indented_under_their_keys():
    node = read("a:\n- 1\n")
    assert print_documents([(node, True), (node, False)]) == "a:\n  - 1\n---\na:\n- 1\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "did not find expected node content"),
        ("a: 1\n b: 2\n", "mapping values are not allowed in this context"),
        ("a: b\nc\nb: 1\n", "could not find expected ':'"),
        ("\t- a\n", "found character that cannot start any token"),
        ("a: *x\n", "unknown anchor 'x' referenced"),
        ("a: !x!y z\n", "found undefined tag handle"),
        ("a: 'x", "found unexpected end of stream"),
        ('a: "\\q"\n', "found unknown escape character"),
        ('a: "\\ud800"\n', "found invalid Unicode character escape code"),
        ("a: |0\n x\n", "found an indentation indicator equal to 0"),
        ("a: \x01\n", "control characters are not allowed"),
        ("%YAML 1.2\n---\na\n", "found incompatible YAML document"),
        ("%TAG ! x\n%TAG ! y\n---\na\n", "found duplicate %TAG directive"),
    ],
)
def test_invalid_yaml(text: str, problem: str):
    with pytest.raises(SourceError, match="the text is not YAML: ") as excinfo:
        parse_node(text)
    assert excinfo.value.message.endswith(problem)


@pytest.mark.parametrize("text", ["", "\n", "# c\n", "\ufeff"])
def test_no_document(text: str):
    assert parse_node(text) is None


def test_only_the_first_document_is_read():
    assert read("a\n---\n[").content == "a"


@pytest.mark.parametrize("opening", ["[", "- ", "? ", "{a: "])
def test_depth_is_bounded(opening: str):
    with pytest.raises(LimitError, match="max_depth"):
        parse_node(opening * 100_000)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("#\n" * 200_000, id="comments"),
        pytest.param("a:\n          b: 1\n" + "  #\n #\n" * 40_000, id="feet"),
        pytest.param(
            "".join(" " * depth + "a:\n" for depth in range(500)) + "  #\n #\n" * 40_000 + "b: 1\n",
            id="feet of many blocks",
        ),
        pytest.param("a: '" + "\n" * 300_000 + "'", id="line breaks in quotes"),
        pytest.param("a: |\n" + "\n" * 300_000 + "  x\n", id="line breaks in a literal"),
        pytest.param("'" + "''" * 150_000, id="unclosed quotes"),
    ],
)
def test_large_inputs_take_linear_time(text: str):
    start = time.process_time()
    with suppress(SourceError):
        parse_node(text)
    assert time.process_time() - start < 5
