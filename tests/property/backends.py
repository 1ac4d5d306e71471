"""Compare the two YAML backends: random and changed documents must have the same values, bytes and errors.

    python -m tests.property.backends [--inputs 200000] [--seed 0] [CORPUS ...]

An input is a part of a YAML file below the CORPUS directories (by default the fixtures), or a snippet, changed at a few
positions. Both backends load it under random limits, print the result, and look up positions of fields. The program prints
the first differences. The exit code is 1 if there is a difference. A crash ends the process.
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kmanifest.model.errors import KmanifestError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.yaml import native, python

FIXTURES = Path(__file__).parents[1] / "fixtures"
BACKENDS: tuple[Any, ...] = (python, native)
MOST_SHOWN = 10

# Tokens with a meaning in YAML or go-yaml, inserted at random positions.
TOKENS: tuple[str, ...] = (
    *"-?:,[]{}#&*!|>'\"%@` \t\n\r\\~=<+.0_",
    "\r\n", "\n\n", "  ", "\n  ", "\n- ", "- ", "? ", ": ", " #", "---\n", "--- ", "\n---\n", "...\n", "\n...", "%YAML 1.2\n",
    "%YAML 1.1\n---\n", "&a ", "*a", "*a : ", "&b {x: 1}", "*b", "!!int ", "!!str ", "!!binary ", "!!float ", "!!bool ", "!!null ",
    "!!timestamp ", "!foo ", "! ", "!<tag:yaml.org,2002:str> ", "!%ED%A0%80 ", "<<: *a\n", "<<: [*a, *b]\n", "<<: {y: 2}\n",
    '"<<": 1\n', "!!merge x: *a\n", "|\n", "|-\n", "|+\n", "|2\n", ">\n", ">-\n", ">+\n", ">2-\n", "| # c\n", "''", '""', "'a\n b'",
    '"a\\\n  b"', '"\\u263a"', '"\\x41"', '"\\/"', '"\\ud800"', "[a, b]", "[a, [b]]", "{a: b}", "{a: , b}", "[]", "{}", "[,]",
    "yes", "on", "null", "~", "true", "0x1F", "0o17", "017", "0b11", "1_000", "1e3", "1.50", "-0", "-0.0", ".5", "1e400", ".inf",
    ".nan", "-.inf", "0b-1", "0o-7", "+1", "18446744073709551616", "2001-01-01", "2001-01-01T10:00:00+99:00", "2001-1-1 1:2:3.40",
    "12:30", "\x85", "\u2028", "\u2029", "\ufeff", "\xa0", "\x7f", "\x00", "\u00e9", "\u20ac", "\U0001f600", "\ufffe", "\x1b",
)  # fmt: skip
SNIPPETS = (
    "a: 1\nb:\n- x\n- y: 2\n  z: |\n    text\n    more\n",
    "kind: T\nmetadata: {name: n, labels: {a: b}}\nspec:\n  - &a {x: 1}\n  - *a\n  - <<: *a\n    y: 2\n",
    "k: plain text\n  that goes on\n\n  and on\nl: 'single ''quoted''\n  text'\nm: \"double\n  quoted\"\n",
    "f: >\n  folded\n  text\n\n    indented\n\n  end\ng: >+\n\n  x\n\n",
    "? complex\n: value\n? - list\n: x\n",
    "- - a\n  - b\n-\n  c: d\n- e:\n  f:\n",
    '"a": 1\n\'b\': 2\n"c d" : 3\n',
)
LOADS: tuple[tuple[str, dict[str, bool]], ...] = (
    ("load_documents", {}),
    ("load_documents", {"keep_quotes": True}),
    ("load_values", {}),
)
LIMITS = (
    DEFAULT_LIMITS,
    DEFAULT_LIMITS,
    DEFAULT_LIMITS,
    DEFAULT_LIMITS._replace(max_depth=3),
    DEFAULT_LIMITS._replace(max_string=4),
    DEFAULT_LIMITS._replace(max_documents=1),
    DEFAULT_LIMITS._replace(max_output=60),
    DEFAULT_LIMITS._replace(max_input_file=50),
)


def corpus(directories: list[Path]) -> list[bytes]:
    """Return the YAML files below the directories."""
    return [
        path.read_bytes()
        for directory in directories
        for path in sorted(directory.rglob("*"))
        if path.suffix in (".yaml", ".yml", ".json") and path.is_file()
    ]


def inputs(seed: int, files: list[bytes]) -> Iterator[bytes]:
    """Yield endless parts of the files and snippets, each with a few changes. They are the same for the same seed."""
    rng = random.Random(seed)
    snippets = [snippet.encode() for snippet in SNIPPETS]
    while True:
        piece: bytes = rng.choice(snippets) if rng.random() < 0.3 else _piece(rng, files)
        for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3, 5))):
            piece = rng.choice(CHANGES)(rng, piece)
        yield piece


def _piece(rng: random.Random, files: list[bytes]) -> bytes:
    lines: list[bytes] = rng.choice(files).splitlines(keepends=True)
    start = rng.choice((0, rng.randrange(len(lines) + 1)))
    return b"".join(lines[start : start + rng.randint(1, 40)])


def _put_in(rng: random.Random, text: bytes) -> bytes:
    position = rng.randint(0, len(text))
    return text[:position] + rng.choice(TOKENS).encode("utf-8", "surrogatepass") + text[position:]


def _cut_out(rng: random.Random, text: bytes) -> bytes:
    position = rng.randint(0, len(text))
    return text[:position] + text[position + rng.choice((1, 1, 1, 2, 5, 20)) :]


def _change_byte(rng: random.Random, text: bytes) -> bytes:
    position = rng.randint(0, len(text))
    return text[:position] + bytes([rng.randrange(256)]) + text[position + 1 :]


def _change_line(rng: random.Random, text: bytes) -> bytes:
    """Duplicate, move, remove or indent one line."""
    lines = text.splitlines(keepends=True)
    if not lines:
        return text
    position = rng.randrange(len(lines))
    line = lines.pop(position)
    ways: list[list[bytes]] = [
        [line, line],
        [],
        [b" " * rng.randint(1, 4) + line],
        [line.removeprefix(b" ")],
        [line.removeprefix(b"  ")],
        [line.rstrip() + b" " + rng.choice(TOKENS).encode() + b"\n"],
        [line.lstrip()],
    ]
    if rng.random() < 0.2:
        position = rng.randint(0, len(lines))
    lines[position:position] = rng.choice(ways)
    return b"".join(lines)


CHANGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _put_in,
    _put_in,
    _cut_out,
    _change_byte,
    _change_line,
    _change_line,
)


def outcome(work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Return the result of `work` in a form for exact comparison; an error as its type, message and location."""
    try:
        return exact(work(*arguments, **options))
    except KmanifestError as error:
        return type(error).__name__, error.message, error.location


def exact(value: Any) -> Any:
    """Return a value with its types, its order and the source text that its scalars keep."""
    if isinstance(value, dict):
        return "mapping", [(type(key), key, exact(item)) for key, item in value.items()]
    if isinstance(value, list):
        return "list", [exact(item) for item in value]
    return type(value).__name__, repr(value), getattr(value, "text", getattr(value, "quoted", None))


def difference(data: bytes, limits: Limits) -> str:
    """Return the difference between the backends for an input; empty if there is none."""
    for name, options in LOADS:
        values = [
            outcome(getattr(backend, name), data, limits=limits, **options) for backend in BACKENDS
        ]
        if values[0] != values[1]:
            return f"{name} {options}:\n  {values[0]!r:.600}\n  {values[1]!r:.600}"
    try:
        documents = python.load_documents(data, limits=limits)
    except KmanifestError:
        documents = []
    for document in documents:
        texts = [outcome(backend.Dumper(limits).dump, document) for backend in BACKENDS]
        if texts[0] != texts[1]:
            return f"dump:\n  {texts[0]!r:.600}\n  {texts[1]!r:.600}"
    for field, document in fields(documents):
        positions = [backend.find_position(data, field, document=document) for backend in BACKENDS]
        if positions[0] != positions[1]:
            return f"find_position of {field} in {document}: {positions[0]}, {positions[1]}"
    return ""


def fields(documents: list[Any]) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """Return a path into each document, and one that does not exist."""
    for index, document in enumerate(documents[:3]):
        path: tuple[str | int, ...] = ()
        value = document
        while value and isinstance(value, dict | list) and len(path) < 50:
            step = max(value) if isinstance(value, dict) else len(value) - 1
            path, value = (*path, step), value[step]
        yield path, index
        yield (*path, "nowhere", 7), index


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("corpus", nargs="*", type=Path, default=[FIXTURES])
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    files = corpus(options.corpus)
    rng = random.Random(options.seed + 1)
    differing = 0
    for number, data in zip(range(options.inputs), inputs(options.seed, files), strict=False):
        limits = rng.choice(LIMITS)
        found = difference(data, limits)
        if found:
            differing += 1
            if differing <= MOST_SHOWN:
                print(f"input {number}: {data!r}\n{limits}\n{found}\n")
    print(f"{options.inputs} inputs of {len(files)} files, seed {options.seed}: {differing} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
