"""The verdict for one object: parsed, found among the types, decoded, checked against its definition, then against the rules."""

import re

from kmanifest.engines.helm.lint.deprecations import DEPRECATIONS
from kmanifest.model.deadline import checked
from kmanifest.model.errors import KmanifestError, LimitError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import Any, Final, Mapping, NamedTuple
from kmanifest.validation.definitions import Definitions, is_served
from kmanifest.validation.packing import Version
from kmanifest.validation.places import Fault, Rules, Subject
from kmanifest.validation.structure import Structure
from kmanifest.validation.versions import load_definitions, parse_version
from kmanifest.yaml import load_documents, load_values
from kmanifest.yaml.split import Part, split_documents

LIFECYCLES: Final = {
    **DEPRECATIONS,
    "autoscaling/v2beta1 HorizontalPodAutoscaler": (
        "1.22",
        "1.25",
        "autoscaling/v2 HorizontalPodAutoscaler",
    ),
    "autoscaling/v2beta2 HorizontalPodAutoscaler": (
        "1.23",
        "1.26",
        "autoscaling/v2 HorizontalPodAutoscaler",
    ),
}
"""Deprecated in, removed in, and the replacement. The last two are no longer in k8s.io/api."""

DEFAULT_VERSION: Final[Version] = (1, 36)

# What the server reads in another way than kustomize: scalars such as `yes`, which are booleans to it, dates, and `<<`. The patterns begin with few
# characters, so that most of a file is skipped. Without braces and brackets, scalars are between blanks, and a set is faster.
_WORDS: Final = b"y Y yes Yes YES on On ON n N no No NO off Off OFF".split()
_WORDS_IN_BLOCKS: Final = frozenset((*_WORDS, *(word + b":" for word in _WORDS)))
_WORD: Final = re.compile(
    rb"[yYnNoO](?<=[\s:,\[{-].)(?:es|ES|o|O|n|N|ff|FF)?[ \t]*(?:[\r\n:,\]}#]|\Z)", re.DOTALL
)
_DATE: Final = re.compile(rb"-\d\d?-\d")


class Document(NamedTuple):
    """A document as the server reads it. `part`: its bytes.

    If it does not parse, `value` is None, `faults` has the reason, and `line` and `column` its position in the file.
    """

    value: Any
    part: Part
    faults: tuple[Fault, ...] = ()
    line: int = 0
    column: int = 0


class Validator:
    """Checks objects against one version of Kubernetes. It is made once for many objects."""

    __slots__ = ("_known_groups", "_structure", "definitions", "limits")

    def __init__(
        self,
        version: Version = DEFAULT_VERSION,
        rules: Rules | None = None,
        *,
        definitions: Definitions | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        if rules is None:
            from kmanifest.validation.rules import all_rules

            rules = all_rules()
        self.definitions = definitions or load_definitions(version)
        self.limits = limits
        self._structure = Structure(self.definitions, rules)
        self._known_groups: frozenset[str] | None = None

    def check_text(self, data: bytes) -> list[Fault]:
        """Return the faults of the YAML documents in some text."""
        faults: list[Fault] = []
        for document in read_documents(data, self.limits):
            faults += document.faults
            if document.value is not None:
                faults += self.check_object(document.value)
        return faults

    def check_object(self, body: Any) -> list[Fault]:
        """Return the faults of an object, in the order of its fields."""
        if not isinstance(body, Mapping):
            return [Fault((), "parse", "not a mapping")]
        faults = []
        for name in ("apiVersion", "kind"):
            value = body.get(name)
            if not isinstance(value, str) or not value:
                faults.append(Fault((name,), "discovery", f"{name} missing or not a string"))
        return faults or self._check_typed(body)

    def _check_typed(self, body: Mapping[str, Any]) -> list[Fault]:
        api_version, kind = body["apiVersion"], body["kind"]
        index = self.definitions.find(api_version, kind)
        if index is None or not is_served(api_version, kind):
            return [self._no_match(api_version, kind, is_known=index is not None)]
        group = api_version.rpartition("/")[0]
        subject = Subject(body, group, api_version, kind, self.definitions.version)
        walk = self._structure.check(index, subject)
        structural = self._deprecation(subject) + walk.faults
        if not walk.is_decoded:
            return structural
        walk.faults = []
        walk.run_rules()
        places = {fault.path for fault in walk.faults}
        # A rule has the server's message for a field that the schema refuses as well.
        kept = [
            fault
            for fault in structural
            if fault.kind not in ("required", "enum") or fault.path not in places
        ]
        return without_misspelled([*kept, *walk.faults])

    def _no_match(self, api_version: str, kind: str, *, is_known: bool) -> Fault:
        definitions = self.definitions
        if api_version.rpartition("/")[0] not in self._groups() and "." in api_version:
            message = f'no schema for kind "{kind}" in version "{api_version}"'
            return Fault(("apiVersion",), "no-schema", message)
        has_kinds = any(
            known == api_version and is_served(known, name) for known, name in definitions.kinds()
        )
        message = f'no matches for kind "{kind}" in version "{api_version}"'
        near = definitions.near(api_version, kind)
        _, removed, replacement = LIFECYCLES.get(f"{api_version} {kind}", ("", "", ""))
        if is_known:
            message += " (a server with default settings does not serve it)"
        elif removed and parse_version(removed) <= definitions.version:
            message += f" (removed in Kubernetes {removed}{_use(replacement)})"
            near = ()
        return Fault(("kind" if has_kinds else "apiVersion",), "discovery", message, near)

    def _groups(self) -> frozenset[str]:
        """Return the groups of Kubernetes itself, also those that no version has any more."""
        if self._known_groups is None:
            types = (*self.definitions.kinds(), *(name.split(" ") for name in LIFECYCLES))
            self._known_groups = frozenset(version.rpartition("/")[0] for version, _ in types)
        return self._known_groups

    def _deprecation(self, subject: Subject) -> list[Fault]:
        type_ = f"{subject.api_version} {subject.kind}"
        deprecated, removed, replacement = LIFECYCLES.get(type_, ("", "", ""))
        if not deprecated or parse_version(deprecated) > subject.version:
            return []
        message = f"{type_} is deprecated in v{deprecated}+"
        if removed:
            message += f", unavailable in v{removed}+"
        return [Fault(("apiVersion",), "warning", message + _use(replacement))]


def _use(replacement: str) -> str:
    return f"; use {replacement}" if replacement else ""


def read_documents(data: bytes, limits: Limits = DEFAULT_LIMITS) -> list[Document]:
    """Read all documents of a file as the server does: sigs.k8s.io/yaml, YAMLToJSONStrict. Empty ones have the value None.

    Raises LimitError, and SourceError if the file can't be split into documents.
    """
    parts = split_documents(data, limits)
    try:
        values = load_documents(data, limits=limits)
    except LimitError:
        raise
    except KmanifestError:
        return [_read_part(part, limits) for part in checked(parts)]
    return [
        _read_part(part, limits) if _is_read_otherwise(part.data) else Document(value, part)
        for part, value in zip(parts, values, strict=True)
    ]


def _is_read_otherwise(data: bytes) -> bool:
    if b"<<" in data or _DATE.search(data) is not None:
        return True
    if b"[" in data or b"{" in data:
        return _WORD.search(data) is not None or data[:1] in _WORDS
    return not _WORDS_IN_BLOCKS.isdisjoint(data.split())


def _read_part(part: Part, limits: Limits) -> Document:
    """Read a document with the rules of go-yaml v2, and find its duplicate keys."""
    from kmanifest.yaml.positions import find_duplicate_keys

    try:
        value = load_values(part.data, limits=limits)
    except LimitError:
        raise
    except KmanifestError as error:
        location = error.location
        line = location.line + part.line if location.line else 0
        fault = Fault((), "parse", error.message)
        return Document(None, part, (fault,), line, location.column)
    faults = [
        Fault(duplicate.path, "duplicate-field", f'key "{duplicate.path[-1]}" already set in map')
        for duplicate in find_duplicate_keys(part.data)
    ]
    return Document(value, part, tuple(faults))


def without_misspelled(faults: list[Fault]) -> list[Fault]:
    """Return faults without those for a field that is missing because its name is misspelled next to it."""
    misspelled = {
        (*fault.path[:-1], name)
        for fault in faults
        if fault.kind == "unknown-field"
        for name in fault.near
    }
    if not misspelled:
        return faults
    return [fault for fault in faults if fault.kind != "required" or fault.path not in misspelled]
