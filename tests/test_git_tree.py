"""Builds of commits read git objects and nothing from the work tree."""

import os
import shutil
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import pytest

from kmanifest import build
from kmanifest.model.errors import LimitError, MissingError, SourceError

pytest.importorskip("dulwich")

from kmanifest.io.git_tree import open_commit

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"
GIT = ["git", "-c", "user.name=n", "-c", "user.email=e", "-c", "init.defaultBranch=main"]


def git(directory: Path, *arguments: str) -> str:
    result = subprocess.run(
        [*GIT, *arguments], cwd=directory, capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    root = tmp_path_factory.mktemp("repository")
    git(root, "init", "-q")
    (root / "base").mkdir()
    (root / "overlay").mkdir()
    (root / "base/kustomization.yaml").write_text("resources: [map.yaml]\n")
    (root / "overlay/kustomization.yaml").write_text(
        "resources: [../base, ../linked]\nnamePrefix: p-\n"
    )
    (root / "overlay/out").symlink_to("../../outside")
    (root / "overlay/absolute").symlink_to("/etc")
    (root / "overlay/round").symlink_to("round")
    (root / "linked").symlink_to("real")
    (root / "real").mkdir()
    (root / "real/kustomization.yaml").write_text("resources: [map.yaml]\n")
    (root / "real/map.yaml").write_text(MAP.format(name="linked"))
    for number in range(3):
        (root / "base/map.yaml").write_text(MAP.format(name=f"map-{number}"))
        git(root, "add", "-A")
        git(root, "commit", "-qm", f"{number}")
    git(root, "tag", "first", "HEAD~2")
    git(root, "checkout", "-qb", "side", "HEAD~1")
    git(root, "rm", "-qr", "overlay")
    git(root, "commit", "-qm", "no overlay")
    git(root, "checkout", "-q", "main")
    (root / "base/map.yaml").write_text("not committed: [")
    return root


def names(repository: Path, revision: str, directory: str = "overlay") -> list[str]:
    tree, path = open_commit(repository / directory, revision)
    return sorted(resource.name for resource in build(path, tree=tree).resources)


@pytest.mark.parametrize(
    ("revision", "number"),
    [("HEAD", 2), ("main", 2), ("HEAD~1", 1), ("HEAD^", 1), ("main~2", 0), ("main^^", 0), ("first", 0), ("main^0", 2)],
)  # fmt: skip
def test_revisions(repository, revision, number):
    assert names(repository, revision) == ["p-linked", f"p-map-{number}"]


def test_ids(repository):
    full = git(repository, "rev-parse", "HEAD~1")
    assert names(repository, full) == names(repository, full[:10]) == names(repository, "HEAD~1")


def test_directory_that_is_gone_from_the_work_tree(repository, tmp_path):
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "-b", "side", str(repository), str(clone))
    assert not (clone / "overlay").exists()
    assert names(clone, "HEAD~1") == ["p-linked", "p-map-1"]


@pytest.mark.parametrize(
    "revision", ["nothing", "HEAD~9", "HEAD^2", "-x", "--help", "HEAD~1;", "", "0" * 40]
)
def test_missing_revisions(repository, revision):
    with pytest.raises(MissingError, match="no commit is called"):
        open_commit(str(repository), revision)


def test_no_repository(tmp_path):
    with pytest.raises(MissingError, match="not in a git repository"):
        open_commit(str(tmp_path), "HEAD")


@pytest.mark.parametrize("path", ["overlay/out", "overlay/absolute/passwd", "overlay/round"])
def test_links_stay_inside(repository, path):
    tree, _ = open_commit(str(repository), "HEAD")
    with pytest.raises(SourceError, match=r"leads out of the tree|too many links"):
        tree.resolve(path)


def test_tree(repository):
    tree, path = open_commit(str(repository), "HEAD")
    assert path == ""
    assert (tree.kind(""), tree.kind("base"), tree.kind("base/map.yaml")) == ("dir", "dir", "file")
    assert (tree.kind("linked"), tree.kind("nothing/at/all")) == (None, None)
    assert tree.resolve("linked/map.yaml") == "real/map.yaml"
    assert tree.list("base") == ["kustomization.yaml", "map.yaml"]
    with pytest.raises(LimitError):
        tree.read("base/map.yaml", limit=3)
    for call in (lambda: tree.read("base", limit=9), lambda: tree.list("base/map.yaml")):
        with pytest.raises(MissingError):
            call()


def test_command(repository):
    command = [sys.executable, "-m", "kmanifest", "build", "--rev", "first", "overlay"]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert "name: p-map-0" in result.stdout
    command[5] = "nothing"
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (1, "error: no commit is called 'nothing'\n")
    # A commit has no files outside of it, and a root inside of it would be no bound.
    for flag in (["--root", "."], ["--follow-links"]):
        result = subprocess.run(
            [*command, *flag], cwd=repository, capture_output=True, text=True, check=False
        )
        assert result.returncode == 2
        assert "are for local files, not for a commit (--rev)" in result.stderr


def test_hooks_and_filters_of_the_repository_do_not_run(repository, tmp_path):
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(repository), str(clone))
    hook = clone / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    git(clone, "config", "filter.evil.smudge", f"touch {tmp_path}/ran")
    (clone / ".git/info").mkdir(exist_ok=True)
    (clone / ".git/info/attributes").write_text("* filter=evil\n")
    assert names(clone, "HEAD") == ["p-linked", "p-map-2"]
    assert not os.path.exists(tmp_path / "ran")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    root = tmp_path / "outer"
    root.mkdir()
    git(root, "init", "-q")
    (root / "app").mkdir()
    (root / "app/kustomization.yaml").write_text("resources: [map.yaml]\n")
    (root / "app/map.yaml").write_text(MAP.format(name="outer"))
    git(root, "add", "-A")
    git(root, "commit", "-qm", "outer")
    return root


def test_a_bare_repository_in_the_work_tree_is_not_used(small: Path, tmp_path: Path):
    embedded = tmp_path / "embedded"
    embedded.mkdir()
    git(embedded, "init", "-q")
    (embedded / "kustomization.yaml").write_text("resources: []\n")
    git(embedded, "add", "-A")
    git(embedded, "commit", "-qm", "embedded")
    for name in ("HEAD", "config", "objects", "refs"):
        shutil.move(embedded / ".git" / name, small / "app" / name)
    assert names(small, "main", "app") == ["outer"]


def test_borrowed_objects_are_refused(small: Path, tmp_path: Path):
    git(tmp_path, "clone", "-q", "--shared", "outer", "borrowing")
    with pytest.raises(SourceError, match="borrows objects"):
        open_commit(str(tmp_path / "borrowing"), "main")


def test_a_large_file_is_refused_before_it_is_decompressed(small: Path):
    with (small / "app/large.yaml").open("wb") as stream:
        stream.truncate(300 << 20)
    git(small, "add", "-A")
    git(small, "commit", "-qm", "large")
    for command in ((), ("repack", "-adq")):  # a loose object, then one in a pack
        if command:
            git(small, *command)
        tree, _ = open_commit(str(small), "main")
        tracemalloc.start()
        with pytest.raises(LimitError, match="314572800 bytes"):
            tree.read("app/large.yaml", limit=1000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 20 << 20


def test_sizes_of_deltas_are_those_of_their_results(small: Path):
    lines = [f"line {number}\n" for number in range(20_000)]
    for version in range(4):
        lines[version] = f"changed {version}\n"
        (small / "app/lines.txt").write_text("".join(lines))
        git(small, "add", "-A")
        git(small, "commit", "-qm", f"{version}")
    git(small, "repack", "-adfq", "--depth=50")
    for revision in ("main", "main~1", "main~2", "main~3"):
        tree, _ = open_commit(str(small), revision)
        content = tree.read("app/lines.txt", limit=1 << 20)
        assert len(content) == sum(map(len, lines)) or revision != "main"
        with pytest.raises(LimitError):
            tree.read("app/lines.txt", limit=len(content) - 1)


def test_damaged_objects_are_source_errors(small: Path):
    tree, _ = open_commit(str(small), "main")
    blob = git(small, "rev-parse", "main:app/map.yaml")
    path = small / ".git/objects" / blob[:2] / blob[2:]
    path.chmod(0o600)
    for content in (b"", b"garbage", zlib.compress(b"blob x\0"), zlib.compress(b"tree 3\0abc")):
        path.write_bytes(content)
        with pytest.raises(SourceError):
            open_commit(str(small), "main")[0].read("app/map.yaml", limit=1000)
    path.unlink()
    with pytest.raises(SourceError):
        tree.read("app/map.yaml", limit=1000)


def test_a_linked_work_tree_is_read(small: Path, tmp_path: Path):
    git(small, "worktree", "add", "-q", str(tmp_path / "linked"), "-b", "linked")
    assert names(tmp_path / "linked", "linked", "app") == ["outer"]
