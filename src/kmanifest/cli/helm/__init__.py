"""`kmanifest helm`: the verbs of Helm that need no cluster, with Helm's flags, output and exit codes.

As in Helm, every error ends with exit code 1 and a line that begins with `Error:`. Source: helm v3.22.0 cmd/helm.
"""

from kmanifest.cli import EXIT_FAILURE
from kmanifest.cli.flags import UsageError
from kmanifest.cli.helm.flags import COMMON_FLAGS
from kmanifest.cli.verbs import Group, Verb
from kmanifest.startup.typing import Callable

VERBS = (
    Verb(
        "dependency",
        "list, fetch and lock the dependencies of a chart",
        "kmanifest.cli.helm.dependency",
        ("dep", "dependencies"),
    ),
    Verb("lint", "examine a chart for possible issues", "kmanifest.cli.helm.lint"),
    Verb("package", "package a chart directory into an archive", "kmanifest.cli.helm.package"),
    Verb(
        "pull",
        "download packaged charts from repositories and registries",
        "kmanifest.cli.helm.pull",
        ("fetch",),
    ),
    Verb("repo", "index a directory of packaged charts", "kmanifest.cli.helm.repo"),
    Verb(
        "show",
        "show parts of a chart: all, chart, crds, readme, values",
        "kmanifest.cli.helm.show",
        ("inspect",),
    ),
    Verb("template", "render a chart and print the output", "kmanifest.cli.helm.template"),
    Verb("verify", "verify the signature of a packaged chart", "kmanifest.cli.helm.verify"),
    Verb("version", "print the version of Helm", "kmanifest.cli.helm.version"),
)


def with_helm_errors(run: Callable[[], int]) -> int:
    """Call `run` and return its exit code. Errors are printed as Helm prints them, with exit code 1."""
    from kmanifest.model.errors import KmanifestError

    try:
        return run()
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


COMMAND = Group(
    ("helm",),
    "Render, lint, show, fetch and package Helm charts as helm v3.22.0 does, without a cluster.\n",
    VERBS,
    leading_flags=COMMON_FLAGS,
    shared="kmanifest.cli.helm.flags",
    guard=with_helm_errors,
)
