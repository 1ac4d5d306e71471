"""CustomResourceDefinitions: names, versions, conversion and columns. Their schemas have a module of their own.

Source: k8s.io/apiextensions-apiserver v0.36.3 pkg/apis/apiextensions/validation/validation.go, after the defaults of
pkg/apis/apiextensions/v1/defaults.go.
"""

from kmanifest.startup.typing import Any, Final, Mapping, Sequence
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules import syntax
from kmanifest.validation.rules.admission import check_client, check_review_versions
from kmanifest.validation.rules.crd_schemas import check_root_schema, find_schema
from kmanifest.validation.rules.reading import (
    Faults,
    items_of,
    mapping_of,
    strings_of,
    text_of,
)

_COLUMN_TYPES: Final = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS: Final = (
    "byte", "date", "date-time", "double", "float", "int32", "int64", "password",
)  # fmt: skip
_SELECTABLE: Final = frozenset({"string", "boolean", "integer"})
_MAX_SELECTABLE: Final = 8
_MAX_WARNING: Final = 256
_APPROVED: Final = "api-approved.kubernetes.io"
_APPROVAL: Final = f'protected groups must have approval annotation "{_APPROVED}"'
_PROTECTED: Final = ("k8s.io", "kubernetes.io")


def check_definition(place: Place, report: Report) -> None:
    """Check the name of a CustomResourceDefinition, and the approval of its group."""
    faults = Faults(place, report)
    meta, spec = mapping_of(place.value, "metadata"), mapping_of(place.value, "spec")
    name, group = text_of(meta, "name"), text_of(spec, "group")
    plural = text_of(mapping_of(spec, "names"), "plural")
    for field in ("generateName", "name"):
        given = text_of(meta, field)
        if given and given != f"{plural}.{group}":
            detail = 'must be spec.names.plural+"."+spec.group'
            faults.invalid(("metadata", field), given, detail)
    if name and any(group == known or group.endswith(f".{known}") for known in _PROTECTED):
        annotation = text_of(mapping_of(meta, "annotations"), _APPROVED)
        _check_approval(faults.at("metadata", "annotations", _APPROVED), annotation)


def _check_approval(faults: Faults, annotation: str) -> None:
    """Source: pkg/apihelpers/helpers.go, GetAPIApprovalState."""
    see = "see https://github.com/kubernetes/enhancements/pull/1111"
    scheme, separator, rest = annotation.partition("://")
    if not annotation:
        faults.required((), f"{_APPROVAL}, {see}")
    elif not annotation.startswith("unapproved") and not (scheme and separator and rest):
        detail = f'{_APPROVAL} with either a URL or a reason starting with "unapproved", {see}'
        faults.invalid((), annotation, detail)


def check_spec(place: Place, report: Report) -> None:
    """Check the versions of a CustomResourceDefinition. Source: validateCustomResourceDefinitionSpec."""
    spec, faults = place.value, Faults(place, report)
    group, versions = text_of(spec, "group"), items_of(spec, "versions")
    problems = syntax.dns_subdomain(group)
    if not group:
        faults.required(("group",))
    elif problems:
        faults.invalid(("group",), group, ",".join(problems))
    elif "." not in group:
        faults.invalid(("group",), group, "should be a domain with at least one dot")
    if spec.get("preserveUnknownFields"):
        hint = "set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        faults.invalid(("preserveUnknownFields",), True, f"cannot set to true, {hint}")  # noqa: FBT003 - a value of JSON
    names = [text_of(version, "name") for version in versions]
    if len(set(names)) < len(names):
        faults.invalid(("versions",), names, "must contain unique version names")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        detail = "must have exactly one version marked as storage version"
        faults.invalid(("versions",), names, detail)
    for index, version in enumerate(versions):
        _check_version(faults.at("versions", index), version)
    conversion = spec.get("conversion")
    if conversion is not None:
        _check_conversion(faults.at("conversion"), conversion)


def _check_version(faults: Faults, version: Mapping[str, Any]) -> None:
    """Source: validateCustomResourceDefinitionVersion."""
    name = text_of(version, "name")
    problems = syntax.dns1035_label(name)
    if problems:
        faults.invalid(("name",), name, ",".join(problems))
    _check_warning(faults.at("deprecationWarning"), version)
    subresources = mapping_of(version, "subresources")
    schema = mapping_of(version, "schema").get("openAPIV3Schema")
    if schema is None:
        faults.required(("schema", "openAPIV3Schema"))
    else:
        at = faults.at("schema", "openAPIV3Schema")
        check_root_schema(at, schema, has_status=subresources.get("status") is not None)
        _check_selectable(faults.at("selectableFields"), version, schema)
    scale = subresources.get("scale")
    if scale is not None:
        _check_scale(faults.at("subresources", "scale"), scale)
    for index, column in enumerate(items_of(version, "additionalPrinterColumns")):
        _check_column(faults.at("additionalPrinterColumns", index), column)


def _check_warning(faults: Faults, version: Mapping[str, Any]) -> None:
    """Source: validateDeprecationWarning."""
    warning = version.get("deprecationWarning")
    if warning is None:
        return
    if not version.get("deprecated"):
        faults.invalid((), warning, "can only be set for deprecated versions")
        return
    if syntax.length(warning) > _MAX_WARNING:
        faults.invalid((), warning, f"must be <= {_MAX_WARNING} characters long")
    if not warning:
        faults.invalid((), warning, "must not be an empty string")
    elif not warning.isprintable():
        faults.invalid((), warning, "must only contain printable UTF-8 characters")


def _check_selectable(faults: Faults, version: Mapping[str, Any], root: Mapping[str, Any]) -> None:
    """Source: ValidateCustomResourceSelectableFields."""
    paths: set[str] = set()
    for index, field in enumerate(items_of(version, "selectableFields")):
        path = text_of(field, "jsonPath")
        if not path:
            faults.required((index, "jsonPath"))
            continue
        schema = find_schema(root, path, with_indexes=False)
        if schema is None:
            detail = "is an invalid path: does not refer to a valid field"
            faults.invalid((index, "jsonPath"), path, detail)
            continue
        if path.startswith(".metadata"):
            faults.invalid((index, "jsonPath"), path, "must not point to fields in metadata")
        if text_of(schema, "type") not in _SELECTABLE:
            detail = "must point to a field of type string, boolean or integer. "
            detail += "Enum string fields and strings with formats are allowed."
            faults.invalid((index, "jsonPath"), path, detail)
        if path in paths:
            faults.duplicate((index, "jsonPath"), path)
        paths.add(path)
    if len(paths) > _MAX_SELECTABLE:
        faults.too_many((), len(paths), _MAX_SELECTABLE)


def _check_scale(faults: Faults, scale: Mapping[str, Any]) -> None:
    """Source: ValidateCustomResourceDefinitionSubresources."""
    for field, roots in (
        ("specReplicasPath", (".spec.",)),
        ("statusReplicasPath", (".status.",)),
        ("labelSelectorPath", (".spec.", ".status.")),
    ):
        path = text_of(scale, field)
        if not path:
            if field != "labelSelectorPath":
                faults.required((field,))
        elif not path.startswith("."):
            faults.invalid((field,), path, "must be a simple json path starting with .")
        elif not path.startswith(roots):
            where = " or ".join(root.strip(".") for root in roots)
            faults.invalid((field,), path, f"should be a json path under .{where}")


def _check_column(faults: Faults, column: Mapping[str, Any]) -> None:
    """Source: ValidateCustomResourceColumnDefinition. The server writes `JSONPath` for `jsonPath`."""
    if not text_of(column, "name"):
        faults.required(("name",))
    type_, format_ = text_of(column, "type"), text_of(column, "format")
    if not type_:
        faults.required(("type",), f"must be one of {','.join(_COLUMN_TYPES)}")
    elif type_ not in _COLUMN_TYPES:
        faults.invalid(("type",), type_, f"must be one of {','.join(_COLUMN_TYPES)}")
    if format_ and format_ not in _COLUMN_FORMATS:
        faults.invalid(("format",), format_, f"must be one of {','.join(_COLUMN_FORMATS)}")
    path = text_of(column, "jsonPath")
    if not path:
        faults.required(("JSONPath",))
    elif not path.startswith("."):
        faults.invalid(("JSONPath",), path, "must be a simple json path starting with .")


def _check_conversion(faults: Faults, conversion: Mapping[str, Any]) -> None:
    """Source: validateCustomResourceConversion."""
    strategy, webhook = text_of(conversion, "strategy"), conversion.get("webhook")
    if not strategy:
        faults.required(("strategy",))
    else:
        faults.one_of(("strategy",), strategy, ("None", "Webhook"))
    if strategy == "Webhook":
        client = mapping_of(mapping_of(conversion, "webhook"), "clientConfig")
        if webhook is None or webhook.get("clientConfig") is None:
            faults.required((), "webhookClientConfig: required when strategy is set to Webhook")
        else:
            check_client(faults.at("webhook", "clientConfig"), client)
        versions = strings_of(webhook or {}, "conversionReviewVersions")
        at = faults.at("webhook", "conversionReviewVersions") if webhook else faults
        check_review_versions(at, versions)
    elif webhook is not None:
        for field in ("clientConfig", "conversionReviewVersions"):
            if webhook.get(field):
                detail = f"webhook.{field} should not be set when strategy is not set to Webhook"
                faults.forbidden((), detail)


def check_names(place: Place, report: Report) -> None:
    """Check the names of a custom resource. Source: ValidateCustomResourceDefinitionNames."""
    names, faults = place.value, Faults(place, report)
    kind = text_of(names, "kind")
    for field in ("plural", "kind"):
        if not text_of(names, field) and place.step == "names":
            faults.required((field,))
    for field in ("plural", "singular"):
        _check_name(faults, (field,), text_of(names, field))
    for field in ("kind", "listKind"):
        name = text_of(names, field)
        problems = syntax.dns1035_label(name.lower())
        if name and problems:
            detail = f"may have mixed case, but should otherwise match: {','.join(problems)}"
            faults.invalid((field,), name, detail)
    if kind and kind == text_of(names, "listKind"):
        faults.invalid(("listKind",), kind, "kind and listKind may not be the same")
    for field in ("shortNames", "categories"):
        for index, name in enumerate(strings_of(names, field)):
            _check_name(faults, (field, index), name or "-")


def _check_name(faults: Faults, path: Sequence[str | int], name: str) -> None:
    problems = syntax.dns1035_label(name)
    if name and problems:
        faults.invalid(tuple(path), name, ",".join(problems))


RULES: Final[Rules] = {
    "CustomResourceDefinition": (check_definition,),
    "CustomResourceDefinitionSpec": (check_spec,),
    "CustomResourceDefinitionNames": (check_names,),
}
"""The rules for CustomResourceDefinitions by type."""
