"""`kmanifest helm lint`: which charts it finds, and what it prints for several charts."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from kmanifest.cli.main import main

CHART = "apiVersion: v2\nname: c\nversion: 1.0.0\n"
INVALID = "apiVersion: v2\nname: c\n"
LINTED = "==> Linting "


def write_charts(root: Path, **charts: str) -> None:
    for name, content in charts.items():
        (root / name / "templates").mkdir(parents=True)
        (root / name / "Chart.yaml").write_text(content)


def linted(output: str) -> list[str]:
    return [line.removeprefix(LINTED) for line in output.splitlines() if line.startswith(LINTED)]


@pytest.fixture(autouse=True)
def _directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_several_charts(capfd: pytest.CaptureFixture[str]):
    write_charts(Path(), good=CHART, bad=INVALID)
    assert main(["helm", "lint", "good", "bad", "none"]) == 1
    output, errors = capfd.readouterr()
    assert linted(output) == ["good", "bad", "none"]
    assert "[INFO] Chart.yaml: icon is recommended" in output
    problem = "stat none/Chart.yaml: no such file or directory"
    assert f"{LINTED}none\nError unable to check Chart.yaml file in chart: {problem}\n\n" in output
    assert errors == "Error: 3 chart(s) linted, 2 chart(s) failed\n"


def test_quiet(capfd: pytest.CaptureFixture[str]):
    write_charts(Path(), good=CHART, bad=INVALID)
    assert main(["helm", "lint", "--quiet", "good"]) == 0
    assert capfd.readouterr() == ("", "")
    assert main(["helm", "lint", "--quiet", "good", "bad"]) == 1
    output, errors = capfd.readouterr()
    assert linted(output) == ["bad"]
    assert "[INFO]" not in output
    assert errors == "Error: 2 chart(s) linted, 1 chart(s) failed\n"


@pytest.mark.skipif(os.name != "posix", reason="needs the links and file names of POSIX")
def test_subcharts_are_in_the_order_of_bytes_and_links_are_not_followed(
    capfd: pytest.CaptureFixture[str],
):
    # U+E000 is after the character that stands for the byte 0xff in Python, and before that byte in UTF-8.
    invalid_name = os.fsdecode(b"\xff")
    write_charts(Path(), a=CHART, other=CHART)
    names = ("\ue000", invalid_name, "B", "x.tgz", "a")
    try:
        write_charts(Path("a/charts"), **dict.fromkeys(names, CHART))
    except OSError:
        pytest.skip("the file system requires UTF-8")
    Path("a/charts/link").symlink_to("../../other")
    main(["helm", "lint", "--with-subcharts", "a"])
    output = os.fsencode(capfd.readouterr().out.replace("\ufffd", invalid_name))
    expected = ["a", "a/charts/B", "a/charts/a", "a/charts/x.tgz", "a/charts/x.tgz"]
    expected += [f"a/charts/{name}" for name in ("\ue000", invalid_name)]
    assert [line for line in output.split(b"\n") if line.startswith(LINTED.encode())] == [
        os.fsencode(LINTED + path) for path in expected
    ]


@pytest.mark.skipif(os.name != "posix", reason="needs the links of POSIX")
def test_subcharts_in_a_linked_directory_are_not_found(capfd: pytest.CaptureFixture[str]):
    write_charts(Path(), a=CHART)
    write_charts(Path("other"), sub=CHART)
    Path("a/charts").symlink_to("../other")
    main(["helm", "lint", "--with-subcharts", "a"])
    assert linted(capfd.readouterr().out) == ["a"]


@pytest.mark.parametrize(("version", "is_too_large"), [("3", True), ("4", False)])
def test_the_size_of_files_in_packages(
    version: str, capfd: pytest.CaptureFixture[str], *, is_too_large: bool
):
    with tarfile.open("c.tgz", "w:gz", compresslevel=1) as archive:
        for name, content in (("c/Chart.yaml", CHART.encode()), ("c/big", bytes(6 << 20))):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    main(["helm", "lint", "--helm-version", version, "c.tgz"])
    message = 'decompressed chart file "c/big" is larger than the maximum file size 5242880'
    assert (message in capfd.readouterr().out) is is_too_large
