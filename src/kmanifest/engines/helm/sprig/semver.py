"""Versions and version constraints, as lenient as Masterminds' library.

Source: github.com/Masterminds/semver v3.5.0 version.go and constraints.go; sprig v3.3.0 semver.go.
"""

from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.gotemplate.values import Function, Functions, GoError, GoObject, Value
from kmanifest.engines.helm.sprig.gotypes import UINT64_MAX, Uint64, to_bytes
from kmanifest.model.deadline import checked
from kmanifest.startup.typing import TYPE_CHECKING, Callable, Final, Mapping, NamedTuple

if TYPE_CHECKING:
    import re

_MAX_VERSION: Final = 256
_MAX_CONSTRAINT: Final = 512
_MAX_GROUPS: Final = 32
_MAX_RESULTS: Final = 256

_SUFFIX: Final = (
    r"(-([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?"
)
_VERSION: Final = r"v?([0-9]+)(\.[0-9]+)?(\.[0-9]+)?" + _SUFFIX
_PATTERN: Final = r"v?([0-9|xX*]+)(\.[0-9|xX*]+)?(\.[0-9|xX*]+)?" + _SUFFIX
_PATTERN_WITHOUT_GROUPS: Final = _PATTERN.replace("(", "(?:").replace("(?:?:", "(?:")
_SPACE: Final = r"[\t\n\f\r ]"
_OPERATORS: Final = ("!=", ">=", "=>", "<=", "=<", "~>", "=", ">", "<", "~", "^", "")
_OPERATOR: Final = f"(?:{'|'.join(_OPERATORS)})".replace("^", r"\^")
_CONSTRAINT: Final = rf"{_OPERATOR}{_SPACE}*{_PATTERN_WITHOUT_GROUPS}"
# Atomic, because a text has one division into parts. Otherwise a row of spaces is tried in every division.
_CONSTRAINT_LIST: Final = (
    rf"(?>{_SPACE}*){_CONSTRAINT}(?>(?>{_SPACE}*,{_SPACE}*|{_SPACE}+){_CONSTRAINT})*{_SPACE}*"
)
_CONSTRAINT_PARTS: Final = rf"({_OPERATOR}){_SPACE}*({_PATTERN})"
_RANGE: Final = (
    rf"{_SPACE}*({_PATTERN_WITHOUT_GROUPS}){_SPACE}+-{_SPACE}+({_PATTERN_WITHOUT_GROUPS}){_SPACE}*"
)
_WILDCARDS: Final = frozenset(("x", "X", "*", ""))


def functions() -> Functions:
    """Return the functions."""
    return {
        "semver": Function(parse, ("string",), "*semver.Version"),
        "semverCompare": Function(_make_compare(), ("string", "string"), "bool"),
    }


def _make_compare() -> Callable[[str, str], bool]:
    """Return `semverCompare` with a cache, because the templates of a chart compare the same few versions."""
    results: dict[tuple[str, str], bool] = {}

    def compare(constraint: str, version: str) -> bool:
        result = results.get((constraint, version))
        if result is None:
            if len(results) >= _MAX_RESULTS:
                results.clear()
            result = results[constraint, version] = satisfies(version, constraint)
        return result

    return compare


def satisfies(version: str, constraint: str) -> bool:
    """Return whether a version satisfies a constraint. Raises GoError if either is invalid."""
    groups = _parse_constraints(constraint)
    parsed = parse(version)
    return any(
        all(
            _satisfies_comparison(
                parsed, part, accepts_prereleases=any(each.version.pre for each in group)
            )
            for part in checked(group)
        )
        for group in checked(groups)
    )


class Version(GoObject):
    """A `*semver.Version`."""

    __slots__ = ("metadata", "numbers", "original", "pre")
    go_type = "*semver.Version"
    kind = "ptr"

    def __init__(
        self, numbers: tuple[int, int, int], pre: str, metadata: str, original: str
    ) -> None:
        self.numbers = numbers
        self.pre = pre
        self.metadata = metadata
        self.original = original

    def text(self) -> str:
        pre = f"-{self.pre}" if self.pre else ""
        metadata = f"+{self.metadata}" if self.metadata else ""
        return ".".join(map(str, self.numbers)) + pre + metadata

    def json(self) -> str:
        """Return the result of `MarshalJSON`."""
        return self.text()

    pretty = json

    def all_fields(self) -> Mapping[str, Value]:
        major, minor, patch = self.numbers
        return {
            "major": major, "minor": minor, "patch": patch, "pre": self.pre, "metadata": self.metadata,
            "original": self.original,
        }  # fmt: skip

    def deep_copy(self) -> "Version":
        """Return the zero version: no field is exported."""
        return Version((0, 0, 0), "", "", "")

    def methods(self) -> Mapping[str, Function]:
        other = ("*semver.Version",)
        major, minor, patch = self.numbers
        return {
            "Compare": Function(self.compare, other, "int"),
            "Equal": Function(lambda each: self.compare(each) == 0, other, "bool"),
            "GreaterThan": Function(lambda each: self.compare(each) > 0, other, "bool"),
            "GreaterThanEqual": Function(lambda each: self.compare(each) >= 0, other, "bool"),
            "IncMajor": Function(lambda: self._incremented(major + 1, 0, 0), (), "semver.Version"),
            "IncMinor": Function(
                lambda: self._incremented(major, minor + 1, 0), (), "semver.Version"
            ),
            "IncPatch": Function(
                lambda: self._incremented(major, minor, patch + (not self.pre)),
                (),
                "semver.Version",
            ),
            "LessThan": Function(lambda each: self.compare(each) < 0, other, "bool"),
            "LessThanEqual": Function(lambda each: self.compare(each) <= 0, other, "bool"),
            "Major": Function(lambda: Uint64(major), (), "uint64"),
            "Metadata": Function(lambda: self.metadata, (), "string"),
            "Minor": Function(lambda: Uint64(minor), (), "uint64"),
            "Original": Function(lambda: self.original, (), "string"),
            "Patch": Function(lambda: Uint64(patch), (), "uint64"),
            "Prerelease": Function(lambda: self.pre, (), "string"),
            "SetMetadata": Function(self._with_metadata, ("string",), "semver.Version"),
            "SetPrerelease": Function(self._with_prerelease, ("string",), "semver.Version"),
            "String": Function(self.text, (), "string"),
        }

    def compare(self, other: "Version") -> int:
        """Return -1, 0 or 1.

        Metadata does not count.
        """
        if self.numbers != other.numbers:
            return 1 if self.numbers > other.numbers else -1
        if not self.pre or not other.pre:
            return bool(other.pre) - bool(self.pre)
        return _compare_prereleases(self.pre, other.pre)

    def _incremented(self, major: int, minor: int, patch: int) -> "Version":
        for name, number in (("major", major), ("minor", minor), ("patch", patch)):
            if number > UINT64_MAX:
                raise GoError(f"{name} version increment would overflow uint64")
        return self._with_parts((major, minor, patch), "", "")

    def _with_parts(self, numbers: tuple[int, int, int], pre: str, metadata: str) -> "Version":
        changed = _VersionValue(numbers, pre, metadata, "")
        changed.original = ("v" if self.original[:1] == "v" else "") + changed.text()
        return changed

    def _with_prerelease(self, pre: str) -> "Version":
        if pre:
            _check_prerelease(pre)
        return self._with_parts(self.numbers, pre, self.metadata)

    def _with_metadata(self, metadata: str) -> "Version":
        if metadata:
            _check_metadata(metadata)
        return self._with_parts(self.numbers, self.pre, metadata)


class _VersionValue(Version):
    """A `semver.Version` by value, as methods return it.

    It lacks the methods of the pointer type.
    """

    __slots__ = ()
    go_type = "semver.Version"
    kind = "struct"

    def methods(self) -> Mapping[str, Function]:
        return {
            name: method
            for name, method in super().methods().items()
            if name != "Original" and method.parameter_types != ("*semver.Version",)
        }


def parse(text: str) -> Version:
    """Return a version.

    Minor and patch may be missing, and numbers may start with zeros.
    """
    if len(to_bytes(text)) > _MAX_VERSION:
        raise GoError(f"version string is too long (max {_MAX_VERSION} bytes)")
    parts = _simple_version_parts(text)
    if parts is not None:
        major, minor, patch = (_number(part) for part in (*parts[0], "0", "0")[:3])
        return Version((major, minor, patch), parts[1], "", text)
    import re  # for versions in unusual forms

    match = re.fullmatch(_VERSION, text)
    if match is None:
        raise GoError("invalid semantic version")
    major, minor, patch = (_number(match[group] or "0") for group in (1, 2, 3))
    pre, metadata = match[5] or "", match[7] or ""
    if pre:
        _check_prerelease(pre)
    return Version((major, minor, patch), pre, metadata, text)


def _simple_version_parts(text: str) -> tuple[list[str], str] | None:
    """Return the numbers and the prerelease of `1.2`, `v1.2.3` or `1.2.3-rc1`; None for other forms.

    Nearly all versions have one of these forms. The patterns for all forms take 2 ms to compile.
    """
    core, dash, pre = text.removeprefix("v").partition("-")
    numbers = core.split(".")
    if len(numbers) > 3 or not (core.isascii() and all(map(str.isdecimal, numbers))):
        return None
    if dash and (not (pre.isascii() and pre.isalnum()) or (pre[0] == "0" and pre != "0")):
        return None
    return numbers, pre


def _number(text: str) -> int:
    digits = text.removeprefix(".")
    number = int(digits)
    if number > UINT64_MAX:
        problem = f"strconv.ParseUint: parsing {quoted(digits)}: value out of range"
        raise GoError(f"error parsing version segment: {problem}")
    return number


def _is_identifier(text: str) -> bool:
    """Return whether a text consists of letters, digits and hyphens, as a part of a prerelease does."""
    return text.isascii() and text.replace("-", "0").isalnum()


def _check_prerelease(text: str) -> None:
    for part in checked(text.split(".")):
        if not _is_identifier(part):
            raise GoError("invalid prerelease string")
        if len(part) > 1 and part[0] == "0" and part.isdigit():
            raise GoError("version segment starts with 0")


def _check_metadata(text: str) -> None:
    if not all(map(_is_identifier, checked(text.split(".")))):
        raise GoError("invalid metadata string")


def _compare_prereleases(left: str, right: str) -> int:
    left_parts, right_parts = left.split("."), right.split(".")
    for index in checked(range(max(len(left_parts), len(right_parts)))):
        left_part = left_parts[index] if index < len(left_parts) else ""
        right_part = right_parts[index] if index < len(right_parts) else ""
        if left_part != right_part:
            return _compare_parts(left_part, right_part)
    return 0


def _compare_parts(left: str, right: str) -> int:
    """Compare two parts.

    A number is less than a word, and a missing part is less than both.
    """
    if not left or not right:
        return 1 if left else -1
    left_number, right_number = _part_number(left), _part_number(right)
    if left_number is None and right_number is None:
        return 1 if left > right else -1
    if right_number is None:
        return -1
    if left_number is None:
        return 1
    return 1 if left_number > right_number else -1


def _part_number(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() else None
    return None if number is None or number > UINT64_MAX else number


# --- constraints ---------------------------------------------------------------------------------------------------


class _Constraint(NamedTuple):
    """One comparison.

    `missing` is the first of major (0), minor (1) and patch (2) that is a wildcard or missing; 3 if
    none is.
    """

    operator: str
    version: Version
    missing: int


def _parse_constraints(text: str) -> list[list[_Constraint]]:
    """Return groups of comparisons.

    A version satisfies the constraint if all comparisons of one group hold.
    """
    if len(to_bytes(text)) > _MAX_CONSTRAINT:
        raise GoError(f"constraint string is too long (max {_MAX_CONSTRAINT} bytes)")
    if " -" in text or "\t-" in text or "\n-" in text or "\f-" in text or "\r-" in text:
        import re

        for match in list(checked(re.finditer(_RANGE, text))):
            text = text.replace(match[0], f">= {match[1]}, <= {match[2]} ", 1)
    groups = text.split("||")
    if len(groups) > _MAX_GROUPS:
        raise GoError(f"too many constraint groups (max {_MAX_GROUPS})")
    return [_parse_group(group) for group in checked(groups)]


def _parse_group(text: str) -> list[_Constraint]:
    constraint = _simple_constraint(text)
    if constraint is not None:
        return [constraint]
    import re  # for constraints in unusual forms

    if re.fullmatch(_CONSTRAINT_LIST, text) is None:
        raise GoError(f"improper constraint: {quoted(text)}")
    return [_constraint_of_match(match) for match in checked(re.finditer(_CONSTRAINT_PARTS, text))]


def _simple_constraint(text: str) -> _Constraint | None:
    """Return the comparison with a version in a simple form; None for any other text."""
    text = text.strip(" ")
    version = text.lstrip("!=<>~^")
    operator = text[: len(text) - len(version)]
    version = version.lstrip(" ")
    parts = _simple_version_parts(version) if operator in _OPERATORS else None
    if parts is None:
        return None
    numbers, pre = parts
    full_version = version if len(numbers) == 3 else ".".join((*numbers, "0", "0")[:3])
    if len(numbers) < 3 and pre:
        full_version += f"-{pre}"
    return _new_constraint(operator, full_version, len(numbers))


def _constraint_of_match(match: "re.Match[str]") -> _Constraint:
    numbers = [(match[group] or "").removeprefix(".") for group in (3, 4, 5)]
    missing = next((index for index, number in enumerate(numbers) if number in _WILDCARDS), 3)
    known_numbers = numbers[:missing] + ["0"] * (3 - missing)
    version = ".".join(known_numbers) + (match[6] or "") if missing < 3 else match[2]
    return _new_constraint(match[1], version, missing)


def _new_constraint(operator: str, version: str, missing: int) -> _Constraint:
    try:
        return _Constraint(operator, parse(version), missing)
    except GoError as error:
        raise GoError("constraint parser error") from error


def _satisfies_comparison(
    version: Version, constraint: _Constraint, *, accepts_prereleases: bool
) -> bool:
    if version.pre and not accepts_prereleases:
        return False
    operator, bound, missing = constraint
    order = version.compare(bound)
    if operator == "!=":
        return _differs(version, bound, missing)
    if operator == ">":
        return _is_greater(version, bound, missing)
    if operator == "<":
        return order < 0
    if operator in (">=", "=>"):
        return order >= 0
    if operator in ("<=", "=<"):
        return order <= 0 if missing == 3 else _is_at_most(version, bound, missing)
    if operator == "^":
        return order >= 0 and _is_compatible(version, bound, missing)
    if operator in ("", "=") and missing == 3:
        return order == 0
    return order >= 0 and _is_near(version, bound, missing)


def _differs(version: Version, bound: Version, missing: int) -> bool:
    if missing == 3:
        return version.compare(bound) != 0
    left_numbers, right_numbers = version.numbers, bound.numbers
    if left_numbers[0] != right_numbers[0] or (
        missing != 1 and left_numbers[1] != right_numbers[1]
    ):
        return True
    if missing == 1:
        return False
    if missing == 2:
        return bool(version.pre or bound.pre) and _compare_prereleases(version.pre, bound.pre) != 0
    return left_numbers[2] != right_numbers[2] or version.compare(bound) != 0


def _is_greater(version: Version, bound: Version, missing: int) -> bool:
    if missing in (3, 0):
        return version.compare(bound) > 0
    return version.numbers[:missing] > bound.numbers[:missing]


def _is_at_most(version: Version, bound: Version, missing: int) -> bool:
    if version.numbers[0] > bound.numbers[0]:
        return False
    same_major = version.numbers[0] == bound.numbers[0]
    return not (same_major and version.numbers[1] > bound.numbers[1] and missing != 1)


def _is_near(version: Version, bound: Version, missing: int) -> bool:
    """Return whether a version that is not less satisfies `~`."""
    if bound.numbers == (0, 0, 0) and missing not in (1, 2):
        return True
    if version.numbers[0] != bound.numbers[0]:
        return False
    return version.numbers[1] == bound.numbers[1] or missing == 1


def _is_compatible(version: Version, bound: Version, missing: int) -> bool:
    """Return whether a version that is not less satisfies `^`, which keeps the first number that is not zero."""
    left_numbers, right_numbers = version.numbers, bound.numbers
    if right_numbers[0] > 0 or missing == 1:
        return left_numbers[0] == right_numbers[0]
    if left_numbers[0] > 0:
        return False
    if right_numbers[1] > 0 or missing == 2:
        return left_numbers[1] == right_numbers[1]
    return left_numbers[1] == 0 and left_numbers[2] == right_numbers[2]
