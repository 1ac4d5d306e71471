"""Which YAML backend is used, and that `kmanifest version` prints it."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

IS_COMPILED = importlib.util.find_spec("kmanifest_native") is not None
PRINT_BACKEND = "from kmanifest import yaml; print(yaml.BACKEND, yaml.load_documents.__module__)"


def run(arguments: list[str], backend: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "KMANIFEST_YAML": backend},
        capture_output=True,
        text=True,
        check=False,
    )


def test_pure_backend_is_always_available():
    assert run(["-c", PRINT_BACKEND], "python").stdout == "python kmanifest.yaml.load\n"


def test_compiled_backend_is_used_if_installed():
    backend = "native" if IS_COMPILED else "python"
    assert run(["-c", PRINT_BACKEND], "").stdout.split()[0] == backend
    assert run(["-m", "kmanifest", "version"], "").stdout.endswith(f" (YAML: {backend})\n")


@pytest.mark.skipif(not IS_COMPILED, reason="the compiled backend is not installed")
def test_compiled_backend_can_be_requested():
    assert run(["-c", PRINT_BACKEND], "native").stdout == "native kmanifest.yaml.native\n"


@pytest.mark.skipif(IS_COMPILED, reason="the compiled backend is installed")
def test_requesting_a_missing_compiled_backend_is_an_error():
    result = run(["-m", "kmanifest", "build", "."], "native")
    assert result.returncode == 1
    assert "KMANIFEST_YAML=native, but the compiled backend can't be imported: " in result.stderr


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("raise ImportError('libfoo.so: cannot open shared object file')", "libfoo.so"),
        ("import kmanifest_native._missing", "kmanifest_native._missing"),
        ("INTERFACE = 0\n__version__ = '0.0.1'", "0.0.1 is for another version"),
    ],
)
def test_an_extension_that_does_not_load_is_reported(tmp_path: Path, module: str, reason: str):
    """Audit, L6: builds became slower in silence."""
    (tmp_path / "kmanifest_native.py").write_text(module, encoding="utf-8")
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {PRINT_BACKEND}"
    result = run(["-c", script], "")
    assert result.stdout.startswith("python ")
    assert "kmanifest-native is installed, but can't be used" in result.stderr
    assert reason in result.stderr
    assert run(["-c", script], "python").stderr == ""


def test_unknown_backend_is_an_error():
    result = run(["-m", "kmanifest", "build", "."], "nativ")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "error: KMANIFEST_YAML is `nativ`, not a YAML backend (did you mean native?)\n"
    )
