"""Completion scripts in the real shells: bash always, zsh and fish if they are installed."""

import os
import re
import select
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from kmanifest.cli.completion import SHELLS
from kmanifest.cli.completion.nodes import find_nodes
from kmanifest.cli.main import ROOT
from tests.commands import Runner

NODES = {node.path: node for node in find_nodes(ROOT)}
VERBS = [names[0] for names, _ in NODES[()].verbs]
HELM_VERBS = [names[0] for names, _ in NODES["helm",].verbs]
BUILD_FLAGS = [f"--{flag.name}" for flag in NODES["build",].flags]

CASES = {
    "kmanifest ": VERBS,
    "kmanifest bu": ["build"],
    "kmanifest -q bu": ["build"],
    "kmanifest --color never bu": ["build"],
    "kmanifest -C base bu": ["build"],
    "kmanifest helm ": HELM_VERBS,
    "kmanifest helm --namespace template te": ["template"],
    "kmanifest helm dep ": ["build", "list", "update"],
    "kmanifest helm repo ": ["index"],
    "kmanifest help c": ["cfg", "completion", "config", "create"],
    "kmanifest completion ": list(SHELLS),
    "kmanifest build --load-r": ["--load-restrictor"],
    "kmanifest build --load-restrictor ": ["LoadRestrictionsNone", "LoadRestrictionsRootOnly"],
    "kmanifest build --color ": ["always", "auto", "never"],
    "kmanifest build --seed x --helm-version ": ["3", "4"],
    "kmanifest build base --enable-e": ["--enable-exec"],
    "kmanifest helm template r c --skip-s": ["--skip-schema-validation"],
    "kmanifest helm show v": ["values"],
    "kmanifest plugins new g": ["generator"],
    "kmanifest build ba": ["base/"],
    "kmanifest build -C ba": ["base/"],
    "kmanifest build -f f": ["file.yaml"],
    "kmanifest helm template name f": ["file.yaml"],
    "kmanifest plugins check f": ["file.yaml"],
}
MORE = {  # as bash and fish complete them
    "kmanifest build --seed --color --st": ["--stack-trace", "--strict"],
    "kmanifest build --color=a": ["always", "auto"],
    "kmanifest build --co": ["--color", "--config"],
}


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Runner:
    return Runner(capfd)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "base").mkdir()
    (tmp_path / "file.yaml").touch()
    return tmp_path


def script(run: Runner, shell: str) -> str:
    done = run("completion", shell)
    assert (done.code, done.err) == (0, "")
    return done.out


def test_unknown_shell(run: Runner):
    assert run("completion", "bsh").err == "error: unknown shell: bsh (did you mean bash?)\n"
    assert run("completion", "tcl").err == (
        "error: unknown shell: tcl (shells: bash, zsh, fish, powershell)\n"
    )
    assert run("completion").code == 2


# --- bash -------------------------------------------------------------------------------------------------------------

CALL_FUNCTION = r"""
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_kmanifest
for word in "${COMPREPLY[@]}"; do
    if [ -d "$word" ]; then word="$word/"; fi
    printf '%s\n' "$word"
done
"""


def bash(script_file: Path, line: str, directory: Path) -> list[str]:
    """What the function of the script offers for a line; `=` is a word of its own, as in an interactive shell."""
    words = [
        part for word in line.split(" ") for part in re.split(r"(=)", word) if part or not word
    ]
    done = subprocess.run(
        ["bash", "--norc", "-c", CALL_FUNCTION, "bash", str(script_file), *words],
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return sorted(done.stdout.splitlines())


def test_bash(run: Runner, directory: Path, tmp_path_factory: pytest.TempPathFactory):
    file = tmp_path_factory.mktemp("bash") / "kmanifest.bash"
    file.write_text(script(run, "bash"))
    for line, expected in (CASES | MORE).items():
        assert bash(file, line, directory) == sorted(expected), line
    assert set(BUILD_FLAGS) <= set(bash(file, "kmanifest build -", directory))
    assert "-o" in bash(file, "kmanifest build -", directory)
    assert bash(file, "kmanifest build --rev ", directory) == []
    assert bash(file, "kmanifest build -- --str", directory) == []
    (directory / "a b").mkdir()
    assert bash(file, "kmanifest build a", directory) == ["a b/"]


def test_bash_without_breaks_at_equal_signs(
    run: Runner, directory: Path, tmp_path_factory: pytest.TempPathFactory
):
    file = tmp_path_factory.mktemp("bash") / "kmanifest.bash"
    file.write_text(script(run, "bash"))
    words = ["kmanifest", "build", "--color=a"]
    done = subprocess.run(
        ["bash", "--norc", "-c", CALL_FUNCTION, "bash", str(file), *words],
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["--color=auto", "--color=always"]


@pytest.mark.parametrize("path", NODES, ids=lambda path: " ".join(path) or "kmanifest")
def test_bash_knows_every_verb_and_flag(run: Runner, path: tuple[str, ...]):
    text = script(run, "bash")
    (line,) = (
        line
        for line in text.splitlines()
        if line.strip().startswith(f'{"/".join(("kmanifest", *path))}) _kmanifest_words "$2"')
    )
    for flag in NODES[path].flags:
        assert f" --{flag.name}" in line


# --- zsh --------------------------------------------------------------------------------------------------------------


ZSH = r"""
autoload -Uz compinit
compinit -u -D
source %(script)s
# Notes what would be offered.
compadd() {
    local -a matches
    if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
        builtin compadd -A matches "$@"
        local match
        for match in $matches; do
            print -r -- "$match" >> %(offers)s
        done
    fi
    builtin compadd "$@"
}
complete_all() {
    local line
    while IFS= read -r line; do
        print -r -- "LINE $line" >> %(offers)s
        BUFFER=$line
        CURSOR=$#BUFFER
        zle complete-word
    done < %(lines)s
    exit
}
zle -N complete_all
bindkey '^G' complete_all
PROMPT='READY'
"""


def on_a_terminal(command: list[str], keys: bytes, directory: Path, home: Path) -> None:
    """Run a shell on a terminal and send some keys when it is ready."""
    import pty  # there is none on Windows

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        cwd=directory,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**os.environ, "TERM": "vt100", "ZDOTDIR": str(home)},
    )
    os.close(theirs)
    output = b""
    try:
        while b"READY" not in output and select.select([ours], [], [], 60)[0]:
            output += os.read(ours, 65536)
        os.write(ours, keys)
        while select.select([ours], [], [], 60)[0] and os.read(ours, 65536):
            pass
    except OSError:  # the shell has ended
        pass
    finally:
        os.close(ours)
        process.kill()
        process.wait()


@pytest.mark.skipif(not shutil.which("zsh"), reason="needs zsh")
def test_zsh(run: Runner, directory: Path, tmp_path_factory: pytest.TempPathFactory):
    home = tmp_path_factory.mktemp("zsh")
    paths = {name: home / name for name in ("script", "offers", "lines")}
    paths["script"].write_text(script(run, "zsh"))
    paths["lines"].write_text("".join(f"{line}\n" for line in CASES))
    (home / ".zshrc").write_text(ZSH % paths)
    on_a_terminal(["zsh", "-d", "-i"], b"\x07", directory, home)
    sections = paths["offers"].read_text().split("LINE ")[1:]
    offered = {section.split("\n")[0]: set(section.split("\n")[1:-1]) for section in sections}
    # zsh adds the slash of a directory later.
    assert offered == {
        line: {word.rstrip("/") for word in expected} for line, expected in CASES.items()
    }


# --- fish -------------------------------------------------------------------------------------------------------------


def fish(script_file: Path, line: str, directory: Path) -> list[str]:
    """What fish offers for a line."""
    code = f"source {shlex.quote(str(script_file))}; complete -C {shlex.quote(line)}"
    done = subprocess.run(
        ["fish", "--no-config", "-c", code],
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HOME": str(script_file.parent)},
    )
    assert done.stderr == ""
    return sorted(offer.partition("\t")[0] for offer in done.stdout.splitlines())


@pytest.mark.skipif(not shutil.which("fish"), reason="needs fish")
def test_fish(run: Runner, directory: Path, tmp_path_factory: pytest.TempPathFactory):
    file = tmp_path_factory.mktemp("fish") / "kmanifest.fish"
    file.write_text(script(run, "fish"))
    for line, expected in (CASES | MORE).items():
        wanted = [f"--color={word}" for word in expected] if "=" in line else expected
        assert fish(file, line, directory) == sorted(wanted), line
    assert set(BUILD_FLAGS) <= set(fish(file, "kmanifest build --", directory))


# --- PowerShell -------------------------------------------------------------------------------------------------------


def test_text_for_powershell(run: Runner):
    """PowerShell is on no machine of this project: only the text is tested."""
    text = script(run, "powershell")
    assert "Register-ArgumentCompleter -Native -CommandName kmanifest" in text
    for path, node in NODES.items():
        name = "/".join(("kmanifest", *path))
        for names, _ in node.verbs:
            for word in names:
                assert f"'{name} {word}' = '{name}/{names[0]}'" in text
        values = [
            f"--{flag.name}"
            for flag in node.flags
            if flag.kind != "switch" and not flag.implied_value
        ]
        (row,) = (line for line in text.splitlines() if line.strip().startswith(f"'{name}' = @("))
        assert re.findall(r"'(--[^']+)'", row) == values
    assert text.count("{") == text.count("}")
    assert text.count("'") % 2 == 0
