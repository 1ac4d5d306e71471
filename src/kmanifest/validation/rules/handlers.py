"""Rules for probes and for the handlers of a container's lifecycle.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go, validateProbe, validateHandler and what they
call.
"""

from kmanifest.startup.typing import Final
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules.messages import NOT_NEGATIVE, forbidden, invalid, required
from kmanifest.validation.rules.syntax import http_header_name, port_number, port_or_name

_PROBE_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc")
_LIFECYCLE_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "sleep")
_PROBE_SECONDS: Final = (
    "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold",
)  # fmt: skip
_DEFAULT_GRACE_PERIOD: Final = 30


def probe(place: Place, report: Report) -> None:
    """Check a probe."""
    value = place.value
    _check_handlers(place, report, _PROBE_HANDLERS)
    for field in _PROBE_SECONDS:
        number = value.get(field)
        if number and number < 0:
            report(place, (field,), "invalid", invalid(number, NOT_NEGATIVE))
    if place.step != "readinessProbe":
        threshold = value.get("successThreshold")
        if threshold and threshold != 1:
            report(place, ("successThreshold",), "invalid", invalid(threshold, "must be 1"))
    period = value.get("terminationGracePeriodSeconds")
    if period is None:
        return
    path = ("terminationGracePeriodSeconds",)
    if period <= 0:
        report(place, path, "invalid", invalid(period, "must be greater than 0"))
    if place.step == "readinessProbe":
        text = "must not be set for readinessProbes"
        report(place, path, "invalid", invalid(period, text))


def lifecycle_handler(place: Place, report: Report) -> None:
    """Check what runs after the start or before the stop of a container."""
    _check_handlers(place, report, _LIFECYCLE_HANDLERS)


def _check_handlers(place: Place, report: Report, handlers: tuple[str, ...]) -> None:
    value = place.value
    given = [handler for handler in handlers if value.get(handler) is not None]
    if not given:
        report(place, (), "required", required("must specify a handler type"))
    for handler in given[1:]:
        text = "may not specify more than 1 handler type"
        report(place, (handler,), "forbidden", forbidden(text))


def exec_action(place: Place, report: Report) -> None:
    """Check a command that is run."""
    if not place.value.get("command"):
        report(place, ("command",), "required", required())


def http_get_action(place: Place, report: Report) -> None:
    """Check an HTTP request."""
    port = place.value.get("port")
    for message in port_or_name(port):
        report(place, ("port",), "invalid", invalid(port or 0, message))
    for index, item in enumerate(place.value.get("httpHeaders") or ()):
        name = (item or {}).get("name") or ""
        for message in http_header_name(name):
            report(place, ("httpHeaders", index), "invalid", invalid(name, message))


def tcp_socket_action(place: Place, report: Report) -> None:
    """Check a TCP connection."""
    port = place.value.get("port")
    for message in port_or_name(port):
        report(place, ("port",), "invalid", invalid(port or 0, message))


def grpc_action(place: Place, report: Report) -> None:
    """Check a request to a gRPC health service."""
    port = place.value.get("port") or 0
    for message in port_number(port):
        report(place, ("port",), "invalid", invalid(port, message))


def sleep_action(place: Place, report: Report) -> None:
    """Check a time to sleep. Source: validateSleepAction."""
    pod = place.inside("PodSpec")
    period = pod.value.get("terminationGracePeriodSeconds") if pod is not None else None
    period = _DEFAULT_GRACE_PERIOD if period is None else period
    seconds = place.value.get("seconds") or 0
    if seconds < 0 or seconds > period:
        text = f"must be non-negative and less than terminationGracePeriodSeconds ({period})"
        report(place, (), "invalid", invalid(seconds, text))


RULES: Final[Rules] = {
    "Probe": (probe,),
    "LifecycleHandler": (lifecycle_handler,),
    "ExecAction": (exec_action,),
    "HTTPGetAction": (http_get_action,),
    "TCPSocketAction": (tcp_socket_action,),
    "GRPCAction": (grpc_action,),
    "SleepAction": (sleep_action,),
}
