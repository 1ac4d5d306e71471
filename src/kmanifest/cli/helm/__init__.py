"""`kmanifest helm`: the verbs of Helm that need no cluster, with Helm's flags, output and exit codes.

As in Helm, every error ends with exit code 1 and a line that begins with `Error:`. Source: helm v3.22.0 cmd/helm.
"""

from collections.abc import Sequence

from kmanifest.cli import EXIT_FAILURE, EXIT_OK
from kmanifest.cli.flags import UsageError
from kmanifest.cli.helm.flags import LEADING_FLAGS
from kmanifest.cli.output import print_text
from kmanifest.cli.verbs import Verb, describe_verbs, get_verb, split_verb, verb_names
from kmanifest.startup.lazy import lazy_function

INTRODUCTION = """\
Render, lint, show, fetch and package Helm charts as helm v3.22.0 does, without a cluster.

Usage:
  kmanifest helm VERB [arguments]

Verbs:
"""
EPILOGUE = '\nUse "kmanifest helm VERB --help" for the flags of a verb.\n'
VERBS = (
    Verb(
        "dependency",
        "list, fetch and lock the dependencies of a chart",
        lazy_function("kmanifest.cli.helm.dependency", "dependency"),
        ("dep", "dependencies"),
    ),
    Verb(
        "lint",
        "examine a chart for possible issues",
        lazy_function("kmanifest.cli.helm.lint", "lint"),
    ),
    Verb(
        "package",
        "package a chart directory into an archive",
        lazy_function("kmanifest.cli.helm.package", "package"),
    ),
    Verb(
        "pull",
        "download packaged charts from repositories and registries",
        lazy_function("kmanifest.cli.helm.pull", "pull"),
        ("fetch",),
    ),
    Verb(
        "repo",
        "index a directory of packaged charts",
        lazy_function("kmanifest.cli.helm.repo", "repo"),
    ),
    Verb(
        "show",
        "show parts of a chart: all, chart, crds, readme, values",
        lazy_function("kmanifest.cli.helm.show", "show"),
        ("inspect",),
    ),
    Verb(
        "template",
        "render a chart and print the output",
        lazy_function("kmanifest.cli.helm.template", "template"),
    ),
    Verb(
        "verify",
        "verify the signature of a packaged chart",
        lazy_function("kmanifest.cli.helm.verify", "verify"),
    ),
)


def helm(arguments: Sequence[str]) -> int:
    """Run a verb of Helm and return the exit code."""
    name, verb_arguments = split_verb(arguments, LEADING_FLAGS)
    verb = get_verb(VERBS, name)
    if verb is None:
        if name and "--help" not in arguments and "-h" not in arguments:
            verb_list = ", ".join(verb_names(VERBS))
            return _print_error(
                f'unknown command "{name}" for "kmanifest helm" (commands: {verb_list})'
            )
        print_text(INTRODUCTION + describe_verbs(VERBS) + EPILOGUE)
        return EXIT_OK
    from kmanifest.model.errors import KmanifestError

    try:
        return verb.run(verb_arguments)
    except UsageError as error:
        return _print_error(str(error))
    except RecursionError:
        return _print_error(
            "the input is nested more deeply than this thread's stack allows (max_depth)"
        )
    except KmanifestError as error:
        return _print_error(error.message)


def _print_error(message: str) -> int:
    from kmanifest.cli import report
    from kmanifest.cli.helm.inputs import printable

    report.print_message(f"Error: {printable(message)}\n")
    return EXIT_FAILURE
