"""Flux' substitution. Expected results were printed by fluxcd/pkg envsubst v1.9.0."""

import pytest

from kmanifest.engines.flux.envsubst import EnvsubstError, expansions, parse, substitute
from kmanifest.model.errors import LimitError

VARIABLES = {"a": "alpha", "n": "42", "u": "éa€", "p": "/usr/lib/a.tar.gz", "b": "", "x": "a-b-c"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain $a $(a) $", "plain $a $(a) $"),
        ("$${a} $$$${a} $$$a", "${a} $${a} $$a"),
        ("${a:1:-1} ${a:0:-9}|", "lph |"),
        ("${b:-${zz:=${a}!}}", "alpha!"),
        ("${a^,}${a^}${a^^}", "alphaAlphaALPHA"),
        ("${x//-/}", "abc"),
        ("${x/-/\\/}", "a/b-c"),
        ("${p##*/} ${p%.*} ${p%%.*}", "a.tar.gz /usr/lib/a.tar /usr/lib/a"),
        ("${a#[a-m]} ${a#?} ${a%[!}", "lpha lpha alpha"),
        ("${u:0:2} ${#u}", "é 6"),
        ("${a:99999999999999999999}", "alpha"),
        ("end\0${a}", "end"),
    ],
)
def test_substitutions(text: str, expected: str):
    assert substitute(text, VARIABLES) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("${}", "unable to parse variable name"),
        ("${a", "missing closing brace"),
        ("${a[*]}", "missing closing brace"),
        ("${!a}", "unable to parse variable name"),
        ("${a:}", "unable to parse substitution within function"),
        ("${a:é}", "bad substitution"),
        ("${a:", "bad substitution"),
        ("${a/x}", "bad substitution"),
        ("${#}", "bad substitution"),
        ("${a:-", "unable to parse substitution within function"),
    ],
)
def test_invalid_substitutions(text: str, problem: str):
    with pytest.raises(EnvsubstError) as caught:
        substitute(f"1\n{text}", VARIABLES)
    assert caught.value.message == problem
    assert caught.value.offset == 2


def test_a_strict_substitution_needs_every_variable_without_a_default():
    assert substitute("${zz:-1}", {}, strict=True) == "1"
    with pytest.raises(EnvsubstError, match=r'variable not set \(strict mode\): "zz"'):
        substitute("${a:-${zz}}", {"a": "set"}, strict=True)


def test_a_part_of_a_character_is_kept_as_a_surrogate():
    assert substitute("${u:0:1}", VARIABLES) == "\udcc3"
    assert substitute("${u:0:1}${u:1:1}", VARIABLES) == "é"


def test_all_substitutions_of_a_text_are_found():
    names = [expansion.name for expansion in expansions(parse("${a} $${b} ${c:-${d}}"))]
    assert names == ["a", "c", "d"]


@pytest.mark.parametrize(
    "text",
    [
        "${a//a/" + "x" * 1000 + "}",
        "${a:-" * 101 + "}" * 101,
        "${a}" * 1000,
        "${long##*b*c}",
        "${a##" + "*?" * 1000 + "}",
    ],
)
def test_results_are_bounded(text: str):
    with pytest.raises(LimitError):
        substitute(text, {"a": "a" * 1000, "long": "a" * 50_000}, max_size=100_000)
