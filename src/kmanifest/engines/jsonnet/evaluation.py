"""Evaluate a program with one of two evaluators: that of the compiled backend, or the package `rjsonnet`.

The functions of `std` that must print or refuse exactly what go-jsonnet does are replaced by those of `library`. So both
evaluators share them.
"""

from collections.abc import Callable

from kmanifest import backend
from kmanifest.engines.jsonnet.library import LIBRARY
from kmanifest.engines.jsonnet.natives import NativeCaller
from kmanifest.engines.jsonnet.programs import (
    MAX_SOURCE,
    Failure,
    Frame,
    Hooks,
    Import,
    Outcome,
    Program,
    Variable,
    failed,
)
from kmanifest.model.errors import MissingError
from kmanifest.startup.typing import Any, Final

_NO_PARAMETER: Final = ("function has no parameter {}", "parameter {} is not defined")
"""The messages of the two evaluators for an argument that a function has no parameter for."""


def evaluate(program: Program, hooks: Hooks, prepare: Callable[[], None] = lambda: None) -> Outcome:
    """Evaluate a program in this process. Errors of the program are a part of the outcome.

    `prepare` is called before each evaluation. The evaluators do not report the parameters of a function. They check the arguments before they run it. So a program
    that refuses an optional argument is evaluated again without it.
    """
    if len(program.source) > MAX_SOURCE:
        return failed("limit", f"a source of more than {MAX_SOURCE} bytes")
    while True:
        prepare()
        outcome = _evaluate_once(program, hooks)
        refused = [each for each in program.arguments if _is_refused(each, outcome.failure)]
        if not refused:
            return outcome
        arguments = tuple(each for each in program.arguments if each not in refused)
        program = program._replace(arguments=arguments)


def _is_refused(argument: Variable, failure: Failure | None) -> bool:
    """Return whether a program failed because it has no parameter for an optional argument.

    Only the call of the program itself has no frame with a line. All calls inside it have one.
    """
    if not argument.is_optional or failure is None or failure.kind != "runtime":
        return False
    is_top_level = not any(frame.line for frame in failure.frames)
    return is_top_level and is_unknown_parameter(failure.message, argument.name)


def is_unknown_parameter(message: str, name: str) -> bool:
    """Return whether the message of an error is that a function has no parameter with this name."""
    return any(message == text.format(name) for text in _NO_PARAMETER)


def _evaluate_once(program: Program, hooks: Hooks) -> Outcome:
    if backend.EXTENSION is not None:
        return _evaluate_compiled(backend.EXTENSION, program, hooks)
    from kmanifest.engines.jsonnet import (
        fallback,
    )  # only where the compiled backend is not installed

    return fallback.evaluate(program, hooks)


def require_compiled() -> None:
    """Raise MissingError if the compiled backend is not in use: no other evaluator is safe in this process."""
    if backend.EXTENSION is None:
        raise MissingError(
            "Jsonnet is evaluated in this process only with the compiled backend, which is not installed"
        )


def _evaluate_compiled(extension: Any, program: Program, hooks: Hooks) -> Outcome:
    caller = NativeCaller(program, hooks.call_native)
    natives = [*((name, list(parameters)) for name, parameters in caller.signatures)]
    result = extension.evaluate_jsonnet(
        name=program.name,
        this_file=program.this_file,
        source=program.source,
        library=LIBRARY,
        importer=_bounded(hooks.load),
        call_native=caller.call,
        trace=hooks.trace,
        natives=natives,
        variables=[_as_tuple(each) for each in program.variables],
        arguments=[_as_tuple(each) for each in program.arguments],
        max_stack=program.max_stack,
        style=program.style,
    )
    if result[0]:
        return Outcome(result[1])
    _, kind, message, frames, cause = result
    return Outcome(b"", Failure(kind, message, tuple(Frame(*frame) for frame in frames)), cause)


def _bounded(load: Import) -> Import:
    def load_bounded(importing: str, path: str) -> tuple[str, bytes]:
        found, content = load(importing, path)
        if len(content) > MAX_SOURCE:
            raise ValueError(f"{found} has more than {MAX_SOURCE} bytes")
        return found, content

    return load_bounded


def _as_tuple(variable: Variable) -> tuple[str, bool, str]:
    return variable.name, variable.is_code, variable.text
