"""NamedTuples of `startup.typing` behave like those of `typing`."""

import copy
import pickle
import typing
from typing import Any

import pytest

from kmanifest.model.limits import Limits
from kmanifest.startup import typing as startup_typing

FIELDS = ("_fields", "_field_defaults", "__match_args__", "__slots__", "__doc__", "__module__")


def make(base: Any) -> Any:
    class Point(base):  # type: ignore[misc]  # the base is a parameter of the test
        """A point."""

        x: int
        y: int = 2
        name: str = ""

        @property
        def both(self) -> tuple[int, int]:
            return self.x, self.y

        def __str__(self) -> str:
            return f"{self.x}|{self.y}"

    return Point


STARTUP, STANDARD = make(startup_typing.NamedTuple), make(typing.NamedTuple)


def test_same_class():
    for name in FIELDS:
        assert getattr(STARTUP, name) == getattr(STANDARD, name)
    assert STARTUP.__mro__[1:] == STANDARD.__mro__[1:] == (tuple, object)
    assert STARTUP.__qualname__ == STANDARD.__qualname__


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
    assert use(STARTUP) == use(STANDARD)


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
    for point in (STANDARD, STARTUP):
        # An unknown field of `_replace` is a ValueError up to Python 3.12, a TypeError later.
        with pytest.raises((TypeError, ValueError, AttributeError)):
            misuse(point)


def test_pickles():
    limits = Limits(max_depth=3)
    assert pickle.loads(pickle.dumps(limits)) == limits  # noqa: S301 - pickled in this test
    assert type(copy.deepcopy(limits)) is Limits


def test_placeholders_can_be_used_in_annotations():
    placeholders = [
        startup_typing.Any | None,
        None | startup_typing.Any,
        startup_typing.Any | "Other",
        dict[str, startup_typing.Any],
    ]
    assert [repr(word) for word in placeholders] == ["Any", "Any", "Any", "dict[str, Any]"]
    assert repr(startup_typing.Final[int]) == "Final"
