"""Parse the text of one action into a node without a location.

Each distinct text is parsed once. The parser follows Go's and fails at the same token, so its
errors are Go's. An action is stored with the variables and functions that it uses. The next action
with the same text then needs no parsing.

Source: Go 1.26 text/template/parse/parse.go.
"""

import re

from kmanifest.engines.helm.gotemplate import lexer, nodes
from kmanifest.engines.helm.gotemplate.gofmt import sprintf
from kmanifest.engines.helm.gotemplate.lexer import Token
from kmanifest.engines.helm.gotemplate.nodes import Node
from kmanifest.engines.helm.gotemplate.numbers import read_number
from kmanifest.engines.helm.gotemplate.quoting import quoted, unquoted
from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.model.deadline import check_time
from kmanifest.startup.typing import Container, Final, NamedTuple

MAX_NESTING: Final = 150
"""The maximum depth of parentheses.

Go allows 10,000, but no chart needs that and it exceeds Python's stack.
"""

UNRESTRICTED_KEYWORDS: Final = frozenset({"", "if", "range", "with", "template", "block"})
"""Keywords of the actions that are valid at any point of a template."""
_TERM_TYPES: Final = frozenset(
    {
        lexer.BOOL,
        lexer.CHAR_CONSTANT,
        lexer.DOT,
        lexer.FIELD,
        lexer.IDENTIFIER,
        lexer.NUMBER,
        lexer.NIL,
        lexer.STRING,
        lexer.VARIABLE,
        lexer.LEFT,
    }
)


class ParserState(NamedTuple):
    """The state of the parser at the start of an action.

    `block` is the innermost open block: `if`, `with`, `range`, `define` or `block`. It is "" at the
    top of the file, and `else` in the second part of a block. `else_keyword` is the keyword that
    may follow `else`: `if`, `with` or "". `suspending` are the names of suspending functions.
    """

    functions: Container[str]
    suspending: Container[str]
    variables: Container[str]
    block: str
    else_keyword: str
    in_range: bool


class Action(NamedTuple):
    """A parsed action: its keyword, its node, and the name of a template.

    `else if` and `else with` are keywords of their own. `uses` are the variables that must be
    declared before it, `declares` those it adds, `calls` its functions. If `depends_on_state` is
    true, the action must be checked again wherever its text occurs. Other actions mean the same
    everywhere. `code_base` is added to the code of its operation: SUSPENDING or 0.
    """

    keyword: str
    node: Node | None
    name: str
    uses: tuple[str, ...]
    declares: tuple[str, ...]
    calls: tuple[str, ...]
    depends_on_state: bool
    code_base: int = 0


class ActionError(Exception):
    """An error in an action, with the position of the token that Go read last."""

    def __init__(self, message: str, position: int, *, lexical: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.lexical = lexical


_FIELD_ACTION: Final = re.compile(
    r"[ \t\r\n]*+(?:(if|with|range)[ \t\r\n]++)?((?>(?:\.[A-Za-z_]\w*+)+))[ \t\r\n]*+(?:(?<=[ \t\r\n])-)?\Z",
    re.ASCII,
)


def parse_field_action(text: str) -> Action | None:
    """Return an action that only reads a field; None for any other action.

    A third of a chart's actions are of this kind. They mean the same everywhere.
    """
    match = _FIELD_ACTION.match(text)
    if match is None:
        return None
    names = match[2].split(".")
    # Go gives a chain of fields the position of its second one.
    position = match.start(2) + (len(names[1]) + 1 if len(names) > 2 else 0)
    return Action(
        match[1] or "",
        (nodes.FIELD, position, tuple(names[1:])),
        "",
        (),
        (),
        (),
        depends_on_state=False,
    )


class ActionParser:
    """A parser for the text of one action, in the state of the file's parser at that point."""

    def __init__(
        self, text: str, state: ParserState, *, closed: bool = True, trimmed: bool = False
    ) -> None:
        self._tokens = lexer.read_tokens(text, closed=closed, trimmed=trimmed)
        self._index = 0
        self._state = state
        self._declared: dict[str, None] = {}
        self._uses: list[str] = []
        self._calls: list[str] = []
        self._depth = 0
        self._peeked_position = -1
        self._is_chained = False

    def parse(self) -> Action:
        """Return the action.

        Raises ActionError with Go's message if it is invalid.
        """
        token = self._tokens[0]
        if token[0] != lexer.KEYWORD or ((keyword := token[1]) == "define" and self._state.block):
            return self._new_action("", self._pipeline("command", lexer.RIGHT))
        if keyword in ("break", "continue"):
            return self._loop_control(keyword)
        self._index = 1
        if keyword == "else":
            return self._else()
        if keyword == "end":
            self._expect_end("end")
            if not self._state.block:
                raise self._error("unexpected {{end}}")
            return self._new_action("end", None)
        if keyword in ("if", "range", "with"):
            return self._new_action(keyword, self._pipeline(keyword, lexer.RIGHT))
        return self._named_action(keyword)

    def _new_action(self, keyword: str, node: Node | None, name: str = "") -> Action:
        uses, calls = tuple(self._uses), tuple(self._calls)
        depends_on_state = bool(uses or calls) or keyword not in UNRESTRICTED_KEYWORDS
        suspends = any(name in self._state.suspending for name in calls)
        code_base = nodes.SUSPENDING if suspends else 0
        declares = tuple(self._declared)
        return Action(keyword, node, name, uses, declares, calls, depends_on_state, code_base)

    def _loop_control(self, keyword: str) -> Action:
        if keyword in self._state.functions:
            return self._new_action("", self._pipeline("command", lexer.RIGHT))
        self._index = 1
        self._expect_end(f"{{{{{keyword}}}}}")
        if not self._state.in_range:
            raise self._error(f"{{{{{keyword}}}}} outside {{{{range}}}}")
        return self._new_action(keyword, None)

    def _else(self) -> Action:
        token = self._tokens[1]
        chained_keyword = (
            token[1] if token[0] == lexer.KEYWORD and token[1] in ("if", "with") else ""
        )
        if not chained_keyword:
            self._expect_end("else")
        else:
            self._index = 2
        block = self._state.block
        if not block:
            raise self._error("unexpected {{else}}")
        if block in ("define", "block"):
            raise self._error(f"unexpected {{{{else}}}} in {block} clause")
        if block == "else":
            raise self._error("expected end; found {{else}}")
        if chained_keyword and chained_keyword != self._state.else_keyword:
            raise self._unexpected(token, "input")
        if not chained_keyword:
            return self._new_action("else", None)
        self._is_chained = True
        return self._new_action(
            f"else {chained_keyword}", self._pipeline(chained_keyword, lexer.RIGHT)
        )

    def _named_action(self, keyword: str) -> Action:
        """Parse `define`, `block` or `template`: a name, and a pipeline after the last two."""
        context = f"{keyword} clause"
        position = self._tokens[1][2]
        name = self._string(context)
        if keyword == "define":
            self._expect_end(context)
            return self._new_action(keyword, None, name)
        node = None
        if keyword == "block" or self._tokens[self._index][0] != lexer.RIGHT:
            node = self._pipeline(context, lexer.RIGHT)
        return self._new_action(keyword, (nodes.TEMPLATE, position, name, node), name)

    def _string(self, context: str) -> str:
        token = self._next()
        if token[0] != lexer.STRING:
            raise self._unexpected(token, context)
        return self._unquoted(token)

    def _unquoted(self, token: Token) -> str:
        try:
            return unquoted(token[1])
        except GoError as error:
            raise self._error(str(error)) from None

    def _expect_end(self, context: str) -> None:
        token = self._next()
        if token[0] != lexer.RIGHT:
            raise self._unexpected(token, context)

    def _next(self) -> Token:
        token = self._tokens[self._index]
        self._index += 1
        return token

    def _error(self, message: str) -> ActionError:
        """Return an error at the token that was read last."""
        return ActionError(message, self._tokens[self._index - 1][2])

    def _unexpected(self, token: Token, context: str) -> ActionError:
        if token[0] == lexer.ERROR:
            # Go's message omits the start of the action in these two cases and has it in all others.
            omits_start = self._is_chained or context == "define clause"
            return ActionError(token[1], token[2], lexical=not omits_start)
        text = token[1]
        if token[0] == lexer.FIELD:
            text = text[: text.find(".", 1)] if "." in text[1:] else text
        if token[0] in (lexer.KEYWORD, lexer.DOT, lexer.NIL):
            token_text = f"<{text}>"
        elif len(text.encode("utf-8", "surrogateescape")) > 10:
            token_text = sprintf("%.10q...", [text])
        else:
            token_text = quoted(text)
        return ActionError(f"unexpected {token_text} in {context}", token[2])

    def _pipeline(self, context: str, end: int) -> Node:
        """Parse a pipeline and the token that ends it.

        A single command is returned without a pipeline around it. This does not apply in
        parentheses, nor where an error message may contain the pipeline's text.
        """
        tokens = self._tokens
        position = tokens[self._index][2]
        variables, assigns = self._declarations(context)
        commands = []
        while (token := tokens[self._index])[0] in _TERM_TYPES:
            check_time()
            commands.append(self._command())
        self._index += 1
        if token[0] != end:
            raise self._unexpected(token, context)
        if not commands:
            raise self._error(f"missing value for {context}")
        for stage, command in enumerate(commands[1:], 2):
            if _is_constant(command):
                raise self._error(f"non executable command in pipeline stage {stage}")
        can_stand_alone = commands[0][0] != nodes.PIPE or not context.endswith("clause")
        if len(commands) == 1 and not variables and end == lexer.RIGHT and can_stand_alone:
            return commands[0]
        return (nodes.PIPE, position, tuple(commands), variables, assigns)

    def _declarations(self, context: str) -> tuple[tuple[str, ...], bool]:
        names: list[str] = []
        while (token := self._tokens[self._index])[0] == lexer.VARIABLE:
            next_token = self._tokens[self._index + 1]
            if next_token[0] != lexer.ASSIGN and next_token[1] != ",":
                self._peeked_position = token[2]
                break
            self._index += 2
            names.append(token[1])
            self._declared[token[1]] = None
            if next_token[0] == lexer.ASSIGN:
                return tuple(names), next_token[1] == "="
            if context != "range" or len(names) > 1:
                raise self._error(f"too many declarations in {context}")
            self._index += 1
            if self._tokens[self._index - 1][0] not in (
                lexer.VARIABLE,
                lexer.RIGHT,
                lexer.RIGHT_PAREN,
            ):
                raise self._error("range can only initialize variables")
            self._index -= 1
        return tuple(names), False

    def _command(self) -> Node:
        operands: list[Node] = []
        tokens = self._tokens
        position = tokens[self._index][2]
        while True:
            check_time()
            operand = self._operand()
            if operand is None:
                break
            operands.append(operand)
            if not tokens[self._index][3]:
                break
        token = tokens[self._index]
        if token[0] == lexer.BAR:
            self._index += 1
        elif token[0] not in (lexer.RIGHT, lexer.RIGHT_PAREN):
            raise self._unexpected(token, "operand")
        first = operands[0]
        if len(operands) == 1:
            return first
        if first[0] == nodes.CALL and not first[3]:
            return (nodes.CALL, first[1], first[2], tuple(operands[1:]))
        return (nodes.INVOKE, position, first, tuple(operands[1:]))

    def _operand(self) -> Node | None:
        node = self._term()
        tokens = self._tokens
        token = tokens[self._index]
        if node is None or token[0] != lexer.FIELD or token[3]:
            return node
        position = token[2]
        names = []
        while token[0] == lexer.FIELD and not token[3]:
            check_time()
            names += token[1].split(".")[1:]
            self._index += 1
            token = tokens[self._index]
        code = node[0]
        if code == nodes.FIELD:
            return (code, position, (*node[2], *names))
        if code == nodes.VARIABLE:
            return (code, position, node[2], (*node[3], *names))
        if _is_constant(node):
            message = f"unexpected . after term {quoted(nodes.node_text(node))}"
            previous = tokens[self._index - 1]
            end = previous[2] + len(previous[1])
            raise ActionError(message, end if token[3] else token[2])
        return (nodes.CHAIN, position, node, tuple(names))

    def _term(self) -> Node | None:
        kind, text, position, _ = self._tokens[self._index]
        self._index += 1
        if kind == lexer.FIELD:
            names = tuple(text.split(".")[1:])
            # Go gives a chain of fields the position of its second one.
            return (nodes.FIELD, position + len(names[0]) + 1 if names[1:] else position, names)
        if kind == lexer.IDENTIFIER:
            if text not in self._state.functions:
                raise self._error(f"function {quoted(text)} not defined")
            self._calls.append(text)
            return (nodes.CALL, position, text, ())
        if kind == lexer.STRING:
            value = self._unquoted((kind, text, position, False))
            return (nodes.CONSTANT, position, value, text, None)
        if kind == lexer.VARIABLE:
            return self._variable(text, position)
        if kind == lexer.DOT:
            return (nodes.DOT, position)
        if kind == lexer.LEFT:
            return self._parenthesized()
        if kind in (lexer.NUMBER, lexer.CHAR_CONSTANT):
            return self._number(text, position)
        if kind == lexer.BOOL:
            return (nodes.CONSTANT, position, text == "true", text, None)
        if kind == lexer.NIL:
            return (nodes.NIL, position)
        self._index -= 1
        return None

    def _variable(self, name: str, position: int) -> Node:
        if name not in self._declared:
            if name not in self._state.variables:
                # Go reads one token after a pipeline's first variable, to see whether it is declared there.
                next_token = self._tokens[self._index]
                message = f"undefined variable {quoted(name)}"
                raise ActionError(
                    message, next_token[2] if position == self._peeked_position else position
                )
            self._uses.append(name)
        return (nodes.VARIABLE, position, name, ())

    def _parenthesized(self) -> Node:
        if self._depth >= MAX_NESTING:
            raise self._error("max expression depth exceeded")
        self._depth += 1
        node = self._pipeline("parenthesized pipeline", lexer.RIGHT_PAREN)
        self._depth -= 1
        return node

    def _number(self, text: str, position: int) -> Node:
        try:
            number = read_number(text)
        except GoError as error:
            raise self._error(str(error)) from None
        integer, unsigned, real, imaginary = number
        if imaginary is not None:
            return (nodes.CONSTANT, position, imaginary, text, number)
        if real is not None and _looks_like_float(text):
            return (nodes.CONSTANT, position, real, text, number)
        if integer is None and unsigned is not None:
            return (nodes.OVERFLOW, position, None, text, number)
        return (nodes.CONSTANT, position, integer, text, number)


def _is_constant(node: Node) -> bool:
    """Return whether evaluating `node` only returns its value.

    A command with arguments counts by its first operand.
    """
    if node[0] == nodes.INVOKE:
        node = node[2]
    return node[0] in (nodes.CONSTANT, nodes.OVERFLOW, nodes.DOT, nodes.NIL)


def _looks_like_float(text: str) -> bool:
    """Return whether Go gives a number with this text the type float64 if nothing else requires a type."""
    if text[0] == "'":
        return False
    lowered = text.lower()
    if lowered.startswith("0x") and "p" not in lowered:
        return False
    return any(char in lowered for char in ".ep")
