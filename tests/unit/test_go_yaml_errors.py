"""The reader for documents that libyaml refuses: the values of the usual reader, and the errors of go-yaml.

The errors are those that helm v3.22.0 printed.
"""

import pytest

from kmanifest import yaml
from kmanifest.engines.helm.formats.go_yaml import load_yaml
from kmanifest.engines.helm.formats.go_yaml_decoder import decode_document
from kmanifest.model.errors import KmanifestError

VALID = [
    "",
    "# only a comment\n",
    "a: 1\nb: [x, {c: d}, 'e', \"f\\n\\u00e9\\x41\\U0001F600\\\n  g\"]\n",
    "a:\n- b\n-\n- - c\n  - d: e\n    f: g\n",
    "a: |\n  x\n   y\n\n  z\n\nb: >-\n  one\n  two\n\n   three\nc: |2+\n    d\n\n",
    "a: one\n  two\n\n  three # comment\nb: 'x\n\n  y ''z'''\n",
    "? a\n: b\n? c\n",
    "base: &b {x: 1, y: 2}\none: {<<: *b, y: 3}\ntwo: {<<: [*b, {z: 4}]}\nthree: *b\n",
    "1: a\ntrue: b\n1.5: c\n0x10: d\n.inf: e\n",
    "a: !!str 1\nb: !!int '2'\nc: !!float 3\nd: !!binary aGk=\ne: !x f\ng: !<tag:yaml.org,2002:str> 4\n",
    "%YAML 1.1\n%TAG !e! tag:yaml.org,2002:\n---\na: !e!str 1\n...\n---\nb: 2\n",
    "{a: 1, ? b : 2, c, 'd': [e: f, g]}\n",
    "a: ~\nb:\nc: null\nd: ''\n",
    "a: 2020-01-01\nb: 1_000\nc: 0o7\nd: yes\ne: 1e3\n",
    "a: b\r\nc: d\r\n",
]


@pytest.mark.parametrize("text", VALID)
def test_valid_documents_have_the_same_values(text: str):
    assert repr(decode_document(text.encode())) == repr(yaml.load_values(text.encode()))


def test_what_only_go_yaml_accepts_has_a_value():
    assert load_yaml(b"{}: x\n") == {}
    assert load_yaml(b"b:\n\xef\xbb\xbfc: 1\n") == {"b": None, "\ufeffc": 1}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: 1\n{}\n", "yaml: line 1: did not find expected key"),
        (b"a: &y [*y]\n", "yaml: anchor 'y' value contains itself"),
        (b"a: {b: c\n", "yaml: line 1: did not find expected ',' or '}'"),
        (b"- [a\n", "yaml: line 1: did not find expected ',' or ']'"),
        (b"a: 'b\n", "yaml: line 2: found unexpected end of stream"),
        (b'a: "\\q"\n', "yaml: found unknown escape character"),
        (b'a: "\\ud800"\n', "yaml: found invalid Unicode character escape code"),
        (b"a:\n\tb: 1\n", "yaml: line 2: found character that cannot start any token"),
        (b"a: b: c\n", "yaml: mapping values are not allowed in this context"),
        (b"a: |0\n", "yaml: found an indentation indicator equal to 0"),
        (b"a: *\n", "yaml: did not find expected alphabetic or numeric character"),
        (b"%FOO\n---\n", "yaml: found unknown directive name"),
        (b"%YAML 1.2\n---\na: 1\n", "yaml: found incompatible YAML document"),
        (b"a: !e!x 1\n", "yaml: found undefined tag handle"),
        (b"a: \xff\n", "yaml: invalid leading UTF-8 octet"),
        (b"a: \xc3(\n", "yaml: invalid trailing UTF-8 octet"),
        (b"a: \x01\n", "yaml: control characters are not allowed"),
        (b"<<: 5\n", "yaml: map merge requires map or sequence of maps as the value"),
        (b"a: !!int x\n", "yaml: cannot decode !!str `x` as a !!int"),
        (b"a: !!binary '@'\n", "yaml: !!binary value contains invalid base64 data"),
        (b"b: .inf\nA: .nan\n", "json: unsupported value: NaN"),
        (b"[[1, .5, ~], {a: b}]: 1\n", 'yaml: invalid map key: []interface {}{[]interface {}{1, 0.5, interface {}(nil)}, map[interface {}]interface {}{"a":"b"}}'),
    ],
)  # fmt: skip
def test_errors_are_those_of_go_yaml(data: bytes, message: str):
    with pytest.raises(KmanifestError) as caught:
        load_yaml(data)
    assert caught.value.message == f"error converting YAML to JSON: {message}"


def test_repeated_aliases_are_limited_where_only_go_yaml_reads_on():
    levels = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))
    bomb = f"a0: &a0 [x]\n{levels}b:\n\ufeffc: 1\n"
    with pytest.raises(KmanifestError, match="document contains excessive aliasing"):
        load_yaml(bomb.encode())


def test_deep_documents_do_not_exhaust_the_stack():
    text = "[" * 900 + "{[a]: b}" + "]" * 900
    with pytest.raises(KmanifestError, match="invalid map key"):
        load_yaml(text.encode())
