"""Split a file into documents as kyaml does: by its own rule, before any YAML is parsed.

Source: sigs.k8s.io/kustomize/kyaml kio/byteio_reader.go, splitDocuments and ByteReader.Read.
"""

import re

from kmanifest.model.deadline import checked
from kmanifest.model.errors import LimitError, Location, SourceError
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Final, NamedTuple

_SEPARATOR: Final = re.compile(rb"\n---([^\n]*)\n")
# The characters for which Go's unicode.IsSpace is true.
_SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"


class Part(NamedTuple):
    """The bytes of one document, and the line on which they start, counted from 0."""

    data: bytes
    line: int


def split_documents(data: bytes, limits: Limits) -> list[Part]:
    """The documents of a resource file. CRLF becomes LF, and each document but the last keeps its final line break.

    Raises SourceError if anything but a comment follows `---` on its line, LimitError for too much input.
    """
    check_size(data, limits)
    if b"\r\n" in data:
        data = data.replace(b"\r\n", b"\n")
    parts: list[Part] = []
    start = line = 0
    for match in checked(_SEPARATOR.finditer(data)):
        after = match.group(1).decode("utf-8", "replace").strip(_SPACE)
        end = match.start() + 1
        lines = line + data.count(b"\n", start, end)
        if after and not after.startswith("#"):
            raise SourceError(
                "text after the document separator `---`",
                location=Location(line=lines + 1, column=5),
            )
        parts.append(Part(data[start:end], line))
        if len(parts) >= limits.max_documents:
            raise LimitError(
                f"more than {limits.max_documents} documents in one file (limit max_documents)"
            )
        start, line = match.end(), lines + 1
    parts.append(Part(data[start:], line))
    return parts


def check_size(data: bytes, limits: Limits) -> None:
    """Refuse input that is larger than `limits.max_input_file`."""
    if len(data) > limits.max_input_file:
        raise LimitError(
            f"the file has {len(data)} bytes, {limits.max_input_file} are allowed (limit max_input_file)"
        )
