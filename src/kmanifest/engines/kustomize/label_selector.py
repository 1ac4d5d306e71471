"""Parse label selectors of Kubernetes, such as `app=web,tier in (a, b),!old`, into a test on labels.

The text is split into tokens, then parsed into requirements with commas between them. The grammar has oddities: a
value may be omitted, `in` may be a key or a value, and `a in (,b)` includes the empty string.
Source: kustomize v5.8.2 kyaml/yaml/internal/k8sgen/pkg/labels/selector.go, Parse; …/util/validation/validation.go.
"""

import re

from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Callable, Final, Mapping, NamedTuple

LabelSelector = Callable[[Mapping[str, str]], bool]

_TOKEN: Final = re.compile(r"[ \t\r\n]*(==|!=|[=!(),<>]|[^ \t\r\n=!(),<>\0]+|\0|\Z)")
_NAME: Final = re.compile(r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_DOMAIN: Final = re.compile(
    r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*"
)
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_MAX_NAME: Final = 63
_MAX_DOMAIN: Final = 253
_SYMBOLS: Final = frozenset(("=", "==", "!=", "!", "(", ")", ",", "<", ">", ""))
_OPERATORS: Final = frozenset(("=", "==", "!=", "<", ">", "in", "notin"))
_INT64: Final = range(-(1 << 63), 1 << 63)


class Requirement(NamedTuple):
    """One condition.

    The operators `exists` and `!` have no values; `<` and `>` have one integer.
    """

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether the labels fulfil the condition."""
        operator = self.operator
        label = labels.get(self.key)
        if operator in ("=", "==", "in"):
            return label in self.values
        if operator in ("!=", "notin"):
            return label not in self.values
        if operator == "!":
            return label is None
        if operator == "exists" or label is None:
            return label is not None
        return self._compares(label)

    def _compares(self, label: str) -> bool:
        number = _integer(label)
        (bound,) = map(_integer, self.values)
        if number is None or bound is None:
            return False
        return number > bound if self.operator == ">" else number < bound


def parse_label_selector(text: str) -> LabelSelector:
    """Return a test whether labels fulfil every requirement in `text`.

    Raises SourceError if the text is malformed.
    """
    requirements = _Parser(text).requirements()
    return lambda labels: all(requirement.matches(labels) for requirement in requirements)


class _Parser:
    """The tokens of one selector and the current position; the last token is the empty string."""

    def __init__(self, text: str) -> None:
        self._tokens = _scan(text)
        self._position = 0

    def requirements(self) -> list[Requirement]:
        """Return all requirements, in the order in which they are written."""
        requirements: list[Requirement] = []
        while self._next != "" or requirements:
            if self._next in _SYMBOLS and self._next != "!":
                raise self._unexpected("a key or '!'")
            requirements.append(self._requirement())
            if self._next == "":
                break
            if self._next != ",":
                raise self._unexpected("',' or the end")
            self._position += 1
        return requirements

    @property
    def _next(self) -> str:
        return self._tokens[self._position]

    def _take(self) -> str:
        self._position += 1
        return self._tokens[self._position - 1]

    def _unexpected(self, expected: str) -> SourceError:
        found = repr(self._next) if self._next else "the end"
        return SourceError(f"label selector: found {found}, expected {expected}")

    def _requirement(self) -> Requirement:
        negated = self._next == "!"
        if negated:
            self._position += 1
        if self._next in _SYMBOLS:
            raise self._unexpected("a key")
        key = _validate_key(self._take())
        if negated:
            return Requirement(key, "!")
        if self._next in ("", ","):
            return Requirement(key, "exists")
        if self._next not in _OPERATORS:
            raise self._unexpected("one of =, ==, !=, in, notin, <, >")
        operator = self._take()
        values = self._values() if operator in ("in", "notin") else frozenset((self._value(),))
        return _validate(Requirement(key, operator, values))

    def _value(self) -> str:
        if self._next in ("", ","):
            return ""
        if self._next in _SYMBOLS:
            raise self._unexpected("a value")
        return self._take()

    def _values(self) -> frozenset[str]:
        if self._next != "(":
            raise self._unexpected("'('")
        self._position += 1
        values = set()
        before = "("
        while self._next != ")":
            token = self._next
            if token == ",":
                if before in ("(", ","):
                    values.add("")
            elif token in _SYMBOLS or before not in ("(", ","):
                raise self._unexpected("',' or ')'")
            else:
                values.add(token)
            before = self._take()
        if before in ("(", ","):
            values.add("")
        self._position += 1
        return frozenset(values)


def _scan(text: str) -> list[str]:
    tokens: list[str] = []
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        token = match.group(1) if match else ""
        # The lexer of Kubernetes treats a NUL as the end.
        if match is None or token in ("", "\0"):
            return [*tokens, ""]
        tokens.append(token)
        position = match.end()


def _validate_key(key: str) -> str:
    domain, slash, name = key.rpartition("/")
    if slash and (len(domain) > _MAX_DOMAIN or _DOMAIN.fullmatch(domain) is None):
        raise SourceError(
            f"invalid label key {key!r}: the part before the slash must be a domain name"
        )
    if len(name) > _MAX_NAME or _NAME.fullmatch(name) is None:
        rule = "at most 63 letters, digits, '-', '_' or '.', with a letter or digit at both ends"
        raise SourceError(f"invalid label key {key!r}: a name must have {rule}")
    return key


def _validate(requirement: Requirement) -> Requirement:
    if requirement.operator in "<>" and not all(
        _integer(value) is not None for value in requirement.values
    ):
        raise SourceError(f"label selector: {requirement.operator} must be followed by an integer")
    for value in requirement.values:
        if value and (len(value) > _MAX_NAME or _NAME.fullmatch(value) is None):
            rule = (
                "at most 63 letters, digits, '-', '_' or '.', with a letter or digit at both ends"
            )
            raise SourceError(
                f"invalid label value {value!r}: a value must be empty or have {rule}"
            )
    return requirement


def _integer(text: str) -> int | None:
    if _INTEGER.fullmatch(text) is None or len(text) > len(str(1 << 63)) + 100:
        return None
    number = int(text)
    return number if number in _INT64 else None
