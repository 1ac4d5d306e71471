"""Fixtures and words of the tests of where charts come from; a test takes `own_home` first, so that nothing of this machine counts."""

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from kmanifest.cli.main import main
from tests import chartservers
from tests.chartservers import LOGIN, helm_missing, publish, site

VERSIONS = [("c", "1.0.0"), ("c", "1.1.0"), ("c", "1.2.0-rc.1"), ("c", "2.0.0"), ("d", "0.1.0")]
NEEDS_REGISTRY = pytest.mark.skipif(
    not chartservers.REGISTRY, reason="docker-registry is not on PATH"
)
NEEDS_HELM = pytest.mark.skipif(bool(helm_missing()), reason=helm_missing())


class Outcome(NamedTuple):
    """What a command has given."""

    code: int
    output: str
    errors: str


@pytest.fixture
def own_home(monkeypatch, tmp_path):
    """A home without configuration, no proxies, and a directory to work in."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(
            ("HELM_", "XDG_", "DOCKER_", "KMANIFEST_C")
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture
def run(capsysbinary):
    """Runs `kmanifest helm`."""

    def run_helm(*arguments: str) -> Outcome:
        code = main(["helm", *arguments])
        said = capsysbinary.readouterr()
        return Outcome(code, said.out.decode(), said.err.decode())

    return run_helm


@pytest.fixture
def server(tmp_path):
    """A repository of charts."""
    publish(tmp_path / "served", *VERSIONS)
    with site(tmp_path / "served") as here:
        yield here


@pytest.fixture
def private(tmp_path):
    """A repository that wants the login."""
    publish(tmp_path / "private", *VERSIONS)
    with site(tmp_path / "private", LOGIN) as here:
        yield here


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A registry with charts."""
    with chartservers.registry(tmp_path_factory.mktemp("registry")) as here:
        for name, version in [*VERSIONS, ("c", "1.5.0+b1")]:
            here.push(name, version)
        yield here


def problem(outcome: Outcome) -> str:
    """The error, which is one line."""
    assert outcome.code == 1
    assert outcome.output == ""
    lines = outcome.errors.splitlines()
    assert len(lines) == 1, outcome.errors
    return lines[0]


def known(tmp_path: Path, *entries: str) -> None:
    """Let helm know these repositories."""
    path = tmp_path / "home" / ".config" / "helm" / "repositories.yaml"
    path.parent.mkdir(parents=True)
    lines = "".join(f"- {entry}\n" for entry in entries)
    path.write_text(f"apiVersion: ''\nrepositories:\n{lines}", encoding="utf-8")


def reference(*arguments: str) -> Outcome:
    """What helm gives."""
    done = subprocess.run(
        [chartservers.HELM, *arguments], capture_output=True, text=True, check=False
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
