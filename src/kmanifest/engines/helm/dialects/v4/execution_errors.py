"""Helm 4's messages for failed executions, with a block of lines for each template on the call path.

Go's error, which Helm 3 prints, is one line. The error of a template contains that of the template it includes:

    template: c/templates/a.yaml:1:6: executing "c/templates/a.yaml" at <include "labels" .>: error calling include: template: c/templates/_t.tpl:1:31: executing "labels" at <.Values.team.name>: nil pointer evaluating interface {}.name

Helm 4 prints a block for each of them, the outermost first:

    c/templates/a.yaml:1:6
      executing "c/templates/a.yaml" at <include "labels" .>:
        error calling include:
    c/templates/_t.tpl:1:31
      executing "labels" at <.Values.team.name>:
        nil pointer evaluating interface {}.name

Source: helm v4.3.1 pkg/engine/engine.go, reformatExecErrorMsg and its callees.
"""

from kmanifest.engines.helm.gotemplate.errors import ExecError, WrappedError
from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.engines.helm.manifests import SPACE
from kmanifest.engines.helm.templates.engine import abort_message
from kmanifest.startup.typing import Final, NamedTuple

_PREFIX: Final = "template: "


class _Failure(NamedTuple):
    """The parts of the error of one template.

    - `location`: the template, with line and column if the error has them.
    - `action`: what was executed, as `executing "NAME" at <NODE>:`; empty if the error does not contain it.
    - `message`: the problem, without the error of an included template.
    """

    location: str
    action: str
    message: str

    def block(self) -> str:
        """Return the lines for this error."""
        text = f"{self.location}\n  " if self.location else ""
        text += f"{self.action}\n    " if self.action else ""
        # As in Helm, without a message the next block begins on the last line of this one.
        return text + (f"{self.message}\n" if self.message else "")


def format_failure(error: GoError) -> str:
    """Return the message for a failed execution.

    It is the whole text, as in Helm 3, if an error on the call path is not a template error: a problem inside `index`
    is one. It is only the message of `fail` or `required` if one of them caused the failure.
    """
    text = str(error)
    message = abort_message(text)
    if message:
        return message
    failures: list[_Failure] = []
    cause: GoError | None = error
    while cause is not None:
        failure = _parse_failure(_own_text(cause))
        if failure is None:
            return text
        # As in Helm: Go wraps some errors without changing their text.
        if not failures or failures[-1] != failure:
            failures.append(failure)
        cause = cause.cause if isinstance(cause, ExecError) else None
    return "".join(failure.block() for failure in failures).strip(SPACE)


def _own_text(error: GoError) -> str:
    """Return the message of an error up to the next template error in it, which is a failure of its own."""
    if not isinstance(error, WrappedError):
        return str(error)
    parts: list[str] = []
    for part in error.parts():
        if parts and part.startswith(_PREFIX):
            parts.append(_PREFIX)
            break
        parts.append(part)
    return "".join(parts)


def _parse_failure(text: str) -> _Failure | None:
    """Return the parts of an error, or None if it is not a template error."""
    if not text.startswith(_PREFIX):
        return None
    rest = text.removeprefix(_PREFIX)
    if rest.startswith("no template "):
        return _Failure("", "", text)
    failure = _parse_executing(rest) or _parse_plain(rest)
    if failure is None:
        return None
    # As in Helm, the error of an included template is cut off here: it is the next on the call path.
    return failure._replace(message=failure.message.partition(" template:")[0])


def _parse_executing(text: str) -> _Failure | None:
    """Return the parts of `LOCATION: executing "NAME" at <NODE>: MESSAGE`. None for a text of another form."""
    location, _, rest = text.partition(": executing ")
    if not rest.startswith('"'):
        return None
    name, _, rest = rest[1:].partition('"')
    if not rest.startswith(" at <"):
        return None
    node, separator, message = rest.removeprefix(" at <").partition(">: ")
    return _Failure(location, f'executing "{name}" at <{node}>:', message) if separator else None


def _parse_plain(text: str) -> _Failure | None:
    """Return the parts of `LOCATION: MESSAGE`, with an empty action. None for a text without a colon."""
    location, separator, message = text.rpartition(": ")
    return _Failure(location, "", message) if separator else None
