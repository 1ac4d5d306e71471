"""The tree that `cfg tree` prints: its branches and how it is drawn.

Source: kyaml v0.21.2 kio/tree.go; xlab/treeprint v1.2.0 treeprint.go. Among several directories above one the reference
takes any; here it is the nearest.
"""

import os
from collections.abc import Iterable, Sequence

from kmanifest.cli.cfg.nodes import field, flow_text, is_empty, items, meta, strip_comments, text
from kmanifest.cli.cfg.order import sort_key
from kmanifest.cli.cfg.paths import find
from kmanifest.cli.cfg.reading import PACKAGE_FILE, PATH, pair_up
from kmanifest.engines.kustomize.yaml_nodes import Node
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import NamedTuple


class Shown(NamedTuple):
    """A field to show: its name, the path to it, and its name within an item of a list (empty where it is in none)."""

    name: str
    path: tuple[str, ...]
    within: str


class Branch:
    """A line of the tree and what hangs on it."""

    __slots__ = ("branches", "label")

    def __init__(self, label: str) -> None:
        self.label = label
        self.branches: list[Branch] = []

    def add(self, label: str) -> "Branch":
        branch = Branch(label)
        self.branches.append(branch)
        return branch

    def lines(self, lead: str = "") -> list[str]:
        """The lines below this one."""
        out: list[str] = []
        for branch in self.branches:
            is_last = branch is self.branches[-1]
            inner = lead + ("    " if is_last else "│   ")
            first, *more = branch.label.split("\n")
            out.append(f"{lead}{'└──' if is_last else '├──'} {first}")
            out += [inner + line for line in more]
            out += branch.lines(inner)
        return out


def to_shown(path: Sequence[str]) -> Shown:
    """A path as a field to show; those of containers are shown together."""
    name = ".".join(path)
    for place in (
        "spec.template.spec.containers",
        "spec.jobTemplate.spec.template.spec.containers",
        "spec.containers",
    ):
        if name.startswith(place):
            return Shown(place, tuple(path), path[-1])
    return Shown(name, tuple(path), "")


def clean(path: str) -> str:
    """A path as Go's filepath.Clean gives it."""
    path = os.path.normpath(path)
    return path[1:] if path.startswith("//") else path


def draw(nodes: Sequence[Node], root: str, fields: Sequence[Shown], structure: str) -> str:
    """The whole tree as text."""
    for node in nodes:
        pair_up(node)
    if not structure:
        owned = any(_owners(node) is not None for node in nodes)
        structure = "owners" if owned else "directory"
    trunk = _by_owner(nodes, fields) if structure == "owners" else _by_place(nodes, root, fields)
    return "".join(f"{line}\n" for line in (trunk.label, *trunk.lines()))


def _by_place(nodes: Iterable[Node], root: str, fields: Sequence[Shown]) -> Branch:
    places: dict[str, list[Node]] = {}
    for node in nodes:
        if meta(node).kind:
            places.setdefault(_directory(node), []).append(node)
    trunk = Branch(root)
    branches: dict[str, Branch] = {}
    for place in sorted(places):
        above = max((other for other in branches if place.startswith(other)), key=len, default="")
        branch = branches.get(above, trunk)
        if place != ".":
            branch = branch.add(_place_label(root, place))
        branches[place] = branch
        for node in _sorted(places[place]):
            _add(branch, node, os.path.basename(_file(node)) or ".", fields)
    return trunk


def _file(node: Node) -> str:
    return meta(node).annotations.get(PATH, "")


def _directory(node: Node) -> str:
    return clean(os.path.dirname(_file(node)) or ".")


def _place_label(root: str, place: str) -> str:
    name = os.path.basename(place) or "/"
    try:
        os.stat(os.path.join(root, place.lstrip("/"), PACKAGE_FILE))
    except FileNotFoundError:
        return name
    except (OSError, ValueError):
        pass  # as in the reference: something is there
    return f"Pkg: {name}"


def _sorted(nodes: Iterable[Node]) -> list[Node]:
    """By file, namespace, name, kind and apiVersion; of equal ones, as in the reference, the last comes first."""

    def key(node: Node) -> tuple[str, ...]:
        known = meta(node)
        file = os.path.basename(known.annotations.get(PATH, "")) or "."
        return file, known.namespace, known.name, known.kind, known.api_version

    return sorted(nodes, key=key, reverse=True)[::-1]


class _Owned:
    """A resource and those that it owns."""

    def __init__(self) -> None:
        self.node: Node | None = None
        self.owns: list[_Owned] = []


def _by_owner(nodes: Iterable[Node], fields: Sequence[Shown]) -> Branch:
    known: dict[str, _Owned] = {}
    free = _Owned()
    for node in nodes:
        owner = _owner(node)
        above = known.setdefault(owner, _Owned()) if owner else free
        below = known.setdefault(_identity(node), _Owned())
        below.node = node
        above.owns.append(below)
    for name, each in known.items():
        if each.node is None:
            raise SourceError(f"owner {name!r} not found in the input, which has objects it owns")
    trunk = Branch(".")
    _add_owned(trunk, free, fields)
    return trunk


def _add_owned(branch: Branch, owner: _Owned, fields: Sequence[Shown]) -> None:
    below = {id(each.node): each for each in owner.owns}
    for node in _sorted(each.node for each in owner.owns if each.node is not None):
        _add_owned(_add(branch, node, "Resource", fields), below[id(node)], fields)


def _identity(node: Node) -> str:
    known = meta(node)
    return f"{known.kind} {known.namespace}/{known.name}"


def _owners(node: Node) -> Node | None:
    metadata = field(node, "metadata")
    return None if metadata is None else field(metadata, "ownerReferences")


def _owner(node: Node) -> str:
    owners = _owners(node)
    first = items(owners)[:1] if owners is not None and not is_empty(owners) else []
    if not first:
        return ""
    kind, name = (text(field(first[0], key)) for key in ("kind", "name"))
    return f"{kind} {meta(node).namespace}/{name}"


def _add(branch: Branch, node: Node, source: str, fields: Sequence[Shown]) -> Branch:
    known = meta(node)
    name = f"{known.namespace}/{known.name}" if known.namespace else known.name
    own = branch.add(f"[{source}]  {known.kind} {name}")
    singles, groups = _values(node, fields)
    for title in sorted({*singles, *groups}, key=lambda title: (sort_key(title), title)):
        if title not in groups:
            own.add(f"{title}: {singles[title]}")
            continue
        below = own.add(title)
        ordered = sorted(groups[title].items(), key=lambda pair: sort_key(pair[0]))
        for index, (_, inner) in enumerate(ordered):
            item = below.add(str(index))
            for within, value in sorted(inner, key=lambda pair: (sort_key(pair[0]), pair[1])):
                item.add(f"{within}: {value}")
    return own


def _values(
    node: Node, fields: Iterable[Shown]
) -> tuple[dict[str, str], dict[str, dict[str, list[tuple[str, str]]]]]:
    """The fields of a resource that stand alone, and those of items, by the name of the item."""
    singles: dict[str, str] = {}
    groups: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for shown in fields:
        found = find(node, shown.path)
        if not found:
            continue
        for each in found:
            # So the name of an item has its comment when its first field is looked up, and none later.
            strip_comments(each.node)
        if not shown.within:
            singles[shown.name] = flow_text(found[0].node)
            continue
        group = groups.setdefault(shown.name, {})
        for each in found:
            value = (shown.within, flow_text(each.node))
            group.setdefault("/".join(each.chosen), []).append(value)
    return singles, groups
