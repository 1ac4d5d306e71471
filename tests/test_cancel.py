"""A `cancel` event ends a build or a render at the points where its deadline is checked."""

import pickle
import time
from pathlib import Path
from threading import Event, Timer

import pytest

from kmanifest import KustomizeOptions, LimitError, Limits, MemoryCache, Options, build
from kmanifest.helm import render_chart
from kmanifest.io.remote.git import Git
from kmanifest.io.remote.settings import FetchSettings
from kmanifest.io.remote.urls import Repository
from kmanifest.io.runner import Command, ProcessRunner
from kmanifest.model.errors import CancelledError

FILES = {
    "kustomization.yaml": "resources: [base, base/map.yaml]\nnamePrefix: p-\nlabels: [{pairs: {a: b}}]\n",
    "base/kustomization.yaml": "resources: [map.yaml]\nnameSuffix: -s\n",
    "base/map.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
}
CHART = {
    "Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
    "templates/a.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
    "templates/b.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}",
}
ENDLESS = {
    **CHART,
    "templates/a.yaml": "{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}",
}
INFLATED = {f"charts/c/{path}": text for path, text in ENDLESS.items()} | {
    "kustomization.yaml": "helmCharts: [{name: c, releaseName: r}]"
}
HELM = Options(engines=(KustomizeOptions(enable_helm=True),))
SOON = 0.2
LATEST = 20.0  # seconds; this machine may be slow


class SetAfter:
    """An event that is set when it has been read some times."""

    def __init__(self, reads: int) -> None:
        self.reads = reads

    def is_set(self) -> bool:
        self.reads -= 1
        return self.reads < 0


def set_soon() -> Event:
    event = Event()
    timer = Timer(SOON, event.set)
    timer.daemon = True
    timer.start()
    return event


def count_reads() -> int:
    build(tree=FILES)  # the first build of a process also makes what all builds share
    event = SetAfter(10**6)
    build(tree=FILES, cancel=event, cache=MemoryCache())
    return 10**6 - event.reads


READS = count_reads()


def test_an_event_that_is_not_set_changes_nothing():
    assert build(tree=FILES, cancel=Event()).text() == build(tree=FILES).text()
    assert (
        render_chart("", tree=CHART, cancel=Event()).text() == render_chart("", tree=CHART).text()
    )


@pytest.mark.parametrize("files", [FILES, CHART], ids=["kustomization", "chart"])
def test_an_event_that_is_set_ends_the_build_at_once(files: dict[str, str]):
    event = Event()
    event.set()
    with pytest.raises(CancelledError) as caught:
        build(tree=files, cancel=event)
    assert isinstance(caught.value, LimitError)
    assert caught.value.message == "cancelled by the caller"
    assert type(pickle.loads(pickle.dumps(caught.value))) is CancelledError  # noqa: S301 - made here


def test_an_event_that_is_set_ends_a_render_at_once():
    event = Event()
    event.set()
    with pytest.raises(CancelledError):
        render_chart("", tree=CHART, cancel=event)


@pytest.mark.parametrize("reads", range(READS))
def test_a_build_ends_at_each_check_and_spoils_no_cache(reads: int):
    cache = MemoryCache()
    with pytest.raises(CancelledError):
        build(tree=FILES, cancel=SetAfter(reads), cache=cache)
    assert build(tree=FILES, cache=cache).text() == build(tree=FILES).text()


@pytest.mark.parametrize("deadline", [0.0, 600.0])
def test_a_long_render_is_ended(deadline: float):
    start = time.monotonic()
    with pytest.raises(CancelledError):
        render_chart("", tree=ENDLESS, cancel=set_soon(), limits=Limits(deadline=deadline))
    assert time.monotonic() - start < LATEST


@pytest.mark.parametrize("files", [ENDLESS, INFLATED], ids=["chart", "helmCharts"])
def test_a_build_passes_the_event_to_its_charts(files: dict[str, str]):
    start = time.monotonic()
    with pytest.raises(CancelledError):
        build(tree=files, options=HELM, cancel=set_soon())
    assert time.monotonic() - start < LATEST


def test_the_deadline_still_holds():
    with pytest.raises(LimitError, match="deadline"):
        render_chart("", tree=ENDLESS, cancel=Event(), limits=Limits(deadline=SOON))


def sleeper(directory: Path) -> Path:
    path = directory / "sleeper"
    path.write_text("#!/bin/sh\nexec sleep 600\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("stdout", ["", "exec >&- 2>&-\n"], ids=["open", "closed"])
def test_a_process_is_ended(tmp_path: Path, stdout: str):
    path = sleeper(tmp_path)
    path.write_text(path.read_text().replace("exec sleep", f"{stdout}exec sleep"))
    runner = ProcessRunner(cancel=set_soon())
    start = time.monotonic()
    with pytest.raises(CancelledError):
        runner.run(Command(str(path), directory=str(tmp_path)))
    assert time.monotonic() - start < LATEST


def test_an_exec_plugin_is_ended(tmp_path: Path):
    sleeper(tmp_path)
    (tmp_path / "kustomization.yaml").write_text("generators: [g.yaml]\n")
    (tmp_path / "g.yaml").write_text(
        "apiVersion: a/v1\nkind: G\nmetadata:\n  name: g\n  annotations:\n"
        '    config.kubernetes.io/function: "exec: {path: ./sleeper}"\n'
    )
    options = Options(enable_plugins=True, allow_exec=True)
    start = time.monotonic()
    with pytest.raises(CancelledError):
        build(tmp_path, options=options, cancel=set_soon())
    assert time.monotonic() - start < LATEST


def test_git_is_ended(tmp_path: Path):
    event = Event()
    event.set()
    git = Git(str(sleeper(tmp_path)), FetchSettings(), cancel=event)
    repository = Repository(
        "https://example.com/r", "https://example.com/r", "", "", "", 27.0, submodules=False
    )
    with pytest.raises(CancelledError):
        git.fetch(repository, str(tmp_path))
