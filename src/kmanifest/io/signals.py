"""Postpone signals while a process is started or ended, so that no process and no file is left behind.

Python calls the handler of a signal between two steps of the main thread. A handler that raises, as that of Ctrl-C
does, would interrupt the start of a process before its id is known, or the clean-up after it.
"""

from kmanifest.startup.typing import Any, Callable, Final

_NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM")
"""The signals whose handlers may raise. The command raises by ALRM what INT, TERM or HUP raised where it was lost."""

Handler = Callable[[int, Any], Any]


class PostponedSignals:
    """Postpones INT, TERM, HUP and ALRM between `begin` and `end`.

    Only signals with a handler in Python are postponed. All others keep their effect, which nothing in this process
    can interrupt. Handlers run in the main thread, so in other threads this class does nothing.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Handler] = {}
        self._arrived: list[int] = []

    def begin(self) -> None:
        """Postpone the signals that arrive from now on."""
        import signal  # few builds start processes

        for name in _NAMES:
            number = getattr(signal, name, None)
            handler = None if number is None else signal.getsignal(number)
            if number is None or number in self._handlers or not callable(handler):
                continue
            try:
                signal.signal(number, self._record)
            except ValueError:  # this is not the main thread
                return
            self._handlers[number] = handler

    def end(self) -> None:
        """Restore the handlers and call those of the signals that arrived. They may raise."""
        import signal

        handlers, self._handlers = self._handlers, {}
        for number, handler in handlers.items():
            signal.signal(number, handler)
        arrived, self._arrived = self._arrived, []
        for number in arrived:
            handlers[number](number, None)

    def _record(self, number: int, _: Any) -> None:
        if number not in self._arrived:
            self._arrived.append(number)
