"""The listed names of sprig's functions, which need no import, must be those of the modules."""

from importlib import import_module
from random import SystemRandom
from typing import Any

import pytest

from kmanifest.engines.helm import sprig
from kmanifest.engines.helm.gotemplate.functions import LazyFunctions, MergedFunctions
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
    by_name = sprig.functions(random=SystemRandom(), clock=int)
    module_names = [
        name
        for module, arguments in ARGUMENTS.items()
        for name in import_module(f"kmanifest.engines.helm.sprig.{module}").functions(*arguments)
    ]
    assert sorted(by_name) == sorted(module_names)
    assert all(isinstance(by_name[name], Function) for name in by_name)


def test_a_group_is_loaded_once_and_when_it_is_needed() -> None:
    loaded = []

    def load() -> Functions:
        loaded.append("numbers")
        return {"one": Function(lambda: 1), "two": Function(lambda: 2)}

    groups = LazyFunctions(("one two", load))
    assert sorted(groups) == ["one", "two"]
    assert "three" not in groups
    assert loaded == []
    assert [groups[name].call() for name in groups] == [1, 2]
    assert loaded == ["numbers"]
    with pytest.raises(KeyError):
        groups["three"]


def test_a_function_of_the_first_table_overrides() -> None:
    base = {"a": Function(lambda: "hidden"), "b": Function(lambda: "lower")}
    merged = MergedFunctions({"a": Function(lambda: "upper")}, base)
    assert [merged[name].call() for name in "ab"] == ["upper", "lower"]
    assert sorted(merged) == ["a", "b"]
    assert "c" not in merged
