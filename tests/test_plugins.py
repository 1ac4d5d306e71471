"""Plug-ins of installed distributions, schemas of configs, and the command `kmanifest plugins`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kmanifest import KmanifestError, build
from kmanifest.engines.builtin import default_registry, installed_registry
from kmanifest.model.errors import PluginError
from kmanifest.model.resource import Resource
from kmanifest.pipeline.registry import Plugin
from tests.cases import PROJECT

HOOK = """\
from kmanifest.plugin import Plugin, Resource, hookimpl

def make(ctx, config):
    '''Makes a map.'''
    return [Resource({{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "made"}}}}, config.origin)]

@hookimpl
def kmanifest_plugins():
    return [Plugin("generator", "example.com/v1/Maker", make, schema={{"required": ["size"]}})]
{more}
"""
CONFIG = "apiVersion: example.com/v1\nkind: Maker\nmetadata: {name: m}\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def install(site: Path, name: str, module: str) -> None:
    """Write a distribution with one entry point into `site`, as an installer does."""
    write(site / f"{name}.py", module)
    info = site / f"{name}-1.0.dist-info"
    write(info / "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    write(info / "entry_points.txt", f"[kmanifest]\n{name} = {name}\n")


@pytest.fixture
def site(tmp_path, monkeypatch):
    path = tmp_path / "site"
    path.mkdir()
    monkeypatch.syspath_prepend(str(path))
    yield path
    for module in path.glob("*.py"):
        sys.modules.pop(module.stem, None)


@pytest.fixture
def project(tmp_path):
    write(tmp_path / "project/kustomization.yaml", "generators: [maker.yaml]\n")
    write(tmp_path / "project/maker.yaml", f"{CONFIG}size: 3\n")
    return tmp_path / "project"


def run(arguments: list[str], directory: Path, site: Path | None = None):
    script = "import sys; sys.path.insert(0, sys.argv.pop(1)); from kmanifest.cli.main import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", script, str(site or directory), *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


# --- entry points


def test_installed_plugin_is_found_on_demand(site, project):
    install(site, "makers", HOOK.format(more=""))
    registry = installed_registry()
    assert [each.name for each in build(str(project), registry=registry).resources] == ["made"]
    with pytest.raises(PluginError, match="external plugins disabled"):
        build(str(project))


def test_the_command_finds_installed_plugins(site, project):
    install(site, "makers", HOOK.format(more=""))
    result = run(["build", "."], project, site)
    assert (result.stderr, result.returncode) == ("", 0)
    assert "name: made" in result.stdout


def test_installed_plugins_can_be_turned_off(site, project):
    """Audit, L10: a tree that names an unknown kind made the command import the plug-ins of all distributions."""
    install(site, "makers", "print('imported')\n" + HOOK.format(more=""))
    result = run(["build", "--installed-plugins=false", "."], project, site)
    assert (result.returncode, result.stdout) == (1, "")
    assert "external plugins disabled" in result.stderr
    assert "imported" in run(["build", "."], project, site).stdout


def test_distributions_are_not_loaded_without_need(site, tmp_path):
    install(site, "makers", "raise RuntimeError('never imported')\n")
    write(tmp_path / "plain/kustomization.yaml", "namePrefix: p-\nresources: [map.yaml]\n")
    write(tmp_path / "plain/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n")
    registry = installed_registry()
    assert len(build(str(tmp_path / "plain"), registry=registry).resources) == 1


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("raise RuntimeError('broken')\n", "makers can't be loaded: RuntimeError: broken"),
        (
            HOOK.format(more="    return [3]").replace("    return [Plugin", "    [Plugin"),
            "got int",
        ),
    ],
)
def test_broken_distribution(site, project, module, message):
    install(site, "makers", module)
    with pytest.raises(PluginError, match=message):
        build(str(project), registry=installed_registry())


def test_two_plugins_of_one_name(site, project):
    install(site, "makers", HOOK.format(more=""))
    install(site, "others", HOOK.format(more=""))
    with pytest.raises(PluginError, match="makers and others both provide the generator"):
        build(str(project), registry=installed_registry())


def test_built_in_plugins_are_not_replaced(site):
    module = HOOK.format(more="").replace("example.com/v1/Maker", "builtin/ConfigMapGenerator")
    install(site, "makers", module)
    registry = installed_registry()
    builtin = default_registry().find("generator", "builtin/ConfigMapGenerator")
    assert registry.find("generator", "builtin/ConfigMapGenerator") is builtin
    assert builtin in registry.all()


# --- schemas


@pytest.mark.parametrize(
    ("schema", "config", "location", "message"),
    [
        ({"required": ["size"]}, "colour: red\n", ":1:1", "size.* is a required property"),
        ({"properties": {"size": {"type": "integer"}}}, "size: big\n", ":4:1", "is not of type"),
        (
            {"properties": {"sizes": {"items": {"maximum": 3}}}},
            "sizes:\n- 1\n- 0x1F\n",
            ":6:3",
            "31 is greater than the maximum",
        ),
    ],
)
def test_invalid_config(project, schema, config, location, message):
    write(project / "maker.yaml", CONFIG + config)
    calls = []

    def make(ctx, config):
        calls.append(config)
        return [Resource({})]

    plugin = Plugin("generator", "example.com/v1/Maker", make, schema=schema)
    with pytest.raises(KmanifestError, match=message) as excinfo:
        build(str(project), registry=default_registry().with_plugins([plugin]))
    assert str(excinfo.value.location) == f"{project}/maker.yaml{location}"
    assert not calls


# --- the command


def test_list_and_info(site, project):
    install(site, "makers", HOOK.format(more=""))
    listed = run(["plugins", "list"], project, site).stdout
    assert "example.com/v1/Maker" in listed
    assert listed.splitlines()[-1].split() == ["generator", "example.com/v1/Maker", "makers"]
    info = run(["plugins", "info", "Maker"], project, site).stdout
    assert info == (
        "generator example.com/v1/Maker\nfrom: makers\n\nMakes a map.\n\n"
        "schema of its config:\nrequired:\n- size\n"
    )
    missing = run(["plugins", "info", "Makers"], project, site)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr == "error: unknown plug-in: Makers (did you mean Maker?)\n"


def test_check(site, project):
    install(site, "makers", HOOK.format(more=""))
    result = run(["plugins", "check", "maker.yaml"], project, site)
    assert (result.returncode, result.stdout) == (
        0,
        "ok: Maker/m: generator example.com/v1/Maker\n",
    )
    write(project / "maker.yaml", f"{CONFIG}---\n{CONFIG}".replace("Maker", "Baker", 1))
    result = run(["plugins", "check", "maker.yaml"], project, site)
    first, second = result.stdout.splitlines()
    assert result.returncode == 1
    assert first.startswith("error: Baker/m: there is no plug-in home")
    assert "is a required property" in second


@pytest.mark.parametrize(
    "arguments",
    [["lists"], ["info"], ["check"], ["new", "generator"], ["new", "engine", "a"], ["new", "generator", "A b"]],
)  # fmt: skip
def test_wrong_usage(tmp_path, arguments):
    result = run(["plugins", *arguments], tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("role", ["generator", "transformer", "validator"])
def test_new_plugin_passes_its_own_test(tmp_path, role):
    result = run(["plugins", "new", role, "my-plugin"], tmp_path)
    assert (result.stderr, result.returncode) == ("", 0)
    directory = tmp_path / "my-plugin"
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "pythonpath=src"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed" in tests.stdout, tests.stdout
    again = run(["plugins", "new", role, "my-plugin"], tmp_path)
    assert again.returncode == 1
    assert "already exists" in again.stderr


def test_the_example_passes_its_own_tests():
    example = PROJECT / "plugins" / "python-example"
    if not example.exists():
        pytest.skip("an installed package has no examples")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=example,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", str(PROJECT / "src")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
