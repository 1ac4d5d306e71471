"""Execute templates: run the operations of a program one after the other, with a list as the stack of open blocks.

One execution is one loop. A block pushes on `stack` what its end restores. `{{template}}`, and a
call of a function that executes a template, as Helm's `include` does, push the current position on
`frames`. So neither blocks nor templates use Python's stack, and it does not limit how deep they
nest.

A function that executes a template is called a suspending function: it returns a `TemplateCall`,
and the execution of the template that called it is suspended until the requested template ends
(`suspending`). The error of a requested template becomes one of the template that called it.

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

from itertools import islice

from kmanifest.engines.helm.gotemplate.calls import Call, find_call
from kmanifest.engines.helm.gotemplate.errors import ExecError, NodeError
from kmanifest.engines.helm.gotemplate.evaluate import (
    UNDECLARED,
    MissingKey,
    Variables,
    call_error,
    evaluate,
)
from kmanifest.engines.helm.gotemplate.floats import float_text
from kmanifest.engines.helm.gotemplate.gofmt import sorted_items, text, type_name
from kmanifest.engines.helm.gotemplate.nodes import (
    ACTION,
    IF,
    INCLUDE,
    JUMP,
    NEXT,
    RANGE,
    SET,
    STOP,
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
    DirectCall,
    call_failure,
    contains_call,
    evaluate_suspending,
    find_direct_call,
    resume,
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
    indirect,
)
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import LimitError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import (
    Any,
    Callable,
    Container,
    Final,
    Iterable,
    Iterator,
    Mapping,
    NamedTuple,
)

OnImpureCall = Callable[[str, str, int, int], None]
"""A callback for each call of an impure function.

It gets the name, the file, the line and the column.
"""

MAX_DEPTH: Final = 100_000
"""The maximum depth of nested templates. Go has this limit for `{{template}}` alone."""
_STEPS_PER_CHECK: Final = 4096
_NO_VALUE_TEXT: Final = "<no value>"
_EXHAUSTED: Final = object()
# A look-up instead of a comparison: the interpreter's fast comparison has no jumps beyond 255 instructions.
_IS_SPECIAL: Final = tuple(code >= STOP for code in range(2 * SUSPENDING))
_SUSPENDING_INCLUDE: Final = SUSPENDING + INCLUDE


class ExecutionLimits(NamedTuple):
    """The limits of an execution.

    Steps are operations, sizes are in characters. The deadline is that of the work that runs (`model.deadline`).
    """

    max_steps: int = 20_000_000
    max_output: int = DEFAULT_LIMITS.max_output
    max_string: int = DEFAULT_LIMITS.max_string


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
        "_direct_calls",
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
        # By the id of a node, which the entry keeps, so that no other object can get its id.
        self._direct_calls: dict[int, DirectCall] = {}
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
        if templates is None:
            templates = self._templates
        template = _find_template(templates, name)
        outer_state = (self._templates, self._template, self.undo_log, self._depth)
        self._templates, self._template, self._depth = templates, template, outer_state[3] + 1
        undo_log: list[tuple[str, Value]] = []
        self.undo_log = undo_log
        program = template.program
        dot = data
        variables: Variables = {"$": dot}
        stack: list[Any] = []
        frames: list[Any] = []
        direct_calls = self._direct_calls
        is_special = _IS_SPECIAL
        max_string = self.max_string
        out: list[str] = []
        write = out.append
        counted = 0
        position = 0
        op: Any = ""
        self._steps_until_check -= len(program)
        try:
            if self._steps_until_check < 0:  # templates that include each other have no loop
                self._check_limits(iter(()))
            while True:
                op = program[position]
                position += 1
                if op.__class__ is str:
                    write(op)
                    continue
                code = op[0]
                if is_special[code]:
                    evaluation: Any
                    if code != STOP:
                        node = op[2]
                        evaluation = direct_calls.get(id(node)) or self._find_direct_call(node)
                        command = evaluation[0]
                        if evaluation[2] is not None:  # NAME "..." .
                            try:
                                value = evaluation[2](command[3][0][2], None if dot is NIL else dot)
                            except GoError as error:
                                raise call_error(command, error) from error
                        elif command is not None:
                            value = evaluate(self, op, dot, variables, command)
                        else:
                            if code == _SUSPENDING_INCLUDE:
                                _find_target(templates, node, len(frames))
                            evaluation = evaluate_suspending(self, op, dot, variables, node)
                            value = resume(evaluation, None)
                        if (
                            value.__class__ is str
                            and command is not None
                            and evaluation[1] is not None
                        ):
                            value = evaluate(self, op, dot, variables, evaluation[1], value)
                    elif frames:
                        template, program, position, dot, variables, undo_log, stack, caller = (
                            frames.pop()
                        )
                        self._template = template
                        self.undo_log = undo_log
                        if caller is None:
                            continue
                        value = "".join(out)
                        if counted:
                            self._count_output(islice(out, counted, None))
                        else:
                            self._output_size += len(value)
                        if len(value) > max_string:
                            raise LimitError(
                                f"the output of a template is larger than {max_string} characters"
                                " (max_string)"
                            )
                        op, evaluation, call, templates, out, counted = caller
                        write = out.append
                        if call[2] is not None:
                            self._templates = templates
                        if call[3] is not None:
                            value = call[3](call, value)
                        if evaluation.__class__ is not DirectCall:
                            value = resume(evaluation, value)
                        elif evaluation[1] is not None:
                            value = evaluate(self, op, dot, variables, evaluation[1], value)
                    else:
                        break
                    if value.__class__ is tuple:  # a TemplateCall
                        caller = (op, evaluation, value, templates, out, counted)
                        frames.append(
                            (template, program, position, dot, variables, undo_log, stack, caller)
                        )
                        if value[2] is not None:
                            self._templates = templates = value[2]
                        target = templates.find(value[0])
                        if target is None:
                            raise _missing_template(templates, value[0])
                        self._template = template = target
                        program = target.program
                        position = counted = 0
                        dot = value[1]
                        variables = {"$": dot}
                        stack = []
                        self.undo_log = undo_log = []
                        out = []
                        write = out.append
                        self._steps_until_check -= len(program)
                        if self._steps_until_check < 0:
                            self._check_limits(())
                            if len(frames) > MAX_DEPTH:
                                raise LimitError(TOO_DEEP)
                        continue
                    if value.__class__ is str and op[0] == SUSPENDING:
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
                elif code == INCLUDE:
                    node = op[2]
                    target = _find_target(templates, node, len(frames))
                    value = evaluate(self, op, dot, variables, node[3]) if node[3] else None
                    frames.append(
                        (template, program, position, dot, variables, undo_log, stack, None)
                    )
                    self._template = template = target
                    program, position, dot = target.program, 0, value
                    variables, stack = {"$": dot}, []
                    self.undo_log = undo_log = []
                    self._steps_until_check -= len(program)
                    if self._steps_until_check < 0:
                        self._check_limits(islice(out, counted, None))
                        counted = len(out)
                else:  # LEAVE
                    while stack[-1].__class__ is not list:
                        stack.pop()
                    position = op[2]
            self._count_output(islice(out, counted, None) if counted else out)
        except NodeError as failure:
            exec_error = _exec_error(failure, template, op, stack, undo_log)
            raise _unwind(exec_error, frames) from failure
        except GoError as error:  # no such template
            raise _unwind(error, frames) from None
        except RecursionError:
            if outer_state[3]:
                raise
            raise LimitError(TOO_DEEP) from None
        finally:
            self._templates, self._template, self.undo_log, self._depth = outer_state
        return "".join(out)

    def _find_direct_call(self, node: Node) -> DirectCall:
        direct = find_direct_call(self, node, self._suspending)
        self._direct_calls[id(node)] = direct
        return direct

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

    def _check_limits(self, output: Iterable[str]) -> None:
        """Count the steps since the last check and enforce the limits."""
        self._steps += _STEPS_PER_CHECK - self._steps_until_check
        self._steps_until_check = _STEPS_PER_CHECK
        limits = self._limits
        if self._steps > limits.max_steps:
            raise LimitError(f"the templates take more than {limits.max_steps} steps (max_steps)")
        check_time()
        self._count_output(output)

    def _count_output(self, output: Iterable[str]) -> None:
        self._output_size += sum(map(len, output))
        if self._output_size > self._limits.max_output:
            raise LimitError(
                f"the output is larger than {self._limits.max_output} characters (max_output)"
            )


def _find_template(templates: TemplateSet, name: str) -> Template:
    """Return the template with this name. Raises GoError if there is none."""
    template = templates.find(name)
    if template is None:
        raise _missing_template(templates, name)
    return template


def _missing_template(templates: TemplateSet, name: str) -> GoError:
    root = quoted(templates.root)
    return GoError(f"template: no template {quoted(name)} associated with template {root}")


def _find_target(templates: TemplateSet, node: Node, depth: int) -> Template:
    """Return the template that `{{template}}` names. Raises NodeError if there is none, or at the maximum depth."""
    target = templates.find(node[2])
    if target is None:
        raise NodeError(f"template {quoted(node[2])} not defined", node)
    if depth >= MAX_DEPTH:
        raise NodeError(f"exceeded maximum template depth ({MAX_DEPTH})", node)
    return target


def _action_text(value: Value) -> str:
    """Return the output of an action for a value that is neither a string nor None."""
    if isinstance(value, GoObject):
        string = value.action_text()
        if string is not None:
            return string
    return text(indirect(value))


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
    message = f"range can't iterate over {text(indirect(value))}"
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


def _unwind(error: GoError, frames: list[Any]) -> GoError:
    """Return the error of an execution for an error of the current template.

    It is passed on to each suspended template.
    """
    while frames:
        template, _, _, _, _, undo_log, stack, caller = frames.pop()
        if caller is not None:
            op, evaluation, call = caller[:3]
            failure = call_failure(evaluation, call, error)
            error = _exec_error(failure, template, op, stack, undo_log)
    return error


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
