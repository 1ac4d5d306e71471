"""The flags of Helm that several verbs share, and functions that read them.

A flag that needs a cluster is refused with a reason. A flag that has no effect without a cluster is accepted.
Source: helm v3.22.0 cmd/helm/flags.go, install.go, root.go; pkg/cli/environment.go.
"""

import os

from kmanifest.cli.flags import ANY_VALUE, SWITCHED_ON, CommandLine, Flag, UsageError, is_plain_list
from kmanifest.startup.typing import Iterable

NO_CLUSTER = "it needs a cluster, and kmanifest connects to none"

_UNUSED = "accepted and not used: there is no cluster"
COMMON_FLAGS = (
    Flag("debug", "switch", "print rendered output even if it is not valid YAML"),
    Flag("namespace", "string", "namespace of the release ($HELM_NAMESPACE, else default)", short="n"),
    *(
        Flag(name, "string", _UNUSED, hidden=True)
        for name in (
            "kube-apiserver", "kube-as-user", "kube-ca-file", "kube-context", "kube-tls-server-name",
            "kube-token", "kubeconfig",
        )
    ),
    Flag("burst-limit", "string", _UNUSED, hidden=True, go_type="int"),
    Flag("qps", "string", _UNUSED, hidden=True, go_type="float32"),
    Flag("registry-config", "string", "Helm's file with registry logins ($HELM_REGISTRY_CONFIG)", path="file", user_only=ANY_VALUE),
    Flag("repository-cache", "string", "directory with Helm's cached repository indexes ($HELM_REPOSITORY_CACHE)", path="directory", user_only=ANY_VALUE),
    Flag("repository-config", "string", "Helm's file with repository names and URLs ($HELM_REPOSITORY_CONFIG)", path="file", user_only=ANY_VALUE),
    Flag("kube-as-group", "list", _UNUSED, hidden=True),
    Flag("kube-insecure-skip-tls-verify", "switch", _UNUSED, hidden=True),
)  # fmt: skip
"""The flags of all verbs of Helm."""

VALUE_FLAGS = (
    Flag("set", "list", "values: key1=val1,key2=val2", whole=True),
    Flag("set-file", "list", "values from the contents of files: key1=path1,key2=path2", whole=True),
    Flag("set-json", "list", "JSON values: key1=jsonval1,key2=jsonval2", whole=True),
    Flag("set-literal", "list", "literal string value: key=value", whole=True),
    Flag("set-string", "list", "string values: key1=val1,key2=val2", whole=True),
    Flag("values", "list", "YAML file or URL with values; - is stdin", short="f", value="strings", go_type="stringSlice", path="file"),
)  # fmt: skip

SERVER_FLAGS = (
    Flag("ca-file", "string", "file with additional trusted CA certificates", path="file", user_only=ANY_VALUE),
    Flag("cert-file", "string", "file with the client certificate", path="file", user_only=ANY_VALUE),
    Flag("insecure-skip-tls-verify", "switch", "refused: server certificates are always verified; trust a private CA with --ca-file", hidden=True),
    Flag("key-file", "string", "file with the key of the client certificate", path="file", user_only=ANY_VALUE),
    Flag("password", "string", "password for the repository or registry", user_only=ANY_VALUE),
    Flag("plain-http", "switch", "use HTTP instead of HTTPS for registries", user_only=SWITCHED_ON),
    Flag("username", "string", "user name for the repository or registry", user_only=ANY_VALUE),
)  # fmt: skip
"""The flags of all verbs that connect to servers, in addition to `FETCH_FLAGS`."""

KEYRING = Flag(
    "keyring",
    "string",
    "file with the public keys to verify signatures with",
    path="file",
    user_only=ANY_VALUE,
)

CHART_PATH_FLAGS = (
    Flag("devel", "switch", "include pre-release versions; the same as --version '>0.0.0-0'"),
    KEYRING,
    Flag(
        "pass-credentials",
        "switch",
        "send the login also to other servers that the index refers to",
        user_only=SWITCHED_ON,
    ),
    Flag("repo", "string", "URL of the chart's repository", user_only=ANY_VALUE),
    Flag("verify", "switch", "verify the signature of the chart"),
    Flag(
        "version",
        "string",
        "version of the chart, or a range of versions",
        variable="KMANIFEST_CHART_VERSION",
    ),
)
"""The flags of all verbs that take a chart, in addition to `FETCH_FLAGS` and `SERVER_FLAGS`."""

HELM_VERSION_FLAG = Flag(
    "helm-version", "string", "major version of Helm to follow", default="3", choices=("3", "4")
)
"""The flag of the verbs that follow either Helm 3 or Helm 4."""

DESTINATION = Flag(
    "destination",
    "string",
    "directory for the package",
    short="d",
    default=".",
    path="directory",
    user_only=ANY_VALUE,
)
ALLOW_LOCAL = Flag(
    "allow-local",
    "list",
    "additional directory that file:// dependencies can be in, besides the project",
    path="directory",
    user_only=ANY_VALUE,
)

SHARED_FLAGS = (*COMMON_FLAGS, HELM_VERSION_FLAG, *VALUE_FLAGS, *SERVER_FLAGS)
"""The flags that a settings file can set for all verbs of Helm at once."""

_REFUSED_FLAGS = {
    "insecure-skip-tls-verify": "server certificates are always verified; trust a private CA with --ca-file",
    "validate": NO_CLUSTER,
}


def check_flags(command_line: CommandLine) -> None:
    """Raise UsageError for a flag that kmanifest refuses."""
    for name, reason in _REFUSED_FLAGS.items():
        if command_line.values.get(name):
            raise UsageError(f"--{name} is refused: {reason}")


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
    values = tuple(values)
    if all(map(is_plain_list, values)):
        return [item for value in values if value for item in value.split(",")]
    from kmanifest.cli.flag_values import FlagValueError, parse_string_slice  # for quotes only

    try:
        return [item for value in values for item in parse_string_slice(value)]
    except FlagValueError as error:  # from an environment variable or a settings file
        raise UsageError(f"a list of values is invalid: {error}") from None
