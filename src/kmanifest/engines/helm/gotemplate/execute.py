"""Execute templates: run the operations of a program one after the other, with a list as the stack of open blocks.

One execution of a template is one loop. A block pushes on `stack` what its end restores, and
`{{template}}` pushes the current position on `frames`. So neither uses a frame of Python's stack.
A function that executes a template, as Helm's `include` does, suspends the loop, which is a
generator, and another loop runs that template. `Execution.execute` keeps the suspended loops in a
list (`suspending`). So the stack does not limit how deep templates nest.

The stack has one entry for each open block:

    scoped `if`   the length of the undo log
    `with`        a tuple: the dot, the length of the undo log, whether the body runs
    `range`       a list: the dot, the length of the undo log, its length in the body, the iterator,
                  the elements, the names of the variables

The undo log restores variables when their scope ends.

Steps are counted only where a program may run longer than its text: at the end of each round of a
loop, and at the start of a template. The count grows by the number of operations that follow, so a
single operation has no extra cost. The output's size is checked at the same points.

Source: Go 1.26 text/template/exec.go, walk and what it calls.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from itertools import islice

from kmanifest.engines.helm.gotemplate.calls import Call, find_call
from kmanifest.engines.helm.gotemplate.errors import ExecError, NodeError
from kmanifest.engines.helm.gotemplate.evaluate import UNDECLARED, MissingKey, Variables, evaluate
from kmanifest.engines.helm.gotemplate.floats import float_text
from kmanifest.engines.helm.gotemplate.gofmt import sorted_items, text, type_name
from kmanifest.engines.helm.gotemplate.nodes import (
    ACTION,
    IF,
    INCLUDE,
    JUMP,
    LEAVE,
    NEXT,
    RANGE,
    SET,
    SUSPENDING,
    UNNEST,
    UNSCOPE,
    WITH,
    Node,
    last_node,
    node_text,
)
from kmanifest.engines.helm.gotemplate.quoting import quoted
from kmanifest.engines.helm.gotemplate.suspending import (
    Evaluation,
    TemplateCall,
    contains_call,
    evaluate_and_assign,
    evaluate_suspending,
    with_value,
)
from kmanifest.engines.helm.gotemplate.templates import TOO_DEEP, Template, TemplateSet
from kmanifest.engines.helm.gotemplate.values import (
    NIL,
    Function,
    GoError,
    GoMap,
    GoObject,
    Uint8,
    Value,
)
from kmanifest.model.errors import LimitError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import Any, Final, NamedTuple

OnImpureCall = Callable[[str, str, int, int], None]
"""A callback for each call of an impure function.

It gets the name, the file, the line and the column.
"""

MAX_DEPTH: Final = 100_000
"""The maximum depth of nested `{{template}}` actions."""
MAX_SUSPENDED: Final = 20_000
"""The maximum depth of templates that are executed by functions. Each level takes a few kilobytes."""
_STEPS_PER_CHECK: Final = 4096
_NO_VALUE_TEXT: Final = "<no value>"
_EXHAUSTED: Final = object()
_SUSPENDING_INCLUDE: Final = SUSPENDING + INCLUDE
_INCLUDES: Final = frozenset({INCLUDE, _SUSPENDING_INCLUDE})


class ExecutionLimits(NamedTuple):
    """The limits of an execution.

    `deadline` is a time of `clock`, 0 for none. Steps are operations, sizes are in characters.
    """

    max_steps: int = 20_000_000
    max_output: int = DEFAULT_LIMITS.max_output
    max_string: int = DEFAULT_LIMITS.max_string
    deadline: float = 0.0
    clock: Callable[[], float] | None = None


def execute(
    templates: TemplateSet,
    name: str,
    data: Value,
    functions: Mapping[str, Function],
    *,
    missing_key: MissingKey = "default",
    limits: ExecutionLimits = ExecutionLimits(),
    on_impure: OnImpureCall | None = None,
) -> str:
    """Return the output of a template for `data`.

    Raises ExecError if the execution fails, LimitError if it exceeds `limits`.
    """
    execution = Execution(
        templates, functions, missing_key=missing_key, limits=limits, on_impure=on_impure
    )
    return execution.execute(name, data)


class Execution:
    """An executor of templates that share functions and limits, such as all files of a chart.

    `suspending` are the names of the functions that are suspending. Other functions may call
    `execute` again.
    """

    __slots__ = (
        "_depth",
        "_functions",
        "_limits",
        "_on_impure",
        "_output_size",
        "_steps",
        "_steps_until_check",
        "_suspending",
        "_suspending_nodes",
        "_template",
        "_templates",
        "calls",
        "max_string",
        "missing_key",
        "stop_indexes",
        "undo_log",
    )

    def __init__(
        self,
        templates: TemplateSet,
        functions: Mapping[str, Function],
        *,
        missing_key: MissingKey = "default",
        limits: ExecutionLimits = ExecutionLimits(),
        on_impure: OnImpureCall | None = None,
        suspending: Container[str] = (),
    ) -> None:
        self._suspending = suspending
        # The entries keep the nodes, so that no other object can get the id of one.
        self._suspending_nodes: dict[int, tuple[Node, bool]] = {}
        self._templates = templates
        self._functions = functions
        self._limits = limits
        self._on_impure = on_impure
        self._depth = 0
        self._steps = 0
        self._steps_until_check = 0
        self._output_size = 0
        self._template: Template | None = None
        self.missing_key = missing_key
        self.max_string = limits.max_string
        self.calls: dict[str, Call] = {}
        self.undo_log: list[tuple[str, Value]] = []
        self.stop_indexes: dict[int, int] = {}

    def execute(self, name: str, data: Value, templates: TemplateSet | None = None) -> str:
        """Return the output of a template for `data`.

        It may be called during another execution. `templates` replaces the execution's templates
        for this template and those that it includes. Raises GoError if there is no such template,
        ExecError if the execution fails, LimitError if it exceeds a limit.
        """
        runs: list[Evaluation] = []
        self._depth += 1
        try:
            return self._execute((name, data, templates), runs)
        except RecursionError:
            if self._depth > 1:
                raise
            raise LimitError(TOO_DEEP) from None
        finally:
            self._depth -= 1
            while runs:
                runs.pop().close()

    def _execute(self, call: TemplateCall, runs: list[Evaluation]) -> str:
        """Execute a template, and those that its functions request.

        `runs` are the executions that wait for the output of the next one. An error that ends one
        of them is raised in the one before it.
        """
        output: Any = None
        failure: GoError | None = None
        runs.append(self._run(call))
        while runs:
            try:
                run = runs[-1]
                call = run.send(output) if failure is None else run.throw(failure)
            except StopIteration as stop:
                runs.pop()
                output, failure = stop.value, None
            except GoError as error:
                runs.pop()
                if not runs:
                    raise
                failure = error
            else:
                if len(runs) >= MAX_SUSPENDED:
                    raise LimitError(TOO_DEEP)
                runs.append(self._run(call))
                output = failure = None
        return output  # type: ignore[no-any-return]  # a str: the loop has ended with a run's result

    def _run(self, call: TemplateCall) -> Evaluation:
        """Execute one template and return its output."""
        name, data, templates = call
        if templates is None:
            templates = self._templates
        template = templates.find(name)
        if template is None:
            root = quoted(templates.root)
            raise GoError(f"template: no template {quoted(name)} associated with template {root}")
        outer_state = (self._templates, self._template, self.undo_log)
        self._templates, self._template = templates, template
        undo_log: list[tuple[str, Value]] = []
        self.undo_log = undo_log
        program = template.program
        dot = data
        variables: Variables = {"$": dot}
        stack: list[Any] = []
        frames: list[Any] = []
        out: list[str] = []
        write = out.append
        counted = 0
        position = 0
        op: Any = ""
        self._steps_until_check -= len(program)
        try:
            if self._steps_until_check < 0:
                self._check_limits(iter(()))
            while True:
                op = program[position]
                position += 1
                if op.__class__ is str:
                    write(op)
                    continue
                code = op[0]
                if code >= SUSPENDING and code != _SUSPENDING_INCLUDE:
                    value = yield from evaluate_suspending(self, op, dot, variables, op[2])
                    if code == SUSPENDING and value.__class__ is str:
                        write(value)
                        continue
                    op = with_value(op, value)
                    code = op[0]
                if code == ACTION:
                    value = evaluate(self, op, dot, variables, op[2])
                    kind = value.__class__
                    if kind is str:
                        write(value)
                    elif value is None:
                        write(_NO_VALUE_TEXT)
                    elif kind is float:
                        write(float_text(value))
                    else:
                        write(_action_text(value))
                elif code == IF:
                    if op[4]:
                        stack.append(len(undo_log))
                    if not evaluate(self, op, dot, variables, op[2]):
                        position = op[3]
                elif code == JUMP:
                    position = op[1]
                elif code == SET:
                    evaluate(self, op, dot, variables, op[2])
                elif code == WITH:
                    log_length = len(undo_log)
                    value = evaluate(self, op, dot, variables, op[2])
                    if value:
                        stack.append((dot, log_length, True))
                        dot = value
                    else:
                        stack.append((dot, log_length, False))
                        position = op[3]
                elif code == UNSCOPE:
                    log_length = stack.pop()
                    if len(undo_log) > log_length:
                        _restore_variables(variables, undo_log, log_length)
                elif code == NEXT:
                    loop = stack[-1]
                    if len(undo_log) > loop[2]:
                        _restore_variables(variables, undo_log, loop[2])
                    item: Any = next(loop[3], _EXHAUSTED)
                    if item is _EXHAUSTED:
                        position = op[2]
                        continue
                    position = op[1]
                    dot = item[1]
                    if dot is None:
                        dot = NIL
                    names = op[3]
                    if names:
                        variables[names[0]] = item[0]
                        variables[names[-1]] = dot
                    self._steps_until_check -= op[4]
                    if self._steps_until_check < 0:
                        self._check_limits(islice(out, counted, None))
                        counted = len(out)
                elif code == RANGE:
                    log_length = len(undo_log)
                    value = evaluate(self, op, dot, variables, op[2])
                    if _has_no_elements(value, op[4]):
                        stack.append((dot, log_length, False))
                        position = op[3]
                        continue
                    items = _range_items(self, value, op)
                    stack.append([dot, log_length, len(undo_log), items, value, op[4]])
                    index, dot = next(items)
                    if dot is None:
                        dot = NIL
                    names = op[4]
                    if names:
                        variables[names[0]] = index
                        variables[names[-1]] = dot
                elif code == UNNEST:
                    loop = stack.pop()
                    dot = loop[0]
                    if len(undo_log) > loop[1]:
                        _restore_variables(variables, undo_log, loop[1])
                elif code in _INCLUDES:
                    node = op[2]
                    target = templates.find(node[2])
                    if target is None:
                        raise NodeError(f"template {quoted(node[2])} not defined", node)
                    if len(frames) >= MAX_DEPTH:
                        message = f"exceeded maximum template depth ({MAX_DEPTH})"
                        raise NodeError(message, node)
                    if node[3] is None:
                        value = None
                    elif code == _SUSPENDING_INCLUDE:
                        value = yield from evaluate_and_assign(self, op, dot, variables, node[3])
                    else:
                        value = evaluate(self, op, dot, variables, node[3])
                    frames.append((template, program, position, dot, variables, undo_log, stack))
                    self._template = template = target
                    program, position, dot = target.program, 0, value
                    variables, stack = {"$": dot}, []
                    self.undo_log = undo_log = []
                    self._steps_until_check -= len(program)
                    if self._steps_until_check < 0:
                        self._check_limits(islice(out, counted, None))
                        counted = len(out)
                elif code == LEAVE:
                    while stack[-1].__class__ is not list:
                        stack.pop()
                    position = op[2]
                elif frames:  # STOP
                    template, program, position, dot, variables, undo_log, stack = frames.pop()
                    self._template, self.undo_log = template, undo_log
                else:
                    break
            self._count_output(islice(out, counted, None) if counted else out)
        except NodeError as failure:
            raise _exec_error(failure, template, op, stack, undo_log) from failure
        finally:
            self._templates, self._template, self.undo_log = outer_state
        return "".join(out)

    def is_suspending(self, node: Node) -> bool:
        """Return whether a node calls a suspending function."""
        entry = self._suspending_nodes.get(id(node))
        if entry is None:
            is_suspending = contains_call(node, self._suspending)
            entry = self._suspending_nodes[id(node)] = (node, is_suspending)
        return entry[1]

    def find_call(self, node: Node) -> Call:
        """Return the function that a node names.

        Raises NodeError if there is none.
        """
        name = node[2]
        call = find_call(name, self._functions)
        if call is None:
            raise NodeError(f"{quoted(name)} is not a defined function", node)
        self.calls[name] = call
        return call

    def string_limit_error(self, name: str) -> LimitError:
        """Return the error for a string that a function returned."""
        return LimitError(
            f"function {name} returned a string of more than {self.max_string} characters"
            " (max_string)"
        )

    def report_impure(self, name: str, op: Node, node: Node) -> None:
        """Report the call of a function whose result depends on more than its arguments."""
        if self._on_impure is None or self._template is None:
            return
        template = self._template
        line, column = line_and_column(template.text, op[1] + node[1])
        self._on_impure(name, template.file, line, column)

    def _check_limits(self, output: Iterator[str]) -> None:
        """Count the steps since the last check and enforce the limits."""
        self._steps += _STEPS_PER_CHECK - self._steps_until_check
        self._steps_until_check = _STEPS_PER_CHECK
        limits = self._limits
        if self._steps > limits.max_steps:
            raise LimitError(f"the templates take more than {limits.max_steps} steps (max_steps)")
        if limits.deadline and limits.clock is not None and limits.clock() > limits.deadline:
            raise LimitError("the templates take longer than allowed (deadline)")
        self._count_output(output)

    def _count_output(self, output: Iterable[str]) -> None:
        self._output_size += sum(map(len, output))
        if self._output_size > self._limits.max_output:
            raise LimitError(
                f"the output is larger than {self._limits.max_output} characters (max_output)"
            )


def _action_text(value: Value) -> str:
    """Return the output of an action for a value that is neither a string nor None."""
    if isinstance(value, GoObject):
        string = value.action_text()
        if string is not None:
            return string
    return text(value)


def _restore_variables(
    variables: Variables, undo_log: list[tuple[str, Value]], log_length: int
) -> None:
    """Undo the declarations made since the undo log had the length `log_length`."""
    while len(undo_log) > log_length:
        name, previous = undo_log.pop()
        if previous is UNDECLARED:
            del variables[name]
        else:
            variables[name] = previous


def _has_no_elements(value: Value, names: tuple[str, ...]) -> bool:
    """Return whether a `range` over `value` has no rounds.

    A value that can't be ranged over is not empty.
    """
    if value is None:
        return True
    if isinstance(value, (list, dict, bytes)):
        return not value
    if isinstance(value, GoObject):
        return value.kind in ("map", "slice") and not value.fields()
    return isinstance(value, int) and value.__class__ is not bool and value <= 0 and len(names) < 2


def _range_items(execution: Execution, value: Value, op: Node) -> Iterator[tuple[Value, Value]]:
    """Return index and element of each round.

    Raises NodeError if `value` can't be ranged over.
    """
    if isinstance(value, list):
        return iter(list(enumerate(value)))
    if isinstance(value, dict):
        return iter(sorted_items(value))
    if isinstance(value, bytes):
        return ((index, Uint8(byte)) for index, byte in enumerate(value))
    if isinstance(value, int) and value.__class__ is not bool:
        if len(op[4]) > 1:
            message = f"can't use {value:d} to iterate over more than one variable"
            raise NodeError(message, last_node(op[2], execution.stop_indexes))
        kind = value.__class__
        return ((None, number if kind is int else kind(number)) for number in range(value))
    if isinstance(value, GoObject) and value.kind == "map":
        return iter(sorted_items(dict(value.fields())))
    if isinstance(value, GoObject) and value.kind == "slice":
        return enumerate(value.fields().values())
    message = f"range can't iterate over {text(value)}"
    raise NodeError(message, last_node(op[2], execution.stop_indexes))


def line_and_column(source: str, offset: int) -> tuple[int, int]:
    """Return the line, counted from 1, and the column, counted in bytes from 0."""
    start = source.rfind("\n", 0, offset) + 1
    column = len(source[start:offset].encode("utf-8", "surrogateescape"))
    return source.count("\n", 0, start) + 1, column


def _exec_error(
    failure: NodeError,
    template: Template,
    op: Node,
    stack: list[Any],
    undo_log: list[tuple[str, Value]],
) -> ExecError:
    message = failure.message
    if failure.receiver_name and _is_range_element(failure.receiver_name, stack, undo_log):
        message = failure.message_for_element
    node = failure.node
    line, column = line_and_column(template.text, op[1] + node[1])
    location = f"template: {template.file}:{line}:{column}: executing {quoted(template.name)}"
    return ExecError(
        f"{location} at <{node_text(node)}>: {message}", name=template.name, cause=failure.cause
    )


def _is_range_element(
    receiver_name: str, stack: list[Any], undo_log: list[tuple[str, Value]]
) -> bool:
    """Return whether `.` or a variable holds an element that a `range` took from a container of interfaces."""
    for entry in reversed(stack):
        if entry.__class__ is list:
            if receiver_name == ".":
                return _holds_interfaces(entry[4])
            if any(name == receiver_name for name, _ in undo_log[entry[2] :]):
                return False
            if receiver_name in entry[5]:
                return _holds_interfaces(entry[4])
        elif receiver_name == "." and entry.__class__ is tuple and entry[2]:
            return False
    return False


def _holds_interfaces(container: Value) -> bool:
    is_named = isinstance(container, GoMap)
    type_ = container.underlying_type if is_named else type_name(container)
    return type_.endswith("interface {}")


__all__ = ["Execution", "ExecutionLimits", "execute", "line_and_column"]
