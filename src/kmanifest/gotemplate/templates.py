"""Texts → parsed templates, and sets of these: immutable, so that threads may share them, and plain data inside.

Blocks become jumps as the parser goes, and the open ones are a list: a text may nest them as deep as it likes. The text of
an action is looked up before it is parsed (`actions.py`); what is found is checked against the variables and functions at
hand, and parsed again where something is amiss, so that the error is the one that Go gives at that place.

Source: Go 1.26 text/template/parse/parse.go, Parse and what it calls; text/template/template.go, AddParseTree.
"""

from collections.abc import Container, Iterable, Iterator

from kmanifest.gotemplate import nodes
from kmanifest.gotemplate.actions import Action, ActionError, ActionParser, Surroundings
from kmanifest.gotemplate.builtins import BUILTINS
from kmanifest.gotemplate.errors import ParseError
from kmanifest.gotemplate.lexer import ACTION, SPACES
from kmanifest.gotemplate.nodes import Operation, Program
from kmanifest.gotemplate.quoting import quoted
from kmanifest.typed import Any, Final, NamedTuple, Self

Actions = dict[str, Action]
"""Parsed actions by their text: whoever parses many files gives each the same dictionary."""

# What Go's unicode.IsSpace holds for space.
_BLANKS: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


class Parsed(NamedTuple):
    """What is in one text: `trees` are `(name, program, empty)` in the order defined, the text's own last.

    `trees` is made of tuples, texts, numbers and booleans only, so that `marshal` can keep it.
    """

    name: str
    text: str
    trees: tuple[tuple[str, Program, bool], ...]


class Template(NamedTuple):
    """One template of a set; `file` and `text` are of the text that defined it."""

    name: str
    file: str
    text: str
    program: Program
    empty: bool


class TemplateSet:
    """Templates by name. `root` is the name of the one that Go would call associated with all of them."""

    __slots__ = ("_templates", "root")

    def __init__(self, root: str = "", templates: dict[str, Template] | None = None) -> None:
        self.root = root
        self._templates = templates or {}

    def with_parsed(self, *parsed: Parsed) -> Self:
        """This set and what is in these texts, one after the other: the last of a name wins, but an empty one never."""
        templates = dict(self._templates)
        for file in parsed:
            for name, program, empty in file.trees:
                if not empty or name not in templates:
                    templates[name] = Template(name, file.name, file.text, program, empty)
        return type(self)(self.root, templates)

    def names(self) -> Iterable[str]:
        """The names of all templates, in the order in which they came."""
        return self._templates.keys()

    def find(self, name: str) -> Template | None:
        """The template of this name."""
        return self._templates.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self._templates

    def __iter__(self) -> Iterator[Template]:
        return iter(self._templates.values())


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
    return _Parser(name, text, functions, {} if actions is None else actions).parse()


class _Block:
    """An open block, and the operations whose targets are known when it ends."""

    __slots__ = ("breaks", "chained", "continues", "kind", "opened", "start", "variables", "word")

    def __init__(self, kind: str, start: int, variables: int, *, chained: bool = False) -> None:
        self.kind = kind
        self.word = kind
        self.start = start
        self.variables = variables
        self.chained = chained
        self.opened: list[int] = []
        self.breaks: list[int] = []
        self.continues: list[int] = []


class _Tree:
    """A template in the making."""

    __slots__ = ("blank", "blocks", "code", "name", "variables", "word")

    def __init__(self, name: str, word: str = "") -> None:
        self.name = name
        self.word = word
        self.code: list[Any] = []
        self.blocks: list[_Block] = []
        self.variables = ["$"]
        self.blank = True


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
        position = 0
        while (found := text.find("{{", position)) >= 0:
            match = ACTION.match(text, found)
            piece = text[position:found]
            trims = (
                text[found + 2 : found + 3] == "-" and text[found + 3 : found + 4] in _SPACE_CHARS
            )
            if trims:
                piece = piece.rstrip(SPACES)
            if piece:
                self._add_text(piece)
            if match is None:
                raise self._unclosed(found, found + (4 if trims else 2))
            if match[2]:
                position = self._comment(match.start(2))
            else:
                position = self._action(match[3], found, match.start(3), match.end())
        if position < len(text):
            self._add_text(text[position:])
        if self._tree.blocks or self._outer:
            raise self._error("unexpected EOF", len(text))
        self._finish(len(text))
        return Parsed(self._name, text, tuple((name, *tree) for name, tree in self._trees.items()))

    def _add_text(self, piece: str) -> None:
        tree = self._tree
        tree.code.append(piece)
        if tree.blank and piece.strip(_BLANKS):
            tree.blank = False

    def _comment(self, start: int) -> int:
        text = self._text
        end = text.find("*/", start + 2)
        if end < 0:
            raise self._error("unclosed comment", start)
        if text.startswith("}}", end + 2):
            return end + 4
        if text.startswith("-}}", end + 3) and text[end + 2] in SPACES:
            return self._after_space(end + 6)
        raise self._error("comment ends before closing delimiter", start)

    def _after_space(self, position: int) -> int:
        text = self._text
        while text[position : position + 1] in _SPACE_CHARS:
            position += 1
        return position

    def _action(self, body: str, found: int, start: int, end: int) -> int:
        if body[-1:] == "-" and body[-2:-1] in _SPACE_CHARS:
            body = body[:-2]
            end = self._after_space(end)
        action = self._actions.get(body)
        if action is None or not self._fits(action):
            action = self._parsed(body, found, start)
            self._actions[body] = action
        self._add(action, start, len(body))
        return end

    def _fits(self, action: Action) -> bool:
        """Whether an action that was parsed elsewhere can stand here."""
        keyword, _, _, uses, _, calls = action
        if uses:
            variables = self._tree.variables
            for name in uses:
                if name not in variables:
                    return False
        if calls and not self._functions.known.issuperset(calls):
            for name in calls:
                if name not in self._functions:
                    return False
        return keyword in _ANYWHERE or self._allows(keyword)

    def _allows(self, keyword: str) -> bool:
        blocks = self._tree.blocks
        if keyword == "define":
            return not blocks and not self._tree.word
        if keyword in ("break", "continue"):
            return self._loop() is not None
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
            self._loop() is not None,
        )

    def _parsed(self, body: str, found: int, start: int) -> Action:
        try:
            return ActionParser(body, self._around()).parse()
        except ActionError as error:
            raise self._located(error, found, start) from None

    def _unclosed(self, found: int, start: int) -> ParseError:
        """What Go says of an action without an end."""
        try:
            ActionParser(self._text[start:], self._around(), closed=False).parse()
        except ActionError as error:
            return self._located(error, found, start)
        return self._error("unclosed action", len(self._text))

    def _located(self, error: ActionError, found: int, start: int) -> ParseError:
        position = start + error.position
        message = error.message
        if error.lexical:
            began = self._line(found)
            if began != self._line(position):
                place = f"started at {self._name}:{began}"
                # Go avoids to say "action in action".
                message += f" {place}" if message.endswith(" action") else f" in action {place}"
        return self._error(message, position)

    def _line(self, position: int) -> int:
        return self._text.count("\n", 0, position) + 1

    def _error(self, message: str, position: int) -> ParseError:
        return ParseError(f"template: {self._name}:{self._line(position)}: {message}")

    def _add(self, action: Action, offset: int, length: int) -> None:
        keyword, node, name, _, declares, _ = action
        tree = self._tree
        code = tree.code
        if declares and keyword not in ("if", "with", "range", "else if", "else with"):
            tree.variables.extend(declares)
        if keyword == "":
            assert node is not None  # noqa: S101 - for the type checker
            quiet = node[0] == nodes.PIPE and node[3]
            code.append((nodes.SET if quiet else nodes.ACTION, offset, node))
            tree.blank = False
        elif keyword == "end":
            self._end(offset + length)
        elif keyword == "if":
            self._open("if", (nodes.IF, offset, node), declares)
        elif keyword == "else":
            self._else()
        elif keyword in ("else if", "else with"):
            self._else()
            self._open(
                keyword[5:],
                (nodes.IF if keyword == "else if" else nodes.WITH, offset, node),
                declares,
                chained=True,
            )
        elif keyword == "with":
            self._open("with", (nodes.WITH, offset, node), declares)
        elif keyword == "range":
            assert node is not None  # noqa: S101
            names = node[3] if node[0] == nodes.PIPE else ()
            self._open("range", (nodes.RANGE, offset, node, 0, names), declares)
        elif keyword in ("template", "block"):
            code.append((nodes.INCLUDE, offset, node))
            tree.blank = False
            if keyword == "block":
                self._define(name, "block")
        elif keyword == "define":
            self._define(name, "define")
        else:
            self._leave(keyword, offset)

    def _define(self, name: str, word: str) -> None:
        self._outer.append(self._tree)
        self._tree = _Tree(name, word)

    def _open(
        self,
        kind: str,
        operation: Operation,
        declares: tuple[str, ...],
        *,
        chained: bool = False,
    ) -> None:
        tree = self._tree
        tree.blank = False
        tree.blocks.append(_Block(kind, len(tree.code), len(tree.variables), chained=chained))
        tree.variables.extend(declares)
        tree.code.append(operation)

    def _loop(self) -> _Block | None:
        """The loop that `break` would leave here."""
        for block in reversed(self._tree.blocks):
            if block.kind == "range" and block.word != "else":
                return block
        return None

    def _leave(self, keyword: str, offset: int) -> None:
        block = self._loop()
        if block is None:
            return
        code = self._tree.code
        if keyword == "break":
            block.breaks.append(len(code))
            code.append((nodes.LEAVE, offset))
        else:
            block.continues.append(len(code))
            code.append((nodes.LEAVE, offset))

    def _else(self) -> None:
        tree = self._tree
        code = tree.code
        block = tree.blocks[-1]
        block.word = "else"
        if block.kind == "range":
            self._close_loop(block)
        else:
            block.opened.append(len(code))
            code.append((nodes.JUMP, 0))
        self._aim(block.start, len(code))

    def _close_loop(self, block: _Block) -> None:
        code = self._tree.code
        here = len(code)
        names = code[block.start][4]
        block.opened.append(here)
        code.append((nodes.NEXT, block.start + 1, 0, names, here - block.start))
        for index in block.continues:
            code[index] = (*code[index], here)

    def _aim(self, index: int, target: int) -> None:
        """Set where the operation that opened a block jumps."""
        operation = self._tree.code[index]
        self._tree.code[index] = (*operation[:3], target, *operation[4:])

    def _end(self, position: int) -> None:
        tree = self._tree
        if not tree.blocks:
            self._finish(position)
            return
        block = tree.blocks.pop()
        code = tree.code
        if block.kind == "range" and block.word != "else":
            self._close_loop(block)
        here = len(code)
        if block.word != "else":
            self._aim(block.start, here)
        scoped = len(tree.variables) > block.variables
        del tree.variables[block.variables :]
        for index in block.opened:
            operation = code[index]
            if operation[0] == nodes.JUMP:
                code[index] = (nodes.JUMP, here)
            else:
                code[index] = (*operation[:2], here, *operation[3:])
        for index in block.breaks:
            code[index] = (*code[index], here)
        if block.kind == "if":
            code[block.start] = (*code[block.start], scoped)
            if scoped:
                code.append(_UNSCOPE)
        else:
            code.append(_UNNEST)
        if block.chained:
            self._end(position)

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


_SPACE_CHARS: Final = frozenset(SPACES)
_ANYWHERE: Final = frozenset({"", "if", "range", "with", "template", "block"})
_UNSCOPE: Final = (nodes.UNSCOPE, 0)
_UNNEST: Final = (nodes.UNNEST, 0)
_STOP: Final = (nodes.STOP, 0)
