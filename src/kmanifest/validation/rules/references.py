"""Checks of references to other objects, and of names with a domain, which several kinds share."""

from kmanifest.startup.typing import Any, Final, Mapping
from kmanifest.validation.rules import syntax
from kmanifest.validation.rules.reading import Faults, text_of

_PATH_CHARACTERS: Final = (
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~%!$&'()*+,;=:"
)


def check_domain_path(faults: Faults, value: str) -> None:
    """Check a path after a domain: `example.com/controller`.

    Source: k8s.io/apimachinery v0.36.3 pkg/util/validation/validation.go, IsDomainPrefixedPath.
    """
    host, _, path = value.partition("/")
    if not value:
        faults.required(())
    elif not host or not path:
        faults.invalid((), value, 'must be a domain-prefixed path (such as "acme.io/foo")')
    else:
        faults.invalid((), host, *syntax.dns_subdomain(host))
        if path.strip(_PATH_CHARACTERS):
            faults.invalid((), path, f"Invalid path (regex used for validation is '{_PATH_TEXT}')")


_PATH_TEXT: Final = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"


def check_segments(faults: Faults, reference: Mapping[str, Any], *fields: str) -> None:
    """Check fields that must be names in a path of the API, such as `kind` and `name`.

    Source: pkg/apis/networking/validation/validation.go, validateIngressTypedLocalObjectReference.
    """
    for field in fields:
        faults.text((field,), text_of(reference, field), syntax.path_segment)


def check_api_group(faults: Faults, reference: Mapping[str, Any]) -> None:
    """Check a group of the API, if there is one."""
    group = reference.get("apiGroup")
    if group is not None:
        faults.invalid(("apiGroup",), group, *syntax.dns_subdomain(group))


_MAX_DRIVER: Final = 63


def check_driver_name(faults: Faults, name: str) -> None:
    """Check the name of a CSI driver. Source: pkg/apis/core/validation/validation.go, ValidateCSIDriverName."""
    if not name:
        faults.required(())
        return
    if syntax.length(name) > _MAX_DRIVER:
        faults.too_long((), _MAX_DRIVER)
    faults.invalid((), name, *syntax.dns_subdomain(name.lower()))


def check_https_url(faults: Faults, url: str) -> None:
    """Check the URL of a webhook. Source: k8s.io/apiserver v0.36.3 pkg/util/webhook/validation.go, ValidateWebhookURL."""
    from urllib.parse import urlsplit

    form = "; desired format: https://host[/path]"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it raises for a wrong port
    except ValueError as error:
        faults.required((), f"url must be a valid URL: {error}{form}")
        return
    if any(character <= " " or character == "\x7f" for character in url):
        faults.required((), f"url must be a valid URL: it has blanks{form}")
        return
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme != "https":
        faults.invalid((), parts.scheme, f"'https' is the only allowed URL scheme{form}")
    if not host:
        faults.invalid((), host, f"host must be specified{form}")
    if "@" in parts.netloc:
        faults.invalid((), "...", "user information is not permitted in the URL")
    if parts.fragment:
        faults.invalid((), parts.fragment, "fragments are not permitted in the URL")
    if parts.query:
        faults.invalid((), parts.query, "query parameters are not permitted in the URL")
