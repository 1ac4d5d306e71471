"""The variables of a substitution: inline, from ConfigMaps and Secrets, and from a file of `NAME=value` lines.

Source: fluxcd/pkg kustomize/kustomize_varsub.go, LoadVariables and varSubstitution.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping

from kmanifest import yaml
from kmanifest.io import tree as trees
from kmanifest.model.errors import KmanifestError, MissingError, SourceError, near_names
from kmanifest.model.limits import Limits
from kmanifest.model.values import as_list, as_mapping, as_string
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, NamedTuple
from kmanifest.yaml.split import split_documents

KINDS: Final = ("ConfigMap", "Secret")
NAME_PATTERN: Final = "^[_[:alpha:]][_[:alpha:][:digit:]]*$"


class VariableSource(NamedTuple):
    """A ConfigMap or a Secret with variables."""

    kind: str
    name: str
    namespace: str
    body: Mapping[str, Any]

    def variables(self) -> dict[str, str]:
        """Return the variables: the data of a ConfigMap, or of a Secret as the cluster would have it."""
        data = {
            name: as_string(value, ("data", name))
            for name, value in _mapping(self.body, "data").items()
        }
        if self.kind == "ConfigMap":
            return without_newlines(data)
        if "sops" in self.body:
            raise SourceError(
                f"Secret/{self.name} is encrypted: pass its variables with --substitute or --substitute-from"
            )
        decoded = {name: _decode(name, value) for name, value in data.items()}
        plain = _mapping(self.body, "stringData")
        return without_newlines(
            {
                **decoded,
                **{name: as_string(value, ("stringData", name)) for name, value in plain.items()},
            }
        )


def without_newlines(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables as Flux uses them: without line breaks in the values."""
    return {name: value.replace("\n", "") for name, value in variables.items()}


def check_names(variables: Iterable[str]) -> None:
    """Raise SourceError for a name that can't be that of a variable."""
    for name in variables:
        is_valid = name.isascii() and name.isidentifier()
        if not is_valid:
            raise SourceError(f"'{name}' var name is invalid, must match '{NAME_PATTERN}'")


def parse_assignments(text: str) -> dict[str, str]:
    """Return the variables of a file with a line `NAME=value` for each. A line that starts with `#` is a comment."""
    variables: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = line.lstrip().rstrip("\r").partition("=")
        if not equals:
            raise SourceError("expected NAME=value").within(line=number)
        variables[name.strip()] = value
    return variables


def load_objects(content: bytes, limits: Limits) -> list[Any]:
    """Return the documents of a file with the values that the API server would get: those of YAML 1.1."""
    objects: list[Any] = []
    for index, part in enumerate(split_documents(content, limits)):
        try:
            objects.append(yaml.load_values(part.data, limits=limits))
        except KmanifestError as error:
            location = error.location
            line = location.line + part.line if location.line else 0
            raise error.at(location._replace(line=line, document=index)) from error
    return objects


def load_sources(content: bytes, limits: Limits) -> list[VariableSource]:
    """Return the ConfigMaps and Secrets in a file of manifests."""
    found = []
    for document in load_objects(content, limits):
        if not isinstance(document, Mapping):
            continue
        bodies = document.get("items") if document.get("kind") == "List" else [document]
        for body in bodies if isinstance(bodies, list) else []:
            if isinstance(body, Mapping) and body.get("kind") in KINDS:
                metadata = body.get("metadata")
                names = metadata if isinstance(metadata, Mapping) else {}
                found.append(
                    VariableSource(
                        str(body["kind"]),
                        str(names.get("name", "")),
                        str(names.get("namespace", "")),
                        body,
                    )
                )
    return found


def variables_of(
    ctx: Context, file: str, body: Mapping[str, Any], given: Iterable[VariableSource]
) -> dict[str, str]:
    """Return the variables of a Flux Kustomization in a file: `substituteFrom` in order, then `substitute`.

    ConfigMaps and Secrets are those that are given, or in manifests next to the file.
    """
    post_build = _mapping(_mapping(body, "spec"), "postBuild", ("spec", "postBuild"))
    references = as_list(
        post_build.get("substituteFrom") or [], ("spec", "postBuild", "substituteFrom")
    )
    variables: dict[str, str] = {}
    sources: list[VariableSource] = []
    if references:
        sources = [*given, *_sources_next_to(ctx, file)]
    for index, reference in enumerate(references):
        field = ("spec", "postBuild", "substituteFrom", index)
        try:
            variables |= _variables_of_reference(body, as_mapping(reference), sources)
        except KmanifestError as error:
            raise error.within(file=file, field=field) from error
    inline = _mapping(post_build, "substitute", ("spec", "postBuild", "substitute"))
    field_of_inline = ("spec", "postBuild", "substitute")
    return variables | without_newlines(
        {name: as_string(value, (*field_of_inline, name)) for name, value in inline.items()}
    )


def _variables_of_reference(
    body: Mapping[str, Any], reference: Mapping[str, Any], sources: Iterable[VariableSource]
) -> dict[str, str]:
    kind, name = reference.get("kind"), str(reference.get("name", ""))
    if kind not in KINDS:
        return {}  # Flux ignores other kinds
    namespace = str(_mapping(body, "metadata").get("namespace", ""))
    for source in sources:
        is_same_namespace = "" in (namespace, source.namespace) or source.namespace == namespace
        if (source.kind, source.name) == (kind, name) and is_same_namespace:
            return source.variables()
    if reference.get("optional") is True:
        return {}
    near = near_names(name, [source.name for source in sources if source.kind == kind])
    raise MissingError(
        f"substitute from '{kind}/{name}': not found in the manifests next to this file; pass it with --substitute-from",
        near=near,
    )


def _sources_next_to(ctx: Context, file: str) -> list[VariableSource]:
    """Return the ConfigMaps and Secrets in a file, then in the other manifests of its directory."""
    directory = trees.parent(file)
    names = [name for name in ctx.tree.list(directory) if name.endswith((".yaml", ".yml"))]
    others = [trees.join(directory, name) for name in names]
    sources: list[VariableSource] = []
    for path in [file, *(other for other in others if other != file)]:
        if ctx.tree.kind(path) != "file":
            continue
        content = ctx.read_resolved(path)
        if not any(kind.encode() in content for kind in KINDS):
            continue
        try:
            sources += load_sources(content, ctx.options.limits)
        except KmanifestError:
            continue  # a file of another language; only manifests count
    return sources


def _mapping(body: Mapping[str, Any], name: str, field: tuple[str, ...] = ()) -> Mapping[str, Any]:
    return as_mapping(body.get(name) or {}, field or (name,))


def _decode(name: str, value: str) -> str:
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise SourceError("not the Base64 form of a text").within(field=("data", name)) from None
