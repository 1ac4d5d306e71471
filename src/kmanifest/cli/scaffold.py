"""Create a plug-in project: a distribution with one plug-in, a passing test, and a kustomization that uses it."""

import os
import re

from kmanifest.cli.flags import UsageError
from kmanifest.cli.output import OutputError
from kmanifest.cli.writer import write_files
from kmanifest.startup.typing import Final

_PYPROJECT: Final = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "0.1.0"
description = "A {role} for kmanifest."
requires-python = ">=3.11"
dependencies = ["kmanifest"]

[project.optional-dependencies]
test = ["pytest"]

[project.entry-points.kmanifest]
{module} = "{module}"

[tool.hatch.build.targets.wheel]
packages = ["src/{module}"]
"""
_HOOK: Final = '''

@hookimpl
def kmanifest_plugins() -> list[Plugin]:
    """The plug-ins that this distribution provides to kmanifest."""
    return [Plugin("{role}", "{group}/v1/{kind}", {function}, schema=SCHEMA)]
'''
_SCHEMA: Final = """
SCHEMA = {{
    "type": "object",
    "properties": {{
        "apiVersion": {{"type": "string"}},
        "kind": {{"type": "string"}},
        "metadata": {{"type": "object"}},
        "{field}": {{"type": "string"}},
    }},
    "required": ["{field}"],
    "additionalProperties": False,
}}
"""
_MODULES: Final = {
    "generator": '''\
"""Generate a ConfigMap with a greeting."""

from kmanifest.plugin import Context, Plugin, Resource, hookimpl
{schema}

def greet(ctx: Context, config: Resource) -> list[Resource]:
    """A ConfigMap with the name and the greeting of the config."""
    body = {{
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {{"name": config.name}},
        "data": {{"greeting": config.body["greeting"]}},
    }}
    return [Resource(body, config.origin)]
{hook}''',
    "transformer": '''\
"""Set an owner annotation on every object."""

from kmanifest.plugin import Context, Plugin, Resource, ResourceMap, hookimpl
{schema}

def set_owner(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """Set the owner annotation on every object."""
    annotation = ("metadata", "annotations", "{group}/owner")
    return resources.map(lambda resource: resource.put(annotation, config.body["owner"]))
{hook}''',
    "validator": '''\
"""Warn about objects without a label."""

from collections.abc import Iterator

from kmanifest.plugin import Context, Finding, Plugin, Resource, ResourceMap, hookimpl
{schema}

def require_label(
    ctx: Context, config: Resource, resources: ResourceMap
) -> Iterator[Finding]:
    """A warning for each object without the label."""
    label = config.body["label"]
    for resource in resources:
        labels = resource.body.get("metadata", {{}}).get("labels") or {{}}
        if label not in labels:
            yield Finding("warning", f"{{resource.id}} has no label {{label}}")
{hook}''',
}
_FUNCTIONS: Final = {"generator": "greet", "transformer": "set_owner", "validator": "require_label"}
_CONFIG_FIELDS: Final = {
    "generator": ("greeting", "hello"),
    "transformer": ("owner", "team-a"),
    "validator": ("label", "app"),
}
_EXPECTED: Final = {
    "generator": """\
    assert [resource.body["data"] for resource in rendered.resources] == [
        {{}},
        {{"greeting": "hello"}},
    ]
""",
    "transformer": """\
    annotations = [resource.annotations for resource in rendered.resources]
    assert annotations == [{{"{group}/owner": "team-a"}}]
""",
    "validator": """\
    assert [finding.message for finding in rendered.findings] == [
        "ConfigMap/map has no label app",
    ]
""",
}
_TEST: Final = '''\
"""Build the kustomization in `example` with the plug-in."""

from pathlib import Path

import pytest
from kmanifest import KmanifestError, Registry, build, default_registry

import {module}

EXAMPLE = Path(__file__).parents[1] / "example"


def registry() -> Registry:
    return default_registry().with_plugins({module}.kmanifest_plugins())


def test_example() -> None:
    rendered = build(str(EXAMPLE), registry=registry())
{expected}

def test_invalid_config(tmp_path: Path) -> None:
    for file in EXAMPLE.iterdir():
        text = file.read_text().replace("{field}:", "{field}s:")
        (tmp_path / file.name).write_text(text)
    with pytest.raises(KmanifestError, match="{field}"):
        build(str(tmp_path), registry=registry())
'''
_KUSTOMIZATION: Final = "resources: [map.yaml]\n{role}s: [{name}.yaml]\n"
_MAP: Final = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\ndata: {}\n"
_CONFIG: Final = """\
apiVersion: {group}/v1
kind: {kind}
metadata:
  name: {name}
{field}: {value}
"""
_README: Final = """\
# {name}

A {role} for kmanifest: the kind `{kind}` of `{group}/v1`.

```sh
pip install .
kmanifest build example
pip install '.[test]' && pytest
```
"""
_GROUP: Final = "example.com"


def write_scaffold(role: str, name: str, directory: str) -> list[str]:
    """Write the files of a new plug-in below `directory` and return their paths.

    Raises UsageError for a name that a package can't have, OutputError if a file already exists.
    """
    if re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) is None:
        raise UsageError(f"invalid plug-in name {name!r}: use lower-case words joined by `-`")
    files = _scaffold_files(role, name)
    paths = [os.path.join(directory, path) for path in files]
    if existing := [path for path in paths if os.path.lexists(path)]:
        raise OutputError(f"{existing[0]} already exists")
    try:
        write_files(directory, {path: text.encode() for path, text in files.items()})
    except OSError as error:
        problem = error.strerror or error
        raise OutputError(f"can't write {error.filename or directory}: {problem}") from error
    return paths


def _scaffold_files(role: str, name: str) -> dict[str, str]:
    module = name.replace("-", "_")
    field, value = _CONFIG_FIELDS[role]
    fields = {
        "field": field,
        "function": _FUNCTIONS[role],
        "group": _GROUP,
        "kind": "".join(word.capitalize() for word in name.split("-")),
        "module": module,
        "name": name,
        "role": role,
        "value": value,
    }
    parts = {"schema": _SCHEMA.format(**fields), "hook": _HOOK.format(**fields)}
    return {
        "pyproject.toml": _PYPROJECT.format(**fields),
        "README.md": _README.format(**fields),
        f"src/{module}/__init__.py": _MODULES[role].format(**fields, **parts),
        "tests/test_example.py": _TEST.format(**fields, expected=_EXPECTED[role].format(**fields)),
        "example/kustomization.yaml": _KUSTOMIZATION.format(**fields),
        "example/map.yaml": _MAP,
        f"example/{name}.yaml": _CONFIG.format(**fields),
    }
