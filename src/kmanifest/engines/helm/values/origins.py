"""Where each value of a render was set: the file with line and column, or the flag.

The layers are laid over one another once more, so a render pays nothing for it; a file is looked into for a line only when
that line is asked for.
"""

from collections.abc import Iterable, Iterator, Mapping

from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.values.layers import Layer, Table, copy_table, merge_maps
from kmanifest.model.errors import FieldPath, Location
from kmanifest.startup.typing import Any


class Origins(Mapping[FieldPath, Location]):
    """The place where each value was set last, by its path in the values of the root chart: `("image", "tag")`, `("hosts", 0)`.

    A place is a file, with line and column, or a flag (`--set`) without them; its `field` is the path. The paths are those of values
    that are no tables or lists, or empty ones.
    """

    __slots__ = ("_layers", "_set_by")

    def __init__(self, given: Iterable[Layer], of_charts: Iterable[Layer] = ()) -> None:
        below, above = tuple(of_charts), tuple(given)
        self._layers = (*below, *above)
        # A flag is laid over what was given alone: `--set l[0]=1` takes the place of a chart's whole list.
        chart_values, by_charts = _laid(below, 0)
        given_values, by_given = _laid(above, len(below))
        self._set_by = {
            path: by_given[path] if path in by_given else by_charts[path]
            for path, _ in _leaves(merge_maps(chart_values, given_values))
        }

    def __getitem__(self, path: FieldPath) -> Location:
        return self._place(self._set_by[path], path)

    def __iter__(self) -> Iterator[FieldPath]:
        return iter(self._set_by)

    def __len__(self) -> int:
        return len(self._set_by)

    def find(self, path: FieldPath) -> Location | None:
        """Where the value or table at a path was set last, or what took its place above it; None where nothing did."""
        words = tuple(map(str, path))
        size = len(words)
        found: tuple[int, FieldPath] | None = None
        for leaf, number in self._set_by.items():
            known = tuple(map(str, leaf))
            if known[:size] == words:
                if found is None or number > found[0]:
                    found = number, leaf[:size]
            elif words[: len(known)] == known:
                return self._place(number, leaf)
        return None if found is None else self._place(*found)

    def _place(self, number: int, path: FieldPath) -> Location:
        layer = self._layers[number]
        line = column = 0
        if layer.content is not None:
            from kmanifest.yaml import find_position  # where a line is asked for

            line, column = find_position(layer.content(), path[len(layer.below) :])
        return Location(layer.name, line, column, path)


def chart_layers(chart: Chart, below: FieldPath = ()) -> Iterator[Layer]:
    """The values of a chart, over those of the charts that it holds, under the names that it has for them."""
    for held in chart.dependencies:
        for name in names_of(chart, held):
            yield from chart_layers(held, (*below, name))
    content = next((file.data for file in chart.raw if file.name == "values.yaml"), b"")
    yield Layer(
        f"{chart.path()}/values.yaml",
        lambda table: merge_maps(table, _nested(below, chart.values)),
        lambda: content,
        below,
    )


def names_of(chart: Chart, held: Chart) -> list[str]:
    """The names under which a chart has the values of one that it holds: aliases, or that chart's own."""
    asked = [each for each in chart.metadata.requirements() if each.name == held.name]
    return [each.alias or each.name for each in asked] or [held.name]


def _nested(below: FieldPath, table: Mapping[str, Any]) -> Table:
    nested = copy_table(table)
    for name in reversed(below):
        nested = {str(name): nested}
    return nested


def _laid(all_layers: Iterable[Layer], first: int) -> tuple[Table, dict[FieldPath, int]]:
    """The values of the layers, and the number, from `first` on, of the one that set each value last, even if to what it was."""
    values: Table = {}
    before: dict[FieldPath, Any] = {}
    found: dict[FieldPath, int] = {}
    for number, layer in enumerate(all_layers, first):
        values = layer.apply(copy_table(values))
        now = dict(_leaves(values))
        own = dict(_leaves(layer.apply({})))
        found = {
            path: found[path]
            if path in before and own.get(path) is None and _is_same(before[path], value)
            else number
            for path, value in now.items()
        }
        before = now
    return values, found


def _is_same(old: Any, new: Any) -> bool:
    return old.__class__ is new.__class__ and bool(old == new)


def _leaves(value: Any) -> Iterator[tuple[FieldPath, Any]]:
    todo: list[tuple[FieldPath, Any]] = [((), value)]
    while todo:
        path, node = todo.pop()
        if isinstance(node, dict | list) and node:
            items: Iterable[tuple[Any, Any]] = (
                node.items() if isinstance(node, dict) else enumerate(node)
            )
            todo.extend(((*path, key), item) for key, item in items)
        elif path:
            yield path, node
