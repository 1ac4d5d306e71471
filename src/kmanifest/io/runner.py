"""Run executables. No other module starts processes.

Each process has a time limit and an output limit. It runs in its own process group, without a terminal, and its
environment contains only the selected variables. When it ends, or a signal ends the build, all processes of its group
are killed and its temporary files are removed. A process that leaves the group on purpose can't be tracked.
"""

import os
import signal
import stat

from kmanifest.io.executables import copy_trusted, find_on_path, start_failure
from kmanifest.io.signals import PostponedSignals
from kmanifest.io.system import remove
from kmanifest.model.cancel import CancelEvent, check_cancelled
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import LimitError, PluginError
from kmanifest.model.masking import Secret, masker
from kmanifest.startup.typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Iterable,
    Literal,
    Mapping,
    NamedTuple,
    Protocol,
    Sequence,
)

if TYPE_CHECKING:
    from subprocess import Popen

DEFAULT_VARIABLES: Final = ("PATH", "HOME", "LANG", "TMPDIR")
"""The environment variables that every executable gets."""

INHERIT_ALL: Final = "inherit"
"""The pattern that passes the whole environment to an executable, as kustomize does."""

_COERCED_LOCALES: Final = ("C.UTF-8", "C.utf8", "UTF-8")
_SECONDS_PER_CHECK: Final = 0.1
_DEFAULT_PIPE_SIZE: Final = 65_536
_SECONDS_TO_RETRY: Final = (
    1.0  # while a new executable is still open in a process that another thread starts
)
_MAX_STDERR: Final = 64 << 10  # bytes; the rest of stderr is discarded
_SECONDS_TO_TERMINATE: Final = 2.0  # between SIGTERM and SIGKILL
_CHUNK_SIZE: Final = 64 << 10
_STDERR: Final = 2
# The repetitions are bounded, so that a search takes little time: each of many `token`s in a row starts a match.
_SECRET_PATTERN: Final = (
    r"(?i)((?:token|passw(?:or)?d|passphrase|secret|credential|api-?_?key|authorization)[\w-]{0,64}[\"']?"
    r"\s{0,8}[=:]\s{0,8}[\"']?(?:bearer\s{1,8}|basic\s{1,8})?)[^\s,;&\"']+"
)

FileKind = Literal["executable", "file", "nothing"]


class Command(NamedTuple):
    """An executable with its arguments, environment, input and limits.

    `path`: the executable, relative to the runner's root. `arguments`: its arguments. `directory`: the working
    directory, relative to the runner's root. `config`: written to a temporary file whose path is the first argument.
    `stdin`: no input if None. `environment`: added to the variables that the runner passes. `timeout`: in seconds; 0
    means that of the runner. `output_directory`: a directory whose size is limited. `max_directory_size`: bytes that it
    may grow to; 0 means no limit. `called_as`: the executable's path as it is written, absolute or relative to
    `directory`: a script sees it as `$0`. Empty means the absolute path.

    >>> from kmanifest import Command
    >>> Command("app/generate.sh", ("--all",), directory="app").path
    'app/generate.sh'
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
    called_as: str = ""

    def __repr__(self) -> str:
        from kmanifest.model.records import describe  # rarely printed

        return describe(self, secret=("config", "environment", "stdin"))


class ProcessResult(NamedTuple):
    """The result of a process: exit code, stdout and stderr. For a signal, the code is its negative number."""

    code: int
    output: bytes
    errors: bytes


class Runner(Protocol):
    """Runs executables. An implementation can be a sandbox, or a fake in a test.

    It may also have a method `find(name)`, which returns the path of the executable with this name and raises a
    KmanifestError if there is none. Without it, KRM functions can't be called by name.

    >>> from kmanifest import Command, Options, Runner, build
    >>> class Fake:
    ...     def kind(self, path: str) -> str:
    ...         return "executable"
    ...     def run(self, command: Command) -> bytes:
    ...         return b"{apiVersion: v1, kind: ConfigMap, metadata: {name: made}}"
    >>> function = "{apiVersion: a/v1, kind: F, metadata: {name: f, annotations: {config.kubernetes.io/function: 'exec: {path: ./f}'}}}"
    >>> files = {"kustomization.yaml": "generators: [f.yaml]", "f.yaml": function, "f": "#!/bin/sh"}
    >>> [resource.name for resource in build(tree=files, options=Options(enable_plugins=True, allow_exec=True), runner=Fake())]
    ['made']
    """

    def kind(self, path: str) -> FileKind:
        """Return whether an executable, another file or nothing is at a path."""

    def run(self, command: Command) -> bytes:
        """Run a command and return its stdout.

        Raises PluginError with the stderr if it can't be started or fails, LimitError if it exceeds a limit of time or
        output.
        """


class ProcessRunner:
    """Runs local executables. Their paths are relative to `root`, by default the root of the build's tree.

    A build of local files has the root `/`. If the files of a build are not on disk, or if no build gives a root, only
    absolute paths can be run.

    `environment`: the variables that can be passed; by default those of this process. Executables get
    DEFAULT_VARIABLES and the variables that match `pass_variables`: names, patterns that end in `*`, or `inherit` for
    all. `timeout`: in seconds. `max_output`: in bytes. `digests`: if given, only executables with one of these
    SHA-256 digests run. A private copy of the compared bytes is run then, so nothing can be exchanged in between.
    `secrets`: masked in error messages that quote stderr. `cancel`: when it is set, a running process is ended with
    CancelledError.
    """

    def __init__(
        self,
        root: str | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        pass_variables: Iterable[str] = (),
        timeout: float = 60.0,
        max_output: int = 64 << 20,
        digests: frozenset[str] | None = None,
        secrets: Iterable[Secret] = (),
        cancel: CancelEvent | None = None,
    ) -> None:
        self._root = root
        self._timeout = timeout
        self._max_output = max_output
        self._digests = digests
        self._secrets = tuple(secrets)
        self._cancel = cancel
        self._variable_patterns = tuple(pass_variables)
        available = inherited_environment() if environment is None else environment
        self._environment = select_variables(
            available, (*DEFAULT_VARIABLES, *self._variable_patterns)
        )

    @property
    def root(self) -> str | None:
        """The directory that relative paths start from."""
        return self._root

    def for_root(self, root: str | None) -> "ProcessRunner":
        """Return this runner for a tree with this root, which is None for a tree that is not on disk.

        Raises PluginError if the runner has another root: it would run other files than those of the tree.
        """
        if self._root is None:
            from copy import copy  # only with a runner

            runner = copy(self)
            runner._root = root
            return runner
        if root is not None and os.path.realpath(self._root) != os.path.realpath(root):
            raise PluginError(
                f"the root of the runner is {self._root}, that of the tree is {root}: executables would not be those of the tree"
            )
        return self

    def kind(self, path: str) -> FileKind:
        if self._root is None and not os.path.isabs(path):
            return "nothing"
        try:
            mode = os.stat(self._absolute_path(path)).st_mode
        except (OSError, ValueError):
            return "nothing"
        if stat.S_ISREG(mode) and (mode & 0o111 or os.name == "nt"):
            return "executable"
        return "file"

    def find(self, name: str) -> str:
        """Return the absolute path of the executable with this name on PATH. Raises MissingError if there is none."""
        return find_on_path(name, self._environment.get("PATH", ""))

    def run(self, command: Command) -> bytes:
        path = self._absolute_path(command.path)
        result = self.run_process(command)
        if result.code:
            code = result.code
            ending = f"exit status {code}" if code > 0 else f"ended by {signal_name(-code)}"
            raise PluginError(self._failure_message(path, ending, result.errors))
        return result.output

    def run_process(self, command: Command) -> ProcessResult:
        """Run a command and return its result, whatever its exit code.

        Raises PluginError if it can't be started, LimitError if it exceeds a limit. A signal that this process handles
        ends the command, too.
        """
        if os.name == "nt":
            raise PluginError("executables can't be run on Windows: write the plug-in in Python")
        signals, files = PostponedSignals(), _TemporaryFiles()
        try:
            signals.begin()
            process = self._start(command, files)
            try:
                session = _PipeSession(
                    process, command, self._timeout, self._max_output, self._cancel
                )
                try:
                    signals.end()
                    session.communicate(command.stdin)
                except LimitError as error:
                    path = self._absolute_path(command.path)
                    stderr = self._quote_stderr(session.complete_stderr())
                    raise type(error)(f"{path}: {error.message}{stderr}") from None
                finally:
                    signals.begin()
            finally:
                end_group(process)
        finally:
            files.remove()
            signals.end()
        return ProcessResult(process.returncode, bytes(session.output), session.complete_stderr())

    def passes_variable(self, name: str) -> bool:
        """Whether executables get the variable with this name."""
        return name in self._environment

    def _absolute_path(self, path: str) -> str:
        if self._root is None and path and not os.path.isabs(path):
            raise PluginError(f"{path} is not on disk, so it can't be run")
        return os.path.join(self._root or "/", path)

    def _start(self, command: Command, files: "_TemporaryFiles") -> "Popen[bytes]":
        path = self._absolute_path(command.path)
        directory = self._absolute_path(command.directory)
        arguments = list(command.arguments)
        if command.config is not None:
            arguments.insert(0, files.write(command.config))
        called_as = command.called_as or path
        executable = called_as if "/" in called_as else path
        if self._digests is not None:
            executable = copy_trusted(path, files.make_directory(), self._digests)
        environment = {**self._environment, **dict(command.environment)}
        try:
            return start_process(
                [called_as, *arguments],
                executable=executable,
                directory=directory,
                environment=environment,
                has_stdin=command.stdin is not None,
            )
        except (OSError, ValueError) as error:
            reason = start_failure(path, directory, error)
            raise PluginError(f"{path} can't be started: {reason}") from error

    def _failure_message(self, path: str, ending: str, errors: bytes) -> str:
        """Return the message for a failed process: how it ended, its stderr and its variables."""
        message = f"{path} failed, {ending}{self._quote_stderr(errors)}"
        if INHERIT_ALL in self._variable_patterns:
            return message
        names = ", ".join(sorted(self._environment))
        return f"{message} (environment: {names}; --plugin-env NAME passes on more)"

    def _quote_stderr(self, errors: bytes) -> str:
        """Return the stderr of a process in one line after a colon, with secrets masked; empty if there is none."""
        import re  # for errors only

        text = masker(self._secrets)(errors.decode("utf-8", "replace"))
        text = re.sub(_SECRET_PATTERN, r"\1***", text)
        lines = "; ".join(line.strip() for line in text.split("\n") if line.strip())
        return f": {lines}" if lines else ""


class _TemporaryFiles:
    """The temporary files of one process."""

    def __init__(self) -> None:
        self._files: list[str] = []
        self._directories: list[str] = []

    def write(self, content: bytes) -> str:
        """Write a file that only this user can read, and return its path. The prefix of its name is kustomize's."""
        import tempfile  # few builds start processes

        try:
            descriptor, path = tempfile.mkstemp(prefix="kust-plugin-config-")
            self._files.append(path)
            with open(descriptor, "wb") as stream:
                stream.write(content)
        except OSError as error:
            raise _temporary_file_error(error) from error
        return path

    def make_directory(self) -> str:
        """Create a directory that only this user can enter, and return its path."""
        import tempfile

        try:
            path = tempfile.mkdtemp(prefix="kmanifest-plugin-")
        except OSError as error:
            raise _temporary_file_error(error) from error
        self._directories.append(path)
        return path

    def remove(self) -> None:
        """Remove all files and directories."""
        for path in self._files:
            remove(path)
        for directory in self._directories:
            import shutil

            shutil.rmtree(directory, ignore_errors=True)


def _temporary_file_error(error: OSError) -> PluginError:
    reason = error.strerror or str(error)
    return PluginError(f"the config of a plug-in can't be written to a temporary file: {reason}")


def start_process(
    arguments: list[str],
    *,
    executable: str,
    directory: str,
    environment: Mapping[str, str],
    has_stdin: bool,
    has_stderr: bool = True,
) -> "Popen[bytes]":
    """Start an executable with pipes, in a process group of its own. Raises OSError if that fails."""
    import errno
    import subprocess  # most builds start no process
    import time

    deadline = time.monotonic() + _SECONDS_TO_RETRY
    while True:
        try:
            return subprocess.Popen(  # noqa: S603 - this is the purpose of the module
                arguments,
                executable=executable,
                stdin=subprocess.PIPE if has_stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if has_stderr else subprocess.DEVNULL,
                cwd=directory,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            # A process that another thread starts has open, for a moment, what this one just wrote.
            if error.errno != errno.ETXTBSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


class SpawnedProcess:
    """A process with pipes to its stdin and stdout, in a process group of its own, whose stderr is discarded.

    Importing `subprocess` takes 8 ms, a tenth of a small evaluation of Jsonnet. Raises OSError if the process can't be
    started, and NotImplementedError if this system can't start one in this way.
    """

    stderr = None

    def __init__(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        if not hasattr(os, "posix_spawn"):
            raise NotImplementedError
        child_stdin, parent_stdin = os.pipe()
        parent_stdout, child_stdout = os.pipe()
        self.stdin = open(parent_stdin, "wb", buffering=0)  # noqa: SIM115 - `end_group` closes it
        self.stdout = open(parent_stdout, "rb", buffering=0)  # noqa: SIM115 - `end_group` closes it
        self.returncode: int | None = None
        try:
            if (
                min(child_stdin, child_stdout) <= _STDERR
            ):  # a standard stream of this process is closed
                raise NotImplementedError
            self.pid = os.posix_spawn(
                arguments[0],
                arguments,
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, child_stdin, 0),
                    (os.POSIX_SPAWN_DUP2, child_stdout, 1),
                    (os.POSIX_SPAWN_OPEN, _STDERR, os.devnull, os.O_WRONLY, 0),
                ],
                setsid=True,
                setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
            )
        except BaseException:
            self.stdin.close()
            self.stdout.close()
            raise
        finally:
            os.close(child_stdin)
            os.close(child_stdout)

    def wait(self) -> int:
        """Wait for the end of the process and return its exit code; for a signal, its negative number."""
        if self.returncode is None:
            _, status = os.waitpid(self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def poll(self) -> int | None:
        """Return the exit code, or None if the process was not waited for."""
        return self.returncode

    def kill(self) -> None:
        """End the process."""
        os.kill(self.pid, signal.SIGKILL)


class _PipeSession:
    """Writes stdin of a process and collects its stdout and stderr, within the limits of the command."""

    def __init__(
        self,
        process: "Popen[bytes]",
        command: Command,
        timeout: float,
        max_output: int,
        cancel: CancelEvent | None,
    ) -> None:
        self.output = bytearray()
        self._errors = bytearray()
        self._process = process
        self._command = command
        self._timeout = command.timeout or timeout
        self._max_output = max_output
        self._cancel = cancel

    def communicate(self, stdin: bytes | None) -> None:
        """Return when the process has ended.

        Raises LimitError if it exceeds a limit of time, output or file size, CancelledError if `cancel` is set.
        """
        self._transfer_all(stdin)
        self._check_directory_size()

    def _transfer_all(self, stdin: bytes | None) -> None:
        import selectors
        import time

        deadline = time.monotonic() + self._timeout
        with selectors.DefaultSelector() as selector:
            pending = memoryview(stdin or b"")
            self._register_pipes(selector)
            next_check = time.monotonic() + _SECONDS_PER_CHECK
            while selector.get_map():
                now = time.monotonic()
                if now > deadline:
                    raise self._timeout_error()
                check_cancelled(self._cancel)
                check_time()
                ready = selector.select(min(deadline - now, _SECONDS_PER_CHECK))
                # By the clock, as a process that prints all the time is always ready.
                if not ready or now > next_check:
                    self._check_directory_size()
                    # A child process may keep the pipes open, and print, after the process itself has ended.
                    if has_ended(self._process):
                        self._read_rest(selector)
                        return
                    next_check = time.monotonic() + _SECONDS_PER_CHECK
                for key, _ in ready:
                    pending = self._transfer(selector, key.fileobj, pending)
            while not has_ended(self._process):
                if time.monotonic() > deadline:
                    raise self._timeout_error()
                check_cancelled(self._cancel)
                check_time()
                time.sleep(0.01)

    def complete_stderr(self) -> bytes:
        """Return the stderr of the process. If it was cut off, the incomplete last line is left out.

        Half a secret in that line could not be recognized and masked.
        """
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
        """Read or write some bytes of one pipe. Return the rest of stdin that is still to be written."""
        if stream is self._process.stdin:
            try:
                pending = pending[os.write(stream.fileno(), pending[:_CHUNK_SIZE]) :]
            except BrokenPipeError:  # the process has closed its stdin
                pending = pending[len(pending) :]
            if not pending:
                selector.unregister(stream)
                stream.close()
            return pending
        chunk = os.read(stream.fileno(), _CHUNK_SIZE)
        if not chunk:
            selector.unregister(stream)
        self._keep(stream, chunk)
        return pending

    def _read_rest(self, selector: Any) -> None:
        """Read what the pipes held when the process had ended, which is not more than their size."""
        for stream in (self._process.stdout, self._process.stderr):
            if stream is None or stream not in selector.get_map():
                continue
            remaining = _pipe_size(stream.fileno())
            while remaining > 0:
                try:
                    chunk = os.read(stream.fileno(), min(remaining, _CHUNK_SIZE))
                except BlockingIOError:
                    break
                if not chunk:
                    break
                self._keep(stream, chunk)
                remaining -= len(chunk)

    def _keep(self, stream: Any, chunk: bytes) -> None:
        if stream is self._process.stdout:
            self.output += chunk
            if len(self.output) > self._max_output:
                raise LimitError(f"the process printed more than {self._max_output} bytes")
        elif len(self._errors) < _MAX_STDERR:
            self._errors += chunk

    def _check_directory_size(self) -> None:
        limit, directory = self._command.max_directory_size, self._command.output_directory
        if limit and _directory_size(directory) > limit:
            raise LimitError(f"more than {limit} bytes were written")

    def _timeout_error(self) -> LimitError:
        key = "" if self._command.timeout else " (plugin-timeout)"
        return LimitError(f"the process took longer than {self._timeout:g} seconds{key}")


def _pipe_size(descriptor: int) -> int:
    """Return the number of bytes that a pipe holds at most."""
    try:
        from fcntl import F_GETPIPE_SZ, fcntl

        return fcntl(descriptor, F_GETPIPE_SZ)
    except (ImportError, OSError):  # not on Linux
        return _DEFAULT_PIPE_SIZE


def _directory_size(directory: str) -> int:
    """Return the size in bytes of all files below a directory. A process may be writing there."""
    size = 0
    for path, _, names in os.walk(directory):
        for name in names:
            try:
                size += os.lstat(os.path.join(path, name)).st_size
            except OSError:  # it was removed meanwhile
                continue
    return size


def find_plugin_home(environment: Mapping[str, str]) -> str:
    """Return the directory of legacy exec plug-ins, or an empty string if none of kustomize's candidates exists.

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


def inherited_environment() -> dict[str, str]:
    """Return the environment variables of this process, without the one that Python adds.

    In the C locale, Python sets LC_CTYPE when it starts (PEP 538). Executables that kustomize starts don't get it.
    """
    variables = dict(os.environ)
    if variables.get("LC_CTYPE") in _COERCED_LOCALES and _was_started_without("LC_CTYPE"):
        del variables["LC_CTYPE"]
    return variables


def _was_started_without(name: str) -> bool:
    """Whether this process certainly was started without an environment variable. False if it is not known."""
    try:
        with open("/proc/self/environ", "rb") as stream:
            variables = stream.read().split(b"\0")
    except OSError:
        return False
    return not any(variable.startswith(f"{name}=".encode()) for variable in variables)


def select_variables(environment: Mapping[str, str], patterns: Sequence[str]) -> dict[str, str]:
    """Return the variables whose names match a pattern: a name, `PREFIX_*`, or `inherit` for all."""
    return {name: value for name, value in environment.items() if _is_selected(name, patterns)}


def _is_selected(name: str, patterns: Iterable[str]) -> bool:
    return any(
        pattern in (INHERIT_ALL, name) or (pattern[-1:] == "*" and name.startswith(pattern[:-1]))
        for pattern in patterns
    )


def has_ended(process: "Popen[bytes] | SpawnedProcess") -> bool:
    """Whether a process has ended. It is not waited for, so that no other process can get its id or group id."""
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, flags) is not None


def end_group(process: "Popen[bytes] | SpawnedProcess") -> None:
    """Terminate a process that still runs, then kill all processes of its group."""
    import time

    if not has_ended(process):
        _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + _SECONDS_TO_TERMINATE
        while not has_ended(process) and time.monotonic() < deadline:
            time.sleep(0.01)
    _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _signal_group(process: "Popen[bytes] | SpawnedProcess", number: int) -> None:
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        return


def signal_name(number: int) -> str:
    """Return the name of a signal, such as `SIGKILL`."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
