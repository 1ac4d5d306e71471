"""Exec plug-ins and KRM functions: limits, environment and secrets. The fixtures `exec-*` and `function-*` test the rest."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kmanifest import MemoryTree, Plugin, build, default_registry
from kmanifest.api import network_of
from kmanifest.cli.build import COMMAND, build_options
from kmanifest.cli.main import main
from kmanifest.engines.krm.exec_plugin import split_arguments
from kmanifest.io import runner as runners
from kmanifest.io.runner import Command, ProcessRunner, find_plugin_home
from kmanifest.io.tree import DiskTree, PrefixedTree
from kmanifest.model.errors import (
    KmanifestError,
    LimitError,
    MissingError,
    PluginError,
    SourceError,
)
from kmanifest.model.masking import Secret, is_secret_name
from kmanifest.pipeline.options import ExecPluginOptions, Options

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the executables are shell scripts")

FUNCTION = """\
apiVersion: example.com/v1
kind: Maker
metadata:
  name: made
  annotations:
    config.kubernetes.io/function: |
      exec: {path: ./maker.sh}
"""
LIST = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: made}\n"
PRINT_LIST = f"#!/bin/sh\ncat <<'END'\n{LIST}END\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if text.startswith("#!"):
        path.chmod(0o755)
    return path


def options(**settings) -> Options:
    return Options(enable_plugins=True, allow_exec=True, exec_plugins=ExecPluginOptions(**settings))


@pytest.fixture
def project(tmp_path):
    write(tmp_path / "kustomization.yaml", "generators: [maker.yaml]\n")
    write(tmp_path / "maker.yaml", FUNCTION)
    write(tmp_path / "maker.sh", PRINT_LIST)
    return tmp_path


def runner(root: Path, **settings) -> ProcessRunner:
    return ProcessRunner(str(root), environment={"PATH": os.environ["PATH"]}, **settings)


# --- permissions and errors


def test_function_runs(project):
    assert build(str(project), options=options()).resources[0].name == "made"


@pytest.mark.parametrize(
    ("build_options", "message"),
    [
        (Options(), "external plugins disabled"),
        (Options(allow_exec=True), "external plugins disabled"),
        (Options(enable_plugins=True), "--enable-exec"),
    ],
)
def test_functions_run_only_if_allowed(project, build_options, message):
    write(project / "maker.sh", "#!/bin/sh\ntouch ran\n")
    with pytest.raises(PluginError, match=message):
        build(str(project), options=build_options)
    assert not (project / "ran").exists()


@pytest.mark.parametrize("path", ["../outside.sh", "{root}/outside.sh", "./link.sh", "outside.sh"])
def test_functions_anywhere(project, path, monkeypatch):
    write(project / "outside.sh", PRINT_LIST)
    inner = project / "inner"
    write(inner / "kustomization.yaml", "generators: [maker.yaml]\n")
    write(inner / "maker.yaml", FUNCTION.replace("./maker.sh", path.format(root=project)))
    (inner / "link.sh").symlink_to(project / "outside.sh")
    monkeypatch.setenv("PATH", f"{project}:{os.environ['PATH']}")
    assert build(str(inner), options=options()).resources[0].name == "made"
    with pytest.raises(PluginError, match=r"not among the trusted ones \(plugin-allow-list\)"):
        build(str(inner), options=options(digests=frozenset(["0" * 64])))
    digest = hashlib.sha256(PRINT_LIST.encode()).hexdigest()
    built = build(str(inner), options=options(digests=frozenset([digest])))
    assert built.resources[0].name == "made"


@pytest.mark.parametrize(
    ("path", "search_path", "message"),
    [
        ("ksop", "bin", "ksop is not on PATH (did you mean ksops?)"),
        ("maker.sh", "bin", "maker.sh is not on PATH; the file in the directory of the kustomization is ./maker.sh"),
        ("plain", "bin", "plain is not on PATH"),
        ("ksops", "", "ksops is not on PATH"),
        ("ksops", "nowhere", "ksops is not on PATH"),
        ("./makr.sh", "bin", "no such file or directory: './makr.sh' (did you mean ./maker.sh?)"),
        ("../makr.sh", "bin", "no such file or directory: '../makr.sh'"),
        ("/nowhere/at/all", "bin", "no such file or directory: '/nowhere/at/all'"),
        ("./bin", "bin", "unexecutable function at: ./bin"),
    ],
)  # fmt: skip
def test_functions_that_are_not_found(project, path, search_path, message, monkeypatch):
    write(project / "bin/ksops", PRINT_LIST)
    write(project / "bin/plain", "not executable")
    write(project / "maker.yaml", FUNCTION.replace("./maker.sh", path))
    monkeypatch.setenv("PATH", str(project / search_path) if search_path else "")
    with pytest.raises(KmanifestError) as excinfo:
        build(str(project), options=options())
    assert str(excinfo.value).endswith(f"maker.yaml:1:1: {message}")


@pytest.mark.parametrize("search_path", [".", "", "bin"])
def test_executables_of_the_current_directory_are_not_found_by_name(
    project, search_path, monkeypatch
):
    write(project / "ksops", PRINT_LIST)
    write(project / "bin/ksops", PRINT_LIST)
    write(project / "maker.yaml", FUNCTION.replace("./maker.sh", "ksops"))
    monkeypatch.chdir(project)
    monkeypatch.setenv("PATH", f"{search_path}:/usr/bin")
    with pytest.raises(PluginError, match="relative to the current directory"):
        build(str(project), options=options())


def test_a_runner_without_names(project):
    class Fake:
        def kind(self, path):
            return "executable"

        def run(self, program):
            return LIST.encode()

    files = {
        "kustomization.yaml": "generators: [maker.yaml]",
        "maker.yaml": FUNCTION.replace("./maker.sh", "maker"),
    }
    with pytest.raises(PluginError, match="does not find executables by name"):
        build(tree=MemoryTree(files), options=options(), runner=Fake())


def test_functions_of_remote_configs_are_not_run(project):
    class Remote:
        def file(self, url):
            return url

        def repository(self, repository):
            raise AssertionError(repository)

        def tree_of(self, path):
            return (
                PrefixedTree(MemoryTree({"f.yaml": FUNCTION}), "https://example.com")
                if "://" in path
                else None
            )

    write(project / "maker.sh", "#!/bin/sh\ntouch ran\n")
    write(project / "kustomization.yaml", "generators: ['https://example.com/f.yaml']\n")
    with pytest.raises(PluginError, match=r"its config comes from https://example\.com/f\.yaml"):
        build(str(project), options=options(), remote=Remote())
    assert not (project / "ran").exists()


def test_variables_of_a_config_with_trusted_executables(project):
    digest = hashlib.sha256(PRINT_LIST.encode()).hexdigest()
    write(project / "maker.yaml", FUNCTION.replace("maker.sh}", "maker.sh, envs: [LD_PRELOAD=./evil.so]}"))  # fmt: skip
    assert build(str(project), options=options()).resources[0].name == "made"
    with pytest.raises(PluginError, match="--plugin-allow-list: pass variables with --env"):
        build(str(project), options=options(digests=frozenset([digest])))


def test_hints_for_disabled_plugins(project):
    def message(**settings) -> str:
        registry = default_registry().with_plugins(
            [Plugin("generator", "example.com/v1/Makers", len)]
        )
        with pytest.raises(PluginError) as excinfo:
            build(str(project), options=Options(**settings), registry=registry)
        return excinfo.value.message + str(excinfo.value.near)

    start = "external plugins disabled; unable to load external plugin example.com/v1/Maker"
    both = "--enable-alpha-plugins and --enable-exec"
    assert message() == f"{start} (enabled by {both})('Makers',)"
    write(project / "maker.yaml", "apiVersion: example.com/v1\nkind: Maker\nmetadata: {name: m}\n")
    assert message() == f"{start} (enabled by --enable-alpha-plugins)('Makers',)"
    with pytest.raises(MissingError, match=r"there is no plug-in home.*did you mean Makers"):
        message(enable_plugins=True)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("container: {image: example.com/f:v1}", "is a container, and containers are not run"),
        ("exec: {path: ./maker.sh, shell: yes}", "unknown field of a function: exec.shell"),
        ("starlark: {path: f.star}", "unknown field of a function: starlark"),
        ("deferFailure: true", "needs `exec` with a `path`"),
        ("{deferFailure: 'true', exec: {path: ./maker.sh}}", "is true or false, got string"),
        ("{deferFailure: 1, exec: {path: ./maker.sh}}", "is true or false, got integer"),
        ("exec: {path: ./maker.yaml}", "unexecutable function"),
        ("exec: {path: ./nothing.sh}", "nothing.sh"),
    ],
)
def test_functions_that_are_refused(project, spec, message):
    write(project / "maker.yaml", FUNCTION.replace("exec: {path: ./maker.sh}", spec))
    with pytest.raises(KmanifestError, match=message) as excinfo:
        build(str(project), options=options())
    assert excinfo.value.location.file.endswith("maker.yaml")


def test_build_in_memory_has_no_runner():
    files = {
        "kustomization.yaml": "generators: [maker.yaml]",
        "maker.yaml": FUNCTION,
        "maker.sh": PRINT_LIST,
    }
    with pytest.raises(PluginError, match="needs files on disk"):
        build(tree=MemoryTree(files), options=options())


def test_runner_of_the_caller():
    class Fake:
        def kind(self, path):
            return "executable"

        def run(self, program):
            assert program.path == "maker.sh"
            return LIST.encode()

    files = {
        "kustomization.yaml": "generators: [maker.yaml]",
        "maker.yaml": FUNCTION,
        "maker.sh": "",
    }
    built = build(tree=MemoryTree(files), options=options(), runner=Fake())
    assert [resource.name for resource in built.resources] == ["made"]


def test_validator_without_changes(tmp_path):
    write(tmp_path / "kustomization.yaml", "resources: [map.yaml]\nvalidators: [judge.yaml]\n")
    write(tmp_path / "map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\n")
    write(tmp_path / "judge.yaml", "apiVersion: example.com/v1\nkind: Judge\nmetadata: {name: j}\n")
    write(tmp_path / "home/example.com/v1/judge/Judge", "#!/bin/sh\ncat\n")
    built = build(str(tmp_path), options=options(home=str(tmp_path / "home")))
    assert [resource.name for resource in built.resources] == ["map"]


def test_results_are_findings(project):
    results = (
        "results:\n- {message: too big, severity: warning, field: {path: spec.size},"
        " resourceRef: {kind: ConfigMap, name: made}}\n- message: seen\n"
    )
    write(project / "maker.sh", f"#!/bin/sh\ncat <<'END'\n{LIST}{results}END\n")
    findings = build(str(project), options=options()).findings
    assert [(each.severity, each.message) for each in findings] == [
        ("warning", "./maker.sh: ConfigMap/made: spec.size: too big"),
        ("info", "./maker.sh: seen"),
    ]


# --- legacy exec plug-ins


def test_path_parts_contain_no_separator(tmp_path):
    write(tmp_path / "kustomization.yaml", "generators: [maker.yaml]\n")
    config = "apiVersion: ../../outside/v1\nkind: evil.sh\nmetadata: {name: x}\n"
    write(tmp_path / "maker.yaml", config)
    write(tmp_path / "outside/v1/evil.sh/evil.sh", "#!/bin/sh\ntouch ran\n")
    (tmp_path / "home/a").mkdir(parents=True)
    with pytest.raises(KmanifestError):
        build(str(tmp_path), options=options(home=str(tmp_path / "home/a")))
    assert not (tmp_path / "ran").exists()


def test_go_plugin_and_missing_plugin(tmp_path):
    write(tmp_path / "kustomization.yaml", "generators: [maker.yaml]\n")
    write(tmp_path / "maker.yaml", "apiVersion: example.com/v1\nkind: Maker\nmetadata: {name: x}\n")
    build_options = options(home=str(tmp_path / "home"))
    with pytest.raises(MissingError, match="an executable is expected at"):
        build(str(tmp_path), options=build_options)
    write(tmp_path / "home/example.com/v1/maker/Maker.so", "")
    with pytest.raises(PluginError, match="Go plug-ins can't be loaded"):
        build(str(tmp_path), options=build_options)
    with pytest.raises(MissingError, match="KUSTOMIZE_PLUGIN_HOME"):
        build(str(tmp_path), options=options())


def test_plugin_home(tmp_path):
    directories = {
        "KUSTOMIZE_PLUGIN_HOME": tmp_path / "own",
        "XDG_CONFIG_HOME": tmp_path / "xdg",
        "HOME": tmp_path / "me",
    }
    environment = {name: str(path) for name, path in directories.items()}
    expected = [
        tmp_path / "me/kustomize/plugin",
        tmp_path / "me/.config/kustomize/plugin",
        tmp_path / "xdg/kustomize/plugin",
        tmp_path / "own",
    ]
    assert find_plugin_home(environment) == ""
    for path in expected:
        path.mkdir(parents=True)
        assert find_plugin_home(environment) == str(path)


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("", []),
        ("  one\ttwo ", ["one", "two"]),
        ("'one two' three\\ four", ["one two", "three four"]),
        ('"a \\" b" \'c \\ d\'', ['a " b', "c \\ d"]),
        ("a#b c", ["a"]),
        ("a '#' # comment", ["a", "#"]),
        ("'' a", ["a"]),
    ],
)
def test_arguments_on_one_line(line, arguments):
    assert split_arguments(line) == arguments


def test_unclosed_quote():
    with pytest.raises(SourceError, match="unclosed quote"):
        split_arguments("a 'b")


# --- the runner


def test_environment_is_small(tmp_path, monkeypatch):
    write(tmp_path / "p.sh", "#!/bin/sh\nenv\n")
    environment = {"PATH": os.environ["PATH"], "SOPS_KEY": "1", "AWS_ID": "2", "OTHER": "3"}

    def passed_names(*passed: str) -> set[str]:
        process_runner = ProcessRunner(
            str(tmp_path), environment=environment, pass_variables=passed
        )
        lines = (
            process_runner.run(Command("p.sh", environment=(("OWN", "4"),))).decode().splitlines()
        )
        return {line.partition("=")[0] for line in lines} - {"PWD", "SHLVL", "_", "OLDPWD"}

    assert passed_names() == {"PATH", "OWN"}
    assert passed_names("SOPS_*", "AWS_ID") == {"PATH", "OWN", "SOPS_KEY", "AWS_ID"}
    assert passed_names("inherit") == {"PATH", "OWN", "SOPS_KEY", "AWS_ID", "OTHER"}


def test_config_is_in_a_temporary_file_that_is_removed(tmp_path):
    write(
        tmp_path / "p.sh",
        '#!/bin/sh\necho "$1 $2"; stat -c %a "$1" 2>/dev/null || stat -f %Lp "$1"; cat "$1"\n',
    )
    output = runner(tmp_path).run(Command("p.sh", ("more",), config=b"kind: X\n")).decode()
    first, mode, content = output.splitlines()
    path, argument = first.split()
    assert (argument, mode, content) == ("more", "600", "kind: X")
    assert os.path.basename(path).startswith("kust-plugin-config-")
    assert not os.path.exists(path)


def test_large_input_and_output(tmp_path):
    write(tmp_path / "p.sh", "#!/bin/sh\ncat; echo noise >&2\n")
    text = b"x" * 3_000_000
    assert runner(tmp_path).run(Command("p.sh", stdin=text)) == text


def test_executable_that_does_not_read_stdin(tmp_path):
    write(tmp_path / "p.sh", "#!/bin/sh\necho done\n")
    assert runner(tmp_path).run(Command("p.sh", stdin=b"x" * 3_000_000)) == b"done\n"


def test_an_exceeded_limit_names_the_executable_and_quotes_its_stderr(tmp_path):
    write(tmp_path / "p.sh", "#!/bin/sh\necho waiting for the vault >&2\nsleep 600\n")
    message = r"^/.*/p\.sh: the process took longer than 0\.5 seconds \(plugin-timeout\): waiting for the vault$"
    with pytest.raises(LimitError, match=message):
        runner(tmp_path, timeout=0.5).run(Command("p.sh"))


@pytest.mark.parametrize("script", ["sleep 600", "trap '' TERM; sleep 600 & wait; sleep 600"])
def test_time_limit(tmp_path, script):
    write(tmp_path / "p.sh", f"#!/bin/sh\n{script}\n")
    start = time.monotonic()
    with pytest.raises(LimitError, match=r"longer than 0\.2 seconds"):
        runner(tmp_path, timeout=0.2).run(Command("p.sh"))
    assert time.monotonic() - start < 30


def test_output_limit(tmp_path):
    write(tmp_path / "p.sh", "#!/bin/sh\nyes\n")
    with pytest.raises(LimitError, match="printed more than 1000 bytes"):
        runner(tmp_path, max_output=1000).run(Command("p.sh"))


def test_child_processes_are_ended(tmp_path):
    write(tmp_path / "p.sh", "#!/bin/sh\nsleep 600 &\necho $!\n")
    child = int(runner(tmp_path).run(Command("p.sh")))
    deadline = time.monotonic() + 10
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def test_failure_quotes_stderr_and_names_the_environment(tmp_path):
    write(
        tmp_path / "p.sh",
        "#!/bin/sh\necho partial\necho 'no vault; api_key: abc, PASSWORD=def' >&2\nexit 7\n",
    )
    with pytest.raises(PluginError) as excinfo:
        runner(tmp_path).run(Command("p.sh"))
    message = excinfo.value.message
    assert "exit status 7: no vault; api_key: ***, PASSWORD=***" in message
    assert message.endswith("(environment: PATH; --plugin-env NAME passes on more)")
    assert "partial" not in message


def test_killed_executable(tmp_path):
    write(tmp_path / "p.sh", "#!/bin/sh\nkill -9 $$\n")
    with pytest.raises(PluginError, match="ended by SIGKILL"):
        runner(tmp_path).run(Command("p.sh"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"#!/no/such/interpreter -x\n", "there is no /no/such/interpreter, the interpreter in its first line"),
        (b"echo", "it is neither a script with an interpreter in its first line"),
        (b"\x7fELF\x02\x01", "it is neither a script"),
    ],
)  # fmt: skip
def test_executables_that_cant_be_started(tmp_path, content, message):
    (tmp_path / "p").write_bytes(content)
    (tmp_path / "p").chmod(0o755)
    with pytest.raises(PluginError) as excinfo:
        runner(tmp_path).run(Command("p"))
    assert excinfo.value.message.startswith(f"{tmp_path}/p can't be started: {message}")


def test_working_directory_that_does_not_exist(tmp_path):
    write(tmp_path / "p.sh", "#!/bin/sh\n")
    with pytest.raises(PluginError, match=r"there is no directory .*/gone"):
        runner(tmp_path).run(Command("p.sh", directory="gone"))


def test_temporary_directory_that_does_not_exist(tmp_path, monkeypatch):
    write(tmp_path / "p.sh", "#!/bin/sh\n")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(PluginError, match="can't be written to a temporary file"):
        runner(tmp_path).run(Command("p.sh", config=b"x"))
    with pytest.raises(PluginError, match="can't be written to a temporary file"):
        runner(tmp_path, digests=frozenset()).run(Command("p.sh"))


def test_interpreter_with_a_carriage_return(tmp_path):
    path = tmp_path / "p.sh"
    path.write_bytes(b"#!/bin/sh\r\necho\r\n")
    path.chmod(0o755)
    with pytest.raises(PluginError, match="ends with CRLF"):
        runner(tmp_path).run(Command("p.sh"))


def test_only_trusted_executables(tmp_path):
    path = write(tmp_path / "p.sh", "#!/bin/sh\necho yes\n")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert runner(tmp_path, digests=frozenset([digest])).run(Command("p.sh")) == b"yes\n"
    with pytest.raises(PluginError, match=r"not among the trusted ones \(plugin-allow-list\)"):
        runner(tmp_path, digests=frozenset(["0" * 64])).run(Command("p.sh"))


def test_what_runs_is_what_was_compared(tmp_path, monkeypatch):
    modes = "stat -c %a $0 $(dirname $0) 2>/dev/null || stat -f %Lp $0 $(dirname $0)"
    path = write(tmp_path / "p.sh", f"#!/bin/sh\necho $(basename $0) $({modes})\n")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    start_process = runners.start_process

    def exchange_and_start(arguments, **settings):
        path.write_text("#!/bin/sh\necho evil\n", encoding="utf-8")
        (tmp_path / "other.sh").write_text("#!/bin/sh\necho evil\n", encoding="utf-8")
        os.replace(tmp_path / "other.sh", path)
        return start_process(arguments, **settings)

    monkeypatch.setattr(runners, "start_process", exchange_and_start)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    output = runner(tmp_path, digests=frozenset([digest])).run(Command("p.sh"))
    assert output == b"p.sh 500 700\n"
    assert os.listdir(tmp_path / "temporary") == []
    with pytest.raises(PluginError, match=r"not among the trusted ones \(plugin-allow-list\)"):
        runner(tmp_path, digests=frozenset([digest])).run(Command("p.sh"))
    assert os.listdir(tmp_path / "temporary") == []


def test_trusted_executables_are_regular_files_of_bounded_size(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    trusting = runner(tmp_path, digests=frozenset())
    with pytest.raises(PluginError, match="is not a regular file"):
        trusting.run(Command("pipe"))
    with pytest.raises(PluginError, match="gone can't be read: No such file"):
        trusting.run(Command("gone"))
    monkeypatch.setattr("kmanifest.io.executables._MAX_SIZE", 10)
    write(tmp_path / "p.sh", "#!/bin/sh\n#")
    with pytest.raises(LimitError, match="more than 10 bytes"):
        trusting.run(Command("p.sh"))


def test_descriptors_are_closed(tmp_path):
    if sys.platform != "linux":
        pytest.skip("the test counts descriptors in /proc")
    write(tmp_path / "p.sh", "#!/bin/sh\nexit 1\n")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with pytest.raises(PluginError):
            runner(tmp_path).run(Command("p.sh", stdin=b"x"))
    assert len(os.listdir("/proc/self/fd")) == before


# --- secrets

CANARY = "c4n4ry/with+more?<&>~"
ACCOUNT = json.dumps({"id": 1, "key": "-----BEGIN-----\nline-of-the-key\n", "more": ["deep-part"]})
SECRET_FORMS = {
    CANARY,
    base64.b64encode(CANARY.encode()).decode().rstrip("="),
    base64.urlsafe_b64encode(CANARY.encode()).decode().rstrip("="),
    base64.b64encode(f"user:{CANARY}".encode()).decode()[8:-4],
    json.dumps(CANARY)[1:-1],
    "line-of-the-key",
    "deep-part",
}
PRINT_SECRETS = f"""\
cat <<'END'
{CANARY} x{CANARY}y {base64.b64encode(CANARY.encode()).decode()}
user:{base64.b64encode(f"user:{CANARY}".encode()).decode()}
{base64.urlsafe_b64encode(CANARY.encode()).decode().rstrip("=")}
{json.dumps({"text": CANARY, "inner": json.loads(ACCOUNT)})}
only this: line-of-the-key, deep-part; ab is short
END
"""
SECRETS = (Secret(CANARY), Secret(ACCOUNT), Secret("ab"))


def assert_chain_is_masked(error: BaseException) -> None:
    """Check the messages of all errors that a reporter finds from this one, also of suppressed contexts (audit, L5)."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        current = pending.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        assert [form for form in SECRET_FORMS if form in str(current)] == []
        pending += [current.__cause__, current.__context__]


def assert_masked(text: str) -> None:
    assert [form for form in SECRET_FORMS if form in text] == []
    assert "***" in text


@pytest.mark.parametrize("role", ["generators", "transformers", "validators"])
def test_errors_of_failed_executables_mask_secrets(project, role):
    write(project / "kustomization.yaml", f"{role}: [maker.yaml]\n")
    write(project / "maker.sh", f"#!/bin/sh\n( {PRINT_SECRETS}) >&2\nexit 3\n")
    with pytest.raises(PluginError, match="exit status 3") as excinfo:
        build(str(project), options=options(secrets=SECRETS))
    assert_masked(str(excinfo.value))
    assert_chain_is_masked(excinfo.value)
    assert "ab is short" in str(excinfo.value)


@pytest.mark.parametrize(
    ("printed", "message"),
    [
        (f"kind: A\nmetadata: *{'deep-part'}\n", "printed no resources"),
        (f"kind: A\nmetadata: {{name: x, annotations: {{{'kustomize.config.k8s.io/needs-hash'}: deep-part}}}}\n", "neither true nor false"),
    ],
)  # fmt: skip
def test_errors_about_the_output_mask_secrets(project, printed, message):
    write(project / "maker.sh", f"#!/bin/sh\ncat <<'END'\n{printed}END\n")
    with pytest.raises(KmanifestError, match=message) as plain:
        build(str(project), options=options())
    with pytest.raises(KmanifestError, match=message) as excinfo:
        build(str(project), options=options(secrets=SECRETS))
    assert "deep-part" in str(plain.value)
    assert_masked(str(excinfo.value))
    assert_chain_is_masked(excinfo.value)
    assert str(excinfo.value.location) == str(plain.value.location)


def test_error_for_a_duplicate_object_masks_secrets(project):
    write(project / "kustomization.yaml", "transformers: [maker.yaml]\n")
    one = "{apiVersion: v1, kind: A, metadata: {name: deep-part}}"
    write(project / "maker.sh", f"#!/bin/sh\nprintf '%s' '{one}'\necho\necho ---\necho '{one}'\n")
    with pytest.raises(PluginError, match="twice") as excinfo:
        build(str(project), options=options(secrets=SECRETS))
    assert_masked(str(excinfo.value))
    assert_chain_is_masked(excinfo.value)


def test_results_mask_secrets(project):
    result = {"message": f"{CANARY} ab", "severity": "warning", "file": {"path": f"/x/{CANARY}"}}
    results = json.dumps([result, {"message": "x", "field": {"path": "a.deep-part"}}])
    write(project / "maker.sh", f"#!/bin/sh\ncat <<'END'\n{LIST}results: {results}\nEND\n")
    findings = build(str(project), options=options(secrets=SECRETS)).findings
    assert [finding.message for finding in findings] == [
        "./maker.sh: *** ab",
        "./maker.sh: a.***: x",
    ]
    assert_masked(repr(findings))


def test_options_mask_secrets():
    build_options = options(secrets=SECRETS)
    assert_masked(repr(build_options))
    assert_masked(f"{build_options} {build_options.exec_plugins.secrets[0]}")


def test_secret_cut_at_the_end_of_the_kept_output(tmp_path):
    write(tmp_path / "p.sh", f"#!/bin/sh\nyes '{CANARY} {CANARY}' | head -c 300000 >&2\nexit 1\n")
    with pytest.raises(PluginError) as excinfo:
        runner(tmp_path, secrets=SECRETS).run(Command("p.sh"))
    assert "c4n" not in excinfo.value.message
    assert excinfo.value.message.count("*** ***") > 1000


def test_long_stderr_is_masked_quickly(tmp_path):
    write(tmp_path / "p.sh", "#!/bin/sh\nyes token | head -c 65000 | tr -d '\\n' >&2\nexit 1\n")
    start = time.process_time()
    with pytest.raises(PluginError):
        runner(tmp_path, secrets=SECRETS).run(Command("p.sh"))
    assert time.process_time() - start < 5


def test_command_masks_the_variables_that_it_passes_on(project, monkeypatch, capsys):
    monkeypatch.setenv("VAULT_TOKEN", CANARY)
    monkeypatch.setenv("VAULT_ACCOUNT_KEY", ACCOUNT)
    monkeypatch.setenv("VAULT_ADDRESS", "vault.example.com")
    monkeypatch.setenv("OTHER_TOKEN", "not-passed-on")
    write(
        project / "maker.sh",
        '#!/bin/sh\n( echo "$VAULT_TOKEN at $VAULT_ADDRESS: $VAULT_ACCOUNT_KEY"; echo "$FROM_FLAG_SECRET"\n'
        f"{PRINT_SECRETS}) >&2\nexit 3\n",
    )
    arguments = ["--enable-alpha-plugins", "--enable-exec", "--plugin-env", "VAULT_*"]
    arguments += ["-e", "FROM_FLAG_SECRET=of-the-flag"]
    secrets = build_options(COMMAND.read(arguments)).exec_plugins.secrets
    assert [secret.reveal() for secret in secrets] == [CANARY, ACCOUNT, "of-the-flag"]
    assert main(["build", *arguments, "--stack-trace", str(project)]) == 1
    printed = capsys.readouterr().err
    assert_masked(printed)
    assert "of-the-flag" not in printed
    assert "*** at vault.example.com: " in printed


# --- the environment of the command's plug-ins

PRINT_ENVIRONMENT = """\
#!/bin/sh
names=$(tr '\\0' '\\n' < /proc/$$/environ | sed -n 's/^\\([A-Z_]*\\)=.*/\\1/p' | sort | tr '\\n' ' ')
printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: made}\\ndata: {names: "%s"}\\n' "$names"
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the test reads /proc")
@pytest.mark.parametrize(
    ("flags", "names"),
    [
        ([], "DEPLOY HOME PATH SOPS_KEY "),
        (["--plugin-env", "inherit"], "DEPLOY HOME PATH SOPS_KEY "),
        (["--plugin-env", "clean"], "HOME PATH "),
        (["--plugin-env", ""], "HOME PATH "),
        (["--plugin-env", "SOPS_*"], "HOME PATH SOPS_KEY "),
        (["--plugin-env", "clean, DEPLOY", "--plugin-env", "NOTHING"], "DEPLOY HOME PATH "),
        (["-e", "MORE=1"], "DEPLOY HOME MORE PATH SOPS_KEY "),
    ],
)
def test_environment_of_the_command(project, flags, names):
    # Without a locale, Python itself adds LC_CTYPE to its environment.
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/", "DEPLOY": "x", "SOPS_KEY": "y"}
    write(project / "maker.sh", PRINT_ENVIRONMENT)
    arguments = ["build", "--enable-alpha-plugins", "--enable-exec", *flags, str(project)]
    done = subprocess.run(
        [sys.executable, "-m", "kmanifest", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert f"names: '{names}'" in done.stdout


def test_the_library_passes_nothing_unless_told(project, monkeypatch):
    monkeypatch.setenv("SOPS_KEY", "y")
    write(project / "maker.sh", PRINT_LIST.replace("{name: made}", "{name: $SOPS_KEY}").replace("'END'", "END"))  # fmt: skip
    for environment in (("SOPS_*",), ("inherit",)):
        built = build(str(project), options=options(environment=environment))
        assert built.resources[0].name == "y"
    with pytest.raises(PluginError, match="printed no resources"):
        build(str(project), options=options())


def test_all_secrets_of_the_environment_are_masked(project, monkeypatch, capsys):
    for name in list(os.environ):
        if is_secret_name(name):
            monkeypatch.delenv(name)
    monkeypatch.setenv("VAULT_TOKEN", CANARY)
    monkeypatch.setenv("OTHER_PASSWORD", "of-another-tool")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "visible-author")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/visible/socket")
    printed = "$VAULT_TOKEN $OTHER_PASSWORD $GIT_AUTHOR_NAME $SSH_AUTH_SOCK"
    write(project / "maker.sh", f'#!/bin/sh\necho "{printed}" >&2\nexit 3\n')
    arguments = ["build", "--enable-alpha-plugins", "--enable-exec", str(project)]
    assert main(arguments) == 1
    text = capsys.readouterr().err
    assert text.endswith("exit status 3: *** *** visible-author /visible/socket\n")
    assert main([*arguments[:-1], "--plugin-env", "OTHER=x", str(project)]) == 2


def test_git_gets_named_variables_only():
    named = options(environment=("VAULT_*", "inherit"))
    network: Any = network_of(named._replace(allow_remote=True))
    assert list(network._get_network()._pass_variables) == ["VAULT_*"]


# --- the runner's root


def test_the_runner_has_the_root_of_the_tree(project):
    """Audit, L13: an executable of the tree was started below the root of the machine."""
    write(project / "bin/sh", PRINT_LIST)
    write(project / "maker.yaml", FUNCTION.replace("./maker.sh", "./bin/sh"))
    tree = DiskTree(project)
    built = build("", tree=tree, options=options(), runner=ProcessRunner())
    assert built.resources[0].name == "made"
    files = {
        path.relative_to(project).as_posix(): path.read_text()
        for path in project.rglob("*")
        if path.is_file()
    }
    with pytest.raises(KmanifestError, match="no such file or directory"):
        build("", tree=MemoryTree(files), options=options(), runner=ProcessRunner())
    for root in ("/", project / "bin"):
        with pytest.raises(PluginError, match="the root of the runner is"):
            build("", tree=tree, options=options(), runner=ProcessRunner(str(root)))
    assert build("", tree=tree, options=options(), runner=runner(project)).resources
    with pytest.raises(PluginError, match="not on disk"):
        ProcessRunner().run(Command("bin/sh"))


def test_a_legacy_plugin_starts_in_the_directory_of_the_tree(tmp_path):
    path = tmp_path / "home/v.io/v1/maker/Maker"
    map_text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {d: "$PWD", r: "$KUSTOMIZE_PLUGIN_CONFIG_ROOT"}'
    write(path, f"#!/bin/sh\ncat <<END\n{map_text}\nEND\n")
    write(tmp_path / "repo/app/kustomization.yaml", "generators: [g.yaml]\n")
    write(tmp_path / "repo/app/g.yaml", "apiVersion: v.io/v1\nkind: Maker\nmetadata: {name: g}\n")
    build_options = options(home=str(tmp_path / "home"))
    for arguments in (
        {"path": "app", "tree": DiskTree(tmp_path / "repo"), "runner": ProcessRunner()},
        {"path": str(tmp_path / "repo/app")},
    ):
        built = build(**arguments, options=build_options)
        directory = str(tmp_path / "repo/app")
        assert built.resources[0].body["data"] == {"d": directory, "r": directory}
