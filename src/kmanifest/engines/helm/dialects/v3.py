"""Helm 3 as a dialect.

Source: helm v3.22.0.
"""

from collections.abc import Callable

from kmanifest.engines.helm.charts.archive import MAX_FILE
from kmanifest.engines.helm.charts.chart import LOCK, METADATA, Chart
from kmanifest.engines.helm.dialect import CommandRules, Dialect, DocumentRules, LoadRules
from kmanifest.engines.helm.manifests import HEAD, RANKS, split_manifests
from kmanifest.engines.helm.messages import Messages
from kmanifest.engines.helm.objects.builtin import Values
from kmanifest.engines.helm.objects.capabilities import make_capabilities
from kmanifest.engines.helm.values.layers import READERS, CoalesceRules, Warn, copy_defaults
from kmanifest.startup.lazy import lazy_function
from kmanifest.startup.typing import Final

_ENGINE: Final = "kmanifest.engines.helm"


def _accept_all(*_: object) -> None:
    """Do nothing: Helm 3 loads charts of every format."""


def _run_stage(_: str, step: Callable[[], None], __: Warn) -> None:
    step()


_MESSAGES: Final = Messages()
HELM3: Final = Dialect(
    messages=_MESSAGES,
    loading=LoadRules(_accept_all, _accept_all, _accept_all, METADATA, LOCK, MAX_FILE),
    readers=READERS,
    coalescing=CoalesceRules(copy_defaults, _MESSAGES.coalescing),
    aliased_dependency=lambda chart, alias: chart.shallow_copy(alias=alias),
    run_stage=_run_stage,
    make_capabilities=make_capabilities,
    functions=lazy_function(f"{_ENGINE}.templates.functions", "functions"),
    chart_object=Chart.object,
    values_type=Values,
    failure_message=lazy_function(f"{_ENGINE}.templates.engine", "failure_message"),
    documents=DocumentRules(split_manifests, HEAD, RANKS),
    commands=CommandRules(
        prefers_repository=False,
        lints_current_directory=True,
        lint_chart=lazy_function(f"{_ENGINE}.lint.linter", "lint_chart"),
    ),
)
