"""Evaluate a program with the package `rjsonnet`, where the compiled backend is not installed.

It is used only in a worker process: a program with an endless recursion ends it with a signal. `rjsonnet` names files by
absolute paths. So a path is given below the directory `/r` if it is relative, and below `/a` if it is absolute, and the
working directory of a worker process is the root directory.
"""

import json
import re
from threading import Thread, stack_size

from kmanifest.engines.jsonnet.library import LIBRARY
from kmanifest.engines.jsonnet.natives import NativeCaller
from kmanifest.engines.jsonnet.printing import NotPrintableError, print_json, print_stream
from kmanifest.engines.jsonnet.programs import (
    MAX_SOURCE,
    Failure,
    Frame,
    Hooks,
    Outcome,
    Program,
    Style,
    Variable,
    failed,
)
from kmanifest.startup.typing import Any, Final

_STACK_SIZE: Final = 768 << 20
_STACK_FRAMES: Final = 4
"""How many frames `rjsonnet` counts where go-jsonnet counts one, at most."""
_MARK: Final = "\0"
"""The first character of imports that no file can have. They add the functions of `library` to `std`."""
_SOURCE_SUFFIXES: Final = (".jsonnet", ".libsonnet")
"""The files that get the functions of `library`, unless a source imports them as strings."""
_STRING_IMPORT: Final = re.compile(r"importstr\s*@?(?:'([^'\n]*)'|\"([^\"\n]*)\")")
_FRAME: Final = re.compile(r"\s+(\S.*?):(\d+):(\d+)(?:-(?:(\d+):)?(\d+))?(?:: *(.*))?$")
_STATIC: Final = ("syntax error", "variable is not defined", "local is not defined", "duplicate")
_UNNAMED: Final = {"error statement": ""}


def evaluate(program: Program, hooks: Hooks) -> Outcome:
    """Evaluate a program on a thread with a big stack."""
    outcomes: list[Outcome] = []
    evaluator = _Evaluator(program, hooks)

    def run() -> None:
        try:
            outcomes.append(evaluator.run())
        except MemoryError:
            outcomes.append(failed("limit", "out of memory"))
        except RecursionError:
            outcomes.append(failed("limit", "a value is nested too deeply"))

    previous = stack_size(_STACK_SIZE)
    try:
        thread = Thread(target=run)
        thread.start()
    finally:
        stack_size(previous)
    thread.join()
    return outcomes[0]


class _Evaluator:
    """One evaluation. It keeps the exceptions of imports and native functions, as the evaluator keeps only their text."""

    def __init__(self, program: Program, hooks: Hooks) -> None:
        self._program = program
        self._hooks = hooks
        self._caller = NativeCaller(program, hooks.call_native)
        self._preludes: dict[str, int] = {}
        self._strings: set[str] = set()
        self._cause: Exception | None = None

    def run(self) -> Outcome:
        """Return the outcome of the program."""
        import rjsonnet

        program = self._program
        name = program.this_file or program.name
        try:
            text = rjsonnet.evaluate_snippet(
                _to_absolute(name),
                self._with_prelude(name, program.source.decode("utf-8", "replace")),
                max_stack=program.max_stack * _STACK_FRAMES,
                import_callback=self._load,
                native_callbacks=self._natives(),
                ext_vars=_named(program.variables, is_code=False),
                ext_codes=_named(program.variables, is_code=True),
                tla_vars=_named(program.arguments, is_code=False),
                tla_codes=_named(program.arguments, is_code=True),
            )
        except Exception as error:  # noqa: BLE001 - the text of whatever it raises is the result
            return self._failed(str(error))
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            return self._failed("the evaluator failed unexpectedly")
        return _print_value(text, program.style)

    def _with_prelude(self, path: str, text: str) -> str:
        if not LIBRARY:
            return text
        self._strings.update(match[1] or match[2] for match in _STRING_IMPORT.finditer(text))
        prelude = f"local std=import'{_MARK}{_quote(path)}';"
        self._preludes[path] = len(prelude)
        return prelude + text

    def _load(self, directory: str, path: str) -> tuple[str, str]:
        if path == _MARK:
            return f"/{_MARK}", LIBRARY
        if path.startswith(_MARK):
            name = "" if path[1:] == self._program.name != self._program.this_file else path[1:]
            this_file = f"{{ thisFile:: {json.dumps(name)} }}"
            return f"/{path}", f"(import '\\u0000')(std) + {this_file}"
        try:
            found, content = self._hooks.load(self._importing(directory), path)
        except Exception as error:
            self._cause = error
            raise
        if len(content) > MAX_SOURCE:
            raise ValueError(f"{found} has more than {MAX_SOURCE} bytes")
        text = content.decode("utf-8", "replace")
        # The evaluator does not report whether a file is imported as a string.
        if found.endswith(_SOURCE_SUFFIXES) and path not in self._strings:
            text = self._with_prelude(found, text)
        return _to_absolute(found), text

    def _importing(self, directory: str) -> str:
        """Return a path in the directory of the importing file. The program itself is reported as one of `/`."""
        if directory == "/":
            return self._program.this_file
        start = _from_absolute(directory)
        return f"{start}/" if start else ""

    def _natives(self) -> dict[str, Any]:
        def native(name: str) -> Any:
            def call(*arguments: Any) -> Any:
                try:
                    return self._caller.call(name, list(arguments))
                except Exception as error:
                    self._cause = error
                    raise

            return call

        return {name: (parameters, native(name)) for name, parameters in self._caller.signatures}

    def _failed(self, text: str) -> Outcome:
        lines = text.split("\n")
        frames = tuple(frame for line in lines for frame in self._frames(line))
        message_lines = [line for line in lines if not line.startswith("    ")]
        message = "\n".join(message_lines)
        kind = "static" if message.startswith(_STATIC) else "runtime"
        is_caused = "import_callback error" in message or "native extension" in message
        cause = self._cause if is_caused else None
        if cause is not None:
            message = str(cause)
        return Outcome(b"", Failure(kind, message.removeprefix("runtime error: "), frames), cause)

    def _frames(self, line: str) -> list[Frame]:
        match = _FRAME.match(line)
        if match is None or match[1].startswith("<std>") or _MARK in match[1]:
            return []  # the library, which no file of the program is
        path = _from_absolute("/" + match[1].lstrip("/"))
        number, column = int(match[2]), int(match[3])
        last_line, last_column = int(match[4] or number), int(match[5] or column)
        prelude = self._preludes.get(path, 0)
        if number == 1:
            column -= prelude
        if last_line == 1:
            last_column -= prelude
        if column < 1:
            return []
        name = match[6] or ""
        shown = self._program.name if path == self._program.this_file else path
        return [Frame(shown, number, column, last_line, last_column, _UNNAMED.get(name, name))]


def _named(variables: tuple[Variable, ...], *, is_code: bool) -> dict[str, str]:
    return {each.name: each.text for each in variables if each.is_code == is_code}


def _to_absolute(path: str) -> str:
    return f"/a{path}" if path.startswith("/") else f"/r/{path}"


def _from_absolute(path: str) -> str:
    if path == "/r" or path.startswith("/r/"):
        return path[len("/r/") :]
    return path.removeprefix("/a")


def _quote(path: str) -> str:
    return path.replace("\\", "\\\\").replace("'", "\\'")


def _parse_int(digits: str) -> float:
    return -0.0 if digits == "-0" else int(digits)


def _print_value(text: str, style: Style) -> Outcome:
    """Return the outcome for a value that an evaluator printed as JSON of its own."""
    value = json.loads(text, parse_int=_parse_int)
    try:
        if style == "json":
            return _printed(print_json(value) + "\n")
        if style == "stream":
            return _printed(print_stream(value))
    except NotPrintableError as error:
        return failed("runtime", str(error), [Frame("", 0, 0, 0, 0, "During manifestation")])
    return _printed(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _printed(text: str) -> Outcome:
    return Outcome(text.encode("utf-8", "surrogatepass"))
