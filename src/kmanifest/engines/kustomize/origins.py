"""The origin of an object and its transformations, which `buildMetadata` writes to annotations.

Source: kustomize v5.8.2 api/resource/origin.go; api/internal/target/kusttarget_configplugin.go.
"""

from kmanifest.engines.kustomize.annotations import origin_text
from kmanifest.pipeline.remote_bases import find_repository
from kmanifest.startup.typing import NamedTuple


class OriginPath(NamedTuple):
    """The path from the outermost kustomization to a file, or to the plug-in config that generated an object."""

    path: str = ""
    repo: str = ""
    ref: str = ""
    configured_in: str = ""
    api_version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""

    def child(self, path: str) -> "OriginPath":
        """Return the path to a file or directory named `path` here; a path to a remote one starts anew."""
        repository = find_repository(path)
        if repository is None:
            return OriginPath(_clean(self.path, path), self.repo, self.ref)
        from kmanifest.model.url_masking import mask_url  # few entries are URLs

        # kustomize writes its name for a clone that does not exist yet in place of the root directory.
        directory = _clean("", repository.directory) or "notCloned"
        # A login would otherwise be part of the output; kustomize prints it.
        return OriginPath(directory, mask_url(repository.clone_url), repository.ref)

    def for_config(
        self, file: str, api_version: str, kind: str, name: str = "", namespace: str = ""
    ) -> "OriginPath":
        """Return the path to the objects of a plug-in whose config is in `file` of this directory."""
        configured_in = _clean(self.path, file)
        return OriginPath(
            "", self.repo, self.ref, configured_in, api_version, kind, name, namespace
        )

    def text(self) -> str:
        """Return the YAML text of the annotation."""
        return origin_text(
            (
                ("path", self.path),
                ("repo", self.repo),
                ("ref", self.ref),
                ("configuredIn", self.configured_in),
                ("configuredBy.apiVersion", self.api_version),
                ("configuredBy.kind", self.kind),
                ("configuredBy.name", self.name),
                ("configuredBy.namespace", self.namespace),
            )
        )


def _clean(directory: str, path: str) -> str:
    """Join both and resolve `..` as far as possible.

    A leading `..` remains, because a path can lead above the outermost directory.
    """
    steps: list[str] = []
    for step in f"{directory}/{path}".split("/"):
        if step == ".." and steps and steps[-1] != "..":
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps)
