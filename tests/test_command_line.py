"""Flags of all verbs, near names, verbs of kustomize and Helm, and versions in the formats of kustomize and Helm."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from kmanifest.cli import report
from kmanifest.cli.version import HELM_VERSIONS, KUSTOMIZE_VERSION
from kmanifest.engines.helm.dialects.find import find_dialect
from tests.commands import Runner

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n"
DEPRECATED = "commonLabels: {a: b}\nresources: [settings.yaml]\n"
RED = "\x1b[1;31m"
HAS_HELM = pytest.mark.skipif(not shutil.which("helm"), reason="needs helm")
HAS_KUSTOMIZE = pytest.mark.skipif(not shutil.which("kustomize"), reason="needs kustomize")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Runner:
    return Runner(capfd)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a kustomization in `app`."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "kustomization.yaml").write_text("resources: [settings.yaml]\n")
    (tmp_path / "app" / "settings.yaml").write_text(CONFIG_MAP)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "app"


# --- the flags of all verbs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "-C app build",
        "build -C app",
        "build --directory=app .",
        "--directory app build",
        "-Capp build",
        "-qC app build",
        "build -q app",
        "-q build app",
        "--color never build app",
        "build app --color=always",
        "--stack-trace --no-config build app",
        "--load-restrictor=LoadRestrictionsNone build app",
    ],
)
def test_flags_of_all_verbs_come_before_or_after_the_verb(app: Path, run: Runner, line: str):
    assert run(*line.split()) == (0, CONFIG_MAP, "")
    assert Path.cwd() == app.parent


def test_directory_that_can_not_be_entered_is_wrong_usage(app: Path, run: Runner):
    problem = "can't change to the directory nowhere: No such file or directory"
    assert run("-C", "nowhere", "build") == (2, "", f"error: {problem}\n")
    assert run("helm", "-C", "nowhere", "template", "x") == (1, "", f"Error: {problem}\n")


def test_errors_name_files_as_seen_from_the_directory(app: Path, run: Runner):
    (app / "kustomization.yaml").write_text("resources: [nowhere.yaml]\n")
    assert run("-C", "app", "build").err.startswith("error: kustomization.yaml:1:13: ")


def test_quiet_leaves_errors_only(app: Path, run: Runner):
    (app / "kustomization.yaml").write_text(DEPRECATED)
    done = run("build", "app", "--helm-command", "h", "--reorder", "none")
    assert done.err.count("\n") == 3
    assert run("build", "app", "--helm-command", "h", "--reorder", "none", "-q") == done._replace(
        err=""
    )
    assert run("version", "--short", "--quiet").err == ""
    (app / "kustomization.yaml").write_text(DEPRECATED.replace("settings", "nowhere"))
    assert run("-q", "build", "app").err.startswith("error: app")
    # Quiet is a matter of one run.
    (app / "kustomization.yaml").write_text(DEPRECATED)
    assert "commonLabels" in run("build", "app").err


def test_quiet_does_not_hide_what_is_asked_for(app: Path, run: Runner):
    (app / "kustomization.yaml").write_text(
        "resources: [settings.yaml]\nimages: [{name: x, newTag: b}]\n"
    )
    assert run("build", "app", "-q", "-v").err.startswith("info: app")


def test_quiet_of_localize_and_of_charts(app: Path, run: Runner):
    assert run("localize", "app", "copy", "-q").err == ""
    chart = app.parent / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: c, version: 1.0.0, deprecated: true}")
    assert "deprecated" in run("helm", "template", "chart").err
    assert run("helm", "template", "chart", "-q").err == ""


@pytest.mark.parametrize(
    ("arguments", "environment", "is_coloured"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        (["--color=always"], {"NO_COLOR": "1", "TERM": "dumb"}, True),
        ([], {"KMANIFEST_COLOR": "always"}, True),
        (["--color=never"], {"KMANIFEST_COLOR": "always"}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ([], {"FORCE_COLOR": ""}, False),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color=never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(
    app: Path,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    environment: Mapping[str, str],
    is_coloured: bool,
):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    start = f"{RED}error:" if is_coloured else "error:"
    assert run("build", "nowhere", *arguments).err.startswith(f"{start}")
    assert run("build", "a", "b", *arguments).err.startswith(f"{start}")
    assert run("build", "nowhere", *arguments).err.count("\n") == 1


@pytest.mark.parametrize(
    ("terminal", "environment", "is_coloured"),
    [
        (True, {}, True),
        (True, {"TERM": "dumb"}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (False, {}, False),
    ],
)
def test_colour_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
    environment: Mapping[str, str],
    is_coloured: bool,
):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setattr(report, "is_terminal", lambda: terminal)
    assert report.has_colour("auto") is is_coloured


# --- versions ---------------------------------------------------------------------------------------------------------


def test_version_flag_names_kmanifest_first(run: Runner):
    text = run("--version").out
    assert text.startswith("kmanifest ")
    for version in (KUSTOMIZE_VERSION, *HELM_VERSIONS):
        assert version in text
    assert run("build", "--version").out == text
    assert run("cfg", "--version").out == text
    assert run("helm", "--version").out == text


def test_help_is_a_verb_of_every_group(run: Runner):
    for line in ("help", "cfg help", "helm help", "helm repo help"):
        words = line.split()[:-1]
        assert run(*line.split()) == run(*words, "--help") == run("help", *words)
    assert run("helm", "help", "template") == run("helm", "template", "-h")
    assert run("help", "helm", "repo", "index") == run("helm", "repo", "index", "--help")


def test_versions_of_helm_are_those_that_charts_see():
    seen = [find_dialect(major).make_capabilities("", ()).fields()["HelmVersion"] for major in "34"]
    assert [info.fields()["Version"] for info in seen] == list(HELM_VERSIONS)


@pytest.mark.parametrize("arguments", [["version"], ["version", "--short"]])
def test_scripts_find_the_version_of_kustomize(run: Runner, arguments: list[str]):
    """The one match of `kustomize version --short 2>/dev/null | grep -oP 'v[0-9.]+'`, which a Makefile of kserve runs."""
    assert re.findall(r"v[0-9.]+", run(*arguments).out) == [KUSTOMIZE_VERSION]


def test_version_begins_with_that_of_kustomize(run: Runner):
    assert run("version").out.startswith(f"{KUSTOMIZE_VERSION} (kmanifest ")
    versions = json.loads(run("version", "-o", "json").out)
    assert versions["version"] == versions["kustomize"] == KUSTOMIZE_VERSION
    assert versions["helm"] == list(HELM_VERSIONS)
    assert f"version: {KUSTOMIZE_VERSION}\n" in run("version", "-o", "yaml").out
    assert run("version", "-o", "xml").err == (
        "error: illegal flag value --output xml; legal values: yaml, json\n"
    )


@HAS_KUSTOMIZE
def test_short_version_is_that_of_kustomize(run: Runner):
    peer = subprocess.run(
        ["kustomize", "version", "--short"], capture_output=True, text=True, check=True
    )
    assert run("version", "--short") == (0, peer.stdout, peer.stderr)


HELM_VERSION_LINES = {
    "": 'version.BuildInfo{Version:"v3.22.0", GitCommit:"", GitTreeState:"", GoVersion:"go1.26.8"}\n',
    "-c": 'version.BuildInfo{Version:"v3.22.0", GitCommit:"", GitTreeState:"", GoVersion:"go1.26.8"}\n',
    "--client --short": "v3.22.0\n",
    "--short": "v3.22.0\n",
    "--template {{.Version}}": "v3.22.0",
    "--short --template {{.GoVersion|len}}": "8",
    "--template {{.}}": "{v3.22.0   go1.26.8}",
    "--template {{.Nothing}}": "",
    "--template {{.Version|upper}}": "",
    "--template {{.Version": "",
    "x": "",
}


@pytest.mark.parametrize("line", HELM_VERSION_LINES)
def test_version_of_helm(run: Runner, line: str):
    done = run("helm", "version", *line.split())
    assert done.out == HELM_VERSION_LINES[line]
    assert done.code == (0 if done.out else 1)


@HAS_HELM
@pytest.mark.parametrize("line", HELM_VERSION_LINES)
def test_version_of_helm_is_helms(run: Runner, line: str):
    peer = subprocess.run(
        ["helm", "version", *line.split()], capture_output=True, text=True, check=False
    )
    assert run("helm", "version", *line.split()) == (peer.returncode, peer.stdout, peer.stderr)


def test_version_of_helm_4(run: Runner):
    done = run("helm", "version", "--helm-version", "4")
    assert done.out.startswith('version.BuildInfo{Version:"v4.3.1", GitCommit:"", ')
    assert 'KubeClientVersion:"v1.' in done.out


# --- names that do not exist ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("biuld", "unknown verb: biuld (did you mean build?)"),
        ("template chart", "unknown verb: template (did you mean kmanifest helm template?)"),
        ("templat chart", "unknown verb: templat (did you mean kmanifest helm template?)"),
        ("inspect values c", "unknown verb: inspect (did you mean kmanifest helm inspect?)"),
        ("cat app", "unknown verb: cat (did you mean kmanifest cfg cat?)"),
        ("app", "unknown verb: app (did you mean kmanifest build app?)"),
        ("./app", "unknown verb: ./app (did you mean kmanifest build ./app?)"),
        ("c-1.0.tgz", "unknown verb: c-1.0.tgz (did you mean kmanifest helm template c-1.0.tgz?)"),
        ("zzz", "unknown verb: zzz"),
        ("cfg tre", "unknown verb: cfg tre (did you mean tree?)"),
        ("plugins lits", "unknown verb: plugins lits (did you mean list?)"),
        ("plugins new generatr x", "unknown role: generatr (roles: generator, transformer, validator)"),
        ("build --relase-name x", "unknown flag: --relase-name (did you mean --release-name?)"),
        ("build --nam x", "unknown flag: --nam (did you mean --name?)"),
        ("version --shrot", "unknown flag: --shrot (did you mean --short?)"),
        ("cfg tree --iamge", "unknown flag: --iamge (did you mean --image?)"),
        ("cfg --verison", "unknown flag: --verison (did you mean --version?)"),
        ("--verison", "unknown flag: --verison (did you mean --version?)"),
        ("-v", "specify a verb: -v is the flag --verbose of build (--version prints the version)"),
        ("edit set image a=b:c", "unknown verb: edit: use `kustomize edit`"),
        ("fn run", "unknown verb: fn: use `kustomize fn`, or run functions in a build: `kmanifest build --enable-alpha-plugins --enable-exec`"),
        ("cfg fmt app", "unknown verb: cfg fmt: use `kmanifest cfg cat FILE`, which prints fields in the usual order"),
        ("kustomize app", "unknown verb: kustomize: use `kmanifest build DIR`"),
        ("upgrade x", "unknown verb: upgrade: it needs a cluster: use `kmanifest helm template NAME CHART | kubectl apply -f -`, or `helm upgrade`"),
    ],
)  # fmt: skip
def test_near_name_or_what_to_use_instead(app: Path, run: Runner, line: str, message: str):
    (app.parent / "c-1.0.tgz").write_text("")
    assert run(*line.split()) == (2, "", f"error: {message}\n")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("helm templat x", 'unknown command "templat" for "kmanifest helm" (did you mean template?)'),
        ("helm --namespace x templat", 'unknown command "templat" for "kmanifest helm" (did you mean template?)'),
        ("help helm templat", 'unknown command "templat" for "kmanifest helm" (did you mean template?)'),
        ("helm zzz", 'unknown command "zzz" for "kmanifest helm" (commands: dependency, lint, package, pull, repo, show, template, verify, version)'),
        ("helm dep buil", 'unknown command "buil" for "kmanifest helm dependency" (did you mean build?)'),
        ("helm show vales c", 'unknown command "vales" for "kmanifest helm show" (did you mean values?)'),
        ("helm repo indx .", 'unknown command "indx" for "kmanifest helm repo" (did you mean index?)'),
        ("helm repo add a b", 'unknown command "add" for "kmanifest helm repo": kmanifest keeps no list of repositories: use their URLs, or add them with helm, whose list kmanifest reads'),
        ("helm create x", 'unknown command "create" for "kmanifest helm": use `helm create`'),
        ("helm env", 'unknown command "env" for "kmanifest helm": use `helm env`'),
        ("helm plugin list", 'unknown command "plugin" for "kmanifest helm": plug-ins of Helm are not used: `kmanifest plugins list` lists kmanifest\'s'),
        ("helm completion bash", 'unknown command "completion" for "kmanifest helm": use `kmanifest completion`'),
        ("helm install a b", 'unknown command "install" for "kmanifest helm": it needs a cluster: use `kmanifest helm template NAME CHART | kubectl apply -f -`, or `helm install`'),
        ("helm ls", 'unknown command "ls" for "kmanifest helm": it needs a cluster: use `helm ls`'),
        ("helm template --relese-name", "unknown flag: --relese-name (did you mean --release-name?)"),
        ("helm --debgu", "unknown flag: --debgu (did you mean --debug?)"),
    ],
)  # fmt: skip
def test_helm_says_it_with_exit_code_1(app: Path, run: Runner, line: str, message: str):
    assert run(*line.split()) == (1, "", f"Error: {message}\n")


@HAS_HELM
@HAS_KUSTOMIZE
def test_every_verb_of_the_peers_is_there_or_has_an_answer(run: Runner, tmp_path: Path):
    """Verbs that neither run nor have a hint of what to use instead."""
    listed = re.compile(r"^  ([a-z-]+) {2,}\S", re.MULTILINE)
    unanswered = []
    for peer, prefix in (("kustomize", ()), ("kustomize cfg", ("cfg",)), ("helm", ("helm",)), ("helm repo", ("helm", "repo"))):  # fmt: skip
        text = (
            subprocess.run([*peer.split(), "--help"], capture_output=True, text=True, check=True)
            .stdout.partition("Available Commands:")[2]
            .partition("\n\n")[0]
        )
        for verb in listed.findall(text):
            done = run(*prefix, verb, "--help")
            if done.code and not re.search(r": .*(use|uses|used|keeps)", done.err):
                unanswered.append((peer, verb, done.err))
    assert unanswered == []


# --- charts -----------------------------------------------------------------------------------------------------------


def test_release_name_of_a_chart(app: Path, run: Runner):
    chart = app.parent / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: c, version: 1.0.0}")
    (chart / "templates" / "a.yaml").write_text("a: {{ .Release.Name }}\n")
    named = run("build", "chart", "--release-name", "web")
    assert (
        named
        == run("helm", "template", "web", "chart")
        == (0, "---\n# Source: c/templates/a.yaml\na: web\n", "")
    )
    assert run("build", "chart") == run("helm", "template", "chart")
    assert run("build", "chart", "--release-name", "A_b").err.startswith(
        'error: release name "A_b": invalid release name'
    )


def test_the_directory_is_restored_in_a_process_of_its_own(app: Path):
    done = subprocess.run(
        [sys.executable, "-m", "kmanifest", "-C", "app", "build", "-o", "out.yaml"],
        cwd=app.parent,
        check=False,
        env={**os.environ, "KMANIFEST_NO_CONFIG": "1"},
    )
    assert done.returncode == 0
    assert (app / "out.yaml").read_text() == CONFIG_MAP
