"""What comes out of one source: its resources, its text, and what was noticed on the way."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from kmanifest import yaml
from kmanifest.model.errors import FieldPath, KmanifestError, LimitError
from kmanifest.model.findings import CHANGED_FIELD, IMPURE, NO_EFFECT, Finding
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.startup.typing import Any, BinaryIO, Final

_DOCUMENTS_PER_CHUNK: Final = 32  # documents; few enough that their memory is used again

LocateError = Callable[[KmanifestError], KmanifestError]


class Rendered:
    """The result of a build: its resources, and its text, each made when it is first asked for if it is not there.

    A kustomization has resources first, and its text is printed from them. A chart has its text first (`from_text`), which
    stays as its templates wrote it, and its resources are read from that.
    What can't be printed is an error only then; `placed` adds to it what is known of its place, and to findings when
    they are asked for.
    """

    __slots__ = ("_findings", "_load", "_locate_error", "_located", "_resources", "_text", "limits")

    def __init__(
        self,
        resources: ResourceMap,
        findings: Iterable[Finding] = (),
        *,
        limits: Limits = DEFAULT_LIMITS,
        locate_error: LocateError = lambda error: error,
    ) -> None:
        self._resources: ResourceMap | None = resources
        self._text: str | None = None
        self._load: Callable[[], ResourceMap] = lambda: resources
        self._findings = tuple(findings)
        self._located: tuple[Finding, ...] | None = None
        self.limits = limits
        self._locate_error = locate_error

    @classmethod
    def from_text(
        cls,
        text: str,
        load: Callable[[], ResourceMap],
        findings: Iterable[Finding] = (),
        *,
        limits: Limits = DEFAULT_LIMITS,
    ) -> "Rendered":
        """The result whose text is there; `load` reads its resources, once, when they are asked for."""
        rendered = cls(ResourceMap(), findings, limits=limits)
        rendered._resources, rendered._text, rendered._load = None, text, load
        return rendered

    def with_findings(self, findings: Iterable[Finding], locate_error: LocateError) -> "Rendered":
        """Return the same result with `findings` before its own. `locate_error` completes the location of an error."""
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
        return rendered

    @property
    def resources(self) -> ResourceMap:
        """The resources in order; a KmanifestError where a text holds something else."""
        if self._resources is None:
            self._resources = self._load()
        return self._resources

    def __reduce__(self) -> tuple[Any, ...]:
        if self._text is not None:
            return _restore_text, (self._text, self.resources, self.findings, self.limits)
        return _restore, (self.resources, self.findings, self.limits)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed, in the order of the build; lines and columns are looked up when this is first asked for."""
        if self._located is None:
            self._located = tuple(map(self._with_position, self._findings))
        return self._located

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that a user should hear of unasked: all but what touches nothing, and what was touched."""
        return tuple(
            self._with_position(finding)
            for finding in self._findings
            if finding.code not in (NO_EFFECT, CHANGED_FIELD)
        )

    def _with_position(self, finding: Finding) -> Finding:
        if finding.code == IMPURE:  # in a template, which is told by the name that helm has for it
            return finding
        error = KmanifestError(finding.message, location=finding.location)
        return finding._replace(location=self._locate_error(error).location)

    def documents(self) -> Iterator[str]:
        """Each resource as one YAML document, in order; LimitError past `max_output`."""
        size = 0
        dumper = yaml.Dumper(self.limits)
        for resource in self.resources:
            try:
                text = dumper.dump(resource.body)
            except KmanifestError as error:
                origin, field = resource.origin, _unprintable_field(resource.body)
                located = error.within(file=origin.file, field=field, document=origin.document)
                raise self._locate_error(located) from error
            size += len(text)
            if size > self.limits.max_output:
                raise LimitError(
                    f"the output has more than {self.limits.max_output} characters (max_output)"
                )
            yield text

    def text(self) -> str:
        """All resources as YAML documents with `---` between them; empty where there are none.

        Source: kustomize v5.8.2 api/resmap/reswrangler.go, AsYaml.
        """
        if self._text is not None:
            return self._text
        return "---\n".join(self.documents())

    def write(self, stream: BinaryIO) -> None:
        """Write what `text` gives as UTF-8; nothing is written before all of it is printed."""
        stream.writelines(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """What `text` gives as UTF-8, in pieces, so that the output is never there twice; all of it is printed at once."""
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


def _unprintable_field(body: Any) -> FieldPath:
    """The first field whose value can't be printed; the empty path where each can by itself."""
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
