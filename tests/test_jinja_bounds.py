"""Templates that try to leave the sandbox, or to use up memory and time: each ends with one clean error, or is small.

The numbers are those of the list of attacks of the project. t01 to t18 are shared data of the project.
"""

import resource
import time

import pytest

from kmanifest import (
    JinjaOptions,
    KmanifestError,
    LimitError,
    Limits,
    MemoryTree,
    Options,
    build,
    render_jinja,
)
from kmanifest.engines.jinja.options import Dialect

MAX_SECONDS = 20
MAX_KIBIBYTES = 700 << 10

LIB = {"_lib.j2": "{% import 'main.j2' as m %}{{ m }}"}
ENDLESS_BASES = {f"b{n}.j2": f"{{% extends 'b{n + 1}.j2' %}}" for n in range(10_000)}

REFUSED: tuple[tuple[str, str | bytes, dict[str, str], Dialect], ...] = (
    ("t19 import cycle", "{% import '_lib.j2' as lib %}{{ lib }}", LIB, ""),
    ("t20 endless macro", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", {}, ""),
    ("t21 closure", "{% macro m() %}{{ caller.__closure__ }}{% endmacro %}{% call m() %}{% endcall %}", {}, ""),
    ("t21 self", "{% block a %}{% endblock %}{{ self._TemplateReference__context }}", {}, ""),
    ("t21 loop", "{% for i in [1] %}{{ loop.__class__ }}{% endfor %}", {}, ""),
    ("t22 selectattr", "{{ ['a']|selectattr('__init__.__globals__')|list }}", {}, ""),
    ("t22 sort", "{{ ['a', 'b']|sort(attribute='__class__')|list }}", {}, ""),
    ("t23 mod", "{{ '%s'.__mod__('a') }}", {}, ""),
    ("t23 format_map", "{{ '{a.__class__}'.format_map({'a': 1}) }}", {}, ""),
    ("t24 namespace", "{% set x = namespace(**cycler.__init__) %}", {}, ""),
    ("t25 xmlattr blank", "{{ {'a b': 1}|xmlattr }}", {}, ""),
    ("t25 xmlattr slash", "{{ {'a/b': 1}|xmlattr }}", {}, ""),
    ("t26 urlize", "{{ ('.' * 1000000)|urlize }}", {}, ""),
    ("t27 wordwrap", "{{ ('x' * 10000000)|wordwrap(1) }}", {}, ""),
    ("t28 cycle", "{% set l = [] %}{% do l.append(l) %}{{ l|tojson }}", {}, "kapitan"),
    ("t28 cycle yaml", "{% set l = [] %}{% do l.append(l) %}{{ l|to_yaml }}", {}, "kapitan"),
    ("t28 cycle printed", "{% set l = [] %}{% do l.append(l) %}{{ l }}", {}, "kapitan"),
    ("t29 include", "{% include ['a'] * 10 ** 7 %}", {}, ""),
    ("t29 include fewer", "{% include ['a'] * 10 ** 5 %}", {}, ""),
    ("t30 digits", "{{ 10 ** 5000 }}", {}, ""),
    ("t30 string", "{{ (10 ** 5000)|string }}", {}, ""),
    ("t30 product", "{% set ns = namespace(n=10) %}{% for i in range(99) %}{% set ns.n = ns.n * ns.n %}{% endfor %}", {}, ""),
    ("t30 sum", "{% set ns = namespace(n=1) %}{% for i in range(99999) %}{% set ns.n = ns.n + ns.n %}{% endfor %}", {}, ""),
    ("t30 difference", "{% set ns = namespace(n=1) %}{% for i in range(99999) %}{% set ns.n = ns.n - (0 - ns.n) %}{% endfor %}", {}, ""),
    ("t31 join", "{% for x in ''.join %}{% endfor %}", {}, ""),
    ("t31 cycler", "{% for i in cycler('a') %}{% endfor %}", {}, ""),
    ("t33 NUL", "{% include 'a\0b' %}", {}, ""),
    ("t33 parent", "{% include '../etc/passwd' %}", {}, ""),
    ("t33 backslash", "{% include '..\\\\etc\\\\passwd' %}", {}, ""),
    ("t33 absolute", "{% include '/etc/passwd' %}", {}, ""),
    ("t33 drive", "{% include 'C:/x' %}", {}, ""),
    ("t33 URL", "{% include 'https://example.com/x.j2' %}", {}, ""),
    ("t34 Latin-1", "a: é".encode("latin-1"), {}, ""),
    ("t34 UTF-16", "a: é".encode("utf-16"), {}, ""),
    ("t35 update", "{{ values.update({'a': 1}) }}", {}, ""),
    ("t35 nested", "{{ values.l[0].append(1) }}", {}, ""),
    ("t35 set", "{% set _ = values.l.clear() %}", {}, ""),
    ("t36 large", "{{ x }}" * 7_500_000, {}, ""),
    ("t36 many tokens", "{{ values.x }}" * 500_000, {}, ""),
    ("t37 many blocks", "{% if 1 %}{% endif %}" * 200_000, {}, ""),
    ("t38 cycle", "{% extends 'main.j2' %}", {}, ""),
    ("t38 levels", "{% extends 'b0.j2' %}", ENDLESS_BASES, ""),
    ("t40 alias bomb", "{{ values.bomb|from_yaml }}", {}, ""),
    ("t40 deep JSON", "{{ ('[' * 100000)|from_json }}", {}, ""),
    ("t40 deep YAML", "{{ ('[' * 100000)|from_yaml }}", {}, ""),
    ("t41 trans", "{% trans %}x{% endtrans %}", {}, ""),
    ("t41 debug", "{% debug %}", {}, ""),
    ("t42 tag", "{{ '!!python/object/apply:os.system [echo]'|from_yaml }}", {}, "ansible"),
    ("nested loops", "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", {}, ""),
    ("recursive loop", "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}", {}, ""),
    ("filter block", "{% filter center(10 ** 10) %}x{% endfilter %}", {}, ""),
    ("indent", "{{ ('\\n' * 10000)|indent(10 ** 6) }}", {}, ""),
    ("join", "{{ range(1000)|join('x' * 1000000) }}", {}, ""),
    ("str.join", "{{ ('x' * 1000000).join(['a'] * 1000) }}", {}, ""),
    ("replace", "{{ ('x' * 1000000)|replace('x', 'y' * 1000) }}", {}, ""),
    ("str.replace", "{{ ('x' * 1000000).replace('x', 'y' * 1000) }}", {}, ""),
    ("ljust", "{{ 'x'.ljust(10 ** 10) }}", {}, ""),
    ("format", "{{ '{:>10000000000}'.format(1) }}", {}, ""),
    ("format twice", "{{ '{:>{w}}'.format(1, w=10 ** 10) }}", {}, ""),
    ("batch", "{{ [1]|batch(10 ** 10, 'x')|list }}", {}, ""),
    ("slice", "{{ [1]|slice(10 ** 10)|list }}", {}, ""),
    ("round", "{{ 1.5|round(10 ** 9, 'floor') }}", {}, ""),
    ("sum of lists", "{{ ([[1] * 1000] * 9999)|sum(start=[]) }}", {}, ""),
    ("split", "{{ ('a,' * 9000000).split(',')|length }}", {}, ""),
    ("regex replacement", "{{ ('x' * 100000)|regex_replace('x', 'y' * 100000) }}", {}, ""),
    ("permutations", "{{ range(20)|permutations|list|length }}", {}, ""),
    ("product", "{{ [1, 2]|product(repeat=10 ** 9)|list }}", {}, ""),
    ("printed bomb", "{% set a = [1] * 10 %}{% set b = [a] * 1000 %}{% set c = [b] * 1000 %}{% set d = [c] * 1000 %}{{ d }}", {}, ""),
    ("compared bombs", "{% set a = [1] * 10 %}{% set b = [a] * 1000 %}{% set c = [b] * 1000 %}{% set d = [c] * 1000 %}{{ d == d + [] }}", {}, ""),
    ("JSON bomb", "{% set a = ['x' * 1000] * 1000 %}{% set b = [a] * 1000 %}{{ b|tojson }}", {}, ""),
    ("parentheses", "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", {}, ""),
    ("nested ifs", "{% if 1 %}" * 3000 + "{% endif %}" * 3000, {}, ""),
    ("nested loops in source", "{% for i in [] %}" * 25 + "{% endfor %}" * 25, {}, ""),
    ("translate", "{{ ('a' * 1000000).translate({97: 'b' * 1000000}) }}", {}, ""),
    ("format of bytes", "{{ '%10000000000d'.encode() % 1 }}", {}, ""),
    ("sum of bytes", "{% set ns = namespace(b='xxxxxxxx'.encode()) %}{% for i in range(40) %}{% set ns.b = ns.b + ns.b %}{% endfor %}", {}, ""),
    ("punycode", "{{ ('é' * 1000000).encode('punycode') }}", {}, ""),
    ("many searches", "{% set l = range(99999)|list %}{% for i in range(99999) %}{{ l.index(99998) }}{% endfor %}", {}, ""),
    ("many comparisons", "{% set l = range(99999)|list %}{% for i in range(99999) %}{{ loop.changed(l + [i]) }}{% endfor %}", {}, ""),
    ("long literal", "{{ " + "9" * 100_000 + " }}", {}, ""),
    ("long hexadecimal literal", "{{ 0x" + "f" * 1_000_000 + " // 3 }}", {}, ""),
    ("long number in a string", "{{ ('f' * 1000000)|int(0, 16) // 3 }}", {}, ""),
    ("long name", "{{ values['x' * 10000000] }}", {}, ""),
    ("long message", "{{ raise('x' * 10000000) }}", {}, ""),
    ("lipsum", "{{ lipsum() }}", {}, ""),
    ("random", "{{ [1, 2]|random }}", {}, ""),
)  # fmt: skip

SMALL: tuple[tuple[str, str, str], ...] = (
    ("t22 map", "{{ ['a']|map(attribute='__class__')|list }}", "[Undefined]"),
    ("t22 groupby", "{{ ['a']|groupby('__class__')|list }}", "[(Undefined, ['a'])]"),
    ("t26 a few dots", "{{ ('.' * 50000)|urlize|length }}", "50000"),
    ("t27 truncate", "{{ ('x ' * 5000000)|truncate|length }}", "254"),
    ("t30 infinity", "{{ 1e308 * 10 }}", "inf"),
    ("t32 dict", "{{ dict(**values.huge)|length }}", "100000"),
    ("t39 catastrophic", "{{ ('a' * 50000 ~ 'b')|regex_search('(a+)+$') }}", "None"),
    (
        "t39 alternation",
        "{{ ('a' * 50000 ~ 'b')|regex_replace('^(a|aa)+$', '') |length }}",
        "50001",
    ),
)

BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)
VALUES = {"x": 1, "l": [[]], "bomb": BOMB, "huge": {f"k{n}": n for n in range(100_000)}}


@pytest.mark.parametrize(
    ("template", "files", "dialect"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_refused(template: str | bytes, files: dict[str, str], dialect: Dialect):
    tree = MemoryTree({"main.j2": template, **files})
    start, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(KmanifestError) as caught:
        render_jinja("main.j2", tree=tree, values=VALUES, dialect=dialect)
    assert time.process_time() - start < MAX_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < MAX_KIBIBYTES
    error = caught.value
    assert "\n" not in str(error)
    assert error.location.file, error
    assert len(str(error)) < 1_200


@pytest.mark.parametrize(
    ("template", "expected"), [row[1:] for row in SMALL], ids=[row[0] for row in SMALL]
)
def test_bounded(template: str, expected: str):
    start = time.process_time()
    assert render_jinja("main.j2", tree={"main.j2": template}, values=VALUES) == expected
    assert time.process_time() - start < MAX_SECONDS


def test_a_render_leaves_nothing_for_the_next_one():
    files = {"main.j2": "{% do values.l.append(1) %}{% do values.l.append(2) %}{{ values.l }}"}
    values = {"l": [0]}
    for _ in range(2):
        assert render_jinja("main.j2", tree=files, values=values, dialect="kapitan") == "[0, 1, 2]"
    assert values == {"l": [0]}


def test_the_deadline_ends_a_template():
    slow = "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}"
    limits = Limits(deadline=0.05, max_steps=10**12)
    with pytest.raises(LimitError, match=r"main\.j2(:1)?: .*deadline"):
        render_jinja("main.j2", tree={"main.j2": slow}, limits=limits)


def test_limits_are_those_of_the_build():
    options = Options(limits=Limits(max_steps=10), engines=(JinjaOptions(values={"n": 99}),))
    with pytest.raises(LimitError, match="max_steps"):
        build(
            "a.yaml.j2",
            tree={"a.yaml.j2": "{% for i in range(values.n) %}{% endfor %}"},
            options=options,
        )


def _shared(levels: int, pair: str = "[ns.a, ns.a]") -> str:
    """Return a template that makes a value of a few cells whose text has two to the power of `levels` items."""
    return (
        "{% set ns = namespace(a=[1]) %}"
        f"{{% for i in range({levels}) %}}{{% set ns.a = {pair} %}}{{% endfor %}}"
    )


DEEP = "{% set ns = namespace(a=()) %}{% for i in range(4000) %}{% set ns.a = " + (
    "(" * 50 + "ns.a" + ",)" * 50 + " %}{% endfor %}"
)
TUPLES = (
    "{% set ns = namespace(a=1) %}{% for i in range(60) %}{% set ns.a = (ns.a, ns.a) %}{% endfor %}"
)

HASHES = (
    "{{ {ns.a: 1}|length }}", "{{ {}[ns.a] }}", "{{ {}.get(ns.a) }}", "{{ dict([(ns.a, 1)]) }}",
    "{{ dict([ns.a]|zip([1])) }}", "{{ [ns.a]|unique|list }}", "{{ ([ns.a]|zip([1]))|unique|list }}",
    "{{ [ns.a]|union([]) }}", "{{ [ns.a]|difference([ns.a]) }}", "{{ [{'key': ns.a, 'value': 1}]|items2dict }}",
    "{{ [{'k': ns.a}]|rekey_on_member('k') }}", "{{ 'a'|hash(ns.a) }}", "{{ 'a'|regex_search(ns.a) }}",
    "{{ 'a'|comment(ns.a) }}", "{{ [1]|map(ns.a)|list }}", "{% include ns.a %}", "{{ '1' is version('1', ns.a) }}",
    "{{ namespace([(ns.a, 1)]) }}", "{{ '{a}'.format_map([(ns.a, 1)]) }}",
)  # fmt: skip

PRINTS = (
    "{{ ns.a|md5 }}", "{{ ns.a|regex_search('a') }}", "{{ ns.a is version('1') }}", "{{ get_var([ns.a]) }}",
    "{{ raise(ns.a) }}", "{{ [1]|join(ns.a) }}", "{{ 'a'|replace('a', ns.a) }}", "{{ {}[ns.a] }}",
    "{{ '{0!r}'.format(ns.a) }}", "{{ ns|string }}", "{{ {1: ns.a}.values()|string }}", "{{ {1: ns.a}.values()|to_json }}",
    "{{ ns.a|human_to_bytes }}", "{{ ns.a|b64encode }}", "{{ 'a'|md5|regex_replace('a', ns.a) }}",
)  # fmt: skip


def _is_refused(template: str, deadline: float = 0.3) -> None:
    start = time.process_time()
    with pytest.raises(KmanifestError):
        render_jinja("main.j2", tree={"main.j2": template}, limits=Limits(deadline=deadline))
    assert time.process_time() - start < deadline + 2


@pytest.mark.parametrize("use", HASHES)
@pytest.mark.parametrize("value", [DEEP, TUPLES], ids=["deep", "shared"])
def test_what_is_hashed_is_counted_before(value: str, use: str):
    _is_refused(value + use)


@pytest.mark.parametrize("use", PRINTS)
def test_what_is_printed_is_counted_before(use: str):
    _is_refused(_shared(40) + use)


MULTIPLIED = (
    "{{ [1]|combinations(200000000)|list }}", "{{ [1]|permutations(200000000)|list }}",
    "{{ []|product(repeat=200000000)|list }}", "{{ [1]|combinations(10 ** 18)|list }}",
    "{{ ('\\n' * 2000)|comment(decoration='x' * 500000) }}", "{{ [[1] * 500]|tojson(1000000) }}",
    "{{ ('a ' * 30000)|wordwrap(1, wrapstring='x' * 40000) }}",
    "{{ ('http://aa.com ' * 500)|urlize(target='x' * 1000000) }}", "{{ ('%200Y' * 1500000)|strftime(0) }}",
    "{{ {'x' * 1000000: [{}] * 1000}|to_toml }}",
)  # fmt: skip


@pytest.mark.parametrize("template", MULTIPLIED)
def test_arguments_that_multiply_are_counted(template: str):
    _is_refused(template)


SLOW = (
    "{{ ('a' * 2000000).encode().decode('punycode') }}",
    "{{ ('a' * 2000).encode('idna') }}",
    "{{ 'a'|regex_replace('b', '\\\\g<0>' * 400000 ~ '\\\\q') }}",
    "{{ ('a.' * 16000 ~ 'a = 1')|from_toml }}",
    "{{ ('x = {' ~ 'a.' * 16000 ~ 'a = 1}')|from_toml }}",
    "{{ 'a'|to_datetime('x' * 4000000) }}",
    "{{ (['a ' * 20000] * 190)|to_nice_yaml(width=2) }}",
)


@pytest.mark.parametrize("template", SLOW)
def test_loops_of_filters_end_with_the_deadline(template: str):
    _is_refused(template)


def test_the_line_of_an_error_is_found_in_linear_time():
    template = "{% for i in range(20000) %}- 1\n{% endfor %}]: ["
    start = time.process_time()
    with pytest.raises(KmanifestError):
        build("a.yaml.j2", tree={"a.yaml.j2": template}, options=Options(limits=Limits(deadline=2)))
    assert time.process_time() - start < 4
