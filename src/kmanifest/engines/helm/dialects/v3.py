"""Helm 3 as a dialect.

Source: helm v3.22.0.
"""

from kmanifest.engines.helm.charts.archive import MAX_FILE_BYTES
from kmanifest.engines.helm.charts.chart import LOCK, METADATA, Chart
from kmanifest.engines.helm.dialect import CommandRules, Dialect, DocumentRules, LoadRules
from kmanifest.engines.helm.manifests import HEAD, RANKS, split_manifests
from kmanifest.engines.helm.messages import Messages
from kmanifest.engines.helm.objects.builtin import Values
from kmanifest.engines.helm.objects.capabilities import make_capabilities
from kmanifest.engines.helm.values.layers import READERS, CoalesceRules, Warn, copy_defaults
from kmanifest.startup.lazy import lazy_function
from kmanifest.startup.typing import Callable, Final

_ENGINE: Final = "kmanifest.engines.helm"


def _accept_all(*_: object) -> None:
    """Do nothing: Helm 3 loads charts of every format."""


def _run_stage(_name: str, step: Callable[[], None], _warn: Warn) -> None:
    """Run a step of a render. Helm 3 does not name it in errors."""
    step()


_MESSAGES: Final = Messages()
HELM3: Final = Dialect(
    messages=_MESSAGES,
    loading=LoadRules(
        check_directory=_accept_all,
        check_archive=_accept_all,
        check_format=_accept_all,
        metadata=METADATA,
        lock=LOCK,
        max_file_bytes=MAX_FILE_BYTES,
    ),
    readers=READERS,
    coalescing=CoalesceRules(copy_defaults, _MESSAGES.coalescing),
    alias_dependency=lambda chart, alias: chart.shallow_copy(alias=alias),
    run_stage=_run_stage,
    make_capabilities=make_capabilities,
    make_functions=lazy_function(f"{_ENGINE}.templates.functions", "functions"),
    make_chart_object=Chart.object,
    values_type=Values,
    format_failure=lazy_function(f"{_ENGINE}.templates.engine", "format_failure"),
    documents=DocumentRules(split=split_manifests, head=HEAD, ranks=RANKS),
    commands=CommandRules(
        prefers_repository=False,
        lints_current_directory=True,
        lint_chart=lazy_function(f"{_ENGINE}.lint.linter", "lint_chart"),
    ),
)
