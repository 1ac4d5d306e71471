"""Entry point of the command: runs the verb and returns an exit code.

Exit codes: 0 success, 1 a build failed or its output could not be written, 2 wrong usage, 130 Ctrl-C, 141 stdout was
closed by its reader. SIGTERM and SIGHUP end the process as they do without a handler, but only after its plug-ins are
ended and its temporary files removed. The module of a verb is imported when the verb is called, so that start-up stays
fast.
"""

import gc
import os
import sys
from collections.abc import Sequence

from kmanifest.cli import EXIT_FAILURE, EXIT_INTERRUPTED, EXIT_USAGE
from kmanifest.cli.flags import HELP, STACK_TRACE, UsageError, describe_flags
from kmanifest.cli.verbs import Verb, describe_verbs, find_verb
from kmanifest.startup.lazy import lazy_function
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal as signals
else:
    import _signal as signals  # the module signal imports enum, which takes several milliseconds

INTRODUCTION = """\
Render Kustomize bases and overlays, and Helm charts, to Kubernetes YAML.

Usage:
  kmanifest VERB [arguments]

Verbs:
"""
EPILOGUE = '\nUse "kmanifest VERB --help" for the flags of a verb.\n'


def show_help(arguments: Sequence[str]) -> int:
    """Print the help text of a verb, or of the command."""
    names = [
        argument for argument in arguments if not argument.startswith("-") and argument != "help"
    ]
    if names:
        return find_verb(VERBS, names[0]).run(["--help"])
    from kmanifest.cli.output import print_text

    return print_text(_help_text())


VERBS = (
    Verb(
        "build",
        "print the resources of a kustomization",
        lazy_function("kmanifest.cli.build", "build"),
    ),
    Verb(
        "cfg",
        "search and format directories of resource files",
        lazy_function("kmanifest.cli.cfg", "cfg"),
    ),
    Verb(
        "create",
        "write a new kustomization.yaml",
        lazy_function("kmanifest.cli.create", "create"),
        ("init",),
    ),
    Verb("helm", "render, check and show Helm charts", lazy_function("kmanifest.cli.helm", "helm")),
    Verb("help", "show this text, or the help text of a verb", show_help),
    Verb(
        "localize",
        "copy a kustomization and everything it refers to, so that it builds offline",
        lazy_function("kmanifest.cli.localize", "localize"),
    ),
    Verb(
        "plugins",
        "list, describe and check plug-ins, or create a new one",
        lazy_function("kmanifest.cli.plugins", "plugins"),
    ),
    Verb("version", "print the version", lazy_function("kmanifest.cli.version", "version")),
)


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


def _terminate(number: int, _: object) -> None:
    """Raise Terminated. A second signal ends the process at once."""
    signals.signal(number, signals.SIG_DFL)
    raise Terminated(number)


def main(arguments: Sequence[str]) -> int:
    """Run the verb that the `arguments` name and return the exit code. Raises nothing."""
    try:
        return _dispatch(arguments)
    except Terminated as error:
        return 128 + error.number
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except UsageError as error:
        return _print_to_stderr(f"error: {error}\n", EXIT_USAGE)
    except BaseException as error:  # noqa: BLE001 - users get one line, no traceback
        from kmanifest.cli import report  # imported for errors only

        report.print_error(error, stack_trace=f"--{STACK_TRACE.name}" in arguments)
        return EXIT_FAILURE


def _dispatch(arguments: Sequence[str]) -> int:
    """Run the verb. Flags of the command may come before it."""
    remaining = list(arguments)
    leading_flags: list[str] = []
    while remaining and remaining[0].startswith("-"):
        leading_flags.append(remaining.pop(0))
    unknown_flags = [
        flag for flag in leading_flags if flag not in ("-h", "--help", f"--{STACK_TRACE.name}")
    ]
    if unknown_flags:
        raise UsageError(f"unknown flag: {unknown_flags[0]}")
    if "-h" in leading_flags or "--help" in leading_flags:
        return show_help(remaining)
    if not remaining:
        return _print_to_stderr(_help_text(), EXIT_USAGE)
    return find_verb(VERBS, remaining[0]).run(remaining[1:])


def _help_text() -> str:
    return f"{INTRODUCTION}{describe_verbs(VERBS)}\nFlags:\n{describe_flags((HELP, STACK_TRACE))}{EPILOGUE}"


def _print_to_stderr(text: str, code: int) -> int:
    """Print `text` to stderr, if it is open, and return `code`."""
    from kmanifest.cli import report

    report.print_message(text)
    return code
