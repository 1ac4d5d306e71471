"""Charts from directories and archives, and the errors for invalid ones."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from kmanifest.engines.helm.charts import ignore
from kmanifest.engines.helm.charts.archive import read_archive
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.manifests import sort_manifests, split_manifests
from kmanifest.engines.helm.objects.file_globs import path_matcher
from kmanifest.helm import load_archive, load_chart
from kmanifest.io.tree import DiskTree, MemoryTree
from kmanifest.model.errors import KmanifestError, LimitError, SourceError
from kmanifest.model.limits import Limits

CHART = "apiVersion: v2\nname: c\nversion: 1.0.0\n"


def packed(*entries: tuple[str, bytes], links: tuple[tuple[str, str], ...] = ()) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, target in links:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
        for name, content in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def test_a_directory_is_a_chart():
    tree = MemoryTree(
        {
            "c/Chart.yaml": "\ufeff" + CHART,
            "c/values.yaml": "x: 1",
            "c/templates/a.yaml": "a",
            "c/templates/.hidden": "b",
            "c/.helmignore": "*.md\n/no/\n",
            "c/x.md": "",
            "c/no/y": "",
            "c/keep/no": "",
            "c/charts/sub/Chart.yaml": "name: sub\nversion: 1.0.0\n",
        }
    )
    chart = load_chart(tree, "c")
    assert [file.name for file in chart.templates] == ["templates/a.yaml"]
    assert [file.name for file in chart.files] == [".helmignore", "keep/no"]
    assert chart.values == {"x": 1.0}
    assert [held.path() for held in chart.dependencies] == ["c/charts/sub"]


def test_an_archive_is_a_chart_and_its_links_are_empty_files():
    chart = load_archive(
        packed(("c/Chart.yaml", CHART.encode()), links=(("c/templates/l.yaml", "/etc/passwd"),))
    )
    assert [(file.name, file.data) for file in chart.templates] == [("templates/l.yaml", b"")]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("c/../../x", "chart illegally references parent directory"),
        ("c//etc/x", "chart illegally contains absolute paths"),
        ("x", 'chart illegally contains content outside the base directory: "x"'),
        ("c\\..\\..\\x", "chart illegally references parent directory"),
        ("c/C:/x", "chart contains illegally named files"),
        ("Chart.yaml/x", "chart yaml not in base directory"),
    ],
)
def test_paths_that_lead_out_are_refused(name: str, message: str):
    with pytest.raises(SourceError) as caught:
        read_archive(packed((name, b"")))
    assert caught.value.message == message


def test_too_large_archives_are_not_unpacked():
    bomb = packed(*((f"c/{index}", bytes(5 << 20)) for index in range(21)))
    with pytest.raises(LimitError, match="decompressed chart is larger"):
        read_archive(bomb)
    with pytest.raises(LimitError, match=r'"c/big" is larger than the maximum file size 5242880'):
        read_archive(packed(("c/big", bytes((5 << 20) + 1))))


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8b", gzip.compress(b"x" * 600, mtime=0), b"no" * 10]
)
def test_a_file_that_is_not_an_archive_is_an_error(content: bytes):
    with pytest.raises(SourceError):
        read_archive(content)


def test_a_truncated_archive_is_an_error():
    whole = packed(("c/Chart.yaml", CHART.encode() * 2000))
    for size in range(20, len(whole) // 2, 7):
        with pytest.raises(SourceError):
            read_archive(whole[:size])


def test_nesting_of_archives_is_limited():
    content = packed(("c/Chart.yaml", CHART.encode()))
    for _ in range(70):
        content = packed(("c/Chart.yaml", CHART.encode()), ("c/charts/c.tgz", content))
    with pytest.raises(LimitError, match="nested deeper"):
        load_archive(content)


def test_the_total_size_of_archives_is_limited():
    inner = packed(("c/Chart.yaml", CHART.encode()), ("c/x", bytes(1 << 20)))
    files = {f"c/charts/{index}.tgz": inner for index in range(4)}
    tree = MemoryTree({"c/Chart.yaml": CHART.encode(), **files})
    with pytest.raises(LimitError, match="max_total_input"):
        load_chart(tree, "c", limits=Limits(max_total_input=3 << 20))


def test_links_out_of_the_chart_are_refused(tmp_path: Path):
    (tmp_path / "c").mkdir()
    (tmp_path / "c/Chart.yaml").write_text(CHART)
    (tmp_path / "secret").write_text("s")
    (tmp_path / "c/in").symlink_to("Chart.yaml")
    assert len(load_chart(DiskTree(str(tmp_path / "c")), "").raw) == 2
    (tmp_path / "c/out").symlink_to("../secret")
    with pytest.raises(SourceError, match="leads out of the tree"):
        load_chart(DiskTree(str(tmp_path / "c")), "")


def test_a_link_to_a_parent_directory_is_refused(tmp_path: Path):
    (tmp_path / "Chart.yaml").write_text(CHART)
    (tmp_path / "loop").symlink_to(".")
    with pytest.raises(KmanifestError, match="is a link to a directory that contains it"):
        load_chart(DiskTree(str(tmp_path)), "")


def test_a_negative_rule_ignores_everything_else():
    rules = ignore.parse_rules(b"!a.txt\n")
    assert not rules.ignores("a.txt", is_directory=False)
    assert rules.ignores("Chart.yaml", is_directory=False)


@pytest.mark.parametrize(
    ("pattern", "fits", "others"),
    [
        ("*.ini", ["a.ini"], ["x/a.ini", "a.txt"]),
        ("**.ini", ["a.ini", "x/a.ini"], ["a.txt"]),
        ("conf/{a,b}?.[ij]ni", ["conf/a1.ini", "conf/b2.jni"], ["conf/a.ini", "conf/c1.ini"]),
        ("[!a-c]x", ["dx"], ["ax"]),
        ("a\\*", ["a*"], ["ab"]),
        ("[", ["any/thing"], []),
    ],
)
def test_globs(pattern: str, fits: list[str], others: list[str]):
    test = path_matcher(pattern)
    assert [path for path in (*fits, *others) if test(path)] == fits


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("a: 1\n---b: 2", ["a: 1", "b: 2"]),
        ("a\n ---\nb", ["a\n ---\nb"]),
        ("---\n---\na", ["---\na"]),
        ("\n\n---\na\n\n\n---  \n b\n", ["a", "b"]),
        ("", []),
    ],
)
def test_documents(text: str, documents: list[str]):
    assert split_manifests(text) == documents


def test_kinds_are_in_install_order():
    files = {
        "c/b.yaml": "kind: Zoo\n---\nkind: Service\n---\nkind: Ant",
        "c/a.yaml": "kind: Namespace\n---\n# nothing",
    }
    warned: list[str] = []
    _, manifests = sort_manifests(files, warned.append, HELM3)
    assert [one.kind for one in manifests] == ["Namespace", "Service", "", "Ant", "Zoo"]
