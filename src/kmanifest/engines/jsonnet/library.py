"""The functions of `std` that replace those of the evaluators: their Jsonnet code, and their native functions.

Each one accepts, refuses or prints what that of go-jsonnet v0.22.0 does where an evaluator differs. Sources: go-jsonnet
builtins.go; google/jsonnet v0.22.0 stdlib/std.jsonnet.
"""

from collections.abc import Callable, Mapping

from kmanifest.engines.jsonnet import go_math
from kmanifest.engines.jsonnet.manifests import (
    manifest_toml_ex,
    manifest_yaml_doc,
    parse_json,
    parse_yaml,
    to_string,
)
from kmanifest.startup.typing import Any, Final

LIBRARY: Final = r"""
function(std)
  local native(name) = std.native('kmanifest:' + name);
  local typed(v, type) =
    if std.type(v) == type then v else error 'Unexpected type %s, expected %s' % [std.type(v), type];
  local number(name) = function(x) native(name)(typed(x, 'number'));
  local list(v) = if std.isString(v) then std.stringChars(v) else v;
  local id(x) = x;
  std + {
    id(x):: x,
    toString(a):: if std.isString(a) then a else native('toString')(a),
    base64(input)::
      if std.isString(input) then
        if std.all([std.codepoint(c) < 256 for c in std.stringChars(input)]) then std.base64(std.encodeUTF8(input))
        else error 'base64 encountered invalid codepoint value in the array (must be 0 <= X <= 255)'
      else std.base64(input),
    clamp(x, minVal, maxVal):: if x < minVal then minVal else if x > maxVal then maxVal else x,
    foldl(func, arr, init):: std.foldl(func, list(arr), init),
    foldr(func, arr, init):: std.foldr(func, list(arr), init),
    isEmpty(str):: std.length(typed(str, 'string')) == 0,
    makeArray(sz, func):: std.makeArray(if std.isNumber(sz) && sz < 0 then 0 else sz, func),
    repeat(what, count):: std.repeat(what, if std.isNumber(count) && count < 0 then 0 else count),
    reverse(arr):: std.reverse(typed(arr, 'array')),
    setInter(a, b, keyF=id):: std.setInter(list(a), list(b), keyF),
    setUnion(a, b, keyF=id):: std.setUnion(list(a), list(b), keyF),
    setDiff(a, b, keyF=id):: std.setDiff(list(a), list(b), keyF),
    uniq(arr, keyF=id):: std.uniq(list(arr), keyF),
    set(arr, keyF=id):: std.set(list(arr), keyF),
    startsWith(a, b):: if std.length(a) < std.length(b) then false else std.startsWith(a, b),
    endsWith(a, b):: if std.length(a) < std.length(b) then false else std.endsWith(a, b),
    strReplace(str, from, to)::
      if from == '' then error "'from' string must not be zero length." else std.strReplace(str, from, to),
    xor(x, y):: typed(x, 'boolean') != typed(y, 'boolean'),
    xnor(x, y):: typed(x, 'boolean') == typed(y, 'boolean'),
    removeAt(arr, i)::
      if std.isNumber(i) && (i < 0 || i >= std.length(arr)) then error 'index %d is out of bounds' % i
      else std.removeAt(arr, i),
    sin:: number('sin'),
    cos:: number('cos'),
    tan:: number('tan'),
    asin:: number('asin'),
    acos:: number('acos'),
    atan:: number('atan'),
    atan2(y, x):: native('atan2')(typed(y, 'number'), typed(x, 'number')),
    hypot(x, y):: native('hypot')(typed(x, 'number'), typed(y, 'number')),
    log:: number('log'),
    exp:: number('exp'),
    pow(x, n):: native('pow')(typed(x, 'number'), typed(n, 'number')),
    round:: number('round'),
    log2(x):: self.log(x) / self.log(2),
    log10(x):: self.log(x) / self.log(10),
    deg2rad(x):: x * std.pi / 180,
    rad2deg(x):: x * 180 / std.pi,
    isEven(x):: native('trunc')(typed(x, 'number')) % 2 == 0,
    isOdd(x):: native('trunc')(typed(x, 'number')) % 2 != 0,
    parseJson(str):: native('parseJson')(typed(str, 'string')),
    parseYaml(str):: native('parseYaml')(typed(str, 'string')),
    manifestTomlEx(value, indent):: native('manifestTomlEx')(value, indent),
    manifestToml(value):: self.manifestTomlEx(value, '  '),
    manifestYamlDoc(value, indent_array_in_object=false, quote_keys=true)::
      native('manifestYamlDoc')(value, indent_array_in_object, quote_keys),
    manifestYamlStream(value, indent_array_in_object=false, c_document_end=true, quote_keys=true)::
      if !std.isArray(value) then error 'manifestYamlStream only takes arrays, got ' + std.type(value)
      else
        '---\n' + std.join(
          '\n---\n', [self.manifestYamlDoc(e, indent_array_in_object, quote_keys) for e in value]
        ) + if c_document_end then '\n...\n' else '\n',
  }
"""


class NotANumberError(Exception):
    """The result of a function is no number, or has no end. The message is go-jsonnet's."""


def _checked(function: Callable[..., float]) -> Callable[..., float]:
    def call(*arguments: float) -> float:
        result = function(*arguments)
        if result != result:  # noqa: PLR0124 - NaN
            raise NotANumberError("Not a number")
        if abs(result) == float("inf"):
            raise NotANumberError("Overflow")
        return result

    return call


def _truncate(x: float) -> float:
    return float(int(x))


_PREFIX: Final = "kmanifest:"
_FUNCTIONS: Final[Mapping[str, tuple[tuple[str, ...], Callable[..., Any]]]] = {
    **{
        name: (("x",), _checked(getattr(go_math, name)))
        for name in ("sin", "cos", "tan", "asin", "acos", "atan", "log", "exp")
    },
    "atan2": (("y", "x"), _checked(go_math.atan2)),
    "hypot": (("x", "y"), _checked(go_math.hypot)),
    "pow": (("x", "n"), _checked(go_math.pow)),
    "round": (("x",), go_math.round_half_away),
    "trunc": (("x",), _truncate),
    "toString": (("a",), to_string),
    "parseJson": (("str",), parse_json),
    "parseYaml": (("str",), parse_yaml),
    "manifestTomlEx": (("value", "indent"), manifest_toml_ex),
    "manifestYamlDoc": (("value", "indent_array_in_object", "quote_keys"), manifest_yaml_doc),
}

NATIVES: Final = {f"{_PREFIX}{name}": function for name, function in _FUNCTIONS.items()}
"""The native functions of `LIBRARY`: their parameters and their implementations."""
