"""Helm v3 as a dialect. Source: helm v3.22.0."""

from collections.abc import Callable

from kmanifest.engines.helm.charts.archive import MAX_FILE
from kmanifest.engines.helm.charts.chart import LOCK, METADATA, Chart
from kmanifest.engines.helm.dialect import Commands, Dialect, Documents, Loading
from kmanifest.engines.helm.manifests import HEAD, RANKS, split
from kmanifest.engines.helm.messages import Words
from kmanifest.engines.helm.objects.builtin import Values
from kmanifest.engines.helm.objects.capabilities import make_capabilities
from kmanifest.engines.helm.values.layers import READERS, Coalescing, Warn, copy_defaults
from kmanifest.startup.lazy import lazy_function
from kmanifest.startup.typing import Final

_HOME: Final = "kmanifest.engines.helm"


def _nothing(*_: object) -> None:
    """Version 3 loads charts of every format."""


def _run(_: str, step: Callable[[], None], __: Warn) -> None:
    step()


_WORDS: Final = Words()
HELM3: Final = Dialect(
    words=_WORDS,
    loading=Loading(_nothing, _nothing, _nothing, METADATA, LOCK, MAX_FILE),
    readers=READERS,
    coalescing=Coalescing(copy_defaults, _WORDS.coalescing),
    taken=lambda chart, alias: chart.shallow(alias=alias),
    with_stage=_run,
    make_capabilities=make_capabilities,
    functions=lazy_function(f"{_HOME}.templates.functions", "functions"),
    chart_object=Chart.object,
    table=Values,
    told_failure=lazy_function(f"{_HOME}.templates.engine", "told_failure"),
    documents=Documents(split, HEAD, RANKS),
    commands=Commands(
        asks_repository_first=False,
        lints_here=True,
        lint_chart=lazy_function(f"{_HOME}.lint.linter", "lint_chart"),
    ),
)
