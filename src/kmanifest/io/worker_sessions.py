"""Processes that answer requests: one `WorkerSession`, and `Workers`, which keeps several for a caller.

A session sends and receives frames. A frame is a plain value and some bytes, each with its length before it. The
process gets no environment but a few variables, and ends with the session.
"""

import os
import signal
import sys
import time

from kmanifest.io.frames import dump_frame, load_frame
from kmanifest.io.runner import (
    SpawnedProcess,
    end_group,
    has_ended,
    signal_name,
    start_process,
)
from kmanifest.io.signals import PostponedSignals
from kmanifest.model.cancel import CancelEvent, check_cancelled
from kmanifest.model.errors import LimitError, PluginError
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final, Mapping, Self, Sequence

if TYPE_CHECKING:
    from subprocess import Popen

_VARIABLES: Final = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "KMANIFEST_YAML")
_ALLOCATOR: Final = (
    "glibc.malloc.arena_max=1:glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=1073741824"
)
"""One arena for all threads, in huge pages, also for large blocks: a quarter less time for evaluations that need much memory."""
_HEADER_SIZE: Final = 16  # two lengths, in network byte order
_CHUNK_SIZE: Final = 64 << 10  # what a pipe holds
_SECONDS_TO_END: Final = 2.0  # between the end of its output and the end of a process
_SECONDS_TO_CHECK: Final = 0.1  # between two looks at the caller's cancel event


def clock() -> float:
    """Return seconds of a clock that never goes backwards."""
    return time.monotonic()


def check_size(size: int, max_size: int) -> None:
    """Raise LimitError if a result is larger than `max_output` allows."""
    if size > max_size:
        raise LimitError(f"a result of more than {max_size} bytes (max_output)")


class WorkerDiedError(PluginError):
    """The process ended before it answered. `ending` describes how, and `number` is the signal, or 0."""

    def __init__(self, ending: str, number: int = 0) -> None:
        super().__init__(f"the worker process {ending}")
        self.number = number


class WorkerSession:
    """A Python process that runs `main` of a module and answers requests through its stdin and stdout.

    The modules are searched where this process searches them, after the standard library.
    """

    def __init__(self, module: str) -> None:
        paths = [path for path in sys.path if path and os.path.isabs(path)]
        code = f"import os, sys; os.chdir(os.sep); sys.path += sys.argv[1:]; from {module} import main; main()"
        executable = sys.executable
        if not executable:
            raise PluginError("a worker process can't be started: sys.executable is not known")
        signals = PostponedSignals()
        try:
            signals.begin()
            environment = {
                "GLIBC_TUNABLES": _ALLOCATOR,
                **{name: os.environ[name] for name in _VARIABLES if name in os.environ},
            }
            self._process = _start([executable, "-I", "-S", "-c", code, *paths], environment)
        except OSError as error:
            raise PluginError(f"a worker process can't be started: {error.strerror}") from error
        finally:
            signals.end()
        self._buffer = bytearray()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.returncode is None and not has_ended(self._process)

    def send(self, document: Mapping[str, Any], content: bytes, deadline: "Deadline") -> None:
        """Send a frame. Raises WorkerDiedError if the process has ended, and the errors of `Deadline.check`."""
        text = dump_frame(document)
        header = len(text).to_bytes(8, "big") + len(content).to_bytes(8, "big")
        pending = memoryview(header + text + content)
        stream = self._process.stdin
        assert stream is not None  # noqa: S101 - for the type checker: the process was started with this pipe
        while pending:
            try:
                pending = pending[os.write(stream.fileno(), pending[:_CHUNK_SIZE]) :]
            except BlockingIOError:
                self._wait(stream.fileno(), deadline, for_writing=True)
            except BrokenPipeError:
                raise self._died() from None

    def receive(self, deadline: "Deadline", max_size: int) -> tuple[dict[str, Any], bytes]:
        """Return the next frame.

        Raises WorkerDiedError if the process has ended, LimitError if the frame has more than `max_size` bytes, and the
        errors of `Deadline.check`.
        """
        header = self._read(_HEADER_SIZE, deadline)
        lengths = int.from_bytes(header[:8], "big"), int.from_bytes(header[8:], "big")
        check_size(sum(lengths), max_size)
        document: dict[str, Any] = load_frame(self._read(lengths[0], deadline))
        return document, self._read(lengths[1], deadline)

    def close(self) -> None:
        """End the process and all processes of its group."""
        if self._process.returncode is not None:
            return
        signals = PostponedSignals()
        signals.begin()
        try:
            # It has nothing to clean up, and may not react to SIGTERM. `Popen.kill` would wait for it.
            os.kill(self._process.pid, signal.SIGKILL)
            end_group(self._process)
        finally:
            signals.end()

    def abandon(self) -> None:
        """Close the pipes without ending the process: it belongs to the process that this one was forked from."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.returncode = 0  # so that Popen does not wait for it

    def _read(self, size: int, deadline: "Deadline") -> bytes:
        stream = self._process.stdout
        assert stream is not None  # noqa: S101 - for the type checker: the process was started with this pipe
        while len(self._buffer) < size:
            try:
                chunk = os.read(stream.fileno(), _CHUNK_SIZE)
            except BlockingIOError:
                self._wait(stream.fileno(), deadline, for_writing=False)
                continue
            if not chunk:
                raise self._died()
            self._buffer += chunk
        with memoryview(self._buffer) as view:
            taken = bytes(view[:size])
        del self._buffer[:size]
        return taken

    def _wait(self, descriptor: int, deadline: "Deadline", *, for_writing: bool) -> None:
        import select

        poll = select.poll()
        poll.register(descriptor, select.POLLOUT if for_writing else select.POLLIN)
        while not poll.poll(1_000 * min(deadline.check(), _SECONDS_TO_CHECK)):
            pass

    def _died(self) -> WorkerDiedError:
        """Return the error for a process that has closed its pipes. It is waited for here, and its group is ended."""
        patience = time.monotonic() + _SECONDS_TO_END
        while not has_ended(self._process) and time.monotonic() < patience:
            time.sleep(0.001)
        self.close()
        code = self._process.returncode or 0
        ending = f"was ended by {signal_name(-code)}" if code < 0 else f"ended with status {code}"
        return WorkerDiedError(ending, max(-code, 0))


def _start(arguments: list[str], environment: Mapping[str, str]) -> "Popen[bytes] | SpawnedProcess":
    try:
        return SpawnedProcess(arguments, environment)
    except NotImplementedError:
        return start_process(
            arguments,
            executable=arguments[0],
            directory=os.sep,
            environment=environment,
            has_stdin=True,
            has_stderr=False,
        )


class Deadline:
    """The time until which an answer must arrive, and the event with which a caller ends the wait earlier."""

    def __init__(self, seconds: float, limit_name: str, cancel: CancelEvent | None = None) -> None:
        self._seconds = seconds
        self._limit_name = limit_name
        self._cancel = cancel
        self._end = time.monotonic() + seconds

    def check(self) -> float:
        """Return the seconds that are left. Raises LimitError after the deadline, CancelledError if cancelled."""
        check_cancelled(self._cancel)
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise LimitError(
                f"the evaluation took longer than {self._seconds:g} seconds ({self._limit_name})"
            )
        return remaining


class Workers:
    """Worker processes that a caller owns and that several evaluations share, also of several threads.

    Without them, each evaluation of Jsonnet starts a process and ends it. `max`: the number of processes that are kept.
    More than that run for a moment if more threads evaluate at once. `close` ends them; a `with` block calls it. In a
    process that is forked meanwhile, new ones are started.

    >>> from kmanifest import JsonnetOptions, Workers, render_jsonnet
    >>> with Workers(max=2) as workers:
    ...     options = JsonnetOptions(workers=workers)
    ...     [render_jsonnet("a.jsonnet", tree={"a.jsonnet": f"1 + {n}"}, options=options).value for n in (1, 2)]
    [2, 3]
    """

    def __init__(self, max: int = 4) -> None:  # noqa: A002 - reads as a sentence where it is used
        from threading import Lock

        self._max = max
        self._lock = Lock()
        self._idle: dict[str, list[WorkerSession]] = {}
        self._process_id = os.getpid()
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self, module: str) -> WorkerSession:
        """Return an idle process that runs this module, or a new one. Raises PluginError if `close` was called."""
        with self._lock:
            self._forget_after_fork()
            if self._is_closed:
                raise PluginError("these Workers are closed")
            idle = self._idle.get(module)
            while idle:
                session = idle.pop()
                if session.is_alive:
                    return session
                session.close()
        return WorkerSession(module)

    def give_back(self, module: str, session: WorkerSession) -> None:
        """Keep a process that has answered, or end it if there are enough."""
        with self._lock:
            self._forget_after_fork()
            kept = sum(map(len, self._idle.values()))
            if not self._is_closed and kept < self._max:
                self._idle.setdefault(module, []).append(session)
                return
        session.close()

    def close(self) -> None:
        """End all processes. Those that still evaluate end when they have answered."""
        with self._lock:
            self._forget_after_fork()
            self._is_closed = True
            sessions: Sequence[WorkerSession] = [
                each for idle in self._idle.values() for each in idle
            ]
            self._idle = {}
        for session in sessions:
            session.close()

    def _forget_after_fork(self) -> None:
        if self._process_id != os.getpid():
            self._process_id = os.getpid()
            for idle in self._idle.values():
                for session in idle:
                    session.abandon()
            self._idle = {}

    def __repr__(self) -> str:
        return f"Workers(max={self._max})"
