"""Valid names of objects by kind, and Kubernetes' messages for invalid ones.

Source: helm v3.22.0 pkg/lint/rules/template.go, validateMetadataNameFunc; k8s.io/apimachinery v0.37.0
pkg/util/validation/validation.go, pkg/api/validate/content/path.go.
"""

import re

from kmanifest.startup.typing import Final

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = f"{_LABEL}(\\.{_LABEL})*"
_DNS_1035_LABEL: Final = "[a-z]([-a-z0-9]*[a-z0-9])?"


def name_problems(kind: str, name: str) -> list[str]:
    """Return the problems of the name of an object of this kind."""
    kind = kind.lower()
    if kind == "certificatesigningrequest":
        return []
    if kind in ("role", "clusterrole", "rolebinding", "clusterrolebinding"):
        return _segment_problems(name)
    if kind == "service":
        return _dns_1035_problems(name)
    if kind == "namespace":
        return _label_problems(name)
    return _subdomain_problems(name)


def _segment_problems(name: str) -> list[str]:
    if name in (".", ".."):
        return [f"may not be '{name}'"]
    return [f"may not contain '{char}'" for char in "/%" if char in name]


def _subdomain_problems(name: str) -> list[str]:
    problems = _length_problems(name, 253)
    if re.fullmatch(_SUBDOMAIN, name) is None:
        problems.append(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
            "and must start and end with an alphanumeric character (e.g. 'example.com', "
            f"regex used for validation is '{_SUBDOMAIN}')"
        )
    return problems


def _label_problems(name: str) -> list[str]:
    problems = _length_problems(name, 63)
    if re.fullmatch(_LABEL, name):
        return problems
    if re.fullmatch(_SUBDOMAIN, name):
        return [*problems, "must not contain dots"]
    problems.append(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
        "and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', "
        f"regex used for validation is '{_LABEL}')"
    )
    return problems


def _dns_1035_problems(name: str) -> list[str]:
    problems = _length_problems(name, 63)
    if re.fullmatch(_DNS_1035_LABEL, name) is None:
        problems.append(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
            "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
            f"regex used for validation is '{_DNS_1035_LABEL}')"
        )
    return problems


def _length_problems(name: str, max_length: int) -> list[str]:
    return (
        [f"must be no more than {max_length} bytes"]
        if len(name.encode("utf-8", "replace")) > max_length
        else []
    )
