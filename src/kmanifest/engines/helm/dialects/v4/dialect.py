"""Helm 4 as a dialect.

Source: helm v4.3.1.
"""

from kmanifest.engines.helm.charts.archive import MAX_CHART_BYTES
from kmanifest.engines.helm.dialect import CommandRules, Dialect, DocumentRules, LoadRules
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.dialects.v4 import loading, manifests, set_flags
from kmanifest.engines.helm.dialects.v4.dependencies import alias_dependency
from kmanifest.engines.helm.dialects.v4.messages import Messages4, log_line
from kmanifest.engines.helm.dialects.v4.objects import (
    Values4,
    make_capabilities,
    make_chart_object,
)
from kmanifest.engines.helm.dialects.v4.values import copy_defaults
from kmanifest.engines.helm.values.layers import CoalesceRules, ValueReaders, Warn
from kmanifest.model.errors import SourceError
from kmanifest.startup.lazy import lazy_function
from kmanifest.startup.typing import Callable, Final

_PACKAGE: Final = "kmanifest.engines.helm.dialects.v4"


def _run_stage(name: str, step: Callable[[], None], warn: Warn) -> None:
    """Run a step of a render. If it fails, log that and raise the error with the name of the step.

    Source: pkg/action/install.go, RunWithContext.
    """
    try:
        step()
    except SourceError as error:
        warn(log_line("ERROR", f"{name} failed", error=error.message))
        raise SourceError(f"{name} failed: {error.message}", location=error.location) from error


_MESSAGES: Final = Messages4()
HELM4: Final = Dialect(
    messages=_MESSAGES,
    loading=LoadRules(
        check_directory=loading.check_directory,
        check_archive=loading.check_archive,
        check_format=loading.check_format,
        metadata=loading.with_v2_package(HELM3.loading.metadata),
        lock=loading.with_v2_package(HELM3.loading.lock),
        max_file_bytes=MAX_CHART_BYTES,
    ),
    readers=ValueReaders(
        loading.load_values,
        set_flags.set_json,
        set_flags.set_typed,
        set_flags.set_strings,
        set_flags.set_files,
        set_flags.set_literal,
    ),
    coalescing=CoalesceRules(copy_defaults, _MESSAGES.coalescing),
    alias_dependency=alias_dependency,
    run_stage=_run_stage,
    make_capabilities=make_capabilities,
    make_functions=lazy_function(f"{_PACKAGE}.functions", "functions"),
    make_chart_object=make_chart_object,
    values_type=Values4,
    format_failure=lazy_function(f"{_PACKAGE}.execution_errors", "format_failure"),
    documents=DocumentRules(
        split=manifests.split_manifests, head=manifests.HEAD4, ranks=manifests.RANKS4
    ),
    commands=CommandRules(
        prefers_repository=True,
        lints_current_directory=False,
        lint_chart=lazy_function(f"{_PACKAGE}.lint", "lint_chart"),
    ),
)
