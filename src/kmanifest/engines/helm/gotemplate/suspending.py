"""Evaluate the pipelines that call functions which execute templates, such as Helm's `include`.

If such a function called the executor, each level of nested templates would use several frames of
Python's stack, which ends after some hundred levels. Instead, it returns a `TemplateCall`. The
executor runs that template in the loop that it is in, and then continues the pipeline. In the
meantime the pipeline is suspended, so these functions are called suspending.

Nearly all of these pipelines begin with the call and then pass its result through other functions.
This form, a `DirectCall`, needs no state but the position of the call. Any other pipeline, in which
the call may be an argument of an argument, is evaluated by a generator, and so is every node
between the pipeline and the call. All other nodes are evaluated as usual. The order in which nodes
are evaluated and checked is that of `evaluate`.

Source: Go 1.26 text/template/exec.go, evalPipeline and what it calls.
"""

from kmanifest.engines.helm.gotemplate.calls import Call, evaluate_argument
from kmanifest.engines.helm.gotemplate.errors import NodeError
from kmanifest.engines.helm.gotemplate.evaluate import (
    NO_FINAL,
    ExecutionState,
    Receiver,
    Variables,
    assign_variables,
    call_error,
    call_method,
    call_special,
    evaluate_argument_node,
    evaluate_command,
    evaluate_field,
    evaluate_field_chain,
    evaluate_fields,
    find_method,
    fit_final,
    method_types,
)
from kmanifest.engines.helm.gotemplate.nodes import (
    CALL,
    CHAIN,
    CONSTANT,
    DOT,
    FIELD,
    INVOKE,
    PIPE,
    SUSPENDING,
    TEMPLATE,
    VALUE,
    VARIABLE,
    Node,
)
from kmanifest.engines.helm.gotemplate.templates import TemplateSet
from kmanifest.engines.helm.gotemplate.values import NIL, GoError, Value
from kmanifest.startup.typing import Any, Callable, Container, Generator, NamedTuple, Protocol

TemplateCall = tuple[
    str,
    Value,
    TemplateSet | None,
    "Callable[[TemplateCall, str], str] | None",
    "Callable[[TemplateCall, GoError], GoError] | None",
    Any,
]
"""A request of a suspending function to execute a template: name, data, templates, finish, fail, state.

`templates` is the set of the template, None for the current one. When it has ended, `finish` is
called with the request and the output, and returns the result of the function. If it fails, `fail`
is called with the request and the error, and returns the error of the function. `state` is for
these two. It is the only tuple among the values of templates: a class would take longer to create.
"""

Evaluation = Generator[TemplateCall, str, Value]
"""An evaluation that yields its requests, gets the results of the functions, and returns its value."""


class DirectCall(NamedTuple):
    """A pipeline that begins with the call of a suspending function and then calls other functions.

    `command` is the first call, None if the pipeline has another form. `rest` is a pipeline of the
    others, if any. `function` is the called function if its arguments are a string and the dot, as
    they mostly are. `node` is the pipeline itself.
    """

    command: Node | None
    rest: Node | None
    function: "Callable[[str, Value], TemplateCall | str] | None"
    node: Node


class SuspendingState(ExecutionState, Protocol):
    """The part of an execution that an evaluation reads and changes."""

    def is_suspending(self, node: Node, /) -> bool:
        """Return whether a node calls a suspending function."""


def contains_call(node: Node, names: Container[str]) -> bool:
    """Return whether a node contains a call of one of these functions."""
    code = node[0]
    if code == CALL:
        return node[2] in names or any(contains_call(argument, names) for argument in node[3])
    if code == CHAIN:
        return contains_call(node[2], names)
    if code == INVOKE:
        return any(contains_call(operand, names) for operand in (node[2], *node[3]))
    if code == PIPE:
        return any(contains_call(command, names) for command in node[2])
    return code == TEMPLATE and node[3] is not None and contains_call(node[3], names)


def find_direct_call(execution: ExecutionState, node: Node, names: Container[str]) -> DirectCall:
    """Return a pipeline or command in the form of a `DirectCall`."""
    commands = node[2] if node[0] == PIPE else (node,)
    first, others = commands[0], commands[1:]
    if first[0] != CALL or first[2] not in names or any(each[0] != CALL for each in others):
        return DirectCall(None, None, None, node)
    arguments = first[3]
    if any(contains_call(other, names) for other in (*arguments, *others)):
        return DirectCall(None, None, None, node)
    rest = (PIPE, node[1], others, (), False) if others else None
    function = None
    if [argument[0] for argument in arguments] == [CONSTANT, DOT]:
        call = execution.calls.get(first[2]) or execution.find_call(first)
        is_usual = call.types_for_count(2, 2, first) == (str, None)
        if is_usual and arguments[0][2].__class__ is str:
            function = call.call
    return DirectCall(first, rest, function, node)


def call_failure(
    evaluation: DirectCall | Evaluation, call: TemplateCall, error: GoError
) -> NodeError:
    """Return the error of a pipeline whose requested template failed."""
    fail = call[4]
    if fail is not None:
        error = fail(call, error)
    if isinstance(evaluation, DirectCall):
        return call_error(evaluation.command or evaluation.node, error)
    try:
        evaluation.throw(error)
    except NodeError as failure:
        return failure
    raise error


def resume(evaluation: Evaluation, result: Any) -> TemplateCall | Value:
    """Continue an evaluation. Return its next request, or its value if it has ended.

    The first `result` is None.
    """
    try:
        return evaluation.send(result)
    except StopIteration as stop:
        return stop.value


def with_value(op: Node, value: Value) -> Node:
    """Return an operation with a suspending pipeline, as one whose pipeline has been evaluated."""
    node = op[2]
    pipe = node[3] if node[0] == TEMPLATE else node
    evaluated: Node = (VALUE, pipe[1], value, pipe)
    if pipe[0] == PIPE and pipe[3]:
        evaluated = (PIPE, pipe[1], (evaluated,), pipe[3], pipe[4])
    if node[0] == TEMPLATE:
        evaluated = (TEMPLATE, node[1], node[2], evaluated)
    return (op[0] - SUSPENDING, op[1], evaluated, *op[3:])


def evaluate_suspending(
    execution: SuspendingState, op: Node, dot: Value, variables: Variables, node: Node
) -> Evaluation:
    """Return the value of a pipeline or command, and assign no variables."""
    if node[0] == TEMPLATE:
        node = node[3]
    value = NO_FINAL
    for command in node[2] if node[0] == PIPE else (node,):
        code = command[0]
        if not execution.is_suspending(command):
            value = evaluate_command(execution, op, dot, variables, node, command, value)
        elif code == CALL:
            value = yield from _call(execution, op, dot, variables, command, value)
        elif code == PIPE and value is NO_FINAL:
            value = yield from _evaluate_and_assign(execution, op, dot, variables, command)
        elif code in (CHAIN, INVOKE):
            value = yield from _invoke(execution, op, dot, variables, node, command, value)
        else:  # an error
            value = evaluate_command(execution, op, dot, variables, node, command, value)
        if value is NIL:
            value = None
    return value


def _evaluate_and_assign(
    execution: SuspendingState, op: Node, dot: Value, variables: Variables, node: Node
) -> Evaluation:
    """Return the value of a pipeline or command, and assign its variables, as `evaluate` does."""
    value = yield from evaluate_suspending(execution, op, dot, variables, node)
    if node[0] == PIPE and node[3]:
        assign_variables(execution, variables, node, value)
    return value


def _call(
    execution: SuspendingState,
    op: Node,
    dot: Value,
    variables: Variables,
    command: Node,
    final: Value,
) -> Evaluation:
    """Return the result of a function that is suspending, or that has arguments that are."""
    arguments = command[3]
    call = execution.calls.get(command[2]) or execution.find_call(command)
    count = len(arguments) if final is NO_FINAL else len(arguments) + 1
    expected_types = call.types_by_count.get(count) or call.types_for_count(
        count, len(arguments), (CALL, command[1], command[2], ())
    )
    values: list[Value] = []
    for argument, expected in zip(arguments, expected_types, strict=False):
        value = yield from _evaluate_argument(execution, op, dot, variables, argument, expected)
        values.append(value)
        if call.stop_value is not None and (not value) is not call.stop_value:
            execution.stop_indexes[id(command)] = len(values) - 1
            return value
    if final is not NO_FINAL:
        values.append(fit_final(execution, command, final, expected_types[-1]))
    if not call.is_suspending:
        return call_special(execution, op, command, call, values)
    try:
        value = call.call(*values)
    except GoError as error:
        raise call_error(command, error) from error
    if value.__class__ is not tuple:
        return value
    try:
        return (yield value)
    except GoError as error:
        raise call_error(command, error) from error


def _evaluate_argument(
    execution: SuspendingState,
    op: Node,
    dot: Value,
    variables: Variables,
    node: Node,
    expected: Any,
) -> Evaluation:
    """Return an argument as a value of the parameter's type."""
    if node[0] not in (PIPE, CHAIN) or not execution.is_suspending(node):
        value = evaluate_argument_node(execution, op, dot, variables, node, expected)
    elif node[0] == PIPE:
        value = yield from _evaluate_and_assign(execution, op, dot, variables, node)
    else:
        value = yield from _evaluate_and_assign(execution, op, dot, variables, node[2])
        value = evaluate_field_chain(execution, op, dot, variables, node, value, node[3], "")
    return evaluate_argument(value, expected, node, execution.stop_indexes)


def _invoke(
    execution: SuspendingState,
    op: Node,
    dot: Value,
    variables: Variables,
    pipe: Node,
    command: Node,
    final: Value,
) -> Evaluation:
    """Return the value at a chain of fields whose start or whose arguments are suspending."""
    node, arguments = (command[2], command[3]) if command[0] == INVOKE else (command, ())
    if node[0] == CHAIN:
        names, name = node[3], ""
        if execution.is_suspending(node):
            value = yield from _evaluate_and_assign(execution, op, dot, variables, node[2])
        else:
            value = evaluate_argument_node(execution, op, dot, variables, node[2], None)
    elif node[0] == FIELD:
        value, names, name = dot, node[2], "."
    elif node[0] == VARIABLE and node[3] and node[2] in variables:
        value, names, name = variables[node[2]], node[3], node[2]
    else:  # an error
        return evaluate_command(execution, op, dot, variables, pipe, command, final)
    receiver = evaluate_fields(execution, op, node, Receiver(value, name), names[:-1])
    method = find_method(receiver.value, names[-1])
    if method is None:
        has_arguments = bool(arguments) or final is not NO_FINAL
        return evaluate_field(execution, receiver, names[-1], node, has_arguments=has_arguments)
    call = Call(names[-1], method, builtin=False)
    expected_types = method_types(execution, call, node, arguments, final)
    values: list[Value] = []
    for argument, expected in zip(arguments, expected_types, strict=False):
        value = yield from _evaluate_argument(execution, op, dot, variables, argument, expected)
        values.append(value)
    return call_method(execution, op, node, call, arguments, values, final, expected_types)
