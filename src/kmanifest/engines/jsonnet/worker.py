"""The worker process: evaluates the programs that arrive at stdin, and sends the results to stdout.

It reads no file. Imports, and native functions that are not built in, are requested from the parent process. Before it
evaluates, it limits its own memory and processor time, so that a program which uses more ends only this process.
"""

import sys
from functools import partial

from kmanifest.engines.jsonnet.evaluation import evaluate
from kmanifest.engines.jsonnet.programs import Failure, Hooks, Outcome, Program, Variable
from kmanifest.io.frames import dump_frame, load_frame
from kmanifest.startup.typing import Any, Final

_STACK_SIZE: Final = 1 << 30  # that of the evaluating thread, see native/src/jsonnet/mod.rs
_HEADER_SIZE: Final = 16


class ParentError(Exception):
    """The parent process could not answer a request. It keeps the exception; the message is for the stack trace."""


def main() -> None:
    """Answer requests until stdin is closed."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    channel = Channel(requests, answers)
    # Whatever prints must not disturb the frames.
    sys.stdout = sys.stderr
    while True:
        request = channel.receive()
        if request is None:
            return
        document, source = request
        # Each evaluation adds a stack, so the limits are set again.
        prepare = partial(set_limits, document["max_memory"], document["seconds"])
        try:
            outcome = evaluate(as_program(document, source), channel.hooks(), prepare)
        except MemoryError:
            outcome = Outcome(b"", Failure("limit", "out of memory"))
        except RecursionError:
            outcome = Outcome(b"", Failure("limit", "a value is nested too deeply"))
        except RuntimeError:
            # The compiled evaluator reports so that it could not make a string for Python.
            if not _was_memory_used():
                raise
            outcome = Outcome(b"", Failure("limit", "out of memory"))
        channel.finish(outcome)


class Channel:
    """The pipes to the parent process."""

    def __init__(self, requests: Any, answers: Any) -> None:
        self._requests = requests
        self._answers = answers

    def receive(self) -> tuple[dict[str, Any], bytes] | None:
        """Return the next frame, or None if there is none."""
        header = self._requests.read(_HEADER_SIZE)
        if len(header) < _HEADER_SIZE:
            return None
        sizes = int.from_bytes(header[:8], "big"), int.from_bytes(header[8:], "big")
        return load_frame(self._requests.read(sizes[0])), self._requests.read(sizes[1])

    def send(self, document: dict[str, Any], content: bytes = b"") -> None:
        """Send a frame."""
        text = dump_frame(document)
        self._answers.write(len(text).to_bytes(8, "big") + len(content).to_bytes(8, "big"))
        self._answers.write(text)
        self._answers.write(content)
        self._answers.flush()

    def hooks(self) -> Hooks:
        """Return the functions of an evaluation, which send requests to the parent process."""
        return Hooks(self._load, self._call_native, self._trace)

    def finish(self, outcome: Outcome) -> None:
        """Send the result of an evaluation."""
        if outcome.failure is None:
            self.send({"operation": "result"}, outcome.content)
            return
        kind, message, frames = outcome.failure
        self.send({"operation": "failure", "kind": kind, "message": message, "frames": frames})

    def _load(self, importing: str, path: str) -> tuple[str, bytes]:
        document, content = self._request({"operation": "import", "from": importing, "path": path})
        return document["path"], content

    def _call_native(self, name: str, arguments: list[Any]) -> Any:
        import json  # few programs call such functions

        content = json.dumps(arguments, default=_refuse_function).encode()
        _, result = self._request({"operation": "native", "name": name}, content)
        return json.loads(result)

    def _trace(self, file: str, line: int, message: str) -> None:
        self.send({"operation": "trace", "file": file, "line": line, "message": message})

    def _request(
        self, document: dict[str, Any], content: bytes = b""
    ) -> tuple[dict[str, Any], bytes]:
        self.send(document, content)
        answer = self.receive()
        if answer is None:
            raise ParentError("the parent process has ended")
        if "error" in answer[0]:
            raise ParentError(answer[0]["error"])
        return answer


def _refuse_function(_: Any) -> Any:
    raise ParentError("a function can't be passed to a native function")


def as_program(document: dict[str, Any], source: bytes) -> Program:
    """Return the program of a request."""
    return Program(
        document["name"],
        document["this_file"],
        source,
        tuple(Variable(*each) for each in document["variables"]),
        tuple(Variable(*each) for each in document["arguments"]),
        tuple((name, tuple(parameters)) for name, parameters in document["natives"]),
        document["max_stack"],
        document["style"],
        document["with_natives"],
    )


def set_limits(max_memory: int, seconds: float) -> None:
    """Limit the memory that this process may use in addition, and the processor time until it is killed.

    The parent process measures the time on its own. The limit of processor time ends this process if the parent has died.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    _lower(resource, resource.RLIMIT_CORE, 0)
    try:
        with open("/proc/self/statm", "rb") as stream:
            size = int(stream.read().split()[0]) * resource.getpagesize()
    except OSError:  # only Linux has this file; the other limits hold
        size = 0
    if size:
        _lower(resource, resource.RLIMIT_AS, size + _STACK_SIZE + max_memory)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource, resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime + seconds) + 2)


def _lower(resource: Any, limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (soft, hard))


def _was_memory_used() -> bool:
    """Whether this process has come near its limit of memory. The last string, which did not fit, can be large."""
    try:
        import resource

        with open("/proc/self/status", "rb") as stream:
            fields = dict(line.split(b":", 1) for line in stream if b":" in line)
    except (ImportError, OSError):  # then there is no limit, either
        return False
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    peak = int(fields[b"VmPeak"].split()[0]) * 1024
    return limit != resource.RLIM_INFINITY and peak > limit - (limit - _STACK_SIZE) // 2
