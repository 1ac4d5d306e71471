"""Evaluate the pipelines that call functions which execute templates, such as Helm's `include`.

If such a function called the executor, each level of nested templates would use several frames of
Python's stack, which ends after some hundred levels. Instead, it is a generator, a suspending
function: it yields a `TemplateCall`, and gets the output of that template. So everything between
the executor's loop and the function is a generator, too. The executor keeps the suspended ones in a
list, so templates nest without using the stack.

A generator is slower than a function. So only the pipelines that contain a call of a suspending
function are evaluated here, and of them only the nodes around the call. The order in which nodes
are evaluated and checked is that of `evaluate`.

Source: Go 1.26 text/template/exec.go, evalPipeline and what it calls.
"""

from collections.abc import Container, Generator

from kmanifest.engines.helm.gotemplate.calls import Call, evaluate_argument
from kmanifest.engines.helm.gotemplate.evaluate import (
    NO_FINAL,
    ExecutionState,
    Receiver,
    Variables,
    add_final,
    assign_variables,
    call_error,
    call_method,
    call_special,
    evaluate,
    evaluate_argument_node,
    evaluate_command,
    evaluate_field,
    evaluate_field_chain,
    evaluate_fields,
    find_method,
    method_types,
)
from kmanifest.engines.helm.gotemplate.nodes import (
    CALL,
    CHAIN,
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
from kmanifest.startup.typing import Any, Protocol

TemplateCall = tuple[str, Value, TemplateSet | None]
"""A request to execute a template: its name, its data, and the set that it is in, None for the current one."""

Evaluation = Generator[TemplateCall, str, Value]
"""An evaluation that yields the templates to execute, gets their output, and returns its value."""


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


def evaluate_suspending(
    execution: SuspendingState, op: Node, dot: Value, variables: Variables, node: Node
) -> Evaluation:
    """Return the value of a pipeline or command, and assign no variables."""
    value = NO_FINAL
    for command in node[2] if node[0] == PIPE else (node,):
        code = command[0]
        if code == CALL:
            call = execution.calls.get(command[2]) or execution.find_call(command)
            if call.is_suspending or execution.is_suspending(command):
                value = yield from _call(execution, op, dot, variables, command, call, value)
            else:
                value = evaluate(execution, op, dot, variables, command, value)
        elif not execution.is_suspending(command):
            value = evaluate_command(execution, op, dot, variables, node, command, value)
        elif code == PIPE and value is NO_FINAL:
            value = yield from evaluate_and_assign(execution, op, dot, variables, command)
        elif code in (CHAIN, INVOKE):
            value = yield from _invoke(execution, op, dot, variables, node, command, value)
        else:  # an error
            value = evaluate_command(execution, op, dot, variables, node, command, value)
        if value is NIL:
            value = None
    return value


def with_value(op: Node, value: Value) -> Node:
    """Return an operation with a suspending pipeline, as one whose pipeline has been evaluated."""
    node = op[2]
    evaluated: Node = (VALUE, node[1], value, node)
    if node[0] == PIPE and node[3]:
        evaluated = (PIPE, node[1], (evaluated,), node[3], node[4])
    return (op[0] - SUSPENDING, op[1], evaluated, *op[3:])


def evaluate_and_assign(
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
    call: Call,
    final: Value,
) -> Evaluation:
    """Return the result of a function that is suspending, or that has arguments that are."""
    arguments = command[3]
    count = len(arguments) if final is NO_FINAL else len(arguments) + 1
    expected_types = call.types_by_count.get(count) or call.types_for_count(
        count, len(arguments), (CALL, command[1], command[2], ())
    )
    values: list[Value] = []
    for argument, expected in zip(arguments, expected_types, strict=False):
        if argument[0] in (PIPE, CHAIN) and execution.is_suspending(argument):
            value = yield from _evaluate_argument(execution, op, dot, variables, argument, expected)
        else:
            value = evaluate_argument_node(execution, op, dot, variables, argument, expected)
            if value.__class__ is not expected:
                value = evaluate_argument(value, expected, argument, execution.stop_indexes)
        values.append(value)
        if call.stop_value is not None and (not value) is not call.stop_value:
            execution.stop_indexes[id(command)] = len(values) - 1
            return value
    if final is not NO_FINAL:
        add_final(execution, command, values, final, expected_types[-1])
    if not call.is_suspending:
        return call_special(execution, op, command, call, values)
    try:
        value = yield from call.call(*values)
    except GoError as error:
        raise call_error(command, error) from error
    if len(value) > execution.max_string:
        raise execution.string_limit_error(command[2])
    return value


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
        value = yield from evaluate_and_assign(execution, op, dot, variables, node)
    else:
        value = yield from evaluate_and_assign(execution, op, dot, variables, node[2])
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
            value = yield from evaluate_and_assign(execution, op, dot, variables, node[2])
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
