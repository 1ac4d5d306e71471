"""Evaluate pipelines, commands and operands: a node and a dot become a value.

`evaluate` is written for speed, because a chart evaluates ten thousand pipelines. Its first
branches handle fields of plain dictionaries, variables and constants. Rare cases go to separate
functions, which check everything again. Pipelines with a call of a function that executes a
template, such as Helm's `include`, are evaluated in `suspending`.

None stands for no value. NIL is an interface that holds nothing: a container returns it for a nil
element. A pipeline never returns NIL, because Go takes the value out of the interface at the end of
each command.

Source: Go 1.26 text/template/exec.go, evalPipeline and what it calls. Measured by
bench/gotemplate.py.
"""

from kmanifest.engines.helm.gotemplate import nodes
from kmanifest.engines.helm.gotemplate.builtins import REFLECT_VALUE, zero_element
from kmanifest.engines.helm.gotemplate.calls import ANY, Call, evaluate_argument, validate_type
from kmanifest.engines.helm.gotemplate.errors import NodeError
from kmanifest.engines.helm.gotemplate.gofmt import type_name
from kmanifest.engines.helm.gotemplate.nodes import (
    CALL,
    CHAIN,
    CONSTANT,
    DOT,
    FIELD,
    INVOKE,
    OVERFLOW,
    PIPE,
    VALUE,
    VARIABLE,
    Node,
    last_node,
    node_text,
)
from kmanifest.engines.helm.gotemplate.quoting import quoted
from kmanifest.engines.helm.gotemplate.values import NIL, Function, GoError, GoMap, GoObject, Value
from kmanifest.model.errors import LimitError
from kmanifest.startup.typing import Any, Final, Literal, Mapping, NamedTuple, Protocol

MissingKey = Literal["default", "zero", "error"]
Variables = dict[str, Value]
NO_FINAL: Final = object()
"""The previous command's value for the first command of a pipeline.

Source: exec.go, missingVal.
"""


class ExecutionState(Protocol):
    """The part of an execution that an evaluation reads and changes.

    `calls` maps the name of each function used so far to its call. `undo_log` lists the declared
    variables with their values before the declaration. `stop_indexes` maps the id of an `and` or
    `or` that stopped early to the index of the last argument it evaluated.
    """

    missing_key: MissingKey
    max_string: int
    calls: dict[str, Call]
    undo_log: list[tuple[str, Value]]
    stop_indexes: dict[int, int]

    def find_call(self, node: Node, /) -> Call:
        """Find the function that a node names and add it to `calls`.

        Raises NodeError if there is none.
        """

    def string_limit_error(self, name: str, /) -> LimitError:
        """Return the error for a function that returned more than `max_string` characters."""

    def report_impure(self, name: str, op: Node, node: Node, /) -> None:
        """Report the call of a function whose result depends on more than its arguments."""


def evaluate(
    execution: ExecutionState,
    op: Node,
    dot: Value,
    variables: Variables,
    node: Node,
    value: Value = NO_FINAL,
) -> Value:
    """Return the value of a pipeline or command; None for no value.

    `op` is the operation that contains it. `value` is that of the previous command, if the node is
    a single call of a function.
    """
    code = node[0]
    if code == FIELD:
        value = dot
        try:
            for name in node[2]:
                value = value[name]
        except (KeyError, TypeError):
            value = evaluate_operand(execution, op, dot, variables, node)
            return None if value is NIL else value
        return value
    if code == VARIABLE:
        try:
            value = variables[node[2]]
            for name in node[3]:
                value = value[name]
        except (KeyError, TypeError):
            value = evaluate_operand(execution, op, dot, variables, node)
        return None if value is NIL else value
    commands = node[2] if code == PIPE else (node,)
    for command in commands:
        if command[0] != CALL:
            if value is NO_FINAL and command[0] <= VARIABLE:
                value = evaluate(execution, op, dot, variables, command)
            else:
                value = evaluate_command(execution, op, dot, variables, node, command, value)
            if value is NIL:
                value = None
            continue
        name = command[2]
        arguments = command[3]
        call = execution.calls.get(name) or execution.find_call(command)
        count = len(arguments) if value is NO_FINAL else len(arguments) + 1
        expected_types = call.types_by_count.get(count) or call.types_for_count(
            count, len(arguments), (CALL, command[1], name, ())
        )
        stop_value = call.stop_value
        argument_values = []
        for argument, expected in zip(arguments, expected_types):  # noqa: B905 - `strict=` costs a tenth of a chart's time
            kind = argument[0]
            if kind == CONSTANT:
                argument_value = argument[2]
            elif kind == FIELD:
                argument_value = dot
                try:
                    for name in argument[2]:
                        argument_value = argument_value[name]
                    if argument_value is None:
                        argument_value = NIL
                except (KeyError, TypeError):
                    argument_value = _operand_as_argument(
                        execution, op, dot, variables, argument, expected
                    )
            elif kind == VARIABLE:
                try:
                    argument_value = variables[argument[2]]
                    if argument[3]:
                        for name in argument[3]:
                            argument_value = argument_value[name]
                        if argument_value is None:
                            argument_value = NIL
                except (KeyError, TypeError):
                    argument_value = _operand_as_argument(
                        execution, op, dot, variables, argument, expected
                    )
            elif kind == DOT:
                argument_value = dot
            elif kind == PIPE:
                argument_value = evaluate(execution, op, dot, variables, argument)
            else:
                argument_value = evaluate_argument_node(
                    execution, op, dot, variables, argument, expected
                )
            if expected is None:
                if argument_value is NIL:
                    argument_value = None
            elif expected is not REFLECT_VALUE and argument_value.__class__ is not expected:
                argument_value = evaluate_argument(
                    argument_value, expected, argument, execution.stop_indexes
                )
            argument_values.append(argument_value)
            if stop_value is not None and (not argument_value) is not stop_value:
                execution.stop_indexes[id(command)] = len(argument_values) - 1
                value = argument_value
                break
        else:
            if value is not NO_FINAL:
                expected = expected_types[-1]
                if expected is None:
                    if value.__class__ is not str and isinstance(value, GoObject):
                        value = value.passed()
                elif value.__class__ is not expected:
                    value = fit_final(execution, command, value, expected)
                argument_values.append(value)
            if call.is_plain:
                try:
                    value = call.call(*argument_values)
                except GoError as error:
                    raise call_error(command, error) from error
                if value.__class__ is str and len(value) > execution.max_string:
                    raise execution.string_limit_error(command[2])
            else:
                value = call_special(execution, op, command, call, argument_values)
        if value is NIL:
            value = None
    if code == PIPE and node[3]:
        assign_variables(execution, variables, node, value)
    return value


def evaluate_command(
    execution: ExecutionState,
    op: Node,
    dot: Value,
    variables: Variables,
    pipe: Node,
    command: Node,
    value: Value,
) -> Value:
    """Return the value of a command of a pipeline, which may be NIL. `value` is that of the previous one."""
    code = command[0]
    if code == CALL:
        return evaluate(execution, op, dot, variables, command, value)
    if value is not NO_FINAL or code == INVOKE:
        return invoke(execution, op, dot, variables, pipe, command, value)
    if code <= VARIABLE:
        return evaluate(execution, op, dot, variables, command)
    return evaluate_operand(execution, op, dot, variables, command)


def fit_final(execution: ExecutionState, command: Node, value: Value, expected: Any) -> Value:
    """Return the value of the previous command as an argument of this function."""
    if expected is None:
        return value.passed() if isinstance(value, GoObject) else value
    return validate_type(value, expected, _last_evaluated_node(command, execution))


def call_special(
    execution: ExecutionState, op: Node, command: Node, call: Call, values: list[Value]
) -> Value:
    """Return the result of a function that `evaluate` does not call itself."""
    if call.stop_value is not None:
        execution.stop_indexes.pop(id(command), None)
        return values[-1]
    if call.is_call:
        return _call_value(command, values, has_final=len(values) > len(command[3]))
    if call.impure:
        execution.report_impure(command[2], op, command)
    elif call.is_slice:
        arguments = command[3]
        values[1 : len(arguments)] = map(_nil_if_interface, values[1:], arguments[1:])
    try:
        value = call.call(*values)
    except GoError as error:
        raise call_error(command, error) from error
    if value.__class__ is str and len(value) > execution.max_string:
        raise execution.string_limit_error(command[2])
    return value


def call_error(command: Node, error: GoError) -> NodeError:
    """Return the error for a function that failed."""
    return NodeError(f"error calling {command[2]}: ", command, cause=error)


def _nil_if_interface(value: Value, node: Node) -> Value:
    """Return NIL for a value that comes from a container.

    Go has it in an interface, which `slice` rejects as an index.
    """
    code = node[0]
    if value is None:
        return None
    return NIL if code in (FIELD, CHAIN) or (code == VARIABLE and node[3]) else value


def assign_variables(
    execution: ExecutionState, variables: Variables, node: Node, value: Value
) -> None:
    """Assign the value of a pipeline to its variables."""
    for name in node[3]:
        if not node[4]:
            execution.undo_log.append((name, variables.get(name, UNDECLARED)))
        elif name not in variables:
            error_node = last_node((PIPE, node[1], node[2], (), False), execution.stop_indexes)
            raise NodeError(f"undefined variable: {name}", error_node)
        variables[name] = value


UNDECLARED: Final = object()
"""The value in the undo log of a variable that did not exist before its declaration."""


def _last_evaluated_node(command: Node, execution: ExecutionState) -> Node:
    """Return the node that Go evaluated last before it takes the value of the previous command."""
    if command[3]:
        return last_node(command[3][-1], execution.stop_indexes)
    return (CALL, command[1], command[2], ())


def evaluate_argument_node(
    execution: ExecutionState, op: Node, dot: Value, variables: Variables, node: Node, expected: Any
) -> Value:
    """Return the value of an argument, which may be NIL, before it is fitted to its parameter."""
    code = node[0]
    if code == CALL:
        value = evaluate(execution, op, dot, variables, node)
        result_type = execution.calls[node[2]].result_type
        return NIL if value is None and result_type == ANY else value
    if code == OVERFLOW and (expected is None or expected is REFLECT_VALUE):
        raise NodeError(f"{node_text(node)} overflows int", node)
    if code in (nodes.NIL, OVERFLOW):
        return None
    return _operand_as_argument(execution, op, dot, variables, node, expected)


def _operand_as_argument(
    execution: ExecutionState, op: Node, dot: Value, variables: Variables, node: Node, expected: Any
) -> Value:
    """Return the value of an operand as a function with a parameter of this type receives it."""
    value = evaluate_operand(execution, op, dot, variables, node)
    return value.passed() if expected is None and isinstance(value, GoObject) else value


def evaluate_operand(
    execution: ExecutionState, op: Node, dot: Value, variables: Variables, node: Node
) -> Value:
    """Return the value of an operand, which may be NIL."""
    code = node[0]
    if code == FIELD:
        return evaluate_field_chain(execution, op, dot, variables, node, dot, node[2], ".")
    if code == VARIABLE:
        name = node[2]
        if name not in variables:
            raise NodeError(f"undefined variable: {name}", node)
        value = variables[name]
        if not node[3]:
            return value
        return evaluate_field_chain(execution, op, dot, variables, node, value, node[3], name)
    if code in (CONSTANT, VALUE):
        return node[2]
    if code == DOT:
        return dot
    if code in (PIPE, CALL):
        return evaluate(execution, op, dot, variables, node)
    if code == CHAIN:
        value = evaluate_argument_node(execution, op, dot, variables, node[2], None)
        return evaluate_field_chain(execution, op, dot, variables, node, value, node[3], "")
    if code == nodes.NIL:
        raise NodeError("nil is not a command", node)
    raise NodeError(f"{node_text(node)} overflows int", node)


class Receiver(NamedTuple):
    """The value before the next field of a chain.

    For a message, `known_type` is its type if that is not the type of its content, and `name` the
    variable that holds it, or `.`.
    """

    value: Value
    name: str
    known_type: str = ""


def evaluate_field_chain(
    execution: ExecutionState,
    op: Node,
    dot: Value,
    variables: Variables,
    node: Node,
    value: Value,
    names: tuple[str, ...],
    receiver_name: str,
    arguments: tuple[Node, ...] = (),
    final: Value = NO_FINAL,
) -> Value:
    """Return the value at a chain of fields.

    Arguments belong to the last field, which must then be a method.
    """
    receiver = Receiver(value, receiver_name)
    if len(names) > 1:
        receiver = evaluate_fields(execution, op, node, receiver, names[:-1])
    name = names[-1]
    method = find_method(receiver.value, name)
    if method is None:
        has_arguments = bool(arguments) or final is not NO_FINAL
        return evaluate_field(execution, receiver, name, node, has_arguments=has_arguments)
    call = Call(name, method, builtin=False)
    expected_types = method_types(execution, call, node, arguments, final)
    values = [
        evaluate_argument(
            evaluate_argument_node(execution, op, dot, variables, argument, expected),
            expected,
            argument,
            execution.stop_indexes,
        )
        for argument, expected in zip(arguments, expected_types, strict=False)
    ]
    return call_method(execution, op, node, call, arguments, values, final, expected_types)


def evaluate_fields(
    execution: ExecutionState, op: Node, node: Node, receiver: Receiver, names: tuple[str, ...]
) -> Receiver:
    """Return the value at a chain of fields without arguments, as the receiver of the next field."""
    for name in names:
        container = receiver.value
        method = find_method(container, name)
        if method is not None:
            call = Call(name, method, builtin=False)
            types = method_types(execution, call, node, (), NO_FINAL)
            value = call_method(execution, op, node, call, (), [], NO_FINAL, types)
            receiver = Receiver(value, "")
            continue
        value = evaluate_field(execution, receiver, name, node, has_arguments=False)
        is_container = isinstance(container, dict | list | GoMap)
        holds_interfaces = is_container and zero_element(container) is None
        receiver = Receiver(value, "", ANY if holds_interfaces else "")
    return receiver


def find_method(value: Value, name: str) -> Function | None:
    """Return the method of a value with this name, None if there is none."""
    return value.methods().get(name) if isinstance(value, GoObject) else None


def evaluate_field(
    execution: ExecutionState, receiver: Receiver, name: str, node: Node, *, has_arguments: bool
) -> Value:
    """Return a field of a struct or an entry of a map, which may be NIL.

    Raises NodeError if there is none, or if it has arguments.
    """
    value = receiver.value
    error_node = _receiver_node(execution, node)
    if value is None:
        if execution.missing_key == "error":
            raise NodeError(f"nil data; no entry for key {quoted(name)}", error_node)
        return None
    if value is NIL:
        raise NodeError(f"nil pointer evaluating interface {{}}.{name}", error_node)
    if isinstance(value, dict) or (isinstance(value, GoObject) and value.kind == "map"):
        if has_arguments:
            raise NodeError(f"{name} is not a method but has arguments", error_node)
        entries: Mapping[str, Value] = value if isinstance(value, dict) else value.fields()
        if name in entries:
            field_value = entries[name]
            return NIL if field_value is None else field_value
        return _missing_entry(execution, value, name, error_node)
    if isinstance(value, GoObject):
        fields = value.fields()
        if name in fields:
            if has_arguments:
                message = f"{name} has arguments but cannot be invoked as function"
                raise NodeError(message, error_node)
            field_value = fields[name]
            return NIL if field_value is None else field_value
    message = f"can't evaluate field {name} in type "
    raise NodeError(
        message + (receiver.known_type or type_name(value)),
        error_node,
        receiver_name=receiver.name,
        message_for_element=message + ANY,
    )


def _missing_entry(execution: ExecutionState, container: Value, name: str, node: Node) -> Value:
    if execution.missing_key == "error":
        raise NodeError(f"map has no entry for key {quoted(name)}", node)
    if execution.missing_key == "zero":
        zero = zero_element(container)
        return NIL if zero is None else zero
    return None


def invoke(
    execution: ExecutionState,
    op: Node,
    dot: Value,
    variables: Variables,
    pipe: Node,
    command: Node,
    final: Value,
) -> Value:
    """Evaluate a command that is not a function but has arguments or a value from the previous command."""
    first, arguments = (command[2], command[3]) if command[0] == INVOKE else (command, ())
    code = first[0]
    if code == FIELD:
        return evaluate_field_chain(
            execution, op, dot, variables, first, dot, first[2], ".", arguments, final
        )
    if code == VARIABLE:
        if first[2] not in variables:
            raise NodeError(f"undefined variable: {first[2]}", first)
        receiver = variables[first[2]]
    if code == VARIABLE and first[3]:
        return evaluate_field_chain(
            execution, op, dot, variables, first, receiver, first[3], first[2], arguments, final
        )
    if code == CHAIN:
        receiver = evaluate_argument_node(execution, op, dot, variables, first[2], None)
        return evaluate_field_chain(
            execution, op, dot, variables, first, receiver, first[3], "", arguments, final
        )
    error_node = first
    if code == PIPE:
        error_node = pipe
        commands = pipe[2] if pipe[0] == PIPE else (pipe,)
        index = next(i for i, candidate in enumerate(commands) if candidate is command)
        if index:
            error_node = last_node(commands[index - 1], execution.stop_indexes)
    raise NodeError(f"can't give argument to non-function {node_text(first)}", error_node)


def method_types(
    execution: ExecutionState, call: Call, node: Node, arguments: tuple[Node, ...], final: Value
) -> tuple[Any, ...]:
    """Return the types of the arguments of a method. Raises NodeError if their number is wrong."""
    count = len(arguments) + (final is not NO_FINAL)
    return call.types_for_count(count, len(arguments), _receiver_node(execution, node))


def call_method(
    execution: ExecutionState,
    op: Node,
    node: Node,
    call: Call,
    arguments: tuple[Node, ...],
    values: list[Value],
    final: Value,
    expected_types: tuple[Any, ...],
) -> Value:
    """Call a method of an object with the values of its arguments. `node` is the chain of fields."""
    if final is not NO_FINAL:
        last = arguments[-1] if arguments else _receiver_node(execution, node)
        error_node = last_node(last, execution.stop_indexes)
        values.append(validate_type(final, expected_types[-1], error_node))
    if call.impure:
        execution.report_impure(call.name, op, node)
    try:
        value = call.call(*values)
    except GoError as error:
        raise NodeError(f"error calling {call.name}: ", node, cause=error) from error
    return NIL if value is None and call.result_type == ANY else value


def _receiver_node(execution: ExecutionState, node: Node) -> Node:
    """Return the node that Go evaluated last before it looks for a method at the end of a chain of fields."""
    return last_node(node, execution.stop_indexes) if node[0] == CHAIN else node


def _call_value(command: Node, values: list[Value], *, has_final: bool) -> Value:
    """Run Go's `call`: its first argument is the function."""
    function = values[0]
    arguments = command[3]
    name = node_text(arguments[0]) if arguments else ""
    if arguments and arguments[0][0] == PIPE:
        name = node_text(arguments[0])
    if not arguments and has_final:
        name = function if isinstance(function, str) else f"<{type_name(function)} Value>"
    if function is None or function is NIL:
        message = "call of nil"
    elif not isinstance(function, Function):
        message = f"non-function {name} of type {type_name(function)}"
    else:
        return _call_function(command, name, function, values[1:])
    raise NodeError("error calling call: ", command, cause=GoError(message))


def _call_function(command: Node, name: str, function: Function, values: list[Value]) -> Value:
    try:
        expected_types = Call(name, function, builtin=False).types_for_count(
            len(values), len(values), command
        )
        return function.call(
            *(
                validate_type(value, expected, command)
                for value, expected in zip(values, expected_types, strict=True)
            )
        )
    except (GoError, NodeError) as error:
        raise NodeError("error calling call: ", command, cause=GoError(str(error))) from error
