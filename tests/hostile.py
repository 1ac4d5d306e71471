"""Hostile work: every function of templates with large arguments, and builds with large inputs of each kind.

    python -m tests.hostile [--deadline 0.3] [--limit 0.6] [--kind functions,workloads] [--cases DIRECTORY] [--match TEXT]

prints what did not end in time. `--cases` is a directory of attack cases, each a chart, an archive or a kustomization. Times
are CPU time of the process, and so is the deadline: a busy machine does not change them.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, NamedTuple, NoReturn
from unittest.mock import patch

from kmanifest import KmanifestError, Options
from kmanifest.api import build
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.gotemplate.builtins import BUILTINS
from kmanifest.engines.helm.gotemplate.calls import Call
from kmanifest.engines.helm.gotemplate.errors import NodeError
from kmanifest.engines.helm.gotemplate.values import Function, GoError, Int64
from kmanifest.engines.helm.templates.runtime import make_functions
from kmanifest.engines.kustomize.options import KustomizeOptions
from kmanifest.helm import render_chart
from kmanifest.model.deadline import limited_by
from kmanifest.model.errors import UNEXPECTED
from kmanifest.model.limits import Limits
from kmanifest.pipeline.context import Meter
from tests.workloads import WORKLOADS

MEBIBYTE = 1 << 20
_SECONDS_PER_CASE = 20


class Hostile(NamedTuple):
    """One piece of hostile work. `make` prepares it, outside of the deadline, and returns what is measured."""

    name: str
    make: Callable[[], Callable[[], object]]


class _TooLongError(BaseException):
    """The case was ended by a signal."""


def _stop(*_: object) -> NoReturn:
    raise _TooLongError


class Outcome(NamedTuple):
    """The CPU seconds that some work took, and how it ended."""

    name: str
    seconds: float
    result: str


def measure(case: Hostile, deadline: float) -> Outcome:
    """Run a case with a deadline in CPU seconds."""
    work = case.make()
    limits = Limits(deadline=deadline)
    with patch("time.monotonic", time.process_time):
        start = time.process_time()
        try:
            with limited_by(Meter(limits, time.process_time)):
                work()
            result = "done"
        except (
            KmanifestError,
            GoError,
            NodeError,
            RecursionError,
            _TooLongError,
            *UNEXPECTED,
        ) as error:
            result = f"{type(error).__name__}: {error}"[:100]
        return Outcome(case.name, time.process_time() - start, result)


# --- functions of templates

_PIECES = (
    "a b-c_D.e9=$x\n", "a", "$$", "é ", "\n", "[1,", "a.", "1.", "- a: {b: [c]}\n", "{{", "<&>'\"", "\\", "%d", "a,", "9",
)  # fmt: skip
_DOCUMENTS: Mapping[str, Callable[[int], str]] = {
    "fromJson": lambda size: '{"a": [' + "1," * (size // 2) + "1]}",
    "fromJsonArray": lambda size: "[" + '{"a":"b"},' * (size // 10) + "1]",
    "fromToml": lambda size: "".join(f"k{index} = [1, {{a = 2}}]\n" for index in range(size // 20)),
    "fromYaml": lambda size: "".join(f"k{index}: {{a: [b]}}\n" for index in range(size // 20)),
    "fromYamlArray": lambda size: "- &a x\n- 'it''s'\n" * (size // 20),
    "mustFromJson": lambda size: "[" * 900 + '"' + "\\u00e9" * (size // 6) + '"' + "]" * 900,
    "decryptAES": lambda size: "YWFhYWFhYWFhYWFhYWFh" * (size // 20),
    "b64dec": lambda size: "YWFh" * (size // 4),
    "b32dec": lambda size: "MFRGGZDF" * (size // 8),
    "toDecimal": lambda size: "7" * size,
    "printf": lambda size: "%9d%[1]v%q" * (size // 10),
    "semver": lambda size: "1.2.3-" + "a." * (size // 2) + "1",
    "semverCompare": lambda size: "1.2.3 || " * (size // 9) + "1.2",
    "urlParse": lambda size: "http://a/" + "%41/" * (size // 4),
    "regexReplaceAll": lambda size: "${1}" * (size // 4),
    "regexMatch": lambda size: "(a|b)?" * (size // 6),
    "duration": lambda size: "1h" * (size // 2),
}
"""Strings that a function reads to their end."""


def function_cases(size: int, *, match: str = "") -> Iterator[Hostile]:
    """Yield calls of every function with strings of `size` characters, and lists and maps of an eighth as many items."""
    for name, function in sorted({**all_functions(), **BUILTINS}.items()):
        if match in name and name != "call":  # it calls a function, which no value of a chart is
            for label, make in _argument_lists(name, function, size):
                yield Hostile(f"{name} {label}", _call(name, function, make))


def all_functions() -> Mapping[str, Function]:
    """Return the functions of Helm's templates."""
    return dict(make_functions(dialect=HELM3))


def _call(
    name: str, function: Function, make_arguments: Callable[[], Sequence[Any]]
) -> Callable[[], Callable[[], object]]:
    def make() -> Callable[[], object]:
        arguments = make_arguments()
        call = Call(name, function, builtin=name in BUILTINS)
        return lambda: call.call(*arguments)

    return make


class Large(NamedTuple):
    """A large value: its label, its Go type, and a function that makes it."""

    label: str
    type_: str
    make: Callable[[], Any]


def large_values(name: str, size: int) -> Iterator[Large]:
    """Yield the large arguments that the function `name` is called with."""
    for piece in _PIECES:
        yield Large(f"{piece!r} * n", _TEXT, partial(str.__mul__, piece, size // len(piece)))
    if name in _DOCUMENTS:
        yield Large("document", _TEXT, partial(_DOCUMENTS[name], size))
    items = size // 8
    yield Large("numbers", _LIST, lambda: [*map(Int64, range(items, 0, -1))])
    yield Large("texts", _LIST, lambda: [f"x{index}" for index in range(items)])
    yield Large("lists", _LIST, lambda: [[index] for index in range(items // 4)])
    yield Large("map", _MAP, lambda: {f"k{index}": index for index in range(items // 2)})
    yield Large("deep", _MAP, partial(_nested, 900, width=1))
    yield Large("shared", _MAP, partial(_nested, 40, width=2))


_TEXT, _LIST, _MAP = "string", "[]interface {}", "map[string]interface {}"
_ANY = ("interface {}", "any", "reflect.Value")


def _nested(levels: int, *, width: int) -> Any:
    """Return a value of many levels. With a width of two, each level holds the one below twice: as text it is huge."""
    value: Any = {"a": 1}
    for _ in range(levels):
        value = {f"k{index}": value for index in range(width)}
    return value


def _argument_lists(
    name: str, function: Function, size: int
) -> Iterator[tuple[str, Callable[[], Sequence[Any]]]]:
    """Yield labels and functions that make the arguments of one call: each parameter large in turn, then all of them."""
    types = list(function.parameter_types)
    is_variadic = bool(types) and types[-1].startswith("...")
    if is_variadic:
        types[-1:] = [types[-1][3:]] * 2
    for large in large_values(name, size):
        fitting = [index for index, type_ in enumerate(types) if type_ in (*_ANY, large.type_)]
        for index in fitting:
            yield f"{large.label} as {index}", partial(_arguments, types, large, {index})
        if len(fitting) > 1:
            yield f"{large.label} as all", partial(_arguments, types, large, set(fitting))
    if is_variadic:
        yield "many", lambda: [*map(_small, types), *[_small(types[-1])] * (size // 80)]
    yield "large numbers", lambda: [_number(type_) for type_ in types]


def _arguments(types: Sequence[str], large: Large, indexes: set[int]) -> list[Any]:
    value = large.make()
    return [value if index in indexes else _small(type_) for index, type_ in enumerate(types)]


def _small(type_: str) -> Any:
    if type_ == "time.Time":
        return all_functions()["toDate"].call("2006-01-02", "2020-02-29")
    if type_ == "sprig.certificate":
        return all_functions()["genCA"].call("a", 1)
    samples = {"string": "a", "float64": 2.0, "bool": True, "[]interface {}": ["a"], _MAP: {"a": 1}}
    return 3 if type_ in _ANY else samples.get(type_, 3)


def _number(type_: str) -> Any:
    small = _small(type_)
    return "900000" if type_ == _TEXT else 900_000 if small == 3 else small


# --- builds and renders -----------------------------------------------------------------------------------------------

LONG = 0.004


def workload_cases(seconds: float, *, match: str = "") -> Iterator[Hostile]:
    """Yield each workload with a size for which it takes about so many seconds without a deadline."""
    for name, make in WORKLOADS.items():
        if match in name:
            yield Hostile(name, partial(_scaled, make, seconds))


def _scaled(make: Callable[[int], Callable[[], object]], seconds: float) -> Callable[[], object]:
    size, taken = 16, 0.0
    while taken < LONG:
        size *= 2
        work = make(size)
        start = time.process_time()
        work()
        taken = time.process_time() - start
    return make(int(size * seconds / taken))


def attack_cases(directory: str, *, match: str = "") -> Iterator[Hostile]:
    """Yield the cases below a directory that a build or a render can run in this process."""
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        if match in name and os.path.isdir(path):
            names = os.listdir(path)
            package = next((each for each in names if each.endswith(".tgz")), "")
            if package or "Chart.yaml" in names:
                yield Hostile(name, partial(_render, os.path.join(path, package)))
            elif any(each.lower().startswith("kustomization") for each in names):
                yield Hostile(name, partial(_build, path))


def _render(path: str) -> Callable[[], object]:
    return lambda: render_chart(path).text()


def _build(path: str) -> Callable[[], object]:
    options = Options(engines=(KustomizeOptions(enable_helm=True),))
    return lambda: build(path, options=options).text()


def main() -> int:
    """Print the work that did not end in time. The exit code is 1 if there is any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deadline", type=float, default=0.3)
    parser.add_argument("--limit", type=float, default=0.6)
    parser.add_argument(
        "--size", type=int, default=2 * MEBIBYTE, help="of the arguments of functions"
    )
    parser.add_argument(
        "--seconds", type=float, default=1.5, help="that a workload takes otherwise"
    )
    parser.add_argument("--match", default="")
    parser.add_argument("--kind", default="functions,workloads")
    parser.add_argument("--cases", default="", help="a directory of attack cases")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    cases: list[Iterator[Hostile]] = []
    if "functions" in arguments.kind:
        cases.append(function_cases(arguments.size, match=arguments.match))
    if "workloads" in arguments.kind:
        cases.append(workload_cases(arguments.seconds, match=arguments.match))
    if arguments.cases:
        cases.append(attack_cases(arguments.cases, match=arguments.match))
    failed = total = 0
    signal.signal(signal.SIGPROF, _stop)
    for case in chain(*cases):
        signal.setitimer(signal.ITIMER_PROF, _SECONDS_PER_CASE)
        outcome = measure(case, arguments.deadline)
        signal.setitimer(signal.ITIMER_PROF, 0)
        is_late = outcome.seconds > arguments.limit
        total += 1
        failed += is_late
        if is_late or arguments.verbose:
            print(f"{outcome.seconds:7.2f} {outcome.name:40} {outcome.result}", flush=True)
    print(f"{total - failed} of {total} ended within {arguments.limit} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
