"""Directories that a verb writes into: no link below them is followed (audit, M13)."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kmanifest.cli.helm.template import written_line
from kmanifest.cli.writer import OutputDirectory, read_below, replace_files, write_files
from tests.exchange import Exchanging, is_supported

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs the links of POSIX")

FILES = {
    "Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
    "templates/a.yaml": "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n",
    "templates/hook.yaml": "kind: Job\napiVersion: batch/v1\nmetadata: {name: h, annotations: {helm.sh/hook: pre-install}}\n",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a chart, next to a file of the user."""
    for name, text in FILES.items():
        path = tmp_path / "checkout/c" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "home/templates").mkdir(parents=True)
    (tmp_path / "home/profile").write_text("mine\n")
    return tmp_path / "checkout"


def template(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kmanifest", "helm", "template", "r", "c", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_link_in_place_of_a_directory_is_refused(checkout: Path):
    (checkout / "rendered/c").mkdir(parents=True)
    (checkout / "rendered/c/templates").symlink_to("../../../home")
    result = template(checkout, "--output-dir", "rendered")
    assert result.returncode == 1
    assert result.stderr == (
        "Error: can't write rendered/c/templates/a.yaml: rendered/c/templates is a link (--follow-links follows it)\n"
    )
    assert sorted(os.listdir(checkout.parent / "home")) == ["profile", "templates"]
    assert template(checkout, "--output-dir", "rendered", "--follow-links").returncode == 0
    assert "a.yaml" in os.listdir(checkout.parent / "home")


def test_a_link_in_place_of_a_file_is_replaced(checkout: Path):
    (checkout / "rendered/c/templates").mkdir(parents=True)
    for name in ("a.yaml", "hook.yaml"):
        (checkout / f"rendered/c/templates/{name}").symlink_to("../../../../home/profile")
    assert template(checkout, "--output-dir", "rendered").returncode == 0
    assert (checkout.parent / "home/profile").read_text() == "mine\n"
    for name in ("a.yaml", "hook.yaml"):
        path = checkout / f"rendered/c/templates/{name}"
        assert not path.is_symlink()
        assert "mine" not in path.read_text()  # a hook is appended to an existing file only


def test_hooks_are_appended_as_in_helm(checkout: Path):
    for count in (1, 2):
        assert template(checkout, "--output-dir", "rendered").returncode == 0
        text = (checkout / "rendered/c/templates/hook.yaml").read_text()
        assert text.count("kind: Job") == count


def test_the_directory_itself_may_be_a_link(checkout: Path):
    (checkout / "rendered").symlink_to("../home")
    assert template(checkout, "--output-dir", "rendered").returncode == 0
    assert (checkout.parent / "home/c/templates/a.yaml").exists()


@pytest.mark.parametrize("path", ["../x", "a/../../x", "a//x", "./x"])
def test_paths_stay_below_the_directory(tmp_path: Path, path: str):
    (tmp_path / "top").mkdir()
    with pytest.raises(OSError, match="not a path below the directory"):
        write_files(str(tmp_path / "top"), {path: b""})
    assert os.listdir(tmp_path) == ["top"]


def test_permissions_are_kept_and_a_failure_leaves_nothing(tmp_path: Path):
    (tmp_path / "a").write_text("old")
    (tmp_path / "a").chmod(0o640)
    with OutputDirectory.open(str(tmp_path)) as directory:
        replace_files(directory, [("a", [b"new"])])
        assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640

        def broken() -> Iterator[bytes]:
            yield b"x"
            raise OSError(28, "No space left on device")

        with pytest.raises(OSError, match="No space"):
            replace_files(directory, [("b", [b"1"]), ("a", broken())])
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "new"


@pytest.mark.skipif(not is_supported(), reason="needs renameat2")
def test_a_directory_exchanged_meanwhile_is_never_left(tmp_path: Path):
    """A thread exchanges a directory with a link to the outside while files are written and read."""
    outside, top = tmp_path / "outside", tmp_path / "top"
    outside.mkdir()
    (outside / "f").write_text("mine")
    (top / "d").mkdir(parents=True)
    (top / "link").symlink_to("../outside")
    refused = 0
    with Exchanging(top / "d", top / "link") as exchanging:
        for _ in range(300):
            try:
                write_files(str(top), {"d/f": b"theirs"})
            except OSError:
                refused += 1
            assert read_below(str(top), "d/f") != b"mine"
    assert exchanging.count > 10
    assert refused
    assert (outside / "f").read_text() == "mine"
    assert os.listdir(outside) == ["f"]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_names_of_files_do_not_control_the_terminal(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool
):
    """Audit, L11. To a file or a pipe, Helm's bytes are printed."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    line = written_line("out", "c/templates/\x1b]0;PWN\x07.yaml")
    assert line.endswith(".yaml\n")
    assert ("\x1b" in line) is not is_terminal
