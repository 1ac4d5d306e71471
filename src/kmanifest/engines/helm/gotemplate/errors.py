"""The errors of templates: one for a text that can't be parsed, one for an execution that fails.

Both have Go's messages.
"""

from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.startup.typing import Any, Iterator


class ParseError(GoError):
    """The text is not a valid template.

    The message is Go's `template: name:line: message`.
    """


class WrappedError(GoError):
    """An error whose message ends with that of its cause.

    The message is put together when it is read. So the size of nested errors does not grow with the
    square of their number.
    """

    def __init__(self, prefix: str, cause: GoError | None = None) -> None:
        super().__init__(prefix)
        self.prefix = prefix
        self.cause = cause

    def __str__(self) -> str:
        return "".join(self.parts())

    def parts(self) -> Iterator[str]:
        """Yield the parts of the message: the prefixes, and the message of the innermost cause."""
        error: GoError | None = self
        while isinstance(error, WrappedError):
            yield error.prefix
            error = error.cause
        if error is not None:
            yield str(error)


class ExecError(WrappedError):
    """An execution failed.

    The message is Go's `template: name:line:column: executing "name" at <node>: message`. `name` is
    the template that failed. `cause` is the GoError that a called function raised, like Go's
    `Unwrap`. It is an ExecError again if that function executed a template, and None if no function
    failed.
    """

    def __init__(self, prefix: str, *, name: str = "", cause: GoError | None = None) -> None:
        super().__init__(prefix, cause)
        self.name = name


class NodeError(Exception):
    """An execution failed at `node`.

    The executor adds the location. If there is a `cause`, its message follows `message`. For a
    missing field, the type in the message depends on the
    origin of the receiver. If `receiver_name`, a variable or `.`, is an element that `range` took
    from a container of interfaces, `message_for_element` is the message.
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

    def __str__(self) -> str:
        return self.message if self.cause is None else f"{self.message}{self.cause}"
