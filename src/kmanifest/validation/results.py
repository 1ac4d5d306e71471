"""Results for files and for builds: one for each object, with findings that have a location."""

from kmanifest.model.deadline import check_time
from kmanifest.model.errors import FieldPath, LimitError, Location
from kmanifest.model.findings import Finding, Severity
from kmanifest.startup.typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Final,
    Iterable,
    Iterator,
    Literal,
    Mapping,
    NamedTuple,
)
from kmanifest.validation.objects import Document, Validator, read_documents
from kmanifest.validation.places import Fault
from kmanifest.validation.structure import MAX_FAULTS

if TYPE_CHECKING:
    from kmanifest.pipeline.rendered import Rendered

Status = Literal["valid", "invalid", "error", "skipped", "empty"]


_SOURCE: Final = b"# Source: "


class Settings(NamedTuple):
    """What counts and what is left out.

    `skip`, `reject`: kinds, or `apiVersion/Kind`. `ignore_missing_schemas`: skip types that are not part of Kubernetes.
    `is_strict`: unknown and duplicate fields are errors, otherwise warnings.
    """

    skip: frozenset[str] = frozenset()
    reject: frozenset[str] = frozenset()
    ignore_missing_schemas: bool = False
    is_strict: bool = True


class Result(NamedTuple):
    """The result for one object. It is in this `file` and `document`."""

    file: str
    document: int
    api_version: str
    kind: str
    namespace: str
    name: str
    status: Status
    findings: tuple[Finding, ...] = ()


Locate = Callable[[FieldPath], Location]


class Checker:
    """Checks objects with one validator and the same settings, and counts the findings."""

    __slots__ = ("_count", "settings", "validator")

    def __init__(self, validator: Validator, settings: Settings = Settings()) -> None:
        self.validator = validator
        self.settings = settings
        self._count = 0

    def check_file(self, data: bytes, file: str) -> Iterator[Result]:
        """Yield a result for each object in a file of YAML documents or JSON. A list of kind List counts as its items."""
        for index, document in enumerate(read_documents(data, self.validator.limits)):
            check_time()
            yield from self._check_document(document, file, index)

    def check_rendered(self, rendered: "Rendered") -> Iterator[Result]:
        """Yield a result for each resource of a build."""
        resources = rendered.read_only_resources
        for resource, read in zip(resources, self._read(rendered), strict=True):
            check_time()
            origin = resource.origin
            file = origin.file or origin.configured_in
            start = Location(file or read.template, document=origin.document)
            locate = _locator_of(rendered, start) if file else _without_position(start)
            result = self._check_object(read.body, (), start, locate, read.faults)
            yield result._replace(file=rendered.locate(Location(file)).file if file else start.file)

    def _read(self, rendered: "Rendered") -> "list[_Read]":
        """Return the resources as the server reads them: the text of templates goes to it as it is."""
        printed = [_Read(resource.body) for resource in rendered.read_only_resources]
        text = rendered.template_text
        if text is None:
            return printed
        documents = read_documents(text.encode("utf-8", "replace"), self.validator.limits)
        read = [
            _Read(document.value, document.faults, _template_of(document))
            for document in documents
            if isinstance(document.value, dict)
        ]
        is_same = [_identity(each.body) for each in read] == [
            _identity(each.body) for each in printed
        ]
        return read if is_same else printed

    def check_body(self, body: Mapping[str, Any]) -> Result:
        """Return the result for an object that is in no file."""
        return self._check_object(body, (), Location(), lambda field: Location(field=field), ())

    def _check_document(self, document: Document, file: str, index: int) -> Iterator[Result]:
        start = Location(file, document=index)
        locate = _Locator(document, start)
        if document.value is None:
            if not document.faults:
                yield Result(file, index, "", "", "", "", "empty")
                return
            location = start._replace(line=document.line, column=document.column)
            findings = [_finding(fault, location, self.settings) for fault in document.faults]
            yield Result(file, index, "", "", "", "", "error", tuple(findings))
            return
        for prefix, body in _objects(document.value):
            faults = tuple(
                fault for fault in document.faults if fault.path[: len(prefix)] == prefix
            )
            yield self._check_object(body, prefix, start, locate, faults)

    def _check_object(
        self,
        body: Any,
        prefix: FieldPath,
        start: Location,
        locate: Locate,
        faults: tuple[Fault, ...],
    ) -> Result:
        identity = _identity(body)
        settings = self.settings
        names = {identity[1], f"{identity[0]}/{identity[1]}"}
        result = Result(start.file, start.document or 0, *identity, "valid")
        if names & settings.skip:
            return result._replace(status="skipped")
        if names & settings.reject:
            message = f"prohibited resource kind {identity[1]}"
            location = locate((*prefix, "kind"))
            return result._replace(
                status="error", findings=(Finding("error", message, location, "rejected"),)
            )
        found = self.validator.check_object(body)
        if settings.ignore_missing_schemas and any(fault.kind == "no-schema" for fault in found):
            return result._replace(status="skipped")
        if not found and not faults:
            return result
        self._count += len(found) + len(faults)
        if self._count > MAX_FAULTS:
            raise LimitError(f"more than {MAX_FAULTS} findings")
        findings = [_finding(fault, locate(fault.path), settings) for fault in faults]
        for fault in found:
            path = (*prefix, *fault.path)
            location = locate(path)._replace(field=fault.path)
            findings.append(_finding(fault, location, settings))
        return result._replace(status=_status(findings), findings=tuple(findings))


def _locator_of(rendered: "Rendered", start: Location) -> Locate:
    return lambda field: rendered.locate(start._replace(field=field))


def _without_position(start: Location) -> Locate:
    return lambda field: start._replace(field=field)


class _Read(NamedTuple):
    """A resource of a build. `template`: the path of its template, as Helm prints it; empty if it has none."""

    body: Any
    faults: tuple[Fault, ...] = ()
    template: str = ""


def _template_of(document: Document) -> str:
    for line in document.part.data.split(b"\n", 2)[:2]:  # the first may be `---`
        if line.startswith(_SOURCE):
            return line[len(_SOURCE) :].decode("utf-8", "replace").strip()
    return ""


class _Locator:
    """Finds the position of a field in a document, which is parsed for the first field."""

    __slots__ = ("_document", "_index", "_start")

    def __init__(self, document: Document, start: Location) -> None:
        self._document = document
        self._start = start
        self._index: Any = None

    def __call__(self, field: FieldPath) -> Location:
        if self._index is None:
            from kmanifest.yaml.positions import PositionIndex  # for findings only

            self._index = PositionIndex(self._document.part.data)
        line, column = self._index.find(field)
        line = line + self._document.part.line if line else 0
        return self._start._replace(line=line, column=column, field=field)


def _finding(fault: Fault, location: Location, settings: Settings) -> Finding:
    severity: Severity = "error"
    if fault.kind == "warning" or (
        not settings.is_strict and fault.kind in ("unknown-field", "duplicate-field")
    ):
        severity = "warning"
    return Finding(severity, fault.message, location, fault.kind, fault.near)


def _status(findings: Iterable[Finding]) -> Status:
    errors = [finding for finding in findings if finding.severity == "error"]
    if not errors:
        return "valid"
    codes = ("parse", "discovery", "no-schema")
    return "error" if any(finding.code in codes for finding in errors) else "invalid"


def _objects(value: Any) -> list[tuple[FieldPath, Any]]:
    """Return the objects in a document, with their paths: kubectl reads the items of a List one by one."""
    if isinstance(value, dict) and value.get("kind") == "List" and value.get("apiVersion") == "v1":
        items = value.get("items")
        if isinstance(items, list):
            return [(("items", index), item) for index, item in enumerate(items)]
    return [((), value)]


def _identity(body: Any) -> tuple[str, str, str, str]:
    """Return `apiVersion`, `kind`, namespace and name, each empty if it is missing or no string."""
    if not isinstance(body, dict):
        return "", "", "", ""
    metadata = body.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    values = (
        body.get("apiVersion"),
        body.get("kind"),
        metadata.get("namespace"),
        metadata.get("name") or metadata.get("generateName"),
    )
    first, second, third, fourth = (value if isinstance(value, str) else "" for value in values)
    return first, second, third, fourth
