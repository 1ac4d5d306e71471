"""The flags that Helm 4 adds, and its messages about deprecated flags.

Source: helm v4.3.1 pkg/cmd/install.go, template.go, helpers.go and flags.go; pkg/cli/environment.go.
"""

from kmanifest.cli import report
from kmanifest.cli.flags import (
    FALSE_STRINGS,
    TRUE_STRINGS,
    CommandLine,
    Flag,
    UsageError,
    parse_command_line,
)
from kmanifest.cli.helm.flags import NO_CLUSTER
from kmanifest.startup.typing import Iterable, Sequence

_UNUSED = "accepted and not used: nothing is installed"
_ADDED_FLAGS = (
    Flag("force-conflicts", "switch", _UNUSED, hidden=True),
    Flag("force-replace", "switch", _UNUSED, hidden=True),
    Flag("rollback-on-failure", "switch", _UNUSED, hidden=True),
    Flag("server-side", "switch", _UNUSED, hidden=True),
    Flag("wait", "string", _UNUSED, implied_value="watcher", hidden=True),
    Flag("dry-run", "string", "accepted: client; refused: server", implied_value="unset", default="client", hidden=True),
)  # fmt: skip
_ADDED_GLOBAL_FLAGS = (
    Flag("colour", "string", "accepted and not used", hidden=True),
    Flag("content-cache", "string", "accepted and not used", hidden=True),
)
_DEPRECATED_FLAGS = {
    "atomic": "use --rollback-on-failure instead",
    "force": "use --force-replace instead",
    "hide-notes": "this flag has no effect for 'helm template' and will be removed in Helm 5",
    "render-subchart-notes": "this flag has no effect for 'helm template' and will be removed in Helm 5",
}


def parse_for_version(flags: Iterable[Flag], arguments: Sequence[str]) -> CommandLine:
    """Parse arguments that contain --helm-version, with the flags of that version."""
    flags_by_name = {flag.name: flag for flag in flags}
    added = (*_ADDED_GLOBAL_FLAGS, *(_ADDED_FLAGS if "dry-run" in flags_by_name else ()))
    command_line = parse_command_line(
        {**flags_by_name, **{flag.name: flag for flag in added}}.values(), arguments
    )
    if command_line.values["helm-version"] == "3":
        return parse_command_line(flags_by_name.values(), arguments)
    return command_line


def check_version4_flags(command_line: CommandLine) -> None:
    """Print Helm 4's messages about deprecated flags, and raise UsageError for a dry run that needs a cluster."""
    for flag in command_line.used_flags:
        if flag.name in _DEPRECATED_FLAGS:
            report.print_note(
                f"Flag --{flag.name} has been deprecated, {_DEPRECATED_FLAGS[flag.name]}\n"
            )
    if "dry-run" in command_line.values:
        _check_dry_run(command_line.values["dry-run"])
        command_line.values["dry-run"] = "client"


def _check_dry_run(value: str) -> None:
    """Raise UsageError unless the value stands for a client-side dry run.

    Source: helpers.go, cmdGetDryRunFlagStrategy.
    """
    from kmanifest.engines.helm.dialects.v4.messages import log_line

    if value == "unset":
        text = "--dry-run is deprecated and should be replaced with '--dry-run=client'"
        report.print_note(f"{log_line('WARN', text)}\n")
    elif value in TRUE_STRINGS:
        text = (
            f"boolean '--dry-run={value}' flag is deprecated and must be replaced with "
            "'--dry-run=client'"
        )
        report.print_note(f"{log_line('WARN', text)}\n")
    elif value in ("none", *FALSE_STRINGS):
        raise UsageError(f'invalid dry-run value ("{value}"). Must be "server" or "client"')
    elif value == "server":
        raise UsageError(f"--dry-run={value} is refused: {NO_CLUSTER}")
    elif value != "client":
        raise UsageError(
            f'invalid dry-run value ("{value}"). Must be "none", "server", or "client"'
        )
