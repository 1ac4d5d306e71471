"""The compiled template parser returns the pure parser's trees, or None.

`tests/property/parsers.py` runs more cases.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from kmanifest.engines.helm.gotemplate import nodes, parsers
from kmanifest.engines.helm.gotemplate.errors import ParseError
from kmanifest.engines.helm.gotemplate.parsers import CachingParser

if not hasattr(pytest.importorskip("kmanifest_native"), "TemplateParser"):
    pytest.skip("the extension is an older one", allow_module_level=True)

from kmanifest.backend import load_extension
from tests.property.parsers import FUNCTIONS, ParserPair

SUPPORTED = [
    "", "text", "{", "}", "}}", "{ {", "a\n\n", "a}}b", "é\u2028", "x\x00y",
    # operands
    "{{.}}", "{{.a}}", "{{.a.b.c}}", "{{ .a }}{{.a}}", "{{ .Values.a.b }}x{{ .Values.a.b }}", "{{$}}", "{{$.a.b}}", "{{$x := 1}}{{$x}}{{$x.a.b}}",
    '{{""}}', '{{"a"}}', '{{"a\\n\\t\\"\\\\\\x41\\101\\u00e9\\U0001f600\\a\\b\\f\\r\\v"}}', "{{`r`}}", '{{`a\nb\\n\r\n"`}}', '{{"é☃"}}', "{{`😀`}}{{.a}}",
    '{{print "é" .a.b "☃" $.x}}é{{print .a}}', "{{'a'}}", "{{'\\n'}}", "{{'\\''}}", "{{'é'}}", "{{'\\u00e9'}}", "{{'\\x41'}}", "{{'\"'}}",
    "{{true}}", "{{false}}", "{{nil}}", "{{print nil true false . $}}",
    # numbers
    *(f"{{{{{number}}}}}" for number in (
        "0", "1", "42", "-1", "+1", "-0", "+0", "0x1F", "0X1f", "-0x1", "0b101", "0B1", "0o17", "0O17", "017", "00", "1.5", "-1.5", "+.5", ".5", "5.",
        "1e3", "1E3", "1e+3", "1e-3", "1.5e17", "0.0", "-0.0", "0e0", "09.5", "3.0", "1e-400", "9223372036854775807", "-9223372036854775807",
    )),
    # chains, calls, pipelines
    "{{(.a).b.c}}", "{{(print 1).a}}", "{{print.a.b}}", "{{print (print).a}}", "{{((.a)).b}}",
    "{{print}}", "{{print 1}}", "{{ print 1 .a $ (print) }}", "{{.a 1}}", "{{$.a 1 2}}", "{{(print) 1}}", "{{(print .a) 1 | print}}", "{{.a | print | print 1}}", "{{.a|print}}",
    '{{include "x" . | nindent 4 | quote}}', "{{.a |}}", "{{ (.a) }}", "{{ (.a | print) }}", "{{print ($x := 1) $x}}", "{{($x := 1)}}{{$x}}", "{{ 1 2 }}",
    # variables
    "{{$x := .a}}{{$x = .b}}", "{{$x:=.a}}", "{{$x := $x}}", "{{$ := 1}}{{$}}", "{{$x := .a | print}}", "{{$1 := 1}}{{$1}}", "{{$x = 1}}{{$x}}",
    # trims and comments
    "a {{- .a -}} b", " \n\t{{-\n.a\t-}}\r\n b", "{{ .a -}}  {{- .b }}", "{{-1}}", "{{- -1 -}}", "{{- 1}}", "a {{/* c */}} b", "a {{- /* c\n}} */ -}} b", "{{/**/}}", "{{/* {{ */}}",
    "{{/*/}}*/}}", "{{/* a */ -}} \n x", "é {{- /* é */ -}} é{{.a}}",
    # blocks
    "{{if .a}}b{{end}}", "{{if .a}}b{{else}}c{{end}}", "{{if .a}}b{{else if .b}}c{{else if $x := .c}}{{$x}}{{else}}d{{end}}", "{{if $x := .a}}{{$x}}{{end}}",
    "{{if .a}}{{$x := 1}}{{end}}", "{{$x := 1}}{{if .a}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "{{if .a}}{{if .b}}{{end}}{{end}}",
    "{{with .a}}{{.}}{{end}}", "{{with $x := .a}}{{$x}}{{else}}b{{end}}", "{{with .a}}{{else with .b}}{{else}}{{end}}", "{{with .a}}{{$x := 1}}{{end}}",
    "{{range .a}}{{.}}{{end}}", "{{range .a}}b{{else}}c{{end}}", "{{range $v := .a}}{{$v}}{{end}}", "{{range $k, $v := .a}}{{$k}}{{$v}}{{else}}c{{end}}", "{{range $k,$v:=.a}}{{end}}",
    "{{$v := 1}}{{range $v = .a}}{{end}}", "{{range ($x := .a)}}{{end}}", "{{$b := 1}}{{range $a, $b .x}}{{end}}", "{{range 3}}{{end}}", "{{range .a | print}}{{end}}",
    "{{range .a}}{{break}}{{continue}}{{end}}", "{{range .a}}{{if .b}}{{break}}{{else}}{{continue}}{{end}}x{{else}}y{{end}}",
    "{{range .a}}{{range .b}}{{break}}{{end}}{{continue}}{{end}}", "{{range .a}}{{else}}{{range .b}}{{ break }}{{end}}{{end}}", "{{range .a}}{{range .b}}{{else}}{{break}}{{end}}{{end}}",
    # templates
    '{{template "x"}}', '{{template "x" .}}', "{{template `x` .a | print}}", '{{template "x" (.a)}}', '{{template "x" $y := 1}}{{$y}}', '{{block "x" .}}a{{end}}', '{{block "x" (print)}}{{.}}{{end}}b',
    '{{define "x"}}a{{end}}', '{{define "x"}}{{if .a}}b{{end}}{{end}}c', '{{define "x"}}{{$x := 1}}{{$x}}{{end}}{{template "x"}}', '{{define "x"}} {{end}}{{define "x"}}b{{end}}',
    '{{define "x"}}b{{end}}{{define "y"}}c{{end}}{{define "x"}} \n{{/* c */}}{{end}}', '{{define "t"}}a{{end}}', '{{define "t"}}a{{end}}  ', '{{define "t"}}  {{end}}b', '{{define ""}}{{end}}', '{{define "x"}}\u2003{{end}}', '{{if .a}}{{block "x" .}}{{range .}}{{break}}{{end}}{{end}}{{end}}',
]  # fmt: skip
UNSUPPORTED = [
    '{{"\udcff"}}', "a\udc80", '{{"\\xff"}}', "{{'\\xff'}}", "{{1_000}}", "{{1i}}", "{{1+2i}}", "{{0x1p-2}}", "{{1e300}}", "{{9223372036854775808}}", "{{.é}}", "{{$é := 1}}",
    "{{" + "(" * 120 + "1" + ")" * 120 + "}}",
]  # fmt: skip
INVALID = [
    "{{", "{{.a", "{{.a}", '{{"a}}', '{{"a\n"}}', '{{"a\\\n"}}', "{{`a}}", "{{'a}}", "{{''}}", "{{'ab'}}", '{{"\\q"}}', '{{"\\\'"}}', '{{"\\ud800"}}', "{{/* c", "{{/* c */ }}", "{{ /* c */}}",
    "{{}}", "{{ -}}", "{{- -}}", "{{-}}", "{{#}}", "{{.a!}}", "{{.a$}}", "{{..}}", "{{..a}}", "{{.a.}}", "{{.a.5}}", "{{.a .}.}}", "{{a.}}", "{{$.}}", "{{:}}", "{{1,2}}", '{{"a""b"}}', '{{"a".b}}', '{{print "a".b}}', "{{1.a}}",
    "{{nil.a}}", "{{3k}}", "{{08}}", "{{1e400}}", "{{-1e400}}", "{{+}}", "{{1-1}}", "{{0x}}", "{{1e}}", "{{(1}}", "{{1)}}", "{{()}}", "{{(print)x}}", "{{print(1)}}", "{{| .a}}", "{{.a || .b}}", "{{.a | 1}}", "{{print | 1 2}}", "{{.a | .}}",
    "{{nofunc}}", "{{.a | nofunc}}", "{{$x}}", "{{print $x ($x := 1)}}", "{{$x := }}", "{{$x := $y := 1}}", "{{$x, $y := .l}}", "{{range $a, $b .x}}{{end}}", "{{range $a, $b, $c := .l}}{{end}}", "{{range $a, 1 := .l}}{{end}}", "{{range $a, := .l}}{{end}}", "{{range $a,}}{{end}}",
    "{{if}}{{end}}", "{{if .a}}", "{{end}}", "{{end x}}", "{{else}}", "{{if .a}}{{else}}{{else}}{{end}}", "{{if .a}}{{else with .b}}{{end}}", "{{with .a}}{{else if .b}}{{end}}", "{{range .a}}{{else if .b}}{{end}}",
    "{{if .a}}{{else}}{{else if .b}}{{end}}", "{{if .a}}{{else .b}}{{end}}", "{{if .a}}{{else range}}{{end}}", "{{if else}}{{end}}", "{{break}}", "{{continue}}", "{{range .a}}{{break 1}}{{end}}", "{{range .a}}{{else}}{{break}}{{end}}",
    '{{range .a}}{{block "x" .}}{{break}}{{end}}{{end}}', "{{if .a}}{{$x := 1}}{{end}}{{$x}}", "{{range $x := .a}}{{end}}{{$x}}", '{{$x := 1}}{{define "x"}}{{$x}}{{end}}', "{{if .a}}{{$x := 1}}{{else}}{{$x}}{{end}}{{$x}}",
    '{{define "x"}}', "{{define x}}{{end}}", "{{define}}{{end}}", '{{define "x" 1}}{{end}}', '{{define "x"}}{{define "y"}}{{end}}{{end}}', '{{if .a}}{{define "y"}}{{end}}{{end}}', '{{block "b" .}}{{define "y"}}{{end}}{{end}}',
    '{{define "x"}}{{else}}{{end}}', '{{define "x"}}a{{end}}{{define "x"}}b{{end}}', '{{define "t"}}a{{end}}b', "{{template}}", "{{template .a}}", '{{template "x" .a,}}', '{{block "x"}}{{end}}', "{{template 'x'}}", '{{define "x"}}{{end}}{{end}}',
]  # fmt: skip
CHART_LIKE = """{{- define "a" -}}
{{ .Values.a.b | printf "%s" | print (len .Values.l) 1.5 'c' nil true }}
{{- end -}}
{{ range $i, $e := .l }}{{ if $i }}{{ break }}{{ else }}{{ continue }}{{ end }}{{ else }}x{{ end }}
"""


def new_compiled_parser(names: frozenset[str] = FUNCTIONS | {"print", "printf", "len"}) -> Any:
    return load_extension().TemplateParser(names, frozenset(["include"]))


@pytest.mark.parametrize("text", SUPPORTED)
def test_both_parsers_build_the_same_trees(text: str):
    assert ParserPair().verdict(text) == "same"


@pytest.mark.parametrize("text", UNSUPPORTED)
def test_unsupported_text_is_left_to_the_pure_parser(text: str):
    assert ParserPair().verdict(text) == "left"


@pytest.mark.parametrize("text", INVALID)
def test_invalid_text_is_rejected(text: str):
    assert ParserPair().verdict(text) == "refused"
    with pytest.raises(ParseError, match=r"^template: t:\d+: "):
        CachingParser(FUNCTIONS).parse("t", text)


def test_cached_actions_are_checked_in_their_context():
    pair = ParserPair()
    for text in (*SUPPORTED, *INVALID, *SUPPORTED, *INVALID):
        assert pair.verdict(text) in ("same", "refused"), text


def test_a_function_named_like_a_keyword_takes_its_place():
    pair = ParserPair(frozenset({"break"}))
    assert pair.verdict("{{range .a}}{{continue}}{{end}}") == "same"
    assert pair.verdict("{{range .a}}{{break}}{{end}}") == "refused"


def test_an_action_with_the_same_text_is_the_same_node_in_all_files():
    parser = new_compiled_parser()
    first = parser.parse("a", "x{{ .a.b.c | print }}")
    second = parser.parse("b", "\n\n{{- .a.b.c | print }}{{ .a.b.c | print }}")
    node = first[0][1][1][2]
    found_nodes = [op[2] for op in second[0][1] if op[0] == nodes.ACTION]
    assert [each is node for each in found_nodes] == [True, True]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("{{ if true }}" * 200_000 + "{{ end }}" * 200_000, 1),
        ("{{ if false }}" + "{{ else if false }}" * 200_000 + "{{ end }}", 1),
        ("{{ range . }}" + "{{ break }}{{ continue }}" * 200_000 + "{{ end }}", 1),
        ("".join(f"{{{{ $a{n} := 1 }}}}{{{{ $a0 }}}}" for n in range(100_000)), 1),
        ("{{ print" + "".join(f" ($a{n} := 1) $a0" for n in range(100_000)) + " }}", 1),
        ("".join(f'{{{{ define "{n}" }}}}a{{{{ end }}}}' for n in range(100_000)), 100_001),
        ("{{ 1" + " | print" * 200_000 + " }}", 1),
        ('{{ print "é' + "☃" * 1_000_000 + '"' + " .a" * 200_000 + "}}", 1),
        ("é{{ .a }}" * 200_000, 1),
    ],
    ids=lambda value: str(value)[:20],
)
def test_long_texts_are_parsed(text: str, count: int):
    assert len(new_compiled_parser().parse("t", text)) == count


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 1_000_000,
        "{{" + "(" * 1_000_000,
        "{{" + "(" * 1_000_000 + ")" * 1_000_000 + "}}",
        "{{ if true }}" * 200_000,
        '{{ "' + "a" * 1_000_000,
        '{{ "a" ' * 200_000,
        "{{ ' " * 200_000,
        "{{/* " * 200_000,
        "{{ -" + "1" * 1_000_000 + "}}",
        "{{ .a" + ".a" * 1_000_000 + "$}}",
        '{{block "x" .}}' * 200_000,
    ],
    ids=lambda text: text[:20],
)
def test_hostile_texts_are_rejected_quickly(text: str):
    assert new_compiled_parser().parse("t", text) is None


def test_threads_may_share_a_parser():
    parser = CachingParser(FUNCTIONS)
    expected = CachingParser(FUNCTIONS).parse("t", CHART_LIKE)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: parser.parse("t", CHART_LIKE), range(2_000))) == {expected}


def test_an_extension_without_the_parser_is_supported(monkeypatch: pytest.MonkeyPatch):
    expected = CachingParser(FUNCTIONS).parse("t", CHART_LIKE)
    monkeypatch.setattr(parsers, "_COMPILED_PARSER", None)
    assert CachingParser(FUNCTIONS).parse("t", CHART_LIKE) == expected


@pytest.mark.parametrize("backend", ["python", "native"])
def test_the_pure_parser_is_imported_where_it_is_needed(backend: str):
    program = (
        "import sys\nfrom kmanifest.engines.helm.gotemplate.parsers import CachingParser\n"
        f"CachingParser(()).parse('t', {CHART_LIKE!r})\n"
        "print(*(name for name in ('actions', 'lexer', 'numbers', 'parser') if f'kmanifest.engines.helm.gotemplate.{name}' in sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "KMANIFEST_YAML": backend},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.split() == (
        [] if backend == "native" else ["actions", "lexer", "numbers", "parser"]
    )
