"""Events with which a caller ends a build."""

from kmanifest.model.errors import CancelledError
from kmanifest.startup.typing import Protocol


class CancelEvent(Protocol):
    """An event with which a caller ends a build: `threading.Event`, `multiprocessing.Event`, or any object like them."""

    def is_set(self) -> bool:
        """Whether the build is to end. It is called often, by the thread of the build."""


def check_cancelled(cancel: CancelEvent | None) -> None:
    """Raise CancelledError if the event is set."""
    if cancel is not None and cancel.is_set():
        raise CancelledError("cancelled by the caller")
