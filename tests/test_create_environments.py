"""`kmanifest create --environments`: the files that it writes build at once, and nothing is overwritten."""

from pathlib import Path

import pytest

from tests.commands import Runner
from tests.test_environments_command import files_below, write

WEB = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 0}}\n"
FILES = ["env", "env/prod.yaml", "kmanifest.yaml", "values.yaml"]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Runner:
    return Runner(capfd)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def test_the_files_build_at_once(place: Path, run: Runner):
    write(place, {"web.yaml": WEB, "note.txt": "no resources here"})
    assert run("create", "--environments", "--namespace", "shop-{env}") == (0, "", "")
    assert files_below(place) == sorted([*FILES, "web.yaml", "note.txt"])
    for env in ("dev", "prod"):
        outcome = run("build", ".", "--environment", env)
        assert (outcome.code, outcome.err) == (0, "")
        assert f"namespace: shop-{env}\n" in outcome.out
    assert run("values", ".", "--all").out == "KEY       dev  prod\nreplicas  1    3\n"


def test_its_comments_are_valid_when_they_are_fields(place: Path, run: Runner):
    write(place, {"web.yaml": WEB})
    assert run("create", "--environments").code == 0
    file = place / "kmanifest.yaml"
    head, comment, replacements = file.read_text().partition("# replacements:")
    file.write_text(head + (comment + replacements).replace("# ", ""))
    assert "replicas: 3" in run("build", "prod").out
    axis = "# region: [eu, us]"
    file.write_text(file.read_text().replace(axis, axis.removeprefix("# ")))
    assert "replicas: 3" in run("build", "prod/us").out


def test_without_resources_the_file_has_none(place: Path, run: Runner):
    assert run("create", "--environments").code == 0
    assert files_below(place) == FILES
    assert run("build", "dev") == (0, "", "")


def test_resources_that_are_named_are_the_only_ones(place: Path, run: Runner):
    write(place, {"web.yaml": WEB, "other.yaml": WEB})
    assert run("create", "--environments", "--resources", "web.yaml").code == 0
    assert "resources:\n- web.yaml\n#" in (place / "kmanifest.yaml").read_text()


@pytest.mark.parametrize("name", ["values.yaml", "env/prod.yaml"])
def test_no_file_is_overwritten(place: Path, run: Runner, name: str):
    write(place, {name: "mine"})
    outcome = run("create", "--environments")
    assert outcome == (1, "", f"error: {name}: the file already exists\n")
    assert (place / name).read_text() == "mine"
    assert not (place / "kmanifest.yaml").exists()


@pytest.mark.parametrize("name", ["kustomization.yaml", "Kustomization", "kmanifest.yaml"])
@pytest.mark.parametrize("arguments", [("--environments",), ()])
def test_one_kustomization_is_enough(
    place: Path, run: Runner, name: str, arguments: tuple[str, ...]
):
    write(place, {name: "mine"})
    outcome = run("create", *arguments)
    assert outcome == (1, "", f"error: {name}: a kustomization file already exists\n")
    assert files_below(place) == [name]
