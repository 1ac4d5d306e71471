"""The command as a process: arguments, streams and exit codes."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n"
FAULT = "resources:\n- settings.yaml\n- nowhere.yaml\n"
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs the devices and signals of POSIX")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A directory whose build is one ConfigMap."""
    directory = tmp_path / "app"
    directory.mkdir()
    (directory / "kustomization.yaml").write_text("resources: [settings.yaml]\n")
    (directory / "settings.yaml").write_text(CONFIG_MAP)
    return directory


def command(*arguments: str) -> Sequence[str]:
    return [sys.executable, "-m", "kmanifest", *arguments]


def run(*arguments: str, cwd: Path, **more: Any) -> "subprocess.CompletedProcess[str]":
    settings: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        **more,
    }
    environment = {key: text for key, text in os.environ.items() if "KUSTOMIZE" not in key}
    settings["env"] = {**environment, **more.get("env", {})}
    return subprocess.run(
        command(*arguments), cwd=cwd, text=True, timeout=60, check=False, **settings
    )


def test_good_build_prints_yaml_and_nothing_else(app: Path):
    done = run("build", cwd=app)
    assert (done.returncode, done.stdout, done.stderr) == (0, CONFIG_MAP, "")


def test_flags_may_follow_the_directory(app: Path):
    done = run(
        "build", "app", "--load-restrictor=LoadRestrictionsNone", "-e", "A=b", cwd=app.parent
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, CONFIG_MAP, "")


def test_every_flag_of_the_reference_is_accepted(app: Path):
    flags = (
        "--as-current-user --enable-alpha-plugins --enable-exec --enable-helm -e A --env B=c "
        "--helm-api-versions v1 --helm-api-versions=apps/v1 --helm-command helm --helm-debug "
        "--helm-kube-version 1.34 --load-restrictor LoadRestrictionsRootOnly --mount type=bind "
        "--network=false --network-name bridge --stack-trace --reorder none "
        "--enable-managedby-label=false"
    )
    done = run("build", *flags.split(), ".", cwd=app)
    assert (done.returncode, done.stdout) == (0, CONFIG_MAP)
    assert sorted(line[:22] for line in done.stderr.splitlines()) == [
        "Flag --enable-managedb",
        "Flag --reorder has bee",
        "note: --as-current-use",
        "note: --helm-command i",
    ]


def test_managed_by_label_by_environment(app: Path):
    done = run("build", cwd=app, env={"KUSTOMIZE_ENABLE_MANAGEDBY_LABEL": "on"})
    assert "app.kubernetes.io/managed-by: kustomize-v5.8.2" in done.stdout
    done = run("build", cwd=app, env={"KUSTOMIZE_ENABLE_MANAGEDBY_LABEL": "true"})
    assert done.stdout == CONFIG_MAP


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "--ouput", "x"], "error: unknown flag: --ouput (did you mean --output?)\n"),
        (["build", "-x"], "error: unknown shorthand flag: 'x' in -x\n"),
        (["build", "-o"], "error: flag needs an argument: 'o' in -o\n"),
        (["build", "--env"], "error: flag needs an argument: --env\n"),
        (["build", "a", "b"], "error: specify one directory, got 2: a b\n"),
        (
            ["build", "--load-restrictor", "none"],
            "error: illegal flag value --load-restrictor none; "
            "legal values: LoadRestrictionsRootOnly, LoadRestrictionsNone\n",
        ),
        (
            ["build", "--network=maybe"],
            'error: invalid argument "maybe" for "--network" flag: '
            'strconv.ParseBool: parsing "maybe": invalid syntax\n',
        ),
        (["biuld"], "error: unknown verb: biuld (did you mean build?)\n"),
        (["--output"], "error: unknown flag: --output\n"),
        (["create", "base"], "error: unexpected argument: base\n"),
        (
            ["create", "--resource", "a"],
            "error: unknown flag: --resource (did you mean --resources?)\n",
        ),
        (["cfg", "tre"], "error: unknown verb: cfg tre (did you mean tree?)\n"),
        (["cfg", "count", "a", "b"], "error: specify one directory, got 2\n"),
        (["cfg", "tree", "a", "b"], "error: specify one directory, got 2\n"),
        (
            ["cfg", "tree", "--graph-structure", "owner"],
            "error: illegal flag value --graph-structure owner; legal values: owners, directory\n",
        ),
        (
            ["cfg", "cat", "--style", "Flow"],
            "error: illegal flag value --style Flow; legal values: TaggedStyle, DoubleQuotedStyle, "
            "SingleQuotedStyle, LiteralStyle, FoldedStyle, FlowStyle\n",
        ),
        (["cfg", "grep"], "error: specify a query and at most one directory, got 0\n"),
        (["cfg", "grep", "a>x"], "error: a>x: 'x' is not a quantity\n"),
    ],
)
def test_wrong_usage_is_exit_2(app: Path, arguments: Sequence[str], message: str):
    done = run(*arguments, cwd=app)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "  build       print the resources of a kustomization or chart\n"),
        (["cfg"], "  count  count the resources by kind\n"),
        (["plugins"], "  info   describe a plug-in and the schema of its config\n"),
        (["helm"], "  lint        examine a chart for possible issues\n"),
        (["helm", "repo"], "  index  write the index.yaml of a directory of packaged charts\n"),
        (["helm", "dependency"], "  list    list the dependencies, and which of them are missing"),
        (["helm", "show"], "  kmanifest helm show all|chart|crds|readme|values CHART [flags]\n"),
    ],
)
def test_without_a_verb_the_help_is_shown_as_by_kustomize_and_helm(
    app: Path, arguments: Sequence[str], line: str
):
    done = run(*arguments, cwd=app)
    assert (done.returncode, done.stderr) == (0, "")
    assert line in done.stdout
    assert done.stdout == run(*arguments, "--help", cwd=app).stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["help"],
        ["help", "build"],
        ["build", "-h"],
        ["version", "--help"],
        ["create", "--help"],
        ["help", "cfg"],
        ["cfg", "tree", "--help"],
        ["cfg", "count", "-h"],
        ["cfg", "cat", "-h"],
        ["cfg", "grep", "--help"],
    ],
)
def test_help_goes_to_stdout(app: Path, arguments: Sequence[str]):
    done = run(*arguments, cwd=app)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage:" in done.stdout


def test_flags_have_groups(app: Path):
    sections = run("build", "--help", cwd=app).stdout.split("\n\n")
    groups = {text.partition(":\n")[0]: text for text in sections if "--" in text}
    assert {
        heading: flag
        for heading, flag in (
            ("General flags", "-o, --output string "),
            ("Kustomize flags", "--load-restrictor string "),
            ("Chart flags, for a chart in DIR and for helmCharts", "--seed string "),
            ("Chart flags, only for a chart in DIR", "-f, --values strings "),
            ("Plug-in flags", "--plugin-timeout duration "),
            ("Remote flags", "--offline "),
            ("Global flags", "--color auto|always|never "),
        )
        if flag not in groups[heading]
    } == {}


def test_version(app: Path):
    assert run("version", cwd=app).stdout.startswith("v")
    assert '"kustomize": "v5.8.2"' in run("version", "-o", "json", cwd=app).stdout
    assert run("version", "-o", "xml", cwd=app).returncode == 2


def test_failed_build_is_exit_1_and_one_line(app: Path):
    (app / "kustomization.yaml").write_text(FAULT)
    done = run("build", "app", cwd=app.parent)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: app{os.sep}kustomization.yaml:3")
    assert done.stderr.count("\n") == 1


def test_no_such_directory(app: Path):
    done = run("build", "nowhere", cwd=app)
    assert (done.returncode, done.stdout) == (1, "")
    assert "nowhere" in done.stderr
    assert done.stderr.count("\n") == 1


def test_stack_trace_only_when_asked(app: Path):
    (app / "kustomization.yaml").write_text(FAULT)
    assert "Traceback" not in run("build", cwd=app).stderr
    for arguments in (["--stack-trace", "build"], ["build", "--stack-trace"]):
        done = run(*arguments, cwd=app)
        assert done.returncode == 1
        assert "Traceback" in done.stderr


def test_deprecated_field_warns_once(app: Path):
    (app / "kustomization.yaml").write_text("commonLabels: {a: b}\nresources: [base, other]\n")
    for name in ("base", "other"):
        (app / name).mkdir()
        text = "commonLabels: {c: d}\nresources: [cm.yaml]\n"
        (app / name / "kustomization.yaml").write_text(text)
        (app / name / "cm.yaml").write_text(CONFIG_MAP.replace("settings", name))
    done = run("build", cwd=app)
    assert done.returncode == 0
    assert done.stderr == (
        "# Warning: 'commonLabels' is deprecated. Please use 'labels' instead. "
        "Run 'kustomize edit fix' to update your Kustomization automatically.\n"
    )


def test_what_touches_nothing_is_told_when_asked_and_refused_when_strict(app: Path):
    (app / "kustomization.yaml").write_text(
        "resources: [settings.yaml]\nimages: [{name: x, newTag: b}]\n"
    )
    told = f"app{os.sep}kustomization.yaml:2:11: images.0.name: no image is called 'x'\n"
    for flags, code, output, errors in (
        ([], 0, CONFIG_MAP, ""),
        (["-v"], 0, CONFIG_MAP, f"info: {told}"),
        (["--verbose"], 0, CONFIG_MAP, f"info: {told}"),
        (["--strict"], 1, "", f"error: {told}"),
        (["--strict", "-v"], 1, "", f"error: {told}"),
    ):
        done = run("build", "app", *flags, cwd=app.parent)
        assert (done.returncode, done.stdout, done.stderr) == (code, output, errors)


def test_output_to_a_file(app: Path):
    for arguments in (["-o", "out.yaml"], ["-oout.yaml"], ["--output=out.yaml"]):
        done = run("build", *arguments, cwd=app)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert (app / "out.yaml").read_text() == CONFIG_MAP
        (app / "out.yaml").unlink()


def test_failed_build_leaves_the_old_output(app: Path):
    (app / "out.yaml").write_text("old")
    (app / "kustomization.yaml").write_text(FAULT)
    assert run("build", "-o", "out.yaml", cwd=app).returncode == 1
    assert (app / "out.yaml").read_text() == "old"


@POSIX
def test_output_keeps_links_and_permissions(app: Path):
    (app / "real.yaml").write_text("old")
    (app / "real.yaml").chmod(0o640)
    (app / "link.yaml").symlink_to("real.yaml")
    assert run("build", "-o", "link.yaml", cwd=app).returncode == 0
    assert (app / "link.yaml").is_symlink()
    assert (app / "real.yaml").read_text() == CONFIG_MAP
    assert stat.S_IMODE((app / "real.yaml").stat().st_mode) == 0o640
    assert not list(app.glob(".kmanifest*"))


def test_output_to_a_directory_that_is_not_there(app: Path):
    for path in ("new/", "new/out.yaml"):
        done = run("build", "-o", path, cwd=app)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"error: can't write {path}: ")
        assert not (app / "new").exists()


def test_output_to_an_existing_directory(app: Path):
    (app / "out").mkdir()
    assert run("build", "-o", "out", cwd=app).returncode == 0
    assert [path.name for path in (app / "out").iterdir()] == ["v1_configmap_settings.yaml"]
    assert (app / "out" / "v1_configmap_settings.yaml").read_text() == CONFIG_MAP


def test_nothing_is_written_outside_the_directory(app: Path):
    (app / "out").mkdir()
    text = CONFIG_MAP + "---\n" + CONFIG_MAP.replace("settings", "../../../out-of-here")
    (app / "settings.yaml").write_text(text)
    done = run("build", "-o", "out", cwd=app)
    assert done.returncode == 1
    assert "the name can't be used as a file name" in done.stderr
    assert not list((app / "out").iterdir())
    assert not list(app.parent.glob("out-of-here*"))


@POSIX
def test_full_stdout_is_exit_1(app: Path):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    with full.open("wb") as stream:
        done = run("build", cwd=app, stdout=stream)
    assert done.returncode == 1
    assert done.stderr == "error: can't write to stdout: No space left on device\n"
    done = run("build", "-o", str(full), cwd=app)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


@POSIX
def test_closed_stdout_is_exit_1(app: Path):
    line = " ".join(command("build"))
    done = subprocess.run(
        ["sh", "-c", f"{line} >&-"], cwd=app, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "error: stdout is closed\n")


@POSIX
def test_closed_pipe_is_silent(app: Path):
    read, write = os.pipe()
    os.close(read)
    try:
        done = run("build", cwd=app, stdout=write)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@POSIX
def test_interrupt_is_silent(app: Path):
    pipe = app / "blocks"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        command("build", "-o", "blocks"),
        cwd=app,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"")


@POSIX
def test_stdin_is_not_read(app: Path):
    read, write = os.pipe()
    os.write(write, b"untouched")
    try:
        assert run("build", cwd=app, stdin=read).stdout == CONFIG_MAP
        assert os.read(read, 100) == b"untouched"
    finally:
        os.close(read)
        os.close(write)


@POSIX
def test_locale_and_cwd_do_not_matter(app: Path):
    (app / "settings.yaml").write_text(CONFIG_MAP + "data:\n  é: ü\n", encoding="utf-8")
    outputs = {
        run("build", str(app), cwd=where, env=env, encoding="utf-8").stdout
        for where in (app, Path("/"))
        for env in ({}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "latin-1"})
    }
    assert outputs == {CONFIG_MAP.replace("kind", "data:\n  é: ü\nkind", 1)}
