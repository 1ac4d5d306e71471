"""`kmanifest cfg`: search and format directories of resource files, without building them.

Source of names and messages: kustomize cmd/config v0.21.2 internal/commands.
"""

from kmanifest.cli.verbs import Group, Verb

VERBS = (
    Verb("cat", "print resources, with fields in the usual order", "kmanifest.cli.cfg.cat"),
    Verb("count", "count the resources by kind", "kmanifest.cli.cfg.count"),
    Verb("grep", "print the resources with a field that matches", "kmanifest.cli.cfg.grep"),
    Verb(
        "tree",
        "print the resources, and some of their fields, as a tree",
        "kmanifest.cli.cfg.tree",
    ),
)
COMMAND = Group(
    ("cfg",), "Search and format directories of resource files, without building them.\n", VERBS
)
