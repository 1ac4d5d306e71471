"""`--post-renderer`: the output of a chart goes through a program, or through transformers and components of Kustomize.

A program is named by its user, so it is run without another permission, and with the whole environment, as a pipe would run it. What a
YAML file asks for needs the permissions that it needs in a build. Source: helm v3.22.0 pkg/postrender/exec.go.
"""

import os
from functools import partial

from kmanifest.cli.flags import Parsed, UsageError
from kmanifest.cli.helm.inputs import LIMITS
from kmanifest.cli.shared import programs_of, remotes_of
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.render import PostRender, TemplateError
from kmanifest.io.runner import INHERIT_ALL, Command, ProcessResult, ProcessRunner
from kmanifest.model.errors import KmanifestError, PluginError


def find_post_renderer(parsed: Parsed) -> PostRender:
    """What the flag names; UsageError where that is nothing of the kind."""
    name = parsed.values["post-renderer"]
    if os.path.isdir(name) or (os.path.isfile(name) and _is_config(name)):
        if parsed.values["output-dir"]:
            raise UsageError(
                "--output-dir writes what was not post-rendered: leave out one of the two"
            )
        return partial(_transformed, parsed, os.path.abspath(name))
    path = os.path.abspath(_find_program(name))
    return partial(_piped, parsed, path)


def _is_config(path: str) -> bool:
    return path.endswith((".yaml", ".yml")) and not os.access(path, os.X_OK)


# --- programs -----------------------------------------------------------------------------------------------------


def _find_program(name: str) -> str:
    """The path of a program. Source: Go 1.26 src/os/exec/lp_unix.go, LookPath."""
    from shutil import which

    found = which(name)
    if found is not None:
        return found
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


def _piped(parsed: Parsed, path: str, text: str) -> str:
    """What the program prints that has a text as its input; TemplateError in helm's words where it fails."""
    arguments = tuple(parsed.values["post-renderer-args"])
    timeout = programs_of(parsed.values).timeout
    runner = ProcessRunner(
        pass_variables=(INHERIT_ALL,), timeout=timeout, max_output=LIMITS.max_output
    )
    stdin = text.encode("utf-8", "surrogateescape")
    program = Command(path, arguments, os.getcwd(), stdin=stdin)
    try:
        done = runner.run_process(program)
    except PluginError as error:
        cause = error.__cause__
        why = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(error)
        raise _failed(path, "", f"fork/exec {path}: {why.lower()}") from error
    if done.code:
        raise _failed(path, done.errors.decode("utf-8", "surrogateescape"), _end(done))
    return done.output.decode("utf-8", "surrogateescape")


def _failed(path: str, said: str, why: str) -> TemplateError:
    doing = "error while running post render on files: error while running command"
    return TemplateError(f"{doing} {path}. error output:\n{said}: {why}")


def _end(done: ProcessResult) -> str:
    import signal

    if done.code > 0:
        return f"exit status {done.code}"
    name = signal.strsignal(-done.code) or str(-done.code)
    return f"signal: {name.lower()}"


# --- transformers -------------------------------------------------------------------------------------------------


def _transformed(parsed: Parsed, path: str, text: str) -> str:
    """What transformers, or a component, make of the objects in a text."""
    from kmanifest import api
    from kmanifest.engines.builtin import PLUGINS, installed_registry
    from kmanifest.engines.kustomize.render import transform
    from kmanifest.pipeline.options import ExecPluginOptions, Options
    from kmanifest.pipeline.registry import Plugin

    values = parsed.values
    directory, name = os.path.split(path)
    options = Options(
        enable_plugins=values["enable-alpha-plugins"],
        allow_exec=values["enable-exec"],
        env=tuple(values["env"]),
        limits=LIMITS,
        exec_plugins=programs_of(values) if values["enable-alpha-plugins"] else ExecPluginOptions(),
        allow_remote=True,
        remote=remotes_of(values),
    )
    renderer = Plugin(
        "renderer", "post-renderer", partial(transform, name=name, text=text), (name,)
    )
    others = [plugin for plugin in PLUGINS if plugin.role != "renderer"]
    registry = installed_registry([*others, renderer])
    try:
        rendered = api.build(directory, options=options, registry=registry)
        text = rendered.text()
    except KmanifestError as error:
        raise type(error)(f"error while running post render on files: {error}") from error
    if rendered.warnings:
        from kmanifest.cli import report

        report.findings(rendered.warnings)
    return text
