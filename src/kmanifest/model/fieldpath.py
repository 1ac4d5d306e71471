"""Read and update values in a body by their field path.

Bodies are shared between resources, builds and threads, so no function here changes its input. An update copies only
the containers on the path. The result shares all other branches with the input. If nothing differs, it is the input
itself.
"""

from _operator import is_not

from kmanifest.model.errors import SourceError
from kmanifest.model.values import type_name
from kmanifest.startup.typing import (
    Any,
    Callable,
    Final,
    Iterable,
    Iterator,
    Mapping,
    NamedTuple,
    Sequence,
)

Path = Sequence[str | int]
Setter = Callable[[Any], Any]


class Missing:
    """The type of `MISSING`, the marker for an absent value. Null is not absent."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()
"""The marker for an absent value in a `Change` and in `Resource.with_changes`. Null is not absent: it is None.

>>> from kmanifest import MISSING, Resource
>>> Resource({"kind": "Job", "spec": {"suspend": True}}).with_changes({("spec",): MISSING}).body
{'kind': 'Job'}
"""


def get(value: Any, path: Iterable[str | int], default: Any = None) -> Any:
    """Return the value at `path` in `value`, or `default` if the path does not exist."""
    for step in path:
        if value.__class__ is dict or isinstance(value, Mapping):
            if step not in value:
                return default
            value = value[step]
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return default
    return value


def put(value: Any, path: Path, new: Any) -> Any:
    """Return `value` with `new` at `path`. Mappings that are missing on the path are created.

    Raises SourceError if the path leads through a scalar or to a list item that does not exist.
    """
    containers = []
    for depth, step in enumerate(path):
        if value is None:
            value = {}
        containers.append(value)
        if value.__class__ is dict:
            value = value.get(step)
            continue
        try:
            value = _step_into(value, step)
        except SourceError as error:
            raise error.within(field=path[: depth + 1]) from None
    for container, step in zip(reversed(containers), reversed(path), strict=True):
        if container.__class__ is list:
            new = replace_item(container, int(step) % len(container), new)
        else:
            new = replace_key(container, step, new)
    return new


def _step_into(value: Any, step: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(step)
    if not isinstance(value, list):
        raise SourceError(f"expected a mapping, got {type_name(value)}")
    if not isinstance(step, int) or not -len(value) <= step < len(value):
        raise SourceError(f"a list of {len(value)} has no element {step}")
    return value[step]


def remove(value: Any, path: Path) -> Any:
    """Return `value` without the field at `path`, or `value` itself if there is no such field."""
    parent = get(value, path[:-1], MISSING)
    if not isinstance(parent, Mapping) or path[-1] not in parent:
        return value
    return put(value, path[:-1], {key: item for key, item in parent.items() if key != path[-1]})


def replace_key(mapping: Mapping[Any, Any], key: str | int, new: Any) -> Mapping[Any, Any]:
    """Return the mapping with `new` under `key`, or the mapping itself if it already has this object there."""
    if mapping.get(key, MISSING) is new:
        return mapping
    return {**mapping, key: new}


def replace_item(items: list[Any], index: int, new: Any) -> list[Any]:
    """Return the list with `new` at `index`, or the list itself if it already has this object there."""
    if items[index] is new:
        return items
    copy = items[:]
    copy[index] = new
    return copy


def split_path(path: str, delimiter: str) -> list[str]:
    r"""Return the steps of a path in text form.

    A delimiter after a backslash is part of its step. A delimiter at the beginning is ignored.

    Source: kustomize v5.8.2 kyaml/utils/pathsplitter.go, PathSplitter.
    """
    if "\\" not in path:
        steps = path.split(delimiter)
        return steps[1:] if len(steps) > 1 and not steps[0] else steps
    raw = path.split(delimiter)
    if len(raw) > 1 and not raw[0]:
        raw = raw[1:]
    steps = raw[:1]
    for step in raw[1:]:
        if steps[-1].endswith("\\"):
            steps[-1] = steps[-1][:-1] + delimiter + step
        else:
            steps.append(step)
    return steps


class FieldUpdate(NamedTuple):
    """A change of the field at the end of a path.

    `change` gets the old value and returns the new one. If the field spec has `create`, a field that is missing or
    null is created first with the value `initial`. If `initial` is MISSING, no field is created and null stays null.
    """

    change: Setter
    initial: Any = MISSING


def update_field(
    body: Any, steps: Sequence[str], update: FieldUpdate, *, create: bool = False
) -> Any:
    """Return the body with `update` applied to every field that the path `steps` matches.

    The path goes through all items of a list, and ends at null. The field of a step that ends in `[]` must be a list;
    it is never created. Raises SourceError if a value on the path is neither a mapping nor a list.
    Source: kustomize v5.8.2 api/filters/fieldspec/fieldspec.go.
    """
    try:
        return _update(body, steps, 0, update, create and update.initial is not MISSING)
    except SourceError as error:
        raise error.within(field=steps) from error


class FieldMatches(NamedTuple):
    """The matches of a path in a body.

    `fields`: the path and the value of each match. `null_lists`: the path of each null where a step demands a list.
    """

    fields: list[tuple[tuple[str | int, ...], Any]]
    null_lists: list[tuple[str | int, ...]]


def find_fields(body: Any, steps: Sequence[str]) -> FieldMatches:
    """Return the fields that `update_field` would change if it created none. Raises the errors of `update_field`."""
    fields: list[tuple[tuple[str | int, ...], Any]] = [((), body)]
    null_lists: list[tuple[str | int, ...]] = []
    try:
        for step in steps:
            name = step.removesuffix("[]")
            mappings = [mapping for path, value in fields for mapping in _mappings_in(path, value)]
            fields = [((*path, name), value[name]) for path, value in mappings if name in value]
            if not fields:
                break
            if name is not step:
                null_lists += [path for path, value in fields if value is None]
    except SourceError as error:
        raise error.within(field=steps) from error
    return FieldMatches(fields, null_lists)


def is_absent(body: Any, steps: Sequence[str]) -> bool:
    """Whether a quick check finds that the body does not have the path.

    Most resources lack most paths. False means that the path may exist.
    """
    for step in steps:
        name = step[:-2] if step[-2:] == "[]" else step
        if body.__class__ is not dict or not name:
            return False
        body = body.get(name, MISSING)
        if body is MISSING:
            return True
    return False


class PathTree:
    """Several field paths as a tree of their steps. One quick check excludes the paths that a body does not have."""

    __slots__ = ("_children", "_ending_here", "_passing_through")

    def __init__(self, paths: Sequence[Sequence[str]] = ()) -> None:
        self._children: dict[str, PathTree] = {}
        self._ending_here: list[int] = []
        self._passing_through: list[int] = []
        for index, steps in enumerate(paths):
            self._add(index, steps)

    def candidates(self, body: Any) -> list[int]:
        """Return the indexes of the paths that may exist in the body, in order."""
        candidates: list[int] = []
        self._collect(body, candidates)
        candidates.sort()
        return candidates

    def _add(self, index: int, steps: Sequence[str]) -> None:
        node = self
        for step in steps:
            node._passing_through.append(index)
            name = step.removesuffix("[]")
            if not name:  # an empty step: `update_field` raises an error for it
                break
            node = node._children.setdefault(name, PathTree())
        node._ending_here.append(index)

    def _collect(self, value: Any, candidates: list[int]) -> None:
        candidates += self._ending_here
        if not self._children:
            return
        if value.__class__ is not dict:
            candidates += [
                index for index in self._passing_through if index not in self._ending_here
            ]
            return
        for name, node in self._children.items():
            if name in value:
                node._collect(value[name], candidates)


def _mappings_in(
    path: tuple[str | int, ...], value: Any
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Yield the mapping at `path`, or the mappings in the list there and in lists nested in it, with their paths."""
    if value.__class__ is dict:
        yield path, value
    elif value.__class__ is list:
        for index, item in enumerate(value):
            yield from _mappings_in((*path, index), item)
    elif value is not None:
        raise _container_error(value)


def _container_error(value: Any) -> SourceError:
    return SourceError(
        f"expected a mapping or a list as the parent of this field, got {type_name(value)}"
    )


def _update(
    value: Any,
    steps: Sequence[str],
    depth: int,
    update: FieldUpdate,
    creates: bool,  # noqa: FBT001 - a keyword costs a tenth of this call, the most frequent one of a build
) -> Any:
    if depth == len(steps):
        return update.change(value)
    if value.__class__ is not dict:
        if value.__class__ is list:
            return _update_list(value, steps, depth, update, creates)
        if value is None:
            return None
        raise _container_error(value)
    step = steps[depth]
    if step[-2:] == "[]":
        return _update_list_field(value, steps, depth, update, creates)
    if not step:
        raise SourceError("a field path has an empty step")
    old = value.get(step, MISSING)
    child = old
    if old is MISSING or old is None:
        if creates:
            child = update.initial if depth + 1 == len(steps) else {}
        elif old is MISSING:
            return value
    if depth + 1 == len(steps):
        new = update.change(child)
    else:
        new = _update(child, steps, depth + 1, update, creates)
    return value if new is old else {**value, step: new}


def _update_list_field(
    value: dict[str, Any],
    steps: Sequence[str],
    depth: int,
    update: FieldUpdate,
    creates: bool,  # noqa: FBT001 - see above
) -> Any:
    """Update a field that must be a list. It is never created. Null becomes an empty list."""
    name = steps[depth][:-2]
    if not name:
        raise SourceError("a field path has an empty step")
    if name not in value:
        return value
    old = value[name]
    new = _update([] if old is None else old, steps, depth + 1, update, creates)
    return value if new is old else {**value, name: new}


def _update_list(
    items: list[Any],
    steps: Sequence[str],
    depth: int,
    update: FieldUpdate,
    creates: bool,  # noqa: FBT001 - see above
) -> Any:
    new = [_update(item, steps, depth, update, creates) for item in items]
    return items if all(map(_is_same, new, items)) else new


def _is_same(first: Any, second: Any) -> bool:
    return first is second


_SCALARS: Final = frozenset((bool, float, int, str, type(None)))


def deep_copy(value: Any) -> Any:
    """Return a copy that shares no mapping and no list with the value. Nesting may be of any depth."""
    root = [value]
    pending: list[Any] = [root]
    while pending:
        container = pending.pop()
        entries = container.items() if container.__class__ is dict else enumerate(container)
        for key, item in entries:
            # The first tests are for speed: isinstance is slow with an abstract class.
            item_class = item.__class__
            if item_class in _SCALARS:
                continue
            if item_class is dict or isinstance(item, Mapping):
                copy: Any = dict(item)
            elif isinstance(item, list):
                copy = item[:]
            else:
                continue
            # No key is added, so this does not disturb the iteration.
            container[key] = copy
            pending.append(copy)
    return root[0]


def is_unchanged_copy(copy: Any, original: Any) -> bool:
    """Whether a result of `deep_copy` still has the structure, the keys and the scalars of the original.

    Scalars are compared by identity, as 1, 1.0 and true are equal.
    """
    pending = [(copy, original)]
    while pending:
        new, old = pending.pop()
        if new is old:
            continue
        if new.__class__ is dict and isinstance(old, Mapping):
            if len(new) != len(old) or any(map(is_not, new, old)):
                return False
            pending.extend(zip(new.values(), old.values(), strict=True))
        elif isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
            pending.extend(zip(new, old, strict=True))
        else:
            return False
    return True
