"""The native functions of Tanka that render charts and kustomizations. They run in the process that owns the tree.

The engines for these languages are found in the registry. Source: tanka pkg/helm/jsonnet.go and template.go;
pkg/kustomize/jsonnet.go; pkg/kubernetes/manifest/manifest.go, ListAsMap.
"""

import json
from collections.abc import Mapping, Sequence

from kmanifest.engines.jsonnet.imports import join
from kmanifest.engines.jsonnet.printing import type_name
from kmanifest.io import tree as trees
from kmanifest.io.tree import MemoryTree
from kmanifest.model.changes import plain_copy
from kmanifest.model.errors import KmanifestError, RenderError, SourceError
from kmanifest.model.resource import Resource
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final

_NAME_FORMAT: Final = '{{ print .kind "_" .metadata.name | snakecase }}'
_CHART: Final = {"apiVersion": "v2", "name": "names", "version": "1.0.0"}


class TreeNatives:
    """Calls `helmTemplate` and `kustomizeBuild` for programs whose paths are relative to the directory `base`.

    `roots`: the directories that may be read.
    """

    def __init__(self, ctx: Context, base: str, roots: Sequence[str]) -> None:
        self._ctx = ctx
        self._base = base
        self._roots = tuple(roots)

    def call(self, name: str, arguments: list[Any]) -> Any:
        """Return the result of a native function: the objects by name. Raises KmanifestError."""
        if name == "helmTemplate":
            release, chart, options = arguments
            return self._helm_template(_string(release, "name"), _string(chart, "chart"), options)
        if name == "kustomizeBuild":
            path, options = arguments
            return self._kustomize_build(_string(path, "path"), options)
        raise KmanifestError(f"no native function is called {name}")

    def _helm_template(self, release: str, chart: str, options: Any) -> Any:
        fields = _options(options, "helmTemplate")
        path = self._resolve(fields, chart, "helmTemplate")
        directory, _, name = path.rpartition("/")
        config = {
            "apiVersion": "builtin",
            "kind": "HelmChartInflationGenerator",
            "metadata": {"name": name},
            "name": name,
            "chartHome": f"/{directory}",
            "releaseName": release,
            "namespace": fields.get("namespace") or "",
            "valuesInline": plain_copy(fields.get("values") or {}),
            "valuesMerge": "replace",
            "includeCRDs": fields.get("includeCRDs", fields.get("includeCrds", True)) is True,
            "skipTests": fields.get("skipTests") is True,
            "skipHooks": fields.get("noHooks") is True,
            "kubeVersion": fields.get("kubeVersion") or "",
            "apiVersions": fields.get("apiVersions") or [],
        }
        return self._by_name(self._inflate(self._ctx._replace(directory=""), config), fields)

    def _inflate(self, ctx: Context, config: dict[str, Any]) -> list[Any]:
        plugin = ctx.registry.find("generator", "builtin/HelmChartInflationGenerator")
        return [plain_copy(each.body) for each in plugin.call(ctx, Resource(config))]

    def _kustomize_build(self, path: str, options: Any) -> Any:
        fields = _options(options, "kustomizeBuild")
        directory = self._resolve(fields, path, "kustomizeBuild")
        plugin = self._ctx.registry.find("renderer", "kustomize")
        rendered = plugin.call(self._ctx, directory)
        return self._by_name(
            [plain_copy(each.body) for each in rendered.read_only_resources], fields
        )

    def _resolve(self, fields: Mapping[str, Any], path: str, function: str) -> str:
        """Return the path in the tree of a directory that is named relative to the calling file."""
        called_from = fields.get("calledFrom")
        if not isinstance(called_from, str) or not called_from:
            raise SourceError(f"{function}: 'opts.calledFrom' is unset or empty")
        found = join(called_from[: called_from.rfind("/") + 1], path)
        real = self._ctx.tree.resolve(trees.join(self._base, found))
        if not any(trees.is_below(real, root) for root in self._roots):
            raise SourceError(
                f"security; {function}: {path!r} is outside the directories that may be read"
            )
        return real

    def _by_name(self, bodies: list[Any], fields: Mapping[str, Any]) -> dict[str, Any]:
        name_format = fields.get("nameFormat") or _NAME_FORMAT
        result: dict[str, Any] = {}
        for name, body in zip(self._names(bodies, str(name_format)), bodies, strict=True):
            if name in result:
                raise RenderError(
                    f"Two resources share the same name '{name}'. Please adapt the name template '{name_format}'."
                )
            result[name] = body
        return result

    def _names(self, bodies: list[Any], name_format: str) -> list[str]:
        """Return the result of a template for each object. A chart in memory executes it, as the registry has no other."""
        if not bodies:
            return []
        template = (
            f'{{{{- define "name" }}}}{name_format}{{{{ end -}}}}\n'
            "kind: Names\nmetadata: {name: names}\nnames:\n"
            '{{- range .Values.objects }}\n- {{ include "name" . | toJson }}\n{{- end }}\n'
        )
        files = {
            "names/Chart.yaml": json.dumps(_CHART),
            "names/templates/names.yaml": template,
        }
        ctx = self._ctx._replace(tree=MemoryTree(files), directory="", remote=None)
        config = {
            "apiVersion": "builtin",
            "kind": "HelmChartInflationGenerator",
            "metadata": {"name": "names"},
            "name": "names",
            "chartHome": ".",
            "releaseName": "names",
            "valuesInline": {"objects": bodies},
            "valuesMerge": "replace",
        }
        names: list[str] = self._inflate(ctx, config)[0]["names"]
        return names


def _string(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise SourceError(
            f"argument '{name}' must be of 'string' type, got '{type_name(value)}' instead"
        )
    return value


def _options(options: Any, function: str) -> Mapping[str, Any]:
    if not isinstance(options, dict):
        raise SourceError(f"{function}: 'opts' must be an object, got {type_name(options)}")
    return options
