"""APIServices and CertificateSigningRequests.

Sources: k8s.io/kube-aggregator v0.36.3 pkg/apis/apiregistration/validation/validation.go, ValidateAPIService;
k8s.io/kubernetes v1.36.3 pkg/apis/certificates/validation/validation.go, validateCertificateSigningRequest.
"""

from kmanifest.startup.typing import Any, Final, Mapping
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules import syntax
from kmanifest.validation.rules.reading import (
    Faults,
    number_of,
    strings_of,
    text_of,
)

_MAX_GROUP_PRIORITY: Final = 20_000
_MAX_VERSION_PRIORITY: Final = 1_000
_MIN_EXPIRATION: Final = 600
_MAX_DOMAIN: Final = 253
_MAX_SIGNER: Final = 571
_LEGACY_SIGNER: Final = "kubernetes.io/legacy-unknown"
_PEM_START: Final = "-----BEGIN CERTIFICATE REQUEST-----"
_PEM_END: Final = "-----END CERTIFICATE REQUEST-----"
_USAGES: Final = (
    "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment",
    "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel",
    "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime",
    "server auth", "signing", "timestamping",
)  # fmt: skip


def check_service(place: Place, report: Report) -> None:
    """Check an APIService. Its name has a rule among those for metadata."""
    spec, faults = place.value, Faults(place, report)
    group, version = text_of(spec, "group"), text_of(spec, "version")
    if group:
        faults.invalid(("group",), group, *syntax.dns_subdomain(group))
    elif version != "v1":
        detail = "only v1 may have an empty group and it better be legacy kube"
        faults.required(("group",), detail)
    faults.invalid(("version",), version, *syntax.dns1035_label(version))
    for field, limit in (
        ("groupPriorityMinimum", _MAX_GROUP_PRIORITY),
        ("versionPriority", _MAX_VERSION_PRIORITY),
    ):
        number = number_of(spec, field) or 0
        if not 0 < number <= limit:
            faults.invalid((field,), number, f"must be positive and less than {limit}")
    _check_backend(faults, spec)


def _check_backend(faults: Faults, spec: Mapping[str, Any]) -> None:
    service, insecure = spec.get("service"), spec.get("insecureSkipTLSVerify")
    if service is None:
        if spec.get("caBundle"):
            faults.invalid(("caBundle",), "...", "local APIServices may not have a caBundle")
        if insecure:
            detail = "local APIServices may not have insecureSkipTLSVerify"
            faults.invalid(("insecureSkipTLSVerify",), insecure, detail)
        return
    for field in ("namespace", "name"):
        if not text_of(service, field):
            faults.required(("service", field))
    port = number_of(service, "port")
    if port is not None and syntax.port_number(port):
        detail = f"port is not valid: {', '.join(syntax.port_number(port))}"
        faults.invalid(("service", "port"), port, detail)
    if insecure and spec.get("caBundle"):
        detail = "may not be true if caBundle is present"
        faults.invalid(("insecureSkipTLSVerify",), insecure, detail)


def check_request(place: Place, report: Report) -> None:
    """Check a CertificateSigningRequest. Its signature is not verified."""
    spec, faults = place.value, Faults(place, report)
    if not _is_request(spec.get("request")):
        faults.invalid(("request",), "...", "PEM block type must be CERTIFICATE REQUEST")
    usages, signer = strings_of(spec, "usages"), text_of(spec, "signerName")
    if not usages:
        faults.required(("usages",))
    for index, usage in enumerate(usages):
        faults.one_of(("usages", index), usage, _USAGES)
        if usage in usages[:index]:
            faults.duplicate(("usages", index), usage)
    if signer == _LEGACY_SIGNER:
        detail = "the legacy signerName is not allowed via this API version"
        faults.invalid(("signerName",), signer, detail)
    else:
        _check_signer(faults.at("signerName"), signer)
    seconds = number_of(spec, "expirationSeconds")
    if seconds is not None and seconds < _MIN_EXPIRATION:
        detail = "may not specify a duration less than 600 seconds (10 minutes)"
        faults.invalid(("expirationSeconds",), seconds, detail)


def _is_request(value: Any) -> bool:
    """Return whether a value has the lines of a certificate request around base64."""
    if not isinstance(value, str):
        return False
    from base64 import b64decode

    text = b64decode(value).decode("latin-1")
    _, start, rest = text.partition(_PEM_START)
    body, end, _ = rest.partition(_PEM_END)
    if not start or not end:
        return False
    try:
        return bool(b64decode("".join(body.split()), validate=True))
    except ValueError:
        return False


def _check_signer(faults: Faults, name: str) -> None:
    """Check the name of a signer. Source: pkg/apis/core/validation/names.go, ValidateSignerName."""
    if not name:
        faults.required(())
        return
    if name.count("/") != 1:
        form = "'example.com/signer-name'"
        detail = f"must be a fully qualified domain and path of the form {form}"
        faults.invalid((), name, detail)
        return
    domain, _, path = name.partition("/")
    if syntax.length(domain) > _MAX_DOMAIN:
        faults.too_long((), _MAX_DOMAIN)
    _check_labels(faults, domain, syntax.dns_label)
    if "." not in domain:
        detail = "should be a domain with at least two segments separated by dots"
        faults.invalid((), domain, detail)
    _check_labels(faults, path, syntax.dns_subdomain)
    if syntax.length(name) > _MAX_SIGNER:
        faults.too_long((), _MAX_SIGNER)


def _check_labels(faults: Faults, text: str, check: Any) -> None:
    """Report the first label that is wrong."""
    for label in text.split("."):
        problems = [f'validating label "{label}": {problem}' for problem in check(label)]
        faults.invalid((), text, *problems)
        if problems:
            return


RULES: Final[Rules] = {
    "APIServiceSpec": (check_service,),
    "CertificateSigningRequestSpec": (check_request,),
}
"""The rules for API services and certificate requests by type."""
