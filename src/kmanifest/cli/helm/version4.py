"""The command line of helm v4: flags that v3 doesn't have, and what is told of old ones.

Source: helm v4.3.1 pkg/cmd/install.go, template.go, helpers.go and flags.go; pkg/cli/environment.go.
"""

from collections.abc import Iterable, Sequence

from kmanifest.cli import report
from kmanifest.cli.flags import FALSE_WORDS, TRUE_WORDS, Flag, Parsed, UsageError
from kmanifest.cli.helm.flags import NO_CLUSTER, read_flags

_UNUSED = "accepted and not used: nothing is installed"
_ADDED = (
    Flag("force-conflicts", "switch", _UNUSED, hidden=True),
    Flag("force-replace", "switch", _UNUSED, hidden=True),
    Flag("rollback-on-failure", "switch", _UNUSED, hidden=True),
    Flag("server-side", "switch", _UNUSED, hidden=True),
    Flag("wait", "text", _UNUSED, alone="watcher", hidden=True),
    Flag("dry-run", "text", "accepted: client; refused: server", alone="unset", default="client", hidden=True),
)  # fmt: skip
_GLOBAL = (
    Flag("color", "text", "accepted and not used", hidden=True),
    Flag("colour", "text", "accepted and not used", hidden=True),
    Flag("content-cache", "text", "accepted and not used", hidden=True),
)
_DEPRECATED = {
    "atomic": "use --rollback-on-failure instead",
    "force": "use --force-replace instead",
    "hide-notes": "this flag has no effect for 'helm template' and will be removed in Helm 5",
    "render-subchart-notes": "this flag has no effect for 'helm template' and will be removed in Helm 5",
}


def read_flags_of_version(flags: Iterable[Flag], arguments: Sequence[str]) -> Parsed:
    """The arguments of a verb that does as either version of helm, in the grammar of the one that they name."""
    known = {flag.name: flag for flag in flags}
    added = (*_GLOBAL, *(_ADDED if "dry-run" in known else ()))
    parsed = read_flags({**known, **{flag.name: flag for flag in added}}.values(), arguments)
    version = parsed.values["helm-version"]
    if version == "3":
        return read_flags(known.values(), arguments)
    if version != "4":
        raise UsageError(f"--helm-version is 3 or 4, not {version!r}")
    for flag in parsed.given:
        if flag.name in _DEPRECATED:
            report.tell(f"Flag --{flag.name} has been deprecated, {_DEPRECATED[flag.name]}\n")
    if "dry-run" in known:
        _check_dry_run(parsed.values["dry-run"])
        parsed.values["dry-run"] = "client"
    return parsed


def _check_dry_run(word: str) -> None:
    """UsageError for what is no dry run of the client. Source: helpers.go, cmdGetDryRunFlagStrategy."""
    from kmanifest.engines.helm.dialects.v4.messages import log_line

    if word == "unset":
        text = "--dry-run is deprecated and should be replaced with '--dry-run=client'"
        report.tell(f"{log_line('WARN', text)}\n")
    elif word in TRUE_WORDS:
        text = (
            f"boolean '--dry-run={word}' flag is deprecated and must be replaced with "
            "'--dry-run=client'"
        )
        report.tell(f"{log_line('WARN', text)}\n")
    elif word in ("none", *FALSE_WORDS):
        raise UsageError(f'invalid dry-run value ("{word}"). Must be "server" or "client"')
    elif word == "server":
        raise UsageError(f"--dry-run={word} is refused: {NO_CLUSTER}")
    elif word != "client":
        raise UsageError(f'invalid dry-run value ("{word}"). Must be "none", "server", or "client"')
