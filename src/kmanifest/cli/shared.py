"""Flags that several verbs have, and what those that are given mean."""

import os
from collections.abc import Mapping, Sequence

from kmanifest.cli.flags import Flag, Parsed, UsageError
from kmanifest.startup.typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kmanifest.pipeline.options import ExecPluginOptions, RemoteOptions

CLEAN = "clean"
"""The value of --plugin-env for an environment with nothing but what every executable gets."""

FETCH_FLAGS = (
    Flag(
        "allow-protocol",
        "list",
        "fetch by these protocols, too, beside https and ssh: http, file",
    ),
    Flag(
        "cache-dir",
        "text",
        "where what was fetched and parsed is kept; $KMANIFEST_CACHE_DIR, or kmanifest in the user's cache directory",
    ),
    Flag("offline", "switch", "fetch nothing: take remote bases and files from the cache"),
    Flag("refresh", "switch", "ask again what a branch, a tag or a URL stands for"),
)
"""The flags of every verb that fetches what is remote."""

REPEAT_FLAGS = (
    Flag("now", "text", "of charts: the time, as 2026-01-31T12:00:00Z or in seconds since 1970"),
    Flag("seed", "text", "of charts: make what is random of this text, keys too; as secret as they are"),
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
        "text",
        "a file with the SHA-256 of each program that may be run, one in a line",
    ),
    Flag(
        "plugin-env",
        "list",
        "variables that plug-ins get, without this flag all: clean passes PATH, HOME, LANG and TMPDIR only, names and PREFIX_* pass more",
    ),
    Flag("plugin-timeout", "text", "seconds that a plug-in may take", default="60"),
)
"""The flags of every verb that lets plug-ins run."""


def seed_of(parsed: Parsed) -> str | None:
    """What chance is made of; None for that of this machine."""
    return parsed.values["seed"] if parsed.was_given("seed") else None


def now_of(parsed: Parsed) -> int | None:
    """The time in nanoseconds since 1970; None for that of this machine."""
    if not parsed.was_given("now"):
        return None
    from kmanifest.engines.helm.templates.reproducible import load_time  # few want another time
    from kmanifest.model.errors import SourceError

    try:
        return load_time(parsed.values["now"])
    except SourceError as error:
        raise UsageError(f"illegal flag value --now: {error.message}") from error


def remotes_of(values: Mapping[str, Any]) -> "RemoteOptions":
    """How what is remote is fetched."""
    from kmanifest.cli.cache_dir import cache_directory
    from kmanifest.pipeline.options import RemoteOptions

    names = tuple(name.strip() for text in values["allow-protocol"] for name in text.split(","))
    for name in names:
        check("allow-protocol", {"allow-protocol": name}, ("https", "ssh", "http", "file"))
    standard = RemoteOptions()
    return standard._replace(
        store=cache_directory(values),
        offline=values["offline"],
        protocols=(*standard.protocols, *names),
        max_age=0.0 if values["refresh"] else standard.max_age,
    )


def programs_of(values: Mapping[str, Any]) -> "ExecPluginOptions":
    """What plug-ins that are programs may use."""
    from kmanifest.io.runner import find_plugin_home, select_variables  # for builds with plug-ins
    from kmanifest.model.masking import Secret, is_secret_name
    from kmanifest.pipeline.options import ExecPluginOptions

    passed = _plugin_variables(values["plugin-env"])
    given = [text.partition("=")[::2] for text in values["env"]]
    known = [*select_variables(os.environ, passed).items(), *given]
    return ExecPluginOptions(
        home=find_plugin_home(os.environ),
        environment=passed,
        secrets=tuple(Secret(value) for name, value in known if is_secret_name(name)),
        timeout=_seconds(values["plugin-timeout"]),
        digests=_digests(values["plugin-allow-list"]) if values["plugin-allow-list"] else None,
    )


def _plugin_variables(given: Sequence[str]) -> tuple[str, ...]:
    """The patterns of the variables that plug-ins get: all, as from kustomize, without the flag."""
    from kmanifest.io.runner import INHERIT_ALL

    if not given:
        return (INHERIT_ALL,)
    names = [name.strip() for text in given for name in text.split(",")]
    for name in names:
        if "=" in name:
            raise UsageError(f"illegal flag value --plugin-env {name}; a name is wanted")
    return tuple(name for name in names if name not in ("", CLEAN))


def _seconds(text: str) -> float:
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise UsageError(f"illegal flag value --plugin-timeout {text}; seconds are wanted")
    return seconds


def _digests(path: str) -> frozenset[str]:
    """The digests in a file as sha256sum writes it; what follows one in its line, and lines with `#`, do not count."""
    try:
        with open(path, encoding="utf-8") as stream:
            lines = stream.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read --plugin-allow-list {path}: {error}") from error
    words = (line.split()[0] for line in lines if line.strip())
    return frozenset(word.lower() for word in words if not word.startswith("#"))


def check(name: str, values: Mapping[str, Any], legal: Sequence[str]) -> None:
    """UsageError where the value of a flag is none of those that are `legal`."""
    if values[name] not in legal:
        shown = ", ".join(word for word in legal if word)
        raise UsageError(f"illegal flag value --{name} {values[name]}; legal values: {shown}")
