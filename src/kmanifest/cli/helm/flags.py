"""The flags of helm that several verbs share, and what those that are given mean.

A flag that needs a cluster, a network or a program is known, and refused with the reason where it is given; one that changes
nothing without a cluster is accepted. Source: helm v3.22.0 cmd/helm/flags.go, install.go, root.go; pkg/cli/environment.go.
"""

import os
from collections.abc import Iterable, Sequence

from kmanifest.cli.flags import HELP, STACK_TRACE, CommandLine, Flag, UsageError, parse_command_line
from kmanifest.cli.shared import FETCH_FLAGS

NO_CLUSTER = "it needs a cluster, and kmanifest asks none"
NO_NETWORK = "values are read from this machine only"

COMMON_FLAGS = (
    Flag("debug", "switch", "show what was rendered where it is not valid"),
    HELP,
    Flag("namespace", "string", "the namespace of the release; $HELM_NAMESPACE, or default", short="n"),
    STACK_TRACE,
    *(
        Flag(name, "string", "accepted and not used: no cluster is asked", hidden=True)
        for name in (
            "burst-limit", "kube-apiserver", "kube-as-user", "kube-ca-file", "kube-context", "kube-tls-server-name",
            "kube-token", "kubeconfig", "qps",
        )
    ),
    Flag("registry-config", "string", "helm's file with logins for registries; $HELM_REGISTRY_CONFIG"),
    Flag("repository-cache", "string", "where helm keeps indexes; $HELM_REPOSITORY_CACHE"),
    Flag("repository-config", "string", "helm's file with the repositories that it knows; $HELM_REPOSITORY_CONFIG"),
    Flag("kube-as-group", "list", "accepted and not used", hidden=True),
    Flag("kube-insecure-skip-tls-verify", "switch", "accepted and not used", hidden=True),
)  # fmt: skip

VALUE_FLAGS = (
    Flag("set", "list", "values: key1=val1,key2=val2"),
    Flag("set-file", "list", "values that are the contents of files: key1=path1,key2=path2"),
    Flag("set-json", "list", "values that are JSON: key1=jsonval1,key2=jsonval2"),
    Flag("set-literal", "list", "a value that is text to its end"),
    Flag("set-string", "list", "values that are text: key1=val1,key2=val2"),
    Flag("values", "list", "a YAML file with values; - is stdin", short="f"),
)

SERVER_FLAGS = (
    Flag("ca-file", "string", "certificates of who is trusted beside the usual"),
    Flag("cert-file", "string", "the certificate of this client"),
    Flag("insecure-skip-tls-verify", "switch", "refused: a server has to show who it is", hidden=True),
    Flag("key-file", "string", "the key of this client's certificate"),
    Flag("password", "string", "the password for the repository or registry"),
    Flag("plain-http", "switch", "ask registries without TLS"),
    Flag("username", "string", "the user's name for the repository or registry"),
)  # fmt: skip
"""The flags of every verb that asks servers, beside `FETCH_FLAGS`."""

CHART_PATH_FLAGS = (
    *FETCH_FLAGS,
    *SERVER_FLAGS,
    Flag("devel", "switch", "take versions in development, too: as --version '>0.0.0-0'"),
    Flag("keyring", "string", "the public keys that signatures are checked with"),
    Flag("pass-credentials", "switch", "send the login also to other servers that the index names"),
    Flag("repo", "string", "the URL of the repository that has the chart"),
    Flag("verify", "switch", "check the chart's signature"),
    Flag("version", "string", "the version of the chart, or a range of versions"),
    Flag(
        "follow-links",
        "switch",
        "let symbolic links of a chart lead out of its directory; not for charts that you do not trust",
    ),
)

_REFUSED_FLAGS = {
    "insecure-skip-tls-verify": "a server has to show who it is; --ca-file names a certificate to trust",
    "validate": NO_CLUSTER,
}


def read_flags(flags: Iterable[Flag], arguments: Sequence[str]) -> CommandLine:
    """The arguments of a verb; UsageError also where a flag asks for what is not done here."""
    command_line = parse_command_line(flags, arguments)
    for name, reason in _REFUSED_FLAGS.items():
        if command_line.values.get(name):
            raise UsageError(f"--{name} is refused: {reason}")
    return command_line


def release_namespace(command_line: CommandLine) -> str:
    """The namespace of the release. helm also looks into a kubeconfig, which would make the output the machine's."""
    return command_line.values["namespace"] or os.environ.get("HELM_NAMESPACE") or "default"


def is_debug(command_line: CommandLine) -> bool:
    """Whether to show what is not valid."""
    environment_value = os.environ.get("HELM_DEBUG", "")
    return command_line.switch("debug", default=environment_value.lower() in ("1", "t", "true"))


def split_list(values: Iterable[str]) -> list[str]:
    """The words of a flag that takes several with commas between them, and quotes around one that has a comma."""
    items: list[str] = []
    for value in values:
        if '"' in value:
            import csv  # for quotes only

            items += next(csv.reader([value]), [])
        elif value:
            items += value.split(",")
    return items
