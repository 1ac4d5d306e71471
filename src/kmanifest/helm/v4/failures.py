"""What helm v4 tells of an execution that has failed: a step in a line of its own for each template on the way.

Source: helm v4.3.1 pkg/engine/engine.go, reformatExecErrorMsg and what it calls.
"""

import re

from kmanifest.gotemplate.errors import ExecError
from kmanifest.gotemplate.values import GoError
from kmanifest.helm.engine import told_end
from kmanifest.helm.manifests import SPACE
from kmanifest.typed import Final

_EXECUTING: Final = re.compile(r'(.*?): executing ("[^"]*" at <.*?>:) (.*)', re.DOTALL)
_NEXT: Final = " template:"


def told_failure(error: GoError) -> str:
    """What is told of a failure: whole, as v3 does, where the error of a function on the way is none of a template."""
    text = str(error)
    if end := told_end(text):
        return end
    told: list[str] = []
    cause: GoError | None = error
    while cause is not None:
        step = _step(str(cause))
        if step is None:
            return text
        if told[-1:] != [step]:
            told.append(step)
        cause = cause.cause if isinstance(cause, ExecError) else None
    return "".join(told).strip(SPACE)


def _step(text: str) -> str | None:
    """The lines for one error; None where it is none of a template."""
    rest = text.removeprefix("template: ")
    if rest == text:
        return None
    if rest.startswith("no template "):
        return f"{text}\n"
    place, what, message = "", "", ""
    if match := _EXECUTING.fullmatch(rest):
        place, what, message = match.groups()
        what = f"executing {what}"
    else:
        place, colon, message = rest.rpartition(": ")
        if not colon:
            return None
    message = message.partition(_NEXT)[0]
    lines = [f"{place}\n  " if place else "", f"{what}\n    " if what else ""]
    return "".join([*lines, f"{message}\n" if message else ""])
