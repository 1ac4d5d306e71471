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


class Failure(Exception):  # noqa: N818 - it never leaves this room
    """An execution failed at `node`; the executor adds the place.

    The type in the text of a missing field depends on how its receiver came about: `otherwise` is the text where `base`,
    a variable or `.`, is an element that a `range` took out of a container of interfaces.
    """

    def __init__(
        self,
        message: str,
        node: tuple[Any, ...],
        *,
        cause: GoError | None = None,
        base: str = "",
        otherwise: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.node = node
        self.cause = cause
        self.base = base
        self.otherwise = otherwise
