"""Fixtures and helpers for tests that fetch charts.

A test uses `isolated_home` first, so that the configuration of this machine has no effect.
"""

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from kmanifest.cli.main import main
from tests import chart_servers
from tests.chart_servers import LOGIN, helm_missing, publish, serve_charts

VERSIONS = [("c", "1.0.0"), ("c", "1.1.0"), ("c", "1.2.0-rc.1"), ("c", "2.0.0"), ("d", "0.1.0")]
NEEDS_REGISTRY = pytest.mark.skipif(
    not chart_servers.REGISTRY, reason="docker-registry is not on PATH"
)
NEEDS_HELM = pytest.mark.skipif(bool(helm_missing()), reason=helm_missing())


class Outcome(NamedTuple):
    """The exit code, stdout and stderr of a command."""

    code: int
    output: str
    errors: str


@pytest.fixture
def isolated_home(monkeypatch, tmp_path):
    """Set a home without configuration, no proxies, and an empty working directory.

    The servers of the tests are on this machine. A chart may name it only because the user allows it.
    """
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(
            ("HELM_", "XDG_", "DOCKER_", "KMANIFEST_C")
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KMANIFEST_ALLOW_HOST", "*,private,localhost")
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture
def run(capsysbinary):
    """Return a function that runs `kmanifest helm`."""

    def run_command(*arguments: str) -> Outcome:
        code = main(["helm", *arguments])
        captured = capsysbinary.readouterr()
        return Outcome(code, captured.out.decode(), captured.err.decode())

    return run_command


@pytest.fixture
def server(tmp_path):
    """A running chart repository."""
    publish(tmp_path / "served", *VERSIONS)
    with serve_charts(tmp_path / "served") as chart_server:
        yield chart_server


@pytest.fixture
def private_server(tmp_path):
    """A running chart repository that requires the login."""
    publish(tmp_path / "private", *VERSIONS)
    with serve_charts(tmp_path / "private", LOGIN) as chart_server:
        yield chart_server


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A running registry with charts."""
    with chart_servers.registry(tmp_path_factory.mktemp("registry")) as running:
        for name, version in [*VERSIONS, ("c", "1.5.0+b1")]:
            running.push(name, version)
        yield running


def problem(outcome: Outcome) -> str:
    """Return the error, which must be one line."""
    assert outcome.code == 1
    assert outcome.output == ""
    lines = outcome.errors.splitlines()
    assert len(lines) == 1, outcome.errors
    return lines[0]


def add_known_repositories(tmp_path: Path, *entries: str) -> None:
    """Write these repositories into Helm's configuration."""
    path = tmp_path / "home" / ".config" / "helm" / "repositories.yaml"
    path.parent.mkdir(parents=True)
    lines = "".join(f"- {entry}\n" for entry in entries)
    path.write_text(f"apiVersion: ''\nrepositories:\n{lines}", encoding="utf-8")


def run_helm(*arguments: str) -> Outcome:
    """Run helm and return its outcome."""
    result = subprocess.run(
        [chart_servers.HELM, *arguments], capture_output=True, text=True, check=False
    )
    return Outcome(result.returncode, result.stdout, result.stderr)
