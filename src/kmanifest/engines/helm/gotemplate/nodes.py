"""The tree of a template as plain tuples, and the text of a node as Go prints it.

A node is `(code, position, ...)`. The position counts characters from the start of the action's
text, so one node serves all actions with the same text. The further items depend on the code:

    FIELD     names                         .a.b
    VARIABLE  name, names                   $x.a
    CONSTANT  value, text, number or None   "a", 1.5, true
    OVERFLOW  None, text, number            an integer that no int can hold
    DOT, NIL
    CALL      name, arguments               a function; without arguments also an operand
    CHAIN     node, names                   (pipeline).a
    INVOKE    node, arguments               anything else with arguments
    PIPE      commands, variables, assigns  a pipeline of several commands, with variables, or in parentheses
    TEMPLATE  name, pipeline or None
    VALUE     value, node                   a node that has been evaluated; no parser returns it

The number of a constant is `(int, uint, float, complex)`. Each is None if the text is not a number
of that type.

A program is a flat tuple of operations, so neither the parser nor the executor recurses into
blocks. A text operation is the string itself. The others are `(code, offset, ...)`; the offset is
the start of the action's text in the file:

    ACTION    node                          prints
    SET       node                          declares or assigns, prints nothing
    IF        node, else, scoped            jumps to `else` if false; `scoped` if it declares a variable
    WITH      node, else
    RANGE     node, else, names             `names` of the variables
    NEXT      body, end, names, weight      the next element, or a jump to `end`
    JUMP      target
    UNSCOPE, UNNEST                         the ends of a scoped `if`, and of `with` and `range`
    LEAVE     target                        `break` and `continue`: leaves the blocks in the loop, jumps to its end or `NEXT`
    INCLUDE   template node
    STOP

SUSPENDING is added to the code of an operation whose pipeline calls a suspending function
(`suspending`).

Source: Go 1.26 text/template/parse/node.go.
"""

from kmanifest.engines.helm.gotemplate.quoting import quoted
from kmanifest.startup.typing import Any, Final

Node = tuple[Any, ...]
Operation = str | tuple[Any, ...]
Program = tuple[Operation, ...]

FIELD: Final = 0
VARIABLE: Final = 1
CONSTANT: Final = 2
OVERFLOW: Final = 3
DOT: Final = 4
NIL: Final = 5
CALL: Final = 6
CHAIN: Final = 7
INVOKE: Final = 8
PIPE: Final = 9
TEMPLATE: Final = 10
VALUE: Final = 11

ACTION: Final = 0
IF: Final = 1
JUMP: Final = 2
SET: Final = 3
WITH: Final = 4
UNNEST: Final = 5
UNSCOPE: Final = 6
RANGE: Final = 7
NEXT: Final = 8
INCLUDE: Final = 9
LEAVE: Final = 10
STOP: Final = 11
SUSPENDING: Final = 16


def node_text(node: Node) -> str:
    """Return `node` as Go's String() prints it, with one space between tokens."""
    code = node[0]
    if code == FIELD:
        return "." + ".".join(node[2])
    if code == VARIABLE:
        return ".".join((node[2], *node[3]))
    if code in (CONSTANT, OVERFLOW):
        return str(node[3])
    if code == DOT:
        return "."
    if code == NIL:
        return "nil"
    if code == CALL:
        return " ".join((node[2], *map(_operand_text, node[3])))
    if code == CHAIN:
        return ".".join((_operand_text(node[2]), *node[3]))
    if code == INVOKE:
        return " ".join((_operand_text(node[2]), *map(_operand_text, node[3])))
    if code == PIPE:
        return _pipe_text(node)
    pipe = f" {node_text(node[3])}" if node[3] else ""
    return f"{{{{template {quoted(node[2])}{pipe}}}}}"


def _operand_text(node: Node) -> str:
    return f"({node_text(node)})" if node[0] == PIPE else node_text(node)


def _pipe_text(node: Node) -> str:
    sign = " = " if node[4] else " := "
    start = ", ".join(node[3]) + sign if node[3] else ""
    # A command that is a pipeline is printed in parentheses.
    return start + " | ".join(map(_operand_text, node[2]))


def last_node(node: Node, stop_indexes: dict[int, int]) -> Node:
    """Return the node that Go evaluated last for `node`.

    Go reports errors in the value at that node. `stop_indexes` maps the id of an `and` or `or` that
    stopped early to the index of the last argument it evaluated.
    """
    while True:
        code = node[0]
        if code == PIPE:
            node = node[2][-1]
        elif code == CHAIN:
            node = node[2]
        elif code == INVOKE:
            node = node[3][-1]
        elif code == VALUE:
            node = node[3]
        elif code == CALL and node[3]:
            node = node[3][stop_indexes.get(id(node), -1)]
        else:
            return node
