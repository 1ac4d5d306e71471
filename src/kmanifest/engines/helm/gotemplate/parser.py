"""Parse template files into templates.

Blocks become jumps while the parser runs, and the open blocks are a list, so a text may nest them
without limit. The text of an action is looked up before it is parsed (`actions.py`). An action that
is found is checked against the current variables and functions. If it does not fit, it is parsed
again, so that the error is Go's at that position.

Source: Go 1.26 text/template/parse/parse.go, Parse and what it calls.
"""

from kmanifest.engines.helm.gotemplate import nodes
from kmanifest.engines.helm.gotemplate.actions import (
    UNRESTRICTED_KEYWORDS,
    Action,
    ActionError,
    ActionParser,
    ParserState,
    parse_field_action,
)
from kmanifest.engines.helm.gotemplate.builtins import BUILTINS
from kmanifest.engines.helm.gotemplate.errors import ParseError
from kmanifest.engines.helm.gotemplate.lexer import PIECE, SPACES
from kmanifest.engines.helm.gotemplate.nodes import Node, Program
from kmanifest.engines.helm.gotemplate.quoting import quoted
from kmanifest.engines.helm.gotemplate.templates import TOO_DEEP, ParseResult
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import LimitError
from kmanifest.startup.typing import Any, Container, Final

Actions = dict[str, Action]
"""Parsed actions by their text.

A caller that parses many files passes the same dictionary each time.
"""

# The characters that are space by Go's unicode.IsSpace.
_GO_SPACES: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


class _FunctionNames:
    """The names of functions, Go's built-in ones included.

    `seen_names` holds those that were found.
    """

    __slots__ = ("_names", "seen_names")

    def __init__(self, names: Container[str]) -> None:
        self._names = names
        self.seen_names: set[str] = set(BUILTINS)

    def __contains__(self, name: object) -> bool:
        if name not in self.seen_names and name in self._names:
            self.seen_names.add(str(name))
        return name in self.seen_names


def parse(
    name: str,
    text: str,
    functions: Container[str],
    *,
    actions: Actions | None = None,
    suspending: Container[str] = (),
) -> ParseResult:
    """Return the templates of `text`.

    Raises ParseError with Go's message if it is invalid. `functions` holds the names that may be
    called besides Go's built-in ones, `suspending` those of suspending functions. `actions` caches
    parsed actions between files. All of these files must have the same suspending functions, and
    the same functions named `break` or `continue`, if any.
    """
    if actions is None:
        actions = {}
    try:
        return _Parser(name, text, functions, actions, suspending).parse()
    except RecursionError:
        raise LimitError(TOO_DEEP) from None


class _Block:
    """An open block, with the operations that get their targets when it ends."""

    __slots__ = (
        "breaks",
        "clause",
        "code_base",
        "continues",
        "else_target",
        "is_chained",
        "jump",
        "kind",
        "node",
        "offset",
        "start",
        "variable_count",
    )  # fmt: skip

    def __init__(
        self,
        kind: str,
        offset: int,
        node: Node | None,
        start: int,
        variable_count: int,
        code_base: int,
        *,
        is_chained: bool,
    ) -> None:
        self.kind = self.clause = kind
        self.code_base = code_base
        self.offset = offset
        self.node = node
        self.start = start
        self.variable_count = variable_count
        self.is_chained = is_chained
        self.jump = self.else_target = 0
        self.breaks: list[int] = []
        self.continues: list[int] = []


class _TemplateBuilder:
    """A template that is being parsed."""

    __slots__ = (
        "action_start",
        "blocks",
        "clause",
        "code",
        "is_blank",
        "loops",
        "name",
        "position",
        "variable_names",
        "variables",
    )  # fmt: skip

    def __init__(self, name: str, clause: str = "", position: int = 0) -> None:
        self.name = name
        self.position = position
        self.clause = clause
        self.code: list[Any] = []
        self.blocks: list[_Block] = []
        self.loops: list[_Block] = []
        # Variables in the order of their declarations, and the number of declarations of each.
        self.variable_names = ["$"]
        self.variables = {"$": 1}
        self.is_blank = True
        # The start of the action that Go still records as open: one that opens a block, until the next one ends.
        self.action_start = -1

    def declare(self, names: tuple[str, ...]) -> None:
        """Add variables to the declared ones."""
        self.variable_names.extend(names)
        for name in names:
            self.variables[name] = self.variables.get(name, 0) + 1

    def drop_variables(self, count: int) -> None:
        """Keep the first `count` variables and drop the others."""
        for name in self.variable_names[count:]:
            self.variables[name] -= 1
            if not self.variables[name]:
                del self.variables[name]
        del self.variable_names[count:]


class _Parser:
    """The parser of one text."""

    def __init__(
        self,
        name: str,
        text: str,
        functions: Container[str],
        actions: Actions,
        suspending: Container[str],
    ) -> None:
        self._suspending = suspending
        self._name = name
        self._text = text
        self._functions = _FunctionNames(functions)
        self._actions = actions
        self._outer_templates: list[_TemplateBuilder] = []
        self._template = _TemplateBuilder(name)
        self._templates: dict[str, tuple[Program, bool]] = {}

    def parse(self) -> ParseResult:
        text = self._text
        match_piece, actions, seen_names = (
            PIECE.match,
            self._actions,
            self._functions.seen_names,
        )
        position = 0
        template = self._template
        while match := match_piece(text, position):
            check_time()
            text_before, trims, comment, action_text = match.groups()
            if trims:
                text_before = text_before.rstrip(SPACES)
            if text_before:
                template.code.append(text_before)
                if template.is_blank and text_before.strip(_GO_SPACES):
                    template.is_blank = False
            if comment:
                position = self._parse_comment(match.start(3))
                continue
            position = match.end()
            start = match.start(4)
            action = actions.get(action_text)
            if action is None or (action[6] and not self._is_valid_here(action, seen_names)):
                action = parse_field_action(action_text) or self._parse_action(action_text, start)
                actions[action_text] = action
            if action[0] == "" and not action[4]:
                template.code.append((_ACTION + action[7], start, action[1]))
                template.is_blank = False
                template.action_start = -1
            else:
                self._add_action(action, start, len(action_text))
                template = self._template
        return self._parse_rest(position)

    def _parse_rest(self, position: int) -> ParseResult:
        """Finish after the last action."""
        text = self._text
        text_after = text[position:]
        if "{{" in text_after:
            raise self._unclosed_action_error(text.index("{{", position))
        if text_after:
            self._template.code.append(text_after)
            self._template.is_blank = self._template.is_blank and not text_after.strip(_GO_SPACES)
        if self._template.blocks or self._outer_templates:
            raise self._error("unexpected EOF", len(text))
        self._finish_template(len(text))
        return ParseResult(
            self._name, text, tuple((name, *template) for name, template in self._templates.items())
        )

    def _parse_comment(self, start: int) -> int:
        text = self._text
        end = text.find("*/", start + 2)
        if end < 0:
            raise self._error("unclosed comment" + self._comment_start_suffix(start), start)
        if text.startswith("}}", end + 2):
            return end + 4
        if text.startswith("-}}", end + 3) and text[end + 2] in SPACES:
            return self._skip_space(end + 6)
        message = "comment ends before closing delimiter"
        raise self._error(message + self._comment_start_suffix(start), start)

    def _skip_space(self, position: int) -> int:
        text = self._text
        while text[position : position + 1] in _SPACE_CHARS:
            position += 1
        return position

    def _is_valid_here(self, action: Action, seen_names: set[str]) -> bool:
        """Return whether an action that was parsed before is valid at this point."""
        keyword, _, _, uses, _, calls, _, _ = action
        if uses:
            variables = self._template.variables
            for name in uses:
                if name not in variables:
                    return False
        if calls and not seen_names.issuperset(calls):
            for name in calls:
                if name not in self._functions:
                    return False
        return keyword in UNRESTRICTED_KEYWORDS or self._allows_keyword(keyword)

    def _allows_keyword(self, keyword: str) -> bool:
        blocks = self._template.blocks
        if keyword == "define":
            return not blocks and not self._template.clause
        if keyword in ("break", "continue"):
            return bool(self._template.loops)
        if not blocks:
            return keyword == "end" and bool(self._template.clause)
        block = blocks[-1]
        if keyword == "end":
            return True
        if keyword == "else":
            return block.clause != "else"
        return block.clause == keyword[5:]

    def _state(self) -> ParserState:
        template = self._template
        block = template.blocks[-1].clause if template.blocks else template.clause
        return ParserState(
            self._functions,
            self._suspending,
            template.variables,
            block,
            block if block in ("if", "with") else "",
            bool(template.loops),
        )

    def _parse_action(self, action_text: str, start: int) -> Action:
        # The space of the left trim mark does not count for the right one.
        trimmed = action_text[-1:] == "-" and action_text[-2:-1] in _SPACE_CHARS
        if trimmed and len(action_text) == 2 and self._text[start - 1] == "-":
            trimmed = False
        if trimmed:
            action_text = action_text[:-2]
        try:
            return ActionParser(action_text, self._state(), trimmed=trimmed).parse()
        except ActionError as error:
            raise self._action_error(error, self._text.rindex("{{", 0, start), start) from None

    def _unclosed_action_error(self, opening: int) -> ParseError:
        """Return Go's error for an action without an end."""
        text = self._text
        has_trim_mark = (
            text[opening + 2 : opening + 3] == "-"
            and text[opening + 3 : opening + 4] in _SPACE_CHARS
        )
        start = opening + (4 if has_trim_mark else 2)
        try:
            ActionParser(text[start:], self._state(), closed=False).parse()
        except ActionError as error:
            return self._action_error(error, opening, start)
        return self._error("unclosed action", len(self._text))

    def _action_error(self, error: ActionError, opening: int, start: int) -> ParseError:
        position = start + error.position
        message = error.message
        if message == "unexpected {{else}} in block clause":
            position = (
                self._template.position
            )  # here Go still has the position of the block's start
        if error.lexical:
            suffix = self._start_line_suffix(opening, position)
            # Go avoids the words "action in action".
            message += suffix.removeprefix(" in action") if message.endswith(" action") else suffix
        return self._error(message, position)

    def _comment_start_suffix(self, position: int) -> str:
        """Return what Go adds to an error in a comment right after an action that opened a block."""
        action_start = self._template.action_start
        return (
            self._start_line_suffix(self._text.rindex("{{", 0, action_start), position)
            if action_start >= 0
            else ""
        )

    def _start_line_suffix(self, opening: int, position: int) -> str:
        """Return what Go adds to a lexer's error in an action that started on another line."""
        if self._line(opening) == self._line(position):
            return ""
        return f" in action started at {self._name}:{self._line(opening)}"

    def _line(self, position: int) -> int:
        return self._text.count("\n", 0, position) + 1

    def _error(self, message: str, position: int) -> ParseError:
        return ParseError(f"template: {self._name}:{self._line(position)}: {message}")

    def _add_action(self, action: Action, offset: int, length: int) -> None:
        """Add an action that does more than print."""
        keyword, node, name, _, declares, _, _, code_base = action
        template = self._template
        template.action_start = -1
        if keyword == "end":
            self._end_block(offset + length)
        elif keyword in _BLOCK_KEYWORDS:
            self._open_block(keyword, offset, node, declares, code_base)
            template.action_start = offset
        elif keyword == "else":
            self._start_else()
        elif keyword in ("else if", "else with"):
            self._start_else()
            self._open_block(keyword[5:], offset, node, declares, code_base, is_chained=True)
        elif keyword == "define":
            self._start_definition(name, "define", offset + length)
        elif keyword in ("break", "continue"):
            self._add_leave(keyword, offset)
        else:
            template.is_blank = False
            template.declare(declares)
            code = (
                nodes.INCLUDE if keyword else nodes.SET if _sets_variables(node) else nodes.ACTION
            )
            template.code.append((code + code_base, offset, node))
            if keyword == "block":
                self._start_definition(name, "block", offset + length)

    def _start_definition(self, name: str, clause: str, position: int) -> None:
        self._outer_templates.append(self._template)
        self._template = _TemplateBuilder(name, clause, position)

    def _open_block(
        self,
        kind: str,
        offset: int,
        node: Node | None,
        declares: tuple[str, ...],
        code_base: int,
        *,
        is_chained: bool = False,
    ) -> None:
        template = self._template
        template.is_blank = False
        block = _Block(
            kind,
            offset,
            node,
            len(template.code),
            len(template.variable_names),
            code_base,
            is_chained=is_chained,
        )
        template.blocks.append(block)
        if kind == "range":
            template.loops.append(block)
        if declares:
            template.declare(declares)
        template.code.append("")  # replaced by the operation when the block ends

    def _add_leave(self, keyword: str, offset: int) -> None:
        block = self._template.loops[-1]
        code = self._template.code
        if keyword == "break":
            block.breaks.append(len(code))
            code.append((nodes.LEAVE, offset))
        else:
            block.continues.append(len(code))
            code.append((nodes.LEAVE, offset))

    def _start_else(self) -> None:
        template = self._template
        block = template.blocks[-1]
        block.clause = "else"
        block.jump = len(template.code)
        if block.kind == "range":
            self._add_next(block)
        else:
            template.code.append("")  # replaced by a jump when its target is known
        block.else_target = len(template.code)

    def _add_next(self, block: _Block) -> None:
        """Add the start of a loop's next round, and make each `continue` jump to it."""
        template = self._template
        template.loops.pop()
        block.jump = here = len(template.code)
        template.code.append("")
        for index in block.continues:
            template.code[index] = (*template.code[index], here)

    def _end_block(self, position: int) -> None:
        template = self._template
        if not template.blocks:
            self._finish_template(position)
            return
        while self._close_block(template.blocks.pop()):
            check_time()

    def _close_block(self, block: _Block) -> bool:
        """Complete the operations of a block that ends.

        Return whether the enclosing block ends as well.
        """
        template = self._template
        code = template.code
        if block.kind == "range":
            if block.clause != "else":
                self._add_next(block)
            self._complete_loop(block)
        here = len(code)
        else_target = block.else_target or here
        scoped = len(template.variable_names) > block.variable_count
        if scoped:
            template.drop_variables(block.variable_count)
        if block.kind == "if":
            if_code = nodes.IF + block.code_base
            code[block.start] = (if_code, block.offset, block.node, else_target, scoped)
            if scoped:
                code.append(_UNSCOPE)
        else:
            if block.kind == "with":
                with_code = nodes.WITH + block.code_base
                code[block.start] = (with_code, block.offset, block.node, else_target)
            code.append(_UNNEST)
        if block.kind != "range" and block.else_target:
            code[block.jump] = (nodes.JUMP, here)
        return block.is_chained

    def _complete_loop(self, block: _Block) -> None:
        code = self._template.code
        here = len(code)
        start, node = block.start, block.node
        names = node[3] if node is not None and node[0] == nodes.PIPE else ()
        else_target = block.else_target or here
        code[start] = (nodes.RANGE + block.code_base, block.offset, node, else_target, names)
        code[block.jump] = (nodes.NEXT, start + 1, here, names, block.jump - start)
        for index in block.breaks:
            code[index] = (*code[index], here)

    def _finish_template(self, position: int) -> None:
        """Add the template to those of the text and continue with the enclosing one."""
        template = self._template
        earlier = self._templates.get(template.name)
        if earlier is None or earlier[1]:
            self._templates.pop(template.name, None)
            self._templates[template.name] = ((*template.code, _STOP), template.is_blank)
        elif not template.is_blank:
            message = f"template: multiple definition of template {quoted(template.name)}"
            raise self._error(message, position)
        if self._outer_templates:
            self._template = self._outer_templates.pop()


_ACTION: Final = nodes.ACTION
_SPACE_CHARS: Final = frozenset(SPACES)


def _sets_variables(node: Node | None) -> bool:
    """Return whether a pipeline assigns its value to variables, so that nothing is printed."""
    return node is not None and node[0] == nodes.PIPE and bool(node[3])


_BLOCK_KEYWORDS: Final = frozenset({"if", "range", "with"})
_UNSCOPE: Final = (nodes.UNSCOPE, 0)
_UNNEST: Final = (nodes.UNNEST, 0)
_STOP: Final = (nodes.STOP, 0)
