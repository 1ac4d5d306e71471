"""Signals that end the command leave no plug-in running and no temporary file behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kmanifest.io.runner import Command, ProcessRunner
from kmanifest.io.signals import PostponedSignals

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the tests read /proc")

SIGNALS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]
EXIT_CODES = {signal.SIGTERM: -signal.SIGTERM, signal.SIGHUP: -signal.SIGHUP, signal.SIGINT: 130}


class Project:
    """A kustomization with a legacy plug-in or a function, and a directory for temporary files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.temporary = directory / "temporary"
        self.temporary.mkdir()
        self.write("app/kustomization.yaml", "generators: [maker.yaml]\n")

    def write(self, name: str, text: str) -> None:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def legacy(self, script: str) -> None:
        self.write(
            "app/maker.yaml", "apiVersion: example.com/v1\nkind: Maker\nmetadata: {name: m}\n"
        )
        self.write("home/example.com/v1/maker/Maker", f"#!/bin/sh\n{script}\n")

    def function(self, script: str) -> None:
        self.write(
            "app/maker.yaml",
            "apiVersion: example.com/v1\nkind: Maker\nmetadata:\n  name: m\n  annotations:\n"
            "    config.kubernetes.io/function: 'exec: {path: ./maker.sh}'\n",
        )
        self.write("app/maker.sh", f"#!/bin/sh\n{script}\n")

    def start(self, *flags: str) -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ,
            "KUSTOMIZE_PLUGIN_HOME": str(self.directory / "home"),
            "TMPDIR": str(self.temporary),
        }
        program = [sys.executable, "-m", "kmanifest"]
        return subprocess.Popen(
            [*program, "build", "--enable-alpha-plugins", "--enable-exec", *flags, "app"],
            cwd=self.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def wait_for(self, name: str) -> None:
        deadline = time.monotonic() + 60
        while not (self.directory / name).exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def processes(self) -> list[str]:
        """Return the processes whose working directory is in the project."""
        running = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(process / "cwd").startswith(f"{self.directory}/app"):
                    running.append(process.name)
            except OSError:
                continue
        return running

    def assert_clean(self) -> None:
        deadline = time.monotonic() + 10
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert self.processes() == []
        assert os.listdir(self.temporary) == []


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    # A command under nohup ignores SIGHUP, and everything that it starts as well.
    ignored = [number for number in SIGNALS if signal.getsignal(number) == signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield Project(tmp_path)
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize(
    ("kind", "script"), [("legacy", ""), ("function", ""), ("legacy", "trap '' TERM HUP INT; ")]
)
def test_no_plugin_and_no_file_is_left(project: Project, kind: str, script: str, number: int):
    getattr(project, kind)(f"{script}sleep 600 & touch ../started; wait; sleep 600")
    process = project.start()
    project.wait_for("started")
    assert kind == "function" or len(os.listdir(project.temporary)) == 1
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (EXIT_CODES[signal.Signals(number)], b"", b"")
    project.assert_clean()


def test_a_second_signal_does_not_stop_the_clean_up(project: Project):
    project.legacy("trap '' TERM; touch ../started; sleep 600; sleep 600")
    process = project.start()
    project.wait_for("started")
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    process.communicate(timeout=60)
    project.assert_clean()


def test_the_copy_of_a_trusted_executable_is_removed(project: Project):
    from hashlib import sha256

    project.function("touch ../started; sleep 600")
    digest = sha256((project.directory / "app/maker.sh").read_bytes()).hexdigest()
    project.write("trusted", digest)
    process = project.start("--plugin-allow-list", "trusted")
    project.wait_for("started")
    assert len(os.listdir(project.temporary)) == 1
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    project.assert_clean()


def test_signals_at_any_moment(project: Project):
    project.legacy("sleep 0.05; touch ../started; sleep 600")
    started = time.monotonic()
    process = project.start()
    project.wait_for("started")
    seconds = time.monotonic() - started
    process.terminate()
    process.communicate(timeout=60)
    for turn in range(12):
        process = project.start()
        time.sleep((0.3 + 0.07 * turn) * seconds)
        number = SIGNALS[turn % 3]
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        # A signal before the handlers are installed, or after the output, has its usual effect.
        if b"init_import_site" not in err:  # Python itself exits with 1 then
            assert process.returncode in (EXIT_CODES[number], -number, 130)
        project.assert_clean()


LOST = """
import os, signal, sys, time
from kmanifest.cli import main
class Object:
    def __del__(self):
        os.kill(os.getpid(), signal.Signals(NUMBER))
        time.sleep(0.01)  # the handler runs here, and Python ignores what a finalizer raises
def command(arguments):
    try:
        Object()
        time.sleep(60)
    except main.Terminated as error:
        return 128 + error.number
    except KeyboardInterrupt:
        return 130
main.main = command
main.run()
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_in_a_finalizer_is_not_lost(number: int):
    script = LOST.replace("NUMBER", str(int(number)))
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=50, check=False
    )
    assert process.returncode == EXIT_CODES[signal.Signals(number)]
    assert process.stderr == b""


def test_an_ignored_signal_stays_ignored(project: Project):
    project.legacy("touch ../started; while [ ! -e ../go ]; do sleep 0.05; done; echo '{apiVersion: v1, kind: ConfigMap, metadata: {name: made}}'")  # fmt: skip
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = project.start()
    finally:
        signal.signal(signal.SIGHUP, previous)
    project.wait_for("started")
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    project.write("go", "")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert b"name: made" in out


# --- in the library


def test_handlers_of_the_caller_are_restored_and_called(tmp_path: Path):
    arrived: list[int] = []
    previous = signal.signal(signal.SIGTERM, lambda number, _: arrived.append(number))
    try:
        postponed = PostponedSignals()
        postponed.begin()
        postponed.begin()
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert arrived == []
        postponed.end()
        assert arrived == [signal.SIGTERM]
        (tmp_path / "p.sh").write_text("#!/bin/sh\nkill $PPID\n", encoding="utf-8")
        (tmp_path / "p.sh").chmod(0o755)
        handler = signal.getsignal(signal.SIGTERM)
        ProcessRunner(str(tmp_path)).run(Command("p.sh"))
        assert arrived == [signal.SIGTERM] * 2
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, previous)


def test_signals_are_left_alone_in_other_threads(tmp_path: Path):
    (tmp_path / "p.sh").write_text("#!/bin/sh\necho done\n", encoding="utf-8")
    (tmp_path / "p.sh").chmod(0o755)
    outputs: list[bytes] = []
    worker = threading.Thread(
        target=lambda: outputs.append(ProcessRunner(str(tmp_path)).run(Command("p.sh")))
    )
    worker.start()
    worker.join()
    assert outputs == [b"done\n"]
