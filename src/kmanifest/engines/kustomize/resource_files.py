"""Load the resources in a file.

Source: kustomize v5.8.2 api/resource/factory.go.
"""

from kmanifest.engines.kustomize.annotations import INTERNAL_PREFIX, with_history_from_annotations
from kmanifest.model.errors import KmanifestError, SourceError
from kmanifest.model.resource import Resource
from kmanifest.pipeline import parsing
from kmanifest.pipeline.context import Context


def read_patch(ctx: Context, path: str) -> list[Resource]:
    """Return the patches in the file at `path`."""
    file = ctx.find(path)
    return parse_patch(ctx, ctx.read_resolved(file), file)


def read(ctx: Context, path: str) -> list[Resource]:
    """Return the resources in the file at `path`, a path as it is written in a file of `ctx.directory`."""
    file = ctx.find(path)
    return parse(ctx, ctx.read_resolved(file), file)


def parse_patch(ctx: Context, content: bytes, file: str) -> list[Resource]:
    """Return the patches in `content`, which may have keys that are not strings.

    Such a key is an `OtherKey`. It is valid if the patched object has a key with its text.
    """
    try:
        return parse(ctx, content, file)
    except parsing.NotAnObjectError:
        raise  # all keys are strings; this may be a list of JSON patch operations
    except SourceError as error:
        try:
            resources = parsing.parse(ctx, content, file, allow_other_keys=True)
            return _with_extras(ctx, resources, content)
        except KmanifestError:
            raise error from None


def parse(ctx: Context, content: bytes, file: str) -> list[Resource]:
    """Return the resources in `content`.

    `file` is the file with that content; it is empty for YAML inside a kustomization.
    """
    return _with_extras(ctx, parsing.parse(ctx, content, file), content)


def _with_extras(ctx: Context, resources: list[Resource], content: bytes) -> list[Resource]:
    """Return the resources with what few files have: kustomize's own annotations, and schemas in comments."""
    if INTERNAL_PREFIX.encode() in content:
        resources = [with_history_from_annotations(resource) for resource in resources]
    if b"#" in content and _has_object_in_comment(content):
        from kmanifest.engines.kustomize.schema_comments import with_schema_keys

        limits = ctx.options.limits
        resources = [with_schema_keys(resource, content, limits) for resource in resources]
    return resources


def _has_object_in_comment(content: bytes) -> bool:
    """Return whether a comment may begin with a JSON object. Templates such as `{{name}}` are none."""
    compact = content.translate(None, b" \t\n\r\v\f")
    return b'#{"' in compact or b"#{}" in compact
