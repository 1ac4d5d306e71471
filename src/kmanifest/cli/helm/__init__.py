"""`kmanifest helm`: the verbs of helm that need no cluster, with helm's flags, output and exit codes.

As with helm, whatever is wrong ends with exit code 1 and a line that begins with `Error:`. Source: helm v3.22.0 cmd/helm.
"""

from collections.abc import Callable, Sequence

from kmanifest.cli import DONE, FAILED
from kmanifest.cli.flags import UsageError
from kmanifest.cli.output import print_text

INTRODUCTION = """\
Renders, checks, shows, fetches and packs Helm charts as helm v3.22.0 does, without a cluster.

Usage:
  kmanifest helm VERB [arguments]

Verbs:
  dependency  list, fetch and lock the charts that a chart needs
  lint        examine a chart for possible issues
  package     pack a chart's directory into an archive
  pull        save packaged charts of repositories and registries
  repo        index a directory of packaged charts
  show        show information of a chart: all, chart, crds, readme, values
  template    print what a chart renders
  verify      tell who has signed a packaged chart

"kmanifest helm VERB --help" tells more about a verb.
"""
VERBS = ("dependency", "lint", "package", "pull", "repo", "show", "template", "verify")
ALIASES = {"dep": "dependency", "dependencies": "dependency", "fetch": "pull", "inspect": "show"}

Verb = Callable[[Sequence[str]], int]


def helm(arguments: Sequence[str]) -> int:
    """Do what a verb of helm's says; gives the exit code."""
    place = next(
        (at for at, word in enumerate(arguments) if word in VERBS or word in ALIASES), None
    )
    if place is None:
        words = [word for word in arguments if not word.startswith("-")]
        if words and "--help" not in arguments and "-h" not in arguments:
            return _fail(
                f'unknown command "{words[0]}" for "kmanifest helm": it has {", ".join(VERBS)}'
            )
        print_text(INTRODUCTION)
        return DONE
    rest = [*arguments[:place], *arguments[place + 1 :]]
    from kmanifest.model.errors import KmanifestError

    try:
        return _verb(ALIASES.get(arguments[place], arguments[place]))(rest)
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
    if name == "dependency":
        from kmanifest.cli.helm.dependency import dependency

        return dependency
    if name == "package":
        from kmanifest.cli.helm.package import package

        return package
    if name == "pull":
        from kmanifest.cli.helm.pull import pull

        return pull
    if name == "repo":
        from kmanifest.cli.helm.repo import repo

        return repo
    if name == "verify":
        from kmanifest.cli.helm.verify import verify

        return verify
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
