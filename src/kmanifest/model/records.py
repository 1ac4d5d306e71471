"""The text of a record of options: only the fields that differ from their defaults.

The records are defaults of parameters, so their text appears in `help(build)`.
"""

from kmanifest.model.masking import MASK
from kmanifest.startup.typing import Any, Collection


def describe(record: Any, *, secret: Collection[str] = ()) -> str:
    """Return the text of a NamedTuple: `Options(strict=True)`. The values of `secret` fields are masked."""
    defaults = record._field_defaults
    changed = [
        f"{name}={MASK if name in secret else repr(value)}"
        for name, value in zip(record._fields, record, strict=True)
        if name not in defaults or value != defaults[name]
    ]
    return f"{type(record).__name__}({', '.join(changed)})"
