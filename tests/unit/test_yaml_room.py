"""Which room of YAML is taken, and that it is told."""

import importlib.util
import os
import subprocess
import sys

import pytest

IS_COMPILED = importlib.util.find_spec("kmanifest_native") is not None
SAY = "from kmanifest import yaml; print(yaml.ROOM, yaml.load_documents.__module__)"


def run(arguments: list[str], room: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "KMANIFEST_YAML": room},
        capture_output=True,
        text=True,
        check=False,
    )


def test_pure_room_is_always_there():
    assert run(["-c", SAY], "python").stdout == "python kmanifest.yaml.load\n"


def test_compiled_room_is_taken_where_it_is():
    room = "native" if IS_COMPILED else "python"
    assert run(["-c", SAY], "").stdout.split()[0] == room
    assert run(["-m", "kmanifest", "version"], "").stdout.endswith(f" (YAML: {room})\n")


@pytest.mark.skipif(not IS_COMPILED, reason="the compiled room is not installed")
def test_compiled_room_can_be_forced():
    assert run(["-c", SAY], "native").stdout == "native kmanifest.yaml.native\n"


@pytest.mark.skipif(IS_COMPILED, reason="the compiled room is installed")
def test_compiled_room_that_is_not_there_is_an_error():
    done = run(["-m", "kmanifest", "build", "."], "native")
    assert done.returncode == 1
    assert "KMANIFEST_YAML asks for the compiled room" in done.stderr


def test_unknown_room_is_an_error():
    done = run(["-m", "kmanifest", "build", "."], "nativ")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: KMANIFEST_YAML is `nativ`, not a room of YAML (did you mean native?)\n"
    )
