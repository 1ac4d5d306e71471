"""A tree with the content of some files replaced, added or hidden."""

import pytest

from kmanifest import LimitError, Location, MemoryTree, MissingError
from kmanifest.io.overlay_tree import Overlay, OverlayTree
from kmanifest.io.tree import boundary_directory, is_executable

FILES = {"app/a.yaml": "old", "app/b.yaml": "b", "other/c.yaml": "c"}
TREE = OverlayTree(
    MemoryTree(FILES),
    {"app/a.yaml": b"new", "app/new.yaml": b"added"},
    ["app/b.yaml", "app/a.yaml"],
)


def test_files_are_replaced_added_and_hidden():
    assert TREE.read("app/a.yaml", limit=10) == b"new"
    assert TREE.read("app/new.yaml", limit=10) == b"added"
    assert TREE.read("other/c.yaml", limit=10) == b"c"
    assert TREE.list("app") == ["a.yaml", "new.yaml"]
    assert TREE.list("other") == ["c.yaml"]
    kinds = [TREE.kind(path) for path in ("app/a.yaml", "app/new.yaml", "app/b.yaml", "app")]
    assert kinds == ["file", "file", None, "dir"]


def test_paths_resolve_in_it():
    assert TREE.resolve("app/new.yaml") == "app/new.yaml"
    assert TREE.resolve("other/c.yaml") == "other/c.yaml"
    for path in ("app/b.yaml", "app/no.yaml"):
        with pytest.raises(MissingError, match="no such file or directory"):
            TREE.resolve(path)


def test_the_size_of_its_files_is_limited():
    with pytest.raises(LimitError, match=r"'app/new.yaml' has 5 bytes, more than 4"):
        TREE.read("app/new.yaml", limit=4)


def test_other_questions_are_for_the_other_tree():
    assert not is_executable(TREE, "app/new.yaml")
    assert boundary_directory(TREE) == ""


def test_locations_have_the_name_of_the_file():
    overlay = Overlay("home/app/k.yaml", b"", "-")
    assert overlay.shown(Location("home/app/k.yaml", 3)) == Location("-", 3)
    assert overlay.shown(Location("/home/app/k.yaml")).file == "-"
    assert overlay.shown(Location("home/app/l.yaml")).file == "/home/app/l.yaml"
    for file in ("", "--set", "<extvar:a>", "https://example.com/a"):
        assert overlay.shown(Location(file)).file == file
