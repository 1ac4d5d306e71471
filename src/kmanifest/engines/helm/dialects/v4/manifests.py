"""How Helm 4 splits and orders manifests."""

import re

from kmanifest.engines.helm.manifests import HEAD, RANKS, SPACE
from kmanifest.startup.typing import Final

HEAD4: Final = HEAD._replace(type="util.SimpleHead")
RANKS4: Final = {
    kind: rank
    for rank, kind in enumerate(
        (*RANKS, "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
    )
}
"""Source: helm v4.3.1 pkg/release/v1/util/kind_sorter.go, InstallOrder."""


def split_manifests(text: str) -> list[str]:
    """Return the documents of a text, with their trailing white space.

    Source: pkg/release/v1/util/manifest.go, SplitManifests.
    """
    parts = re.split(r"^---[ \t]*", text.lstrip(SPACE), flags=re.MULTILINE)
    return [part.lstrip(SPACE) for part in parts if part.strip(SPACE)]
