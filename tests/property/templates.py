"""Compare random templates with Go: the same output, or the same error, byte for byte.

    python -m tests.property.templates ORACLE [--templates 100000] [--seed 0]
    python -m tests.property.templates ORACLE --write tests/fixtures/gotemplate.jsonl

ORACLE is the program that Go builds from gotemplate_oracle.go. A template combines every kind of
action and operand, and a quarter of the templates are damaged afterwards. The program prints the
first differences. The exit code is 1 if an output differs or only one of the two reports an error.
Different error messages are only counted. `--write` creates the fixture: the cases of `FACTS` and a
few hundred random ones, each with Go's answer.
"""

import argparse
import base64
import json
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kmanifest.engines.helm.gotemplate.parsers import CachingParser
from tests.gotemplates import SUSPENDING, Answer, functions, run_case
from tests.property.template_facts import DATA, FACTS, OTHER_DATA, TEMPLATES

BATCH_SIZE = 5000
MAX_SHOWN = 12
KEYS = [*DATA]
LITERALS = [
    "1",
    "0",
    "-1",
    "1.5",
    '"a"',
    "`r`",
    "'c'",
    "true",
    "false",
    "nil",
    "1e3",
    "0x1F",
    '""',
    "100",
    "3.0",
    '"%d"',
    '"%v-%s"',
    "1i",
    "1_000",
    "017",
    "0b11",
    "0o17",
    '"é☃"',
    '"\\x41\\n"',
    '"\\u00e9"',
    "'\\n'",
    "'é'",
    "1e400",
    "9223372036854775808",
    "-0",
    ".5",
    "5.",
    "1+2i",
    "0x1p-2",
    "'\\''",
    '"one"',
    '"k"',
    '"zz"',
    "2",
]
ONE_ARGUMENT = "print println html js urlquery len not fstring fint fint64 fuint8 ffloat fbool flist fmap fstrs fany fvar fvars ferr flistv call printf"
COUNTS = {
    **dict.fromkeys(ONE_ARGUMENT.split(), 1),
    **dict.fromkeys(
        ["index", "slice", "and", "or", "eq", "ne", "lt", "le", "gt", "ge", "include"], 2
    ),
    "fnil": 0,
    "fmapv": 0,
}
NAMES = [*COUNTS]
VARIABLES = ["$", "$x", "$y", "$.s", "$x.a", "$v", "$k", "$.m.one", "$v.x"]
TEXTS = ["", " ", "a", "\n", "x y", "\n  ", "é\n", "{", "}", "%", " \t\n", "b{ {"]
RANGE_SOURCES = [
    ".l",
    ".m",
    ".li",
    ".ll",
    ".lm",
    ".ss",
    ".sm",
    "3",
    ".i64",
    ".le",
    ".me",
    ".by",
    ".s",
    "0",
    ".nil",
    "fmapv",
    ".u8",
]
LOOP_ENDS = [
    "{{if .}}{{break}}{{end}}",
    "{{continue}}",
    "{{if eq . 1}}{{continue}}{{end}}",
    "{{break}}",
    "{{with .}}{{$x := 1}}{{break}}{{end}}",
]
DAMAGE = [
    *"()|\"`'.$=,-+1\\#{}% \n\x00",
    *[
        "{{",
        "}}",
        ":=",
        "end",
        "else",
        "if",
        "range",
        "with",
        "block",
        "template",
        "break",
        "continue",
        "/*",
        "*/",
        ".a",
        "$x",
        "nil",
        "true",
        "3.",
        "0x",
        "1e",
        "é",
        "☃",
        "²",
        "٣",
    ],
    '{{define "x"}}',
    "- ",
    " -",
]
HELPERS = {
    "f1": '{{define "d1"}}[{{.}}]{{end}}x\n{{define "d2"}}\n {{- .a }}{{$}}{{end}}',
    "f2": '{{define "d3"}}{{template "d1" .}}{{.x.y}}{{end}}{{define "d2"}} {{end}}',
}


class CaseGenerator:
    """A generator of random cases."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._pick = self._random.choice

    def _with_probability(self, share: float) -> bool:
        return self._random.random() < share

    def _weighted(self, **weights: float) -> str:
        return self._random.choices([*weights], [*weights.values()])[0]

    def _field(self) -> str:
        if self._with_probability(0.08):
            return ".nope"
        key = self._pick(KEYS)
        if self._with_probability(0.15):
            return f".{key}.{self._pick([*KEYS, 'one', 'two', 'x', 'y', 'k', 'nope'])}"
        return ".m.two.y" if self._with_probability(0.05) else f".{key}"

    def _operand(self, depth: int) -> str:
        kind = self._weighted(literal=25, field=30, dot=7, variable=12, name=2, chain=2, nested=22)
        if kind == "literal":
            return self._pick(LITERALS)
        if kind == "dot":
            return "."
        if kind == "variable":
            return self._pick(VARIABLES)
        if kind in ("name", "chain"):
            return self._pick(NAMES) + (".a" if kind == "chain" else "")
        if kind == "field" or depth > 2:
            return self._field()
        rest = f".{self._pick([*KEYS, 'a', 'n', 'l', 'x'])}" if self._with_probability(0.3) else ""
        return f"({self.pipeline(depth + 1)}){rest}"

    def _verb(self) -> str:
        flags = "".join(
            self._pick([*"   #0+- "]).strip("x") for _ in range(self._pick([0, 0, 1, 2]))
        )
        width = self._pick(["", "", "", "3", "10", "*", "[1]", "[2]", "[9]", "08"])
        precision = self._pick(["", "", "", ".2", ".0", ".10", ".*", ".[1]*", "."])
        return (
            f"%{flags}{width}{precision}{self._pick([*'vvvsdqxXtTeEfgGbcoOU%zw', '+v', '#v', ''])}"
        )

    def _printf(self, depth: int) -> str:
        parts = "".join(
            self._pick(["a ", "", "|", " ", "é"]) + self._verb()
            for _ in range(self._pick([1, 1, 2, 3]))
        )
        operands = (self._operand(depth) for _ in range(self._pick([0, 1, 1, 2, 3])))
        return " ".join([f'printf "{parts}"', *operands])

    def _command(self, depth: int) -> str:
        kind = self._weighted(printf=12, include=2, call=50, two=6, operand=30)
        if kind == "printf":
            return self._printf(depth)
        if kind == "include":
            name = self._pick(['"d1"', '"d2"', '"d3"', '"none"', ".s"])
            return f"include {name} {self._operand(depth)}"
        if kind == "call":
            name = self._pick(NAMES)
            count = self._pick([0, 1, 1, 2, 2, 3]) if self._with_probability(0.35) else COUNTS[name]
            return " ".join([name, *(self._operand(depth) for _ in range(count))])
        return " ".join(self._operand(depth) for _ in range(1 + (kind == "two")))

    def pipeline(self, depth: int = 0) -> str:
        commands = (self._command(depth) for _ in range(self._pick([1, 1, 1, 1, 2, 2, 3])))
        return self._pick([" | ", "|", " |", "| "]).join(commands)

    def _action(self, inner: str) -> str:
        left = self._pick(["{{", "{{", "{{", "{{ ", "{{- ", "{{-\n", "{{  "])
        return left + inner + self._pick(["}}", "}}", "}}", " }}", " -}}", "\n-}}", " \n }}"])

    def _block(self, depth: int, kind: str) -> str:
        start = self._action(
            f"{kind} {self._pick(['', '', '$x := '])}{self.pipeline()}"
        ) + self._body(depth)
        while self._with_probability(0.2):
            start += self._action(f"else {kind} {self.pipeline()}") + self._body(depth)
        return start + self._end(depth)

    def _end(self, depth: int) -> str:
        otherwise = self._action("else") + self._body(depth) if self._with_probability(0.4) else ""
        return otherwise + self._action("end")

    def _range(self, depth: int) -> str:
        names = self._pick(
            ["", "", "$v := ", "$k, $v := ", "$k,$v:=", "$v = ", "$k, $v = ", "$x, $x := "]
        )
        source = self._pick(RANGE_SOURCES) if self._with_probability(0.9) else self.pipeline()
        last = self._pick(LOOP_ENDS) + self._pick(TEXTS) if self._with_probability(0.25) else ""
        return self._action(f"range {names}{source}") + self._body(depth) + last + self._end(depth)

    def node(self, depth: int) -> str:
        """Return a text, an action or a block."""
        kind = self._weighted(
            text=20,
            print=35,
            set=8,
            **{"if": 11, "with": 8},
            range=12,
            template=2,
            comment=2,
            block=3,
        )
        if kind == "print":
            return self._action(self.pipeline())
        if kind == "set":
            return self._action(
                self._pick(["$x", "$y", "$v", "$k"])
                + self._pick([" := ", ":=", " = "])
                + self.pipeline()
            )
        if kind == "comment":
            return self._pick(["{{/* c */}}", "{{- /* c\n */ -}}"])
        if kind == "text" or depth > 2:
            return self._pick(TEXTS)
        if kind in ("if", "with"):
            return self._block(depth + 1, kind)
        if kind == "range":
            return self._range(depth + 1)
        if kind == "template":
            name = self._pick(['"d1"', '"d2"', '"d3"', "`d2`", '"none"'])
            return self._action(f"template {name} {self._pick([self.pipeline(), '.', ''])}")
        return f'{{{{block "b{self._random.randrange(3)}" {self.pipeline()}}}}}{self._body(depth + 1)}{{{{end}}}}'

    def _body(self, depth: int) -> str:
        return "".join(self.node(depth) for _ in range(self._pick([1, 1, 2, 3])))

    def _damaged(self, text: str) -> str:
        for _ in range(self._pick([1, 1, 2, 3])):
            start = self._random.randrange(len(text) + 1)
            kind = self._weighted(insert=35, drop=35, replace=30)
            end = start + (
                0 if kind == "insert" else self._pick([1, 1, 2, 5]) if kind == "drop" else 1
            )
            text = text[:start] + ("" if kind == "drop" else self._pick(DAMAGE)) + text[end:]
        return text

    def _template(self) -> str:
        kind = self._weighted(pipeline=25, printf=15, nodes=60)
        if kind == "pipeline":
            return f"{{{{{self.pipeline()}}}}}"
        if kind == "printf":
            return f"{{{{{self._printf(3)}}}}}"
        start = self._pick(
            ["", "", "{{$x := .l}}{{$y := .m}}", "{{$x := 1}}{{$y := .nil}}{{$v := .s}}{{$k := 0}}"]
        )
        return start + "".join(self.node(0) for _ in range(self._pick([1, 2, 3, 4])))

    def case(self) -> dict[str, Any]:
        """Return a template with its data, and sometimes other templates that it can include."""
        text = self._template()
        case: dict[str, Any] = {
            "data": DATA if self._with_probability(0.85) else self._pick(OTHER_DATA),
            "missingkey": self._pick(["", "zero", "zero", "error"]),
        }
        if '"d' in text or self._with_probability(0.1):
            more = "".join(self.node(1) for _ in range(2)) if self._with_probability(0.5) else ""
            case["templates"] = {**HELPERS, "f1": HELPERS["f1"] + more}
        case["template"] = self._damaged(text) if self._with_probability(0.25) else text
        if self._with_probability(0.02):
            data = case["template"].encode() + b'{{"\xff"}}'
            case["b64"] = base64.b64encode(data).decode()
        return case


def run_oracle(oracle: str, cases: Sequence[dict[str, Any]]) -> list[Answer]:
    """Return Go's answers."""
    lines = "\n".join(map(json.dumps, cases)) + "\n"
    result = subprocess.run([oracle], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    answers = []
    for line in result.stdout.splitlines():
        ((kind, text),) = json.loads(line).items()
        answers.append((kind, base64.b64decode(text)))
    return answers


def compare(oracle: str, templates: int, seed: int) -> int:
    """Compare random templates and return the number of real differences."""
    generator = CaseGenerator(seed)
    counts: Counter[str] = Counter()
    shown_count = 0
    for start in range(0, templates, BATCH_SIZE):
        cases = [generator.case() for _ in range(min(BATCH_SIZE, templates - start))]
        parser = CachingParser(functions(), SUSPENDING)
        for case, expected in zip(cases, run_oracle(oracle, cases), strict=True):
            actual = run_case(case, parser)
            kind = _classify(case, expected, actual)
            counts[kind] += 1
            if not kind.startswith("same") and kind != "addresses" and shown_count < MAX_SHOWN:
                shown_count += 1
                print(
                    f"{kind}: {json.dumps(case)[:1500]}\n  Go        {expected!r:.600}\n  kmanifest {actual!r:.600}"
                )
    print(dict(counts))
    return counts["different"]


def _classify(case: dict[str, Any], expected: Answer, actual: Answer) -> str:
    if actual == expected:
        return "same output" if expected[0] == "o" else "same error"
    if re.search("%[^a-zA-Z%]*p", str(case["template"])):
        return "addresses"
    return "other message" if actual[0] == expected[0] == "e" else "different"


def write(oracle: str, path: Path) -> None:
    """Write the fixture."""
    generator = CaseGenerator(7)
    cases: list[dict[str, Any]] = [
        {"template": text, "data": DATA, "missingkey": key}
        for text in FACTS
        for key in (("", "zero", "error") if "nope" in text or "nil" in text else ("zero",))
    ]
    cases += [{"template": text, "data": DATA, "templates": named} for text, named in TEMPLATES]
    while len(cases) < 900:
        case = generator.case()
        if len(case["template"]) < 150 and case["data"] is DATA and "b64" not in case:
            cases.append(case)
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for case, (kind, text) in zip(cases, run_oracle(oracle, cases), strict=True):
            case.pop("data")
            try:
                case[kind] = text.decode()
            except UnicodeDecodeError:
                case[f"{kind}_latin1"] = text.decode("latin-1")
            stream.write(json.dumps(case, ensure_ascii=False) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("oracle")
    parser.add_argument("--templates", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    if options.write:
        write(options.oracle, options.write)
        return 0
    return 1 if compare(options.oracle, options.templates, options.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
