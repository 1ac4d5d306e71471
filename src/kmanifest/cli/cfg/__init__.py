"""`kmanifest cfg`: looks into directories of resource files, without building them.

Source of names and texts: kustomize cmd/config v0.21.2 internal/commands.
"""

from collections.abc import Callable, Sequence

from kmanifest.cli.flags import UsageError
from kmanifest.cli.output import print_text

INTRODUCTION = """\
Looks into directories of resource files, without building them.

Usage:
  kmanifest cfg VERB [arguments]

Verbs:
  cat     print resources, with fields in the usual order
  count   count the resources by kind
  grep    print the resources with a field that fits
  tree    show the resources, and some of their fields, as a tree

"kmanifest cfg VERB --help" tells more about a verb.
"""
VERBS = ("cat", "count", "grep", "tree")


def cfg(arguments: Sequence[str]) -> int:
    """Do what the first argument names; gives the exit code."""
    if not arguments:
        raise UsageError(f"specify what cfg shall do: {', '.join(VERBS)}")
    if arguments[0] in ("-h", "--help", "help"):
        return print_text(INTRODUCTION)
    return _verb(arguments[0])(arguments[1:])


def _verb(name: str) -> Callable[[Sequence[str]], int]:
    if name == "cat":
        from kmanifest.cli.cfg.cat import cat  # each pays for itself only

        return cat
    if name == "grep":
        from kmanifest.cli.cfg.grep import grep

        return grep
    if name == "count":
        from kmanifest.cli.cfg.count import count

        return count
    if name == "tree":
        from kmanifest.cli.cfg.tree import tree

        return tree
    from kmanifest.model.errors import near_names

    near = near_names(name, VERBS, most=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise UsageError(f"unknown verb: cfg {name}{hint}")
