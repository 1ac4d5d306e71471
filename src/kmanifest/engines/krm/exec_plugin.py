"""Legacy exec plug-ins: an executable in the plug-in home gets the path of its config and prints resources.

Source: kustomize v5.8.2 api/internal/plugins/execplugin/execplugin.go and shlex.go;
api/internal/plugins/loader/loader.go.
"""

from kmanifest import yaml
from kmanifest.engines.krm.resource_list import (
    ID,
    find_runner,
    masking_errors,
    parse_output,
    run_executable,
    update_resources,
    with_id_annotation,
)
from kmanifest.io.runner import Command
from kmanifest.model.annotations import without_annotations
from kmanifest.model.errors import MissingError, PluginError, SourceError
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import as_string
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.resource_options import with_resource_options
from kmanifest.startup.typing import Final

_MAX_VARIABLE_LENGTH: Final = 131_071  # bytes, with the name; execplugin.go, maxArgStringLength


def generate(ctx: Context, config: Resource) -> list[Resource]:
    """Return the resources that the executable of this config prints."""
    command = _prepare_command(ctx, config)
    with masking_errors(ctx):
        return [
            with_resource_options(each)
            for each in parse_output(ctx, run_executable(ctx, command), command.path)
        ]


def transform(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """Return the resources as the executable of this config changes them.

    The executable reads the resources on stdin, each with its id in an annotation.
    """
    command = _prepare_command(ctx, config)
    dumper = yaml.Dumper(ctx.options.limits)
    stdin = "---\n".join(
        dumper.dump(with_id_annotation(resource)) for resource in resources
    ).encode()
    with masking_errors(ctx):
        printed = parse_output(
            ctx, run_executable(ctx, command._replace(stdin=stdin)), command.path
        )
        without_ids = [each.with_body(without_annotations(each.body, (ID,))) for each in printed]
        return update_resources(resources, without_ids, command.path)


def _prepare_command(ctx: Context, config: Resource) -> Command:
    config_text = yaml.dump(config.body)
    path = find_executable(ctx, config)
    runner_root = str(getattr(find_runner(ctx), "root", None) or "")
    directory = f"{runner_root.rstrip('/')}/{ctx.directory}"
    variables = (
        ("KUSTOMIZE_PLUGIN_CONFIG_STRING", config_text),
        ("KUSTOMIZE_PLUGIN_CONFIG_ROOT", directory),
    )
    return Command(
        path,
        arguments=_read_arguments(ctx, config),
        directory=directory,
        config=config_text.encode(),
        environment=tuple(
            (name, value)
            for name, value in variables
            if len(f"{name}={value}".encode()) <= _MAX_VARIABLE_LENGTH
        ),
    )


def find_executable(ctx: Context, config: Resource) -> str:
    """Return the path of a config's executable: HOME/group/version/kind/Kind, where `kind` is in lower case.

    Raises MissingError if there is no plug-in home or no such file, PluginError if the file can't be executed, and
    SourceError if the group, version or kind can't be part of a path.
    """
    home = ctx.options.exec_plugins.home
    group, version, kind, _, _ = config.id
    if not home:
        message = (
            f"there is no plug-in home for {kind}: set KUSTOMIZE_PLUGIN_HOME to the directory, "
            "or ExecPluginOptions.home"
        )
        raise MissingError(message, near=ctx.registry.near_kinds(kind))
    for part in (group, version, kind):
        if "/" in part or "\\" in part or "\0" in part or part in (".", ".."):
            raise SourceError(f"{part!r} can't be a part of the path of a plug-in")
    path = "/".join([home, *filter(None, (group, version, kind.lower())), kind])
    runner = find_runner(ctx)
    file_kind = runner.kind(path)
    if file_kind == "executable":
        return path
    if file_kind == "file":
        raise PluginError(f"unexecutable plugin at: {path}")
    if runner.kind(f"{path}.so") != "nothing":
        message = "Go plug-ins can't be loaded: build an executable or write a KRM function"
        raise PluginError(f"{path}.so: {message}")
    message = f"no plug-in for {kind}: an executable is expected at {path}"
    raise MissingError(message, near=ctx.registry.near_kinds(kind))


def _read_arguments(ctx: Context, config: Resource) -> tuple[str, ...]:
    """Return the arguments in `argsOneLiner`, then those in the file `argsFromFile`, one on each line."""
    arguments: list[str] = []
    if line := config.body.get("argsOneLiner"):
        arguments += split_arguments(as_string(line, ("argsOneLiner",)))
    if path := config.body.get("argsFromFile"):
        content = ctx.read(as_string(path, ("argsFromFile",))).decode("utf-8", "replace")
        lines = (each.lstrip(" ") for each in content.split("\n"))
        arguments += [each for each in lines if each]
    return tuple(arguments)


def split_arguments(line: str) -> list[str]:
    """Split a line into arguments as a shell does, up to a `#`.

    Empty quotes are not an argument, as in kustomize.
    """
    arguments: list[str] = []
    argument = quote = ""
    is_escaped = False
    for char in line:
        if is_escaped:
            argument += char
            is_escaped = False
        elif char == "\\" and quote != "'":
            is_escaped = True
        elif char in "'\"" and not quote:
            quote = char
        elif char == quote:
            quote = ""
        elif char == "#" and not quote:
            break
        elif char.isspace() and not quote:
            arguments.append(argument)
            argument = ""
        else:
            argument += char
    if quote:
        raise SourceError("unclosed quote in argsOneLiner")
    return [each for each in (*arguments, argument) if each]
