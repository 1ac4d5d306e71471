"""`kmanifest cfg`: search and format directories of resource files, without building them.

Source of names and messages: kustomize cmd/config v0.21.2 internal/commands.
"""

from collections.abc import Sequence

from kmanifest.cli.flags import UsageError
from kmanifest.cli.output import print_text
from kmanifest.cli.verbs import Verb, describe_verbs, find_verb, verb_names
from kmanifest.startup.lazy import lazy_function

INTRODUCTION = """\
Search and format directories of resource files, without building them.

Usage:
  kmanifest cfg VERB [arguments]

Verbs:
"""
EPILOGUE = '\nUse "kmanifest cfg VERB --help" for the flags of a verb.\n'
VERBS = (
    Verb(
        "cat",
        "print resources, with fields in the usual order",
        lazy_function("kmanifest.cli.cfg.cat", "cat"),
    ),
    Verb("count", "count the resources by kind", lazy_function("kmanifest.cli.cfg.count", "count")),
    Verb(
        "grep",
        "print the resources with a field that matches",
        lazy_function("kmanifest.cli.cfg.grep", "grep"),
    ),
    Verb(
        "tree",
        "print the resources, and some of their fields, as a tree",
        lazy_function("kmanifest.cli.cfg.tree", "tree"),
    ),
)


def cfg(arguments: Sequence[str]) -> int:
    """Run the verb after `cfg` and return the exit code."""
    if not arguments:
        raise UsageError(f"specify a verb of cfg: {', '.join(verb_names(VERBS))}")
    if arguments[0] in ("-h", "--help", "help"):
        return print_text(INTRODUCTION + describe_verbs(VERBS) + EPILOGUE)
    return find_verb(VERBS, arguments[0], parent="cfg").run(arguments[1:])
