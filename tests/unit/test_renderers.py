"""Which renderer builds a target: marker files of directories, and suffixes of files."""

import pytest

from kmanifest import MissingError, Plugin, Rendered, Resource, ResourceMap, SourceError, build
from kmanifest.engines.builtin import default_registry
from kmanifest.pipeline.context import Context


def render(ctx: Context, path: str) -> Rendered:
    name = ctx.tree.read(path, limit=100).decode()
    return Rendered(ResourceMap([Resource({"kind": "Name", "metadata": {"name": name}})]))


NAMES = Plugin("renderer", "names", render, claims=("*.name",))
REGISTRY = default_registry().with_plugins([NAMES])


def test_a_file_is_rendered_by_the_language_of_its_suffix():
    rendered = build("sub/a.name", tree={"sub/a.name": "shop"}, registry=REGISTRY)
    assert [each.name for each in rendered] == ["shop"]


def test_a_suffix_does_not_claim_a_directory():
    with pytest.raises(MissingError, match=r"nothing to build here: no kustomization\.yaml"):
        build("a.name", tree={"a.name/b.name": "shop"}, registry=REGISTRY)


def test_two_languages_with_one_suffix_are_an_error():
    registry = REGISTRY.with_plugins([NAMES._replace(name="titles")])
    with pytest.raises(SourceError, match="names and titles both claim this file"):
        build("a.name", tree={"a.name": "shop"}, registry=registry)


def test_a_file_of_no_language_is_an_error_with_all_claims():
    with pytest.raises(MissingError, match=r"no kustomization\.yaml, .*\*\.name"):
        build("a.txt", tree={"a.txt": "shop"}, registry=REGISTRY)


def test_a_claim_on_directories_is_made_by_their_files():
    def render_directory(ctx: Context, path: str) -> Rendered:
        return Rendered(ResourceMap([Resource({"kind": "Name", "metadata": {"name": path}})]))

    titles = Plugin("renderer", "titles", render_directory, claims=("*.title", "*/*.title"))
    registry = default_registry().with_plugins([titles])
    files = {"d/a.title": "", "d/sub/b.txt": "", "k/a.title": "", "k/kustomization.yaml": ""}
    assert [each.name for each in build("d", tree=files, registry=registry)] == ["d"]
    with pytest.raises(MissingError, match=r"no kustomization\.yaml, .*\*\.title$"):
        build("d/sub", tree=files, registry=registry)
    with pytest.raises(SourceError, match="empty"):
        build("k", tree=files, registry=registry)
