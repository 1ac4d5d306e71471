"""Every fixture through the library: the bytes and warnings of its peer, or an error with the right location."""

import pytest

from kmanifest.api import build
from kmanifest.cli.build import COMMAND, build_options
from kmanifest.model.errors import KmanifestError
from tests.cases import Case, find_cases

CASES = find_cases()
RUNS = [case for case in CASES if not case.error.exists()]
ERRORS = [case for case in CASES if case.error.exists()]


def name_of(case: Case) -> str:
    return case.name


@pytest.fixture(autouse=True)
def environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    case = request.node.callspec.params["case"]
    for name, text in case.environment.items():
        monkeypatch.setenv(name, text)


@pytest.mark.parametrize("case", RUNS, ids=name_of)
def test_same_bytes_as_the_peer(case: Case):
    rendered = build(str(case.target), options=build_options(COMMAND.read(case.args)))
    assert rendered.text().encode() == case.expected.read_bytes()
    warnings = case.warnings.read_text(encoding="utf-8") if case.warnings.exists() else ""
    messages = dict.fromkeys(finding.message for finding in rendered.warnings)
    assert "".join(f"{message}\n" for message in messages) == warnings


@pytest.mark.parametrize("case", ERRORS, ids=name_of)
def test_refused_in_the_right_place(case: Case):
    with pytest.raises(KmanifestError) as caught:
        build(str(case.target), options=build_options(COMMAND.read(case.args))).text()
    line = str(caught.value)
    assert "\n" not in line
    for part in case.error.read_text(encoding="utf-8").splitlines():
        assert part in line
