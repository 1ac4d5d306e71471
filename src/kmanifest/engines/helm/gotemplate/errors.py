"""What goes wrong in a template: a text that does not parse, and an execution that fails, both in Go's words."""

from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.startup.typing import Any


class ParseError(GoError):
    """A text is no template; its text is Go's `template: name:line: message`."""


class ExecError(GoError):
    """An execution failed; its text is Go's `template: name:line:column: executing "name" at <node>: message`.

    `name` is the template that failed. `cause` is what a function that was called raised, as Go's `Unwrap` gives it: a
    GoError, which is an ExecError again where that function executed a template; None where no function is to blame.
    """

    def __init__(self, text: str, *, name: str = "", cause: GoError | None = None) -> None:
        super().__init__(text)
        self.name = name
        self.cause = cause


class NodeError(Exception):
    """An execution failed at `node`; the executor adds the place.

    The type in the text of a missing field depends on how its receiver came about: `message_for_element` is the text where `receiver_name`,
    a variable or `.`, is an element that a `range` took out of a container of interfaces.
    """

    def __init__(
        self,
        message: str,
        node: tuple[Any, ...],
        *,
        cause: GoError | None = None,
        receiver_name: str = "",
        message_for_element: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.node = node
        self.cause = cause
        self.receiver_name = receiver_name
        self.message_for_element = message_for_element
