"""A program that uses every public name of `kmanifest` and `kmanifest.helm`. mypy checks it, a test runs it."""

import json
from collections.abc import Callable, Hashable
from threading import Event
from typing import Literal, TypeVar

import kmanifest as k
from kmanifest import helm

Result = TypeVar("Result")


class NoExecutables:
    """A `Runner` that runs nothing."""

    def kind(self, path: str) -> Literal["executable", "file", "nothing"]:
        return "nothing"

    def run(self, command: k.Command) -> bytes:
        raise k.PluginError(f"{command.path} may not run here")


class Mirror:
    """A `Remote` with one repository in memory."""

    name = "ssh://mirror/org/r"
    files = k.PrefixedTree(k.MemoryTree({"kustomization.yaml": "resources: []"}), name)

    def file(self, url: str) -> str:
        raise k.FetchError(f"{url}: there is no network here")

    def repository(self, repository: k.Repository) -> str:
        return self.name

    def tree_of(self, path: str) -> k.Tree | None:
        return self.files if path.startswith("ssh://") else None


class Counting:
    """A `Cache` that counts the values that it computes."""

    def __init__(self, inner: k.Cache, count: int = 0) -> None:
        self.inner, self.count = inner, count

    def get(self, key: Hashable, make: Callable[[], Result], *, weight: int) -> Result:
        self.count += 1
        return self.inner.get(key, make, weight=weight)

    def find(self, key: Hashable) -> object:
        return self.inner.find(key)

    def keep(self, key: Hashable, value: object, *, weight: int) -> None:
        self.inner.keep(key, value, weight=weight)


FILES = {
    "kustomization.yaml": "resources: [map.yaml, ssh://git@example.com/org/r?ref=v1]\nnamePrefix: my-\n",
    "map.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: map, namespace: shop}}",
    "chart/Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
    "chart/templates/a.yaml": "{kind: Job, metadata: {name: {{ randAlpha 4 | lower }}}, n: {{ .Values.n }}}",
}


def credentials(host: str, _: str) -> k.Credential | None:
    return k.Credential(("deploy", "s3cret")) if host == "git.example.com" else None


OPTIONS = k.Options(
    limits=k.Limits(deadline=60.0),
    exec_plugins=k.ExecPluginOptions(secrets=(k.Secret("hunter2"),)),
    allow_remote=True,
    remote=k.RemoteOptions(offline=True, credentials=credentials),
    reproducible=k.Reproducible(seed="seed", now=0),
    engines=(
        k.KustomizeOptions(reorder="none"),
        k.HelmOptions(release="web"),
        k.JsonnetOptions(ext=(("cluster", "eu"),)),
        k.JinjaOptions(values={"name": "web"}),
        k.FluxOptions(variables=(("a", "1"),)),
    ),
)


def drop_nothing(_: object, __: k.Resource, resources: k.ResourceMap) -> k.ResourceMap:
    return resources


def build(changes: list[k.Change]) -> k.Rendered:
    registry: k.Registry = k.default_registry()
    registry = registry.with_plugins([k.Plugin("transformer", "acme.io/v1/Nothing", drop_nothing)])
    runner: k.Runner = NoExecutables()
    remote: k.Remote = Mirror()
    return k.build(".", tree=FILES, options=OPTIONS, registry=registry, cache=Counting(k.MemoryCache()),
                   on_change=changes.append, runner=runner, remote=remote, cancel=Event())  # fmt: skip


def render() -> k.Rendered:
    chart: helm.Chart = helm.load_chart(k.MemoryTree(FILES), "chart")
    sources = helm.ValueSources(typed=("m=1",))
    origins: helm.Origins = helm.find_origins(chart, sources=sources)
    random: helm.RandomSource = helm.seeded_random("seed")
    assert str(origins["m",]) == "--set"
    return k.render_chart(
        chart,
        sources=sources,
        values={"n": helm.Int64(1)},
        release=helm.Release("web"),
        random=random,
    )


def list_environments() -> dict[str, object]:
    tree = {
        "kmanifest.yaml": "{environments: {axes: {env: [dev, prod]}}, values: ['{env}.yaml'], resources: []}",
        "dev.yaml": "replicas: 1",
        "prod.yaml": "replicas: 3",
    }
    found: dict[str, object] = {}
    for row in k.environments(tree=tree):
        options = k.Options(engines=(k.EnvironmentOptions(environment=row),))
        shop: k.Values = k.values(tree=tree, options=options)
        found[row["env"]] = (shop["replicas"], shop.location("replicas").line)
    return found


def evaluate() -> object:
    with k.Workers(max=1) as workers:
        options = k.JsonnetOptions(workers=workers)
        result: k.Evaluated = k.render_jsonnet(
            "a.jsonnet", tree={"a.jsonnet": "function(n) n + 1"}, tla={"n": 1}, options=options
        )
    return result.value


def describe(error: k.KmanifestError) -> str:
    where: k.Location = error.location
    match error:
        case k.CancelledError() | k.LimitError():
            return "too slow, or too large"
        case (
            k.SourceError() | k.MissingError() | k.RenderError() | k.FetchError() | k.PluginError()
        ):
            return f"{where}: {error.message}"
        case k.FindingsError():
            return json.dumps([cause.as_dict() for cause in error.causes])
        case k.InternalError():
            return "the machine failed"
    return str(error)


def main() -> str:
    changes: list[k.Change] = []
    rendered = build(changes)
    findings: list[k.Finding] = [*rendered.findings]
    resource: k.Resource = rendered.find("ConfigMap", "my-map", "shop")
    identity: k.ResourceId = resource.id
    changed = resource.with_changes(
        {("metadata", "labels", "v"): k.__version__, ("data",): k.MISSING}
    )
    assert any(change.old is k.MISSING for change in changes), (findings, identity)
    assert [each.name for each in rendered] == ["my-map"]
    assert len(rendered.to_dicts()) == len(rendered) == 1
    assert k.validate(rendered, kubernetes="1.36") == []
    assert helm.render_chart is k.render_chart
    assert helm.HelmOptions is k.HelmOptions
    assert evaluate() == 2
    assert list_environments() == {"dev": (1, 1), "prod": (3, 1)}
    assert k.render_jinja("a.j2", tree={"a.j2": "{{ values.a }}"}, values={"a": 1}) == "1"
    assert [job.name for job in render()] == [job.name for job in render()]
    for tree in (k.DiskTree("/"), k.MemoryTree(FILES)):
        try:
            k.build("there/is/nothing", tree=tree, registry=k.installed_registry())
        except k.KmanifestError as error:
            assert describe(error).startswith("there/is/nothing: no such file or directory")
    try:
        commit: k.GitTree = k.open_commit("/", "main")[0]
        helm.load_archive(commit.read("chart.tgz", limit=1 << 20))
    except k.MissingError as error:
        assert error.as_dict()["code"] == "missing-error"
    return k.dump([changed])


if __name__ == "__main__":
    print(main(), end="")
