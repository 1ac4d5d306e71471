"""Helm v3 as a dialect. Source: helm v3.22.0."""

from collections.abc import Callable

from kmanifest.helm.archive import MAX_FILE
from kmanifest.helm.capabilities import make_capabilities
from kmanifest.helm.chart import LOCK, METADATA, Chart
from kmanifest.helm.dialect import Commands, Dialect, Documents, Loading
from kmanifest.helm.manifests import HEAD, RANKS, split
from kmanifest.helm.objects import Values
from kmanifest.helm.values import READERS, Coalescing, Warn, copy_defaults
from kmanifest.helm.words import Words
from kmanifest.late import late
from kmanifest.typed import Final

_HOME: Final = "kmanifest.helm"


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
    functions=late(f"{_HOME}.funcs", "functions"),
    chart_object=Chart.object,
    table=Values,
    told_failure=late(f"{_HOME}.engine", "told_failure"),
    documents=Documents(split, HEAD, RANKS),
    commands=Commands(
        asks_repository_first=False, lints_here=True, lint_chart=late(f"{_HOME}.lint", "lint_chart")
    ),
)
