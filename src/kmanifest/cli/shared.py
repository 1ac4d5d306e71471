"""Flags that several verbs have, and what those that are given mean."""

import os
from collections.abc import Mapping, Sequence

from kmanifest.cli.flags import CommandLine, Flag, UsageError
from kmanifest.startup.typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kmanifest.plugin import Programs, Remotes

FETCH_FLAGS = (
    Flag(
        "allow-protocol",
        "list",
        "fetch by these protocols, too, beside https and ssh: http, file",
    ),
    Flag(
        "cache-dir",
        "string",
        "where what was fetched and parsed is kept; $KMANIFEST_CACHE_DIR, or kmanifest in the user's cache directory",
    ),
    Flag("offline", "switch", "fetch nothing: take remote bases and files from the cache"),
    Flag("refresh", "switch", "ask again what a branch, a tag or a URL stands for"),
)
"""The flags of every verb that fetches what is remote."""

CHART_RENDER_FLAGS = (
    Flag("now", "string", "of charts: the time, as 2026-01-31T12:00:00Z or in seconds since 1970"),
    Flag("seed", "string", "of charts: make what is random of this text, keys too; as secret as they are"),
    Flag("show-impure", "switch", "of charts: tell on stderr which templates ask for chance, the time or a cluster"),
    Flag("unused-values", "switch", "of a chart: tell on stderr which of the given values no template reads"),
)  # fmt: skip
"""The flags of every verb that renders charts."""

PLUGIN_FLAGS = (
    Flag(
        "enable-alpha-plugins",
        "switch",
        "enable generators, transformers and validators that are plug-ins",
    ),
    Flag(
        "enable-exec",
        "switch",
        "let plug-ins run programs; not for configuration that you do not trust",
    ),
    Flag("env", "list", "an environment variable for functions", short="e"),
    Flag(
        "plugin-allow-list",
        "string",
        "a file with the SHA-256 of each program that may be run, one in a line",
    ),
    Flag(
        "plugin-env",
        "list",
        "variables that plug-ins get beside PATH, HOME, LANG and TMPDIR: names, PREFIX_*, or inherit for all",
    ),
    Flag("plugin-timeout", "string", "seconds that a plug-in may take", default="60"),
)
"""The flags of every verb that lets plug-ins run."""


def seed_option(command_line: CommandLine) -> str | None:
    """What chance is made of; None for that of this machine."""
    return command_line.values["seed"] if command_line.has("seed") else None


def time_option(command_line: CommandLine) -> int | None:
    """The time in nanoseconds since 1970; None for that of this machine."""
    if not command_line.has("now"):
        return None
    from kmanifest.engines.helm.templates.reproducible import load_time  # few want another time
    from kmanifest.model.errors import SourceError

    try:
        return load_time(command_line.values["now"])
    except SourceError as error:
        raise UsageError(f"illegal flag value --now: {error.message}") from error


def remote_options(values: Mapping[str, Any]) -> "Remotes":
    """How what is remote is fetched."""
    from kmanifest.cli.cache_dir import cache_directory
    from kmanifest.plugin import Remotes

    names = tuple(name.strip() for text in values["allow-protocol"] for name in text.split(","))
    for name in names:
        check_choice("allow-protocol", {"allow-protocol": name}, ("https", "ssh", "http", "file"))
    defaults = Remotes()
    return defaults._replace(
        store=cache_directory(values),
        offline=values["offline"],
        protocols=(*defaults.protocols, *names),
        max_age=0.0 if values["refresh"] else defaults.max_age,
    )


def exec_plugin_options(values: Mapping[str, Any]) -> "Programs":
    """What plug-ins that are programs may use."""
    from kmanifest.io.runner import find_plugin_home, passed_on  # for builds with plug-ins
    from kmanifest.model.masking import Secret, is_secret_name
    from kmanifest.plugin import Programs

    names = (name.strip() for text in values["plugin-env"] for name in text.split(","))
    passed_names = tuple(name for name in names if name)
    flag_variables = [text.partition("=")[::2] for text in values["env"]]
    variables = [*passed_on(os.environ, passed_names).items(), *flag_variables]
    return Programs(
        home=find_plugin_home(os.environ),
        environment=passed_names,
        secrets=tuple(Secret(value) for name, value in variables if is_secret_name(name)),
        timeout=_parse_seconds(values["plugin-timeout"]),
        digests=_read_digests(values["plugin-allow-list"]) if values["plugin-allow-list"] else None,
    )


def _parse_seconds(text: str) -> float:
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise UsageError(f"illegal flag value --plugin-timeout {text}; seconds are wanted")
    return seconds


def _read_digests(path: str) -> frozenset[str]:
    """The digests in a file as sha256sum writes it; what follows one in its line, and lines with `#`, do not count."""
    try:
        with open(path, encoding="utf-8") as stream:
            lines = stream.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read --plugin-allow-list {path}: {error}") from error
    digests = (line.split()[0] for line in lines if line.strip())
    return frozenset(digest.lower() for digest in digests if not digest.startswith("#"))


def check_choice(name: str, values: Mapping[str, Any], choices: Sequence[str]) -> None:
    """UsageError where the value of a flag is none of those that are `legal`."""
    if values[name] not in choices:
        listed = ", ".join(choice for choice in choices if choice)
        raise UsageError(f"illegal flag value --{name} {values[name]}; legal values: {listed}")
