"""The disk during a build: real directories are resolved once, links each time."""

import contextlib
import gc
import os
import shutil
import threading
from pathlib import Path

import pytest

from kmanifest.io.tree import DiskTree, SnapshotDiskTree
from kmanifest.model.errors import MissingError, SourceError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "in" / "base").mkdir(parents=True)
    (tmp_path / "in" / "base" / "a.yaml").write_text("a: 1\n")
    (tmp_path / "out.yaml").write_text("b: 1\n")
    (tmp_path / "in" / "link").symlink_to("base")
    (tmp_path / "in" / "base" / "link.yaml").symlink_to("a.yaml")
    (tmp_path / "in" / "base" / "gone.yaml").symlink_to("nowhere.yaml")
    (tmp_path / "in" / "base" / "out.yaml").symlink_to("../../out.yaml")
    return tmp_path / "in"


def test_a_snapshot_resolves_like_a_disk_tree_in_any_order(root: Path):
    snapshot = SnapshotDiskTree(str(root))
    paths = ["", "base", "base/a.yaml", "link", "link/a.yaml", "base/link.yaml", "link/link.yaml"]
    for path in (*paths, *reversed(paths)):
        assert snapshot.resolve(path) == DiskTree(str(root)).resolve(path)
    for path in ("base/gone.yaml", "base/missing.yaml"):
        with pytest.raises(MissingError):
            snapshot.resolve(path)
    with pytest.raises(SourceError):
        snapshot.resolve("base/out.yaml")


@pytest.mark.parametrize("tree_type", [DiskTree, SnapshotDiskTree])
def test_a_directory_that_became_a_link_is_not_followed(root: Path, tree_type: type[DiskTree]):
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "a.yaml").write_text("secret: 1\n")
    tree = tree_type(str(root))
    path = tree.resolve("base/a.yaml")
    shutil.move(root / "base", root / "old")
    (root / "base").symlink_to("../outside")
    with contextlib.suppress(SourceError, MissingError):
        assert tree.read(path, limit=100) == b"a: 1\n"  # the directory that was resolved
    assert DiskTree(str(root)).kind("base/a.yaml") is None
    with pytest.raises((SourceError, MissingError)):
        DiskTree(str(root)).list("base")


def test_a_directory_exchanged_during_a_build_is_never_read_outside(root: Path):
    """H8 of the audit: a thread exchanges a directory with a link while files are read."""
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "a.yaml").write_text("secret: 1\n")
    (root / "link2").symlink_to("../outside")
    stop = threading.Event()

    def exchange() -> None:
        while not stop.is_set():
            os.rename(root / "base", root / "kept")
            os.rename(root / "link2", root / "base")
            os.rename(root / "base", root / "link2")
            os.rename(root / "kept", root / "base")

    thread = threading.Thread(target=exchange)
    thread.start()
    contents = set()
    try:
        for _ in range(5_000):
            tree = DiskTree(str(root))
            try:
                contents.add(tree.read(tree.resolve("base/a.yaml"), limit=100))
            except (SourceError, MissingError):
                continue
    finally:
        stop.set()
        thread.join()
    assert contents == {b"a: 1\n"}


@pytest.mark.parametrize("path", ["../out.yaml", "base/../../out.yaml", "/../out.yaml", ".."])
@pytest.mark.parametrize("tree_type", [DiskTree, SnapshotDiskTree])
def test_paths_that_leave_the_tree_are_refused(root: Path, tree_type: type[DiskTree], path: str):
    tree = tree_type(str(root))
    tree.resolve("")
    for operation in (tree.resolve, tree.kind, tree.list, lambda each: tree.read(each, limit=100)):
        with pytest.raises(SourceError):
            operation(path)


def test_a_snapshot_keeps_a_bounded_number_of_directories_open(root: Path):
    for number in range(200):
        (root / f"d{number}").mkdir()
        (root / f"d{number}" / "a.yaml").write_text("a: 1\n")
    before = len(os.listdir("/dev/fd"))
    tree = SnapshotDiskTree(str(root))
    for number in range(200):
        tree.read(tree.resolve(f"d{number}/a.yaml"), limit=100)
    assert len(os.listdir("/dev/fd")) - before <= 64
    del tree
    gc.collect()
    assert len(os.listdir("/dev/fd")) <= before
