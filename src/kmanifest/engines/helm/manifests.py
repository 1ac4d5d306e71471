"""Split rendered files into documents, separate hooks, and sort all in install order.

Source: helm v3.22.0 pkg/releaseutil/manifest.go, manifest_sorter.go, kind_sorter.go.
"""

from kmanifest.engines.helm.dialect import Dialect
from kmanifest.engines.helm.formats.go_json import STRING, STRING_MAP, Shape, decode
from kmanifest.engines.helm.formats.go_yaml import load_yaml
from kmanifest.model.deadline import check_time, checked
from kmanifest.model.errors import SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import Any, Callable, Final, Iterable, Mapping, NamedTuple

SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""The characters that Go's `strings.TrimSpace` removes."""

_RE2_SPACE: Final = "\t\n\f\r "  # RE2's `\s`

INSTALL_ORDER: Final = (
    "PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy",
    "PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass", "PersistentVolume",
    "PersistentVolumeClaim", "CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding",
    "ClusterRoleBindingList", "Role", "RoleList", "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod",
    "ReplicationController", "ReplicaSet", "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob",
    "IngressClass", "Ingress", "APIService",
)  # fmt: skip
RANKS: Final[Mapping[str, int]] = {kind: rank for rank, kind in enumerate(INSTALL_ORDER)}

_HOOK_EVENTS: Final = {
    "pre-install": "pre-install", "post-install": "post-install", "pre-delete": "pre-delete", "post-delete": "post-delete",
    "pre-upgrade": "pre-upgrade", "post-upgrade": "post-upgrade", "pre-rollback": "pre-rollback",
    "post-rollback": "post-rollback", "test": "test", "test-success": "test",
}  # fmt: skip
HOOK: Final = "helm.sh/hook"

HEAD: Final = Shape(
    "struct",
    "releaseutil.SimpleHead",
    fields={
        "apiVersion": STRING,
        "kind": STRING,
        "metadata": Shape(
            "struct",
            'struct { Name string "json:\\"name\\""; Annotations map[string]string "json:\\"annotations\\"" }',
            fields={"name": STRING, "annotations": STRING_MAP},
        ),
    },
    struct="SimpleHead",
)


class Manifest(NamedTuple):
    """One document: the path of its template, its text and kind, and for a hook its events."""

    path: str
    text: str
    kind: str
    events: tuple[str, ...] = ()

    @property
    def is_test(self) -> bool:
        """Whether the document is a test hook."""
        return "test" in self.events

    def output_text(self) -> str:
        """Return the document as the output contains it."""
        return f"---\n# Source: {self.path}\n{self.text}\n"


class SortedManifests(NamedTuple):
    """The hooks and the other documents, each in install order."""

    hooks: list[Manifest]
    manifests: list[Manifest]


def split_manifests(text: str) -> list[str]:
    """Return the documents of a text, without surrounding white space.

    A separator is `---` at the start of a line, with the white space around it. Two separators in a row leave a
    document of three dashes: the first has consumed the line break that the second needs.

    Source: manifest.go, SplitManifests.
    """
    text = text.strip(SPACE)
    check_time()
    documents: list[str] = []
    start = at = 0
    while (at := text.find("---", at)) >= 0:
        check_time()
        if at and (text[at - 1] != "\n" or at - 1 < start):
            at += 1
            continue
        documents.append(text[start:at].rstrip(_RE2_SPACE))
        at += 3
        while at < len(text) and text[at] in _RE2_SPACE:
            check_time()
            at += 1
        start = at
    documents.append(text[start:])
    return [document.strip(SPACE) for document in documents if document]


def sort_manifests(
    files: Mapping[str, str],
    warn: Callable[[str], None],
    dialect: Dialect,
    limits: Limits = DEFAULT_LIMITS,
) -> SortedManifests:
    """Return the documents of all rendered files in install order. Raises SourceError if a document is not an object.

    Source: manifest_sorter.go, SortManifests.
    """
    hooks: list[Manifest] = []
    manifests: list[Manifest] = []
    for path in sorted(files, key=lambda name: name.encode("utf-8", "surrogateescape")):
        check_time()
        text = files[path]
        if path.rpartition("/")[2].startswith("_") or not text.strip(SPACE):
            continue
        check_time()
        for document in checked(dialect.documents.split(text)):
            kind, annotations = _read_head(document, path, dialect.documents.head, limits)
            if HOOK not in annotations:
                manifests.append(Manifest(path, document, kind))
            elif events := _parse_events(annotations[HOOK]):
                hooks.append(Manifest(path, document, kind, events))
            else:
                warn(dialect.messages.unknown_hook(annotations[HOOK]))
    return SortedManifests(
        sort_by_kind(hooks, dialect.documents.ranks),
        sort_by_kind(manifests, dialect.documents.ranks),
    )


def sort_by_kind(manifests: Iterable[Manifest], ranks: Mapping[str, int]) -> list[Manifest]:
    """Sort documents by kind: known kinds in install order, then the others by name. The sort is stable."""
    last = len(ranks)
    return sorted(
        manifests,
        key=lambda manifest: (
            ranks.get(manifest.kind, last),
            "" if manifest.kind in ranks else manifest.kind,
        ),
    )


def _read_head(
    document: str, path: str, shape: Shape, limits: Limits
) -> tuple[str, Mapping[str, str]]:
    """Return the kind and the annotations of a document."""
    try:
        value = load_yaml(document.encode("utf-8", "surrogateescape"), limits=limits)
        plain_head = _read_plain_head(value)
        if plain_head is not None:
            return plain_head
        head: dict[str, Any] = decode(value, shape) or {}
    except SourceError as error:
        raise SourceError(f"YAML parse error on {path}: {error.message}") from error
    return head.get("kind", ""), (head.get("metadata") or {}).get("annotations") or {}


def _read_plain_head(value: Any) -> tuple[str, Mapping[str, str]] | None:
    """Return the same for an object in the usual form. None if the fields must be decoded one by one."""
    if value.__class__ is not dict or value.get("apiVersion").__class__ is not str:
        return None
    kind, metadata = value.get("kind"), value.get("metadata")
    if kind.__class__ is not str or metadata.__class__ is not dict:
        return None
    annotations = metadata.get("annotations", {})
    if metadata.get("name").__class__ is not str or annotations.__class__ is not dict:
        return None
    if any(annotation.__class__ is not str for annotation in annotations.values()):
        return None
    return kind, annotations


def _parse_events(text: str) -> tuple[str, ...]:
    """Return the events that a hook annotation names, or none if one of them is unknown."""
    events = [_HOOK_EVENTS.get(name.strip(SPACE).lower()) for name in text.split(",")]
    return tuple(event for event in events if event) if all(events) else ()
