"""The flags of Helm that several verbs share, and functions that read them.

A flag that needs a cluster is refused with a reason. A flag that has no effect without a cluster is accepted.
Source: helm v3.22.0 cmd/helm/flags.go, install.go, root.go; pkg/cli/environment.go.
"""

import os
from collections.abc import Iterable, Sequence

from kmanifest.cli.flags import HELP, STACK_TRACE, CommandLine, Flag, UsageError, parse_command_line
from kmanifest.cli.shared import FETCH_FLAGS, REPRODUCIBLE_FLAGS, UNUSED_VALUES

NO_CLUSTER = "it needs a cluster, and kmanifest connects to none"
NO_NETWORK = "values are read from local files only"

COMMON_FLAGS = (
    Flag("debug", "switch", "print rendered output even if it is not valid YAML"),
    HELP,
    Flag("namespace", "string", "namespace of the release ($HELM_NAMESPACE, else default)", short="n"),
    STACK_TRACE,
    *(
        Flag(name, "string", "accepted and not used: there is no cluster", hidden=True)
        for name in (
            "burst-limit", "kube-apiserver", "kube-as-user", "kube-ca-file", "kube-context", "kube-tls-server-name",
            "kube-token", "kubeconfig", "qps",
        )
    ),
    Flag("registry-config", "string", "Helm's file with registry logins ($HELM_REGISTRY_CONFIG)"),
    Flag("repository-cache", "string", "directory with Helm's cached repository indexes ($HELM_REPOSITORY_CACHE)"),
    Flag("repository-config", "string", "Helm's file with repository names and URLs ($HELM_REPOSITORY_CONFIG)"),
    Flag("kube-as-group", "list", "accepted and not used", hidden=True),
    Flag("kube-insecure-skip-tls-verify", "switch", "accepted and not used", hidden=True),
)  # fmt: skip

LEADING_FLAGS = (*COMMON_FLAGS, *FETCH_FLAGS, *REPRODUCIBLE_FLAGS, UNUSED_VALUES)
"""The flags for `split_verb`: Helm's flags of all verbs, and kmanifest's own."""

VALUE_FLAGS = (
    Flag("set", "list", "values: key1=val1,key2=val2"),
    Flag("set-file", "list", "values from the contents of files: key1=path1,key2=path2"),
    Flag("set-json", "list", "JSON values: key1=jsonval1,key2=jsonval2"),
    Flag("set-literal", "list", "literal string value: key=value"),
    Flag("set-string", "list", "string values: key1=val1,key2=val2"),
    Flag("values", "list", "YAML file with values; - is stdin", short="f"),
)

SERVER_FLAGS = (
    Flag("ca-file", "string", "file with additional trusted CA certificates"),
    Flag("cert-file", "string", "file with the client certificate"),
    Flag("insecure-skip-tls-verify", "switch", "refused: server certificates are always verified; trust a private CA with --ca-file", hidden=True),
    Flag("key-file", "string", "file with the key of the client certificate"),
    Flag("password", "string", "password for the repository or registry"),
    Flag("plain-http", "switch", "use HTTP instead of HTTPS for registries"),
    Flag("username", "string", "user name for the repository or registry"),
)  # fmt: skip
"""The flags of all verbs that connect to servers, in addition to `FETCH_FLAGS`."""

CHART_PATH_FLAGS = (
    *FETCH_FLAGS,
    *SERVER_FLAGS,
    Flag("devel", "switch", "include pre-release versions; the same as --version '>0.0.0-0'"),
    Flag("keyring", "string", "file with the public keys to verify signatures with"),
    Flag(
        "pass-credentials",
        "switch",
        "send the login also to other servers that the index refers to",
    ),
    Flag("repo", "string", "URL of the chart's repository"),
    Flag("verify", "switch", "verify the signature of the chart"),
    Flag("version", "string", "version of the chart, or a range of versions"),
    Flag(
        "follow-links",
        "switch",
        "follow symbolic links out of the chart directory; do not use it with charts that you do not trust",
    ),
)

_REFUSED_FLAGS = {
    "insecure-skip-tls-verify": "server certificates are always verified; trust a private CA with --ca-file",
    "validate": NO_CLUSTER,
}


def read_flags(flags: Iterable[Flag], arguments: Sequence[str]) -> CommandLine:
    """Parse the arguments of a verb. Raises UsageError also for flags that kmanifest refuses."""
    command_line = parse_command_line(flags, arguments)
    for name, reason in _REFUSED_FLAGS.items():
        if command_line.values.get(name):
            raise UsageError(f"--{name} is refused: {reason}")
    return command_line


def release_namespace(command_line: CommandLine) -> str:
    """The namespace of the release.

    Helm also reads the kubeconfig, which would make the output depend on the machine.
    """
    return command_line.values["namespace"] or os.environ.get("HELM_NAMESPACE") or "default"


def is_debug(command_line: CommandLine) -> bool:
    """Whether to print rendered output that is not valid YAML."""
    environment_value = os.environ.get("HELM_DEBUG", "")
    return command_line.switch("debug", default=environment_value.lower() in ("1", "t", "true"))


def split_list(values: Iterable[str]) -> list[str]:
    """The items of a flag whose values are comma-separated. An item with a comma is in quotes."""
    items: list[str] = []
    for value in values:
        if '"' in value:
            import csv  # imported for quotes only

            items += next(csv.reader([value]), [])
        elif value:
            items += value.split(",")
    return items
