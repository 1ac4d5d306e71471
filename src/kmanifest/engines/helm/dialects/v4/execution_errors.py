"""What helm v4 tells of an execution that has failed: a step in a line of its own for each template on the way.

Source: helm v4.3.1 pkg/engine/engine.go, reformatExecErrorMsg and what it calls.
"""

from kmanifest.engines.helm.gotemplate.errors import ExecError
from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.engines.helm.manifests import SPACE
from kmanifest.engines.helm.templates.engine import abort_message


def failure_message(error: GoError) -> str:
    """What is told of a failure: whole, as v3 does, where the error of a function on the way is none of a template."""
    text = str(error)
    if end := abort_message(text):
        return end
    lines: list[str] = []
    cause: GoError | None = error
    while cause is not None:
        step = _format_step(str(cause))
        if step is None:
            return text
        if lines[-1:] != [step]:
            lines.append(step)
        cause = cause.cause if isinstance(cause, ExecError) else None
    return "".join(lines).strip(SPACE)


def _format_step(text: str) -> str | None:
    """The lines for one error; None where it is none of a template."""
    rest = text.removeprefix("template: ")
    if rest == text:
        return None
    if rest.startswith("no template "):
        return f"{text}\n"
    location, action, message = _parse_executing(rest) or _parse_plain(rest)
    if not location:
        return None
    message = message.partition(" template:")[0]
    return f"{location}\n  {action}{message}\n" if message else f"{location}\n  {action}"


def _parse_executing(text: str) -> tuple[str, str, str] | None:
    """The place, the line about what was executed, and the message; None where the text does not tell what was."""
    location, _, rest = text.partition(": executing ")
    if not rest.startswith('"'):
        return None
    name, _, rest = rest[1:].partition('"')
    if not rest.startswith(" at <"):
        return None
    node, separator, message = rest[len(" at <") :].partition(">: ")
    return (location, f'executing "{name}" at <{node}>:\n    ', message) if separator else None


def _parse_plain(text: str) -> tuple[str, str, str]:
    """The place and the message; no place where the text has none."""
    location, _, message = text.rpartition(": ")
    return location, "", message
