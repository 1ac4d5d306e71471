"""Helm 4's messages for failed executions, with a line for each template on the call path.

Source: helm v4.3.1 pkg/engine/engine.go, reformatExecErrorMsg and its callees.
"""

from kmanifest.engines.helm.gotemplate.errors import ExecError, WrappedError
from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.engines.helm.manifests import SPACE
from kmanifest.engines.helm.templates.engine import abort_message


def failure_message(error: GoError) -> str:
    """Return the message for a failed execution.

    If an error on the call path is not a template error, the message is the whole text, as in Helm 3.
    """
    text = str(error)
    if end := abort_message(text):
        return end
    lines: list[str] = []
    cause: GoError | None = error
    while cause is not None:
        step = _format_step(_first_step(cause))
        if step is None:
            return text
        if lines[-1:] != [step]:
            lines.append(step)
        cause = cause.cause if isinstance(cause, ExecError) else None
    return "".join(lines).strip(SPACE)


def _first_step(error: GoError) -> str:
    """Return the message of an error up to the next template error in it, whose own step has the rest."""
    if not isinstance(error, WrappedError):
        return str(error)
    parts: list[str] = []
    for part in error.parts():
        if parts and part.startswith("template: "):
            parts.append("template: ")
            break
        parts.append(part)
    return "".join(parts)


def _format_step(text: str) -> str | None:
    """Return the lines for one error, or None if it is not a template error."""
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
    """Return location, line about the executed node, and message. None if the text does not name the node."""
    location, _, rest = text.partition(": executing ")
    if not rest.startswith('"'):
        return None
    name, _, rest = rest[1:].partition('"')
    if not rest.startswith(" at <"):
        return None
    node, separator, message = rest[len(" at <") :].partition(">: ")
    return (location, f'executing "{name}" at <{node}>:\n    ', message) if separator else None


def _parse_plain(text: str) -> tuple[str, str, str]:
    """Return location and message. The location is empty if the text has none."""
    location, _, message = text.rpartition(": ")
    return location, "", message
