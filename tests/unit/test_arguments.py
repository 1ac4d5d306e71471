"""Arguments of public functions: path objects, mappings as trees, and errors for wrong types."""

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from threading import Event
from typing import Any

import pytest

from kmanifest import (
    DiskTree,
    HelmOptions,
    MemoryCache,
    MemoryTree,
    Options,
    Plugin,
    Registry,
    RemoteOptions,
    build,
)
from kmanifest.helm import ValueSources, find_origins, load_archive, load_chart, render_chart

FILES: dict[str, str | bytes] = {
    "app/kustomization.yaml": "namePrefix: my-\nresources: [map.yaml]\n",
    "app/map.yaml": b"{apiVersion: v1, kind: ConfigMap, metadata: {name: map}}",
}
CHART = {
    "c/Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
    "c/templates/a.yaml": "a: {{ .Values.a }}\n",
    "prod.yaml": "a: 1\n",
}
OUTPUT = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: my-map\n"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    for path, content in {**FILES, **CHART}.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp_path


def test_paths_may_be_path_objects(disk: Path):
    assert build(disk / "app").text() == build(str(disk / "app")).text() == OUTPUT
    assert build(PurePosixPath("app"), tree=DiskTree(disk)).text() == OUTPUT
    chart = load_chart(DiskTree(disk), PurePosixPath("c"))
    sources = ValueSources(files=(disk / "prod.yaml",))
    for rendered in (
        render_chart(disk / "c", sources=sources),
        render_chart(chart, sources=sources),
        render_chart(
            Path("c"), tree=DiskTree(disk), sources=ValueSources(files=(Path("prod.yaml"),))
        ),
    ):
        assert rendered.text() == "---\n# Source: c/templates/a.yaml\na: 1\n"
    origins = find_origins(chart, sources=sources)
    assert str(origins["a",]) == f"{disk}/prod.yaml:1:1"


def test_a_mapping_is_a_tree():
    assert build("app", tree=FILES).text() == OUTPUT
    assert (
        build("app", tree={PurePosixPath(path): text for path, text in FILES.items()}).text()
        == OUTPUT
    )
    sources = ValueSources(files=("prod.yaml",))
    expected = render_chart("c", tree=MemoryTree(CHART), sources=sources).text()
    assert render_chart("c", tree=CHART, sources=sources).text() == expected
    chart = load_chart(CHART, "c")
    assert str(find_origins(chart, tree=CHART, sources=sources)["a",]) == "prod.yaml:1:1"


class MappingTree(dict[str, str]):
    """A tree that is a mapping as well."""

    def __init__(self, tree: MemoryTree) -> None:
        self.resolve, self.kind, self.read, self.list = (
            tree.resolve,
            tree.kind,
            tree.read,
            tree.list,
        )


def test_a_tree_that_is_also_a_mapping_is_a_tree():
    assert build("app", tree=MappingTree(MemoryTree(FILES))).text() == OUTPUT


CHECKED: list[tuple[Callable[..., Any], dict[str, Any], str]] = [
    (build, {"path": 3}, "path must be a str or os.PathLike[str], not int"),
    (build, {"path": b"app"}, "path must be a str or os.PathLike[str], not bytes"),
    (build, {"tree": 3}, "tree must be a Tree, or a mapping of paths to str or bytes, not int"),
    (build, {"tree": MemoryTree}, "tree must be a Tree, or a mapping of paths to str or bytes, not the class MemoryTree"),
    (build, {"tree": {1: ""}}, "a path in files must be a str or os.PathLike[str], not int"),
    (build, {"tree": {"a": 1}}, "the content of 'a' must be str or bytes, not int"),
    (build, {"options": {"strict": True}}, "options must be an Options record, not dict"),
    (build, {"options": Options}, "options must be an Options record, not the class Options"),
    (build, {"options": Options(limits=3)}, "options.limits must be a Limits record, not int"),  # type: ignore[arg-type]
    (build, {"options": Options(engines=[])}, "options.engines must be a tuple of records, not list"),  # type: ignore[arg-type]
    (build, {"options": Options(engines=(HelmOptions,))}, "a record in options.engines must be a record such as HelmOptions(), not the class HelmOptions"),
    (build, {"options": Options(remote=RemoteOptions(hosts="a.example"))}, "options.remote.hosts must be a tuple of str, not str"),  # type: ignore[arg-type]
    (build, {"options": Options(remote=RemoteOptions(credentials=3))}, "options.remote.credentials must be a function that takes a host and a path, not int"),  # type: ignore[arg-type]
    (build, {"registry": []}, "registry must be a Registry, not list"),
    (build, {"cache": {}}, "cache must be a Cache such as MemoryCache(), not dict"),
    (build, {"cache": MemoryCache}, "cache must be a Cache such as MemoryCache(), not the class MemoryCache"),
    (build, {"on_change": []}, "on_change must be a function that takes a Change, not list"),
    (build, {"runner": "sh"}, "runner must be a Runner, not str"),
    (build, {"remote": True}, "remote must be a Remote, not bool"),
    (build, {"cancel": 3}, "cancel must be an event such as threading.Event(), not int"),
    (build, {"cancel": Event}, "cancel must be an event such as threading.Event(), not the class Event"),
    (render_chart, {"chart": "c", "cancel": 3}, "cancel must be an event such as threading.Event(), not int"),
    (render_chart, {"chart": 3}, "chart must be a str or os.PathLike[str], not int"),
    (render_chart, {"chart": "c", "tree": 3}, "tree must be a Tree, or a mapping of paths to str or bytes, not int"),
    (render_chart, {"chart": "c", "values": "a=1"}, "values must be a mapping, not str"),
    (render_chart, {"chart": "c", "sources": {}}, "sources must be a ValueSources record, not dict"),
    (render_chart, {"chart": "c", "sources": ValueSources(files="a.yaml")}, "sources.files must be a tuple of str, not str"),  # type: ignore[arg-type]
    (render_chart, {"chart": "c", "tree": CHART, "sources": ValueSources(files=(3,))}, "a path in sources.files must be a str or os.PathLike[str], not int"),  # type: ignore[arg-type]
    (render_chart, {"chart": "c", "release": "web"}, "release must be a Release record, not str"),
    (render_chart, {"chart": "c", "kube_version": 1.3}, "kube_version must be a str, not float"),
    (render_chart, {"chart": "c", "api_versions": "v1"}, "api_versions must be a list of str, not str"),
    (render_chart, {"chart": "c", "show_only": "a.yaml"}, "show_only must be a list of str, not str"),
    (render_chart, {"chart": "c", "post_render": 3}, "post_render must be a function from text to text, not int"),
    (render_chart, {"chart": "c", "limits": 3}, "limits must be a Limits record, not int"),
    (render_chart, {"chart": "c", "random": 3}, "random must be a source such as seeded_random('text'), not int"),
    (render_chart, {"chart": "c", "clock": 3}, "clock must be a function that returns nanoseconds since 1970, not int"),
    (render_chart, {"chart": "c", "locate": 3}, "locate must be a function from the path of a value to a Location, not int"),
    (render_chart, {"chart": "c", "cache": 3}, "cache must be a Cache such as MemoryCache(), not int"),
    (render_chart, {"chart": "c", "helm_version": 4}, "helm_version must be a str, '3' or '4', not int"),
    (load_chart, {"tree": 3, "path": "c"}, "tree must be a Tree, or a mapping of paths to str or bytes, not int"),
    (load_chart, {"tree": CHART, "path": 3}, "path must be a str or os.PathLike[str], not int"),
    (load_chart, {"tree": CHART, "path": "c", "warn": 3}, "warn must be a function that takes a str, not int"),
    (load_archive, {"content": "c"}, "content must be the bytes of an archive, not str"),
    (find_origins, {"chart": "c"}, "chart must be a Chart, as load_chart returns it, not str"),
    (DiskTree, {"root": 3}, "root must be a str or os.PathLike[str], not int"),
    (MemoryTree, {"files": "a.yaml"}, "files must be a mapping of paths to str or bytes, not str"),
    (Registry, {"plugins": 3}, "plugins must be an iterable of Plugin records, not int"),
    (Registry, {"plugins": ["x"]}, "plugins must be an iterable of Plugin records, not list"),
    (HelmOptions, {"values": 3}, "values must be a mapping, not int"),
    (HelmOptions, {"api_versions": "v1"}, "api_versions must be a tuple of str, not str"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "arguments", "message"), CHECKED)
def test_a_wrong_type_is_named(
    function: Callable[..., Any], arguments: dict[str, Any], message: str
):
    with pytest.raises(TypeError) as caught:
        function(**arguments)
    assert str(caught.value) == message


def test_an_error_inside_an_iterable_of_plugins_is_not_hidden():
    def plugins() -> Iterator[Plugin]:
        yield None.nothing  # type: ignore[attr-defined]

    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'nothing'"):
        Registry(plugins())
