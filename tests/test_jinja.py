"""Jinja2 templates: targets of a build, the generator, the verb, the library, dialects and plug-ins."""

import base64
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kmanifest import (
    JinjaOptions,
    KmanifestError,
    MissingError,
    Options,
    Plugin,
    PluginError,
    RenderError,
    Reproducible,
    SourceError,
    build,
    default_registry,
    render_jinja,
)
from kmanifest.io.cache import MemoryCache
from tests.commands import Runner

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ values.name }}\n"
WEB = Options(engines=(JinjaOptions(values={"name": "web"}),))


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Runner:
    return Runner(capfd)


def text(template: str, **arguments: Any) -> str:
    return render_jinja("t.j2", tree={"t.j2": template}, **arguments)


# Targets of a build


def test_a_template_is_a_target():
    assert build("app/map.yaml.j2", tree={"app/map.yaml.j2": MAP}, options=WEB).text() == (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n"
    )


def test_a_directory_of_templates_is_a_target():
    files = {
        "app/b.yaml.j2": MAP.replace("{{", "b-{{"),
        "app/a.yml.j2": MAP,
        "app/c.json.j2": '{"kind": "Job", "metadata": {"name": "c"}}',
        "app/_lib.yaml.j2": "{{ undefined }}",
        "app/motd.j2": "{{ undefined }}",
        "app/values.yaml": "name: other",
        "app/sub/d.yaml.j2": "{{ undefined }}",
    }
    assert [each.name for each in build("app", tree=files, options=WEB)] == ["web", "b-web", "c"]


def test_a_directory_with_another_language_is_built_by_that():
    files = {"kustomization.yaml": "namePrefix: p-", "a.yaml.j2": "{{ undefined }}"}
    assert build(tree=files).text() == ""


def test_a_directory_without_manifests_is_an_error():
    with pytest.raises(MissingError, match=r"app: no template of manifests: \*\.yaml\.j2"):
        build("app", tree={"app/motd.j2": "x"})


def test_two_templates_with_one_resource_are_an_error():
    with pytest.raises(RenderError, match=r"b\.yaml\.j2: may not add ConfigMap/web.* in a\.yaml"):
        build(tree={"a.yaml.j2": MAP, "b.yaml.j2": MAP}, options=WEB)


def test_templates_can_be_in_subdirectories():
    files = {
        "t.j2": "{% import 'lib/m.j2' as m %}{{ m.name() }}{% include 'lib/i.j2' %}",
        "lib/m.j2": "{% macro name() %}m{% endmacro %}",
        "lib/i.j2": "i{% include 'lib/j.j2' %}",
        "lib/j.j2": "j",
    }
    assert render_jinja("t.j2", tree=files) == "mij"


def test_the_line_of_an_included_template_is_found():
    files = {
        "t.yaml.j2": "kind: ConfigMap\n{% include 'meta.j2' %}\n{% block data %}\ndata: {}\n{% endblock %}\n",
        "meta.j2": "metadata:\n  name: a\n {{ 'labels: {}' }}\n",
    }
    with pytest.raises(SourceError) as caught:
        build("t.yaml.j2", tree=files)
    assert (caught.value.location.file, caught.value.location.line) == ("meta.j2", 3)


# The generator


def generator(**fields: Any) -> dict[str, str]:
    config = {
        "apiVersion": "kmanifest.dev/v1alpha1",
        "kind": "JinjaGenerator",
        "metadata": {"name": "g"},
    }
    return {
        "k/kustomization.yaml": "namePrefix: p-\ngenerators: [g.yaml]\n",
        "k/g.yaml": json.dumps({**config, **fields}),
        "k/a.yaml.j2": MAP,
        "k/t/b.yaml.j2": MAP.replace("{{", "b-{{"),
        "k/v.yaml": "name: file\nother: 1\n",
    }


def test_a_generator_renders_templates_with_values():
    files = generator(templates=["a.yaml.j2", "t/b.yaml.j2"], values={"name": "inline"})
    assert [each.name for each in build("k", tree=files)] == ["p-b-inline", "p-inline"]


def test_inline_values_win_over_files_and_those_of_the_build_over_both():
    fields: dict[str, Any] = {"templates": ["a.yaml.j2"], "valuesFiles": ["v.yaml"]}
    names = [
        next(iter(build("k", tree=generator(**given), options=options))).name
        for given, options in (
            (fields, Options()),
            ({**fields, "values": {"name": "inline"}}, Options()),
            ({**fields, "values": {"name": "inline"}}, WEB),
        )
    ]
    assert names == ["p-file", "p-inline", "p-web"]


def test_the_environment_of_the_build_wins_over_that_of_the_config():
    fields: dict[str, Any] = {"templates": ["a.yaml.j2"], "env": {"env": "dev", "region": "eu"}}
    files = {
        **generator(**fields),
        "k/a.yaml.j2": "kind: Job\nmetadata: {name: {{ env.env }}-{{ env.region }}}\n",
    }
    assert [each.name for each in build("k", tree=files)] == ["p-dev-eu"]
    options = Options(engines=(JinjaOptions(env={"env": "prod"}),))
    assert [each.name for each in build("k", tree=files, options=options)] == ["p-prod-eu"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, r"k/g\.yaml.*templates: expected a list, got null"),
        ({"templates": []}, r"k/g\.yaml.*templates: specify at least one template"),
        ({"templates": ["c.j2"]}, r"k/g\.yaml.*templates\.0: no such file"),
        ({"templates": ["../x.j2"]}, r"k/g\.yaml.*templates\.0: .*no such file|security"),
        (
            {"templates": ["a.yaml.j2"], "vlaues": {}},
            r"vlaues: unknown field 'vlaues' \(did you mean values",
        ),
        ({"templates": ["a.yaml.j2"], "env": "dev"}, r"env: expected a mapping, got string"),
        ({"templates": ["a.yaml.j2"], "flat": "yes"}, r"flat: expected a boolean"),
        ({"templates": ["a.yaml.j2"], "dialect": "ansble"}, r"dialect: .*\(did you mean ansible"),
        ({"templates": ["a.yaml.j2"]}, r"k/a\.yaml\.j2:4:\d+: .*no attribute 'name'"),
    ],
)
def test_a_wrong_generator_is_refused(fields: dict[str, Any], problem: str):
    with pytest.raises(KmanifestError, match=problem):
        build("k", tree=generator(**fields))


def test_a_shared_cache_knows_the_values():
    cache = MemoryCache()
    files = generator(templates=["a.yaml.j2"])
    names = [
        next(
            iter(
                build(
                    "k",
                    tree=files,
                    cache=cache,
                    options=Options(engines=(JinjaOptions(values={"name": name}),)),
                )
            )
        ).name
        for name in ("a", "b", "a")
    ]
    assert names == ["p-a", "p-b", "p-a"]


# The verb


def test_the_verb_prints_the_text(run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "motd.j2").write_text(
        "{% if values.on %}\nHello {{ values.name }}: {{ values.answer }}\n{% endif %}\n"
    )
    (tmp_path / "a.yaml").write_text("name: a\non: true\nanswer: on\n")
    (tmp_path / "b.yaml").write_text("name: b\n")
    assert run("jinja", "motd.j2", "-f", "a.yaml", "-f", "b.yaml") == (0, "Hello b: on\n", "")
    outcome = run(
        "jinja", "motd.j2", "-f", "a.yaml", "--no-trim-blocks", "--no-keep-trailing-newline"
    )
    assert outcome.out == "\nHello a: on\n"
    assert (
        run("jinja", "motd.j2").err == "error: motd.j2:1:14: 'dict object' has no attribute 'on'\n"
    )
    assert run("jinja", "motd.j2", "-f", "c.yaml").err.startswith(
        "error: can't read --values c.yaml"
    )
    assert run("jinja").code == 2


def test_build_takes_values_for_templates(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "map.yaml.j2").write_text(MAP)
    (tmp_path / "flat.yaml.j2").write_text(MAP.replace("values.name", "name ~ '-flat'"))
    (tmp_path / "v.yaml").write_text("name: web\n")
    assert "name: web\n" in run("build", "map.yaml.j2", "-f", "v.yaml").out
    outcome = run("build", ".", "-f", "v.yaml", "--flat")
    assert outcome.out.count("kind: ConfigMap") == 2, outcome.err
    outcome = run("build", ".", "-f", "v.yaml", "--set", "name=x")
    assert outcome == (2, "", "error: --set sets values of charts; use --values for templates\n")


def test_substitution_flags(run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "map.yaml.j2").write_text("kind: ConfigMap\nmetadata: {name: '${a}-${b}'}\n")
    (tmp_path / "v.env").write_text("# comment\na=1=2\n")
    (tmp_path / "m.yaml").write_text("{kind: ConfigMap, metadata: {name: m}, data: {b: x, a: z}}")
    outcome = run("build", ".", "--substitute", "v.env", "--substitute-from", "m.yaml")
    assert "name: 1=2-x\n" in outcome.out
    outcome = run("build", ".", "--substitute", "v.env", "--substitute-strict")
    assert "variable not set (strict mode)" in outcome.err
    (tmp_path / "bad.env").write_text("a=1\nb\n")
    assert (
        run("build", ".", "--substitute", "bad.env").err
        == "error: bad.env:2: expected NAME=value\n"
    )


# The library


def test_undefined_values_are_errors_and_can_have_defaults():
    with pytest.raises(MissingError) as caught:
        text("{{ values.nmae }}", values={"name": 1})
    assert caught.value.near == ("name",)
    assert text("{{ values.x | default('d') }}") == "d"


def test_a_local_template_has_an_absolute_location(tmp_path: Path):
    path = tmp_path / "t.j2"
    path.write_text("{{ x }}")
    with pytest.raises(MissingError) as caught:
        render_jinja(path)
    assert caught.value.location.file == str(path.resolve())


def test_values_keep_their_types():
    values = {"i": 1_000_000, "f": 1.5, "s": "on", "l": [1, {"a": None}], "b": True}
    assert text("{{ values | to_json }}", values=values) == json.dumps(values)
    expected = 'i: 1000000\nf: 1.5\ns: "on"\nl:\n- 1\n- a: null\nb: true\n'
    assert text("{{ values | to_yaml }}", values=values) == expected
    assert text("{{ values | to_yaml(sort_keys=true) }}", values={"b": 1, "a": 2}) == "a: 2\nb: 1\n"
    assert text("{{ values | to_yaml(indent=4) }}", values={"a": {"b": 1}}) == "a:\n    b: 1\n"


def test_arguments_of_a_wrong_type_are_type_errors():
    for arguments in ({"values": 1}, {"env": 1}, {"dialect": "x"}, {"limits": 1}, {"registry": 1}):
        with pytest.raises(TypeError, match=next(iter(arguments))):
            text("", **arguments)


def test_the_record_is_immutable_and_hides_values():
    values = {"password": "hunter2", "l": [1]}
    options = JinjaOptions(values=values, dialect="kluctl")
    values["l"].append(2)  # type: ignore[attr-defined]
    assert options.values["l"] == [1]
    assert repr(options) == "JinjaOptions(values=Ellipsis, dialect='kluctl')"
    assert pickle.loads(pickle.dumps(options)) == options  # noqa: S301 - just pickled
    assert hash(options) == hash(options.replace())
    assert options != options.replace(flat=True)
    with pytest.raises(AttributeError):
        options.flat = True


def test_randomness_needs_a_seed():
    with pytest.raises(RenderError, match="shuffle needs a seed"):
        text("{{ [1, 2, 3] | shuffle }}")
    seeded = Reproducible(seed="s", now=1_700_000_000_000_000_000)
    first = text("{{ range(99) | shuffle }} {{ range(99) | random }}", reproducible=seeded)
    assert first == text("{{ range(99) | shuffle }} {{ range(99) | random }}", reproducible=seeded)
    assert text("{{ '%Y-%m-%d' | strftime }}", reproducible=seeded) == "2023-11-14"
    with pytest.raises(RenderError, match="strftime needs a time"):
        text("{{ '%Y' | strftime }}")


def test_functions_load_templates_through_the_tree():
    files = {
        "t.j2": "{{ load_template('a.j2', x=1) }} {{ load_base64('a.j2') }} {{ get_var('values.n', 2) }}",
        "a.j2": "{{ x }}{{ values.n }}",
    }
    encoded = base64.b64encode(b"{{ x }}{{ values.n }}").decode()
    assert render_jinja("t.j2", tree=files, values={"n": 5}) == f"15 {encoded} 5"
    with pytest.raises(MissingError, match=r"t\.j2:1"):
        text("{{ load_template('nope.j2') }}")
    with pytest.raises(SourceError, match="security"):
        render_jinja("d/t.j2", tree={"d/t.j2": "{{ load_base64('../x') }}", "x": ""})
    with pytest.raises(RenderError, match=r"t\.j2:1: no image"):
        text("{{ raise('no image') }}")


# Dialects


@pytest.mark.parametrize(
    ("template", "outputs"),
    [
        (
            "{{ {'b': [1], 'a': 'x'} | to_yaml }}",
            ("b:\n- 1\na: x\n", "a: x\nb: [1]\n", "b:\n- 1\na: x\n", "b:\n- 1\na: x\n"),
        ),
        ("{{ none | bool }}", ("False", "False", "None", "False")),
        (
            "{{ 'yes: yes' | from_yaml }}",
            ("{'yes': 'yes'}", "{True: True}", "{'yes': 'yes'}", "{True: True}"),
        ),
        ("{{ {'a': [1]} | to_toml }}", ("a = [1]\n", "a = [1]\n", "a = [ 1,]\n", "a = [1]\n")),
    ],
)
def test_dialects_differ_where_the_tools_do(template: str, outputs: tuple[str, ...]):
    found = (
        text(template),
        text(template, dialect="ansible"),
        text(template, dialect="kapitan"),
        text(template, dialect="kluctl"),
    )
    assert found == outputs


def test_bad_base64_is_an_error_except_in_ansible():
    assert text("{{ '@' | b64decode }}", dialect="ansible") == ""
    for dialect in ("", "kapitan", "kluctl"):
        with pytest.raises(RenderError, match="not the Base64 form of a text"):
            text("{{ 'gg==' | b64decode }}", dialect=dialect)


def test_only_dialects_with_mutable_values_have_do():
    template = "{% set l = [] %}{% do l.append(1) %}{{ l }}"
    assert text(template, dialect="kapitan") == "[1]"
    with pytest.raises(KmanifestError, match="unknown tag 'do'"):
        text(template)
    with pytest.raises(SourceError, match="'append' of 'list' object is unsafe"):
        text(template, dialect="ansible")


def test_the_functions_of_kluctl():
    files = {
        "t.j2": "{{ render('{{ 1 + 1 }}') }} {{ 'Ä b!' | slugify }} {{ load_base64('a.j2', 4) }}",
        "a.j2": "abcdef",
    }
    assert render_jinja("t.j2", tree=files, dialect="kluctl") == "2 a-b YWJj\nZGVm"
    for source in ("{{ x }}", "{{ 1 / 0 }}", "{% if %}"):
        with pytest.raises(KmanifestError, match=r"^t\.j2:1"):
            text(f"{{{{ render('{source}') }}}}", dialect="kluctl")


def test_autoescape_blocks():
    template = (
        "{% autoescape true %}{{ '<' }}{{ '<' ~ 1 }}{{ '<' | safe }}{% endautoescape %}{{ '<' }}"
    )
    assert text(template) == "&lt;&lt;1<<"
    template = "{% autoescape values.on %}{{ '<' ~ values.x }}{% endautoescape %}"
    assert text(template, values={"on": True, "x": "<"}) == "&lt;&lt;"
    assert text(template, values={"on": False, "x": "<"}) == "<<"


# Filters


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (r"{{ 'a-b' | regex_replace('(\\w)-(\\w)', '\\2-\\g<1>') }}", "b-a"),
        (r"{{ 'a1b2' | regex_findall('[a-z](\\d)') }}", "['1', '2']"),
        (r"{{ 'x=1' | regex_search('(?P<k>\\w)=', '\\g<k>') }}", "['x']"),
        ("{{ 'a.b' | regex_escape }}", r"a\.b"),
        ("{{ {'a': {'b': [1]}} | combine({'a': {'b': [2]}}, recursive=true, list_merge='append') }}", "{'a': {'b': [1, 2]}}"),
        ("{{ [{'name': 'a', 'x': 1}, {'name': 'a', 'y': 2}] | merge_strategic }}", "[{'name': 'a', 'x': 1, 'y': 2}]"),
        ("{{ 'a' is version('b', '<') }} {{ '1.10' is version('1.9', 'gt') }}", "True True"),
        ("{{ 1536 | human_readable }} {{ '1.5 KB' | human_to_bytes }}", "1.50 KB 1536"),
        ("{{ 'x' | sha256(8) }}", "2d711642"),
        ("{{ 'a: 1' | from_yaml }} {{ '[1]' | from_json }} {{ 'a = 1' | from_toml }}", "{'a': 1} [1] {'a': 1}"),
        ("{{ {'a': {'b': {'c': [1, 2]}}, 'd': 'x\"y'} | to_toml }}", 'd = "x\\"y"\n\n[a.b]\nc = [1, 2]\n'),
        ("{{ {'a': [{'b': 1}, {'b': 2}]} | to_toml }}", "[[a]]\nb = 1\n\n[[a]]\nb = 2\n\n"),
        ("{{ \"it's\" | quote }}", "'it'\"'\"'s'"),
    ],
)  # fmt: skip
def test_filters(template: str, expected: str):
    assert text(template) == expected


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'a' | regex_search('(') }}",
        r"{{ 'a' | regex_replace('(a)\\1', '') }}",
        "{{ 'a' | regex_search('(?=a)') }}",
        "{{ 'a: [' | from_yaml }}",
        "{{ '{' | from_json }}",
        "{{ 'a = ' | from_toml }}",
        "{{ 1 | to_toml }}",
        "{{ [1] | dict2items }}",
        "{{ 'x' | hash('nope') }}",
        "{{ 'x' | human_to_bytes }}",
    ],
)
def test_filters_refuse_what_they_cannot_use(template: str):
    with pytest.raises(KmanifestError, match=r"t\.j2:2: "):
        text(f"\n{template}")


# Plug-ins


def test_filters_of_plug_ins_get_copies():
    def grow(value: list[int], item: int = 0) -> list[int]:
        value.append(item)
        return value

    def fail(value: object) -> object:
        raise LookupError(value)

    registry = default_registry().with_plugins(
        [
            Plugin("jinja-filter", "grow", grow),
            Plugin("jinja-filter", "acme.fail", fail),
            Plugin("jinja-filter", "upper", fail),
        ]
    )
    template = "{{ values.l | grow(2) }} {{ values.l }} {{ 'a' | upper }}"
    assert text(template, values={"l": [1]}, registry=registry) == "[1, 2] [1] A"
    with pytest.raises(PluginError, match=r"t\.j2:1: acme\.fail: LookupError: x"):
        text("{{ 'x' | acme.fail }}", registry=registry)


def test_a_build_without_templates_imports_nothing_of_them(tmp_path: Path):
    (tmp_path / "kustomization.yaml").write_text("namePrefix: p-\n")
    program = (
        "import sys\nfrom kmanifest.cli.main import main\n"
        f"assert main(['build', {str(tmp_path)!r}]) == 0\n"
        "print([name for name in sys.modules if 'jinja' in name or 'flux' in name])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"
