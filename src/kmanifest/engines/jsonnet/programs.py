"""A program with its inputs, the outcome of its evaluation, and what an evaluation calls."""

from collections.abc import Callable, Iterable, Sequence

from kmanifest.model.deadline import check_time
from kmanifest.model.errors import LimitError
from kmanifest.startup.typing import Any, Final, Literal, NamedTuple

Style = Literal["json", "stream", "value"]
"""The form of a result: the text of `jsonnet`, that of `jsonnet -y`, or JSON in one line for another step."""

Import = Callable[[str, str], tuple[str, bytes]]
"""Returns the path and the content of an imported file, from the path of the importing file and the path as written."""

CallNative = Callable[[str, list[Any]], Any]
"""Calls a native function that is not built in."""

Trace = Callable[[str, int, str], None]
"""Receives file, line and message of `std.trace`."""

MAX_SOURCE: Final = 8 << 20
"""The bytes of one source. The stack of the evaluating thread is big enough for any nesting in it that is realistic."""


_VALUE_MEMORY: Final = 128
"""The bytes that a list or an object, and an item of one, need at most in Python, without the text of strings."""


class Variable(NamedTuple):
    """An external variable or a top-level argument.

    `is_code`: whether `text` is Jsonnet code or a string. `is_optional`: an argument that is left out if the program is a
    function without a parameter of this name.
    """

    name: str
    text: str
    is_code: bool = False
    is_optional: bool = False


class Program(NamedTuple):
    """What is evaluated.

    `name`: the name in errors. `this_file`: the path from which imports are resolved; empty for a snippet. `source`: the
    code. `variables`, `arguments`: external variables and top-level arguments. `natives`: names and parameters of
    native functions that `CallNative` implements. `max_stack`: the number of stack frames. `style`: the form of the
    result. `with_natives`: whether Tanka's native functions are known.
    """

    name: str
    this_file: str
    source: bytes
    variables: tuple[Variable, ...] = ()
    arguments: tuple[Variable, ...] = ()
    natives: tuple[tuple[str, tuple[str, ...]], ...] = ()
    max_stack: int = 500
    style: Style = "json"
    with_natives: bool = False


class Frame(NamedTuple):
    """A line of a stack trace. Lines and columns are counted from 1; without a location, `file` is empty."""

    file: str
    line: int
    column: int
    last_line: int
    last_column: int
    name: str


class Failure(NamedTuple):
    """An error of a program. `kind`: `static` for code that can't be parsed, `runtime`, or `limit`."""

    kind: str
    message: str
    frames: tuple[Frame, ...] = ()


class Outcome(NamedTuple):
    """A result in UTF-8, or a failure with the exception of an import or a native function, if one caused it."""

    content: bytes
    failure: Failure | None = None
    cause: BaseException | None = None

    @property
    def text(self) -> str:
        """The result as a string."""
        return self.content.decode("utf-8", "surrogatepass")


class Hooks(NamedTuple):
    """The functions that an evaluation calls."""

    load: Import
    call_native: CallNative
    trace: Trace


def failed(kind: str, message: str, frames: Sequence[Frame] = ()) -> Outcome:
    """Return the outcome of a failed evaluation."""
    return Outcome(b"", Failure(kind, message, tuple(frames)))


def unique(variables: Iterable[Variable]) -> tuple[Variable, ...]:
    """Return the variables without those that are defined again later."""
    return tuple({each.name: each for each in variables}.values())


def ignore_trace(_file: str, _line: int, _message: str) -> None:
    """Ignore a message of `std.trace`."""


def load_value(text: str, max_memory: int) -> Any:
    """Return the value of JSON that a worker process has printed.

    The text can be short and its value large, and no limit of memory holds for this process. So the values are counted
    first. Raises LimitError if they need more than `max_memory` bytes, or are nested more deeply than Python allows.
    """
    import json  # the text of most results is printed as it is

    count = text.count(",") + text.count("[") + text.count("{")
    if count * _VALUE_MEMORY > max_memory:
        raise LimitError(
            f"a result of {count} values needs more than {max_memory} bytes of memory (max_memory)"
        )
    check_time()
    try:
        return json.loads(text)
    except RecursionError:
        raise LimitError("a result is nested too deeply") from None
