"""Exchange two paths again and again in a thread, as an attacker on the same machine does."""

import ctypes
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2


def is_supported() -> bool:
    """Whether the system can exchange two paths in one step."""
    return hasattr(ctypes.CDLL(None), "renameat2") if os.name == "posix" else False


class Exchanging:
    """A context manager that exchanges two paths until it ends, and counts how often."""

    def __init__(self, first: Path, second: Path) -> None:
        self.count = 0
        self._paths = os.fsencode(first), os.fsencode(second)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
        first, second = self._paths
        while not self._stop.is_set():
            if rename(_AT_FDCWD, first, _AT_FDCWD, second, _RENAME_EXCHANGE):
                raise OSError(ctypes.get_errno(), "renameat2")
            self.count += 1
