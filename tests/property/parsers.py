"""Compare the two template parsers: random and changed templates must have the same trees, or both parsers reject them.

    python -m tests.property.parsers [--texts 200000] [--seed 0] [CORPUS ...]

A text is a part of a template below the CORPUS directories (by default the fixtures), one of
`FACTS`, or one that `CaseGenerator` generates. It is changed at a few positions. The compiled
parser must return the pure parser's trees, with the same types of numbers, and None if the pure
parser rejects the text. The program prints how many templates the compiled parser left to the pure one,
and the first differences. The exit code is 1 if there is a difference.
"""

import argparse
import marshal
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from kmanifest.backend import load_extension
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.gotemplate.builtins import BUILTINS
from kmanifest.engines.helm.gotemplate.errors import ParseError
from kmanifest.engines.helm.gotemplate.parser import Actions, parse
from kmanifest.engines.helm.templates.engine import SUSPENDING
from kmanifest.engines.helm.templates.runtime import make_functions
from kmanifest.model.errors import LimitError
from tests.gotemplates import functions
from tests.property.template_facts import FACTS, TEMPLATES
from tests.property.templates import DAMAGE, CaseGenerator

FIXTURES = Path(__file__).parents[1] / "fixtures"
FUNCTIONS: Final = frozenset({*make_functions(dialect=HELM3), *functions(), "include", "tpl", "required", "fail", "lookup"})  # fmt: skip
BATCH_SIZE = 500
MAX_SHOWN = 10
MARKS = (
    *DAMAGE,
    "{{-",
    "{{- ",
    " -}}",
    "\udcff",
    "\u2028",
    "\x85",
    "😀",
    "08",
    "+",
    "1i",
    "\\u",
    "\\xff",
    "$",
    "\t",
    "\r",
    '"',
)


class ParserPair:
    """Both parsers, with their caches of parsed actions."""

    def __init__(self, names: frozenset[str] = FUNCTIONS) -> None:
        self._names = names
        self._actions: Actions = {}
        self._compiled: Any = load_extension().TemplateParser(
            frozenset((*names, *BUILTINS)), frozenset(SUSPENDING)
        )

    def verdict(self, text: str) -> str:
        """Return `same`, `refused` by both, `left` to the pure parser, or the difference."""
        compiled_trees = self._compiled.parse("t", text)
        try:
            pure_trees = parse(
                "t", text, self._names, actions=self._actions, suspending=SUSPENDING
            ).trees
        except (ParseError, LimitError) as error:
            return "refused" if compiled_trees is None else f"not refused: {error}"
        if compiled_trees is None:
            return "left"
        # Version 2 of marshal distinguishes types, and not whether two objects are identical.
        if marshal.dumps(compiled_trees, 2) == marshal.dumps(pure_trees, 2):
            return "same"
        return f"different:\n  {compiled_trees!r:.600}\n  {pure_trees!r:.600}"


def corpus(directories: list[Path]) -> list[str]:
    """Return the templates of charts below the directories."""
    return [
        path.read_text("utf-8", "surrogateescape")
        for directory in directories
        for path in sorted(directory.rglob("templates/**/*"))
        if path.is_file()
    ]


def generate_texts(seed: int, files: list[str]) -> Iterator[str]:
    """Yield endless templates, the same for the same seed."""
    rng = random.Random(seed)
    generator = CaseGenerator(seed)
    facts = [*FACTS, *(text for text, _ in TEMPLATES)]
    while True:
        kind = rng.random()
        if kind < 0.3:
            text: str = generator.case()["template"]
        else:
            text = rng.choice(facts) if kind < 0.4 else _pick_lines(rng, rng.choice(files))
        for _ in range(rng.choice((0, 0, 1, 1, 1, 2, 3))):
            text = _change_text(rng, text)
        yield text


def _pick_lines(rng: random.Random, file: str) -> str:
    if rng.random() < 0.6:
        return file
    lines = file.splitlines(keepends=True)
    start = rng.randrange(len(lines) + 1)
    return "".join(lines[start : start + rng.randint(1, 30)])


def _change_text(rng: random.Random, text: str) -> str:
    # Mostly in an action, because text outside of actions has little effect.
    action_positions = [
        position for position in range(len(text)) if text.startswith("{{", position)
    ]
    position = rng.choice(action_positions) + rng.randint(0, 30) if action_positions else 0
    if rng.random() < 0.2:
        position = rng.randint(0, len(text))
    deleted_count = rng.choice((0, 0, 0, 1, 1, 2, 5))
    inserted = rng.choice(MARKS) if not deleted_count or rng.random() < 0.3 else ""
    return text[:position] + inserted + text[position + deleted_count :]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("corpus", nargs="*", type=Path, default=[FIXTURES])
    parser.add_argument("--texts", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    files = corpus(options.corpus)
    counts: Counter[str] = Counter()
    pair = ParserPair()
    for number, text in zip(
        range(options.texts), generate_texts(options.seed, files), strict=False
    ):
        if number % BATCH_SIZE == 0:
            pair = ParserPair()
        verdict = pair.verdict(text)
        kind = verdict if verdict in ("same", "refused", "left") else "differ"
        counts[kind] += 1
        if kind == "differ" and counts[kind] <= MAX_SHOWN:
            print(f"text {number}: {text!r}\n{verdict}\n")
    print(f"{options.texts} texts of {len(files)} files, seed {options.seed}: {dict(counts)}")
    return 1 if counts["differ"] else 0


if __name__ == "__main__":
    sys.exit(main())
