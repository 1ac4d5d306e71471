"""The public names: complete, documented, imported late, and used by a program that mypy checks."""

import ast
import re
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

import kmanifest
from kmanifest import helm, plugin
from tests.builds import run_python
from tests.cases import PROJECT
from tests.typing import embedder, plugins

MODULES = (kmanifest, helm, plugin)


def imported_names(module: ModuleType) -> set[str]:
    """Return the names that a module imports from others, for type checkers or at run time."""
    assert module.__file__ is not None
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    return {
        alias.asname or alias.name
        for node in [
            *tree.body,
            *(item for node in tree.body if isinstance(node, ast.If) for item in node.body),
        ]
        if isinstance(node, ast.ImportFrom)
        and not (node.module or "").startswith("kmanifest.startup")
        for alias in node.names
    }


@pytest.mark.parametrize("module", MODULES)
def test_every_name_can_be_imported(module: ModuleType):
    assert dir(module) == sorted(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        module.nothing  # noqa: B018 - the access is the test


@pytest.mark.parametrize("module", MODULES)
def test_every_name_is_known_to_type_checkers(module: ModuleType):
    declared_elsewhere = {"__version__", "hookimpl", "HookimplMarker"}
    assert imported_names(module) ^ {*module.__all__} <= declared_elsewhere


@pytest.mark.parametrize("module", MODULES)
def test_every_class_and_function_is_documented(module: ModuleType):
    values = {name: getattr(module, name) for name in module.__all__}
    documented = [
        name
        for name, value in values.items()
        if isinstance(value, type) or hasattr(value, "__code__")
    ]
    assert [name for name in documented if not values[name].__doc__] == []


def test_names_are_the_same_in_each_module():
    for module in (helm, plugin):
        for name in {*module.__all__} & {*kmanifest.__all__}:
            assert getattr(module, name) is getattr(kmanifest, name)


def test_version():
    assert kmanifest.__version__ == metadata.version("kmanifest")
    loaded = run_python(
        ["-c", "import sys, kmanifest.helm; print('importlib.metadata' in sys.modules)"]
    )
    assert loaded.stdout == "False\n"


def test_star_import():
    names: dict[str, object] = {}
    exec("from kmanifest import *", names)  # noqa: S102 - the statement is the test
    assert {*kmanifest.__all__} <= names.keys()


def test_help_is_readable():
    printed = run_python(["-c", "import kmanifest; help(kmanifest.build)"]).stdout
    assert "options: kmanifest.pipeline.options.Options = Options()" in printed
    assert max(map(len, printed.splitlines())) < 700


# A program that uses every name


def test_the_embedder_runs():
    assert embedder.main() == (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels:\n"
        f"    v: {kmanifest.__version__}\n  name: my-map\n  namespace: shop\n"
    )


def test_the_plugins_run():
    names = re.findall("^  name: (.*)$", plugins.main(), re.MULTILINE)
    assert names == ["a", "b"]


@pytest.mark.parametrize(
    ("program", "module", "prefix"),
    [("embedder", kmanifest, "k."), ("embedder", helm, "helm."), ("plugins", plugin, "plugin.")],
)
def test_every_name_is_used(program: str, module: ModuleType, prefix: str):
    text = (PROJECT / "tests" / "typing" / f"{program}.py").read_text(encoding="utf-8")
    imported = re.findall(r"^from kmanifest\.plugin import (.*)$", text, re.MULTILINE)
    used = {*", ".join(imported).split(", "), *re.findall(rf"\b{re.escape(prefix)}(\w+)", text)}
    assert {*module.__all__} - used == set()
