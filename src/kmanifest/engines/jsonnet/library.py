"""The functions of `std` that replace those of the evaluators: their Jsonnet code, and their native functions.

Each one accepts, refuses or prints what that of go-jsonnet v0.22.0 does where an evaluator differs. Sources: go-jsonnet
builtins.go; google/jsonnet v0.22.0 stdlib/std.jsonnet.
"""

from collections.abc import Callable, Mapping

from kmanifest.startup.lazy import lazy_function
from kmanifest.startup.typing import Any, Final

LIBRARY: Final = r"""
function(std)
  local native(name) = std.native('kmanifest:' + name);
  local typed(v, type) =
    if std.type(v) == type then v else error 'Unexpected type %s, expected %s' % [std.type(v), type];
  local number(name) = function(x) native(name)(typed(x, 'number'));
  local list(v) = if std.isString(v) then std.stringChars(v) else v;
  local chars(v) = if std.isString(v) then std.stringChars(v) else std.makeArray(std.length(v), function(i) v[i]);
  local stripped(v) =
    if std.isArray(v) then std.join('', [c for c in v if std.isString(c) && std.length(c) == 1]) else v;
  local spaces = ' \t\n\u000b\f\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a' +
                 '\u2028\u2029\u202f\u205f\u3000';
  local id(x) = x;
  // Check the number of parameters when the function is called. The evaluators ignore arguments that are too many.
  local with_arity(func, count, wrapper) =
    if std.isFunction(func) && std.length(func) < count then wrapper(
      'function expected %d positional argument(s), but got %d' % [std.length(func), count]
    ) else func;
  local unary(func) = with_arity(func, 1, function(message) function(a) error message);
  local binary(func) = with_arity(func, 2, function(message) function(a, b) error message);
  // The set functions for arguments that are no arrays.
  local union(a, b, i, j, acc, keyF) =
    if i >= std.length(a) then acc + b[j:]
    else if j >= std.length(b) then acc + a[i:]
    else if keyF(a[i]) == keyF(b[j]) then union(a, b, i + 1, j + 1, acc + [a[i]], keyF) tailstrict
    else if keyF(a[i]) < keyF(b[j]) then union(a, b, i + 1, j, acc + [a[i]], keyF) tailstrict
    else union(a, b, i, j + 1, acc + [b[j]], keyF) tailstrict;
  local inter(a, b, i, j, acc, keyF) =
    if i >= std.length(a) || j >= std.length(b) then acc
    else if keyF(a[i]) == keyF(b[j]) then inter(a, b, i + 1, j + 1, acc + [a[i]], keyF) tailstrict
    else if keyF(a[i]) < keyF(b[j]) then inter(a, b, i + 1, j, acc, keyF) tailstrict
    else inter(a, b, i, j + 1, acc, keyF) tailstrict;
  local diff(a, b, i, j, acc, keyF) =
    if i >= std.length(a) then acc
    else if j >= std.length(b) then acc + a[i:]
    else if keyF(a[i]) == keyF(b[j]) then diff(a, b, i + 1, j + 1, acc, keyF) tailstrict
    else if keyF(a[i]) < keyF(b[j]) then diff(a, b, i + 1, j, acc + [a[i]], keyF) tailstrict
    else diff(a, b, i, j + 1, acc, keyF) tailstrict;
  local are_arrays(a, b) = std.isArray(a) && std.isArray(b);
  std + {
    id(x):: x,
    pi:: 3.1415926535897931,
    isNull(x):: x == null,
    // Only the names of the parameters differ.
    exponent(x):: std.exponent(x),
    mantissa(x):: std.mantissa(x),
    sum(arr):: std.sum(arr),
    avg(arr):: std.avg(arr),
    md5(s):: std.md5(s),
    sha1(s):: std.sha1(s),
    sha256(s):: std.sha256(s),
    sha512(s):: std.sha512(s),
    sha3(s):: std.sha3(s),
    find(value, arr):: std.find(value, arr),
    objectFieldsEx(obj, hidden):: std.objectFieldsEx(obj, hidden),
    objectHasEx(obj, fname, hidden):: std.objectHasEx(obj, fname, hidden),
    trim(str):: std.stripChars(typed(str, 'string'), spaces),
    flattenDeepArray(value)::
      if std.isArray(value) then std.foldl(function(a, b) a + self.flattenDeepArray(b), value, []) else [value],
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
    map(func, arr):: std.map(unary(func), arr),
    mapWithIndex(func, arr):: std.mapWithIndex(binary(func), arr),
    mapWithKey(func, obj):: std.mapWithKey(binary(func), obj),
    reverse(arr):: std.reverse(typed(arr, 'array')),
    flattenArrays(arrs)::
      if std.isArray(arrs) && std.all([std.isArray(each) for each in arrs]) then std.flattenArrays(arrs)
      else std.foldl(function(a, b) a + b, list(arrs), []),
    setInter(a, b, keyF=id)::
      if are_arrays(a, b) then std.setInter(a, b, keyF) else inter(a, b, 0, 0, [], keyF),
    setUnion(a, b, keyF=id)::
      if are_arrays(a, b) then std.setUnion(a, b, keyF) else union(a, b, 0, 0, [], keyF),
    setDiff(a, b, keyF=id)::
      if are_arrays(a, b) then std.setDiff(a, b, keyF) else diff(a, b, 0, 0, [], keyF),
    setMember(x, arr, keyF=id)::
      if std.isArray(arr) then std.setMember(x, arr, keyF) else std.length(inter([x], arr, 0, 0, [], keyF)) > 0,
    uniq(arr, keyF=id):: std.uniq(list(arr), keyF),
    char(n):: if std.isNumber(n) && n < 0 then error 'Codepoints must be >= 0, got ' + n else std.char(n),
    stringChars(str):: chars(str),
    asciiUpper(str):: if std.isString(str) then std.asciiUpper(str) else std.join('', std.map(std.asciiUpper, chars(str))),
    asciiLower(str):: if std.isString(str) then std.asciiLower(str) else std.join('', std.map(std.asciiLower, chars(str))),
    stripChars(str, chars):: std.stripChars(str, stripped(chars)),
    lstripChars(str, chars):: std.lstripChars(str, stripped(chars)),
    rstripChars(str, chars):: std.rstripChars(str, stripped(chars)),
    startsWith(a, b)::
      if std.length(a) < std.length(b) then false
      else if std.isString(b) then std.startsWith(a, b)
      else std.substr(a, 0, std.length(b)) == b,
    endsWith(a, b)::
      if std.length(a) < std.length(b) then false
      else if std.isString(b) then std.endsWith(a, b)
      else std.substr(a, std.length(a) - std.length(b), std.length(b)) == b,
    escapeStringJson(str_):: std.escapeStringJson(self.toString(str_)),
    escapeStringPython(str):: std.escapeStringPython(self.toString(str)),
    escapeStringBash(str_):: std.escapeStringBash(self.toString(str_)),
    escapeStringDollars(str_):: std.escapeStringDollars(self.toString(str_)),
    escapeStringXML(str_):: std.escapeStringXML(self.toString(str_)),
    manifestPython(v):: native('manifestPython')(v),
    manifestPythonVars(conf)::
      std.join('\n', ['%s = %s' % [k, self.manifestPython(conf[k])] for k in std.objectFields(conf)] + ['']),
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
    deg2rad(x):: x * self.pi / 180,
    rad2deg(x):: x * 180 / self.pi,
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


_PREFIX: Final = "kmanifest:"
_MANIFESTS: Final = "kmanifest.engines.jsonnet.manifests"
_PARSING: Final = "kmanifest.engines.jsonnet.parsing"


def _math(name: str, *parameters: str) -> tuple[tuple[str, ...], Callable[..., Any]]:
    def call(*arguments: float) -> float:
        from kmanifest.engines.jsonnet.go_math import (
            checked,  # few programs compute with real numbers
        )

        return checked(name, *arguments)

    return parameters, call


_FUNCTIONS: Final[Mapping[str, tuple[tuple[str, ...], Callable[..., Any]]]] = {
    **{
        name: _math(name, "x")
        for name in ("sin", "cos", "tan", "asin", "acos", "atan", "log", "exp", "round", "trunc")
    },
    "atan2": _math("atan2", "y", "x"),
    "hypot": _math("hypot", "x", "y"),
    "pow": _math("pow", "x", "n"),
    "toString": (("a",), lazy_function(_MANIFESTS, "to_string")),
    "parseJson": (("str",), lazy_function(_PARSING, "parse_json")),
    "parseYaml": (("str",), lazy_function(_PARSING, "parse_yaml")),
    "manifestTomlEx": (("value", "indent"), lazy_function(_MANIFESTS, "manifest_toml_ex")),
    "manifestPython": (("v",), lazy_function(_MANIFESTS, "manifest_python")),
    "manifestYamlDoc": (
        ("value", "indent_array_in_object", "quote_keys"),
        lazy_function(_MANIFESTS, "manifest_yaml_doc"),
    ),
}

NATIVES: Final = {f"{_PREFIX}{name}": function for name, function in _FUNCTIONS.items()}
"""The native functions of `LIBRARY`: their parameters and their implementations."""
