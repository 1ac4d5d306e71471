"""What helm v4 tells of an execution that has failed: a step in a line of its own for each template on the way.

Source: helm v4.3.1 pkg/engine/engine.go, reformatExecErrorMsg and what it calls.
"""

from kmanifest.engines.helm.gotemplate.errors import ExecError
from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.engines.helm.manifests import SPACE
from kmanifest.engines.helm.templates.engine import told_end


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
    place, what, message = _executing(rest) or _plain(rest)
    if not place:
        return None
    message = message.partition(" template:")[0]
    return f"{place}\n  {what}{message}\n" if message else f"{place}\n  {what}"


def _executing(text: str) -> tuple[str, str, str] | None:
    """The place, the line about what was executed, and the message; None where the text does not tell what was."""
    place, _, rest = text.partition(": executing ")
    if not rest.startswith('"'):
        return None
    name, _, rest = rest[1:].partition('"')
    if not rest.startswith(" at <"):
        return None
    node, end, message = rest[len(" at <") :].partition(">: ")
    return (place, f'executing "{name}" at <{node}>:\n    ', message) if end else None


def _plain(text: str) -> tuple[str, str, str]:
    """The place and the message; no place where the text has none."""
    place, _, message = text.rpartition(": ")
    return place, "", message
