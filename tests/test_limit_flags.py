"""`--deadline` and `--limits` on the command: formats of the file, errors in it, and the verbs that have the flags."""

from pathlib import Path

import pytest

from tests.commands import Runner

MAPS = "".join(
    f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m{index}}}\n" for index in range(5)
)
ENDLESS = "{{ range until 900000 }}{{ range until 900000 }}{{ repeat 1000 `x` | upper | len }}{{ end }}{{ end }}"


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Runner:
    return Runner(capfd)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kustomization of five objects in `app`, and a chart that takes hours in `chart`."""
    files = {
        "app/kustomization.yaml": "resources: [all.yaml]\n",
        "app/all.yaml": MAPS,
        "chart/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
        "chart/templates/a.yaml": ENDLESS,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "line", ["build chart", "helm template r chart", "helm lint chart"], ids=lambda line: line
)
def test_deadline_ends_a_run(project: Path, run: Runner, line: str):
    result = run(*line.split(), "--deadline", "300ms")
    assert result.code == 1
    assert "the build took longer than 0.3 seconds (deadline)" in result.err + result.out


@pytest.mark.parametrize("text", ["0", "0s", "10m", "1h"])
def test_deadline_that_is_not_reached_changes_nothing(project: Path, run: Runner, text: str):
    assert run("build", "app", "--deadline", text).out == run("build", "app").out


@pytest.mark.parametrize("text", ["", "x", "-1", "1x", "inf"])
def test_deadline_is_a_duration(project: Path, run: Runner, text: str):
    result = run("build", "app", f"--deadline={text}")
    assert result.err == f"error: illegal flag value --deadline {text}; expected seconds\n"
    assert result.code == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("limits.toml", "max_objects = 4\n"),
        ("limits.yaml", "max_objects: 4\n"),
        ("limits.json", '{"max_objects": 4}'),
    ],
)
def test_limits_are_read_from_each_format(project: Path, run: Runner, name: str, text: str):
    (project / name).write_text(text)
    result = run("build", "app", "--limits", name)
    assert "more than 4 objects (max_objects)" in result.err
    assert result.code == 1


def test_limits_of_charts_and_values(project: Path, run: Runner):
    (project / "limits.toml").write_text("max_input_file = 10\nmax_output = 3\n")
    (project / "values.yaml").write_text("a: 12345678\n")
    (project / "chart/templates/a.yaml").write_text("a: 123456")
    line = ("helm", "template", "chart", "--limits", "limits.toml")
    assert "(max_output)" in run(*line).err
    assert (
        "values.yaml has more than 10 bytes (max_input_file)" in run(*line, "-f", "values.yaml").err
    )


def test_deadline_in_the_file_and_on_the_command_line(project: Path, run: Runner):
    (project / "limits.toml").write_text("deadline = 0.00001\n")
    assert "(deadline)" in run("build", "app", "--limits", "limits.toml").err
    assert run("build", "app", "--limits", "limits.toml", "--deadline", "1m").code == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("max_dept = 3", "max_dept: unknown limit (did you mean max_depth?)"),
        ("size = 3", "size: unknown limit; limits are max_input_file, "),
        ("max_depth = 3.0", "max_depth: expected an integer that is not negative, got 3.0"),
        ("max_depth = -3", "max_depth: expected an integer that is not negative, got -3"),
        ("max_depth = true", "max_depth: expected an integer that is not negative, got True"),
        ('deadline = "x"', "deadline: expected seconds or a duration, got 'x'"),
        ("deadline = -1", "deadline: expected seconds or a duration, got -1"),
        ("deadline", "Expected '=' after a key"),
    ],
)
def test_faults_in_the_file(project: Path, run: Runner, text: str, problem: str):
    (project / "limits.toml").write_text(text + "\n")
    result = run("build", "app", "--limits", "limits.toml")
    assert result.err.startswith(f"error: limits.toml: {problem}")
    assert result.err.count("\n") == 1
    assert result.code == 2


@pytest.mark.parametrize(
    ("name", "text"), [("limits.yaml", "- a\n"), ("limits.yaml", "a: [\n"), ("missing.yaml", None)]
)
def test_files_that_are_no_limits(project: Path, run: Runner, name: str, text: str | None):
    if text is not None:
        (project / name).write_text(text)
    result = run("build", "app", "--limits", name)
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert name in result.err


def test_settings_file_of_a_project_may_set_a_deadline_but_no_limits(project: Path, run: Runner):
    (project / "kmanifest.toml").write_text('deadline = "0.01ms"\n')
    assert "(deadline)" in run("build", "app").err
    (project / "kmanifest.toml").write_text('limits = "limits.toml"\n')
    assert "a file of the project can't set this" in run("build", "app").err
