"""Lines and columns of errors, which can be counted in the documents below."""

import pytest

from kmanifest.yaml import find_position

FILE = b"""\
# a comment
kind: A
metadata:
  name: x
  labels: &l {app: x, "tier.io/b": y}
spec:
  items:
  - a: 1
    b: [p, q]
  - c
  more: *l
  <<: {z: 1}
---
kind: B
"""


@pytest.mark.parametrize(
    ("field", "document", "expected"),
    [
        ((), 0, (2, 1)),
        (("kind",), 0, (2, 1)),
        (("kind",), 1, (14, 1)),
        (("metadata", "name"), 0, (4, 3)),
        (("metadata", "labels", "tier.io/b"), 0, (5, 23)),
        (("spec", "items", 0), 0, (8, 5)),
        (("spec", "items", 0, "b"), 0, (9, 5)),
        (("spec", "items", 0, "b", 1), 0, (9, 12)),
        (("spec", "items", 1), 0, (10, 5)),
        (("spec", "items", 7), 0, (7, 3)),
        (("spec", "items", 1, "deeper"), 0, (10, 5)),
        (("spec", "more", "app"), 0, (5, 15)),
        (("spec", "z"), 0, (12, 8)),
        (("nothing", "here"), 0, (2, 1)),
        (("kind",), 5, (0, 0)),
    ],
)
def test_positions(field: tuple[str | int, ...], document: int, expected: tuple[int, int]) -> None:
    assert find_position(FILE, field, document=document) == expected


def test_a_file_that_does_not_parse() -> None:
    assert find_position(b"a: [", ("a",)) == (0, 0)
    assert find_position(b"", ("a",)) == (0, 0)


def test_comments_before_the_first_document() -> None:
    assert find_position(b"# c\n---\na: 1\n", ("a",)) == (3, 1)
