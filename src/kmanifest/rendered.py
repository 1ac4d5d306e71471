"""What comes out of one source: its resources, its text, and what was noticed on the way."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Literal, NamedTuple

from kmanifest import yaml
from kmanifest.errors import KmanifestError, LimitError, Location
from kmanifest.limits import DEFAULT_LIMITS, Limits
from kmanifest.resourcemap import ResourceMap

Severity = Literal["info", "warning", "error"]


class Finding(NamedTuple):
    """Something to be known that is no error of the build: a deprecated field, what a validator has to say."""

    severity: Severity
    message: str
    location: Location = Location()


class Rendered:
    """The result of a build. The text is printed from the resources when it is asked for."""

    __slots__ = ("_limits", "findings", "resources")

    def __init__(
        self,
        resources: ResourceMap,
        findings: Iterable[Finding] = (),
        *,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.resources = resources
        self.findings = tuple(findings)
        self._limits = limits

    def documents(self) -> Iterator[str]:
        """Each resource as one YAML document, in order; LimitError past `max_output`."""
        size = 0
        dumper = yaml.Dumper(self._limits)
        for resource in self.resources:
            try:
                text = dumper.dump(resource.body)
            except KmanifestError as error:
                raise error.within(
                    file=resource.origin.file, document=resource.origin.document
                ) from error
            size += len(text)
            if size > self._limits.max_output:
                raise LimitError(
                    f"the output has more than {self._limits.max_output} characters (max_output)"
                )
            yield text

    def text(self) -> str:
        """All resources as YAML documents with `---` between them; empty where there are none.

        Source: kustomize v5.8.2 api/resmap/reswrangler.go, AsYaml.
        """
        return "---\n".join(self.documents())

    def write(self, stream: BinaryIO) -> None:
        """Write what `text` gives as UTF-8; nothing is written before all of it is printed."""
        stream.write(self.text().encode())
