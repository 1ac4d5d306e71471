"""The flags of helm that several verbs share, and what those that are given mean.

A flag that needs a cluster, a network or a program is known, and refused with the reason where it is given; one that changes
nothing without a cluster is accepted. Source: helm v3.22.0 cmd/helm/flags.go, install.go, root.go; pkg/cli/environment.go.
"""

import os
from collections.abc import Iterable, Sequence

from kmanifest.cli.flags import HELP, STACK_TRACE, Flag, Parsed, UsageError, parse
from kmanifest.cli.shared import FETCH_FLAGS

NO_CLUSTER = "it needs a cluster, and kmanifest asks none"
NO_NETWORK = "values are read from this machine only"

COMMON = (
    Flag("debug", "switch", "show what was rendered where it is not valid"),
    HELP,
    Flag("namespace", "text", "the namespace of the release; $HELM_NAMESPACE, or default", short="n"),
    STACK_TRACE,
    *(
        Flag(name, "text", "accepted and not used: no cluster is asked", hidden=True)
        for name in (
            "burst-limit", "kube-apiserver", "kube-as-user", "kube-ca-file", "kube-context", "kube-tls-server-name",
            "kube-token", "kubeconfig", "qps",
        )
    ),
    Flag("registry-config", "text", "helm's file with logins for registries; $HELM_REGISTRY_CONFIG"),
    Flag("repository-cache", "text", "where helm keeps indexes; $HELM_REPOSITORY_CACHE"),
    Flag("repository-config", "text", "helm's file with the repositories that it knows; $HELM_REPOSITORY_CONFIG"),
    Flag("kube-as-group", "list", "accepted and not used", hidden=True),
    Flag("kube-insecure-skip-tls-verify", "switch", "accepted and not used", hidden=True),
)  # fmt: skip

VALUES = (
    Flag("set", "list", "values: key1=val1,key2=val2"),
    Flag("set-file", "list", "values that are the contents of files: key1=path1,key2=path2"),
    Flag("set-json", "list", "values that are JSON: key1=jsonval1,key2=jsonval2"),
    Flag("set-literal", "list", "a value that is text to its end"),
    Flag("set-string", "list", "values that are text: key1=val1,key2=val2"),
    Flag("values", "list", "a YAML file with values; - is stdin", short="f"),
)

SERVERS = (
    Flag("ca-file", "text", "certificates of who is trusted beside the usual"),
    Flag("cert-file", "text", "the certificate of this client"),
    Flag("insecure-skip-tls-verify", "switch", "refused: a server has to show who it is", hidden=True),
    Flag("key-file", "text", "the key of this client's certificate"),
    Flag("password", "text", "the password for the repository or registry"),
    Flag("plain-http", "switch", "ask registries without TLS"),
    Flag("username", "text", "the user's name for the repository or registry"),
)  # fmt: skip
"""The flags of every verb that asks servers, beside `FETCH_FLAGS`."""

CHART_PATH = (
    *FETCH_FLAGS,
    *SERVERS,
    Flag("devel", "switch", "take versions in development, too: as --version '>0.0.0-0'"),
    Flag("keyring", "text", "the public keys that signatures are checked with"),
    Flag("pass-credentials", "switch", "send the login also to other servers that the index names"),
    Flag("repo", "text", "the URL of the repository that has the chart"),
    Flag("verify", "switch", "check the chart's signature"),
    Flag("version", "text", "the version of the chart, or a range of versions"),
    Flag(
        "follow-links",
        "switch",
        "let symbolic links of a chart lead out of its directory; not for charts that you do not trust",
    ),
)

_REFUSED = {
    "insecure-skip-tls-verify": "a server has to show who it is; --ca-file names a certificate to trust",
    "validate": NO_CLUSTER,
}


def read_flags(flags: Iterable[Flag], arguments: Sequence[str]) -> Parsed:
    """The arguments of a verb; UsageError also where a flag asks for what is not done here."""
    parsed = parse(flags, arguments)
    for name, reason in _REFUSED.items():
        if parsed.values.get(name):
            raise UsageError(f"--{name} is refused: {reason}")
    return parsed


def namespace_of(parsed: Parsed) -> str:
    """The namespace of the release. helm also looks into a kubeconfig, which would make the output the machine's."""
    return parsed.values["namespace"] or os.environ.get("HELM_NAMESPACE") or "default"


def is_debugging(parsed: Parsed) -> bool:
    """Whether to show what is not valid."""
    word = os.environ.get("HELM_DEBUG", "")
    return parsed.on("debug", default=word.lower() in ("1", "t", "true"))


def split_list(texts: Iterable[str]) -> list[str]:
    """The words of a flag that takes several with commas between them, and quotes around one that has a comma."""
    words: list[str] = []
    for text in texts:
        if '"' in text:
            import csv  # for quotes only

            words += next(csv.reader([text]), [])
        elif text:
            words += text.split(",")
    return words
