"""`kmanifest create` with unusual files, and Go's patterns."""

import os
from pathlib import Path

import pytest

from kmanifest.cli import create
from kmanifest.cli.glob import glob
from kmanifest.model.errors import SourceError
from kmanifest.model.limits import DEFAULT_LIMITS

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs the links and pipes of POSIX")


def run(*arguments: str) -> int:
    return create.create(create.COMMAND.read(arguments))


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_wild_directory_finds_files_in_each(place: Path):
    for name in ("b/x", "a/x", "a/.y", "c"):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).touch()
    assert glob("*/*") == ["a/.y", "a/x", "b/x"]
    assert glob("./?/x") == ["a/x", "b/x"]
    assert glob(f"{place}/[^ab]") == [f"{place}/c"]
    assert glob("\\c") == ["c"]
    assert glob("c\0") == []


@POSIX
@pytest.mark.parametrize("kind", ["pipe", "link to a directory", "broken link"])
def test_what_can_not_be_read_is_an_error_and_nothing_is_written(place: Path, kind: str):
    if kind == "pipe":
        os.mkfifo(place / "odd")
    else:
        (place / "odd").symlink_to("." if kind == "link to a directory" else "nowhere")
    with pytest.raises(Exception, match=r"^odd: "):
        run("--autodetect")
    assert [entry.name for entry in place.iterdir()] == ["odd"]


@POSIX
def test_a_broken_link_in_the_place_of_the_file_is_not_followed(place: Path):
    (place / "kustomization.yaml").symlink_to("elsewhere")
    with pytest.raises(SourceError, match="already exists"):
        run()
    assert not (place / "elsewhere").exists()


def test_a_file_that_no_build_could_read_is_left_out(
    place: Path, capsys: pytest.CaptureFixture[str]
):
    with (place / "large.bin").open("wb") as stream:
        stream.truncate(DEFAULT_LIMITS.max_input_file + 1)
    run("--autodetect")
    assert "resources" not in (place / "kustomization.yaml").read_text()
    assert "note: skipped: " in capsys.readouterr().err
