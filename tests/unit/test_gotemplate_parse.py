"""Tokens and programs: the properties that the executor and the disk cache need."""

import marshal

import pytest

from kmanifest.engines.helm.gotemplate import lexer, nodes
from kmanifest.engines.helm.gotemplate.actions import MAX_NESTING
from kmanifest.engines.helm.gotemplate.errors import ParseError
from kmanifest.engines.helm.gotemplate.nodes import node_text
from kmanifest.engines.helm.gotemplate.parser import Actions, parse
from kmanifest.engines.helm.gotemplate.templates import TemplateSet
from kmanifest.model.errors import LimitError
from tests.gotemplates import functions

CHART_LIKE = """{{- define "a" -}}
{{ .Values.a.b | printf "%s" | print (len .Values.l) 1.5 1i 'c' nil true }}
{{- end -}}
{{ range $i, $e := .l }}{{ if $i }}{{ break }}{{ else }}{{ continue }}{{ end }}{{ else }}x{{ end }}
{{ with .x }}{{ template "a" . }}{{ end }}{{ (index .m "a").b.c }}{{ $x := 1 }}{{ $x = 2 }}
"""


def test_tokens_hold_type_text_position_and_space():
    assert lexer.read_tokens(' $x := .a.b | f "s" ') == [
        (lexer.VARIABLE, "$x", 1, True),
        (lexer.ASSIGN, ":=", 4, True),
        (lexer.FIELD, ".a.b", 7, True),
        (lexer.BAR, "|", 12, True),
        (lexer.IDENTIFIER, "f", 14, True),
        (lexer.STRING, '"s"', 16, True),
        (lexer.RIGHT, "}}", 20, True),
    ]


@pytest.mark.parametrize(
    ("text", "closed", "message"),
    [
        ("(", True, "unclosed left paren"),
        (")", True, "unexpected right paren"),
        ('"a', False, "unterminated quoted string"),
        ("a", False, "unclosed action"),
        (".a$", True, "bad character U+0024 '$'"),
        ("☃", True, "unrecognized character in action: U+2603 '☃'"),
        ("1²", True, "unrecognized character in action: U+00B2 '²'"),
        ("3k", True, 'bad number syntax: "3k"'),
    ],
)
def test_invalid_tokens_are_errors_with_go_s_message(text: str, closed: bool, message: str):
    assert lexer.read_tokens(text, closed=closed)[-1][:2] == (lexer.ERROR, message)


def test_trees_are_plain_data():
    parsed = parse("f", CHART_LIKE, ())
    assert marshal.loads(marshal.dumps(parsed.trees)) == parsed.trees  # noqa: S302
    assert [name for name, _, _ in parsed.trees] == ["a", "f"]


def test_an_action_with_the_same_text_is_the_same_node_in_all_files():
    actions: Actions = {}
    first = parse("a", "x{{ .a.b.c | print }}", (), actions=actions)
    second = parse("b", "\n\n{{- .a.b.c | print }}{{ .a.b.c | print }}", (), actions=actions)
    node = first.trees[0][1][1][2]
    assert [op[2] for op in second.trees[0][1] if op[0] == nodes.ACTION] == [node, node]
    assert len(actions) == 1


def test_a_cached_action_is_checked_in_its_context():
    actions: Actions = {}
    parse("a", "{{ $x := 1 }}{{ $x }}{{ range .l }}{{ break }}{{ end }}", (), actions=actions)
    with pytest.raises(ParseError, match=r'^template: b:2: undefined variable "\$x"$'):
        parse("b", "\n{{ $x }}", (), actions=actions)
    with pytest.raises(ParseError, match=r"^template: b:1: {{break}} outside {{range}}$"):
        parse("b", "{{ break }}", (), actions=actions)
    with pytest.raises(ParseError, match=r"^template: b:1: unexpected {{end}}$"):
        parse("b", "{{ end }}", (), actions=actions)
    parse("a", "{{ fany 1 }}", functions(), actions=actions)
    with pytest.raises(ParseError, match=r'^template: b:1: function "fany" not defined$'):
        parse("b", "{{ fany 1 }}", (), actions=actions)


def test_an_error_is_found_in_code_that_never_runs():
    with pytest.raises(ParseError, match='function "nope" not defined'):
        parse("t", '{{ if false }}{{ nope }}{{ end }}{{ define "x" }}{{ end }}', ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{  $x  :=  .a.b  |  print   1  }}", "$x := .a.b | print 1"),
        ('{{ (index .m  "a").b }}', '(index .m "a").b'),
        ("{{ print ( .a | print ) `r` 'c' 0x1F }}", "print (.a | print) `r` 'c' 0x1F"),
        ('{{ template `a"b` (1) }}', '{{template "a\\"b" (1)}}'),
        ("{{ (print) 1 }}", "(print) 1"),
    ],
)
def test_the_text_of_a_node_is_go_s(text: str, expected: str):
    operation = parse("t", text, ()).trees[0][1][0]
    assert not isinstance(operation, str)
    assert node_text(operation[2]) == expected


def test_an_empty_definition_replaces_nothing():
    first = TemplateSet().with_parsed(parse("a", '{{ define "x" }}a{{ end }}', ()))
    second = first.with_parsed(parse("b", '{{ define "x" }} \n{{/* c */}}{{ end }}', ()))
    third = second.with_parsed(parse("c", '{{ define "x" }}c{{ end }}', ()))
    files = [getattr(templates.find("x"), "file", "") for templates in (first, second, third)]
    assert files == ["a", "a", "c"]
    assert list(third.names()) == ["x", "a", "b", "c"]
    assert "x" in third
    assert "y" not in third


@pytest.mark.parametrize(
    "text",
    [
        "{{ if true }}" * 50_000 + "{{ end }}" * 50_000,
        "{{ if false }}" + "{{ else if false }}" * 50_000 + "{{ end }}",
        "".join(f"{{{{ with $a{number} := 1 }}}}" for number in range(20_000)) + "{{ end }}" * 20_000,
        "{{ 1" + " | print" * 50_000 + " }}",
        "{{ ." + "a." * 50_000 + "a }}",
    ],
)  # fmt: skip
def test_blocks_and_pipelines_have_no_length_limit(text: str):
    assert parse("t", text, ()).name == "t"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{" + "(" * 100_000, "max expression depth exceeded"),
        ("{{ if true }}" * 100_000, "unexpected EOF"),
        ('{{ "' + "a" * 1_000_000, "unterminated quoted string"),
        ("{{/* " * 200_000, "unclosed comment"),
        ("{{ (" + " " * 1_000_000, "unclosed action"),
    ],
)
def test_hostile_texts_are_rejected_quickly(text: str, message: str):
    with pytest.raises(ParseError, match=message):
        parse("t", text, ())


def test_parentheses_nest_to_the_limit():
    assert parse("t", "{{" + "(" * MAX_NESTING + "1" + ")" * MAX_NESTING + "}}", ())


def test_a_text_that_python_s_stack_does_not_hold_is_a_limit():
    def deeper(left: int) -> None:
        if left:
            deeper(left - 1)
        else:
            parse("t", "{{" + "(" * MAX_NESTING + "1" + ")" * MAX_NESTING + "}}", ())

    with pytest.raises(LimitError, match="nest too deeply"):
        deeper(600)


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_number_of_thousands_of_digits_is_go_s_error(sign):
    digits = sign + "9" * 5_000
    with pytest.raises(ParseError, match=r"template: t:1: illegal number syntax: \"" + digits):
        parse("t", f"{{{{ {digits} }}}}", {})
