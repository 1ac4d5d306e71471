"""Work ends at its deadline: functions of templates, builds, renders, executables, and the text of a result.

The figures are CPU seconds, and tolerant of a machine that is slow for a moment. `python -m tests.hostile` has the strict ones.
"""

import io
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kmanifest import ExecPluginOptions, LimitError, Options
from kmanifest.api import build
from kmanifest.engines.helm.charts.archive import _parse_pax_records, read_archive
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.templates.engine import _MAX_TPL_SETS, RenderSession
from kmanifest.engines.helm.templates.runtime import make_functions
from kmanifest.engines.kustomize.options import KustomizeOptions
from kmanifest.helm import render_chart
from kmanifest.io.runner import Command, ProcessRunner
from kmanifest.model.deadline import (
    check_time,
    in_slices,
    limited_by,
    seconds_left,
    sorted_in_slices,
)
from kmanifest.model.limits import Limits
from kmanifest.pipeline.context import Meter
from tests.hostile import Hostile, all_functions, function_cases, measure, workload_cases

META = "{apiVersion: v2, name: c, version: 1.0.0}"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="starts a shell")
SHORT = 0.03
TOLERANCE = 0.5  # CPU seconds: machines that are shared are slow for a moment
SIZE = 400_000


def ends_in_time(case: Hostile) -> bool:
    return any(measure(case, SHORT).seconds < SHORT + TOLERANCE for _ in range(3))


@pytest.mark.parametrize("name", sorted(all_functions()))
def test_functions_with_large_arguments(name: str):
    labels = (
        "e9=$x\\n' * n as 0",
        "é ' * n as all",
        "document as 0",
        "numbers as 0",
        "map as 0",
        "shared as 0",
        "many",
    )
    late = [
        case.name
        for case in function_cases(SIZE, match=name)
        if case.name.startswith(f"{name} ")
        and case.name.endswith(labels)
        and not ends_in_time(case)
    ]
    assert late == []


SLOW = (
    "bases",
    "chart",
    "helmCharts",
    "labels",
    "list",
    "merge patch",
    "names",
    "references",
    "replacements",
    "resources",
    "vars",
)


@pytest.mark.parametrize(
    "case",
    [case for case in workload_cases(0.5) if case.name.startswith(SLOW)],
    ids=lambda case: case.name,
)
def test_builds_and_renders(case: Hostile):
    assert ends_in_time(case)


# The hostile cases of which the deadline was not seen (F4, F5).
CHARTS = {
    "includes that fan out": "{{ define `d` }}{{ if lt . 26 }}{{ include `d` (add1 .) }}{{ include `d` (add1 .) }}{{ end }}{{ end }}{{ include `d` 1 }}",
    "templates that fan out": "{{ define `d` }}{{ if lt . 26 }}{{ template `d` (add1 .) }}{{ template `d` (add1 .) }}{{ end }}{{ end }}{{ template `d` 1 }}",
    "a dotted key": "{{ fromToml (print (repeat 4000 `a.`) `b = 1`) | len }}" * 2000,
    "replacements": "{{ $s := `a` }}{{ range until 24 }}{{ $s = regexReplaceAll `[a-b]` $s `aa` }}{{ end }}",
    "a replacement": "{{ regexReplaceAll `a` `a` (repeat 3000000 `$$`) | len }}",
    "loops": "{{ range until 5000 }}{{ range until 5000 }}{{ range until 5000 }}{{ end }}{{ end }}{{ end }}",
    "slow functions": "{{ range until 300 }}{{ bcrypt `x` }}{{ derivePassword 1 `long` `p` `u` `s` }}{{ end }}",
    "tpl": "{{ range until 900000 }}{{ tpl (printf `{{ %d }}` .) $ }}{{ end }}",
}  # fmt: skip


@pytest.mark.parametrize("name", CHARTS)
def test_charts_that_would_take_long(name: str):
    files = {"Chart.yaml": META, "templates/a.yaml": CHARTS[name]}
    case = Hostile(
        name, lambda: lambda: render_chart("", tree=files, limits=Limits(deadline=SHORT))
    )
    # One call of bcrypt or scrypt can't be ended.
    assert any(measure(case, 0).seconds < SHORT + 2 * TOLERANCE for _ in range(3))
    with pytest.raises(LimitError, match="deadline"):
        case.make()()


def test_charts_of_a_kustomization_share_its_deadline():
    """Each of the charts would end within the deadline alone (L7)."""
    loop = "a: {{ range until 20000 }}{{ upper `x` }}{{ end }}\nkind: K\napiVersion: v1\nmetadata: {name: {{ .Release.Name }}}\n"
    names = [f"c{index}" for index in range(40)]
    files = {
        "kustomization.yaml": "helmCharts:\n"
        + "".join(f"- {{name: {name}, releaseName: {name}}}\n" for name in names)
    }
    for name in names:
        files[f"charts/{name}/Chart.yaml"] = META.replace("name: c", f"name: {name}")
        files[f"charts/{name}/values.yaml"] = ""
        files[f"charts/{name}/templates/a.yaml"] = loop
    options = Options(limits=Limits(deadline=0.1), engines=(KustomizeOptions(enable_helm=True),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.monotonic", time.process_time)
        start = time.process_time()
        with pytest.raises(LimitError, match="deadline"):
            build(tree=files, options=options)
        assert time.process_time() - start < 0.1 + TOLERANCE


def test_charts_of_a_kustomization_share_its_limit_of_input():
    """Each of the charts is below the limit alone (M12)."""
    files = {"kustomization.yaml": "helmCharts: [{name: a}, {name: b}]\n"}
    for name in ("a", "b"):
        files[f"charts/{name}/Chart.yaml"] = META.replace("name: c", f"name: {name}")
        files[f"charts/{name}/values.yaml"] = ""
        files[f"charts/{name}/data"] = "x" * 60_000
    options = Options(
        limits=Limits(max_total_input=100_000), engines=(KustomizeOptions(enable_helm=True),)
    )
    with pytest.raises(LimitError, match="more than 100000 bytes of input"):
        build(tree=files, options=options)


def test_the_text_is_printed_within_the_deadline_of_the_build():
    now = [0.0]
    files = {
        "kustomization.yaml": "resources: [a.yaml]\n",
        "a.yaml": "{kind: K, apiVersion: v1, metadata: {name: a}}",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.monotonic", lambda: now[0])
        rendered = build(tree=files, options=Options(limits=Limits(deadline=5)))
        now[0] += 100  # time between the build and the printing does not count
        assert rendered.text() == build(tree=files).text()
        documents = rendered.documents()
        clock = iter([0.0, 0.0, 10.0, 10.0])
        patch.setattr("time.monotonic", lambda: next(clock, 10.0))
    meter = Meter(Limits(deadline=5), lambda: now[0])
    resume = meter.rest_of_time()
    limit = resume()
    assert limit is not None
    now[0] += 6
    with pytest.raises(LimitError, match="deadline"):
        limit.check_time()
    assert documents is not None


def test_work_inside_of_other_work_has_both_deadlines():
    now = [0.0]
    outer, inner = (Meter(Limits(deadline=seconds), lambda: now[0]) for seconds in (5, 9))
    with limited_by(outer):
        with limited_by(inner):
            assert seconds_left() == 5
            now[0] = 6
            with pytest.raises(LimitError, match="longer than 5 seconds"):
                check_time()
        now[0] = 1
        check_time()
    assert seconds_left() == float("inf")


def test_each_thread_has_its_own_deadline():
    files = {"Chart.yaml": META, "templates/a.yaml": CHARTS["loops"]}
    small = {
        "Chart.yaml": META,
        "templates/a.yaml": "a: {{ range until 30000 }}{{ upper `x` }}{{ end }}",
    }
    outcomes: dict[str, str] = {}

    def run(name: str, tree: Mapping[str, str], limits: Limits) -> None:
        try:
            outcomes[name] = str(len(render_chart("", tree=tree, limits=limits).text()))
        except LimitError as error:
            outcomes[name] = error.message

    threads = [
        threading.Thread(target=run, args=("ended", files, Limits(deadline=0.05))),
        threading.Thread(target=run, args=("done", small, Limits())),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == {
        "ended": "the build took longer than 0.05 seconds (deadline)",
        "done": "30037",
    }


@pytest.mark.parametrize("limited", [False, True])
def test_long_lists_and_strings_are_handled_in_slices(limited: bool):
    items = [f"x{index * 7919 % 100_003}" for index in range(100_003)]
    limit = Meter(Limits(deadline=600), time.monotonic) if limited else None
    with limited_by(limit):
        assert sorted_in_slices(items) == sorted(items)
        assert sorted_in_slices(items, lambda item: item[1:]) == sorted(
            items, key=lambda item: item[1:]
        )
        assert in_slices(str.upper, "ab" * 50_000) == "AB" * 50_000


# --- executables (M1) -------------------------------------------------------------------------------------------------


def shell(text: str, **settings: object) -> Callable[[], object]:
    runner = ProcessRunner(pass_variables=["inherit"], timeout=20)
    return lambda: runner.run_process(Command("/bin/sh", ("-c", text), **settings))  # type: ignore[arg-type]


@POSIX
def test_the_size_of_a_directory_is_checked_while_a_process_prints(tmp_path: Path):
    work = shell(
        f"while :; do echo x >&2; head -c 200000 /dev/zero >> {tmp_path}/a; done",
        output_directory=str(tmp_path),
        max_directory_size=1_000_000,
    )
    with pytest.raises(LimitError, match="bytes were written"):
        work()
    assert (tmp_path / "a").stat().st_size < 200_000_000


@POSIX
def test_a_process_has_ended_though_its_child_prints():
    start = time.monotonic()
    result = shell("(while :; do echo child >&2; sleep 0.005; done) & echo parent")()
    assert result.output.startswith(b"parent")  # type: ignore[attr-defined]
    assert time.monotonic() - start < 10


@POSIX
def test_a_process_ends_at_the_deadline_of_the_build():
    start = time.monotonic()
    with (
        pytest.raises(LimitError, match="deadline"),
        limited_by(Meter(Limits(deadline=0.3), time.monotonic)),
    ):
        shell("while :; do echo x; sleep 0.01; done")()
    assert time.monotonic() - start < 10


@POSIX
def test_an_exec_plugin_ends_at_the_deadline_of_the_build(tmp_path: Path):
    (tmp_path / "gen.sh").write_text("#!/bin/sh\nsleep 60\n")
    (tmp_path / "gen.sh").chmod(0o755)
    (tmp_path / "kustomization.yaml").write_text("generators: [g.yaml]\n")
    (tmp_path / "g.yaml").write_text(
        "apiVersion: v1\nkind: G\nmetadata:\n  name: g\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./gen.sh}\n"
    )
    options = Options(
        enable_plugins=True,
        allow_exec=True,
        limits=Limits(deadline=0.3),
        exec_plugins=ExecPluginOptions(timeout=50),
    )
    start = time.monotonic()
    with pytest.raises(LimitError, match="deadline"):
        build(tmp_path, options=options)
    assert time.monotonic() - start < 20


# --- archives and `tpl` (H4, M12) -------------------------------------------------------------------------------------


def test_records_of_headers():
    assert _parse_pax_records(b"8 a=b=c\n10 path=x\n5 b=\n") == {"a": "b=c", "path": "x", "b": ""}


def test_headers_of_an_archive_are_bounded_together():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for _ in range(40):
            header = tarfile.TarInfo("c/a")
            header.type = tarfile.XHDTYPE
            header.size = 6 * 80_000
            archive.addfile(header, io.BytesIO(b"6 a=b\n" * 80_000))
    with pytest.raises(LimitError, match="the headers of the chart archive have more than"):
        read_archive(stream.getvalue())


def test_template_sets_of_tpl_are_bounded():
    session = RenderSession(make_functions(dialect=HELM3), dialect=HELM3)
    for index in range(_MAX_TPL_SETS + 50):
        session._with_tpl_string(f"{{{{ {index} }}}}")
        session._with_tpl_string("{{ `often used` }}")
    assert len(session._tpl_sets) == _MAX_TPL_SETS
    assert any("often used" in text for _, text in session._tpl_sets)
