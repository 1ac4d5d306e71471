"""Plug-ins that use every name of `kmanifest.plugin`. mypy checks them, a test runs them."""

from collections.abc import Iterable, Mapping

from kmanifest import Limits, build, plugin
from kmanifest.plugin import MISSING, Context, Finding, Plugin, Resource, ResourceMap, hookimpl


def generate(ctx: Context, config: Resource) -> Iterable[Resource]:
    if not config.name:
        raise plugin.SourceError(
            "a name is needed", location=plugin.Location(field=("metadata", "name"))
        )
    names: list[plugin.ResourceId] = []
    for line in ctx.read("names.txt").decode().split():
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": line}, "data": {}}
        resource = Resource(body, plugin.Origin("names.txt"))
        names.append(resource.id)
        yield resource


def transform(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    meter: plugin.Meter | None = ctx.meter
    if meter is not None:
        meter.check_time()
    owner = config.text("spec", "owner")
    return resources.map(
        lambda each: each.with_changes({("metadata", "labels", "owner"): owner, ("data",): MISSING})
    )


def validate(ctx: Context, config: Resource, resources: ResourceMap) -> Iterable[Finding]:
    for resource in resources:
        if not resource.labels:
            yield Finding("warning", f"{resource.id} has no label", code="acme-label")


def render(ctx: Context, path: str) -> plugin.Rendered:
    content = ctx.tree.read(f"{path}/names.txt", limit=ctx.options.limits.max_input_file)
    names = content.decode().split()
    return plugin.Rendered(
        ResourceMap(Resource({"kind": "Name", "metadata": {"name": name}}) for name in names)
    )


def read_lines(ctx: Context, path: str) -> Mapping[str, str]:
    lines = ctx.read_resolved(path).decode().splitlines()
    return dict(line.split("=", 1) for line in lines)


def fetch(ctx: Context, url: str) -> plugin.Tree:
    if "disk" in url:
        return plugin.DiskTree(url)
    return plugin.MemoryTree({"kustomization.yaml": "resources: []"})


ROLES: tuple[plugin.Role, ...] = (
    "generator", "transformer", "validator", "renderer", "fetcher", "jinja-filter", "values-reader",
)  # fmt: skip
GENERATOR: plugin.Generator = generate
TRANSFORMER: plugin.Transformer = transform
VALIDATOR: plugin.Validator = validate
RENDERER: plugin.Renderer = render
FETCHER: plugin.Fetcher = fetch
FILTER: plugin.JinjaFilter = str.upper
READER: plugin.ValuesReader = read_lines
ERRORS: tuple[type[plugin.KmanifestError], ...] = (
    plugin.SourceError, plugin.MissingError, plugin.RenderError, plugin.LimitError, plugin.FetchError, plugin.PluginError,
)  # fmt: skip


@hookimpl
def kmanifest_plugins() -> Iterable[Plugin]:
    yield Plugin("generator", "acme.io/v1/Names", generate)
    yield Plugin("transformer", "acme.io/v1/Owner", transform)
    yield Plugin("validator", "acme.io/v1/Labels", validate)
    yield Plugin("renderer", "names", render, claims=("names.txt",))
    yield Plugin("fetcher", "mem", fetch)
    yield Plugin("jinja-filter", "shout", FILTER)
    yield Plugin("values-reader", "lines", READER, claims=("*.env",))


FILES = {
    "app/kustomization.yaml": "resources: [mem://x]\ngenerators: [g.yaml]\ntransformers: [t.yaml]\nvalidators: [v.yaml]\n",
    "app/g.yaml": "{apiVersion: acme.io/v1, kind: Names, metadata: {name: g}}",
    "app/t.yaml": "{apiVersion: acme.io/v1, kind: Owner, metadata: {name: t}, spec: {owner: shop}}",
    "app/v.yaml": "{apiVersion: acme.io/v1, kind: Labels, metadata: {name: v}}",
    "app/names.txt": "a b",
}


def main() -> str:
    options = plugin.Options(
        limits=Limits(deadline=60.0),
        exec_plugins=plugin.ExecPluginOptions(secrets=(plugin.Secret("hunter2"),)),
        allow_remote=True,
        remote=plugin.RemoteOptions(offline=True),
        reproducible=plugin.Reproducible(now=0),
    )
    registry: plugin.Registry = plugin.default_registry().with_plugins(kmanifest_plugins())
    assert len(plugin.installed_registry().all()) >= len(plugin.default_registry().all())
    assert {each.role for each in registry.all()} == {*ROLES, "kustomization-reader"}
    rendered = build("app", tree=FILES, options=options, registry=registry)
    assert not rendered.findings
    return rendered.text()


if __name__ == "__main__":
    print(main(), end="")
