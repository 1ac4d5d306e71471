"""The line reader returns the same value as the parser, or nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmanifest.model.errors import KmanifestError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.model.values import BlankKey, scalar_text
from kmanifest.yaml.build import Builder
from kmanifest.yaml.readers import ResourceReader
from kmanifest.yaml.resolve import resolve_v3
from kmanifest.yaml.simple import NOT_SIMPLE, read_simple


def by_lines(text: str) -> Any:
    return read_simple(text.encode(), {}, resolve_v3, BlankKey, 1000)


def by_parser(text: str) -> Any:
    try:
        return Builder.first_document(ResourceReader(DEFAULT_LIMITS), text.encode())
    except KmanifestError:
        return KmanifestError


def spelled(value: Any) -> Any:
    """Return the value with the type and the text of each scalar, so that 1 and true differ."""
    if isinstance(value, dict):
        return [(key, spelled(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [spelled(item) for item in value]
    return type(value).__name__, value if value in (NOT_SIMPLE, KmanifestError) else scalar_text(
        value
    )


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb:\n  c: [x, 'y', \"z\"]\n  d:\n  - e: f # comment\n    g: {}\n  -   - 1\n      - 2\n",
        "---\n# c\na: |\n  x\n\n   y\n\nb: |-\n    z\nc: |+\n  w\n\n",
        "- a\n- b: c\n- - d\n",
        "a:\nb:\n- c:\n  d:\n",
        "a: {b: c, d.e/f: 25%, g: \"1\"}\nh:\n- {i: 1, j: 'k'}\n",
        "a: x  y:z w\n'q r': '1'\n\"s\": no\nt: 0x1F\n",
    ],
)
def test_it_reads_plain_manifests(text: str) -> None:
    assert by_lines(text) is not NOT_SIMPLE
    assert spelled(by_lines(text)) == spelled(by_parser(text))


@pytest.mark.parametrize(
    "text",
    [
        "a: b: c\n", "a: b\n  c\n", "a: b\n c: d\n", "a: &x 1\n", "a: >\n  b\n", "a: 1\na: 2\n", "a: |\n  1", "a:\t1\n",
        "<<: {}\n", "true: 1\n", "1: 1\n", "a: é\n", "- a\nb: 1\n", "a: 1\n- b\n", "a: {b: c\n  d}\n", "a: {b: }\n", "a: {b: c, b: d}\n", "a: .inf\n", "x\n",
        "a:\n  b: 1\n c: 2\n", "a: 1\n---\nb: 1\n", "a: 1\n...\n", "%YAML 1.1\n", "a: |2\n   e\n", "a: |\n  b\n c: d\n",
    ],
)  # fmt: skip
def test_it_leaves_the_rest_to_the_parser(text: str) -> None:
    assert by_lines(text) is NOT_SIMPLE


FRAGMENTS = (
    "a", "k: v", "k:", "- ", "- a", "x: y", "\n", "\n  ", "\n    ", "\n- ", "\n  - ", "\na:", "\nb:", "\n  c:", " d",
    "\n  c: |", "\n    text", "\n\n", " #c", "\n#c", ": ", "'q'", '"q"', "[a, 'b']", "[]", "{}", "\n---", "\n...", "1",
    "~", "null: x", "true", "\n a: 1", "- - x", "- k: v", "\n   z: 1", " ", "|-\n", "|+\n", "'", ",", "<<", "? ", "*a",
)  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14))
def test_it_agrees_with_the_parser(fragments: list[str]) -> None:
    text = "".join(fragments) + "\n"
    value = by_lines(text)
    assert value is NOT_SIMPLE or spelled(value) == spelled(by_parser(text))
