"""Find where each value of a render was set: the file with line and column, or the flag.

The layers are merged a second time for this, so other renders pay nothing for it. The line in a file is looked up only
when it is needed.
"""

from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.values.layers import Table, ValueLayer, copy_table, merge_maps
from kmanifest.model.errors import FieldPath, Location
from kmanifest.startup.typing import Any, Iterable, Iterator, Mapping


class Origins(Mapping[FieldPath, Location]):
    """The location at which each value was last set, by its path in the values of the root chart.

    Paths are tuples such as `("image", "tag")` or `("hosts", 0)`. They lead to scalars and to empty tables or lists. A
    location is a file with line and column, or a flag such as `--set`. Its `field` is the path.

    >>> from kmanifest.helm import ValueSources, find_origins, load_chart
    >>> files = {"Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}", "values.yaml": "image: {tag: 1}"}
    >>> origins = find_origins(load_chart(files, ""), sources=ValueSources(typed=("size=2",)))
    >>> {".".join(path): str(location) for path, location in origins.items()}
    {'size': '--set', 'image.tag': 'c/values.yaml:1:9'}
    """

    __slots__ = ("_layers", "_set_by")

    def __init__(
        self, given_layers: Iterable[ValueLayer], default_layers: Iterable[ValueLayer] = ()
    ) -> None:
        defaults, given = tuple(default_layers), tuple(given_layers)
        self._layers = (*defaults, *given)
        # Flags are merged over files and flags only, not over charts: `--set l[0]=1` replaces a chart's whole list.
        default_values, set_by_defaults = _merge_layers(defaults, 0)
        given_values, set_by_given = _merge_layers(given, len(defaults))
        self._set_by = {
            path: set_by_given[path] if path in set_by_given else set_by_defaults[path]
            for path, _ in _leaves(merge_maps(default_values, given_values))
        }

    def __getitem__(self, path: FieldPath) -> Location:
        return self._location(self._set_by[path], path)

    def __iter__(self) -> Iterator[FieldPath]:
        return iter(self._set_by)

    def __len__(self) -> int:
        return len(self._set_by)

    def find(self, path: FieldPath) -> Location | None:
        """Return where the value or table at a path was last set, or where a parent of it was replaced.

        None if neither happened.
        """
        steps = tuple(map(str, path))
        size = len(steps)
        latest: tuple[int, FieldPath] | None = None
        for leaf, index in self._set_by.items():
            leaf_steps = tuple(map(str, leaf))
            if leaf_steps[:size] == steps:
                if latest is None or index > latest[0]:
                    latest = index, leaf[:size]
            elif steps[: len(leaf_steps)] == leaf_steps:
                return self._location(index, leaf)
        return None if latest is None else self._location(*latest)

    def _location(self, index: int, path: FieldPath) -> Location:
        layer = self._layers[index]
        line = column = 0
        if layer.content is not None:
            from kmanifest.yaml import find_position  # for positions only

            line, column = find_position(layer.content(), path[len(layer.prefix) :])
        return Location(layer.name, line, column, path)


def chart_layers(chart: Chart, prefix: FieldPath = ()) -> Iterator[ValueLayer]:
    """Yield the values of a chart and before them those of its subcharts, below the keys that it has for these."""
    for subchart in chart.subcharts:
        for name in subchart_keys(chart, subchart):
            yield from chart_layers(subchart, (*prefix, name))
    content = next((file.data for file in chart.raw if file.name == "values.yaml"), b"")
    yield ValueLayer(
        f"{chart.path()}/values.yaml",
        lambda table: merge_maps(table, _nest(prefix, chart.values)),
        lambda: content,
        prefix,
    )


def subchart_keys(chart: Chart, subchart: Chart) -> list[str]:
    """Return the keys under which a chart has values for a subchart: its aliases, or its name."""
    dependencies = [
        dependency
        for dependency in chart.metadata.requirements()
        if dependency.name == subchart.name
    ]
    return [dependency.alias or dependency.name for dependency in dependencies] or [subchart.name]


def _nest(prefix: FieldPath, table: Mapping[str, Any]) -> Table:
    nested = copy_table(table)
    for name in reversed(prefix):
        nested = {str(name): nested}
    return nested


def _merge_layers(
    layers: Iterable[ValueLayer], first_index: int
) -> tuple[Table, dict[FieldPath, int]]:
    """Return the merged values of the layers, and for each leaf the number of the layer that set it last.

    Numbers count from `first_index`. A layer also sets a value that it leaves unchanged.
    """
    values: Table = {}
    previous: dict[FieldPath, Any] = {}
    set_by: dict[FieldPath, int] = {}
    for index, layer in enumerate(layers, first_index):
        values = layer.apply(copy_table(values))
        current = dict(_leaves(values))
        set_alone = dict(_leaves(layer.apply({})))
        set_by = {
            path: set_by[path]
            if path in previous and set_alone.get(path) is None and _is_same(previous[path], value)
            else index
            for path, value in current.items()
        }
        previous = current
    return values, set_by


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
