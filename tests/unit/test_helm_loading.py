"""Charts from directories and archives, and the errors for invalid ones."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from kmanifest.engines.helm.charts import ignore, versions
from kmanifest.engines.helm.charts.archive import read_archive
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.engines.helm.manifests import sort_manifests, split_manifests
from kmanifest.engines.helm.objects.capabilities import parse_kube_version
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
    assert [held.path() for held in chart.subcharts] == ["c/charts/sub"]


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


def tar_entry(
    name: str, content: bytes = b"", *, type_flag: bytes = b"0", mode: int = 0o644
) -> bytes:
    """Return the header and the padded content of an entry, as no library would write it."""
    header = bytearray(512)
    header[: len(name)] = name.encode()
    header[100:108] = b"%07o\0" % mode
    header[124:136] = b"%011o\0" % len(content)
    header[148:156] = b" " * 8
    header[156:157] = type_flag
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + content + bytes(-len(content) % 512)


def pax_entry(key: str, value: str, type_flag: bytes = b"x") -> bytes:
    record = f" {key}={value}\n".encode()
    length = len(record)
    while len(str(length)) + len(record) != length:
        length = len(str(length)) + len(record)
    return tar_entry("pax", b"%d%b" % (length, record), type_flag=type_flag)


CHART_ENTRY = tar_entry("c/Chart.yaml", CHART.encode())
FIVE_BYTES = tar_entry("c/x", b"12345")
END = bytes(1024)
INVALID_HEADER = "archive/tar: invalid tar header"


def read_entries(*entries: bytes) -> dict[str, bytes]:
    return dict(read_archive(gzip.compress(b"".join((CHART_ENTRY, *entries, END)), mtime=0)))


@pytest.mark.parametrize("size", ["5", "+5", "0" * 30 + "5", ""])
def test_sizes_in_pax_records(size: str):
    assert read_entries(pax_entry("size", size), FIVE_BYTES)["x"] == b"12345"


@pytest.mark.parametrize("size", ["1" * 5000, "abc", "-1", "9" * 19, "٣", "5\n", "5 "])
def test_invalid_sizes_in_pax_records(size: str):
    with pytest.raises(SourceError, match=INVALID_HEADER):
        read_entries(pax_entry("size", size), FIVE_BYTES)


@pytest.mark.parametrize(
    "entry",
    [
        tar_entry("pax", b"zzz", type_flag=b"x"),
        tar_entry("pax", b"zzz", type_flag=b"g"),
        tar_entry("pax", b"6 abc\n", type_flag=b"x"),
        tar_entry("pax", b"4 a\n", type_flag=b"x"),
        pax_entry("path", "c/a\0b"),
    ],
)
def test_invalid_pax_headers(entry: bytes):
    with pytest.raises(SourceError, match=INVALID_HEADER):
        read_entries(entry, FIVE_BYTES)


@pytest.mark.parametrize(
    ("entries", "names"),
    [
        ([pax_entry("path", "c/pax"), FIVE_BYTES], ["pax"]),
        ([tar_entry("L", b"c/gnu\0", type_flag=b"L"), FIVE_BYTES], ["gnu"]),
        ([pax_entry("path", "c/pax"), tar_entry("L", b"c/gnu\0", type_flag=b"L"), FIVE_BYTES], ["gnu"]),
        ([pax_entry("path", "c/pax", b"g"), FIVE_BYTES], ["x"]),
        ([pax_entry("path", "c/pax"), pax_entry("comment", "a", b"g"), FIVE_BYTES], ["x"]),
        ([tar_entry("K", b"c/gnu\0", type_flag=b"K"), FIVE_BYTES], ["x"]),
        ([tar_entry("c/d/", type_flag=b"5"), FIVE_BYTES], ["x"]),
        ([tar_entry("c/d/", type_flag=b"\0"), FIVE_BYTES], ["x"]),
        ([tar_entry("c/d", b"12345", mode=0o40755), FIVE_BYTES], ["x"]),
        ([tar_entry("c/d/", b"12345"), FIVE_BYTES], ["d", "x"]),
    ],
)  # fmt: skip
def test_names_and_directories_in_archives(entries: list[bytes], names: list[str]):
    """The expected names are those of the files that helm v3.22.0 has in `.Files`."""
    assert list(read_entries(*entries)) == ["Chart.yaml", *names]


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (b"garbage" * 4, "gzip: invalid header"),
        (bytes(512), "gzip: invalid header"),
        (b"garb", "unexpected EOF"),
        (b"\x1f\x8b\x08", "unexpected EOF"),
    ],
)
def test_garbage_after_the_compressed_content(after: bytes, message: str):
    unfinished = gzip.compress(CHART_ENTRY, mtime=0)
    with pytest.raises(SourceError) as caught:
        read_archive(unfinished + after)
    assert caught.value.message == message
    assert len(read_archive(unfinished + gzip.compress(FIVE_BYTES + END, mtime=0))) == 2
    assert len(read_archive(gzip.compress(CHART_ENTRY + END, mtime=0) + after)) == 1


def test_corrupt_compressed_content():
    content = gzip.compress(CHART_ENTRY, mtime=0)
    for corrupt in (content[:-4] + b"abcd", content[:-8] + b"abcd" + content[-4:]):
        with pytest.raises(SourceError, match=r"^gzip: invalid checksum$"):
            read_archive(corrupt)
    with pytest.raises(SourceError, match=r"^flate: corrupt input$"):
        read_archive(content[:10] + b"\xff" * 20)


@pytest.mark.parametrize(
    ("end", "message"),
    [(bytes(512), ""), (bytes(517), "unexpected EOF"), (bytes(512) + b"x" * 512, INVALID_HEADER)],
)
def test_the_end_of_an_archive(end: bytes, message: str):
    content = gzip.compress(CHART_ENTRY + end, mtime=0)
    if message:
        with pytest.raises(SourceError, match=message):
            read_archive(content)
    else:
        assert len(read_archive(content)) == 1


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


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"x" * 511, "application/octet-stream"),
        (b"x" * 512, "text/plain; charset=utf-8"),
        (b"x" * 512 + b"\0", "text/plain; charset=utf-8"),
        (b"x" * 511 + b"\0", "application/octet-stream"),
        (b"\x1b\xff" * 256, "text/plain; charset=utf-8"),
    ],
)
def test_the_content_type_of_a_file_that_is_not_an_archive(content: bytes, kind: str):
    with pytest.raises(SourceError) as caught:
        load_chart(MemoryTree({"c.tgz": content}), "c.tgz")
    expected = f"file 'c.tgz' does not appear to be a gzipped archive; got '{kind}'"
    assert caught.value.message == expected


def test_crds_have_an_extension():
    names = ("a.yaml", "b.YML", ".json", "yaml", "c.txt", "d/e.yaml")
    files = {f"crds/{name}": "kind: A" for name in names}
    chart = load_chart(MemoryTree({"Chart.yaml": CHART, **files}), "")
    assert [crd.name for crd in chart.crds()] == [
        f"crds/{name}" for name in (".json", "a.yaml", "b.YML", "d/e.yaml")
    ]


def test_a_directory_named_like_an_archive():
    files = dict.fromkeys(("Chart.yaml", "charts/d/Chart.yaml", "charts/d/charts/x.tgz/y"), CHART)
    with pytest.raises(SourceError) as caught:
        load_chart(MemoryTree(files), "")
    inner = "error unpacking subchart tar in c: expected x.tgz, got x.tgz/y"
    assert caught.value.message == f"error unpacking subchart d in c: {inner}"


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


@pytest.mark.parametrize("space", "\u2003\u1680\u2028\u3000\xa0\x85\v")
def test_unicode_spaces_around_a_rule(space: str):
    rules = ignore.parse_rules(f"{space}a.txt{space}\n".encode())
    assert rules.ignores("a.txt", is_directory=False)


@pytest.mark.parametrize("char", "\x1c\u200b\ufeff")
def test_other_characters_belong_to_a_rule(char: str):
    rules = ignore.parse_rules(f"\n{char}a.txt\n".encode())
    assert not rules.ignores("a.txt", is_directory=False)


def test_long_lines_of_rules():
    """Go's limit is in bytes, and counts a byte order mark."""
    ignore.parse_rules(b"#" * 65_535 + b"\na.txt")
    for line in (b"#" * 65_536, "é".encode() * 32_768, b"\xef\xbb\xbf" + b"#" * 65_533):
        with pytest.raises(SourceError, match=r"bufio.Scanner: token too long"):
            ignore.parse_rules(line + b"\na.txt")
        tree = MemoryTree({"Chart.yaml": CHART, ".helmignore": line})
        with pytest.raises(SourceError, match=r"bufio.Scanner: token too long"):
            load_chart(tree, "")


@pytest.mark.parametrize(
    ("rule", "path", "is_directory", "is_ignored"),
    [
        ("b/", "a/b", True, True),
        ("b/", "a/b", False, False),
        ("!b/", "a/b", True, False),
        ("!b/", "a/b", False, True),
        ("/b", "a/b", False, False),
        ("a/b", "a/b", False, True),
        ("*", "a/b", False, True),
        ("a/*", "a/b", False, True),
        ("a/*", "a/b/c", False, False),
        ("[", "", False, None),
        ("a**", "", False, None),
    ],
)
def test_rules(rule: str, path: str, *, is_directory: bool, is_ignored: bool | None):
    if is_ignored is None:
        with pytest.raises(SourceError):
            ignore.parse_rules(rule.encode())
    else:
        rules = ignore.parse_rules(rule.encode())
        assert rules.ignores(path, is_directory=is_directory) is is_ignored


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.29", "v1.29"),
        (" \tv1.2.3-gke.1", "v1.2.3"),
        ("1.2.3.4", "v1.2.3.4"),
        ("1.0002", "v1.2"),
        ("1." + "0" * 5000 + "2", "v1.2"),
        ("18446744073709551615.1", "v18446744073709551615.1"),
    ],
)
def test_versions_of_kubernetes(text: str, version: str):
    assert parse_kube_version(text).version == version


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("v1", 'illegal version string "v1"'),
        ("1.2\n", r'could not parse "1.2\n" as version'),
        ("\v1.2", r'could not parse "\v1.2" as version'),
        ("01.2", 'illegal zero-prefixed version component "01" in "01.2"'),
        ("18446744073709551616.1", 'parsing "18446744073709551616": value out of range'),
        ("1." + "9" * 5000, "value out of range"),
    ],
)
def test_invalid_versions_of_kubernetes(text: str, message: str):
    with pytest.raises(SourceError) as caught:
        parse_kube_version(text)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("wanted", "found", "is_same"),
    [
        ("1.2.0", "v1.2", True),
        ("1.2.0+a", "1.2.0+b", True),
        ("1.2.0", "1.2.1", False),
        ("1.2.0", "latest", False),
        ("latest", "latest", True),
        ("latest", "1.2.0", False),
    ],
)
def test_same_versions(wanted: str, found: str, *, is_same: bool):
    assert versions.is_same_version(wanted, found) is is_same


def test_versions_and_constraints():
    assert versions.satisfies("1.2.3", "^1.1")
    assert not versions.satisfies("^1.1", "1.2.3")
    assert versions.is_version("v1.2")
    assert not versions.is_strict_version("v1.2")
    assert versions.newest_first(["1.0", "2.0-a", "v1", "2"]) == ["2", "2.0-a", "1.0", "v1"]
    with pytest.raises(GoError):
        versions.newest_first(["1.0", "latest"])
    with pytest.raises(SourceError, match="improper constraint"):
        versions.check_constraint("latest")


@pytest.mark.parametrize(
    ("pattern", "fits", "others"),
    [
        ("*.ini", ["a.ini"], ["x/a.ini", "a.txt"]),
        ("**.ini", ["a.ini", "x/a.ini"], ["a.txt"]),
        ("conf/{a,b}?.[ij]ni", ["conf/a1.ini", "conf/b2.jni"], ["conf/a.ini", "conf/c1.ini"]),
        ("[!a-c]x", ["dx"], ["ax"]),
        ("a\\*", ["a*"], ["ab"]),
        ("[", ["any/thing"], []),
        ("[b-a]", ["any/thing"], []),
        ("[]", ["any/thing"], []),
        ("[!/]", ["a"], ["/", "ab"]),
        ("[a-]", ["any/thing"], []),
        ("[\\]]", ["]"], ["a"]),
        ("a\\", ["a"], ["a\\"]),
        ("a{b,c", ["ab", "ac"], ["a", "a{b,c"]),
        ("a}", ["a}"], ["a"]),
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
