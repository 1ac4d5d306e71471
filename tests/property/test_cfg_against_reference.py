"""Files with comments, blank lines and indentation changed by chance: `cfg cat` prints the same bytes as the reference.

`python -m tests.property.test_cfg_against_reference 5000 [SEED]` compares as many.
"""

import contextlib
import io
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kmanifest.cli.main import main
from tests.cases import FIXTURES

SEEDS = range(40_000, 40_060)
SOURCES = sorted(
    path
    for path in FIXTURES.rglob("*.y*ml")
    if path.stat().st_size < 10_000 and b"\t" not in path.read_bytes()
)
ODD = (
    "{a: 1}",
    "[",
    "]",
    "{",
    ", ",
    ": ",
    "- ",
    "? ",
    "&a ",
    "*a",
    "!!str ",
    '"',
    "'",
    "|",
    ">",
    "\n",
)


def changed(source: bytes, chance: random.Random) -> bytes:
    """A text with some of its lines changed."""
    lines = source.decode("utf-8", "replace").splitlines()
    for _ in range(chance.choice((1, 2, 4, 8, 16))):
        _change(lines, chance)
    return "".join(f"{line}\n" for line in lines).encode()


def _change(lines: list[str], chance: random.Random) -> None:
    place = chance.randrange(len(lines) + 1)
    comment = " " * chance.choice((0, 0, 1, 2, 2, 3, 4, 6)) + f"# {chance.randrange(100)}"
    kind = chance.choice("ccccbbbllliado")
    if kind == "c":
        lines.insert(place, comment)
    elif kind == "b":
        lines.insert(place, "")
    elif kind == "a":
        lines[place:place] = chance.choice((["", comment], [comment, ""]))
    elif place == len(lines):
        return
    elif kind == "l":
        lines[place] += " " + comment
    elif kind == "i":
        lines[place] = chance.choice((" " + lines[place], lines[place][1:]))
    elif kind == "d":
        del lines[place]
    else:
        at = chance.randrange(len(lines[place]) + 1)
        lines[place] = lines[place][:at] + chance.choice(ODD) + lines[place][at:]


def ours(text: bytes) -> tuple[int, bytes]:
    """The exit code and what is printed."""
    stdin = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(text))
    printed = io.BytesIO()
    out = io.TextIOWrapper(printed, encoding="utf-8")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            code = main(["cfg", "cat"])
    finally:
        sys.stdin = stdin
    return code, printed.getvalue()


def theirs(text: bytes) -> tuple[int, bytes]:
    """The same of the reference."""
    done = subprocess.run(
        ["kustomize", "cfg", "cat"], input=text, capture_output=True, check=False, timeout=60
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.skipif(not shutil.which("kustomize"), reason="kustomize is not on PATH")
def test_changed_file(seed: int):
    text = changed_source(seed)
    assert ours(text) == theirs(text), text.decode()


def changed_source(seed: int) -> bytes:
    """The text of a seed."""
    chance = random.Random(seed)  # nothing secret
    return changed(chance.choice(SOURCES).read_bytes(), chance)


if __name__ == "__main__":
    count, first = int(sys.argv[1]), int(sys.argv[2] if len(sys.argv) > 2 else 0)
    tally = {"same": 0, "refused": 0, "differs": 0}
    for seed in range(first, first + count):
        text = changed_source(seed)
        mine, wanted = ours(text), theirs(text)
        kind = "differs" if mine != wanted else "refused" if mine[0] else "same"
        tally[kind] += 1
        if kind == "differs":
            Path(f"differs-{seed}.yaml").write_bytes(text)
    print(tally)
