"""Templates that each show one rule, and their data.

Go provides the answers: see `templates.py`.
"""

from typing import Any

DATA: dict[str, Any] = {
    "s": "hello", "e": "", "u": "héllo ☃ 日本", "i": 42, "n": -7, "z": 0, "f": 1.5, "fi": 3.0, "big": 1000000.0, "small": 1e-07,
    "t": True, "b": False, "nil": None, "l": [1, "a", None, [2, 3], {"x": 1}], "le": [],
    "m": {"one": 1, "two": {"y": "z"}, "nil": None, "é": "q"}, "me": {},
    "i64": {"$t": "int64", "v": 5}, "i32": {"$t": "int32", "v": 97}, "u8": {"$t": "uint8", "v": 200},
    "ss": {"$t": "strings", "v": ["p", "q r"]}, "sm": {"$t": "strmap", "v": {"k": "v", "a": "b"}},
    "by": {"$t": "bytes", "v": "aGnDqf8="}, "raw": {"$t": "raw", "v": "aGn/w6nDKA=="},
    "inf": {"$t": "float", "v": "+Inf"}, "nan": {"$t": "float", "v": "NaN"}, "q": "a\"b\\c\n\t<&'>",
    "ll": ["x", "y", "z"], "lm": [{"a": 1}, {"a": None}, {}], "li": [3, 1, 2], "nz": -0.0, "mi": 9223372036854775807,
}  # fmt: skip
OTHER_DATA: tuple[Any, ...] = (None, "str", 3, [1, 2, 3], {"a": {"b": {"c": 1}}}, 1.5, True)

_LEXER = r"""
{{"a""b"}}|{{"a" "b"}}|{{print "a" "b"}}|{{print `a` `b`}}|{{"a}}|{{`a}}|{{'a}}|{{"\q"}}|{{"\x41\u00e9\101\n"}}|{{'a'}}|{{'ab'}}|{{''}}
{{|{{ |{{.s|a{{-|{{/* c */}}|{{/* c}}|{{/* c */ }}|{{- /* c */ -}}|  {{- 1 -}}  x|x {{- 1}}|{{1 -}} x|{{-1}}|{{- 1}}|{{1 -1}}|{{1-1}}
{{.s-}}|{{.i- }}|{{#}}|{{.s!}}|{{$x!}}|{{.é}}|{{.☃}}|{{é}}|{{}}|{{ }}|{{3)}}|{{(3}}|{{(3))}}|{{:}}|{{$x : 1}}|{{,}}|{{1,2}}|{{.s }
{{{.i}}}|{ {.i} }|}}|{{print "}}"}}|{{print `}}`}}|{{'}'}}|{{..}}|{{..s}}|{{.s.}}|{{.l.0}}|{{$.s}}|{{$}}|{{$.}}|{{.m["a"]}}|{{true1}}
{{0x1F}}|{{0b11}}|{{0o17}}|{{017}}|{{08}}|{{1_000}}|{{1__0}}|{{_1}}|{{0x_1}}|{{1e3}}|{{1e}}|{{.5}}|{{5.}}|{{0x1p-2}}|{{0x1.8p1}}|{{0x1.8}}
{{1i}}|{{1+2i}}|{{1-2.5i}}|{{0i}}|{{1+2}}|{{1e400}}|{{9223372036854775807}}|{{9223372036854775808}}|{{18446744073709551616}}|{{-9223372036854775808}}
{{-0}}|{{+1}}|{{-}}|{{3k}}|{{0xg}}|{{1e1_9}}|{{7.5_0}}|{{'\n'}}|{{'\''}}|{{'\x41'}}|{{'é'}}|{{'\ud800'}}|{{"\ud800"}}|{{"\400"}}|{{"\'"}}
"""
_PARSER = r"""
{{if}}x{{end}}|{{if .t}}|{{end}}|{{else}}|{{if .t}}a{{else}}b{{else}}c{{end}}|{{if .b}}a{{else if .t}}b{{else}}c{{end}}
{{with .b}}a{{else with .t}}b{{.}}{{end}}|{{with .t}}a{{else if .t}}b{{end}}|{{range .l}}a{{else if .t}}b{{end}}|{{if .t}}{{define "x"}}a{{end}}{{end}}
{{define "x"}}a{{end}}{{define "x"}}b{{end}}|{{define "x"}}a{{end}}{{define "x"}} {{end}}{{template "x"}}|{{define x}}{{end}}|{{define}}{{end}}
{{define "x"}}{{else}}{{end}}|{{define "x" 1}}{{end}}|{{template}}|{{template .s}}|{{template "x" .a .b}}|{{template "x"}}|{{block "x" .s}}[{{.}}]{{end}}
{{block "x"}}a{{end}}|{{block "x" .}}{{else}}{{end}}|{{break}}|{{continue}}|{{range .l}}{{break 1}}{{end}}|{{range .l}}{{else}}{{break}}{{end}}
{{nofunc}}|{{.s nofunc}}|{{.s | nofunc}}|{{$x}}|{{$x = 1}}|{{$x := 1}}{{$x}}|{{if $x := .s}}{{$x}}{{end}}{{$x}}|{{if .t}}{{$x := 1}}{{end}}{{$x}}
{{if .b}}{{$x := 1}}{{else}}{{$x}}{{end}}|{{$x, $y := .l}}|{{range $a, $b, $c := .l}}{{end}}|{{range $a, 1 := .l}}{{end}}|{{range $a, .l}}{{end}}
{{$x := }}|{{$x := $y := 1}}|{{$x := $x}}|{{$x 1}}|{{1 2}}|{{nil}}|{{nil.a}}|{{"a".b}}|{{1.a}}|{{true.a}}|{{. | 1}}|{{.s | "a"}}|{{.s | .}}|{{.s |}}
{{| .s}}|{{.s || .s}}|{{()}}|{{(.s).x}}|{{(.m).one}}|{{(.m).two.y}}|{{((.m)).two}}|{{(1) 2}}|{{(print .s) "x"}}|{{.s (.s)}}|{{print (1).a}}|{{print.a}}
{{ .s
 nofunc }}|{{ .s |
nofunc
}}|{{"a
b"}}|{{if .t

 "}}|{{$y
}}|{{ 1 |
 2
 }}|{{/* a
*/}}{{nofunc}}|{{with .s -}}
{{nofunc}}{{end}}|{{end x}}|{{else x}}|{{if .t}}{{else x}}{{end}}|{{range}}{{end}}|{{if else}}{{end}}|{{.averylongfield$}}|{{print .s"averylongstring"}}
"""
_EXECUTION = r"""
{{.}}|{{.nope}}|{{.nil}}|{{.nope.x}}|{{.nil.x}}|{{.s.x}}|{{.m.one.x}}|{{.m.nope.x}}|{{.sm.k}}|{{.sm.nope}}|{{.sm.k.x}}|{{.l.x}}|{{.m.one 1}}|{{.s | .i}}
{{with .s}}{{.x}}{{end}}|{{range .l}}{{.x}}{{end}}|{{range $v := .li}}{{$v.x}}{{end}}|{{range $v := .l}}{{if eq (printf "%T" $v) "<nil>"}}{{$v.x}}{{end}}{{end}}
{{$x := .nil}}{{$x.y}}|{{len .nope}}|{{len .nil}}|{{len nil}}|{{len .s}}|{{len .u}}|{{len .i}}|{{len .l .m}}|{{len}}|{{len .m}}|{{len .by}}|{{len .raw}}
{{fstring .i}}|{{fstring 3}}|{{fstring nil}}|{{fstring .nil}}|{{fstring .nope}}|{{.nope | fstring}}|{{.i | fstring}}|{{fint 1.0}}|{{fint 1.5}}|{{fint .f}}
{{fint "a"}}|{{fint64 1}}|{{fint64 .i}}|{{fint64 .i64}}|{{fuint8 300}}|{{fuint8 -1}}|{{ffloat 3}}|{{ffloat .i}}|{{fbool 1}}|{{fbool .t}}|{{flist 1}}|{{flist .ss}}
{{flist nil}}|{{fmap .nil}}|{{.nope | fmap}}|{{fmap .sm}}|{{fstrs .ll}}|{{fstrs .ss}}|{{fvars "a" 1}}|{{fvars .s .i}}|{{fvar}}|{{fvar "a" 1 nil}}|{{fnil}}|{{fnil.x}}
{{(fnil).x}}|{{fmapv.a}}|{{fmapv.n.x}}|{{ferr 1}}|{{ferr 1 | print}}|{{print (ferr 1)}}|{{fany 9223372036854775808}}|{{fany .nope}}|{{fnil 1}}|{{flistv nil 1 .nope}}
{{range .li}}{{.}},{{end}}|{{range $i, $e := .ll}}{{$i}}={{$e}};{{end}}|{{range $e := .ll}}{{$e}}{{end}}|{{range .m}}{{.}};{{end}}|{{range $k, $v := .m}}{{$k}}={{$v}};{{end}}
{{range 3}}{{.}}{{end}}|{{range $i := 3}}{{$i}}{{end}}|{{range $i, $j := 3}}{{end}}|{{range 0}}a{{else}}b{{end}}|{{range -1}}a{{else}}b{{end}}|{{range .f}}{{end}}|{{range .s}}{{end}}
{{range .nil}}a{{else}}b{{end}}|{{range .nope}}a{{else}}b{{end}}|{{range nil}}{{end}}|{{range .by}}{{.}} {{end}}|{{range .i64}}{{printf "%T" .}}{{end}}|{{range .t}}{{end}}
{{range .ll}}{{if eq . "y"}}{{break}}{{end}}{{.}}{{end}}|{{range .ll}}{{if eq . "y"}}{{continue}}{{end}}{{.}}{{end}}|{{range .ll}}{{with .}}{{$x := 1}}{{continue}}{{end}}a{{end}}{{.s}}
{{range $x := .le}}a{{else}}{{$x}}{{end}}|{{$x := 1}}{{range .ll}}{{$x = .}}{{end}}{{$x}}|{{$x := 1}}{{range $x := .ll}}{{$x}}{{end}}{{$x}}|{{range $x, $x := .ll}}{{$x}}{{end}}
{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}|{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}|{{$v := 0}}{{range $v = .ll}}{{end}}{{$v}}|{{and false ($x := 1)}}{{$x}}
{{with $x := .m}}{{$x.one}}{{.one}}{{end}}|{{with .nope}}a{{else}}b{{.s}}{{end}}|{{with .l}}{{$.s}}{{end}}|{{if .le}}a{{else if .nan}}b{{end}}|{{if .me}}{{end}}
{{and 1 0 2}}|{{and 1 2}}|{{or 0 "" "x"}}|{{or .nope .nil}}|{{and .nope 1}}|{{or 0 .nope.x}}|{{or 1 (ferr 1)}}|{{and 0 (ferr 1)}}|{{1 | and 0}}|{{1 | or 0}}|{{and}}|{{not 0}}|{{not}}
{{eq 1 1.0}}|{{eq 1 2 1}}|{{eq .u8 200}}|{{eq .i64 5}}|{{eq .nil nil}}|{{eq .nope .nil}}|{{eq .nil 1}}|{{eq "a" 1}}|{{eq .l .l}}|{{eq .l .m}}|{{eq .m .nil}}|{{eq 1}}|{{eq .l 1}}
{{ne 1 2}}|{{lt 1 2}}|{{lt "a" "b"}}|{{lt "é" "☃"}}|{{lt 1 1.5}}|{{lt .t .b}}|{{lt .l 1}}|{{le 1 1}}|{{gt 2 1}}|{{ge .f 1.5}}|{{lt .nil 1}}|{{lt .u8 201}}|{{le .nan .nan}}|{{gt .nan 1.0}}
{{index .l 0}}|{{index .l 5}}|{{index .l 9}}|{{index .l -1}}|{{index .l "a"}}|{{index .l nil}}|{{index .l 1.0}}|{{index .m "one"}}|{{index .m "nope"}}|{{index .m "nope" "x"}}|{{index .m 1}}
{{index .m nil}}|{{index .s 0}}|{{index .u 1}}|{{index .nil 0}}|{{index .i 0}}|{{index .l}}|{{index .l 3 1}}|{{index .l 2 0}}|{{index .sm "k"}}|{{index .sm "nope"}}|{{index .by 4}}
{{slice .s 1 3}}|{{slice .u 1 3}}|{{slice .li 1}}|{{slice .li 1 4}}|{{slice .li 0 2 3}}|{{slice .s 0 1 2}}|{{slice .li 2 1}}|{{slice .m 1}}|{{slice .li .z}}|{{slice .li 1 2 3 4}}|{{slice .by 0 2}}
{{call .s}}|{{call nil}}|{{call .nope}}|{{call 1}}|{{.s | call}}|{{html .q}}|{{js .q .u}}|{{urlquery .q .u " "}}|{{html .nope .i}}|{{html nil}}|{{.raw | js}}|{{"\x00" | html}}|{{.raw}}
{{template "nope" .}}|{{include "nope" .}}|{{print .s .s}}|{{print 1 2}}|{{print "a" 1 2 "b"}}|{{print nil .nope}}|{{println 1 "a" nil}}|{{print .l .m}}|{{print .big .small .nz .inf .nan}}
é{{.s.x}}|
  é {{ .s.x }}|{{ index .m 1 | printf "x" }}|{{printf (len .m)}}|{{.m.two.y.x}}|{{(index .m "nope").x}}|{{(.m.two).y.x}}|{{fstring (fint 1)}}|{{1 | fstring}}|{{print (fstring (1))}}
"""
_FORMATS = """
%d|%5d|%-5d|%05d|%+d|% d|%x|%X|%#x|%o|%#o|%O|%b|%#b|%c|%q|%+q|%U|%#U|%v|%+v|%#v|%T|%s|%t|%e|%f|%g|%G|%E|%F|%8.3f|%-8.2f|%08.3f|%+.3e|%#g|%.3g|%#.3x|% x|%# x|%10s|%-10s|%.2s
%10.2q|%#q|%+v|%5t|%w|%z|%!|%|%%|%5%|%[1]d|%[2]d|%[0]d|%[1]*d|%*d|%.*d|%[x]d|%[1|%-010d|%+-5d|%x|%.0d|%.3d|%8.3d|%+08d|%.1f|%6.2f|%b|%.3x|%X|%.0f|%.0e|%.20g|%.50f|%9999999d|%99999999d
"""


def _split(texts: str) -> list[str]:
    """Return the templates, which a bar or the end of a line separates, except in braces."""
    templates = [""]
    depth = 0
    for char in texts.strip("\n"):
        depth += {"{": 1, "}": -1}.get(char, 0)
        if char in "|\n" and depth <= 0:
            templates.append("")
            depth = 0
        else:
            templates[-1] += char
    return [text for text in templates if text]


_VALUES = [
    ".i",
    ".n",
    ".z",
    ".s",
    ".u",
    ".q",
    ".raw",
    ".f",
    ".fi",
    ".big",
    ".small",
    ".inf",
    ".nan",
    ".nz",
    ".t",
    ".nil",
    ".nope",
    ".l",
    ".m",
    ".ss",
    ".sm",
    ".by",
    ".i64",
    ".i32",
    ".u8",
    "1+2i",
]
FACTS: list[str] = [
    *_split(_LEXER),
    *_split(_PARSER),
    *_split(_EXECUTION),
    *(
        "".join(f'{{{{printf "%{form}" {value}}}}}\n' for value in _VALUES)
        for form in _FORMATS.strip().replace("\n", "|").replace("|%", "\0").removeprefix("%").split("\0")
        if not form.startswith("9999999")
    ),
    *(f'{{{{printf "{form}"}}}}' for form in ("%d %s", "%", "%5", "%[3]d", "%.", "%!", "%9999999d%9999999999d")),
    '{{printf "%d %d" 1}}',
    '{{printf "%d" 1 "a" nil}}',
    '{{printf "%[2]d %[1]d" 1 2}}',
    '{{printf "%[2]*[1]d|" 1 5}}',
    '{{printf "%-*d|%.*f|%*d" 5 1 2 1.5 "x" 3}}',
    '{{printf "%s" (printf "%v" .l)}}',
    "{{printf .i}}",
    '{{printf "%d" 3 | printf "%s-%s" "a"}}',
]  # fmt: skip

TEMPLATES: list[tuple[str, dict[str, str]]] = [
    ('{{template "x" .s}}|{{include "x" .i}}', {"a": '{{define "x"}}[{{.}}{{$}}]{{end}}'}),
    ('{{template "x" .s}}', {"a": '{{define "x"}}a{{end}}', "b": '{{define "x"}}b{{end}}'}),
    (
        '{{template "x" .s}}',
        {"a": '{{define "x"}}a{{end}}', "b": '{{define "x"}} {{/* */}}{{end}}'},
    ),
    ('{{template "x" .s}}', {"x": "text", "y": '{{define "x"}}y{{end}}'}),
    ('{{template "x" .s}}', {"x": "text", "w": '{{define "x"}}w{{end}}'}),
    ('\n\n {{template "x" .}}', {"f": '\n{{define "x"}}\n  {{- .s.x}}{{end}}'}),
    (
        '{{include "x" .}}',
        {"f": '{{define "x"}}é{{ include "y" . }}{{end}}{{define "y"}}\n{{ferr .i}}{{end}}'},
    ),
    ('{{$x := 1}}{{template "x" $x}}', {"f": '{{define "x"}}{{$x}}{{end}}'}),
    ('{{template "x" $x := .s}}{{$x}}', {"f": '{{define "x"}}{{$}}{{end}}'}),
    ('{{range .ll}}{{template "x" .}}{{end}}', {"f": '{{define "x"}}{{range $}}{{end}}{{end}}'}),
    ('{{define "t"}}a{{end}}b', {}),
    ('{{define "t"}}a{{end}} ', {}),
]
