"""The one place that starts programs, each bounded in time and in what it prints, and none left behind.

A program runs in a process group of its own, without a terminal, with the few variables of the environment that it is
given and nothing else; its group is ended when it ends. What leaves that group on purpose can't be followed.
"""

import os
import re
import signal
import stat
from collections.abc import Iterable, Mapping, Sequence

from kmanifest.model.errors import LimitError, PluginError
from kmanifest.model.masking import Secret, masker
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from subprocess import Popen

DEFAULT_VARIABLES: Final = ("PATH", "HOME", "LANG", "TMPDIR")
"""The variables that every program gets."""

INHERIT_ALL: Final = "inherit"
"""The pattern by which a program gets the whole environment, as under kustomize."""

_MAX_STDERR: Final = 64 << 10  # bytes of stderr that are kept
_SECONDS_TO_TERMINATE: Final = 2.0  # seconds between TERM and KILL
_CHUNK_SIZE: Final = 64 << 10
# Bounded, as what a program says must not take long to be searched: each `token` in a row of them is a beginning.
_SECRET_PATTERN: Final = (
    r"(?i)((?:token|passw(?:or)?d|passphrase|secret|credential|api-?_?key|authorization)[\w-]{0,64}[\"']?"
    r"\s{0,8}[=:]\s{0,8}[\"']?(?:bearer\s{1,8}|basic\s{1,8})?)[^\s,;&\"']+"
)

FileKind = Literal["executable", "file", "nothing"]


class Command(NamedTuple):
    """A program to be run.

    `path` and `directory` are resolved paths of the runner's root. `config` is put into a temporary file whose path is
    the first argument; `stdin` is closed where it is None. `environment` comes on top of what the runner passes on.
    `timeout` is in seconds, 0 for the runner's own. The directory `output_directory` may come to hold `max_directory_size` bytes.
    """

    path: str
    arguments: tuple[str, ...] = ()
    directory: str = ""
    config: bytes | None = None
    stdin: bytes | None = None
    environment: tuple[tuple[str, str], ...] = ()
    timeout: float = 0.0
    output_directory: str = ""
    max_directory_size: int = 0


class ProcessResult(NamedTuple):
    """How a program ended: its exit code, or the number of the signal below 0, and what it printed."""

    code: int
    output: bytes
    errors: bytes


class Runner(Protocol):
    """Runs programs, or something that stands for them: a sandbox, a fake in a test."""

    def kind(self, path: str) -> FileKind:
        """What is at a path: a file that may be executed, another one, or nothing."""

    def run(self, command: Command) -> bytes:
        """What the program prints.

        PluginError where it can't be started or fails, with what it says on stderr; LimitError where it takes too long or
        prints too much.
        """


class ProcessRunner:
    """Runs programs of this machine, whose paths are below `root`.

    `environment` is what there is to pass on, by default that of this process, of which a program gets the variables in DEFAULT_VARIABLES and those that match
    `pass_variables`: names, or patterns that end in `*`. `timeout` is in seconds, `max_output` in bytes. Where `digests` are given,
    only programs whose SHA-256 is among them are run. What a program says on stderr is told without the `secrets`.
    """

    def __init__(
        self,
        root: str = "/",
        *,
        environment: Mapping[str, str] | None = None,
        pass_variables: Iterable[str] = (),
        timeout: float = 60.0,
        max_output: int = 64 << 20,
        digests: frozenset[str] | None = None,
        secrets: Iterable[Secret] = (),
    ) -> None:
        self._root = root
        self._timeout = timeout
        self._max_output = max_output
        self._digests = digests
        self._secrets = tuple(secrets)
        self._variable_patterns = tuple(pass_variables)
        available = os.environ if environment is None else environment
        self._environment = select_variables(
            available, (*DEFAULT_VARIABLES, *self._variable_patterns)
        )

    def kind(self, path: str) -> FileKind:
        try:
            mode = os.stat(self._absolute_path(path)).st_mode
        except (OSError, ValueError):
            return "nothing"
        if stat.S_ISREG(mode) and (mode & 0o111 or os.name == "nt"):
            return "executable"
        return "file"

    def run(self, command: Command) -> bytes:
        self._check_digest(command.path)
        result = self.run_process(command)
        if result.code:
            raise PluginError(
                self._failure_message(self._absolute_path(command.path), result.code, result.errors)
            )
        return result.output

    def run_process(self, command: Command) -> ProcessResult:
        """How the program ends; PluginError where it can't be started, LimitError where a bound is reached."""
        if command.config is None:
            return self._start(command, command.arguments)
        import tempfile  # only for plug-ins that read their config from a file

        descriptor, config_path = tempfile.mkstemp(prefix="kust-plugin-config-")
        try:
            with open(descriptor, "wb") as stream:
                stream.write(command.config)
            return self._start(command, (config_path, *command.arguments))
        finally:
            os.unlink(config_path)

    def passes_variable(self, name: str) -> bool:
        """Whether programs get the variable of this name."""
        return name in self._environment

    def _absolute_path(self, path: str) -> str:
        return os.path.join(self._root, path)

    def _check_digest(self, path: str) -> None:
        if self._digests is None:
            return
        from hashlib import sha256  # few ask for it

        with open(self._absolute_path(path), "rb") as stream:
            digest = sha256(stream.read()).hexdigest()
        if digest not in self._digests:
            raise PluginError(
                f"{path}: its SHA-256 {digest} is not in the list of trusted programs"
            )

    def _start(self, command: Command, arguments: Sequence[str]) -> ProcessResult:
        if os.name == "nt":
            raise PluginError("programs are not run on Windows: write the plug-in in Python")
        import subprocess  # most builds start nothing

        path = self._absolute_path(command.path)
        try:
            process = subprocess.Popen(  # noqa: S603 - to start programs is what it is for
                [path, *arguments],
                stdin=subprocess.DEVNULL if command.stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self._absolute_path(command.directory),
                env={**self._environment, **dict(command.environment)},
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise PluginError(f"{path} can't be started: {_start_failure(path, error)}") from error
        session = _PipeSession(process, command, self._timeout, self._max_output)
        try:
            session.communicate(command.stdin)
        finally:
            _end_group(process)
        return ProcessResult(process.returncode, bytes(session.output), session.complete_stderr())

    def _failure_message(self, path: str, code: int, errors: bytes) -> str:
        """What is to be told of a program that failed: what it said, and which environment it had."""
        ending = f"exit status {code}" if code > 0 else f"ended by {_signal_name(-code)}"
        stderr_text = re.sub(
            _SECRET_PATTERN, r"\1***", masker(self._secrets)(errors.decode("utf-8", "replace"))
        )
        lines = "; ".join(line.strip() for line in stderr_text.split("\n") if line.strip())
        names = ", ".join(sorted(self._environment))
        hint = (
            "" if INHERIT_ALL in self._variable_patterns else "; --plugin-env NAME passes on more"
        )
        return (
            f"{path} failed, {ending}{': ' + lines if lines else ''} (environment: {names}{hint})"
        )


class _PipeSession:
    """Feeds a process and gathers what it prints, as long as it may."""

    def __init__(
        self, process: "Popen[bytes]", command: Command, timeout: float, max_output: int
    ) -> None:
        self.output = bytearray()
        self._errors = bytearray()
        self._process = process
        self._command = command
        self._timeout = command.timeout or timeout
        self._max_output = max_output

    def communicate(self, stdin: bytes | None) -> None:
        """Return when the process has ended; LimitError where it does not in time, or prints or writes too much."""
        self._transfer_all(stdin)
        self._check_directory_size()

    def _transfer_all(self, stdin: bytes | None) -> None:
        import selectors
        import time

        deadline = time.monotonic() + self._timeout
        with selectors.DefaultSelector() as selector:
            pending = memoryview(stdin or b"")
            self._register_pipes(selector)
            while selector.get_map():
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise self._timeout_error()
                # A child may hold the pipes open when the program itself has ended.
                ready = selector.select(min(remaining, 0.1))
                if not ready:
                    self._check_directory_size()
                    if _has_ended(self._process):
                        return
                for key, _ in ready:
                    pending = self._transfer(selector, key.fileobj, pending)
            while not _has_ended(self._process):
                if time.monotonic() > deadline:
                    raise self._timeout_error()
                time.sleep(0.01)

    def complete_stderr(self) -> bytes:
        """What the process said on stderr, without a line that was cut off: half a secret could not be told from a word."""
        errors = self._errors
        if len(errors) >= _MAX_STDERR:
            errors = errors[: errors.rfind(b"\n") + 1]
        return bytes(errors)

    def _register_pipes(self, selector: Any) -> None:
        import selectors

        process = self._process
        for stream in (process.stdout, process.stderr, process.stdin):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
                writes = stream is process.stdin
                selector.register(stream, selectors.EVENT_WRITE if writes else selectors.EVENT_READ)

    def _transfer(self, selector: Any, stream: Any, pending: memoryview) -> memoryview:
        """Move some bytes of one pipe; what is left to be written."""
        if stream is self._process.stdin:
            try:
                pending = pending[os.write(stream.fileno(), pending[:_CHUNK_SIZE]) :]
            except BrokenPipeError:  # it does not want to read on
                pending = pending[len(pending) :]
            if not pending:
                selector.unregister(stream)
                stream.close()
            return pending
        chunk = os.read(stream.fileno(), _CHUNK_SIZE)
        if not chunk:
            selector.unregister(stream)
        elif stream is self._process.stdout:
            self.output += chunk
            if len(self.output) > self._max_output:
                raise LimitError(f"the program printed more than {self._max_output} bytes")
        elif len(self._errors) < _MAX_STDERR:
            self._errors += chunk
        return pending

    def _check_directory_size(self) -> None:
        limit, directory = self._command.max_directory_size, self._command.output_directory
        if limit and _directory_size(directory) > limit:
            raise LimitError(f"more than {limit} bytes were written")

    def _timeout_error(self) -> LimitError:
        key = "" if self._command.timeout else " (plugin-timeout)"
        return LimitError(f"the program took longer than {self._timeout:g} seconds{key}")


def _directory_size(directory: str) -> int:
    """The bytes of the files below a directory in which a program is writing."""
    size = 0
    for path, _, names in os.walk(directory):
        for name in names:
            try:
                size += os.lstat(os.path.join(path, name)).st_size
            except OSError:  # it is gone since then
                continue
    return size


def find_plugin_home(environment: Mapping[str, str]) -> str:
    """The home of legacy exec plug-ins: the first place of the reference that is there; empty where none is.

    Source: kustomize v5.8.2 api/konfig/plugins.go, DefaultAbsPluginHome.
    """
    home = environment.get("HOME", "")
    candidates = [environment.get("KUSTOMIZE_PLUGIN_HOME", "")]
    if environment.get("XDG_CONFIG_HOME"):
        candidates.append(os.path.join(environment["XDG_CONFIG_HOME"], "kustomize", "plugin"))
    if home:
        candidates.append(os.path.join(home, ".config", "kustomize", "plugin"))
        candidates.append(os.path.join(home, "kustomize", "plugin"))
    return next((os.path.abspath(path) for path in candidates if path and os.path.isdir(path)), "")


def select_variables(environment: Mapping[str, str], patterns: Sequence[str]) -> dict[str, str]:
    """The variables whose names match one of the patterns: names, `PREFIX_*`, or `inherit` for all."""
    return {name: value for name, value in environment.items() if _is_selected(name, patterns)}


def _is_selected(name: str, patterns: Iterable[str]) -> bool:
    return any(
        pattern in (INHERIT_ALL, name) or (pattern[-1:] == "*" and name.startswith(pattern[:-1]))
        for pattern in patterns
    )


def _has_ended(process: "Popen[bytes]") -> bool:
    """Whether a process has ended. It is not collected yet, so that its number, and its group's, stay its own."""
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, flags) is not None


def _end_group(process: "Popen[bytes]") -> None:
    """End a process and all that it left behind in its group: asked first, then forced."""
    import time

    if not _has_ended(process):
        _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + _SECONDS_TO_TERMINATE
        while not _has_ended(process) and time.monotonic() < deadline:
            time.sleep(0.01)
    _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _signal_group(process: "Popen[bytes]", number: int) -> None:
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        return


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _start_failure(path: str, error: Exception) -> str:
    """Why a program can't be started, in the words that help."""
    try:
        with open(path, "rb") as stream:
            first = stream.readline(200)
    except OSError:
        first = b""
    if first.startswith(b"#!") and first.endswith(b"\r\n"):
        return "its first line ends with CRLF, so the interpreter is not found: use LF"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)
