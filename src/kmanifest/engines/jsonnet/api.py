"""Evaluate Jsonnet files as a library: `render_jsonnet`."""

import json
from collections.abc import Mapping

from kmanifest.engines.jsonnet.options import JsonnetOptions
from kmanifest.engines.jsonnet.programs import load_value
from kmanifest.engines.jsonnet.source import Source, evaluate
from kmanifest.io import tree as trees
from kmanifest.io.tree import SnapshotDiskTree, absolute_path
from kmanifest.io.worker_sessions import clock
from kmanifest.model.arguments import as_path, check_argument, check_limits
from kmanifest.model.errors import UNEXPECTED, KmanifestError, internal_error
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.pipeline.arguments import CANCEL, as_tree
from kmanifest.pipeline.context import Context, Meter
from kmanifest.pipeline.options import Options
from kmanifest.pipeline.registry import Registry
from kmanifest.startup.typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kmanifest.io.tree import FilePath, Files, Tree
    from kmanifest.model.cancel import CancelEvent


class Evaluated:
    r"""The result of a Jsonnet file. `text` is the JSON that `jsonnet` prints, `value` the value.

    >>> from kmanifest import render_jsonnet
    >>> result = render_jsonnet("a.jsonnet", tree={"a.jsonnet": "{a: 1 + 1}"})
    >>> result.text, result.value
    ('{\n   "a": 2\n}\n', {'a': 2})
    """

    __slots__ = ("_max_memory", "text")

    def __init__(self, text: str, *, max_memory: int | None = None) -> None:
        self.text = text
        self._max_memory = JsonnetOptions().max_memory if max_memory is None else max_memory

    @property
    def value(self) -> Any:
        """The value: None, bool, int, float, str, list and dict. Each access returns a new copy.

        Raises LimitError if it needs more memory than the `max_memory` of the options, or is nested too deeply.
        """
        return load_value(self.text, self._max_memory)

    def __repr__(self) -> str:
        return f"Evaluated({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Evaluated) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def render_jsonnet(
    path: "FilePath",
    *,
    tree: "Tree | Files | None" = None,
    ext: Mapping[str, Any] | None = None,
    tla: Mapping[str, Any] | None = None,
    options: JsonnetOptions = JsonnetOptions(),
    limits: Limits = DEFAULT_LIMITS,
    registry: Registry | None = None,
    cancel: "CancelEvent | None" = None,
) -> Evaluated:
    r"""Evaluate a Jsonnet file as `jsonnet` does.

    `path` is a local path, or a path in `tree` if a tree is given. A mapping of paths to their content is taken as a
    `MemoryTree`. `ext` and `tla` are external variables and top-level arguments: any values that JSON can represent.
    Imports read files of its project, or of its directory if there is no `jsonnetfile.json` or `tkrc.yaml` in or above
    it, and of the library paths of the options. By default it runs in a process of its own, within the time and memory
    of the options. `registry` has the engines for the native functions `helmTemplate` and `kustomizeBuild`. `cancel` is
    an event such as `threading.Event()`; when it is set, the evaluation ends with CancelledError.

    Raises a KmanifestError: SourceError (invalid code, or a file that may not be read), MissingError (file not found),
    RenderError (the evaluation failed), LimitError (a limit of `limits` or `options`), CancelledError (`cancel` is set).
    `error.location` has the file and line. An argument of a wrong type is a TypeError.

    >>> from kmanifest import render_jsonnet
    >>> files = {"web.jsonnet": "function(replicas) {name: std.extVar('name'), replicas: replicas}"}
    >>> render_jsonnet("web.jsonnet", tree=files, ext={"name": "web"}, tla={"replicas": 3}).value
    {'name': 'web', 'replicas': 3}
    """
    path = as_path(path)
    check_argument("options", options, JsonnetOptions, "a JsonnetOptions record")
    check_limits(limits)
    if cancel is not None:
        check_argument("cancel", cancel, *CANCEL)
    absolute = tree is None
    if tree is None:
        tree, path = SnapshotDiskTree("/"), absolute_path(path)
    else:
        tree = as_tree(tree)
    ctx = Context(
        tree,
        Registry() if registry is None else registry,
        Options(limits=limits),
        clock=clock,
        meter=Meter(limits, clock, cancel),
    )
    options = options._replace(
        ext_code=(*options.ext_code, *_as_code(ext, "ext")),
        tla_code=(*options.tla_code, *_as_code(tla, "tla")),
    )
    try:
        source = Source.of(ctx, ctx.tree.resolve(trees.join("", path)))
        text = evaluate(ctx, source, options, style="json")
        return Evaluated(text, max_memory=options.max_memory)
    except KmanifestError as error:
        location = error.location
        if absolute and location.file and location.file[0] not in "/<":
            location = location._replace(file=f"/{location.file}")
        raise error.at(location) from error
    except UNEXPECTED as error:
        raise internal_error(error) from error


def _as_code(values: Mapping[str, Any] | None, parameter: str) -> tuple[tuple[str, str], ...]:
    """Return variables as code. Each value is one that JSON can represent."""
    if values is None:
        return ()
    check_argument(parameter, values, Mapping, "a mapping of names to values")
    try:
        return tuple(
            (name, json.dumps(value, ensure_ascii=False, allow_nan=False))
            for name, value in values.items()
        )
    except (TypeError, ValueError) as error:
        raise TypeError(f"{parameter} must have values that JSON can represent: {error}") from None
