"""Executions: functions, objects, errors and limits. test_gotemplate_goldens.py compares the output with Go's."""

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from kmanifest.engines.helm.gotemplate.errors import ExecError
from kmanifest.engines.helm.gotemplate.execute import Execution, ExecutionLimits, execute
from kmanifest.engines.helm.gotemplate.parser import parse
from kmanifest.engines.helm.gotemplate.suspending import TemplateCall
from kmanifest.engines.helm.gotemplate.templates import TemplateSet
from kmanifest.engines.helm.gotemplate.values import Function, GoError, GoObject, Strings
from kmanifest.model.deadline import limited_by
from kmanifest.model.errors import LimitError
from kmanifest.model.limits import Limits
from kmanifest.pipeline.context import Meter

DEEP = '{{ define "x" }}{{ if lt . %d }}{{ include "x" (add1 .) }}{{ else }}{{ . }}{{ end }}{{ end }}{{ include "x" 0 }}'


class Version(GoObject):
    """A struct with a method and a `String()`."""

    go_type = "chart.Version"

    def fields(self) -> Mapping[str, Any]:
        return {"Major": 1, "Tags": Strings(["a"]), "Next": None}

    def methods(self) -> Mapping[str, Function]:
        return {
            "Plus": Function(lambda number: 1 + number, ("int",), "int"),
            "Fail": Function(failing),
        }

    def text(self) -> str | None:
        return "v1"

    def hidden(self) -> str:
        """A Python method that templates can't reach."""
        return "secret"


class Files(GoObject):
    """A map with bytes."""

    go_type = "files"
    kind = "map"

    def fields(self) -> Mapping[str, Any]:
        return {"a.txt": b"hi"}


def failing(*_: Any) -> Any:
    raise GoError("it failed")


def new_execution(text: str, **options: Any) -> tuple[Execution, str]:
    def include(name: str, data: Any) -> TemplateCall:
        return name, data, None, None, None, None

    functions = {
        "include": Function(include, ("string", "interface {}"), "string", suspending=True),
        "add1": Function(lambda number: number + 1, ("int",), "int"),
        "list": Function(lambda *values: list(values), ("...interface {}",), "[]interface {}"),
        "fail": Function(failing, ("interface {}",)),
        "now": Function(lambda: 7, (), "int", impure=True),
    }
    templates = TemplateSet("gotpl").with_parsed(
        parse("t", text, functions, suspending=["include"])
    )
    return Execution(templates, functions, suspending=["include"], **options), "t"


def render(text: str, data: Any = None, **options: Any) -> str:
    execution, name = new_execution(text, **options)
    return execution.execute(name, data)


def execution_error(text: str, data: Any = None, **options: Any) -> ExecError:
    with pytest.raises(ExecError) as caught:
        render(text, data, **options)
    return caught.value


def test_objects_have_fields_and_methods_but_no_python_attributes():
    data = {"v": Version(), "f": Files()}
    assert render("{{ .v.Major }} {{ .v.Plus 2 }} {{ 3 | .v.Plus }} {{ .v }}", data) == "1 3 4 v1"
    assert render('{{ printf "%T %v" .v .v }}', data) == "chart.Version v1"
    assert render('{{ index .f "a.txt" }}{{ range $k, $v := .f }}{{ $k }}{{ end }}', data) == (
        "[104 105]a.txt"
    )
    for name in ("hidden", "__class__", "go_type", "fields"):
        assert f"can't evaluate field {name} in type" in str(
            execution_error(f"{{{{ .v.{name} }}}}", data)
        )
    assert "can't evaluate field x in type []string" in str(
        execution_error("{{ .v.Tags.x }}", data)
    )
    assert "error calling Fail: it failed" in str(execution_error("{{ .v.Fail }}", data))
    assert "has arguments but cannot be invoked" in str(execution_error("{{ .v.Major 1 }}", data))
    assert "wrong number of args for Plus: want 1 got 0" in str(
        execution_error("{{ .v.Plus }}", data)
    )


def test_strings_and_lists_have_no_fields():
    for value in ("text", ["list"], 1, b"bytes", (1, 2)):
        if not isinstance(value, tuple):
            assert "can't evaluate field count" in str(execution_error("{{ .count }}", value))


def test_the_error_of_a_function_can_be_reached_through_includes():
    text = '{{ define "x" }}\n {{ fail . }}{{ end }}{{ include "x" 1 }}'
    error = execution_error(text)
    assert str(error) == (
        'template: t:2:25: executing "t" at <include "x" 1>: error calling include: '
        'template: t:2:4: executing "x" at <fail .>: error calling fail: it failed'
    )
    inner = error.cause
    assert isinstance(inner, ExecError)
    assert (error.name, inner.name, str(inner.cause)) == ("t", "x", "it failed")


def test_the_error_for_a_missing_template_names_the_root():
    execution, _ = new_execution("")
    with pytest.raises(GoError, match='no template "y" associated with template "gotpl"'):
        execution.execute("y", None)


def test_other_templates_can_be_executed_in_an_execution():
    execution, _ = new_execution('{{ define "x" }}a{{ end }}')
    other = TemplateSet("o").with_parsed(
        parse("o", '{{ define "x" }}b{{ end }}{{ template "x" }}', ())
    )
    assert execution.execute("o", None, other) + execution.execute("x", None) == "ba"


def test_impure_calls_are_reported_with_locations():
    calls: list[tuple[str, str, int, int]] = []
    render(
        'é{{ now }}\n{{ define "x" }}{{ now | print }}{{ end }}{{ range 2 }}{{ template "x" }}{{ end }}',
        on_impure=lambda *call: calls.append(call),
    )
    assert calls == [("now", "t", 1, 5), ("now", "t", 2, 19), ("now", "t", 2, 19)]


def test_includes_nest_within_the_default_recursion_limit():
    assert render(DEEP % 9_000) == "9000"


def test_includes_that_nest_too_deeply_are_a_limit():
    with pytest.raises(LimitError, match="nest too deeply"):
        render(DEEP % 150_000)


def test_an_execution_can_be_used_after_an_error():
    execution, name = new_execution(
        '{{ if eq . 1 }}{{ include "t" 2 }}{{ else if eq . 2 }}{{ fail 1 }}{{ end }}ok'
    )
    with pytest.raises(ExecError):
        execution.execute(name, 1)
    assert execution.execute(name, 3) == "ok"


def test_templates_nest_as_deep_as_go_lets_them():
    text = '{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}'
    assert "exceeded maximum template depth (100000)" in str(execution_error(text))


@pytest.mark.parametrize(
    ("text", "limit_name"),
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
def test_limits_are_enforced(text: str, limit_name: str):
    limits = ExecutionLimits(max_steps=300_000, max_output=100_000_000)
    with pytest.raises((LimitError, ExecError), match=limit_name):
        render(text, limits=limits)


def test_the_deadline_is_enforced():
    times = iter(range(1000))
    meter = Meter(Limits(deadline=5), lambda: next(times))
    with pytest.raises(LimitError, match="deadline"), limited_by(meter):
        render("{{ range 1000000000 }}{{ end }}")


def test_values_that_nest_deeply_are_a_limit():
    data: list[Any] = []
    for _ in range(100_000):
        data = [data]
    with pytest.raises(LimitError, match="nest too deeply"):
        render("{{ . }}", data)


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
    render("{{ range .m }}{{ . }}{{ end }}{{ slice .l 0 1 }}{{ index .l 0 }}{{ .m }}", data)
    assert data == {"l": [3, 1], "m": {"b": 1, "a": [None]}}
