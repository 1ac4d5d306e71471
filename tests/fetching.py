"""Helpers and fixtures for tests of downloads: builds that fetch, a server with a repository, and stand-ins.

The servers are on this machine. So most builds here allow the host `localhost`.
"""

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kmanifest import KustomizeOptions, Limits, MemoryTree, Options, build
from kmanifest.io.remote.charts import ChartClient
from kmanifest.io.remote.hosts import HostPolicy
from kmanifest.io.remote.settings import FetchSettings
from kmanifest.io.remote.store import Store
from kmanifest.pipeline.options import RemoteOptions
from tests.servers import git_missing, publish, serving

NEEDS_GIT = pytest.mark.skipif(bool(git_missing()), reason=git_missing())
POSIX_ONLY = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")
MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}}"
LOCAL = ("*", "localhost")


@pytest.fixture
def plain_home(isolated_home, tmp_path, monkeypatch):
    """A home without configuration, in a process that allows no more hosts than the command does by default."""
    monkeypatch.delenv("KMANIFEST_ALLOW_HOST")
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    return tmp_path / "home"


@pytest.fixture
def web_server(tmp_path: Path):
    """A server with a file and the repository `base.git`, both also below `/private/`."""
    root = tmp_path / "root"
    source = tmp_path / "source"
    source.mkdir()
    (source / "kustomization.yaml").write_text("resources: [map.yaml]")
    (source / "map.yaml").write_text(MAP % "in-the-repository")
    for directory in (root, root / "private"):
        directory.mkdir(parents=True)
        (directory / "map.yaml").write_text(MAP % "in-a-file")
        if not git_missing():
            publish(source, directory / "base.git")
    with serving(root) as server:
        yield server


def options(*, limits: Limits = Limits(), **remote_options: Any) -> Options:
    """Return options that allow charts and downloads from the servers of the tests."""
    fields: dict[str, Any] = {"protocols": ("https", "http", "ssh"), "hosts": LOCAL}
    return Options(
        allow_remote=True,
        limits=limits,
        remote=RemoteOptions(**{**fields, **remote_options}),
        engines=(KustomizeOptions(enable_helm=True),),
    )


def overlay(*entries: str) -> MemoryTree:
    """Return a kustomization with these resources."""
    return MemoryTree({"kustomization.yaml": json.dumps({"resources": entries})})


def build_text(*urls: str, **arguments: Any) -> str:
    """Build a kustomization with these URLs as resources, with the arguments of `options`."""
    return build(tree=overlay(*urls), options=options(**arguments)).text()


def build_chart(repository: str, *, version: str = "1.0.0", **arguments: Any) -> str:
    """Build a kustomization with the chart `c` of a repository, with the arguments of `options`."""
    chart = {"name": "c", "repo": repository, "version": version, "releaseName": "r"}
    tree = MemoryTree({"kustomization.yaml": json.dumps({"helmCharts": [chart]})})
    return build(tree=tree, options=options(**arguments)).text()


def chart_client(store: str, **settings: Any) -> ChartClient:
    """Return a client with a store, and with these settings."""
    opened = Store(store)
    assert opened.is_usable()
    given = {"protocols": ("https", "http", "oci"), "hosts": HostPolicy(LOCAL), "max_age": 60.0}
    return ChartClient(FetchSettings(**{**given, **settings}), store=opened)


def unknown_host(*_: object, **__: object) -> None:
    """Replace `socket.getaddrinfo` without a name server."""
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Let the name `host.example` have another address at each request. Return the list of the resolved names."""
    asked: list[str] = []
    original = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *arguments: Any, **keywords: Any) -> Any:
        if host == "host.example":
            asked.append(host)
            host = answers[min(len(asked), len(answers)) - 1]
        return original(host, port, *arguments, **keywords)

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    return asked


def git_with_input(directory: Path, command: str, text: str) -> str:
    """Run a command of git with a text on stdin, and return its stdout."""
    done = subprocess.run(
        ["git", command], cwd=directory, input=text, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
