"""`kmanifest jinja`: render one Jinja2 template and print its text, whatever it is."""

import os

from kmanifest.cli.flags import CommandLine, Flag, UsageError
from kmanifest.cli.output import print_text
from kmanifest.cli.shared import (
    REPRODUCIBLE_FLAGS,
    STDIN,
    TEMPLATE_FLAGS,
    read_local_file,
    seed_option,
    time_option,
)
from kmanifest.cli.verbs import FILE, Command
from kmanifest.startup.typing import TYPE_CHECKING, Any, Mapping, Sequence

if TYPE_CHECKING:
    from kmanifest.engines.jinja.options import JinjaOptions

SUFFIX = ".j2"
OTHER_MARKERS = (
    "kustomization.yaml",
    "kustomization.yml",
    "Kustomization",
    "Chart.yaml",
    "kmanifest.yaml",
)

VALUES = Flag(
    "values",
    "list",
    "YAML file with values; - is stdin",
    short="f",
    value="strings",
    path="file",
)
TIME_AND_SEED = tuple(flag for flag in REPRODUCIBLE_FLAGS if flag.name in ("now", "seed"))


def jinja(command_line: CommandLine) -> int:
    """Render a template, print its text and return the exit code."""
    if len(command_line.arguments) != 1:
        raise UsageError("usage: kmanifest jinja FILE")
    options = template_options(command_line)
    # imported here so that usage errors stay fast
    from kmanifest.engines.builtin import installed_registry
    from kmanifest.engines.jinja.api import render_template
    from kmanifest.pipeline.options import Options, Reproducible

    reproducible = Reproducible(seed_option(command_line), time_option(command_line))
    text = render_template(
        command_line.arguments[0],
        options=Options(reproducible=reproducible, engines=(options,)),
        registry=installed_registry(),
    )
    return print_text(text)


def template_options(command_line: CommandLine) -> "JinjaOptions":
    """The options for templates, from the command line."""
    from kmanifest.engines.jinja.options import JinjaOptions
    from kmanifest.engines.jinja.values import merge_values

    values = command_line.values
    return JinjaOptions(
        values=merge_values(read_values_files(values["values"])),
        dialect=values["dialect"],
        flat=values["flat"],
        trim_blocks=not values["no-trim-blocks"],
        lstrip_blocks=not values["no-lstrip-blocks"],
        keep_trailing_newline=not values["no-keep-trailing-newline"],
    )


def read_values_files(paths: Sequence[str]) -> list[Mapping[str, Any]]:
    """The values in local files; `-` is stdin."""
    from kmanifest.engines.jinja.values import load_values
    from kmanifest.model.limits import DEFAULT_LIMITS

    return [
        load_values(
            read_local_file(path, "values"),
            path if path == STDIN else os.path.abspath(path),
            DEFAULT_LIMITS,
        )
        for path in paths
    ]


def is_template_target(path: str) -> bool:
    """Whether a build of the path renders templates: a template, or a directory with templates and no other language."""
    if os.path.isfile(path):
        return path.endswith(SUFFIX)
    try:
        names = os.listdir(path)
    except OSError:
        return False
    return any(name.endswith(SUFFIX) for name in names) and not any(
        name in OTHER_MARKERS for name in names
    )


COMMAND = Command(
    ("jinja",),
    "FILE",
    """\
Render a Jinja2 template and print its text. Templates that it includes or imports are in its directory or below. It
finds the values of --values under the name `values`. To print the resources that a template writes, use
`kmanifest build FILE`.
""",
    (
        ("General flags", (VALUES,)),
        ("Template flags", (*TEMPLATE_FLAGS, *TIME_AND_SEED)),
    ),
    jinja,
    examples=(
        "kmanifest jinja motd.j2 -f values.yaml",
        "kmanifest jinja web.yaml.j2 -f values.yaml --dialect ansible | less",
    ),
    completions=(FILE,),
)
