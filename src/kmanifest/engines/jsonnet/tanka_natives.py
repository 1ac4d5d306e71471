"""The native functions of Tanka that need no file. They are available in every build, in the process that evaluates.

Source: tanka pkg/jsonnet/native/funcs.go.
"""

import json
import re
from collections.abc import Callable, Mapping

from kmanifest.engines.jsonnet.manifests import ManifestError
from kmanifest.engines.jsonnet.parsing import parse_json, plain
from kmanifest.engines.jsonnet.printing import type_name
from kmanifest.startup.hashlib import digest
from kmanifest.startup.typing import Any, Final

_META_CHARACTERS: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")
_TEMPLATE: Final = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")
_MAX_PLAIN_EXPONENT: Final = 6
"""The exponent from which Go's shortest format of a number uses the scientific notation."""


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ManifestError(f"Unexpected type {type_name(value)}, expected string")
    return value


def parse_yaml_documents(text: Any) -> list[Any]:
    """Return the list of all documents."""
    from kmanifest import yaml
    from kmanifest.model.errors import KmanifestError
    from kmanifest.model.limits import DEFAULT_LIMITS

    content = _string(text).encode("utf-8", "surrogatepass")
    try:
        documents = yaml.load_documents(content, limits=DEFAULT_LIMITS)
    except KmanifestError as error:
        raise ManifestError(f"parsing yaml: {error.message}") from error
    return [plain(document) for document in documents]


def manifest_json_from_json(text: Any, indent: Any) -> str:
    """Return JSON with another indentation, and a line feed."""
    if not isinstance(indent, float | int):
        raise ManifestError(f"Unexpected type {type_name(indent)}, expected number")
    value = json.loads(_string(text), parse_float=_Literal, parse_int=_Literal)
    return _indented(value, " " * int(indent), "\n") + "\n"


class _Literal(str):
    """A number as it is written."""

    __slots__ = ()


def _indented(value: Any, indent: str, newline: str) -> str:
    """Return JSON as Go's json.Indent lays it out: keys keep their order, empty values have one line."""
    inner = newline + indent
    if isinstance(value, dict) and value:
        fields = [
            f"{json.dumps(key, ensure_ascii=False)}: {_indented(item, indent, inner)}"
            for key, item in value.items()
        ]
        return f"{{{inner}{f',{inner}'.join(fields)}{newline}}}"
    if isinstance(value, list) and value:
        items = [_indented(item, indent, inner) for item in value]
        return f"[{inner}{f',{inner}'.join(items)}{newline}]"
    return value if isinstance(value, _Literal) else json.dumps(value, ensure_ascii=False)


def manifest_yaml_from_json(text: Any) -> str:
    """Return JSON as YAML as go-yaml v3 prints it: with an indentation of four."""
    value = parse_json(_string(text))
    if isinstance(value, dict | list) and value:
        return _yaml_block(value, 0)[1:] + "\n"
    return _yaml_scalar(value, 0) + "\n"


def _yaml_block(value: Any, indent: int) -> str:
    """Return a mapping or list, each line with a line feed before it."""
    start = "\n" + " " * indent
    if isinstance(value, dict):
        return "".join(
            f"{start}{_yaml_scalar(key, indent)}:{_yaml_value(value[key], indent)}"
            for key in sorted(value)
        )
    lines = []
    for item in value:
        if isinstance(item, dict | list) and item:
            # The first line of the item is that of the dash.
            lines.append(f"{start}- {_yaml_block(item, indent + 2).lstrip()}")
        else:
            lines.append(f"{start}- {_yaml_scalar(item, indent + 2)}")
    return "".join(lines)


def _yaml_value(value: Any, indent: int) -> str:
    inner = 4 * ((indent + 4) // 4)
    if isinstance(value, dict | list) and value:
        return _yaml_block(value, inner)
    return " " + _yaml_scalar(value, inner)


def _yaml_scalar(value: Any, indent: int) -> str:
    from kmanifest import yaml

    if isinstance(value, float | int) and not isinstance(value, bool):
        return _go_number(float(value))
    text = yaml.dump(value).rstrip("\n") if value is not None else "null"
    head, *lines = text.split("\n")
    return "\n".join([head, *(line and " " * indent + line.lstrip(" ") for line in lines)])


def _go_number(number: float) -> str:
    """Return a number as Go's strconv.FormatFloat(number, 'g', -1, 64) does."""
    digits, _, exponent = f"{number!r}".partition("e")
    if number == number // 1 and not exponent:
        digits = digits.removesuffix(".0")
    power = int(exponent) if exponent else len(digits.lstrip("-").partition(".")[0]) - 1
    is_small = number != 0 and abs(number) < 1e-4
    if not is_small and power < max(_MAX_PLAIN_EXPONENT, 0):
        return digits
    mantissa, _, power_text = f"{number:.16e}".partition("e")
    shortest = next(text for size in range(17) if float(text := f"{number:.{size}e}") == number)
    mantissa, _, power_text = shortest.partition("e")
    return f"{mantissa}e{power_text[0]}{int(power_text[1:]):02d}"


def escape_string_regex(text: Any) -> str:
    """Return a regular expression that matches the text."""
    return _META_CHARACTERS.sub(r"\\\g<0>", _string(text))


def regex_match(pattern: Any, text: Any) -> bool:
    """Return whether a regular expression matches a part of the text."""
    return _compile(pattern).search(_string(text)) is not None


def regex_subst(pattern: Any, text: Any, replacement: Any) -> str:
    """Return the text with all matches replaced. `$1` and `${1}` in the replacement are groups."""
    regex, template = _compile(pattern), _string(replacement)

    def expand(match: Any) -> str:
        def group(reference: re.Match[str]) -> str:
            if reference[1]:
                return "$"
            name = reference[2] or reference[3]
            try:
                return match.group(int(name) if name.isdigit() else name) or ""
            except (IndexError, KeyError):
                return ""

        return _TEMPLATE.sub(group, template)

    result: str = regex.sub(expand, _string(text))
    return result


def _compile(pattern: Any) -> Any:
    import re2  # few programs use regular expressions

    try:
        return re2.compile(_string(pattern))
    except re2.error as error:
        raise ManifestError(f"error parsing regexp: {error}") from error


def sha256(text: Any) -> str:
    """Return the digest of a text."""
    return digest("sha256", _string(text).encode("utf-8", "surrogatepass")).hex()


TANKA_NATIVES: Final[Mapping[str, tuple[tuple[str, ...], Callable[..., Any]]]] = {
    "parseJson": (("json",), parse_json),
    "parseYaml": (("yaml",), parse_yaml_documents),
    "manifestJsonFromJson": (("json", "indent"), manifest_json_from_json),
    "manifestYamlFromJson": (("json",), manifest_yaml_from_json),
    "escapeStringRegex": (("str",), escape_string_regex),
    "regexMatch": (("regex", "string"), regex_match),
    "regexSubst": (("regex", "src", "repl"), regex_subst),
    "sha256": (("str",), sha256),
}
"""The native functions by name, with their parameters."""
