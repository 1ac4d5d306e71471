"""Executions: runs, functions, objects, errors and bounds. What Go prints is in test_gotemplate_goldens.py."""

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from kmanifest.engines.helm.gotemplate.errors import ExecError
from kmanifest.engines.helm.gotemplate.execute import Bounds, Run, execute
from kmanifest.engines.helm.gotemplate.parser import parse
from kmanifest.engines.helm.gotemplate.templates import TemplateSet
from kmanifest.engines.helm.gotemplate.values import Function, GoError, GoObject, Strings
from kmanifest.model.errors import LimitError

DEEP = '{{ define "x" }}{{ if lt . %d }}{{ include "x" (add1 .) }}{{ else }}{{ . }}{{ end }}{{ end }}{{ include "x" 0 }}'


class Version(GoObject):
    """A struct with a method and a text."""

    go_type = "chart.Version"

    def fields(self) -> Mapping[str, Any]:
        return {"Major": 1, "Tags": Strings(["a"]), "Next": None}

    def methods(self) -> Mapping[str, Function]:
        return {"Plus": Function(lambda more: 1 + more, ("int",), "int"), "Fail": Function(failing)}

    def text(self) -> str | None:
        return "v1"

    def hidden(self) -> str:
        """No template reaches this."""
        return "secret"


class Files(GoObject):
    """A map with a method."""

    go_type = "files"
    kind = "map"

    def fields(self) -> Mapping[str, Any]:
        return {"a.txt": b"hi"}


def failing(*_: Any) -> Any:
    raise GoError("it failed")


def run_of(text: str, **more: Any) -> tuple[Run, str]:
    runs: list[Run] = []

    def include(name: str, data: Any) -> str:
        return runs[0].execute(name, data)

    functions = {
        "include": Function(include, ("string", "interface {}"), "string"),
        "add1": Function(lambda number: number + 1, ("int",), "int"),
        "list": Function(lambda *values: list(values), ("...interface {}",), "[]interface {}"),
        "fail": Function(failing, ("interface {}",)),
        "now": Function(lambda: 7, (), "int", impure=True),
    }
    templates = TemplateSet("gotpl").with_parsed(parse("t", text, functions))
    runs.append(Run(templates, functions, **more))
    return runs[0], "t"


def printed(text: str, data: Any = None, **more: Any) -> str:
    run, name = run_of(text, **more)
    return run.execute(name, data)


def refused(text: str, data: Any = None, **more: Any) -> ExecError:
    with pytest.raises(ExecError) as caught:
        printed(text, data, **more)
    return caught.value


def test_objects_have_fields_and_methods_and_no_attribute_of_python_s():
    data = {"v": Version(), "f": Files()}
    assert printed("{{ .v.Major }} {{ .v.Plus 2 }} {{ 3 | .v.Plus }} {{ .v }}", data) == "1 3 4 v1"
    assert printed('{{ printf "%T %v" .v .v }}', data) == "chart.Version v1"
    assert printed('{{ index .f "a.txt" }}{{ range $k, $v := .f }}{{ $k }}{{ end }}', data) == (
        "[104 105]a.txt"
    )
    for name in ("hidden", "__class__", "go_type", "fields"):
        assert f"can't evaluate field {name} in type" in str(refused(f"{{{{ .v.{name} }}}}", data))
    assert "can't evaluate field x in type []string" in str(refused("{{ .v.Tags.x }}", data))
    assert "error calling Fail: it failed" in str(refused("{{ .v.Fail }}", data))
    assert "has arguments but cannot be invoked" in str(refused("{{ .v.Major 1 }}", data))
    assert "wrong number of args for Plus: want 1 got 0" in str(refused("{{ .v.Plus }}", data))


def test_strings_and_lists_have_no_fields():
    for value in ("text", ["list"], 1, b"bytes", (1, 2)):
        if not isinstance(value, tuple):
            assert "can't evaluate field count" in str(refused("{{ .count }}", value))


def test_the_error_of_a_function_can_be_reached_through_includes():
    text = '{{ define "x" }}\n {{ fail . }}{{ end }}{{ include "x" 1 }}'
    error = refused(text)
    assert str(error) == (
        'template: t:2:25: executing "t" at <include "x" 1>: error calling include: '
        'template: t:2:4: executing "x" at <fail .>: error calling fail: it failed'
    )
    inner = error.cause
    assert isinstance(inner, ExecError)
    assert (error.name, inner.name, str(inner.cause)) == ("t", "x", "it failed")


def test_a_missing_template_is_told_with_the_root_s_name():
    run, _ = run_of("")
    with pytest.raises(GoError, match='no template "y" associated with template "gotpl"'):
        run.execute("y", None)


def test_other_templates_can_be_executed_in_a_run():
    run, _ = run_of('{{ define "x" }}a{{ end }}')
    other = TemplateSet("o").with_parsed(
        parse("o", '{{ define "x" }}b{{ end }}{{ template "x" }}', ())
    )
    assert run.execute("o", None, other) + run.execute("x", None) == "ba"


def test_impure_calls_are_told_with_their_places():
    seen: list[tuple[str, str, int, int]] = []
    printed(
        'é{{ now }}\n{{ define "x" }}{{ now | print }}{{ end }}{{ range 2 }}{{ template "x" }}{{ end }}',
        on_impure=lambda *place: seen.append(place),
    )
    assert seen == [("now", "t", 1, 5), ("now", "t", 2, 19), ("now", "t", 2, 19)]


def test_includes_nest_within_the_default_recursion_limit():
    assert printed(DEEP % 250) == "250"


def test_includes_beyond_python_s_stack_are_a_limit():
    with pytest.raises(LimitError, match="nest too deeply"):
        printed(DEEP % 100_000)


def test_a_run_is_good_after_an_error():
    run, name = run_of(
        '{{ if eq . 1 }}{{ include "t" 2 }}{{ else if eq . 2 }}{{ fail 1 }}{{ end }}ok'
    )
    with pytest.raises(ExecError):
        run.execute(name, 1)
    assert run.execute(name, 3) == "ok"


def test_templates_nest_as_deep_as_go_lets_them():
    text = '{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}'
    assert "exceeded maximum template depth (100000)" in str(refused(text))


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("{{ range 1000000000 }}{{ end }}", "max_steps"),
        ("{{ range 1000000 }}{{ range 1000000 }}x{{ end }}{{ end }}", "max_steps"),
        ('{{ define "x" }}{{ range 9 }}{{ template "x" }}{{ end }}{{ end }}{{ template "x" }}', "max_steps|100000"),
        ('{{ range 1000000000 }}{{ printf "%1000d" 1 }}{{ end }}', "max_output"),
        ('{{ $x := printf "%1000000d" 1 }}' + "{{ $x }}" * 200, "max_output"),
        ('{{ $x := "0123456789abcdef" }}' + "{{ $x = print $x $x }}" * 60, "max_string"),
        ('{{ printf "' + "%9999999d" * 100 + '" ' + "1 " * 100 + "}}", "max_string"),
        ("{{ $x := list 1 }}" + "{{ $x = list $x $x }}" * 60 + "{{ $x }}", "max_string"),
    ],
)  # fmt: skip
def test_bounds_hold(text: str, bound: str):
    bounds = Bounds(max_steps=300_000, max_output=100_000_000)
    with pytest.raises((LimitError, ExecError), match=bound):
        printed(text, bounds=bounds)


def test_a_deadline_holds():
    times = iter(range(1000))
    bounds = Bounds(deadline=5, clock=lambda: next(times))
    with pytest.raises(LimitError, match="deadline"):
        printed("{{ range 1000000000 }}{{ end }}", bounds=bounds)


def test_values_that_nest_deeply_are_a_limit():
    data: list[Any] = []
    for _ in range(100_000):
        data = [data]
    with pytest.raises(LimitError, match="nest too deeply"):
        printed("{{ . }}", data)


def test_templates_are_shared_by_threads():
    templates = TemplateSet().with_parsed(
        parse(
            "t",
            '{{ range $i := .n }}{{ $x := $i }}{{ template "x" $x }}{{ end }}{{ define "x" }}{{ . }},{{ end }}',
            (),
        )
    )
    results: dict[int, str] = {}

    def work(number: int) -> None:
        results[number] = execute(templates, "t", {"n": number}, {})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(200, 216)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {
        number: "".join(f"{index}," for index in range(number)) for number in range(200, 216)
    }


def test_data_is_never_changed():
    data = {"l": [3, 1], "m": {"b": 1, "a": [None]}}
    printed("{{ range .m }}{{ . }}{{ end }}{{ slice .l 0 1 }}{{ index .l 0 }}{{ .m }}", data)
    assert data == {"l": [3, 1], "m": {"b": 1, "a": [None]}}
