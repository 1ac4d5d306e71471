"""Entry point of the command: finds the verb, reads its command line and settings, runs it and returns an exit code.

Exit codes: 0 success, 1 a build failed or its output could not be written, 2 wrong usage, 130 Ctrl-C, 141 stdout was
closed by its reader. SIGTERM and SIGHUP end the process as they do without a handler, but only after its plug-ins are
ended and its temporary files removed. The module of a verb is imported when the verb is called, so that start-up stays
fast.
"""

import gc
import os
import sys

from kmanifest.cli import EXIT_FAILURE, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE
from kmanifest.cli.flags import (
    QUIET,
    VARIABLE_PREFIX,
    VERSION,
    CommandLine,
    UsageError,
)
from kmanifest.cli.verbs import Command, Group, Verb, get_verb, take_verb
from kmanifest.startup.typing import TYPE_CHECKING, Sequence

if TYPE_CHECKING:
    import signal as signals
else:
    import _signal as signals  # the module signal imports enum, which takes several milliseconds

MAX_SETTINGS_BYTES = 1 << 20
SETTINGS_FILES = ("kmanifest.toml", "pyproject.toml")
OTHER_VARIABLES = (f"{VARIABLE_PREFIX}YAML", f"{VARIABLE_PREFIX}CACHE_DIR")
"""Environment variables with the prefix that are read where they are used."""


VERBS = (
    Verb(
        "build",
        "print the resources of a kustomization or chart",
        "kmanifest.cli.build",
    ),
    Verb("cfg", "search and format directories of resource files", "kmanifest.cli.cfg"),
    Verb(
        "completion",
        "print a completion script for bash, zsh, fish or powershell",
        "kmanifest.cli.completion",
    ),
    Verb(
        "config",
        "show the settings from kmanifest.toml and the environment",
        "kmanifest.cli.config",
    ),
    Verb(
        "create",
        "write a new kustomization.yaml or kmanifest.yaml",
        "kmanifest.cli.create",
        ("init",),
    ),
    Verb("helm", "render, check and show Helm charts", "kmanifest.cli.helm"),
    Verb("jinja", "render a Jinja2 template and print its text", "kmanifest.cli.jinja"),
    Verb("jsonnet", "evaluate a Jsonnet file and print JSON", "kmanifest.cli.jsonnet"),
    Verb(
        "localize",
        "copy a kustomization and everything it refers to, so that it builds offline",
        "kmanifest.cli.localize",
    ),
    Verb(
        "plugins",
        "list, describe and check plug-ins, or create a new one",
        "kmanifest.cli.plugins",
    ),
    Verb(
        "validate",
        "report what an API server would refuse",
        "kmanifest.cli.validate",
    ),
    Verb("values", "print the values of a kmanifest.yaml", "kmanifest.cli.values"),
    Verb("version", "print the version", "kmanifest.cli.version"),
)
ROOT = Group(
    (),
    "Render Kustomize bases and overlays, and Helm charts, to Kubernetes YAML.\n",
    VERBS,
    shared="kmanifest.cli.shared",
)


class Session:
    """What the flags of all verbs have set: what is needed to print an error, and to restore the directory."""

    __slots__ = ("_start_directory", "color", "stack_trace")

    def __init__(self) -> None:
        self.color = "auto"
        self.stack_trace = False
        self._start_directory = ""

    def enter(self, command_line: CommandLine) -> None:
        """Apply the flags of all verbs. Raises UsageError if the directory can't be entered."""
        values = command_line.values
        self.color = values["color"]
        self.stack_trace = values["stack-trace"]
        if not values["directory"] or self._start_directory:
            return
        try:
            self._start_directory = os.getcwd()
            os.chdir(values["directory"])
        except OSError as error:
            raise UsageError(
                f"can't change to the directory {values['directory']}: {error.strerror or error}"
            ) from error

    def close(self) -> None:
        """Restore the current directory."""
        if self._start_directory:
            os.chdir(self._start_directory)


TERMINATED = {128 + number: number for number in (signals.SIGTERM, getattr(signals, "SIGHUP", 1))}
"""The signals that end this process, by the exit code that a shell shows for each."""


class Terminated(KeyboardInterrupt):
    """A signal that ends this process. `number` is that of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def run() -> int:
    """Run the command and end the process, without the cost of the interpreter's shutdown."""
    # A build creates almost no reference cycles, and then the process ends: 3 to 10 % less CPU, 1 MiB more memory.
    gc.disable()
    _handle_signals()
    code = main(sys.argv[1:])
    if code in TERMINATED:
        signals.raise_signal(TERMINATED[code])
        os._exit(code)  # the first process of a container outlives the signal
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        code = code or EXIT_FAILURE
    except KeyboardInterrupt:
        code = code or EXIT_INTERRUPTED
    os._exit(code)


def _handle_signals() -> None:
    """Let SIGTERM and SIGHUP raise Terminated, unless the parent process has this process ignore them."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signals, name, None)
        if number is not None and signals.getsignal(number) == signals.SIG_DFL:
            signals.signal(number, _terminate)
    if hasattr(signals, "setitimer"):
        sys.unraisablehook = _raise_again


def _terminate(number: int, _: object) -> None:
    """Raise Terminated. A second signal ends the process at once."""
    signals.signal(number, signals.SIG_DFL)
    raise Terminated(number)


def _raise_again(lost: "sys.UnraisableHookArgs") -> None:
    """Raise what a signal raised in a finalizer or a callback, where Python ignores it, a moment later."""
    error = lost.exc_value
    if not isinstance(error, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return

    def raise_error(_: int, __: object) -> None:
        raise error

    signals.signal(signals.SIGALRM, raise_error)
    signals.setitimer(signals.ITIMER_REAL, 0.01)


def main(arguments: Sequence[str]) -> int:
    """Run the verb that the `arguments` name and return the exit code. Raises nothing."""
    session = Session()
    try:
        return _run_group(ROOT, arguments, session)
    except Terminated as error:
        return 128 + error.number
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except UsageError as error:
        from kmanifest.cli import report  # imported for errors only

        report.print_usage_error(str(error), color=session.color)
        return EXIT_USAGE
    except BaseException as error:  # noqa: BLE001 - users get one line, no traceback
        from kmanifest.cli import report

        stack_trace = session.stack_trace or "--stack-trace" in arguments
        report.print_error(error, stack_trace=stack_trace, color=session.color)
        return EXIT_FAILURE
    finally:
        session.close()


def _run_group(group: Group, arguments: Sequence[str], session: Session) -> int:
    if group.guard is not None:
        return group.guard(lambda: _run_verb(group, arguments, session))
    return _run_verb(group, arguments, session)


def _run_verb(group: Group, arguments: Sequence[str], session: Session) -> int:
    """Run the verb of the group that the arguments name. Without one, print the help text of the group."""
    name, remaining = take_verb(group, arguments)
    if not name:
        return _run_without_verb(group, remaining, session)
    verb = get_verb(group, name)
    if verb is None and name == "help":
        return _run_verb(group, [*remaining, "--help"], session)
    if verb is None:
        from kmanifest.cli.unknown import unknown_verb  # imported for errors only

        raise UsageError(unknown_verb(group, name))
    loaded = verb.load()
    if isinstance(loaded, Group):
        return _run_group(loaded, remaining, session)
    return run_command(loaded, remaining, session)


def _run_without_verb(group: Group, arguments: Sequence[str], session: Session) -> int:
    """Print the help text of the group, or the version."""
    if not group.path and "-v" in arguments:
        raise UsageError(
            "specify a verb: -v is the flag --verbose of build (--version prints the version)"
        )
    flag_groups = (("Flags", group.leading_flags),)
    command = Command(group.path, "VERB", group.introduction, flag_groups, _do_nothing)
    command_line = _read_command_line(command, arguments, session)
    if VERSION in command_line.used_flags:
        return _print_version()
    from kmanifest.cli.help import group_help  # imported for help only
    from kmanifest.cli.output import print_text

    return print_text(group_help(group))


def _do_nothing(_: CommandLine) -> int:
    return EXIT_OK


def run_command(command: Command, arguments: Sequence[str], session: Session) -> int:
    """Read the command line and the settings of a command, run it and return the exit code."""
    command_line = _read_command_line(command, arguments, session)
    if command_line.values["help"]:
        from kmanifest.cli.help import command_help  # imported for help only
        from kmanifest.cli.output import print_text

        return print_text(command_help(command))
    if VERSION in command_line.used_flags:
        if command_line.arguments:
            raise UsageError("--version prints the version of kmanifest, it takes no arguments")
        return _print_version()
    if QUIET in command_line.used_flags and command_line.values["quiet"]:
        from kmanifest.cli import report  # imported for messages only

        with report.quiet():
            return _run_checked(command, command_line)
    return _run_checked(command, command_line)


def _print_version() -> int:
    from kmanifest.cli.output import print_text
    from kmanifest.cli.version import program_version  # imported for --version only

    return print_text(f"{program_version()}\n")


def _run_checked(command: Command, command_line: CommandLine) -> int:
    try:
        if command.check is not None:
            command.check(command_line)
        if command.needs_table:
            return int(command.run(command_line, ROOT, find_settings_files()))
        return int(command.run(command_line))
    except UsageError as error:
        if not command_line.origins:
            raise
        from kmanifest.cli.settings import with_origin

        raise with_origin(error, command_line.origins) from error


def _read_command_line(command: Command, arguments: Sequence[str], session: Session) -> CommandLine:
    """Parse the arguments, and add the settings from the environment and the settings file."""
    without_settings: CommandLine | None = None
    try:
        without_settings = command.read(arguments)
        session.enter(without_settings)
        if not _has_settings(without_settings):
            return without_settings
    except UsageError:
        # A setting that selects the version of Helm can make the flags valid.
        if without_settings is not None or not (_has_variables() or find_settings_files()):
            raise
    from kmanifest.cli import settings  # imported only if there are settings

    files = find_settings_files()
    command_line = settings.read_with_settings(command, without_settings, arguments, files, ROOT)
    session.enter(command_line)
    return command_line


def _has_settings(command_line: CommandLine) -> bool:
    """Whether the environment or a file may set a flag."""
    if command_line.values["config"] or _has_variables():
        return True
    return not command_line.values["no-config"] and bool(find_settings_files())


def _has_variables() -> bool:
    names = [name for name in os.environ if name.startswith(VARIABLE_PREFIX)]
    return any(name not in OTHER_VARIABLES for name in names)


def find_settings_files() -> list[str]:
    """The files that may have settings, nearest first: from the current directory up to the root of its git repository.

    Outside of a repository, only the current directory counts: those above it can belong to other users. A
    pyproject.toml counts if it contains `tool.kmanifest`.
    """
    try:
        directory = start = os.getcwd()
    except OSError:
        return []
    found: list[str] = []
    while True:
        prefix = directory if directory.endswith(os.sep) else directory + os.sep
        # os.access is several times as fast as os.path.exists if the file does not exist.
        found += [
            prefix + name
            for name in SETTINGS_FILES
            if os.access(prefix + name, os.F_OK) and _has_settings_table(prefix + name)
        ]
        if os.access(f"{prefix}.git", os.F_OK):
            return found
        parent = os.path.dirname(directory)
        if parent == directory:
            return [path for path in found if os.path.dirname(path) == start]
        directory = parent


def _has_settings_table(path: str) -> bool:
    """Whether a file is kmanifest's own or contains the name of its table."""
    if not os.path.isfile(path):
        return False
    if path.endswith(SETTINGS_FILES[0]):
        return True
    try:
        with open(path, "rb") as stream:
            return b"tool.kmanifest" in stream.read(MAX_SETTINGS_BYTES)
    except OSError:
        return False
