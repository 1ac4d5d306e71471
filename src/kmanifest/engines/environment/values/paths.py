"""The paths of values as users write them: `.`, `.web`, `.web.env`, `.web."a.b"`.

The steps are keys, separated by dots, as in jq. The first dot may be left out. A key that contains a dot, a quote, a
bracket or a space is quoted. Inside the quotes, a backslash keeps the next character as it is. A list is entered by
an index: `.ports.0`.
"""

import re
from collections.abc import Iterable

from kmanifest.model.errors import FieldPath, SourceError
from kmanifest.startup.typing import Any, Final

Link = tuple[Any, str | int] | None
"""A path as a chain: the chain of its parent, and the last step. None is the empty path.

Walks over values make one for each mapping and list, in constant time at any depth.
"""

_STEP: Final = r'([^\s."\[\]]+)|"((?:[^"\\]|\\.)*)"'


def unroll(link: Link) -> FieldPath:
    """Return the steps of a chain."""
    steps = []
    while link is not None:
        link, step = link
        steps.append(step)
    return tuple(reversed(steps))


def parse_path(text: str) -> tuple[str, ...]:
    r"""Return the keys of a path. Raises SourceError if it is not well formed.

    >>> parse_path("."), parse_path(".web.env"), parse_path('web."a.b"')
    ((), ('web', 'env'), ('web', 'a.b'))
    """
    steps: list[str] = []
    end = 1 if text.startswith(".") else 0
    if text == ".":
        return ()
    step_at = re.compile(_STEP, re.DOTALL).match
    while match := step_at(text, end):
        plain, quoted = match.groups()
        steps.append(plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL))
        end = match.end()
        if end == len(text):
            return tuple(steps)
        if text[end] != ".":
            break
        end += 1
    raise SourceError(f"""expected a path such as . or .web.env or .web."a.b", got {text!r}""")


def format_path(steps: Iterable[str | int]) -> str:
    r"""Return a path as users write it.

    >>> format_path(["web", "a.b"]), format_path([])
    ('.web."a.b"', '.')
    """
    return "".join(f".{_format_step(str(step))}" for step in steps) or "."


def _format_step(step: str) -> str:
    if re.fullmatch(_STEP, step) and not step.startswith('"'):
        return step
    return '"' + step.replace("\\", "\\\\").replace('"', '\\"') + '"'
