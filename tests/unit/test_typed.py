"""NamedTuples of `typed` are those of `typing`."""

import copy
import pickle
import typing
from typing import Any

import pytest

from kmanifest.model.limits import Limits
from kmanifest.startup import typing as typed

FIELDS = ("_fields", "_field_defaults", "__match_args__", "__slots__", "__doc__", "__module__")


def make(base: Any) -> Any:
    class Point(base):  # type: ignore[misc]  # which base it is decides the test
        """A place."""

        x: int
        y: int = 2
        name: str = ""

        @property
        def both(self) -> tuple[int, int]:
            return self.x, self.y

        def __str__(self) -> str:
            return f"{self.x}|{self.y}"

    return Point


OURS, THEIRS = make(typed.NamedTuple), make(typing.NamedTuple)


def test_same_class():
    for name in FIELDS:
        assert getattr(OURS, name) == getattr(THEIRS, name)
    assert OURS.__mro__[1:] == THEIRS.__mro__[1:] == (tuple, object)
    assert OURS.__qualname__ == THEIRS.__qualname__


@pytest.mark.parametrize(
    "use",
    [
        lambda point: point(1),
        lambda point: point(1, name="n"),
        lambda point: point(y=5, x=4),
        lambda point: point(1).both,
        lambda point: repr(point(1, 2, "n")),
        lambda point: str(point(1)),
        lambda point: point(1)._replace(y=7),
        lambda point: point(1)._asdict(),
        lambda point: point._make([1, 2, "n"]),
        lambda point: copy.copy(point(1)),
        lambda point: hash(point(1)),
        lambda point: point(1) == (1, 2, ""),
    ],
)
def test_same_use(use: Any):
    assert use(OURS) == use(THEIRS)


@pytest.mark.parametrize(
    "misuse",
    [
        lambda point: point(),
        lambda point: point(1, 2, 3, 4),
        lambda point: point(1, z=3),
        lambda point: point(1, x=3),
        lambda point: point._make([1]),
        lambda point: point(1)._replace(z=3),
        lambda point: setattr(point(1), "x", 3),
        lambda point: setattr(point(1), "z", 3),
    ],
)
def test_same_misuse(misuse: Any):
    for point in (THEIRS, OURS):
        # An unknown field of `_replace` is a ValueError up to Python 3.12, a TypeError later.
        with pytest.raises((TypeError, ValueError, AttributeError)):
            misuse(point)


def test_pickles():
    limits = Limits(max_depth=3)
    assert pickle.loads(pickle.dumps(limits)) == limits  # noqa: S301 - our own
    assert type(copy.deepcopy(limits)) is Limits


def test_words_stand_where_types_do():
    words = [typed.Any | None, None | typed.Any, typed.Any | "Other", dict[str, typed.Any]]
    assert [repr(word) for word in words] == ["Any", "Any", "Any", "dict[str, Any]"]
    assert repr(typed.Final[int]) == "Final"
