"""The names of sprig's functions are told without importing them: they must be those that the modules have."""

from importlib import import_module
from random import SystemRandom
from typing import Any

import pytest

from kmanifest.engines.helm import sprig
from kmanifest.engines.helm.gotemplate.functions import Groups, Overlay
from kmanifest.engines.helm.gotemplate.values import Function, Functions
from kmanifest.model.limits import DEFAULT_LIMITS

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "json_functions": (DEFAULT_LIMITS,),
    "dates": (int, {}),
    "defaults": (),
    "dicts": (DEFAULT_LIMITS,),
    "encodings": (),
    "lists": (DEFAULT_LIMITS,),
    "numbers": (DEFAULT_LIMITS,),
    "paths": (),
    "regexes": (DEFAULT_LIMITS,),
    "crypto": (None, int, DEFAULT_LIMITS),
    "semver": (),
    "strings": (DEFAULT_LIMITS,),
    "urls": (),
}


def test_every_name_has_its_function_and_every_function_its_name() -> None:
    told = sprig.functions(random=SystemRandom(), clock=int)
    made = [
        name
        for module, arguments in ARGUMENTS.items()
        for name in import_module(f"kmanifest.engines.helm.sprig.{module}").functions(*arguments)
    ]
    assert sorted(told) == sorted(made)
    assert all(isinstance(told[name], Function) for name in told)


def test_a_group_is_made_once_and_when_it_is_needed() -> None:
    made = []

    def make() -> Functions:
        made.append("numbers")
        return {"one": Function(lambda: 1), "two": Function(lambda: 2)}

    groups = Groups(("one two", make))
    assert sorted(groups) == ["one", "two"]
    assert "three" not in groups
    assert made == []
    assert [groups[name].call() for name in groups] == [1, 2]
    assert made == ["numbers"]
    with pytest.raises(KeyError):
        groups["three"]


def test_the_upper_of_two_tables_wins() -> None:
    lower = {"a": Function(lambda: "hidden"), "b": Function(lambda: "lower")}
    table = Overlay({"a": Function(lambda: "upper")}, lower)
    assert [table[name].call() for name in "ab"] == ["upper", "lower"]
    assert sorted(table) == ["a", "b"]
    assert "c" not in table
