"""Builds that several tests run: the examples and all fixtures as library calls, and helpers to compare their results.

A `Job` is a fixture with its flags. `Job.outcome` is its text, or its error in one line without the path of the
project.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import kmanifest
from kmanifest.api import build
from kmanifest.cli.build import COMMAND, build_options
from kmanifest.io.cache import Cache, MemoryCache
from kmanifest.io.tree import MemoryTree, Tree
from kmanifest.model import fieldpath
from kmanifest.model.errors import KmanifestError
from kmanifest.model.fieldpath import MISSING
from kmanifest.model.resource import Lineage
from kmanifest.model.trace import Change
from kmanifest.pipeline.options import Options
from kmanifest.pipeline.registry import Registry
from kmanifest.pipeline.rendered import Rendered
from tests.cases import PROJECT, Case, find_cases

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(kmanifest.__file__)))


class Job(NamedTuple):
    """One build: its path, tree, options and plug-ins."""

    name: str
    path: str
    options: Options = Options()
    tree: Tree | None = None
    registry: Registry | None = None

    def build(
        self, cache: Cache | None = None, on_change: Callable[[Change], None] | None = None
    ) -> Rendered:
        return build(
            self.path,
            options=self.options,
            tree=self.tree,
            registry=self.registry,
            cache=cache,
            on_change=on_change,
        )

    def outcome(self, cache: Cache | None = None) -> str:
        """Return the text and the findings, or the error."""
        try:
            rendered = self.build(cache)
            findings = [
                f"# {finding.severity}: {finding.location} {finding.message}\n"
                for finding in rendered.findings
            ]
            text = rendered.text() + "".join(findings)
        except KmanifestError as error:
            text = f"{type(error).__name__}: {error}"
        for project_path in (str(PROJECT), str(PROJECT).lstrip("/")):
            text = text.replace(project_path, "")
        return text


def job_of(case: Case) -> Job:
    """Return the build of a fixture."""
    return Job(case.name, str(case.target), build_options(COMMAND.read(case.args)))


def fixture_jobs(pattern: str = "*/*") -> list[Job]:
    """Return the builds of all fixtures that start no process, those that end in an error included."""
    return [job_of(case) for case in find_cases(pattern) if not case.starts_processes]


def memory_tree(case: Case) -> tuple[MemoryTree, str]:
    """Return the files of a fixture in memory, and the directory to build."""
    root = case.directory if case.target.is_relative_to(case.directory) else PROJECT / "examples"
    files = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }
    return MemoryTree(files), case.target.relative_to(root).as_posix()


def plain(value: Any) -> Any:
    """Return a copy of a value for comparisons. It contains the types, the source text and the order of keys."""
    if isinstance(value, Mapping):
        return type(value).__name__, [(type(key), key, plain(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value).__name__, [plain(item) for item in value]
    return type(value), value, getattr(value, "text", None)


def replay(changes: Iterable[Change]) -> dict[Lineage, Any]:
    """Return the bodies, by lineage, that result from applying all changes to nothing."""
    bodies: dict[Lineage, Any] = {}
    for change in changes:
        if change.field:
            body = bodies[change.lineage]
            assert same(fieldpath.get(body, change.field, MISSING), change.old), change
            if change.new is MISSING:
                bodies[change.lineage] = fieldpath.remove(body, change.field)
            else:
                bodies[change.lineage] = fieldpath.put(body, change.field, change.new)
        elif change.new is MISSING:
            assert bodies.pop(change.lineage) == change.old, change
        else:
            assert change.old is MISSING, change
            assert change.lineage not in bodies, change
            bodies[change.lineage] = change.new
    return bodies


def same(first: Any, second: Any) -> bool:
    """Whether two traced values are equal and have the same type. `True` is not `1`."""
    return first is second or (first.__class__ is second.__class__ and bool(first == second))


def run_python(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    directory: str | None = None,
    roots: Sequence[str] = (SOURCE, str(PROJECT)),
    before: Callable[[], Any] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run Python in a new process in which kmanifest and the tests can be imported from any directory."""
    plain_environment = {
        key: text for key, text in os.environ.items() if not key.startswith(("PYTHON", "LC_"))
    }
    return subprocess.run(
        [sys.executable, *arguments],
        env={**plain_environment, "PYTHONPATH": os.pathsep.join(roots), **(environment or {})},
        cwd=directory or PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=120,
        preexec_fn=before,
        check=False,
    )


def mixed_jobs() -> list[Job]:
    """Return builds with different schemas, plug-ins and limits. Some end in an error."""
    return [*fixture_jobs(), *_plugin_jobs()]


def _plugin_jobs() -> list[Job]:
    from kmanifest.model.resource import Resource
    from kmanifest.model.resourcemap import ResourceMap
    from kmanifest.pipeline.context import Context
    from kmanifest.pipeline.registry import Plugin

    files = {
        "kustomization.yaml": "namePrefix: p-\nresources: [all.yaml]\ntransformers: [paint.yaml]\n",
        "all.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n---\n"
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n",
        "paint.yaml": "apiVersion: acme.io/v1\nkind: Paint\nmetadata:\n  name: paint\n",
    }

    def painter(color: str) -> Registry:
        def paint(_: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
            return resources.map(
                lambda resource: resource.put(("metadata", "labels", config.name), color)
            )

        from kmanifest import default_registry

        return default_registry().with_plugins([Plugin("transformer", "acme.io/v1/Paint", paint)])

    tree = MemoryTree(files)
    small = Options()._replace(limits=Options().limits._replace(max_objects=1))
    return [
        Job("plugins/red", "", tree=tree, registry=painter("red")),
        Job("plugins/blue", "", tree=tree, registry=painter("blue")),
        Job("plugins/no-plug-in", "", tree=tree),
        Job("plugins/too-many", "", small, tree, painter("red")),
    ]


def run_threads(
    jobs: Sequence[Job], expected: Sequence[str], threads: int, builds: int
) -> list[str]:
    """Build all jobs in several threads, half of the time with a shared cache. Return the names of jobs that differ.

    Each thread goes through the jobs in its own order.
    """
    from threading import Barrier, Thread

    cache = MemoryCache()
    start = Barrier(threads)
    differing: list[str] = []

    def work(number: int) -> None:
        start.wait()
        for turn in range(builds):
            index = (number * 7 + turn * (2 * number + 1)) % len(jobs)
            job_cache = cache if (turn + number) % 2 else None
            try:
                if jobs[index].outcome(job_cache) != expected[index]:
                    differing.append(jobs[index].name)
            except BaseException as error:  # noqa: BLE001 - an error in a thread must not be lost
                differing.append(f"{jobs[index].name}: {error!r}")

    workers = [Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return differing


def process_state() -> dict[str, Any]:
    """Return the state of the process that no build may change."""
    import decimal
    import gc
    import locale
    import logging
    import random
    import signal
    import socket
    import threading
    import warnings

    umask = os.umask(0o22)
    os.umask(umask)
    return {
        "cwd": os.getcwd(),
        "environment": dict(os.environ),
        "umask": umask,
        "locale": locale.setlocale(locale.LC_ALL),
        "recursion limit": sys.getrecursionlimit(),
        "signal handlers": [signal.getsignal(number) for number in signal.valid_signals()],
        "decimal context": repr(decimal.getcontext()),
        "warnings": (list(warnings.filters), warnings.showwarning),
        "logging": (
            logging.root.level,
            list(logging.root.handlers),
            logging.root.disabled,
            sorted(logging.root.manager.loggerDict),
        ),
        "random": random.getstate(),
        "time-out of sockets": socket.getdefaulttimeout(),
        "garbage collection": (gc.isenabled(), gc.get_threshold()),
        "hooks": (sys.excepthook, threading.excepthook, sys.gettrace(), sys.getprofile()),
        "switch interval": sys.getswitchinterval(),
        "stack size": threading.stack_size(),
        "path": list(sys.path),
        "zone": time.tzname,
    }
