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
from kmanifest.typed import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kmanifest.gotemplate.values import Functions, GoError
    from kmanifest.helm.lint import Message, Settings
    from kmanifest.tree import Tree


def _nothing(*_: object) -> None:
    """Version 3 loads charts of every format."""


def _run(_: str, step: Callable[[], None], __: Warn) -> None:
    step()


def _functions(**given: Any) -> "Functions":
    from kmanifest.helm.funcs import functions  # a wrong chart needs none

    return functions(**given)


def _told_failure(error: "GoError") -> str:
    from kmanifest.helm.engine import told_failure  # for errors only

    return told_failure(error)


def _lint_chart(tree: "Tree", path: str, settings: "Settings", *, shown: str = "") -> "list[Message]":  # fmt: skip
    from kmanifest.helm.lint import lint_chart

    return lint_chart(tree, path, settings, shown=shown)


_WORDS: Final = Words()
HELM3: Final = Dialect(
    words=_WORDS,
    loading=Loading(_nothing, _nothing, _nothing, METADATA, LOCK, MAX_FILE),
    readers=READERS,
    coalescing=Coalescing(copy_defaults, _WORDS.coalescing),
    taken=lambda chart, alias: chart.shallow(alias=alias),
    with_stage=_run,
    make_capabilities=make_capabilities,
    functions=_functions,
    chart_object=Chart.object,
    table=Values,
    told_failure=_told_failure,
    documents=Documents(split, HEAD, RANKS),
    commands=Commands(asks_repository_first=False, lints_here=True, lint_chart=_lint_chart),
)
