"""Helm v4 as a dialect. Source: helm v4.3.1."""

from collections.abc import Callable

from kmanifest.engines.helm.charts.archive import MAX_CHART
from kmanifest.engines.helm.dialect import Commands, Dialect, Documents, Loading
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.dialects.v4 import loading, manifests
from kmanifest.engines.helm.dialects.v4 import set_flags as setflags
from kmanifest.engines.helm.dialects.v4.dependencies import taken
from kmanifest.engines.helm.dialects.v4.messages import Words4, log_line
from kmanifest.engines.helm.dialects.v4.objects import Values4, chart_object, make_capabilities
from kmanifest.engines.helm.dialects.v4.values import copy_defaults
from kmanifest.engines.helm.values.layers import Coalescing, Readers, Warn
from kmanifest.model.errors import SourceError
from kmanifest.startup.lazy import lazy_function
from kmanifest.startup.typing import Final

_HOME: Final = "kmanifest.engines.helm.dialects.v4"


def _with_stage(name: str, step: Callable[[], None], warn: Warn) -> None:
    """Run a step whose failure is logged, and told with its name. Source: pkg/action/install.go, RunWithContext."""
    try:
        step()
    except SourceError as error:
        warn(log_line("ERROR", f"{name} failed", error=error.message))
        raise SourceError(f"{name} failed: {error.message}", location=error.location) from error


_WORDS: Final = Words4()
HELM4: Final = Dialect(
    words=_WORDS,
    loading=Loading(
        loading.check_directory,
        loading.check_archive,
        loading.check_format,
        loading.renamed(HELM3.loading.metadata),
        loading.renamed(HELM3.loading.lock),
        MAX_CHART,
    ),
    readers=Readers(
        loading.load_values,
        setflags.set_json,
        setflags.set_typed,
        setflags.set_strings,
        setflags.set_files,
        setflags.set_literal,
    ),
    coalescing=Coalescing(copy_defaults, _WORDS.coalescing),
    taken=taken,
    with_stage=_with_stage,
    make_capabilities=make_capabilities,
    functions=lazy_function(f"{_HOME}.functions", "functions"),
    chart_object=chart_object,
    table=Values4,
    told_failure=lazy_function(f"{_HOME}.execution_errors", "told_failure"),
    documents=Documents(manifests.split, manifests.HEAD4, manifests.RANKS4),
    commands=Commands(
        asks_repository_first=True,
        lints_here=False,
        lint_chart=lazy_function(f"{_HOME}.lint", "lint_chart"),
    ),
)
