"""Values as lines of text: one line for each value that has no keys of its own."""

from collections.abc import Iterator, Sequence

from kmanifest import yaml
from kmanifest.engines.environment.values.paths import format_path
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import FieldPath, one_line
from kmanifest.startup.typing import Any, Final

_FLOW_CHARACTERS: Final = frozenset(",[]{}")
_MAX_COLUMN: Final = 60
"""The widest column that lines are aligned at. What is longer does not move the other lines."""

_GAP: Final = "  "


def leaves(value: Any, path: FieldPath = ()) -> Iterator[tuple[FieldPath, Any]]:
    """Yield the paths of all scalars, empty mappings and lists of scalars, with their values, in their order."""
    pending: list[tuple[FieldPath, Any]] = [(path, value)]
    while pending:
        check_time()
        here, item = pending.pop()
        if isinstance(item, dict) and item:
            pending.extend(((*here, key), item[key]) for key in reversed(item))
        elif isinstance(item, list) and any(isinstance(each, dict | list) for each in item):
            pending.extend(((*here, index), item[index]) for index in reversed(range(len(item))))
        else:
            yield here, item


def path_text(path: FieldPath) -> str:
    """Return a path as it is written in kmanifest.yaml, without the first dot."""
    return one_line(format_path(path)[1:] or ".")


def value_text(value: Any) -> str:
    """Return a value of `leaves` as YAML in one line."""
    if isinstance(value, list):
        items = (_scalar_text(item, in_list=True) for item in value)
        return f"[{', '.join(items)}]"
    return _scalar_text(value, in_list=False)


def _scalar_text(value: Any, *, in_list: bool) -> str:
    text = yaml.dump(value).rstrip("\n")
    is_text = isinstance(value, str)
    if is_text and ("\n" in text or (in_list and not _FLOW_CHARACTERS.isdisjoint(text))):
        import json  # for such strings only

        text = json.dumps(value, ensure_ascii=False)
    return one_line(text)


def aligned(lines: Sequence[tuple[str, str]]) -> str:
    """Return lines with a comment, all in one column if they are not too long."""
    width = max((len(text) for text, _ in lines if len(text) <= _MAX_COLUMN), default=0)
    return "".join(f"{text:{width}}{_GAP}# {comment}\n" for text, comment in lines)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(
        _GAP.join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        + "\n"
        for row in rows
    )
