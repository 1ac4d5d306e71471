"""The result of a build: its resources, its YAML text and its findings."""

from kmanifest import yaml
from kmanifest.model.deadline import TimeLimit, limited_by
from kmanifest.model.errors import FieldPath, KmanifestError, LimitError, Location
from kmanifest.model.findings import CHANGED_FIELD, IMPURE, NO_EFFECT, Finding
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.startup.typing import Any, BinaryIO, Callable, Final, Iterable, Iterator, Mapping

_DOCUMENTS_PER_CHUNK: Final = 32  # few enough documents that their memory is reused

LocateError = Callable[[KmanifestError], KmanifestError]


def _unlimited() -> None:
    """Return no limit, for results without a deadline."""


class Rendered:
    """The result of a build: resources and text. Each is computed from the other when it is first needed.

    Iteration yields the resources, and `len` counts them.

    A kustomization produces resources, and the text is printed from them. A chart produces text (`from_text`), and
    the resources are parsed from it. The text stays as the templates wrote it. A value that can't be printed raises
    an error only when the text is needed. `locate_error` completes the location of such an error. It also completes
    the locations of findings, when `findings` is first read.

    The bodies of `resources` are plain dictionaries and lists that belong to the caller: no other object contains them. A
    build shares parts of bodies, also with other builds, so they are copied when `resources` is first read.

    >>> from kmanifest import build
    >>> files = {"kustomization.yaml": "{resources: [job.yaml], bases: []}", "job.yaml": "{kind: Job, metadata: {name: a}}"}
    >>> rendered = build(tree=files)
    >>> len(rendered), [resource.name for resource in rendered], [finding.code for finding in rendered.findings]
    (1, ['a'], ['deprecated'])
    >>> print(rendered.text(), end="")
    kind: Job
    metadata:
      name: a
    """

    __slots__ = (
        "_findings",
        "_is_shared",
        "_load",
        "_locate_error",
        "_located",
        "_resources",
        "_rest_of_time",
        "_text",
        "limits",
    )

    def __init__(
        self,
        resources: ResourceMap,
        findings: Iterable[Finding] = (),
        *,
        limits: Limits = DEFAULT_LIMITS,
        locate_error: LocateError = lambda error: error,
    ) -> None:
        self._resources: ResourceMap | None = resources
        self._is_shared = True
        self._text: str | None = None
        self._load: Callable[[], ResourceMap] = lambda: resources
        self._findings = tuple(findings)
        self._located: tuple[Finding, ...] | None = None
        self.limits = limits
        self._locate_error = locate_error
        self._rest_of_time: Callable[[], TimeLimit | None] = _unlimited

    @classmethod
    def from_text(
        cls,
        text: str,
        load: Callable[[], ResourceMap],
        findings: Iterable[Finding] = (),
        *,
        limits: Limits = DEFAULT_LIMITS,
    ) -> "Rendered":
        """Return a result that has text. `load` parses its resources. It is called once, when they are first needed."""
        rendered = cls(ResourceMap(), findings, limits=limits)
        rendered._resources, rendered._text, rendered._load = None, text, load
        return rendered

    def with_findings(
        self,
        findings: Iterable[Finding],
        locate_error: LocateError,
        rest_of_time: Callable[[], TimeLimit | None] = _unlimited,
    ) -> "Rendered":
        """Return the same result with `findings` before its own. `locate_error` completes the location of an error.

        `rest_of_time` returns the limit of the time for what is still to be parsed and printed.
        """
        rendered = Rendered(
            ResourceMap(),
            (*findings, *self._findings),
            limits=self.limits,
            locate_error=locate_error,
        )
        rendered._resources, rendered._text, rendered._load = (
            self._resources,
            self._text,
            self._load,
        )
        rendered._is_shared = self._is_shared
        return rendered.with_time(rest_of_time)

    def with_time(self, rest_of_time: Callable[[], TimeLimit | None]) -> "Rendered":
        """Set the function that returns the limit of the time for what is still to be parsed and printed."""
        self._rest_of_time = rest_of_time
        return self

    @property
    def resources(self) -> ResourceMap:
        """The resources in order. Raises KmanifestError if the text is not valid manifests."""
        resources = self.read_only_resources
        if self._is_shared:
            copies = [resource.with_body(resource.copy_body()) for resource in resources]
            resources = self._resources = ResourceMap(copies)
            self._is_shared = False
        return resources

    @property
    def read_only_resources(self) -> ResourceMap:
        """The resources without a copy. Whoever changes their bodies changes the results of other builds."""
        if self._resources is None:
            with limited_by(self._rest_of_time()):
                self._resources = self._load()
        return self._resources

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def __len__(self) -> int:
        return len(self.resources)

    def find(self, kind: str, name: str, namespace: str | None = None) -> Resource:
        """Return the resource with this kind and name. `ResourceMap.find` describes the namespace and the errors."""
        return self.resources.find(kind, name, namespace)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the bodies as plain, independent copies that a caller may change.

        They consist of `dict`, `list`, `str`, `int`, `float`, `bool` and `None`. `dump` prints them with the same bytes as
        the resources.
        """
        from kmanifest.model.changes import plain_copy  # the command does not need it

        return [plain_copy(resource.body) for resource in self.read_only_resources]

    @property
    def raw_findings(self) -> tuple[Finding, ...]:
        """The findings without a look-up of lines and columns, for a build that goes on."""
        return self._findings

    def __reduce__(self) -> tuple[Any, ...]:
        if self._text is not None:
            return _restore_text, (self._text, self.read_only_resources, self.findings, self.limits)
        return _restore, (self.read_only_resources, self.findings, self.limits)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings in the order of the build. Lines and columns are looked up on the first access."""
        if self._located is None:
            self._located = tuple(map(self._with_position, self._findings))
        return self._located

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings to show by default: all but "no effect" and "changed field"."""
        return tuple(
            self._with_position(finding)
            for finding in self._findings
            if finding.code not in (NO_EFFECT, CHANGED_FIELD)
        )

    def _with_position(self, finding: Finding) -> Finding:
        if finding.code == IMPURE:  # its location is a template, under the name that Helm gives it
            return finding
        error = KmanifestError(finding.message, location=finding.location)
        return finding._replace(location=self._locate_error(error).location)

    @property
    def template_text(self) -> str | None:
        """The text as the templates wrote it, or None if it is printed from the resources."""
        return self._text

    def locate(self, location: Location) -> Location:
        """Return the location of a field of a source file with line and column, as far as the file has the field."""
        return self._locate_error(KmanifestError("", location=location)).location

    def documents(self) -> Iterator[str]:
        """Yield each resource as a YAML document, in order. Raises LimitError if they exceed `max_output`."""
        size = 0
        time_limit = self._rest_of_time()
        with limited_by(time_limit):
            dumper = yaml.Dumper(self.limits)
        for resource in self.read_only_resources:
            try:
                with limited_by(time_limit):
                    text = dumper.dump(resource.body)
            except KmanifestError as error:
                origin = resource.origin
                is_limit = isinstance(error, LimitError)  # of the whole document
                field = () if is_limit else unprintable_field(resource.body)
                located = error.within(file=origin.file, field=field, document=origin.document)
                raise self._locate_error(located) from error
            size += len(text)
            if size > self.limits.max_output:
                raise LimitError(
                    f"the output has more than {self.limits.max_output} characters (max_output)"
                )
            yield text

    def text(self) -> str:
        """Return all resources as YAML documents with `---` between them. Without resources the text is empty.

        Source: kustomize v5.8.2 api/resmap/reswrangler.go, AsYaml.
        """
        if self._text is not None:
            return self._text
        return "---\n".join(self.documents())

    def write(self, stream: BinaryIO) -> None:
        """Write the text as UTF-8. Nothing is written if a resource can't be printed."""
        stream.writelines(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Return the text as chunks of UTF-8, so that memory never holds the whole output twice.

        All resources are printed before this returns.
        """
        if self._text is not None:
            return iter((self._text.encode("utf-8", "surrogateescape"),))
        documents = list(self.documents())
        return (
            ("---\n" if start else "").encode()
            + "---\n".join(documents[start : start + _DOCUMENTS_PER_CHUNK]).encode()
            for start in range(0, len(documents), _DOCUMENTS_PER_CHUNK)
        )


def _restore(resources: ResourceMap, findings: tuple[Finding, ...], limits: Limits) -> Rendered:
    return Rendered(resources, findings, limits=limits)


def _restore_text(
    text: str, resources: ResourceMap, findings: tuple[Finding, ...], limits: Limits
) -> Rendered:
    return Rendered.from_text(text, lambda: resources, findings, limits=limits)


def unprintable_field(body: Any) -> FieldPath:
    """Return the first field whose value can't be printed, or the empty path if each value alone can be printed."""
    pending: list[tuple[FieldPath, Any]] = [((), body)]
    while pending:
        field, value = pending.pop()
        if isinstance(value, Mapping):
            pending.extend(((*field, key), value[key]) for key in reversed(value))
        elif isinstance(value, list):
            pending.extend(((*field, index), value[index]) for index in reversed(range(len(value))))
        else:
            try:
                yaml.dump(value)
            except KmanifestError:
                return field
    return ()
