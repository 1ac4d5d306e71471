"""Messages for verbs that do not exist: the nearest name, or what to use instead.

Users of kustomize and Helm type the verbs of those commands. Source of the names: kustomize v5.8.2 and helm v3.22.0,
`--help`.
"""

import os

from kmanifest.cli.verbs import Command, Group, Verb
from kmanifest.model.errors import near_names
from kmanifest.startup.typing import Final, Sequence

_NEEDS_CLUSTER: Final = "it needs a cluster: use `{}`"
_INSTALL: Final = (
    "it needs a cluster: use `kmanifest helm template NAME CHART | kubectl apply -f -`, or `{}`"
)
_REPOSITORIES: Final = (
    "kmanifest keeps no list of repositories: use their URLs, or add them with helm, whose list "
    "kmanifest reads"
)
_CLUSTER_VERBS: Final = (
    "get", "history", "list", "ls", "rollback", "status", "test", "uninstall", "delete",
)  # fmt: skip
ADVICE: Final = {
    "apply": "use `kmanifest build DIR | kubectl apply -f -`",
    "cfg fmt": "use `kmanifest cfg cat FILE`, which prints fields in the usual order",
    "edit": "use `kustomize edit`",
    "fn": "use `kustomize fn`, or run functions in a build: "
    "`kmanifest build --enable-alpha-plugins --enable-exec`",
    "helm completion": "use `kmanifest completion`",
    "helm create": "use `helm create`",
    "helm env": "use `helm env`",
    "helm install": _INSTALL.format("helm install"),
    "helm plugin": "plug-ins of Helm are not used: `kmanifest plugins list` lists kmanifest's",
    "helm push": "use `helm push`",
    "helm registry": "use `helm registry login`, whose logins kmanifest reads",
    "helm repo": _REPOSITORIES,
    "helm search": "use `helm search`",
    "helm upgrade": _INSTALL.format("helm upgrade"),
    **{f"helm {name}": _NEEDS_CLUSTER.format(f"helm {name}") for name in _CLUSTER_VERBS},
    "kustomize": "use `kmanifest build DIR`",
}
"""What to use instead of a verb of kustomize, Helm or kubectl that kmanifest does not have."""


def unknown_verb(group: Group, name: str) -> str:
    """The message for a verb that does not exist."""
    parent = " ".join(group.path)
    names = [verb.name for verb in group.verbs]
    advice = _advice(parent, name)
    if group.path[:1] == ("helm",):
        if advice:
            return f'unknown command "{name}" for "kmanifest {parent}": {advice}'
        return unknown_command(group.path, name, names)
    near = [] if advice else _near_verbs(group, name)
    hint = f": {advice}" if advice else f" (did you mean {near[0]}?)" if near else ""
    return f"unknown verb: {f'{parent} {name}'.strip()}{hint}"


def _near_verbs(group: Group, name: str) -> list[str]:
    """What the name can mean: a verb of another group, a near name, or a directory or packaged chart to build."""
    names = [verb.name for verb in group.verbs]
    if group.path:
        return near_names(name, names, most=1)
    inner = {
        inner_name: f"kmanifest {verb.name} {inner_name}"
        for verb in group.verbs
        if verb.name in ("cfg", "helm")
        for inner_verb in _verbs_of(verb.load())
        for inner_name in (inner_verb.name, *inner_verb.aliases)
    }
    if name in inner:
        return [inner[name]]
    if os.path.isdir(name):
        return [f"kmanifest build {name}"]
    if name.endswith((".tgz", ".tar.gz")) and os.path.isfile(name):
        return [f"kmanifest helm template {name}"]
    return near_names(name, names, most=1) or [
        inner[near_name] for near_name in near_names(name, inner, most=1)
    ]


def _verbs_of(loaded: Command | Group) -> tuple[Verb, ...]:
    return loaded.verbs if isinstance(loaded, Group) else ()


def unknown_command(path: Sequence[str], name: str, names: Sequence[str]) -> str:
    """The message for a verb of Helm that does not exist, as Helm prints it."""
    near = near_names(name, names, most=1)
    hint = f"did you mean {near[0]}?" if near else f"commands: {', '.join(names)}"
    return f'unknown command "{name}" for "kmanifest {" ".join(path)}" ({hint})'


def _advice(parent: str, name: str) -> str:
    """What to use instead of this verb of kustomize or Helm; empty if neither has it."""
    if parent == "helm repo" and not near_names(name, ["index"]):
        return ADVICE["helm repo"]
    advice = ADVICE.get(f"{parent} {name}".strip(), "")
    # A verb of Helm without `helm` before it.
    return advice or ("" if parent else ADVICE.get(f"helm {name}", ""))
