"""Builds of commits read git objects and nothing from the work tree."""

import os
import subprocess
import sys
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
