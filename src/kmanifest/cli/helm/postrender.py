"""`--post-renderer`: change the output of a chart with an executable, or with transformers or a component of Kustomize.

An executable is named by the user, so it runs without another permission and with the whole environment, as in a shell
pipe. Transformers and components need the permissions that they need in a build.
Source: helm v3.22.0 pkg/postrender/exec.go.
"""

import os
from functools import partial

from kmanifest.cli.flags import CommandLine, UsageError
from kmanifest.cli.helm.inputs import LIMITS
from kmanifest.cli.shared import exec_plugin_options, limit_options, remote_options
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.render import PostRender, TemplateError
from kmanifest.io.local_tree import EVERYTHING
from kmanifest.io.runner import INHERIT_ALL, Command, ProcessResult, ProcessRunner
from kmanifest.model.errors import KmanifestError, PluginError


def find_post_renderer(command_line: CommandLine) -> PostRender:
    """The post-renderer that the flag names.

    Raises UsageError if there is no such executable or configuration.
    """
    name = command_line.values["post-renderer"]
    if os.path.isdir(name) or (os.path.isfile(name) and _is_config_file(name)):
        if command_line.values["output-dir"]:
            raise UsageError(
                "--output-dir writes files that are not post-rendered: use only one of --output-dir and --post-renderer"
            )
        return partial(_transform, command_line, os.path.abspath(name))
    path = os.path.abspath(_find_executable(name))
    return partial(_run_executable, command_line, path)


def _is_config_file(path: str) -> bool:
    return path.endswith((".yaml", ".yml")) and not os.access(path, os.X_OK)


# --- executables -----------------------------------------------------------------------------------------------------


def _find_executable(name: str) -> str:
    """The path of an executable. Source: Go 1.26 src/os/exec/lp_unix.go, LookPath."""
    from shutil import which

    path = which(name)
    if path is not None:
        return path
    problem = "executable file not found in $PATH"
    if "/" in name:
        problem = (
            "permission denied"
            if os.path.exists(name)
            else f"stat {name}: no such file or directory"
        )
    raise UsageError(
        f'invalid argument {quoted(name)} for "--post-renderer" flag: unable to find binary at {name}: '
        f"exec: {quoted(name)}: {problem}"
    )


def _run_executable(command_line: CommandLine, path: str, text: str) -> str:
    """Run the executable with `text` as its stdin and return its stdout.

    Raises TemplateError with Helm's message if it fails.
    """
    arguments = tuple(command_line.values["post-renderer-args"])
    timeout = exec_plugin_options(command_line.values).timeout
    runner = ProcessRunner(
        pass_variables=(INHERIT_ALL,),
        timeout=timeout,
        max_output=limit_options(command_line, LIMITS).max_output,
    )
    stdin = text.encode("utf-8", "surrogateescape")
    program = Command(path, arguments, os.getcwd(), stdin=stdin)
    try:
        result = runner.run_process(program)
    except PluginError as error:
        cause = error.__cause__
        reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(error)
        raise _executable_error(path, "", f"fork/exec {path}: {reason.lower()}") from error
    if result.code:
        raise _executable_error(
            path, result.errors.decode("utf-8", "surrogateescape"), _exit_status_text(result)
        )
    return result.output.decode("utf-8", "surrogateescape")


def _executable_error(path: str, stderr_text: str, reason: str) -> TemplateError:
    action = "error while running post render on files: error while running command"
    return TemplateError(f"{action} {path}. error output:\n{stderr_text}: {reason}")


def _exit_status_text(result: ProcessResult) -> str:
    import signal

    if result.code > 0:
        return f"exit status {result.code}"
    name = signal.strsignal(-result.code) or str(-result.code)
    return f"signal: {name.lower()}"


# --- transformers -------------------------------------------------------------------------------------------------


def _transform(command_line: CommandLine, path: str, text: str) -> str:
    """Apply transformers or a component to the objects in `text` and return the result."""
    from kmanifest import api
    from kmanifest.engines.builtin import PLUGINS, installed_registry
    from kmanifest.engines.kustomize.render import transform
    from kmanifest.pipeline.options import ExecPluginOptions, Options
    from kmanifest.pipeline.registry import Plugin, Registry

    values = command_line.values
    directory, name = os.path.split(path)
    options = Options(
        enable_plugins=values["enable-alpha-plugins"],
        allow_exec=values["enable-exec"],
        env=tuple(values["env"]),
        limits=limit_options(command_line, LIMITS),
        exec_plugins=exec_plugin_options(values)
        if values["enable-alpha-plugins"]
        else ExecPluginOptions(),
        allow_remote=True,
        remote=remote_options(values),
        # The user has named the directory; --root is about the chart.
        root=EVERYTHING if values["follow-links"] else None,
    )
    renderer = Plugin(
        "renderer", "post-renderer", partial(transform, name=name, text=text), (name,)
    )
    other_plugins = [plugin for plugin in PLUGINS if plugin.role != "renderer"]
    plugins = [*other_plugins, renderer]
    registry = installed_registry(plugins) if values["installed-plugins"] else Registry(plugins)
    try:
        rendered = api.build(directory, options=options, registry=registry)
        text = rendered.text()
    except KmanifestError as error:
        raise type(error)(f"error while running post render on files: {error}") from error
    if rendered.warnings:
        from kmanifest.cli import report

        report.print_findings(rendered.warnings)
    return text
