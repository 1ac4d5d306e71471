"""The rows of `environments`: the axes, their combinations, and the row that a build chooses.

A row is a mapping from the names of the axes to one value of each, in the order of the file:
`{"env": "prod", "region": "eu"}`. On the command line it is written `prod/eu` or `env=prod,region=eu`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product

from kmanifest.model.deadline import checked
from kmanifest.model.errors import (
    FieldPath,
    KmanifestError,
    LimitError,
    MissingError,
    SourceError,
    near_names,
)
from kmanifest.model.values import as_list, as_mapping, as_string
from kmanifest.startup.typing import Any, Final, NamedTuple

Row = Mapping[str, str]

MAX_ROWS: Final = 10_000
_MAX_LISTED: Final = 20
_FIELDS: Final = ("axes", "exclude")
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_VALUE: Final = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_PLACEHOLDER: Final = r"\{([^{}]*)\}"
_RESERVED: Final = ("chart", "jsonnet", "path", "template", "values")
"""Names of fields of entries, which no axis may have."""


class Axes(NamedTuple):
    """The axes with their values, and the combinations that are no rows. Without axes there is one empty row."""

    values: Mapping[str, tuple[str, ...]] = {}
    excluded: tuple[Row, ...] = ()

    def rows(self) -> Iterator[Row]:
        """Yield all rows; the last axis changes fastest."""
        excluded = self._excluded_by_names()
        for combination in checked(product(*self.values.values())):
            row = dict(zip(self.values, combination, strict=True))
            if not any(
                tuple(map(row.__getitem__, names)) in parts for names, parts in excluded.items()
            ):
                yield row

    def _excluded_by_names(self) -> dict[tuple[str, ...], set[tuple[str, ...]]]:
        """Return the entries of `exclude` by the axes that they name. There can be thousands, and as many rows."""
        excluded: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
        for part in self.excluded:
            excluded.setdefault(tuple(part), set()).add(tuple(part.values()))
        return excluded

    def excluding(self, row: Row) -> int | None:
        """Return the index of the first entry of `exclude` that excludes a combination, or None."""
        for index, part in enumerate(self.excluded):
            if all(row[name] == value for name, value in part.items()):
                return index
        return None


def row_name(row: Row) -> str:
    """Return the short name of a row: `prod/eu`."""
    return "/".join(row.values())


def read_axes(value: Any) -> Axes:
    """Return the axes in the field `environments`. Raises SourceError with the field inside it."""
    fields = as_mapping(value)
    for name in fields:
        if name not in _FIELDS:
            error = SourceError(f"unknown field {name!r}", near=near_names(name, _FIELDS))
            raise error.within(field=(name,))
    axes = as_mapping(fields.get("axes"), ("axes",))
    values = {name: _axis_values(name, items) for name, items in axes.items()}
    if not values:
        raise SourceError("specify at least one axis").within(field=("axes",))
    count = 1
    for items in values.values():
        count *= len(items)
    if count > MAX_ROWS:
        raise LimitError(f"more than {MAX_ROWS} environments").within(field=("axes",))
    excluded = as_list(fields.get("exclude") or [], ("exclude",))
    parts = [_part_of_row(values, each, ("exclude", index)) for index, each in enumerate(excluded)]
    found = Axes(values, tuple(parts))
    if next(found.rows(), None) is None:
        raise SourceError("all environments are excluded").within(field=("exclude",))
    return found


def _axis_values(name: str, items: Any) -> tuple[str, ...]:
    field = ("axes", name)
    if not re.fullmatch(_NAME, name):
        raise SourceError(
            f"the name of an axis consists of letters, digits and _, got {name!r}"
        ).within(field=field)
    if name in _RESERVED:
        raise SourceError(f"no axis may be called {name!r}").within(field=field)
    values = tuple(
        as_string(item, (*field, index)) for index, item in enumerate(as_list(items, field))
    )
    if not values:
        raise SourceError("specify at least one value").within(field=field)
    for index, value in enumerate(values):
        if not re.fullmatch(_VALUE, value):
            rule = "the value of an axis consists of letters, digits and . _ -"
            raise SourceError(f"{rule}, got {value!r}").within(field=(*field, index))
        if value in values[:index]:
            raise SourceError(f"{value!r} is given twice").within(field=(*field, index))
    return values


def _part_of_row(axes: Mapping[str, Sequence[str]], value: Any, field: FieldPath) -> Row:
    """Return a mapping from some axes to one of their values. Raises SourceError for other names."""
    part = as_mapping(value, field)
    if not part:
        raise SourceError("specify at least one axis").within(field=field)
    return {
        name: check_value(axes, name, as_string(item, (*field, name)), (*field, name))
        for name, item in part.items()
    }


def check_axis(axes: Mapping[str, Sequence[str]], name: str, field: FieldPath = ()) -> None:
    """Raise MissingError with near names unless there is an axis with this name."""
    if name not in axes:
        known = f"the axes are {_listed(axes)}" if axes else "there are no axes"
        message = f"no axis is called {name!r}; {known}"
        raise MissingError(message, near=near_names(name, axes)).within(field=field)


def check_value(
    axes: Mapping[str, Sequence[str]], name: str, value: str, field: FieldPath = ()
) -> str:
    """Return the value of an axis. Raises MissingError with near names if the axis does not have it."""
    check_axis(axes, name, field)
    if value not in axes[name]:
        raise MissingError(
            f"the axis {name} has no value {value!r}; it has {_listed(axes[name])}",
            near=near_names(value, axes[name]),
        ).within(field=field)
    return value


def choose_row(axes: Axes, chosen: str, inherited: Row) -> Row:
    """Return the row that a build has chosen.

    `chosen`: `prod/eu` or `env=prod,region=eu`; empty for none. `inherited`: the row of the kmanifest.yaml that names
    this one, with what its entry pins. Raises MissingError with all rows and the nearest ones if no row is chosen, or
    one that does not exist.
    """
    if not axes.values:
        if chosen and not inherited:
            raise MissingError(f"no environments are declared here: {chosen!r} can't be chosen")
        return inherited
    given = inherited or _parse(axes, chosen)
    row = dict(inherited)
    for name, values in axes.values.items():
        # What the command line chooses is wrong at no line of the file.
        field = ("environments", "axes", name) if inherited else ()
        if name in given:
            row[name] = check_value(axes.values, name, given[name], field)
        elif len(values) == 1:
            row[name] = values[0]
        else:
            raise _not_chosen(axes, f"choose a value of the axis {name}").within(field=field)
    own = {name: row[name] for name in axes.values}
    excluding = axes.excluding(own)
    if excluding is not None:
        error = _no_row(axes, row_name(own), f"{row_name(own)!r} is excluded")
        raise error.within(field=("environments", "exclude", excluding))
    return row


def _parse(axes: Axes, chosen: str) -> Row:
    if not chosen:
        rows = list(islice(axes.rows(), 2))
        if len(rows) == 1:
            return rows[0]
        raise _not_chosen(axes, "choose an environment")
    if "=" in chosen:
        return _parse_pairs(axes, chosen)
    parts = chosen.split("/")
    if len(parts) != len(axes.values):
        form = "/".join(name.upper() for name in axes.values)
        raise _no_row(axes, chosen, f"{chosen!r} does not have the form {form}")
    for name, value in zip(axes.values, parts, strict=True):
        if value not in axes.values[name]:
            raise _no_row(axes, chosen, f"no environment is called {chosen!r}")
    return dict(zip(axes.values, parts, strict=True))


def _parse_pairs(axes: Axes, chosen: str) -> Row:
    row: dict[str, str] = {}
    for pair in chosen.split(","):
        name, _, value = pair.partition("=")
        check_axis(axes.values, name)
        if name in row:
            raise SourceError(f"the axis {name} is given twice: {chosen!r}")
        row[name] = check_value(axes.values, name, value)
    return row


def _not_chosen(axes: Axes, message: str) -> KmanifestError:
    return MissingError(f"{message}: {_list_rows(axes)}")


def _no_row(axes: Axes, name: str, message: str) -> KmanifestError:
    near = near_names(name, map(row_name, islice(axes.rows(), MAX_ROWS)))
    return MissingError(f"{message}; the environments are {_list_rows(axes)}", near=near)


def _list_rows(axes: Axes) -> str:
    return _listed([row_name(row) for row in axes.rows()])


def _listed(names: Any) -> str:
    names = list(names)
    rest = len(names) - _MAX_LISTED
    shown = names[:_MAX_LISTED] if rest > 1 else names
    return ", ".join(shown) + (f" and {rest} more" if rest > 1 else "")


def fill_axes(text: str, row: Row, field: FieldPath = ()) -> str:
    """Return the text with the names of axes in braces replaced by their values in the row.

    Raises MissingError with near names for another name in braces, SourceError for a brace without its pair. A row without
    axes changes nothing.
    """
    if not row or ("{" not in text and "}" not in text):
        return text

    def value(match: "re.Match[str]") -> str:
        check_axis(dict.fromkeys(row, ()), match[1], field)
        return row[match[1]]

    filled = re.sub(_PLACEHOLDER, value, text)
    if "{" in filled or "}" in filled:
        message = f"expected the name of an axis in one pair of braces, got {text!r}"
        raise SourceError(message).within(field=field)
    return filled
