"""Flags from the environment and from kmanifest.toml: order, types, locations in errors, and what a project may not set."""

import json
import os
import sys
import tomllib
from pathlib import Path

import jsonschema_rs
import pytest

from kmanifest.cli.flags import GLOBAL_FLAGS, Flag
from kmanifest.cli.main import ROOT
from kmanifest.cli.settings import all_commands, is_settable
from kmanifest.cli.verbs import Command, Group
from tests.commands import Runner

CHART = {
    "Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
    "values.yaml": "x: 1\nz: 1\n",
    "templates/a.yaml": "a: {{ .Release.Name }} {{ .Values.x }} {{ .Values.z }}\n",
}
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs the links of POSIX")


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return directory


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Runner:
    return Runner(capfd)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a chart, and its directory `app` as the current one."""
    (tmp_path / ".git").mkdir()
    write(tmp_path, {f"chart/{name}": text for name, text in CHART.items()})
    (tmp_path / "app").mkdir()
    monkeypatch.chdir(tmp_path / "app")
    monkeypatch.delenv("KMANIFEST_CACHE_DIR")
    return tmp_path


def rendered(text: str) -> str:
    return f"---\n# Source: c/templates/a.yaml\na: {text}\n"


# --- the environment --------------------------------------------------------------------------------------------------


def test_variable_sets_a_flag_and_the_command_line_comes_first(
    project: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KMANIFEST_RELEASE_NAME", "env")
    monkeypatch.setenv("KMANIFEST_SET", "x=2,z=3")
    assert run("build", "../chart").out == rendered("env 2 3")
    assert run("build", "../chart", "--release-name", "flag").out == rendered("flag 2 3")
    # A list replaces the list of the variable.
    assert run("build", "../chart", "--set", "x=4").out == rendered("env 4 1")
    monkeypatch.setenv("KMANIFEST_RELEASE_NAME", "")
    assert run("build", "../chart").out == rendered("release-name 2 3")


def test_variable_of_a_list_is_split_at_commas(
    project: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
):
    write(project, {"a.yaml": "x: a\n", "b.yaml": "z: b\n"})
    monkeypatch.setenv("KMANIFEST_VALUES", "../a.yaml, ../b.yaml")
    assert run("build", "../chart").out == rendered("release-name a b")


def test_variable_of_json_values_is_one_item(
    project: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KMANIFEST_SET_JSON", "x=7,z=[8,9]")
    assert run("build", "../chart").out == rendered("release-name 7 [8 9]")


@pytest.mark.parametrize("text", ["true", "1", "T"])
def test_switch_can_be_set_and_unset(
    project: Path, run: Runner, monkeypatch: pytest.MonkeyPatch, text: str
):
    write(project, {"app/kustomization.yaml": "helmCharts: [{name: c}]\n"})
    assert "--enable-helm" in run("build").err
    monkeypatch.setenv("KMANIFEST_ENABLE_HELM", text)
    assert "--enable-helm" not in run("build").err
    assert "--enable-helm" in run("build", "--enable-helm=false").err


@pytest.mark.parametrize(
    ("variable", "text", "line", "code", "message"),
    [
        (
            "STRICT",
            "maybe",
            "build",
            2,
            'error: invalid argument "maybe" for "--strict" flag: '
            'strconv.ParseBool: parsing "maybe": invalid syntax '
            "(set by KMANIFEST_STRICT)\n",
        ),
        (
            "LOAD_RESTRICTOR",
            "none",
            "build",
            2,
            "error: illegal flag value --load-restrictor none; legal values: "
            "LoadRestrictionsRootOnly, LoadRestrictionsNone (set by KMANIFEST_LOAD_RESTRICTOR)\n",
        ),
        (
            "COLOR",
            "red",
            "version",
            2,
            "error: illegal flag value --color red; legal values: auto, always, never "
            "(set by KMANIFEST_COLOR)\n",
        ),
        (
            "PLUGIN_TIMEOUT",
            "soon",
            "build --enable-alpha-plugins",
            2,
            "error: illegal flag value --plugin-timeout soon; expected seconds "
            "(set by KMANIFEST_PLUGIN_TIMEOUT)\n",
        ),
        (
            "ALLOW_PROTOCOL",
            "ftp",
            "build",
            2,
            "error: illegal flag value --allow-protocol ftp; legal values: https, ssh, oci, http, file "
            "(set by KMANIFEST_ALLOW_PROTOCOL)\n",
        ),
        (
            "NO_CONFIG",
            "maybe",
            "build",
            2,
            'error: invalid value "maybe" of KMANIFEST_NO_CONFIG: expected true or false\n',
        ),
        (
            "HELM_VERSION",
            "5",
            "helm template c",
            1,
            "Error: illegal flag value --helm-version 5; legal values: 3, 4 "
            "(set by KMANIFEST_HELM_VERSION)\n",
        ),
    ],
)
def test_wrong_value_names_the_variable(
    project: Path,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    text: str,
    line: str,
    code: int,
    message: str,
):
    monkeypatch.setenv(f"KMANIFEST_{variable}", text)
    assert run(*line.split()) == (code, "", message)


def test_error_that_the_variable_has_no_part_in_does_not_name_it(
    project: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KMANIFEST_HELM_VERSION", "4")
    monkeypatch.setenv("KMANIFEST_SEED", "x")
    assert run("build", "--helm-versio").err == (
        "error: unknown flag: --helm-versio (did you mean --helm-version?)\n"
    )


def test_variable_selects_the_version_of_helm_and_its_flags(
    project: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
):
    arguments = ("helm", "template", "n", "../chart", "--server-side")
    assert run(*arguments).err.startswith("Error: unknown flag: --server-side")
    monkeypatch.setenv("KMANIFEST_HELM_VERSION", "4")
    assert run(*arguments).out == rendered("n 1 1")


ALL_FLAGS = {
    (*command.path, flag.name): flag
    for command in all_commands(ROOT)
    for flag in (*GLOBAL_FLAGS, *command.flags())
}


def test_every_flag_has_a_variable_but_those_of_one_run():
    without = {
        flag.name for flag in ALL_FLAGS.values() if not (flag.variable_name() or flag.hidden)
    }
    assert without == {"all", "directory", "help", "origin", "version"}


def test_a_variable_has_one_meaning():
    """Flags of the same name that mean something else have variables of their own."""
    meanings: dict[str, set[Flag]] = {}
    for flag in ALL_FLAGS.values():
        if variable := flag.variable_name():
            meanings.setdefault(variable, set()).add(flag)
    several = {variable: flags for variable, flags in meanings.items() if len(flags) > 1}
    # Described differently, or with another default, but the same setting.
    assert sorted(variable.removeprefix("KMANIFEST_") for variable in several) == [
        "CFG_ANNOTATE",
        "CFG_RECURSE_SUBPACKAGES",
        "DEPENDENCY_UPDATE",
        "INCLUDE_CRDS",
        "KUBE_VERSION",
        "NAMESPACE",
        "SET",
        "SET_FILE",
        "SET_JSON",
        "SET_LITERAL",
        "SET_STRING",
        "VALUES",
        "VERIFY",
    ]
    for flags in several.values():
        assert len({(flag.kind, flag.choices, flag.path) for flag in flags}) == 1


# --- the file ---------------------------------------------------------------------------------------------------------


def test_order_of_flag_variable_file_and_default(
    project: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
):
    assert run("build", "../chart").out == rendered("release-name 1 1")
    write(project, {"kmanifest.toml": '[build]\nrelease-name = "file"\nset = ["x=2", "z=2"]\n'})
    assert run("build", "../chart").out == rendered("file 2 2")
    monkeypatch.setenv("KMANIFEST_RELEASE_NAME", "env")
    monkeypatch.setenv("KMANIFEST_SET", "x=3")
    assert run("build", "../chart").out == rendered("env 3 1")
    assert run("build", "../chart", "--release-name=flag", "--set=x=4").out == rendered("flag 4 1")


def test_nearest_file_counts_up_to_the_root_of_the_repository(
    project: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
):
    def name() -> str:
        return run("build", f"{project}/chart").out.split()[5]

    write(project, {"kmanifest.toml": '[build]\nrelease-name = "root"\n'})
    assert name() == "root"
    write(project, {"app/pyproject.toml": '[tool.kmanifest.build]\nrelease-name = "pyproject"\n'})
    assert name() == "pyproject"
    write(project, {"app/kmanifest.toml": '[build]\nrelease-name = "app"\n'})
    assert name() == "app"
    write(project, {"app/inner/.git": "gitdir: elsewhere\n"})
    monkeypatch.chdir(project / "app" / "inner")
    assert name() == "release-name"
    monkeypatch.chdir(project / "app")
    (project / "app" / "kmanifest.toml").unlink()
    write(project, {"app/pyproject.toml": '[project]\nname = "tool.kmanifest"\n'})
    assert name() == "root"


def test_outside_of_a_repository_only_the_current_directory_counts(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
):
    write(tmp_path, {f"app/{name}": text for name, text in CHART.items()})
    write(tmp_path, {"kmanifest.toml": '[build]\nrelease-name = "above"\n'})
    monkeypatch.chdir(tmp_path / "app")
    assert run("build").out == rendered("release-name 1 1")
    write(tmp_path, {"app/kmanifest.toml": '[build]\nrelease-name = "here"\n'})
    assert run("build").out == rendered("here 1 1")


def test_directory_flag_comes_before_the_search(
    project: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
):
    write(project, {"chart/kmanifest.toml": '[build]\nrelease-name = "chart"\nset = ["x=2"]\n'})
    assert run("-C", "../chart", "build").out == rendered("chart 2 1")
    assert run("build", "--directory=../chart").out == rendered("chart 2 1")
    assert Path.cwd() == project / "app"


def test_file_can_be_named_or_left_out(project: Path, run: Runner, monkeypatch: pytest.MonkeyPatch):
    write(project, {"kmanifest.toml": '[build]\nrelease-name = "root"\n'})
    write(project, {"other.toml": '[build]\nrelease-name = "other"\n'})
    assert run("build", "../chart", "--config", "../other.toml").out == rendered("other 1 1")
    assert run("--no-config", "build", "../chart").out == rendered("release-name 1 1")
    monkeypatch.setenv("KMANIFEST_CONFIG", "../other.toml")
    assert run("build", "../chart").out == rendered("other 1 1")
    assert run("build", "../chart", "--no-config").out == rendered("release-name 1 1")
    monkeypatch.setenv("KMANIFEST_NO_CONFIG", "true")
    assert run("build", "../chart").out == rendered("release-name 1 1")
    assert run("build", "../chart", "--no-config=false").out == rendered("other 1 1")
    done = run("build", "--config", "nowhere.toml")
    assert done == (2, "", "error: nowhere.toml: No such file or directory\n")


def test_tables_of_groups_apply_to_their_verbs(project: Path, run: Runner):
    text = """\
seed = "s"
[helm]
set = ["x=1", "z=2"]
debug = true
[helm.template]
set = ["x=3"]
[helm.lint]
strict = true
"""
    write(project, {"kmanifest.toml": text})
    assert run("helm", "template", "n", "../chart").out == rendered("n 3 1")
    assert run("build", "../chart").out == rendered("release-name 1 1")
    assert (
        "1 chart(s) failed"
        in run("helm", "lint", "../chart").err + run("helm", "lint", "../chart").out
    )


def test_numbers_are_taken_where_a_flag_takes_a_duration(project: Path, run: Runner):
    write(
        project,
        {"app/kustomization.yaml": "resources: []\n", "kmanifest.toml": "plugin-timeout = 90\n"},
    )
    assert run("build", "--enable-alpha-plugins").code == 0
    write(project, {"kmanifest.toml": 'plugin-timeout = "1m30s"\n'})
    assert run("build", "--enable-alpha-plugins").code == 0
    write(project, {"kmanifest.toml": 'plugin-timeout = "soon"\n'})
    assert run("build", "--enable-alpha-plugins").err == (
        "error: illegal flag value --plugin-timeout soon; expected seconds "
        f"(set by ..{os.sep}kmanifest.toml:1)\n"
    )


MISTAKES = {
    "near key": ("[build]\nstrct = true\n", "2: build.strct: unknown key (did you mean strict?)"),
    "near table": ("color = 'auto'\n\n[biuld]\n", "3: biuld: unknown key (did you mean build?)"),
    "near verb": ("[helm.tmplate]\n", "1: helm.tmplate: unknown key (did you mean template?)"),
    "other table": ("strict = true\n", "1: strict: unknown key; it belongs to [build] or [helm.lint] or [validate]"),
    "nothing near": ("[version]\nzzz = 1\n", "2: version.zzz: unknown key"),
    "not a setting": ("directory = 'x'\n", "1: directory: unknown key"),
    "dotted": ("build.strict = 1\n", "1: build.strict: expected true or false, got an integer"),
    "quoted": ('["build"]\n"strict" = "x"\n', "2: build.strict: expected true or false, got a string"),
    "inline": ("build = {strict = 1}\n", "build.strict: expected true or false, got an integer"),
    "list": ("[build]\nset = 'a=1'\n", "2: build.set: expected an array of strings, got a string"),
    "item": ("[build]\nset = ['a', 1]\n", "2: build.set: expected an array of strings, got an array with an integer"),
    "string": ("[build]\nrev = 1\n", "2: build.rev: expected a string, got an integer"),
    "date": ("[build]\nrev = 2020-01-01\n", "2: build.rev: expected a string, got a date or time"),
    "table": ("build = true\n", "1: build: expected a table, got a boolean"),
    "choice": ("color = 'red'\n", "1: color: illegal value 'red'; legal values: auto, always, never"),
    "alias": ("[init]\n", "1: init: unknown key (did you mean limits?)"),
    "of another verb": ("[create]\nx = 1\n", "2: create.x: unknown key"),
    "syntax": ("[build\n", "1:7: expected ']' at the end of a table declaration"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_told_with_its_line(project: Path, run: Runner, text: str, message: str):
    write(project, {"kmanifest.toml": text})
    file = f"..{os.sep}kmanifest.toml"
    colon = ":" if message[0].isdigit() else ": "
    assert run("build", "../chart") == (2, "", f"error: {file}{colon}{message}\n")
    write(project, {"app/pyproject.toml": "[project]\nname = 'x'\n"})
    assert run("helm", "version") == (1, "", f"Error: {file}{colon}{message}\n")


def test_mistake_in_pyproject_has_its_line(project: Path, run: Runner):
    write(
        project, {"app/pyproject.toml": "[build]\nstrict = 1\n[tool.kmanifest.build]\nstrict = 1\n"}
    )
    assert run("build", "../chart").err == (
        "error: pyproject.toml:4: build.strict: expected true or false, got an integer\n"
    )


def test_file_that_is_no_text_or_too_large_is_refused(project: Path, run: Runner):
    (project / "kmanifest.toml").write_bytes(b"x = '\xff'\n")
    assert run("build", "../chart").err == f"error: ..{os.sep}kmanifest.toml: is not UTF-8\n"
    (project / "kmanifest.toml").write_bytes(b"#" * (1 << 20) + b"\n")
    assert "has more than 1048576 bytes" in run("build", "../chart").err
    (project / "kmanifest.toml").write_text("x = " + "[" * 100_000)
    assert run("build", "../chart").code == 2


def test_paths_are_relative_to_the_file(project: Path, run: Runner):
    write(project, {"v/x.yaml": "x: file\n", "v/y.txt": "text", "v/z,.txt": "comma"})
    text = '[build]\nvalues = ["v/x.yaml"]\nset-file = ["z=v/y.txt"]\n'
    write(project, {"kmanifest.toml": text})
    assert run("build", "../chart").out == rendered("release-name file text")
    write(project, {"kmanifest.toml": "[build]\nset-file = ['x=v/z\\,.txt,z=v/y.txt']\n"})
    assert run("build", "../chart").out == rendered("release-name comma text")


# --- what a file of the project can't set -----------------------------------------------------------------------------

REFUSED = {
    "plug-ins": "enable-alpha-plugins = true",
    "exec": "enable-exec = true",
    "variables for functions": "env = ['TOKEN']",
    "protocols": "allow-protocol = ['http']",
    "cache": "cache-dir = 'cache'",
    "restrictions": "[build]\nload-restrictor = 'LoadRestrictionsNone'",
    "output": "[build]\noutput = '.git/hooks/pre-commit'",
    "scope": "[localize]\nscope = '.'",
    "output of charts": "[helm.template]\noutput-dir = 'out'",
    "post-renderer": "[helm.template]\npost-renderer = './run'",
    "links": "[helm.template]\nfollow-links = true",
    "repository": "[helm.pull]\nrepo = 'https://example.org'",
    "login": "[helm]\npassword = 'x'",
    "logins of others": "[helm.pull]\npass-credentials = true",
    "authorities": "[helm]\nca-file = 'ca.pem'",
    "keys": "[helm.verify]\nkeyring = 'keys.gpg'",
    "logins of helm": "[helm]\nregistry-config = 'config.json'",
    "fetching": "[helm.template]\ndependency-update = true",
    "local charts": "[helm.package]\nallow-local = ['..']",
    "destination": "[helm.package]\ndestination = '.'",
    "file": "[cfg.cat]\ndest = 'x'",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_project_can_not_widen_what_a_run_may_do(project: Path, run: Runner, text: str):
    write(project, {"kmanifest.toml": f"{text}\n"})
    line = text.count("\n") + 1
    name = text.rsplit("\n", maxsplit=1)[-1].split(" ")[0]
    done = run("build", "../chart")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: ..{os.sep}kmanifest.toml:{line}: ")
    assert "a file of the project can't set this, because it widens what a run may do" in done.err
    assert f"use --{name}, KMANIFEST_" in done.err
    # The user's own choice is honoured.
    assert "widens" not in run("build", "../chart", "--config", "../kmanifest.toml").err


def test_project_can_narrow_what_a_run_may_do(project: Path, run: Runner):
    write(
        project,
        {
            "app/kustomization.yaml": "resources: []\n",
            "kmanifest.toml": "enable-exec = false\noffline = true\n"
            '[build]\nload-restrictor = "LoadRestrictionsRootOnly"\n',
        },
    )
    assert run("build").code == 0


@POSIX
@pytest.mark.parametrize(
    "path", ["../../outside.yaml", "{outside}", "link.yaml", "https://example.org/v.yaml"]
)
def test_project_can_not_name_files_outside_of_it(project: Path, run: Runner, path: str):
    outside = project.parent / "outside.yaml"
    outside.write_text("x: secret\n")
    (project / "app" / "link.yaml").symlink_to(outside)
    path = path.format(outside=outside)
    for key, value in (("values", path), ("set-file", f"x={path}")):
        write(project, {"app/kmanifest.toml": f'[build]\n{key} = ["{value}"]\n'})
        done = run("build", "../chart")
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(
            f"error: kmanifest.toml:2: build.{key}: a file of the project can't name "
        )
    # Without a repository, the directory of the file is the project.
    (project / ".git").rmdir()
    write(project, {"app/kmanifest.toml": '[build]\nvalues = ["../chart/values.yaml"]\n'})
    assert "outside of the project" in run("build", "../chart").err


WORDS = ("enable", "allow", "exec", "dir", "insecure", "password", "output", "plugin", "link")


def test_flags_with_the_names_of_permissions_are_marked():
    """A new flag with such a name has to be looked at."""
    unmarked = {
        flag.name
        for flag in ALL_FLAGS.values()
        if not flag.user_only and not flag.hidden and any(word in flag.name for word in WORDS)
    }
    assert unmarked == {
        "directory",  # no setting
        "enable-helm",  # kmanifest itself renders the charts
        "output",  # of `version`: a format
        "output-format",
        "plugin-allow-list",  # narrows what --enable-exec allows
        "plugin-env",  # plug-ins run only if the user allows it
        "plugin-timeout",
    }


@pytest.mark.parametrize("group", [ROOT, *(verb.load() for verb in ROOT.verbs)])
def test_shared_flags_are_those_of_the_verbs(group: "Command | Group"):
    if not isinstance(group, Group):
        return
    records = {
        name: {
            flag for command in all_commands(group) for flag in command.flags() if flag.name == name
        }
        for name in (flag.name for flag in group.shared_flags())
    }
    common = {flag.name for flag in GLOBAL_FLAGS}
    for flag in group.shared_flags():
        assert flag in records[flag.name] or flag.name in common, flag.name


def test_start_without_settings_imports_nothing_more(project: Path):
    import subprocess

    write(project, {"app/kustomization.yaml": "resources: []\n"})
    code = (
        "import sys; from kmanifest.cli.main import main; main(['build']);"
        "print([m for m in sys.modules if m in ('tomllib', 'kmanifest.cli.settings')])"
    )
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith("KMANIFEST_")
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout == "[]\n"


# --- config show and config schema ------------------------------------------------------------------------------------

SETTINGS = """\
color = "never"
seed = "secret"

[build]
set = ["x=3", 'q="a\\b"']
strict = true

[helm]
namespace = "team"

[helm.lint]
strict = true
"""


def test_settings_are_shown_with_their_origins(
    project: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
):
    write(project, {"kmanifest.toml": SETTINGS})
    monkeypatch.setenv("KMANIFEST_STRICT", "0")
    monkeypatch.setenv("KMANIFEST_ENV", "TOKEN=x,A=b")
    file = f"..{os.sep}kmanifest.toml"
    assert (
        run("config", "show", "--origin").out
        == f"""\
# file: {file}
color = "never"  # {file}:1
env = ["TOKEN=***", "A=b"]  # KMANIFEST_ENV
seed = "***"  # {file}:2

[build]
set = ["x=3", "q=\\"a\\\\b\\""]  # {file}:5
strict = false  # KMANIFEST_STRICT

[helm]
namespace = "team"  # {file}:9

[helm.lint]
strict = true  # {file}:12
"""
    )
    assert (
        run("config", "show", "helm", "lint").out
        == f"""\
# file: {file}
color = "never"
env = ["TOKEN=***", "A=b"]
seed = "***"

[helm]
namespace = "team"

[helm.lint]
strict = true
"""
    )


def test_what_is_shown_is_a_settings_file(project: Path, run: Runner):
    text = SETTINGS.replace("secret", "***")
    write(project, {"kmanifest.toml": text})
    shown = run("config", "show").out
    assert tomllib.loads(shown) == tomllib.loads(text)
    write(project, {"shown.toml": shown})
    assert (
        run("config", "show", "--config", "../shown.toml").out.split("\n")[1:]
        == shown.split("\n")[1:]
    )


def test_defaults_are_shown_on_request(project: Path, run: Runner):
    assert run("config", "show").out == "# file: none\n"
    shown = run("config", "show", "--all", "--origin").out
    assert 'load-restrictor = "LoadRestrictionsRootOnly"  # default\n' in shown
    assert 'plugin-timeout = "60"  # default\n' in shown
    tables = tomllib.loads(shown)
    assert tables["cfg"]["count"]["kind"] is True
    assert set(tables["build"]) >= {"output", "strict", "values"}
    flags = {
        flag.name for command in all_commands(ROOT) for flag in command.flags() if is_settable(flag)
    }
    assert [name for name in sorted(flags) if f"\n{name} = " not in shown] == []


def test_values_that_a_verb_would_refuse_are_errors(
    project: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KMANIFEST_STRICT", "maybe")
    assert run("config", "show").err == (
        'error: invalid argument "maybe" for "--strict" flag: '
        'strconv.ParseBool: parsing "maybe": invalid syntax '
        "(set by KMANIFEST_STRICT)\n"
    )
    monkeypatch.delenv("KMANIFEST_STRICT")
    assert (
        run("config", "show", "buidl").err == "error: unknown verb: buidl (did you mean build?)\n"
    )
    assert run("config", "show", "build", "x").err == "error: unexpected argument: x\n"


def test_schema_and_checks_agree(project: Path, run: Runner):
    text = run("config", "schema").out
    jsonschema_rs.meta.validate(json.loads(text))
    validator = jsonschema_rs.Draft7Validator(json.loads(text))
    assert validator.is_valid(tomllib.loads(SETTINGS))
    for name, (mistake, _) in MISTAKES.items():
        if name != "syntax":
            data = json.loads(json.dumps(tomllib.loads(mistake), default=str))
            # A date has no JSON form but that of a string.
            assert validator.is_valid(data) is (name == "date"), name
    for refused in REFUSED.values():
        assert validator.is_valid(tomllib.loads(refused))
    assert validator.is_valid({"plugin-timeout": 60})


def test_schema_has_every_key(run: Runner):
    schema = json.loads(run("config", "schema").out)
    for command in all_commands(ROOT):
        table = schema
        for name in command.path:
            table = table["properties"][name]
        expected = {flag.name for flag in (*GLOBAL_FLAGS, *command.flags()) if is_settable(flag)}
        assert set(table["properties"]) == expected
