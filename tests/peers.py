"""Write the files that kustomize, helm, jsonnet and jinja2 would need for one environment of a kmanifest.yaml.

    python -m tests.peers examples/platform prod/eu OUT

OUT is then a kustomization that `kustomize build --enable-alpha-plugins --enable-exec OUT` builds to the bytes of
`kmanifest build --environment prod/eu`: a copy of the directory, in which

- each kmanifest.yaml is a kustomization.yaml, with the values for this environment as an object in a file;
- each entry of another language is the file that helm, jsonnet or jinja2 print for it (they are run here);
- each instance is a kustomization of its own with a nameSuffix.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import jinja2

from kmanifest import EnvironmentOptions, Options, default_registry
from kmanifest.engines.environment.kustomization import read
from kmanifest.engines.kustomize.entries import Entry, GeneratedEntry
from kmanifest.engines.kustomize.kustomization import Kustomization
from kmanifest.io.local_tree import open_local
from kmanifest.pipeline.context import Context

IGNORED = shutil.ignore_patterns("kmanifest.yaml")
DROP_VALUES = {
    "apiVersion": "builtin",
    "kind": "PatchTransformer",
    "metadata": {"name": "drop-values"},
    "target": {"kind": "Values"},
    "patch": "{apiVersion: kmanifest.dev/v1alpha1, kind: Values, metadata: {name: values}, $patch: delete}",
}


class Peers:
    """Writes the files of one environment."""

    def __init__(self, source: Path, environment: str, target: Path) -> None:
        tree, _ = open_local(str(source))
        options = Options(engines=(EnvironmentOptions(environment=environment),))
        self._ctx = Context(tree, default_registry(), options, clock=time.monotonic)
        self._source, self._target = source.resolve(), target.resolve()
        self._numbers = count(1)

    def write(self) -> None:
        """Write the whole copy."""
        shutil.copytree(self._source, self._target, ignore=IGNORED)
        self._definition(self._ctx, self._source, self._target, is_nested=False)

    def _definition(self, ctx: Context, source: Path, target: Path, *, is_nested: bool) -> None:
        kustomization = read(ctx, str(source).lstrip("/"))
        inner = ctx._replace(
            directory=str(source).lstrip("/"),
            options=ctx.options._replace(engines=kustomization.engines or ()),
        )
        self._kustomization(inner, kustomization, source, target, is_nested=is_nested)

    def _kustomization(
        self,
        ctx: Context,
        kustomization: Kustomization,
        source: Path,
        target: Path,
        *,
        is_nested: bool,
    ) -> None:
        fields: dict[str, Any] = dict(kustomization.fields)
        resources = [
            self._entry(ctx, entry, source, target) for entry in fields.get("resources", ())
        ]
        if kustomization.values is not None:
            resources.insert(0, self._file(target, kustomization.values.body))
            if is_nested:
                fields["transformers"] = [
                    *fields.get("transformers", ()),
                    self._file(target, DROP_VALUES),
                ]
        fields["resources"] = resources
        (target / "kustomization.yaml").write_text(json.dumps(fields, indent=1))

    def _entry(self, ctx: Context, entry: Entry, source: Path, target: Path) -> str:
        """Write what an entry stands for, and return its path relative to the target."""
        if isinstance(entry, GeneratedEntry):
            name = f"part-{next(self._numbers)}.yaml"
            (target / name).write_text(self._generated(entry.config.body, source, target))
            return name
        if isinstance(entry, Kustomization):
            return self._inner(ctx, entry, source, target)
        if not (source / entry / "kmanifest.yaml").exists():
            return entry
        # One directory can be built with several values.
        copy = target / entry
        copy = copy.with_name(f"{copy.name}-{next(self._numbers)}")
        shutil.copytree(source / entry, copy, ignore=IGNORED)
        self._definition(ctx, source / entry, copy, is_nested=True)
        return str(copy.relative_to(target))

    def _inner(self, ctx: Context, entry: Kustomization, source: Path, target: Path) -> str:
        if entry.engines is not None:
            ctx = ctx._replace(options=ctx.options._replace(engines=entry.engines))
        [resource] = entry.get("resources")
        path = self._entry(ctx, resource, source, target)
        suffix = entry.text("nameSuffix")
        if not suffix:
            return path
        directory = target / f"instance-{next(self._numbers)}"
        directory.mkdir()
        moved = target / path
        if moved.is_file():
            moved = moved.rename(directory / moved.name)
            path = moved.name
        else:
            path = f"../{path}"
        fields = {"resources": [path], "nameSuffix": suffix}
        (directory / "kustomization.yaml").write_text(json.dumps(fields))
        return directory.name

    def _file(self, target: Path, body: Mapping[str, Any]) -> str:
        name = f"object-{next(self._numbers)}.yaml"
        (target / name).write_text(json.dumps(body, indent=1))
        return name

    def _generated(self, config: Mapping[str, Any], source: Path, target: Path) -> str:
        """Return what the peer prints. Its values are a file beside the kustomization."""
        values = target / self._file(target, config["values"])
        if config["kind"] == "ChartGenerator":
            return _helm(config, source, values)
        env = target / self._file(target, config["env"])
        if config["kind"] == "JsonnetGenerator":
            return _jsonnet(config, source, values, env)
        return _jinja2(config, source)


def _run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _helm(config: Mapping[str, Any], source: Path, values: Path) -> str:
    chart = source / config["chart"]
    release = config.get("release") or chart.name
    namespace = config.get("namespace") or "default"
    return _run("helm", "template", release, chart, "--namespace", namespace, "--values", values)


def _jsonnet(config: Mapping[str, Any], source: Path, values: Path, env: Path) -> str:
    path = source / config["file"]
    head = path.read_text()
    parameters = head[head.index("function(") :].partition(")")[0]
    arguments: list[str | Path] = []
    for name, file in (("values", values), ("env", env)):
        if name in parameters:
            arguments += ["--tla-code-file", f"{name}={file}"]
    for name, code in config.get("tlaCode", {}).items():
        arguments += ["--tla-code", f"{name}={code}"]
    return "---\n".join(
        json.dumps(each, indent=1) + "\n"
        for each in _objects(json.loads(_run("jsonnet", *arguments, path)))
    )


def _objects(value: Any) -> list[Any]:
    """Return the objects in the value of a Jsonnet file, in the order in which kmanifest finds them."""
    if isinstance(value, list):
        return [each for item in value for each in _objects(item)]
    if "kind" in value and "apiVersion" in value:
        return [value]
    return [each for name in sorted(value) for each in _objects(value[name])]


def _jinja2(config: Mapping[str, Any], source: Path) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(source),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - manifests are no HTML
    )
    [name] = config["templates"]
    return environment.get_template(name).render(values=config["values"], env=config["env"])


def main(arguments: list[str]) -> int:
    """Write the files that the command line names."""
    if len(arguments) != 3:
        sys.stderr.write(__doc__ or "")
        return 2
    Peers(Path(arguments[0]), arguments[1], Path(arguments[2])).write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
