"""The entry of the command: finds the verb, and turns whatever happens into an exit code.

0 done; 1 the build failed or its output could not be written; 2 wrong usage; 130 Ctrl-C; 141 the reader went away.
SIGTERM and SIGHUP end the process as they do without a handler, but only after its plug-ins and temporary files are gone.
Verbs are imported when they are named: start-up is a feature.
"""

import gc
import os
import sys
from collections.abc import Callable, Sequence

from kmanifest.cli import FAILED, INTERRUPTED, WRONG_USAGE
from kmanifest.cli.flags import HELP, STACK_TRACE, UsageError, describe
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal as signals
else:
    import _signal as signals  # the module signal imports enum, which takes several milliseconds

Verb = Callable[[Sequence[str]], int]

INTRODUCTION = """\
Renders Kustomize bases and overlays, and Helm charts, into Kubernetes YAML.

Usage:
  kmanifest VERB [arguments]

Verbs:
  build     print the resources of a kustomization
  cfg       look into directories of resource files
  create    write a new kustomization.yaml (also: init)
  helm      render, check and show Helm charts
  help      show this text, or that of a verb
  localize  copy a kustomization with all that it names, so that it builds without a network
  plugins   list, explain and check plug-ins, or start a new one
  version   print the version

Flags:
"""
EPILOGUE = '\n"kmanifest VERB --help" tells more about a verb.\n'


TERMINATED = {128 + number: number for number in (signals.SIGTERM, getattr(signals, "SIGHUP", 1))}
"""The signals that end this process, by the exit code that a shell shows for each."""


class Terminated(KeyboardInterrupt):
    """A signal asks this process to end. `number` is that of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def run() -> int:
    """Run the command of this process and end it, without the cost of taking the interpreter apart."""
    # A build makes next to no cycles and the process ends with it: 3 to 10 % less CPU, 1 MiB more.
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
        code = code or FAILED
    except KeyboardInterrupt:
        code = code or INTERRUPTED
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
    """Do what the `arguments` say; gives the exit code and lets no exception out."""
    try:
        return _dispatch(arguments)
    except Terminated as error:
        return 128 + error.number
    except KeyboardInterrupt:
        return INTERRUPTED
    except UsageError as error:
        return _complain(f"error: {error}\n", WRONG_USAGE)
    except BaseException as error:  # noqa: BLE001 - the last defence: a line, no traceback
        from kmanifest.cli import report  # not needed where all goes well

        report.failure(error, stack_trace=f"--{STACK_TRACE.name}" in arguments)
        return FAILED


def _dispatch(arguments: Sequence[str]) -> int:
    """Call the verb, which may stand after the global switches."""
    rest = list(arguments)
    before: list[str] = []
    while rest and rest[0].startswith("-"):
        before.append(rest.pop(0))
    unknown = [word for word in before if word not in ("-h", "--help", f"--{STACK_TRACE.name}")]
    if unknown:
        raise UsageError(f"unknown flag: {unknown[0]}")
    if "-h" in before or "--help" in before:
        return _help(rest)
    if not rest:
        return _complain(_introduction(), WRONG_USAGE)
    return _verb(rest[0])(rest[1:])


def _verb(name: str) -> Verb:
    """The function of a verb."""
    if name == "build":
        from kmanifest.cli.build import build  # each verb pays for itself only

        return build
    if name == "cfg":
        from kmanifest.cli.cfg import cfg

        return cfg
    if name in ("create", "init"):
        from kmanifest.cli.create import create

        return create
    if name == "helm":
        from kmanifest.cli.helm import helm

        return helm
    if name == "localize":
        from kmanifest.cli.localize import localize

        return localize
    if name == "version":
        from kmanifest.cli.version import version

        return version
    if name == "plugins":
        from kmanifest.cli.plugins import plugins

        return plugins
    if name == "help":
        return _help
    from kmanifest.model.errors import near_names

    verbs = ("build", "cfg", "create", "helm", "help", "localize", "plugins", "version")
    near = near_names(name, verbs, most=1)
    raise UsageError(f"unknown verb: {name}" + (f" (did you mean {near[0]}?)" if near else ""))


def _help(arguments: Sequence[str]) -> int:
    """Show the text of a verb, or of the command."""
    verbs = [word for word in arguments if not word.startswith("-") and word != "help"]
    if verbs:
        return _verb(verbs[0])(["--help"])
    from kmanifest.cli.output import print_text

    return print_text(_introduction())


def _introduction() -> str:
    return INTRODUCTION + describe((HELP, STACK_TRACE)) + EPILOGUE


def _complain(text: str, code: int) -> int:
    """Print `text` on stderr, where there is one; gives `code`."""
    from kmanifest.cli import report

    report.tell(text)
    return code
