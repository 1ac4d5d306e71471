"""Code blocks of the documentation: find them, run them, and write the output that the pages show.

    python -m tests.documentation --write docs/tutorial.md     # replace the shown output by the real one
    python -m tests.documentation --commands docs/guide/python-plugins.md   # print the commands that CI runs

The blocks of a page run in order, in one working directory. A shell block keeps its directory and exported variables
for the next one; each Python block runs in a new process. Comments in front of a block change this:

- `<!-- directory: PATH -->`: the page starts in a copy of this directory of the project, not in an empty one. `.` is the
  project with its examples only;
- `<!-- exit: CODE -->`: the shell block ends with this exit code, not with 0;
- `<!-- output -->`: the block is what the block before it prints. In it, `...` stands for any text;
- `<!-- file: PATH -->`: the block is the content of a file, which is written before the next blocks run;
- `<!-- needs: PROGRAM -->`: the block, and what follows it on the page, is skipped if PROGRAM is not installed;
- `<!-- not run: cargo|checkout|cluster|network -->`: the block does not run, because it needs this;
- `<!-- run by: .ci/run -->`: only CI runs the block, because it installs packages.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.cases import PROJECT

REASONS = ("cargo", "checkout", "cluster", "network")
_TOKENS = re.compile(
    r"^<!-- (?P<name>[a-z ]+?)(?:: (?P<value>.*?))? -->$"
    r"|^(?P<fence>`{3,})(?P<language>\w*)\n(?P<code>.*?)^(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)
_NAMES = ("generated", "end", "directory", "exit", "output", "file", "needs", "not run", "run by")


class Block(NamedTuple):
    """One code block: its language, its code, the comments in front of it, and its position in the page."""

    language: str
    code: str
    comments: dict[str, str]
    line: int
    start: int
    end: int

    @property
    def runs_here(self) -> bool:
        """Whether a test runs the block."""
        is_code = self.language in ("sh", "python")
        return is_code and not {"not run", "run by", "file", "output"} & self.comments.keys()


class Page(NamedTuple):
    """One page: its text, its code blocks, and the directory of the project that its commands start in."""

    path: Path
    text: str
    blocks: list[Block]
    directory: str

    @property
    def name(self) -> str:
        return self.path.relative_to(PROJECT).as_posix()


class Result(NamedTuple):
    """What a block printed on stdout and stderr, and its exit code."""

    block: Block
    code: int
    printed: str


def load_page(path: Path) -> Page:
    """Return a page of the documentation. Raises ValueError for a comment that this module does not know."""
    text = path.read_text(encoding="utf-8")
    blocks: list[Block] = []
    comments: dict[str, str] = {}
    directory = ""
    for token in _TOKENS.finditer(text):
        line = text.count("\n", 0, token.start()) + 1
        if token["fence"] is None:
            name, value = token["name"], token["value"] or ""
            if name not in _NAMES or (name == "not run" and value not in REASONS):
                raise ValueError(f"{path}:{line}: unknown comment: {token[0]}")
            if name == "directory":
                directory = value
            else:
                comments[name] = value
            continue
        blocks.append(
            Block(
                token["language"],
                token["code"],
                comments,
                line,
                token.start("code"),
                token.end("code"),
            )
        )
        comments = {}
    return Page(path, text, blocks, directory)


def run_page(page: Page, directory: Path) -> Iterator[Result]:
    """Run the blocks of a page in `directory`, which is empty, and yield the result of each."""
    work = directory / "work"
    if page.directory == ".":
        shutil.copytree(PROJECT / "examples", work / "examples")
    elif page.directory:
        shutil.copytree(PROJECT / page.directory, work)
    else:
        work.mkdir()
    (directory / "home").mkdir()
    state = directory / "state"
    state.write_text("")
    environment = _environment(directory)
    for block in page.blocks:
        if "file" in block.comments:
            file = work / block.comments["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.code, encoding="utf-8")
        if not block.runs_here:
            continue
        if not shutil.which(block.comments.get("needs", "sh")):
            return
        if block.language == "sh":
            command = ["bash", "-euo", "pipefail", "-c", _with_state(block.code, state)]
        else:
            command = [sys.executable, "-W", "error", "-c", block.code]
        done = subprocess.run(
            command,
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        yield Result(block, done.returncode, done.stdout)


def differences(page: Page, results: list[Result]) -> list[str]:
    """Return a message for each block whose exit code or output is not the one that the page shows."""
    found: list[str] = []
    for result in results:
        where = f"{page.name}:{result.block.line}"
        expected_code = int(result.block.comments.get("exit", "0"))
        if result.code != expected_code:
            found.append(f"{where}: exit code {result.code}: {result.printed}")
            continue
        shown = shown_output(page, result.block)
        if shown is not None and not _is_shown(shown.code, result.printed):
            found.append(f"{where}: it prints: {result.printed}")
    return found


def shown_output(page: Page, block: Block) -> Block | None:
    """Return the block with the output of a block; None if the page does not show it."""
    following = page.blocks[page.blocks.index(block) + 1 :][:1]
    return following[0] if following and "output" in following[0].comments else None


def _is_shown(shown: str, printed: str) -> bool:
    """Whether the output is as shown, where `...` stands for any text."""
    pattern = re.escape(shown.rstrip("\n")).replace(r"\.\.\.", ".*")
    return re.fullmatch(pattern, printed.rstrip("\n"), re.DOTALL) is not None


def _with_state(code: str, state: Path) -> str:
    """Return the code with the directory and variables that the last block left, which it keeps for the next."""
    save = f"{{ export -p; printf 'cd %q\\n' \"$PWD\"; }} >'{state}'"
    return f"source '{state}'\ntrap \"{_escape(save)}\" EXIT\n{code}"


def _escape(text: str) -> str:
    return re.sub(r'([\\"$`])', r"\\\1", text)


def _environment(directory: Path) -> dict[str, str]:
    """Return the environment of a new user: no configuration, and `kmanifest` on PATH."""
    programs = directory / "bin"
    programs.mkdir()
    for name, arguments in (("kmanifest", "-m kmanifest"), ("python", "")):
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        script.chmod(0o755)
    kept = {
        name: os.environ[name] for name in ("KMANIFEST_YAML", "PYTHONPATH") if name in os.environ
    }
    return {
        **kept,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(directory / "home"),
        "KMANIFEST_CACHE_DIR": str(directory / "cache"),
        "LANG": "C.UTF-8",
    }


def write_output(path: Path) -> None:
    """Replace the output that a page shows by the real one, except where it contains `...`."""
    page = load_page(path)
    with tempfile.TemporaryDirectory() as directory:
        results = list(run_page(page, Path(directory)))
    text = page.text
    for result in reversed(results):
        shown = shown_output(page, result.block)
        if shown is not None and "..." not in shown.code:
            printed = result.printed.rstrip("\n") + "\n"
            text = text[: shown.start] + printed + text[shown.end :]
    path.write_text(text, encoding="utf-8")


def commands(path: Path) -> str:
    """Return the shell code of a page that CI runs: all but the blocks that need a network or a cluster."""
    blocks = [block for block in load_page(path).blocks if block.language == "sh"]
    return "".join(
        block.code for block in blocks if not {"not run", "file"} & block.comments.keys()
    )


def main() -> None:
    """Write the output of pages, or print their commands."""
    parser = argparse.ArgumentParser(description="Code blocks of the documentation")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--commands", action="store_true")
    parser.add_argument("pages", nargs="+", type=Path)
    options = parser.parse_args()
    for page in options.pages:
        if options.commands:
            print(commands(page.absolute()), end="")
        else:
            write_output(page.absolute())


if __name__ == "__main__":
    main()
