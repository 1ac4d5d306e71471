"""Files with random changes to comments, blank lines and indentation: `cfg cat` prints the same bytes as kustomize.

`python -m tests.property.test_cfg_against_reference 5000 [SEED]` compares 5,000 files.
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


def changed(source: bytes, rng: random.Random) -> bytes:
    """Return a text with some of its lines changed."""
    lines = source.decode("utf-8", "replace").splitlines()
    for _ in range(rng.choice((1, 2, 4, 8, 16))):
        _change(lines, rng)
    return "".join(f"{line}\n" for line in lines).encode()


def _change(lines: list[str], rng: random.Random) -> None:
    position = rng.randrange(len(lines) + 1)
    comment = " " * rng.choice((0, 0, 1, 2, 2, 3, 4, 6)) + f"# {rng.randrange(100)}"
    kind = rng.choice("ccccbbbllliado")
    if kind == "c":
        lines.insert(position, comment)
    elif kind == "b":
        lines.insert(position, "")
    elif kind == "a":
        lines[position:position] = rng.choice((["", comment], [comment, ""]))
    elif position == len(lines):
        return
    elif kind == "l":
        lines[position] += " " + comment
    elif kind == "i":
        lines[position] = rng.choice((" " + lines[position], lines[position][1:]))
    elif kind == "d":
        del lines[position]
    else:
        at = rng.randrange(len(lines[position]) + 1)
        lines[position] = lines[position][:at] + rng.choice(ODD) + lines[position][at:]


def kmanifest_result(text: bytes) -> tuple[int, bytes]:
    """Return the exit code and the output of kmanifest."""
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


def kustomize_result(text: bytes) -> tuple[int, bytes]:
    """Return the exit code and the output of kustomize."""
    done = subprocess.run(
        ["kustomize", "cfg", "cat"], input=text, capture_output=True, check=False, timeout=60
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.skipif(not shutil.which("kustomize"), reason="kustomize is not on PATH")
def test_changed_file(seed: int):
    text = changed_source(seed)
    assert kmanifest_result(text) == kustomize_result(text), text.decode()


def changed_source(seed: int) -> bytes:
    """Return the text of a seed."""
    rng = random.Random(seed)  # nothing secret
    return changed(rng.choice(SOURCES).read_bytes(), rng)


if __name__ == "__main__":
    count, first = int(sys.argv[1]), int(sys.argv[2] if len(sys.argv) > 2 else 0)
    tally = {"same": 0, "refused": 0, "differs": 0}
    for seed in range(first, first + count):
        text = changed_source(seed)
        mine, wanted = kmanifest_result(text), kustomize_result(text)
        kind = "differs" if mine != wanted else "refused" if mine[0] else "same"
        tally[kind] += 1
        if kind == "differs":
            Path(f"differs-{seed}.yaml").write_bytes(text)
    print(tally)
