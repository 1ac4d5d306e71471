"""The built-in generators of ConfigMaps, Secrets and service accounts, and how their results join the resources.

Source: kustomize v5.8.2 api/internal/generators, api/internal/builtins, api/filters/iampolicygenerator.
"""

from kmanifest import yaml
from kmanifest.engines.kustomize.decoding import PLUGIN_CONFIG, STRING, RecordShape, decode
from kmanifest.engines.kustomize.key_values import Pair, load_pairs
from kmanifest.engines.kustomize.kustomization import CONFIG_MAP_ARGS, SECRET_ARGS
from kmanifest.engines.kustomize.scalars import block_text, config_value, plain_key
from kmanifest.model import fieldpath
from kmanifest.model.errors import (
    KmanifestError,
    MissingError,
    RenderError,
    SourceError,
    near_names,
)
from kmanifest.model.resource import IdKey, Resource, names_of, string_map
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import type_name
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, Iterable, Mapping, Sequence

_METADATA: Final = RecordShape({"metadata": RecordShape({"name": STRING, "namespace": STRING})})
_CONFIG_MAP: Final = RecordShape({}, CONFIG_MAP_ARGS, _METADATA)
_SECRET: Final = RecordShape({}, SECRET_ARGS, _METADATA)
_IAM_POLICY: Final = RecordShape(
    {
        "cloud": STRING,
        "kubernetesService": RecordShape({"name": STRING, "namespace": STRING}),
        "serviceAccount": RecordShape({"name": STRING, "projectId": STRING}),
    }
)
_BEHAVIORS: Final = ("create", "merge", "replace")
_BASE64_LINE: Final = 70
_ORIGIN: Final = "config.kubernetes.io/origin"
_NAME: Final = ("metadata", "name")


def config_map(ctx: Context, config: Resource) -> list[Resource]:
    """Return the ConfigMap that a config describes; values that are not UTF-8 go to `binaryData`.

    Source: kustomize v5.8.2 api/internal/generators/configmap.go, MakeConfigMap.
    """
    args = config_value(decode(config.body, _CONFIG_MAP, PLUGIN_CONFIG))
    pairs = _load_checked_pairs(ctx, args)
    body = _base_body("ConfigMap", args)
    strings = {
        key: block_text(value, f"the value of {key!r}")
        for key, value in pairs
        if isinstance(value, str)
    }
    binary = {key: fold_base64(value) for key, value in pairs if isinstance(value, bytes)}
    if strings:
        body["data"] = strings
    if binary:
        body["binaryData"] = binary
    return [_generated_resource(body, args, config)]


def secret(ctx: Context, config: Resource) -> list[Resource]:
    """Return the Secret that a config describes.

    Source: kustomize v5.8.2 api/internal/generators/secret.go, MakeSecret.
    """
    args = config_value(decode(config.body, _SECRET, PLUGIN_CONFIG))
    pairs = _load_checked_pairs(ctx, args)
    body = _base_body("Secret", args)
    body["type"] = args.get("type") or "Opaque"
    body["data"] = {key: fold_base64(value) for key, value in pairs}
    return [_generated_resource(body, args, config)]


def iam_policy(ctx: Context, config: Resource) -> list[Resource]:
    """Return the Kubernetes service account that is bound to a cloud service account.

    Source: kustomize v5.8.2 api/filters/iampolicygenerator/iampolicygenerator.go.
    """
    args = config_value(decode(config.body, _IAM_POLICY, PLUGIN_CONFIG))
    if args.get("cloud") != "gke":
        raise SourceError(
            f"cloud provider {args.get('cloud', '')!r} is not supported; the only one is gke"
        ).within(field=("cloud",))
    service, account = args.get("kubernetesService", {}), args.get("serviceAccount", {})
    # kustomize fills in a YAML template and parses it, so a name can become any YAML value.
    lines = [
        "apiVersion: v1",
        "kind: ServiceAccount",
        "metadata:",
        "  annotations:",
        f"    iam.gke.io/gcp-service-account: {account.get('name', '')}@{account.get('projectId', '')}.iam.gserviceaccount.com",
        f"  name: {service.get('name', '')}",
    ]
    if service.get("namespace"):
        lines.append(f"  namespace: {service['namespace']}")
    documents = yaml.load_documents("\n".join(lines).encode(), limits=ctx.options.limits)
    return [Resource(body, config.origin) for body in documents[:1] if isinstance(body, Mapping)]


def fold_base64(value: bytes | str) -> str:
    """Return `value` in base64: one line if it is short, else lines of 70 characters, each with a line break.

    Source: kustomize v5.8.2 kyaml/yaml/datamap.go, encodeBase64.
    """
    from binascii import b2a_base64  # for Secrets and binary data only

    content = value.encode() if isinstance(value, str) else value
    text = b2a_base64(content, newline=False).decode()
    if len(text) < _BASE64_LINE:
        return text
    return "".join(
        text[start : start + _BASE64_LINE] + "\n" for start in range(0, len(text), _BASE64_LINE)
    )


def _load_checked_pairs(ctx: Context, args: Mapping[str, Any]) -> list[Pair]:
    _required_name(args)
    pairs = load_pairs(ctx, args)
    for key, _ in pairs:
        plain_key(key, "key")
    return sorted(pairs, key=lambda pair: pair[0])


def _required_name(args: Mapping[str, Any]) -> str:
    name: str = args.get("name") or args.get("metadata", {}).get("name", "")
    if not name:
        raise SourceError("a name is missing").within(field=("name",))
    return name


def _base_body(kind: str, args: Mapping[str, Any]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": _required_name(args)}
    namespace = args.get("namespace") or args.get("metadata", {}).get("namespace", "")
    if namespace:
        metadata["namespace"] = namespace
    options = args.get("options", {})
    for field in ("labels", "annotations"):
        if options.get(field):
            try:
                metadata[field] = {
                    plain_key(key, field[:-1]): value for key, value in options[field].items()
                }
            except SourceError as error:
                raise error.within(field=("options", field)) from None
    body: dict[str, Any] = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
    if options.get("immutable"):
        body["immutable"] = True
    return body


def _generated_resource(
    body: Mapping[str, Any], args: Mapping[str, Any], config: Resource
) -> Resource:
    behavior = args.get("behavior", "")
    return Resource(
        body,
        config.origin,
        cluster_scoped=False,
        behavior=behavior if behavior in _BEHAVIORS else "unspecified",
        needs_hash=not args.get("options", {}).get("disableNameSuffixHash"),
    )


# Merging


def absorb(resources: ResourceMap, new: Iterable[Resource], config_file: str = "") -> ResourceMap:
    """Return `resources` with the generated ones added, or merged into the resources with their ids.

    A generated resource with `behavior` merge or replace changes the resource that has, or had, its id. An error has
    the location of the generated resource if that was read from another file than the config.
    Source: kustomize v5.8.2 api/resmap/reswrangler.go, AbsorbAll and appendReplaceOrMerge.
    """
    generated = list(new)
    if _are_all_new(resources, generated):
        return resources.append(generated)
    for resource in generated:
        try:
            resources = _absorb_one(resources, resource)
        except KmanifestError as error:
            file, document = resource.origin.file, resource.origin.document
            if file in ("", config_file):
                raise
            raise error.within(file=file, document=document, field=_NAME) from error
    return resources


def _are_all_new(resources: ResourceMap, generated: Iterable[Resource]) -> bool:
    """Return whether all resources are added and none changes another, so that they can be added at once.

    Adding many resources one by one is slow.
    """
    keys: set[IdKey] = set()
    for new in generated:
        if (
            new.behavior in ("merge", "replace")
            or new.key in keys
            or resources.indexes_by_any_id(new.key)
        ):
            return False
        keys.update(new.all_keys())
    return True


def _absorb_one(resources: ResourceMap, new: Resource) -> ResourceMap:
    indexes = resources.indexes_by_any_id(new.key)
    behavior = new.behavior if new.behavior in ("merge", "replace") else ""
    if not indexes:
        if behavior:
            near = near_names(f"{new.kind}/{new.name}", names_of(resources))
            raise MissingError(f"{new.id} does not exist, so nothing can be {behavior}d", near=near)
        return resources.append([new])
    if len(indexes) > 1:
        raise RenderError(
            f"several resources match {new.id}, so nothing can be {behavior or 'create'}d"
        )
    if not behavior:
        raise RenderError(f"{new.id} exists already; behavior must be merge or replace")
    old = resources[indexes[0]]
    result = _replace(old, new) if behavior == "replace" else _merge(old, new)
    if list(resources.indexes_by_current_id(result.key)) != [indexes[0]]:
        raise RenderError(f"{new.id} can't replace {old.id}")
    return resources.replace({indexes[0]: result})


def _replace(old: Resource, new: Resource) -> Resource:
    """Return `new` with the name and the history of `old`, and with the labels and annotations of both.

    Labels and annotations of `new` win.
    Source: kustomize v5.8.2 api/resource/resource.go, CopyMergeMetaDataFieldsFrom.
    """
    metadata = {key: value for key, value in new.body["metadata"].items() if key != "namespace"}
    metadata["name"] = old.name
    if old.namespace:
        metadata["namespace"] = old.namespace
    for field in ("labels", "annotations"):
        entries = {**string_map(old.get("metadata", field)), **string_map(metadata.get(field))}
        if entries:
            metadata[field] = {plain_key(key, field[:-1]): value for key, value in entries.items()}
    result = new.put(("metadata",), metadata)
    return result.with_history_of(old, needs_hash=old.needs_hash and new.needs_hash)


def _merge(old: Resource, new: Resource) -> Resource:
    data = _strings(old, "data")
    if new.kind == "Secret" and new.api_version == "v1":
        data |= _encoded_string_data(old)
    result = _replace(old, new)
    body: Any = result.body
    for field, entries in (("data", data), ("binaryData", _strings(old, "binaryData"))):
        merged = entries | string_map(new.body.get(field))
        for key in merged:
            plain_key(key, "key")
        body = fieldpath.put(body, (field,), merged) if merged else fieldpath.remove(body, (field,))
    origin = old.annotations.get(_ORIGIN)
    if origin is not None:
        body = fieldpath.put(body, ("metadata", "annotations", _ORIGIN), origin)
    return result.with_body(body).with_origin(old.origin)


def _strings(resource: Resource, field: str) -> dict[str, str]:
    return {
        key: block_text(value, f"{field}.{key}")
        for key, value in _data_map(resource.body.get(field)).items()
    }


def _data_map(value: Any) -> dict[str, str]:
    """Return the data as strings; null counts as empty here, unlike in labels."""
    return string_map(
        {str(key): "" if item is None else item for key, item in value.items()}
        if isinstance(value, Mapping)
        else None
    )


def _encoded_string_data(old: Resource) -> dict[str, str]:
    """Return the `stringData` of a Secret, encoded as in `data`.

    Source: kustomize v5.8.2 api/resmap/reswrangler.go, normalizeSecretStringData.
    """
    entries = old.body.get("stringData")
    if entries is None:
        return {}
    if not isinstance(entries, Mapping):
        raise _string_data_error(old, f"expected a mapping, got {type_name(entries)}", ())
    for key, value in entries.items():
        if isinstance(value, Mapping | list):
            raise _string_data_error(old, f"expected a scalar, got {type_name(value)}", (key,))
    return {key: fold_base64(value) for key, value in _data_map(entries).items()}


def _string_data_error(old: Resource, message: str, field: Sequence[str]) -> KmanifestError:
    return SourceError(message).within(
        file=old.origin.file, document=old.origin.document, field=("stringData", *field)
    )
