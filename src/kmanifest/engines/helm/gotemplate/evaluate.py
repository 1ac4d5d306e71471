"""Pipelines, commands and operands: a node and a dot → a value.

`evaluate` is written for speed, because a chart evaluates ten thousand of them: fields of plain dictionaries, variables and
constants take the first branches, a call is carried out where it stands (so a function that executes a template costs three
frames of Python's stack), and whatever is out of the ordinary goes to a function of its own, which looks at everything anew.

No value is None. NIL is an interface that holds nothing: a container gives it for a nil element. What a pipeline gives is
never NIL, as Go takes the value out of the interface at the end of each command.

Source: Go 1.26 text/template/exec.go, evalPipeline and what it calls. bench/gotemplate.py measures.
"""

from collections.abc import Mapping

from kmanifest.engines.helm.gotemplate import nodes
from kmanifest.engines.helm.gotemplate.builtins import RAW, zero_element
from kmanifest.engines.helm.gotemplate.calls import ANY, Call, accept, assign
from kmanifest.engines.helm.gotemplate.errors import Failure
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
    VARIABLE,
    Node,
    last_node,
    node_text,
)
from kmanifest.engines.helm.gotemplate.quoting import quoted
from kmanifest.engines.helm.gotemplate.values import NIL, Function, GoError, GoObject, Value
from kmanifest.model.errors import LimitError
from kmanifest.startup.typing import Any, Final, Literal, Protocol

MissingKey = Literal["default", "zero", "error"]
Variables = dict[str, Value]
_MISSING: Final = object()
"""There is no command before this one in the pipeline."""


class RunState(Protocol):
    """What an evaluation reads and changes of the run that it belongs to.

    `calls` holds the functions that were found, by their names. `log` holds the variables that were declared, with the values
    that they had before. `stopped` maps the id of an `and` or `or` that stopped early to the index of its last argument.
    """

    missing_key: MissingKey
    max_string: int
    calls: dict[str, Call]
    log: list[tuple[str, Value]]
    stopped: dict[int, int]

    def find_call(self, node: Node, /) -> Call:
        """Find the function that a node names and add it to `calls`; Failure if there is none."""

    def too_long(self, name: str, /) -> LimitError:
        """The error for a function that returned more than `max_string` characters."""

    def report_impure(self, name: str, op: Node, node: Node, /) -> None:
        """Report the call of a function whose result depends on more than its arguments."""


def evaluate(run: RunState, op: Node, dot: Value, variables: Variables, node: Node) -> Value:
    """The value of a pipeline or command; None for no value. `op` is the operation that it belongs to."""
    code = node[0]
    if code == FIELD:
        value = dot
        try:
            for name in node[2]:
                value = value[name]
        except (KeyError, TypeError):
            value = operand(run, op, dot, variables, node)
            return None if value is NIL else value
        return value
    if code == VARIABLE:
        try:
            value = variables[node[2]]
            for name in node[3]:
                value = value[name]
        except (KeyError, TypeError):
            value = operand(run, op, dot, variables, node)
        return None if value is NIL else value
    commands = node[2] if code == PIPE else (node,)
    value = _MISSING
    for command in commands:
        if command[0] != CALL:
            if value is _MISSING and command[0] <= VARIABLE:
                value = evaluate(run, op, dot, variables, command)
            elif value is _MISSING and command[0] != INVOKE:
                value = operand(run, op, dot, variables, command)
            else:
                value = _invoke(run, op, dot, variables, node, command, value)
            if value is NIL:
                value = None
            continue
        name = command[2]
        arguments = command[3]
        call = run.calls.get(name) or run.find_call(command)
        count = len(arguments) if value is _MISSING else len(arguments) + 1
        wants = call.wants.get(count) or call.expect(
            count, len(arguments), (CALL, command[1], name, ())
        )
        short = call.short
        given = []
        for argument, want in zip(arguments, wants):  # noqa: B905 - its word costs a tenth of a chart
            kind = argument[0]
            if kind == CONSTANT:
                found = argument[2]
            elif kind == FIELD:
                found = dot
                try:
                    for name in argument[2]:
                        found = found[name]
                    if found is None:
                        found = NIL
                except (KeyError, TypeError):
                    found = operand(run, op, dot, variables, argument)
            elif kind == VARIABLE:
                try:
                    found = variables[argument[2]]
                    if argument[3]:
                        for name in argument[3]:
                            found = found[name]
                        if found is None:
                            found = NIL
                except (KeyError, TypeError):
                    found = operand(run, op, dot, variables, argument)
            elif kind == DOT:
                found = dot
            elif kind == PIPE:
                found = evaluate(run, op, dot, variables, argument)
            else:
                found = _argument(run, op, dot, variables, argument, want)
            if want is None:
                if found is NIL:
                    found = None
            elif want is not RAW and found.__class__ is not want:
                found = accept(found, want, argument, run.stopped)
            given.append(found)
            if short is not None and (not found) is not short:
                run.stopped[id(command)] = len(given) - 1
                value = found
                break
        else:
            if value is not _MISSING:
                want = wants[-1]
                if want is not None and value.__class__ is not want:
                    value = assign(value, want, _last_of(command, run))
                given.append(value)
            if short is not None:
                run.stopped.pop(id(command), None)
                value = given[-1]
            elif call.special:
                value = _call_value(command, given, has_final=value is not _MISSING)
            else:
                if call.impure:
                    run.report_impure(command[2], op, command)
                elif call.slices:
                    given[1 : len(arguments)] = map(_unboxed, given[1:], arguments[1:])
                try:
                    value = call.call(*given)
                except GoError as error:
                    message = f"error calling {command[2]}: {error}"
                    raise Failure(message, command, cause=error) from error
                if value.__class__ is str and len(value) > run.max_string:
                    raise run.too_long(command[2])
        if value is NIL:
            value = None
    if code == PIPE and node[3]:
        _declare(run, variables, node, value)
    return value


def _unboxed(value: Value, node: Node) -> Value:
    """NIL for a value in an interface, which Go's `slice` does not take for an index: a container gives one."""
    code = node[0]
    if value is None:
        return None
    return NIL if code in (FIELD, CHAIN) or (code == VARIABLE and node[3]) else value


def _declare(run: RunState, variables: Variables, node: Node, value: Value) -> None:
    """Give the variables of a pipeline its value."""
    for name in node[3]:
        if not node[4]:
            run.log.append((name, variables.get(name, UNDECLARED)))
        elif name not in variables:
            blamed = last_node((PIPE, node[1], node[2], (), False), run.stopped)
            raise Failure(f"undefined variable: {name}", blamed)
        variables[name] = value


UNDECLARED: Final = object()
"""A variable did not exist before it was declared."""


def _last_of(command: Node, run: RunState) -> Node:
    """The node that Go evaluated last before it takes the value of the command before this one."""
    if command[3]:
        return last_node(command[3][-1], run.stopped)
    return (CALL, command[1], command[2], ())


def _argument(
    run: RunState, op: Node, dot: Value, variables: Variables, node: Node, want: Any
) -> Value:
    """An operand of the rarer kinds."""
    code = node[0]
    if code == CALL:
        value = evaluate(run, op, dot, variables, node)
        gives = run.calls[node[2]].gives
        return NIL if value is None and gives == ANY else value
    if code == OVERFLOW and (want is None or want is RAW):
        raise Failure(f"{node_text(node)} overflows int", node)
    if code in (nodes.NIL, OVERFLOW):
        return None
    return operand(run, op, dot, variables, node)


def operand(run: RunState, op: Node, dot: Value, variables: Variables, node: Node) -> Value:
    """The value of an operand, which may be NIL."""
    code = node[0]
    if code == FIELD:
        return _fields(run, op, dot, variables, node, dot, node[2], ".")
    if code == VARIABLE:
        name = node[2]
        if name not in variables:
            raise Failure(f"undefined variable: {name}", node)
        value = variables[name]
        if not node[3]:
            return value
        return _fields(run, op, dot, variables, node, value, node[3], name)
    if code == CONSTANT:
        return node[2]
    if code == DOT:
        return dot
    if code in (PIPE, CALL):
        return evaluate(run, op, dot, variables, node)
    if code == CHAIN:
        value = _argument(run, op, dot, variables, node[2], None)
        return _fields(run, op, dot, variables, node, value, node[3], "")
    if code == nodes.NIL:
        raise Failure("nil is not a command", node)
    raise Failure(f"{node_text(node)} overflows int", node)


def _fields(
    run: RunState,
    op: Node,
    dot: Value,
    variables: Variables,
    node: Node,
    value: Value,
    names: tuple[str, ...],
    base: str,
    given: tuple[Node, ...] = (),
    final: Value = _MISSING,
) -> Value:
    """Walk along the fields of a value; the arguments are for the last one, which must be a method then."""
    typed = ""
    last = len(names) - 1
    for index, name in enumerate(names):
        holder = value
        method = _method(value, name)
        if method is not None:
            arguments = given if index == last else ()
            piped = final if index == last else _MISSING
            value = _call_method(run, op, dot, variables, node, name, method, arguments, piped)
            typed, base = "", ""
            continue
        has_arguments = index == last and (bool(given) or final is not _MISSING)
        value = _field(run, value, name, node, typed, base, has_arguments=has_arguments)
        plain = isinstance(holder, dict | list) and zero_element(holder) is None
        typed, base = ANY if plain else "", ""
    return value


def _method(value: Value, name: str) -> Function | None:
    return value.methods().get(name) if isinstance(value, GoObject) else None


def _field(
    run: RunState,
    value: Value,
    name: str,
    node: Node,
    typed: str,
    base: str,
    *,
    has_arguments: bool,
) -> Value:
    blamed = last_node(node, run.stopped) if node[0] == CHAIN else node
    if value is None:
        if run.missing_key == "error":
            raise Failure(f"nil data; no entry for key {quoted(name)}", blamed)
        return None
    if value is NIL:
        raise Failure(f"nil pointer evaluating interface {{}}.{name}", blamed)
    if isinstance(value, dict) or (isinstance(value, GoObject) and value.kind == "map"):
        if has_arguments:
            raise Failure(f"{name} is not a method but has arguments", blamed)
        entries: Mapping[str, Value] = value if isinstance(value, dict) else value.fields()
        if name in entries:
            found = entries[name]
            return NIL if found is None else found
        return _missing_entry(run, value, name, blamed)
    if isinstance(value, GoObject):
        fields = value.fields()
        if name in fields:
            if has_arguments:
                message = f"{name} has arguments but cannot be invoked as function"
                raise Failure(message, blamed)
            found = fields[name]
            return NIL if found is None else found
    message = f"can't evaluate field {name} in type "
    raise Failure(message + (typed or type_name(value)), blamed, base=base, otherwise=message + ANY)


def _missing_entry(run: RunState, container: Value, name: str, node: Node) -> Value:
    if run.missing_key == "error":
        raise Failure(f"map has no entry for key {quoted(name)}", node)
    if run.missing_key == "zero":
        zero = zero_element(container)
        return NIL if zero is None else zero
    return None


def _invoke(
    run: RunState,
    op: Node,
    dot: Value,
    variables: Variables,
    pipe: Node,
    command: Node,
    final: Value,
) -> Value:
    """A command that is no function and is given arguments, or the value of the command before it."""
    first, given = (command[2], command[3]) if command[0] == INVOKE else (command, ())
    code = first[0]
    if code == FIELD:
        return _fields(run, op, dot, variables, first, dot, first[2], ".", given, final)
    if code == VARIABLE:
        if first[2] not in variables:
            raise Failure(f"undefined variable: {first[2]}", first)
        base = variables[first[2]]
    if code == VARIABLE and first[3]:
        return _fields(run, op, dot, variables, first, base, first[3], first[2], given, final)
    if code == CHAIN:
        base = _argument(run, op, dot, variables, first[2], None)
        return _fields(run, op, dot, variables, first, base, first[3], "", given, final)
    blamed = first
    if code == PIPE:
        blamed = pipe
        commands = pipe[2] if pipe[0] == PIPE else (pipe,)
        index = next(i for i, candidate in enumerate(commands) if candidate is command)
        if index:
            blamed = last_node(commands[index - 1], run.stopped)
    raise Failure(f"can't give argument to non-function {node_text(first)}", blamed)


def _call_method(
    run: RunState,
    op: Node,
    dot: Value,
    variables: Variables,
    node: Node,
    name: str,
    function: Function,
    given: tuple[Node, ...],
    final: Value,
) -> Value:
    """Call a method of an object with arguments as a function."""
    call = Call(name, function, builtin=False)
    count = len(given) + (final is not _MISSING)
    wants = call.expect(count, len(given), node)
    values = []
    blamed = node
    for argument, want in zip(given, wants, strict=False):
        value = _argument(run, op, dot, variables, argument, want)
        values.append(accept(value, want, argument, run.stopped))
        blamed = last_node(argument, run.stopped)
    if final is not _MISSING:
        values.append(assign(final, wants[-1], blamed))
    if call.impure:
        run.report_impure(name, op, node)
    try:
        value = call.call(*values)
    except GoError as error:
        raise Failure(f"error calling {name}: {error}", node, cause=error) from error
    return NIL if value is None and call.gives == ANY else value


def _call_value(command: Node, given: list[Value], *, has_final: bool) -> Value:
    """Go's `call`: its first argument is the function."""
    function = given[0]
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
        return _call_function(command, name, function, given[1:])
    raise Failure(f"error calling call: {message}", command, cause=GoError(message))


def _call_function(command: Node, name: str, function: Function, given: list[Value]) -> Value:
    try:
        wants = Call(name, function, builtin=False).expect(len(given), len(given), command)
        return function.call(
            *(assign(value, want, command) for value, want in zip(given, wants, strict=True))
        )
    except (GoError, Failure) as error:
        message = f"error calling call: {error}"
        raise Failure(message, command, cause=GoError(str(error))) from error
