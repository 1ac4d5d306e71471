"""`kmanifest helm`: the verbs of helm that need no cluster, with helm's flags, output and exit codes.

As with helm, whatever is wrong ends with exit code 1 and a line that begins with `Error:`. Source: helm v3.22.0 cmd/helm.
"""

from collections.abc import Callable, Sequence

from kmanifest.cli import DONE, FAILED
from kmanifest.cli.flags import UsageError
from kmanifest.cli.output import print_text

INTRODUCTION = """\
Renders, checks and shows Helm charts as helm v3.22.0 does, without a cluster and without a network.

Usage:
  kmanifest helm VERB [arguments]

Verbs:
  lint      examine a chart for possible issues
  show      show information of a chart: all, chart, crds, readme, values
  template  print what a chart renders

"kmanifest helm VERB --help" tells more about a verb.
"""
VERBS = ("template", "lint", "show", "inspect")

Verb = Callable[[Sequence[str]], int]


def helm(arguments: Sequence[str]) -> int:
    """Do what a verb of helm's says; gives the exit code."""
    place = next((at for at, word in enumerate(arguments) if word in VERBS), None)
    if place is None:
        words = [word for word in arguments if not word.startswith("-")]
        if words and "--help" not in arguments and "-h" not in arguments:
            return _fail(
                f'unknown command "{words[0]}" for "kmanifest helm": it has {", ".join(VERBS[:3])}'
            )
        print_text(INTRODUCTION)
        return DONE
    rest = [*arguments[:place], *arguments[place + 1 :]]
    from kmanifest.errors import KmanifestError

    try:
        return _verb(arguments[place])(rest)
    except UsageError as error:
        return _fail(str(error))
    except RecursionError:
        return _fail("the input is nested more deeply than this thread's stack allows (max_depth)")
    except KmanifestError as error:
        return _fail(error.message)


def _verb(name: str) -> Verb:
    if name == "template":
        from kmanifest.cli.helm.template import template  # each verb pays for itself only

        return template
    if name == "lint":
        from kmanifest.cli.helm.lint import lint

        return lint
    from kmanifest.cli.helm.show import show

    return show


def _fail(message: str) -> int:
    from kmanifest.cli import report
    from kmanifest.cli.helm.inputs import printable

    report.tell(f"Error: {printable(message)}\n")
    return FAILED
