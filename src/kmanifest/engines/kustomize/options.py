"""The options of the Kustomize engine."""

from kmanifest.startup.typing import Literal, NamedTuple


class KustomizeOptions(NamedTuple):
    """Options for kustomizations, passed in `Options.engines`.

    `reorder`: order of the output, `legacy` or `none`; empty means the kustomization's `sortOptions`, or `legacy`.
    `managed_by_label`: add the label `app.kubernetes.io/managed-by`. `enable_helm`: render the charts of
    `helmCharts`.

    >>> from kmanifest import KustomizeOptions, Options
    >>> Options(engines=(KustomizeOptions(enable_helm=True),))
    Options(engines=(KustomizeOptions(enable_helm=True),))
    """

    reorder: Literal["", "legacy", "none"] = ""
    managed_by_label: bool = False
    enable_helm: bool = False

    def __repr__(self) -> str:
        from kmanifest.model.records import describe  # rarely printed

        return describe(self)
