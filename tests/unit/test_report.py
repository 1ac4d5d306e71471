"""Errors and findings as text."""

from pathlib import Path

import pytest

from kmanifest.cli import report
from kmanifest.model.errors import KmanifestError, Location, MissingError
from kmanifest.model.findings import Finding

SOURCE = "namePrefix: a-\nresources:\n- nowhere.yaml\nlabels: []\n"


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "kustomization.yaml").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def error_at(place: Location, **more: object) -> KmanifestError:
    return MissingError("nothing is there", location=place, **more)  # type: ignore[arg-type]


def test_one_line_with_a_path_seen_from_here(directory: Path):
    place = Location(str(directory / "kustomization.yaml"), 3, 3, ("resources", 0))
    text = report.format_error(error_at(place, near=["base"]), terminal=False, colour=False)
    assert text == (
        "error: kustomization.yaml:3:3: resources.0: nothing is there (did you mean base?)\n"
    )


def test_path_elsewhere_stays(directory: Path):
    place = Location(str(directory.parent / "x.yaml"), 1)
    text = report.format_error(error_at(place), terminal=False, colour=False)
    assert text.startswith(f"error: {directory.parent / 'x.yaml'}:1: ")


def test_paths_from_the_root_of_the_tree(directory: Path):
    path = str(directory / "kustomization.yaml").removeprefix("/")
    error = MissingError(f"no such file: {path!r}", location=Location(path, 3, 3))
    text = report.format_error(error, terminal=True, colour=False)
    assert text.startswith(
        "error: kustomization.yaml:3:3: no such file: 'kustomization.yaml'\n  2 | resources:\n"
    )


def test_terminal_shows_the_source(directory: Path):
    place = Location(str(directory / "kustomization.yaml"), 3, 3, ("resources", 0))
    error = error_at(place, near=["base"], trail=[str(directory / "a"), str(directory / "b")])
    assert report.format_error(error, terminal=True, colour=False) == (
        "error: kustomization.yaml:3:3: resources.0: nothing is there\n"
        "  2 | resources:\n"
        "  3 | - nowhere.yaml\n"
        "    |   ^\n"
        "  4 | labels: []\n"
        "in: a -> b\n"
        "help: did you mean base?\n"
    )


def test_colour_changes_nothing_else(directory: Path):
    place = Location(str(directory / "kustomization.yaml"), 1, 1)
    plain = report.format_error(error_at(place, near=["x"]), terminal=True, colour=False)
    painted = report.format_error(error_at(place, near=["x"]), terminal=True, colour=True)
    for code in (report.RED, report.BLUE, report.RESET):
        assert code in painted
        painted = painted.replace(code, "")
    assert painted == plain


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: Secret\nstringData:\n  a: hidden\n",
        "apiVersion: v1\nkind: 'Secret'\nstringData:\n  a: hidden\n",
        "x: y\nsecretGenerator:\n- literals:\n  - a=hidden\n",
        '{"kind": "Secret",\n"kind":\n"stringData": {\n"a": "hidden"}}',
    ],
)
def test_no_secret_is_shown(directory: Path, text: str):
    (directory / "s.yaml").write_text(text)
    shown = report.format_error(
        error_at(Location(str(directory / "s.yaml"), 4, 1)), terminal=True, colour=False
    )
    assert "hidden" not in shown
    field = Location(str(directory / "kustomization.yaml"), 3, 1, ("secretGenerator", 0))
    assert "nowhere.yaml" not in report.format_error(error_at(field), terminal=True, colour=False)


def test_places_without_a_source(directory: Path):
    (directory / "fifo.d").mkdir()
    for place in (Location(), Location("gone.yaml", 3), Location("fifo.d", 1), Location("\0", 1)):
        text = report.format_error(error_at(place), terminal=True, colour=False)
        assert text.count("\n") == 1
    beyond = Location(str(directory / "kustomization.yaml"), 99, 1)
    assert report.format_error(error_at(beyond), terminal=True, colour=False).count("\n") == 1


def test_several_causes(directory: Path):
    causes = [error_at(Location(str(directory / f"{name}.yaml"), 1)) for name in "ab"]
    error = KmanifestError("two faults", causes=causes)
    assert report.format_error(error, terminal=False, colour=False) == (
        "error: a.yaml:1: nothing is there\nerror: b.yaml:1: nothing is there\n"
    )
    assert report.format_error(error, terminal=True, colour=False) == (
        report.format_error(error, terminal=False, colour=False)
    )


def test_what_steers_a_terminal_is_escaped():
    error = KmanifestError("a\x1b[2Jb\nc", location=Location("x\x07.yaml", 1), near=["\x1b]0;"])
    for terminal in (False, True):
        text = report.format_error(error, terminal=terminal, colour=False)
        assert all(line.isprintable() for line in text.splitlines())


def test_findings_are_told_once_and_warnings_are_their_text(capsys: pytest.CaptureFixture[str]):
    warning = Finding("warning", "# Warning: 'bases' is deprecated.")
    problem = Finding("info", "look here", Location("/a.yaml", 2))
    report.print_findings([warning, problem, warning])
    assert capsys.readouterr().err == (
        "# Warning: 'bases' is deprecated.\ninfo: /a.yaml:2: look here\n"
    )


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (MemoryError(), "error: out of memory\n"),
        (RecursionError(), "error: nested too deeply for this interpreter\n"),
        (
            ValueError("a\nb"),
            "error: internal error: ValueError: a\\nb "
            "(please report it with the output of --stack-trace)\n",
        ),
    ],
)
def test_one_line_for_what_should_not_happen(
    error: Exception, line: str, capsys: pytest.CaptureFixture[str]
):
    report.print_error(error)
    assert capsys.readouterr().err == line
