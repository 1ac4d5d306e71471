"""The input of `kmanifest cfg`: packages, ignored files, paths of fields."""

import io
import os
import sys
from pathlib import Path

import pytest

from kmanifest.cli.cfg import flags, ignore, paths, reading
from kmanifest.cli.flags import UsageError
from kmanifest.io.tree import DiskTree
from kmanifest.model.errors import KmanifestError, LimitError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs the links of POSIX")
RESOURCE = "kind: Thing\nmetadata: {name: a}\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "b/c.yml", "b/d.txt", "p/Krmfile", "p/e.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(RESOURCE)
    return tmp_path


@pytest.mark.usefixtures("place")
def test_packages_are_read_one_by_one():
    assert reading.find_packages(".", recurse=True) == [".", "p"]
    assert reading.find_packages("./p", recurse=False) == ["./p", "p"]
    assert len(reading.read_resources(".")) == 2
    assert len(reading.read_resources(".", recurse=True)) == 3


@pytest.mark.usefixtures("place")
def test_the_number_of_resources_is_limited(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "DEFAULT_LIMITS", DEFAULT_LIMITS._replace(max_objects=2))
    Path("two.yaml").write_text(f"{RESOURCE}---\n{RESOURCE}")
    Path("three.yaml").write_text(f"{RESOURCE}---\n{RESOURCE}---\n{RESOURCE}")
    assert len(reading.read_resources("two.yaml")) == 2
    for path in ("three.yaml", "."):
        with pytest.raises(LimitError, match=r"more than 2 objects \(max_objects\)"):
            reading.read_resources(path)


def stdin_resources(text: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    return len(reading.read_stdin())


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (RESOURCE, 1),
        (f"{RESOURCE}---\n{RESOURCE}", 2),
        ("kind: List\nitems: [{kind: A}, {kind: B}]\n", 2),
        ("kind: List\nitems: {}\n", 0),
        ("kind: List\n", 1),
        ("kind: ResourceList\nfunctionConfig: {}\n", 0),
        ("kind: List\nitems: [{kind: A}, {kind: B}]\n---\n", 1),
        ("", 0),
    ],
)
def test_a_list_on_stdin_is_replaced_by_its_items(
    text: str, count: int, monkeypatch: pytest.MonkeyPatch
):
    assert stdin_resources(text, monkeypatch) == count


@pytest.mark.parametrize(
    "text", [f"{RESOURCE}---\n{RESOURCE}", "kind: List\nitems: [{kind: A}, {kind: B}]\n"]
)
def test_the_number_of_resources_on_stdin_is_limited(text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "DEFAULT_LIMITS", DEFAULT_LIMITS._replace(max_objects=1))
    with pytest.raises(LimitError, match=r"more than 1 objects \(max_objects\)"):
        stdin_resources(text, monkeypatch)


@POSIX
def test_links_to_files_are_followed_and_those_to_directories_are_not(place: Path):
    (place / "link.yaml").symlink_to("a.yaml")
    (place / "around").symlink_to(".")
    assert len(reading.read_resources(".")) == 3
    (place / "odd.yaml").symlink_to("b")
    with pytest.raises(KmanifestError) as caught:
        reading.read_resources(".")
    assert str(caught.value).startswith(f"{place}/odd.yaml: ")


@pytest.mark.parametrize(
    ("lines", "path", "directory", "passed_by"),
    [
        ("b/", "b", True, True),
        ("b/", "b", False, False),
        ("b", "a/b", False, True),
        ("/b", "a/b", False, False),
        ("/a", "a/b", False, True),
        ("a/*.yaml", "x/a/b.yaml", False, True),
        ("*.yaml\n!b.yaml", "b.yaml", False, False),
        ("\\#a", "#a", False, True),
        ("# a\n\n  a  \n!", "a", False, True),
        ("[a", "[a", False, False),
    ],
)
def test_files_to_pass_by(
    tmp_path: Path, lines: str, path: str, *, directory: bool, passed_by: bool
):
    (tmp_path / ".krmignore").write_text(lines)
    is_ignored = ignore.load_ignore_file(DiskTree("/"), str(tmp_path)[1:])
    assert is_ignored(path, is_directory=directory) is passed_by


def test_paths_to_fields():
    assert paths.parse_path(r"a\.b.c[d=e].f") == ["a.b", "c", "[d=e]", "f"]
    with pytest.raises(SourceError, match="is not a path step"):
        paths.parse_path("a[b[c")


def test_flags_with_several_values():
    assert flags.split_list(["a,b", "", '"c,d",e']) == ["a", "b", "c,d", "e"]
    with pytest.raises(UsageError, match="is not a list"):
        flags.split_list(['"a'])
