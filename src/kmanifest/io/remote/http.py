"""Fetch files from web servers with urllib3, with limits for size, time and redirections.

Source of the accepted status codes: kustomize v5.8.2 api/internal/loader/fileloader.go, httpClientGetContent.
"""

import os
import socket
import threading
from collections.abc import Mapping, Sequence
from errno import EACCES
from http import HTTPStatus
from http.client import HTTPException
from ipaddress import ip_address
from types import MappingProxyType
from urllib.parse import unquote, urljoin
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Timeout, Url, parse_url

from kmanifest.io.remote.access import Certificates
from kmanifest.io.remote.urls import shown_url
from kmanifest.model.errors import FetchError, LimitError
from kmanifest.startup.typing import Any, Final, NamedTuple, Self

CONNECT_TIMEOUT: Final = 5.0  # seconds
READ_TIMEOUT: Final = 10.0  # seconds without a byte
_MAX_REDIRECTIONS: Final = 3
_CHUNK_SIZE: Final = 32 << 10
_REDIRECT_STATUSES: Final = (301, 302, 303, 307, 308)


class NoTlsError(FetchError):
    """The server does not support TLS."""


class HttpResponse(NamedTuple):
    """The final response of a server. The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class HttpClient:
    """Sends requests to web servers with the given protocols.

    A response has at most `max_size` bytes, and a request takes at most `timeout` seconds. Redirections to another
    server must use https. With `keeps_encoding`, the content is not decoded, whatever `Content-Encoding` the server
    sends: many servers declare a packaged chart as gzip-encoded.
    """

    def __init__(
        self,
        *,
        protocols: Sequence[str],
        timeout: float,
        max_size: int,
        keeps_encoding: bool = False,
        certificates: Certificates = Certificates(),
    ) -> None:
        self._protocols = protocols
        self._timeout = timeout
        self._max_size = max_size
        self._decodes_content = not keeps_encoding
        self._certificates = certificates

    def get(self, url: str, headers: Mapping[str, str] = MappingProxyType({})) -> bytes:
        """Return the content at `url`.

        Raises FetchError if the request fails or the status is not 2xx, and LimitError if the content is too large or
        takes too long.
        """
        response = self.request(url, headers)
        if not 200 <= response.status <= 299:
            raise FetchError(f"{shown_url(url)}: HTTP status {_status_text(response.status)}")
        return response.content

    def request(
        self, url: str, headers: Mapping[str, str] = MappingProxyType({}), body: bytes = b""
    ) -> HttpResponse:
        """Send a request, follow redirections and return the response, whatever its status.

        The headers and a login in the URL are sent to the server of `url` only. A `body` is sent with POST. A request
        with a body follows no redirection: the redirection is the response. Raises the same errors as `get` if no
        server responds.
        """
        cause: Exception | None = None
        with _DeadlineGuard(self._timeout, self._certificates) as guard:
            try:
                response = self._send_with_redirections(url, headers, body, guard)
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                cause = error
        # A connection that the guard shut down may look as if it had ended normally.
        if guard.is_expired:
            message = f"{shown_url(url)}: the request took longer than {self._timeout:g} seconds"
            raise LimitError(message) from cause
        if cause is not None:
            error_class = NoTlsError if "WRONG_VERSION_NUMBER" in str(cause) else FetchError
            raise error_class(f"{shown_url(url)}: {_failure_reason(cause)}") from cause
        return response

    def _send_with_redirections(
        self, url: str, headers: Mapping[str, str], body: bytes, guard: "_DeadlineGuard"
    ) -> HttpResponse:
        first = current = parse_url(url)
        first_headers = {**_login_headers(first.auth), **headers}
        for _ in range(_MAX_REDIRECTIONS + 1):
            self._check_url(current, url)
            is_other_server = _origin(current) != _origin(first)
            headers_to_send = {} if is_other_server else first_headers
            with guard.send(
                current, headers_to_send, body, is_other_server=is_other_server
            ) as response:
                location = response.headers.get("Location", "")
                if response.status not in _REDIRECT_STATUSES or not location or body:
                    return self._read_response(url, response)
                previous, current = current, parse_url(urljoin(current.url, location))
                self._check_redirection(url, previous, current)
        raise FetchError(f"{shown_url(url)}: more than {_MAX_REDIRECTIONS} redirections")

    def _check_url(self, parsed: Url, url: str) -> None:
        if parsed.scheme not in ("http", "https") or parsed.scheme not in self._protocols:
            message = f"{shown_url(url)}: the protocol {parsed.scheme} is not allowed"
            raise FetchError(message)
        if not parsed.host:
            raise FetchError(f"{shown_url(url)}: the URL has no host")

    def _check_redirection(self, url: str, previous: Url, target: Url) -> None:
        if target.scheme == "https" or _origin(previous) == _origin(target):
            return
        shown_target = shown_url(target._replace(auth=None).url)
        reason = "it redirects to another server, not by https"
        raise FetchError(f"{shown_url(url)}: {reason}: {shown_target}")

    def _read_response(self, url: str, response: urllib3.BaseHTTPResponse) -> HttpResponse:
        content = bytearray()
        while chunk := response.read1(_CHUNK_SIZE, decode_content=self._decodes_content):
            content += chunk
            if len(content) > self._max_size:
                message = f"{shown_url(url)}: more than {self._max_size} bytes (max_input_file)"
                raise LimitError(message)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return HttpResponse(response.status, headers, bytes(content))


class _DeadlineGuard:
    """Sends requests and shuts down all their connections at the deadline, even while they wait for data."""

    def __init__(self, timeout: float, certificates: Certificates = Certificates()) -> None:
        self.is_expired = False
        self._certificates = certificates
        self._starts_inside = False  # whether the first server is in an internal network
        self._timer = threading.Timer(timeout, self._expire)
        self._timer.daemon = True
        self._sockets: list[socket.socket] = []
        self._pools: list[urllib3.PoolManager] = []

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        for pool in self._pools:
            pool.clear()
        for copy in self._sockets:
            copy.close()

    def send(
        self, url: Url, headers: Mapping[str, str], body: bytes, *, is_other_server: bool
    ) -> urllib3.BaseHTTPResponse:
        """Send a request and return the response before its body is read."""
        # The client certificate is for the first server only, like the login.
        certificates = self._certificates
        manager = _pool_manager(
            url, Certificates(certificates.ca_file) if is_other_server else certificates
        )
        self._pools.append(manager)
        pool = manager.connection_from_host(url.host, url.port, url.scheme)
        pool.ConnectionCls = self._tracked_class(
            pool.ConnectionCls, is_other_server=is_other_server
        )
        return manager.request(
            "POST" if body else "GET",
            url._replace(auth=None, fragment=None).url,
            body=body or None,
            headers={"User-Agent": "kmanifest", **headers},
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
        )

    def _tracked_class(
        self, connection_class: Any, *, is_other_server: bool
    ) -> type[HTTPConnection] | type[HTTPSConnection]:
        track_socket = self._track_socket

        class TrackedConnection(connection_class):  # type: ignore[misc]  # one of two classes
            """A connection whose socket is tracked before the first byte is sent."""

            def _new_conn(self) -> socket.socket:
                new_socket: socket.socket = super()._new_conn()
                track_socket(new_socket, is_other_server=is_other_server)
                return new_socket

        return TrackedConnection

    def _track_socket(self, new_socket: socket.socket, *, is_other_server: bool) -> None:
        if self.is_expired:
            raise TimeoutError
        # A copy is needed because TLS detaches the original socket.
        self._sockets.append(socket.socket(fileno=os.dup(new_socket.fileno())))
        is_internal = not ip_address(new_socket.getpeername()[0].partition("%")[0]).is_global
        if not is_other_server:
            self._starts_inside = is_internal
        elif is_internal and not self._starts_inside:
            raise OSError(EACCES, "it redirects into an internal network")

    def _expire(self) -> None:
        self.is_expired = True
        for copy in self._sockets:
            try:
                copy.shutdown(socket.SHUT_RDWR)
            except OSError:  # already closed
                continue


def _pool_manager(url: Url, certificates: Certificates) -> urllib3.PoolManager:
    """Return the pool manager for a server. It uses the proxy that the environment sets for the URL."""
    proxy = getproxies().get(url.scheme or "")
    if not proxy or proxy_bypass(url.netloc or ""):
        return urllib3.PoolManager(**_certificate_options(certificates))
    login = parse_url(proxy).auth
    headers = urllib3.make_headers(proxy_basic_auth=unquote(login)) if login else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, **_certificate_options(certificates))


def _certificate_options(certificates: Certificates) -> dict[str, Any]:
    """Return the certificate arguments for urllib3. Without them, it uses the certificates of the system."""
    names = ("ca_certs", "cert_file", "key_file")
    return {name: path for name, path in zip(names, certificates, strict=True) if path}


def _login_headers(login: str | None) -> Mapping[str, str]:
    return urllib3.make_headers(basic_auth=unquote(login)) if login else {}


def _origin(url: Url) -> tuple[str | None, str | None, int | None]:
    return url.scheme, url.host, url.port


def _status_text(number: int) -> str:
    try:
        return f"{number} {HTTPStatus(number).phrase}"
    except ValueError:
        return str(number)


def _failure_reason(error: BaseException) -> str:
    """Return a short text for the first known cause in the chain of exceptions."""
    current: BaseException | None = error
    while current is not None:
        if isinstance(current, OSError) and current.strerror:
            return str(getattr(current, "verify_message", "") or current.strerror)
        if isinstance(current, urllib3.exceptions.IncompleteRead):
            return "the connection ended before the whole file had come"
        if isinstance(current, HTTPException):
            return f"the response is not HTTP ({type(current).__name__})"
        current = current.__cause__ or current.__context__
    if isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError):
        return f"no response within {READ_TIMEOUT:g} seconds"
    return ": ".join([type(error).__name__, *str(error).splitlines()[:1]])
