"""Jinja2 templates as a library: `render_jinja`."""

from collections.abc import Mapping

from kmanifest.engines.jinja.options import Dialect, JinjaOptions
from kmanifest.io.system import monotonic_seconds
from kmanifest.io.tree import join, whole_disk
from kmanifest.model.arguments import Expected, as_path, check_argument, check_limits
from kmanifest.model.errors import UNEXPECTED, KmanifestError, internal_error
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.pipeline.arguments import CANCEL, as_tree
from kmanifest.pipeline.context import Context, Meter
from kmanifest.pipeline.options import Options, Reproducible
from kmanifest.pipeline.registry import Registry
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kmanifest.io.tree import FilePath, Files, Tree
    from kmanifest.model.cancel import CancelEvent


def render_jinja(
    path: "FilePath",
    *,
    tree: "Tree | Files | None" = None,
    values: Mapping[str, Any] | None = None,
    env: Mapping[str, Any] | None = None,
    trim_blocks: bool = True,
    lstrip_blocks: bool = True,
    keep_trailing_newline: bool = True,
    dialect: Dialect = "",
    flat: bool = False,
    registry: Registry | None = None,
    reproducible: Reproducible = Reproducible(),
    limits: Limits = DEFAULT_LIMITS,
    cancel: "CancelEvent | None" = None,
) -> str:
    r"""Render a Jinja2 template and return its text, which need not be YAML.

    `path` is a path in `tree`, or a local path without one. A mapping of paths to their content is taken as a
    `MemoryTree`. The template finds `values` and `env` under these names, and with `flat` the values under their own
    names too. Included templates are below the directory of the template. `registry` has the plug-ins with the role
    `jinja-filter`. `reproducible` has the seed and the time that filters need. The other arguments are those of
    `JinjaOptions`. `cancel` is an event such as `threading.Event()`; when it is set, the render ends with
    CancelledError.

    Raises a KmanifestError with the line of a template: MissingError (an undefined value, an unknown filter, a missing
    template), SourceError (a syntax error, something that is not allowed), RenderError (a filter or an operation
    failed), LimitError (a limit of `limits`), CancelledError (`cancel` is set). An argument of a wrong type is a
    TypeError.

    >>> from kmanifest import render_jinja
    >>> files = {"hosts.j2": "{% for name in values.names %}{{ name }}.example.com\n{% endfor %}"}
    >>> print(render_jinja("hosts.j2", tree=files, values={"names": ["a", "b"]}), end="")
    a.example.com
    b.example.com
    """
    template = as_path(path)
    _check_optional(
        values=values,
        env=env,
        registry=registry,
        reproducible=reproducible,
        limits=limits,
        cancel=cancel,
    )
    options = JinjaOptions(
        values=values or {},
        env=env or {},
        trim_blocks=trim_blocks,
        lstrip_blocks=lstrip_blocks,
        keep_trailing_newline=keep_trailing_newline,
        dialect=dialect,
        flat=flat,
    )
    return render_template(
        template,
        tree=None if tree is None else as_tree(tree),
        options=Options(limits=limits, reproducible=reproducible, engines=(options,)),
        registry=registry or Registry(),
        cancel=cancel,
    )


def render_template(
    path: str,
    *,
    options: Options,
    registry: Registry,
    tree: "Tree | None" = None,
    cancel: "CancelEvent | None" = None,
) -> str:
    """Render a template without checks of the arguments, with the `JinjaOptions` of the build's options."""
    meter = Meter(options.limits, monotonic_seconds, cancel)
    if tree is not None:
        return _render(Context(tree, registry, options, meter=meter), join("", path))
    disk, absolute = whole_disk(path)
    try:
        return _render(Context(disk, registry, options, meter=meter), absolute)
    except KmanifestError as error:
        file = error.location.file
        absolute_file = f"/{file}" if file and file[0] != "/" else file
        raise error.at(error.location._replace(file=absolute_file)) from error


_EXPECTED: Final[Mapping[str, tuple[Expected, str]]] = {
    "values": (Mapping, "a mapping"),
    "env": (Mapping, "a mapping"),
    "registry": (Registry, "a Registry"),
    "reproducible": (Reproducible, "a Reproducible record"),
    "limits": (Limits, "a Limits record"),
    "cancel": CANCEL,
}
"""The types of the parameters."""


def _check_optional(**arguments: object) -> None:
    """Raise TypeError for the first argument of a wrong type. None means that it is absent."""
    for parameter, value in arguments.items():
        if value is not None:
            check_argument(parameter, value, *_EXPECTED[parameter])
        if isinstance(value, Limits):
            check_limits(value)


def _render(ctx: Context, path: str) -> str:
    from kmanifest.engines.jinja.rendering import TemplateRenderer, directory_context

    try:
        try:
            real = ctx.tree.resolve(path)
        except KmanifestError as error:
            raise error.within(file=path) from error
        inner, name = directory_context(ctx, real)
        return TemplateRenderer(inner, ctx.engine_options(JinjaOptions)).render(name)
    except UNEXPECTED as error:
        raise internal_error(error) from error
