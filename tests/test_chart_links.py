"""Links in charts: the command follows them to other files of the chart's git repository, and nowhere else."""

from pathlib import Path

import pytest

from tests.chart_fixtures import NEEDS_HELM, run_helm
from tests.commands import Runner

FILES = {
    "charts/a/Chart.yaml": "apiVersion: v2\nname: a\nversion: 1.0.0\ndependencies: [{name: common, version: 1.0.0, repository: ''}]\n",
    "charts/a/templates/a.yaml": "kind: A\nmetadata: {name: a}\n",
    "charts/a/charts/.keep": "",
    "charts/b/crds/crd.yaml": "kind: CustomResourceDefinition\nmetadata: {name: d}\n",
    "common/Chart.yaml": "apiVersion: v2\nname: common\nversion: 1.0.0\n",
    "common/templates/c.yaml": "kind: C\nmetadata: {name: c}\n",
    ".git/config": "secret: yes\n",
}
LINKS = {
    "charts/a/charts/common": "../../../common",
    "charts/a/crds": "../b/crds",
}
ARGUMENTS = ("template", "r", "charts/a", "--include-crds")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository"
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    for name, target in LINKS.items():
        (root / name).symlink_to(target)
    (tmp_path / "outside.yaml").write_text("secret: yes\n")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Runner:
    return Runner(capfd)


def test_links_inside_the_repository_are_followed(repository: Path, run: Runner):
    outcome = run("helm", *ARGUMENTS)
    assert outcome.code == 0
    assert "kind: C\n" in outcome.out
    assert "kind: CustomResourceDefinition\n" in outcome.out
    assert f"resolves to {repository}/common. Contents of linked file" in outcome.err
    assert run("helm", "lint", "charts/a").code == 0


@NEEDS_HELM
def test_the_output_is_that_of_helm(repository: Path, run: Runner):
    expected = run_helm(*ARGUMENTS)
    assert run("helm", *ARGUMENTS)[:2] == (expected.code, expected.output)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("../../../../outside.yaml", "'charts/a/templates/z.yaml' is a link that leads out of the tree"),
        ("../../../.git/config", "'charts/a/templates/z.yaml' is a link that leads into .git"),
    ],
)  # fmt: skip
def test_other_links_are_errors(repository: Path, run: Runner, target: str, message: str):
    (repository / "charts/a/templates/z.yaml").symlink_to(target)
    outcome = run("helm", "template", "r", "charts/a")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.splitlines()[-1] == f"Error: {message}"
    assert run("helm", "lint", "charts/a").code == 1


def test_without_a_repository_links_stay_in_the_chart(repository: Path, run: Runner):
    (repository / ".git/config").unlink()
    (repository / ".git").rmdir()
    outcome = run("helm", "template", "r", "charts/a")
    assert (outcome.code, outcome.out) == (1, "")
    assert "is a link that leads out of the tree" in outcome.err


def test_a_home_directory_in_git_is_no_repository_of_charts(
    repository: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOME", str(repository))
    assert run("helm", "template", "r", "charts/a").code == 1
