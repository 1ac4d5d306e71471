"""Texts → parsed templates.

Blocks become jumps as the parser goes, and the open ones are a list: a text may nest them as deep as it likes. The text of
an action is looked up before it is parsed (`actions.py`); what is found is checked against the variables and functions at
hand, and parsed again where something is amiss, so that the error is the one that Go gives at that place.

Source: Go 1.26 text/template/parse/parse.go, Parse and what it calls.
"""

from collections.abc import Container

from kmanifest.engines.helm.gotemplate import nodes
from kmanifest.engines.helm.gotemplate.actions import (
    ANYWHERE,
    Action,
    ActionError,
    ActionParser,
    Surroundings,
    read_field,
)
from kmanifest.engines.helm.gotemplate.builtins import BUILTINS
from kmanifest.engines.helm.gotemplate.errors import ParseError
from kmanifest.engines.helm.gotemplate.lexer import PIECE, SPACES
from kmanifest.engines.helm.gotemplate.nodes import Node, Program
from kmanifest.engines.helm.gotemplate.quoting import quoted
from kmanifest.engines.helm.gotemplate.templates import TOO_DEEP, Parsed
from kmanifest.model.errors import LimitError
from kmanifest.startup.typing import Any, Final

Actions = dict[str, Action]
"""Parsed actions by their text: whoever parses many files gives each the same dictionary."""

# What Go's unicode.IsSpace holds for space.
_BLANKS: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


class _Functions:
    """The names of functions, Go's own among them; those that were found are in `known`."""

    __slots__ = ("_names", "known")

    def __init__(self, names: Container[str]) -> None:
        self._names = names
        self.known: set[str] = set(BUILTINS)

    def __contains__(self, name: object) -> bool:
        if name not in self.known and name in self._names:
            self.known.add(str(name))
        return name in self.known


def parse(
    name: str, text: str, functions: Container[str], *, actions: Actions | None = None
) -> Parsed:
    """The templates of `text`; ParseError in Go's words where it is none.

    `functions` holds the names that may be called besides Go's own. `actions` remembers parsed actions from one text to the
    next; it is only good for texts with the same functions named `break` or `continue`, if any.
    """
    try:
        return _Parser(name, text, functions, {} if actions is None else actions).parse()
    except RecursionError:
        raise LimitError(TOO_DEEP) from None


class _Block:
    """An open block, and the operations whose targets are known when it ends."""

    __slots__ = (
        "breaks", "chained", "continues", "jump", "kind", "node", "offset", "otherwise", "start", "variables", "word",
    )  # fmt: skip

    def __init__(
        self,
        kind: str,
        offset: int,
        node: Node | None,
        start: int,
        variables: int,
        *,
        chained: bool,
    ) -> None:
        self.kind = self.word = kind
        self.offset = offset
        self.node = node
        self.start = start
        self.variables = variables
        self.chained = chained
        self.jump = self.otherwise = 0
        self.breaks: list[int] = []
        self.continues: list[int] = []


class _Tree:
    """A template in the making."""

    __slots__ = (
        "began", "blank", "blocks", "code", "declared", "loops", "name", "position", "variables", "word",
    )  # fmt: skip

    def __init__(self, name: str, word: str = "", position: int = 0) -> None:
        self.name = name
        self.position = position
        self.word = word
        self.code: list[Any] = []
        self.blocks: list[_Block] = []
        self.loops: list[_Block] = []
        # Variables in the order in which they were declared, and how often each is among them.
        self.declared = ["$"]
        self.variables = {"$": 1}
        self.blank = True
        # Where the action began in whose midst Go thinks itself: one that opens a block, until another has ended.
        self.began = -1

    def declare(self, names: tuple[str, ...]) -> None:
        """Add variables to those that are known."""
        self.declared.extend(names)
        for name in names:
            self.variables[name] = self.variables.get(name, 0) + 1

    def forget(self, height: int) -> None:
        """Drop all variables but the first ones."""
        for name in self.declared[height:]:
            self.variables[name] -= 1
            if not self.variables[name]:
                del self.variables[name]
        del self.declared[height:]


class _Parser:
    """Walks through one text."""

    def __init__(self, name: str, text: str, functions: Container[str], actions: Actions) -> None:
        self._name = name
        self._text = text
        self._functions = _Functions(functions)
        self._actions = actions
        self._outer: list[_Tree] = []
        self._tree = _Tree(name)
        self._trees: dict[str, tuple[Program, bool]] = {}

    def parse(self) -> Parsed:
        text = self._text
        match, actions, known = PIECE.match, self._actions, self._functions.known
        position = 0
        tree = self._tree
        while found := match(text, position):
            piece, trims, comment, body = found.groups()
            if trims:
                piece = piece.rstrip(SPACES)
            if piece:
                tree.code.append(piece)
                if tree.blank and piece.strip(_BLANKS):
                    tree.blank = False
            if comment:
                position = self._comment(found.start(3))
                continue
            position = found.end()
            start = found.start(4)
            action = actions.get(body)
            if action is None or (action[6] and not self._fits(action, known)):
                action = read_field(body) or self._parsed(body, start)
                actions[body] = action
            if action[0] == "" and not action[4]:
                tree.code.append((_ACTION, start, action[1]))
                tree.blank = False
                tree.began = -1
            else:
                self._add(action, start, len(body))
                tree = self._tree
        return self._rest(position)

    def _rest(self, position: int) -> Parsed:
        """Finish after the last action."""
        text = self._text
        piece = text[position:]
        if "{{" in piece:
            raise self._unclosed(text.index("{{", position))
        if piece:
            self._tree.code.append(piece)
            self._tree.blank = self._tree.blank and not piece.strip(_BLANKS)
        if self._tree.blocks or self._outer:
            raise self._error("unexpected EOF", len(text))
        self._finish(len(text))
        return Parsed(self._name, text, tuple((name, *tree) for name, tree in self._trees.items()))

    def _comment(self, start: int) -> int:
        text = self._text
        end = text.find("*/", start + 2)
        if end < 0:
            raise self._error("unclosed comment" + self._inside(start), start)
        if text.startswith("}}", end + 2):
            return end + 4
        if text.startswith("-}}", end + 3) and text[end + 2] in SPACES:
            return self._after_space(end + 6)
        message = "comment ends before closing delimiter"
        raise self._error(message + self._inside(start), start)

    def _after_space(self, position: int) -> int:
        text = self._text
        while text[position : position + 1] in _SPACE_CHARS:
            position += 1
        return position

    def _fits(self, action: Action, known: set[str]) -> bool:
        """Whether an action that was parsed elsewhere can stand here."""
        keyword, _, _, uses, _, calls, _ = action
        if uses:
            variables = self._tree.variables
            for name in uses:
                if name not in variables:
                    return False
        if calls and not known.issuperset(calls):
            for name in calls:
                if name not in self._functions:
                    return False
        return keyword in ANYWHERE or self._allows(keyword)

    def _allows(self, keyword: str) -> bool:
        blocks = self._tree.blocks
        if keyword == "define":
            return not blocks and not self._tree.word
        if keyword in ("break", "continue"):
            return bool(self._tree.loops)
        if not blocks:
            return keyword == "end" and bool(self._tree.word)
        block = blocks[-1]
        if keyword == "end":
            return True
        if keyword == "else":
            return block.word != "else"
        return block.word == keyword[5:]

    def _around(self) -> Surroundings:
        tree = self._tree
        block = tree.blocks[-1].word if tree.blocks else tree.word
        return Surroundings(
            self._functions,
            tree.variables,
            block,
            block if block in ("if", "with") else "",
            bool(tree.loops),
        )

    def _parsed(self, body: str, start: int) -> Action:
        # The space of the mark on the left is none for the one on the right.
        trimmed = body[-1:] == "-" and body[-2:-1] in _SPACE_CHARS
        if trimmed and len(body) == 2 and self._text[start - 1] == "-":
            trimmed = False
        if trimmed:
            body = body[:-2]
        try:
            return ActionParser(body, self._around(), trimmed=trimmed).parse()
        except ActionError as error:
            raise self._located(error, self._text.rindex("{{", 0, start), start) from None

    def _unclosed(self, found: int) -> ParseError:
        """What Go says of an action without an end."""
        text = self._text
        trims = text[found + 2 : found + 3] == "-" and text[found + 3 : found + 4] in _SPACE_CHARS
        start = found + (4 if trims else 2)
        try:
            ActionParser(text[start:], self._around(), closed=False).parse()
        except ActionError as error:
            return self._located(error, found, start)
        return self._error("unclosed action", len(self._text))

    def _located(self, error: ActionError, found: int, start: int) -> ParseError:
        position = start + error.position
        message = error.message
        if message == "unexpected {{else}} in block clause":
            position = self._tree.position  # here Go still stands at the beginning of the block
        if error.lexical:
            midst = self._midst(found, position)
            # Go avoids to say "action in action".
            message += midst.removeprefix(" in action") if message.endswith(" action") else midst
        return self._error(message, position)

    def _inside(self, position: int) -> str:
        """The same of an error in a comment right after the action that opened a block."""
        began = self._tree.began
        return self._midst(self._text.rindex("{{", 0, began), position) if began >= 0 else ""

    def _midst(self, began: int, position: int) -> str:
        """What Go adds to an error of the lexer in an action that began on another line."""
        if self._line(began) == self._line(position):
            return ""
        return f" in action started at {self._name}:{self._line(began)}"

    def _line(self, position: int) -> int:
        return self._text.count("\n", 0, position) + 1

    def _error(self, message: str, position: int) -> ParseError:
        return ParseError(f"template: {self._name}:{self._line(position)}: {message}")

    def _add(self, action: Action, offset: int, length: int) -> None:
        """Add an action that is more than a text to print."""
        keyword, node, name, _, declares, _, _ = action
        tree = self._tree
        tree.began = -1
        if keyword == "end":
            self._end(offset + length)
        elif keyword in _OPENS:
            self._open(keyword, offset, node, declares)
            tree.began = offset
        elif keyword == "else":
            self._else()
        elif keyword in ("else if", "else with"):
            self._else()
            self._open(keyword[5:], offset, node, declares, chained=True)
        elif keyword == "define":
            self._define(name, "define", offset + length)
        elif keyword in ("break", "continue"):
            self._leave(keyword, offset)
        else:
            tree.blank = False
            tree.declare(declares)
            code = nodes.INCLUDE if keyword else nodes.SET if _is_quiet(node) else nodes.ACTION
            tree.code.append((code, offset, node))
            if keyword == "block":
                self._define(name, "block", offset + length)

    def _define(self, name: str, word: str, position: int) -> None:
        self._outer.append(self._tree)
        self._tree = _Tree(name, word, position)

    def _open(
        self,
        kind: str,
        offset: int,
        node: Node | None,
        declares: tuple[str, ...],
        *,
        chained: bool = False,
    ) -> None:
        tree = self._tree
        tree.blank = False
        block = _Block(kind, offset, node, len(tree.code), len(tree.declared), chained=chained)
        tree.blocks.append(block)
        if kind == "range":
            tree.loops.append(block)
        if declares:
            tree.declare(declares)
        tree.code.append("")  # the operation is made when the block ends

    def _leave(self, keyword: str, offset: int) -> None:
        block = self._tree.loops[-1]
        code = self._tree.code
        if keyword == "break":
            block.breaks.append(len(code))
            code.append((nodes.LEAVE, offset))
        else:
            block.continues.append(len(code))
            code.append((nodes.LEAVE, offset))

    def _else(self) -> None:
        tree = self._tree
        block = tree.blocks[-1]
        block.word = "else"
        block.jump = len(tree.code)
        if block.kind == "range":
            self._close_loop(block)
        else:
            tree.code.append("")  # a jump, when it is known where to
        block.otherwise = len(tree.code)

    def _close_loop(self, block: _Block) -> None:
        """Add what begins the next round of a loop, and lead each `continue` to it."""
        tree = self._tree
        tree.loops.pop()
        block.jump = here = len(tree.code)
        tree.code.append("")
        for index in block.continues:
            tree.code[index] = (*tree.code[index], here)

    def _end(self, position: int) -> None:
        tree = self._tree
        if not tree.blocks:
            self._finish(position)
            return
        while self._close(tree.blocks.pop()):
            pass

    def _close(self, block: _Block) -> bool:
        """Make the operations of a block, now that it is known where it ends; gives whether the one around it ends as well."""
        tree = self._tree
        code = tree.code
        if block.kind == "range":
            if block.word != "else":
                self._close_loop(block)
            self._make_loop(block)
        here = len(code)
        otherwise = block.otherwise or here
        scoped = len(tree.declared) > block.variables
        if scoped:
            tree.forget(block.variables)
        if block.kind == "if":
            code[block.start] = (nodes.IF, block.offset, block.node, otherwise, scoped)
            if scoped:
                code.append(_UNSCOPE)
        else:
            if block.kind == "with":
                code[block.start] = (nodes.WITH, block.offset, block.node, otherwise)
            code.append(_UNNEST)
        if block.kind != "range" and block.otherwise:
            code[block.jump] = (nodes.JUMP, here)
        return block.chained

    def _make_loop(self, block: _Block) -> None:
        code = self._tree.code
        here = len(code)
        start, node = block.start, block.node
        names = node[3] if node is not None and node[0] == nodes.PIPE else ()
        otherwise = block.otherwise or here
        code[start] = (nodes.RANGE, block.offset, node, otherwise, names)
        code[block.jump] = (nodes.NEXT, start + 1, here, names, block.jump - start)
        for index in block.breaks:
            code[index] = (*code[index], here)

    def _finish(self, position: int) -> None:
        """Add the tree to those of the text, and go on with the one around it."""
        tree = self._tree
        old = self._trees.get(tree.name)
        if old is None or old[1]:
            self._trees.pop(tree.name, None)
            self._trees[tree.name] = ((*tree.code, _STOP), tree.blank)
        elif not tree.blank:
            message = f"template: multiple definition of template {quoted(tree.name)}"
            raise self._error(message, position)
        if self._outer:
            self._tree = self._outer.pop()


_ACTION: Final = nodes.ACTION
_SPACE_CHARS: Final = frozenset(SPACES)


def _is_quiet(node: Node | None) -> bool:
    """Whether a pipeline gives its value to variables, so that nothing is printed."""
    return node is not None and node[0] == nodes.PIPE and bool(node[3])


_OPENS: Final = frozenset({"if", "range", "with"})
_UNSCOPE: Final = (nodes.UNSCOPE, 0)
_UNNEST: Final = (nodes.UNNEST, 0)
_STOP: Final = (nodes.STOP, 0)
