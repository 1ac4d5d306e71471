"""`kmanifest helm`: the verbs of helm that need no cluster, with helm's flags, output and exit codes.

As with helm, whatever is wrong ends with exit code 1 and a line that begins with `Error:`. Source: helm v3.22.0 cmd/helm.
"""

from collections.abc import Sequence

from kmanifest.cli import EXIT_FAILURE, EXIT_OK
from kmanifest.cli.flags import UsageError
from kmanifest.cli.output import print_text
from kmanifest.cli.verbs import Verb, describe_verbs, take_verb, verb_names
from kmanifest.startup.lazy import late

INTRODUCTION = """\
Renders, checks, shows, fetches and packs Helm charts as helm v3.22.0 does, without a cluster.

Usage:
  kmanifest helm VERB [arguments]

Verbs:
"""
EPILOGUE = '\n"kmanifest helm VERB --help" tells more about a verb.\n'
VERBS = (
    Verb(
        "dependency",
        "list, fetch and lock the charts that a chart needs",
        late("kmanifest.cli.helm.dependency", "dependency"),
        ("dep", "dependencies"),
    ),
    Verb("lint", "examine a chart for possible issues", late("kmanifest.cli.helm.lint", "lint")),
    Verb(
        "package",
        "pack a chart's directory into an archive",
        late("kmanifest.cli.helm.package", "package"),
    ),
    Verb(
        "pull",
        "save packaged charts of repositories and registries",
        late("kmanifest.cli.helm.pull", "pull"),
        ("fetch",),
    ),
    Verb("repo", "index a directory of packaged charts", late("kmanifest.cli.helm.repo", "repo")),
    Verb(
        "show",
        "show information of a chart: all, chart, crds, readme, values",
        late("kmanifest.cli.helm.show", "show"),
        ("inspect",),
    ),
    Verb("template", "print what a chart renders", late("kmanifest.cli.helm.template", "template")),
    Verb(
        "verify",
        "tell who has signed a packaged chart",
        late("kmanifest.cli.helm.verify", "verify"),
    ),
)


def helm(arguments: Sequence[str]) -> int:
    """Do what a verb of helm's says; gives the exit code."""
    verb, verb_arguments = take_verb(VERBS, arguments)
    if verb is None:
        positional = [argument for argument in arguments if not argument.startswith("-")]
        if positional and "--help" not in arguments and "-h" not in arguments:
            verb_list = ", ".join(verb_names(VERBS))
            return _print_error(
                f'unknown command "{positional[0]}" for "kmanifest helm": it has {verb_list}'
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
