"""Evaluate a program in a worker process, or in this one if the caller trusts it."""

from kmanifest.engines.jsonnet.options import JsonnetOptions
from kmanifest.engines.jsonnet.programs import (
    MAX_SOURCE,
    Failure,
    Frame,
    Hooks,
    Outcome,
    Program,
    load_value,
)
from kmanifest.io.worker_sessions import (
    Deadline,
    WorkerDiedError,
    Workers,
    WorkerSession,
    check_size,
)
from kmanifest.model.cancel import CancelEvent
from kmanifest.model.errors import KmanifestError, LimitError, PluginError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import Any, Final

_MODULE: Final = "kmanifest.engines.jsonnet.worker"


def run(
    program: Program,
    hooks: Hooks,
    options: JsonnetOptions,
    *,
    limits: Limits = DEFAULT_LIMITS,
    seconds: float = 0.0,
    cancel: CancelEvent | None = None,
) -> Outcome:
    """Evaluate a program with the isolation of the options.

    `seconds`: the time that the build has left; 0 means no limit. Raises LimitError if it exceeds a limit, PluginError if
    no process can be started, and CancelledError.
    """
    if len(program.source) > MAX_SOURCE:
        raise LimitError(f"a source of more than {MAX_SOURCE} bytes")
    if options.isolate == "none":
        from kmanifest.engines.jsonnet import evaluation  # the worker process imports it otherwise

        evaluation.require_compiled()
        outcome = evaluation.evaluate(program, hooks)
        check_size(len(outcome.content), limits.max_output)
        return outcome
    timeout = min(options.timeout, seconds) if seconds else options.timeout
    deadline = Deadline(timeout, "deadline" if timeout != options.timeout else "timeout", cancel)
    workers = options.workers
    session = WorkerSession(_MODULE) if workers is None else workers.take(_MODULE)
    is_reusable = False
    try:
        conversation = _Conversation(session, hooks, deadline, limits)
        outcome = conversation.evaluate(program, options, timeout)
        is_reusable = True
    except WorkerDiedError as error:
        raise _as_limit(error, options) from error
    finally:
        _end(session, workers if is_reusable else None)
    return outcome


def _end(session: WorkerSession, workers: Workers | None) -> None:
    if workers is None:
        session.close()
    else:
        workers.give_back(_MODULE, session)


def _as_limit(error: WorkerDiedError, options: JsonnetOptions) -> KmanifestError:
    """Return the error for a process that has ended: its program needs too much memory or stack.

    The evaluators abort in both cases.
    """
    if not error.number:
        return PluginError(f"the evaluation failed: {error.message}")
    return LimitError(
        f"the evaluation used more than {options.max_memory} bytes of memory (max_memory), "
        f"or its recursion has no end: {error.message}"
    )


class _Conversation:
    """The frames of one evaluation: the program, the requests of the worker process, and the result."""

    def __init__(
        self, session: WorkerSession, hooks: Hooks, deadline: Deadline, limits: Limits
    ) -> None:
        self._session = session
        self._hooks = hooks
        self._deadline = deadline
        self._limits = limits
        self._cause: KmanifestError | None = None
        self._max_memory = 0

    def evaluate(self, program: Program, options: JsonnetOptions, timeout: float) -> Outcome:
        """Return the outcome of a program."""
        self._max_memory = options.max_memory
        request = program._asdict()
        source = request.pop("source")
        request |= {"max_memory": options.max_memory, "seconds": timeout}
        self._session.send(request, source, self._deadline)
        while True:
            document, content = self._session.receive(self._deadline, self._limits.max_output)
            operation = document["operation"]
            if operation == "result":
                return Outcome(content)
            if operation == "failure":
                return self._failed(document)
            if operation == "trace":
                self._hooks.trace(document["file"], document["line"], document["message"])
            else:
                self._answer(document, content)

    def _failed(self, document: dict[str, Any]) -> Outcome:
        frames = tuple(Frame(*frame) for frame in document["frames"])
        return Outcome(b"", Failure(document["kind"], document["message"], frames), self._cause)

    def _answer(self, document: dict[str, Any], content: bytes) -> None:
        """Answer the request for a file, or for the result of a native function."""
        self._cause = None
        try:
            if document["operation"] == "import":
                path, content = self._hooks.load(document["from"], document["path"])
                self._session.send({"path": path}, content, self._deadline)
            else:
                import json  # few programs call such functions

                arguments = load_value(content.decode(), self._max_memory)
                result = self._hooks.call_native(document["name"], arguments)
                self._session.send({}, json.dumps(result).encode(), self._deadline)
        except WorkerDiedError:
            raise
        except KmanifestError as error:
            self._cause = error
            self._session.send({"error": error.message}, b"", self._deadline)
