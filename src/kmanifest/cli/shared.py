"""Flags that several verbs share, and the options built from them."""

import os
import sys

from kmanifest.cli.flags import (
    ANY_VALUE,
    COLOR,
    QUIET,
    STACK_TRACE,
    SWITCHED_ON,
    CommandLine,
    Flag,
    UsageError,
)
from kmanifest.startup.typing import TYPE_CHECKING, Any, Iterable, Mapping, Sequence

if TYPE_CHECKING:
    from kmanifest.model.limits import Limits
    from kmanifest.pipeline.context import Meter
    from kmanifest.pipeline.options import ExecPluginOptions, RemoteOptions

STDIN = "-"
JSON = "json"
DEFINITION = "kmanifest.yaml"
VALUE_FLAGS = ("set", "set-file", "set-json", "set-literal", "set-string", "values")
"""The names of the flags that set values of a chart, or of a kmanifest.yaml."""

CLEAN = "clean"
"""The value of --plugin-env for an environment with nothing but what every executable gets."""

BOUNDARY_FLAGS = (
    Flag(
        "follow-links",
        "switch",
        "follow symbolic links anywhere; do not use it with files that you do not trust",
        user_only=SWITCHED_ON,
    ),
    Flag(
        "root",
        "string",
        "directory that no path and no link of the input leads out of (default: its git repository, else the input itself)",
        path="directory",
        user_only=ANY_VALUE,
    ),
)
"""The flags of all verbs that read directories of the user."""

FETCH_FLAGS = (
    Flag(
        "allow-protocol",
        "list",
        "additional protocols for fetching, besides https, ssh and oci",
        value="strings",
        choices=("http", "file", "https", "ssh", "oci"),
        user_only=ANY_VALUE,
    ),
    Flag(
        "allow-host",
        "list",
        "host to fetch from: a name, *.SUFFIX, an address, a network such as 10.0.0.0/8, private for all private networks, * for the open network (default: *,private); hosts named on the command line are always allowed",
        value="strings",
        user_only=ANY_VALUE,
    ),
    Flag(
        "cache-dir",
        "string",
        "directory for fetched files and parsed templates (default: kmanifest in the user's cache directory)",
        path="directory",
        user_only=ANY_VALUE,
    ),
    Flag("offline", "switch", "fetch nothing; use remote bases and files from the cache"),
    Flag("refresh", "switch", "resolve branches, tags and URLs again instead of using the cache"),
)
"""The flags of all verbs that fetch remote files."""

LIMIT_FLAGS = (
    Flag(
        "deadline",
        "string",
        "time limit of the whole run, with charts, plug-ins and downloads, in seconds or as 1m30s; 0 for none",
        default="0",
        value="duration",
    ),
    Flag(
        "limits",
        "string",
        "file in TOML, YAML or JSON with other limits: max_depth, max_documents, max_input_file, max_items, max_keys, "
        "max_objects, max_output, max_string, max_total_input, deadline",
        path="file",
        user_only=ANY_VALUE,
    ),
)
"""The flags of all verbs that render."""

ENVIRONMENT = Flag(
    "environment",
    "string",
    "environment of a kmanifest.yaml: prod/eu in the order of its axes, or env=prod,region=eu",
)
"""The flag of all verbs that read a kmanifest.yaml."""

REVISION = Flag("rev", "string", "use DIR as it is in this commit of its git repository")
"""The flag of all verbs that can read a commit."""

REPRODUCIBLE_FLAGS = (
    Flag(
        "now",
        "string",
        "time that templates see, as 2026-01-31T12:00:00Z or in seconds since 1970 (default: the current time)",
    ),
    Flag(
        "seed",
        "string",
        "seed for the random template functions, generated keys included; treat it as a secret",
    ),
    Flag(
        "show-impure",
        "switch",
        "list on stderr the templates that use random functions, the time or a cluster",
    ),
)
"""The flags of all verbs that render charts."""

UNUSED_VALUES = Flag(
    "unused-values", "switch", "list on stderr the given values that no template reads"
)
"""The flag of all verbs that render a chart with values from the command line."""

TEMPLATE_FLAGS = (
    Flag(
        "dialect",
        "string",
        "tool whose filters have their meaning where the meanings differ",
        choices=("ansible", "kapitan", "kluctl", ""),
    ),
    Flag("flat", "switch", "templates also find the values under their own names"),
    Flag("no-lstrip-blocks", "switch", "keep the blanks before a tag on a line of its own"),
    Flag("no-trim-blocks", "switch", "keep the line break after a tag"),
    Flag("no-keep-trailing-newline", "switch", "remove the line break at the end of a template"),
)
"""The flags of all verbs that render Jinja2 templates."""

PLUGIN_FLAGS = (
    Flag(
        "enable-alpha-plugins",
        "switch",
        "enable generator, transformer and validator plug-ins",
        user_only=SWITCHED_ON,
    ),
    Flag(
        "enable-exec",
        "switch",
        "allow plug-ins to run executables; do not use it with configuration that you do not trust",
        user_only=SWITCHED_ON,
    ),
    Flag(
        "env",
        "list",
        "environment variable for functions: NAME or NAME=VALUE",
        short="e",
        user_only=ANY_VALUE,
    ),
    Flag(
        "installed-plugins",
        "switch",
        "use Python plug-ins of installed distributions; --installed-plugins=false imports none of them",
        default="true",
        user_only=SWITCHED_ON,
    ),
    Flag(
        "plugin-allow-list",
        "string",
        "file with the SHA-256 digests of the executables that may run, one per line",
        path="file",
    ),
    Flag(
        "plugin-env",
        "list",
        "environment variables that plug-ins get (default: all): names or PREFIX_*, besides PATH, HOME, LANG and TMPDIR; clean for these four only",
        value="strings",
    ),
    Flag(
        "plugin-timeout",
        "string",
        "time limit for one plug-in call, in seconds or as 1m30s",
        default="60",
        value="duration",
    ),
)
"""The flags of all verbs that can run plug-ins."""

SHARED_FLAGS = (
    COLOR,
    QUIET,
    STACK_TRACE,
    *BOUNDARY_FLAGS,
    *FETCH_FLAGS,
    *LIMIT_FLAGS,
    ENVIRONMENT,
    *REPRODUCIBLE_FLAGS,
    UNUSED_VALUES,
    *PLUGIN_FLAGS,
)
"""The flags that a settings file can set for all verbs at once."""


def root_option(values: Mapping[str, Any]) -> str | None:
    """The directory that the input must be in, from the flags of `BOUNDARY_FLAGS`; None for the default."""
    from kmanifest.io.local_tree import EVERYTHING  # imported here so that usage errors stay fast

    return EVERYTHING if values["follow-links"] else values["root"] or None


def seed_option(command_line: CommandLine) -> str | None:
    """The seed of the random functions; None for system randomness."""
    return command_line.values["seed"] if command_line.has("seed") else None


def time_option(command_line: CommandLine) -> int | None:
    """The time that templates see, in nanoseconds since 1970; None for the current time."""
    if not command_line.has("now"):
        return None
    from kmanifest.engines.helm.templates.reproducible import load_time  # imported for --now only
    from kmanifest.model.errors import SourceError

    try:
        return load_time(command_line.values["now"])
    except SourceError as error:
        raise UsageError(f"illegal flag value --now: {error.message}") from error


def limit_options(command_line: CommandLine, defaults: "Limits") -> "Limits":
    """The limits, from the flags of `LIMIT_FLAGS`."""
    has_deadline = command_line.has("deadline")
    if not (has_deadline or command_line.values["limits"]):
        return defaults
    from kmanifest.cli.limits import read_limits  # imported for these flags only

    return read_limits(command_line.values, defaults, has_deadline=has_deadline)


def time_limit(limits: "Limits") -> "Meter | None":
    """The time that a verb may take, from now on; None without a deadline."""
    if not limits.deadline:
        return None
    import time

    from kmanifest.pipeline.context import Meter

    return Meter(limits, time.monotonic)


def remote_options(values: Mapping[str, Any], named: Iterable[str] = ()) -> "RemoteOptions":
    """The options for remote files, from the flags of `FETCH_FLAGS`.

    `named` are arguments that may be URLs. Their hosts are allowed, because the user has named them.
    """
    from kmanifest.cli.cache_dir import cache_directory
    from kmanifest.pipeline.options import RemoteOptions

    names = tuple(name.strip() for text in values["allow-protocol"] for name in text.split(","))
    for name in names:
        check_choice(
            "allow-protocol", {"allow-protocol": name}, ("https", "ssh", "oci", "http", "file")
        )
    defaults = RemoteOptions()
    return defaults._replace(
        store=cache_directory(values),
        offline=values["offline"],
        protocols=(*defaults.protocols, *names),
        max_age=0.0 if values["refresh"] else defaults.max_age,
        hosts=_host_patterns(values["allow-host"], named),
        user_credentials=True,
    )


def helm_remote_options(values: Mapping[str, Any], named: Iterable[str]) -> "RemoteOptions":
    """The options of the verbs of Helm, which fetch with http, too. The arguments are those of `remote_options`."""
    remotes = remote_options(values, named)
    return remotes._replace(protocols=(*remotes.protocols, "http"))


def _host_patterns(values: Sequence[str], named: Iterable[str]) -> tuple[str, ...]:
    """The patterns of the flag, and the hosts of the URLs in `named`."""
    configured = ",".join(values) or "*,private"
    patterns = tuple(name.strip() for name in configured.split(",") if name.strip())
    urls = [
        text for text in named if "://" in text or "@" in text or text.lower().startswith("github.")
    ]
    if values or urls:
        from kmanifest.io.remote.hosts import HostPolicy  # few builds fetch anything
        from kmanifest.io.remote.urls import find_hosts
        from kmanifest.model.errors import SourceError

        try:
            HostPolicy(patterns)
        except SourceError as error:
            raise UsageError(f"illegal flag value --allow-host: {error.message}") from error
        patterns = (*patterns, *find_hosts(urls))
    return patterns


def exec_plugin_options(values: Mapping[str, Any]) -> "ExecPluginOptions":
    """The options for exec plug-ins, from the flags of `PLUGIN_FLAGS`."""
    # imported for builds with plug-ins only
    from kmanifest.io.runner import find_plugin_home, select_variables
    from kmanifest.model.masking import Secret, is_secret_name
    from kmanifest.pipeline.options import ExecPluginOptions

    passed_names = _plugin_variables(values["plugin-env"])
    flag_variables = [text.partition("=")[::2] for text in values["env"]]
    variables = [*select_variables(os.environ, passed_names).items(), *flag_variables]
    return ExecPluginOptions(
        home=find_plugin_home(os.environ),
        environment=passed_names,
        secrets=tuple(Secret(value) for name, value in variables if is_secret_name(name)),
        timeout=_parse_seconds(values["plugin-timeout"]),
        digests=_read_digests(values["plugin-allow-list"]) if values["plugin-allow-list"] else None,
    )


def _plugin_variables(arguments: Sequence[str]) -> tuple[str, ...]:
    """The patterns of the variables that plug-ins get. Without the flag they get all, as from kustomize."""
    from kmanifest.io.runner import INHERIT_ALL

    if not arguments:
        return (INHERIT_ALL,)
    names = [name.strip() for argument in arguments for name in argument.split(",")]
    for name in names:
        if "=" in name:
            raise UsageError(f"illegal flag value --plugin-env {name}; expected a name")
    return tuple(name for name in names if name not in ("", CLEAN))


def _parse_seconds(text: str) -> float:
    from kmanifest.cli.durations import parse_duration

    try:
        seconds = parse_duration(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise UsageError(f"illegal flag value --plugin-timeout {text}; expected seconds")
    return seconds


def _read_digests(path: str) -> frozenset[str]:
    """The digests in a file in the format of sha256sum.

    File names and lines that start with `#` are ignored. Raises UsageError if a line does not begin with a digest.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            lines = stream.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read --plugin-allow-list {path}: {error}") from error
    import re  # few commands have this flag

    digests = set()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        digest = line.split()[0].lower()
        if not re.fullmatch("[0-9a-f]{64}", digest):
            raise UsageError(
                f"{path}:{number}: a line begins with a SHA-256 digest, as of sha256sum"
            )
        digests.add(digest)
    return frozenset(digests)


def check_choice(name: str, values: Mapping[str, Any], choices: Sequence[str]) -> None:
    """Raise UsageError if the value of the flag `name` is not one of `choices`."""
    if values[name] not in choices:
        listed = ", ".join(choice for choice in choices if choice)
        raise UsageError(f"illegal flag value --{name} {values[name]}; legal values: {listed}")


def read_local_file(path: str, flag: str) -> bytes:
    """The content of a local file that the flag names; `-` is stdin."""
    from kmanifest.model.errors import LimitError, MissingError
    from kmanifest.model.limits import DEFAULT_LIMITS

    limit = DEFAULT_LIMITS.max_input_file
    try:
        if path == STDIN:
            content = sys.stdin.buffer.read(limit + 1)
        else:
            with open(path, "rb") as stream:
                content = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        raise MissingError(f"can't read --{flag} {path}: {problem}") from error
    if len(content) > limit:
        raise LimitError(f"--{flag} {path} has more than {limit} bytes (max_input_file)")
    return content


def read_stdin(limits: "Limits") -> bytes:
    """The content of stdin, within `max_input_file`."""
    from kmanifest.model.errors import LimitError, MissingError

    limit = limits.max_input_file
    try:
        content = sys.stdin.buffer.read(limit + 1) if sys.stdin is not None else b""
    except (OSError, ValueError) as error:
        raise MissingError(f"can't read stdin: {error}") from error
    if len(content) > limit:
        raise LimitError(f"stdin has more than {limit} bytes (max_input_file)")
    return content
