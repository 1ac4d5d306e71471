"""Substitute variables in a text as the kustomize-controller of Flux does after a build.

Only `${...}` is a substitution; `$$` is an escaped `$`. A text is parsed to strings and `Expansion` records, then each
record is replaced by its value. Lengths and offsets count bytes, as Go's strings do, so a result can be invalid UTF-8;
such bytes are surrogates here (`surrogateescape`).

Source: fluxcd/pkg envsubst v1.9.0 parse/parse.go, parse/scan.go, template.go, funcs.go.
"""

from collections.abc import Callable, Iterable, Mapping

from kmanifest.engines.flux.patterns import BadPatternError, match
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import LimitError, SourceError
from kmanifest.startup.typing import Final, NamedTuple

BAD_SUBSTITUTION: Final = "bad substitution"
MISSING_BRACE: Final = "missing closing brace"
BAD_NAME: Final = "unable to parse variable name"
BAD_ARGUMENT: Final = "unable to parse substitution within function"
BAD_DEFAULT: Final = "unable to parse default function"

_DEFAULTS: Final = ("=", ":=", ":-", ":?", ":+")
"""The operators with a default. Flux gives the same meaning to all of them: the default if the value is empty."""

_MAX_NESTING: Final = 100
_MAX_PATTERN_SIZE: Final = 1_024
"""The bytes of a pattern, and of a value that one is applied to. The time grows with the third power of the size."""

_INT64_MAX: Final = (1 << 63) - 1

Accept = Callable[[str, int], bool]
"""Whether a token may contain this character at this position, counted from 1."""


class Expansion(NamedTuple):
    """One `${...}`: the name of a variable, an operator or nothing, and the arguments of the operator."""

    name: str
    operator: str = ""
    arguments: tuple["Node", ...] = ()

    @property
    def has_default(self) -> bool:
        """Whether an unset variable is allowed in a strict substitution."""
        return self.operator in _DEFAULTS


Node = str | Expansion


class EnvsubstError(SourceError):
    """A text with an invalid substitution. `offset` is the index of its `${` in the text."""

    offset = 0


def substitute(
    text: str,
    variables: Mapping[str, str],
    *,
    strict: bool = False,
    max_size: int = _INT64_MAX,
    check_time: Callable[[], None] = lambda: None,
) -> str:
    """Return the text with its substitutions replaced by values.

    An unset variable is empty; in a strict substitution it is an error, except with an operator that has a default.
    Raises EnvsubstError for invalid substitutions and LimitError for a result of more than `max_size` characters.

    >>> substitute("${name:-web}-${size} $${name}", {"size": "3"})
    'web-3 ${name}'
    """
    if "$" not in text and "\0" not in text:
        return text
    evaluator = _Evaluator(variables, strict=strict, max_size=max_size, check_time=check_time)
    return evaluator.join(parse(text))


def parse(text: str) -> list[Node]:
    """Return the strings and substitutions of a text. Raises EnvsubstError if one is invalid."""
    return _Parser(text).parse()


def expansions(nodes: Iterable[Node]) -> list[Expansion]:
    """Return all substitutions, also those inside arguments, in the order of the text."""
    found: list[Expansion] = []
    for node in nodes:
        if isinstance(node, Expansion):
            found += [node, *expansions(node.arguments)]
    return found


def _is_name_character(char: str, _: int) -> bool:
    return char == "_" or char.isalpha() or char.isdecimal()


def _is_not_closing(char: str, _: int) -> bool:
    return char != "}"


def _is_not_slash(char: str, _: int) -> bool:
    return char != "/"


def _is_not_colon_or_closing(char: str, _: int) -> bool:
    return char not in ":}"


def _is_default_operator(char: str, index: int) -> bool:
    return (index == 1 and char == ":") or (index == 2 and char in "=-?+")


def _is_replace_operator(char: str, index: int) -> bool:
    return (index == 1 and char == "/") or (index == 2 and char in "/#%")


def _is_case_operator(char: str, index: int) -> bool:
    return char in ",^" and index < 3


def _is_first(wanted: str, most: int) -> Accept:
    return lambda char, index: char == wanted and index <= most


class _Parser:
    """Parses one text, with the rules of Flux' scanner."""

    def __init__(self, text: str) -> None:
        self._text = text.partition("\0")[0]  # Go's scanner takes a NUL for the end of the text
        self._position = 0
        self._nesting = 0

    def parse(self) -> list[Node]:
        nodes: list[Node] = []
        literal: list[str] = []
        text = self._text
        while True:
            dollar = text.find("$", self._position)
            following = text[dollar + 1 : dollar + 2] if dollar >= 0 else ""
            if following in ("$", "{") and following:
                literal.append(text[self._position : dollar])
                self._position = dollar + 2
                if following == "$":
                    literal.append("$")
                    continue
                nodes += ["".join(literal), self._parse_located(dollar)]
                literal = []
                continue
            end = len(text) if dollar < 0 else dollar + 1
            literal.append(text[self._position : end])
            self._position = end
            if dollar < 0:
                return [*nodes, "".join(literal)]

    def _parse_located(self, offset: int) -> Expansion:
        try:
            return self._parse_expansion()
        except EnvsubstError as error:
            error.offset = offset
            raise

    def _parse_expansion(self) -> Expansion:
        """Parse what follows a `${`."""
        check_time()
        self._nesting += 1
        if self._nesting > _MAX_NESTING:
            raise LimitError(f"more than {_MAX_NESTING} substitutions inside each other")
        expansion = self._parse_named() if self._peek() != "#" else self._parse_length()
        self._nesting -= 1
        return expansion

    def _parse_named(self) -> Expansion:
        name = self._scan(_is_name_character, BAD_NAME)
        following = self._peek()
        if following == ":":
            return self._parse_colon(name)
        if following == "=":
            return self._parse_default(name, _is_first("=", 1))
        if following in (",", "^"):
            operator = self._scan(_is_case_operator, BAD_SUBSTITUTION)
            return self._close(Expansion(name, operator))
        if following == "/":
            return self._parse_replacement(name)
        if following in ("#", "%"):
            operator = self._scan(_is_first(following, 2), BAD_SUBSTITUTION)
            argument = self._parse_argument(_is_not_closing)
            return self._close(Expansion(name, operator, (argument,)))
        return self._close(Expansion(name), MISSING_BRACE)

    def _parse_length(self) -> Expansion:
        self._position += 1
        name = self._scan(_is_name_character, BAD_SUBSTITUTION)
        return self._close(Expansion(name, "#"))

    def _parse_colon(self, name: str) -> Expansion:
        following = self._text[self._position + 1 : self._position + 2]
        if following in ("=", "-", "?", "+"):
            return self._parse_default(name, _is_default_operator)
        if not following or not following.isascii():
            # Go's scanner goes back by the size of the wrong character, and no longer finds the colon.
            raise EnvsubstError(BAD_SUBSTITUTION)
        return self._parse_substring(name)

    def _parse_default(self, name: str, accept: Accept) -> Expansion:
        operator = self._scan(accept, BAD_DEFAULT)
        arguments: list[Node] = []
        while self._peek() != "}":
            arguments.append(self._parse_argument(_is_not_closing))
        return self._close(Expansion(name, operator, tuple(arguments)))

    def _parse_substring(self, name: str) -> Expansion:
        self._position += 1
        arguments = [self._parse_argument(_is_not_colon_or_closing)]
        if self._peek() == "}":
            return self._close(Expansion(name, ":", tuple(arguments)))
        self._scan(lambda char, _: char == ":", BAD_SUBSTITUTION)
        arguments.append(self._parse_argument(_is_not_closing))
        return self._close(Expansion(name, ":", tuple(arguments)))

    def _parse_replacement(self, name: str) -> Expansion:
        operator = self._scan(_is_replace_operator, BAD_SUBSTITUTION)
        arguments = [self._parse_argument(_is_not_slash, escapes=True)]
        self._scan(lambda char, _: char == "/", BAD_SUBSTITUTION)
        if self._peek() != "}":
            arguments.append(self._parse_argument(_is_not_closing, escapes=True))
        return self._close(Expansion(name, operator, tuple(arguments)))

    def _parse_argument(self, accept: Accept, *, escapes: bool = False) -> Node:
        """Parse a substitution inside this one, or the characters before the next one."""
        if self._text.startswith("${", self._position):
            self._position += 2
            return self._parse_expansion()
        return self._scan(accept, BAD_ARGUMENT, escapes=escapes, stops_at_expansion=True)

    def _scan(
        self,
        accept: Accept,
        problem: str,
        *,
        escapes: bool = False,
        stops_at_expansion: bool = False,
    ) -> str:
        """Return the next characters that `accept` accepts. Raises EnvsubstError if there is none."""
        text, index = self._text, self._position
        token: list[str] = []
        while index < len(text):
            char, pair = text[index], text[index : index + 2]
            if stops_at_expansion and pair == "${":
                break
            if escapes and pair in ("$$", "\\/", "\\\\"):
                token.append(pair[1])
                index += 2
                continue
            if not accept(char, len(token) + 1):
                break
            token.append(char)
            index += 1
        if not token:
            raise EnvsubstError(problem)
        self._position = index
        return "".join(token)

    def _close(self, expansion: Expansion, problem: str = BAD_SUBSTITUTION) -> Expansion:
        if self._peek() != "}":
            raise EnvsubstError(problem)
        self._position += 1
        return expansion

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]


class _Evaluator:
    """Replaces substitutions by values, within a limit for the size of all results."""

    def __init__(
        self,
        variables: Mapping[str, str],
        *,
        strict: bool,
        max_size: int,
        check_time: Callable[[], None],
    ) -> None:
        self._variables = variables
        self._strict = strict
        self._max_size = max_size
        self._check_time = check_time

    def join(self, nodes: Iterable[Node]) -> str:
        """Return the values of all nodes as one text."""
        parts: list[str] = []
        size = 0
        for node in nodes:
            part = node if isinstance(node, str) else self._evaluate(node)
            size += len(part)
            self._check_size(size)
            parts.append(part)
        joined = "".join(parts)
        # Two parts of a character that meet again are a character, as in Go.
        return joined if joined.isascii() else _decode(_encode(joined))

    def _evaluate(self, expansion: Expansion) -> str:
        self._check_time()
        name, operator, arguments = expansion
        values = [self.join((argument,)) for argument in arguments]
        if self._strict and name not in self._variables and not expansion.has_default:
            raise EnvsubstError(f'variable not set (strict mode): "{name}"')
        value = self._variables.get(name, "")
        if operator in _DEFAULTS:
            return value or "".join(values)
        if operator.startswith("/"):
            return self._replace(operator, value, values[0], "".join(values[1:]))
        if operator == "#" and not values:
            return str(len(_encode(value)))
        if operator in ("#", "##", "%", "%%"):
            return self._trim(operator, value, values[0])
        if operator == ":":
            return _substring(value, *values)
        return _change_case(operator, value)

    def _replace(self, operator: str, value: str, old: str, new: str) -> str:
        if operator == "/#":
            return new + value[len(old) :] if value.startswith(old) else value
        if operator == "/%":
            return value[: len(value) - len(old)] + new if value.endswith(old) else value
        if operator == "/":
            return value.replace(old, new, 1)
        self._check_size(len(value) + value.count(old) * (len(new) - len(old)))
        return value.replace(old, new)

    def _trim(self, operator: str, value: str, pattern: str) -> str:
        if operator[0] == "#":
            return self._trim_prefix(value, pattern, longest=operator == "##")
        return self._trim_prefix(value[::-1], pattern[::-1], longest=operator == "%%")[::-1]

    def _trim_prefix(self, value: str, pattern: str, *, longest: bool) -> str:
        """Return the value without the prefix that matches. Prefixes end at any byte, as in Go."""
        if not any(char in pattern for char in "*?[\\"):
            return value.removeprefix(pattern)
        content = _encode(value)
        if max(len(content), len(_encode(pattern))) > _MAX_PATTERN_SIZE:
            raise LimitError(
                f"a pattern, or a value for one, of more than {_MAX_PATTERN_SIZE} bytes"
            )
        sizes = range(len(content), 0, -1) if longest else range(1, len(content) + 1)
        try:
            match(
                pattern, value, self._check_time
            )  # an invalid pattern is one for any prefix that reaches it
            for size in sizes:
                self._check_time()
                if match(pattern, _decode(content[:size]), self._check_time):
                    return _decode(content[size:])
        except BadPatternError:
            return value
        return value

    def _check_size(self, size: int) -> None:
        if size > self._max_size:
            raise LimitError(
                f"substitutions result in more than {self._max_size} characters (max_string)"
            )


def _substring(value: str, offset: str, length: str | None = None) -> str:
    content = _encode(value)
    start = _integer(offset)
    if start is None:
        return value
    if start < 0:
        start = max(len(content) + start, 0)
    if length is None:
        return _decode(content[start:])
    size = _integer(length)
    if size is None:
        return value
    end = len(content) + size if size < 0 else start + size
    return _decode(content[start : max(end, start)])


def _integer(text: str) -> int | None:
    """Return the number as Go's `strconv.Atoi` reads it, or None."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 4_000:
        return None
    number = int(text)
    return number if -_INT64_MAX - 1 <= number <= _INT64_MAX else None


def _change_case(operator: str, value: str) -> str:
    if operator not in ("^", "^^", ",", ",,"):
        return value  # no operator, or a mixture that Flux accepts and ignores
    convert = _upper if operator[0] == "^" else _lower
    if len(operator) == 2:
        return "".join(map(convert, value))
    return convert(value[:1]) + value[1:] if value else value


def _upper(char: str) -> str:
    """Return the upper case of one character, the character itself if Unicode has no single one."""
    upper, title = char.upper(), char.title()
    return upper if len(upper) == 1 else title if len(title) == 1 else char


def _lower(char: str) -> str:
    return char.lower()[:1]


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _decode(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
