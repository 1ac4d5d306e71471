"""The disk during a build: real directories are resolved once, links each time."""

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
