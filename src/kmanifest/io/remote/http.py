"""Fetch files from web servers with urllib3, with limits for size, time and redirections.

Each connection is made to an address that the host policy allows. The content is decoded here and not by urllib3,
whose older versions decode without a limit.
Source of the accepted status codes: kustomize v5.8.2 api/internal/loader/fileloader.go, httpClientGetContent.
"""

import os
import socket
import threading
import time
import zlib
from errno import EACCES
from http import HTTPStatus
from http.client import HTTPException
from types import MappingProxyType
from urllib.parse import unquote, urljoin

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Timeout, Url, parse_url

from kmanifest.io.remote.access import Certificates
from kmanifest.io.remote.budget import Budget, NoBudget
from kmanifest.io.remote.hosts import HostPolicy, find_proxy, is_inner, to_address
from kmanifest.model.errors import FetchError, LimitError
from kmanifest.model.url_masking import mask_url, mask_urls
from kmanifest.startup.typing import Any, Final, Iterator, Mapping, NamedTuple, Self, Sequence

CONNECT_TIMEOUT: Final = 5.0  # seconds for each address
READ_TIMEOUT: Final = 10.0  # seconds without a byte
_RESOLVE_TIMEOUT: Final = 10.0  # seconds to resolve a host name
_MAX_REDIRECTIONS: Final = 3
_CHUNK_SIZE: Final = 32 << 10
_REDIRECT_STATUSES: Final = (301, 302, 303, 307, 308)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_GZIP: Final = ("gzip", "x-gzip")


class NoTlsError(FetchError):
    """The server does not support TLS."""


class HttpResponse(NamedTuple):
    """The final response of a server. The names of `headers` are in lower case.

    `is_redirected` is true if another server than the one of the request sent it.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    is_redirected: bool = False


class HttpClient:
    """Sends requests to web servers with the given protocols, to the hosts that `hosts` allows.

    A response has at most `max_size` bytes, and a request takes at most `timeout` seconds. Both also count for
    `budget`. Redirections to another server must use https, and must not lead from the open network into an inner
    one. With `keeps_encoding`, the content is not decoded, whatever `Content-Encoding` the server sends: many servers
    declare a packaged chart as gzip-encoded.
    """

    def __init__(
        self,
        *,
        protocols: Sequence[str],
        timeout: float,
        max_size: int,
        hosts: HostPolicy | None = None,
        budget: Budget | None = None,
        keeps_encoding: bool = False,
        certificates: Certificates = Certificates(),
    ) -> None:
        self._protocols = protocols
        self._hosts = HostPolicy() if hosts is None else hosts
        self._budget = NoBudget() if budget is None else budget
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
            raise FetchError(f"{mask_url(url)}: HTTP status {_status_text(response.status)}")
        return response.content

    def request(
        self, url: str, headers: Mapping[str, str] = MappingProxyType({}), body: bytes = b""
    ) -> HttpResponse:
        """Send a request, follow redirections and return the response, whatever its status.

        The headers and a login in the URL are sent to the server of `url` only. A `body` is sent with POST. A request
        with a body follows no redirection: the redirection is the response. Raises the same errors as `get` if no
        server responds, and SourceError if a host is not allowed.
        """
        cause: Exception | None = None
        timeout = min(self._timeout, self._budget.seconds_left())
        with _DeadlineGuard(timeout, self._certificates, self._hosts) as guard:
            try:
                response = self._send_with_redirections(url, headers, body, guard)
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                cause = error
        # A connection that the guard shut down may look as if it had ended normally.
        if guard.is_expired:
            self._budget.check_time()
            message = f"{mask_url(url)}: the request took longer than {timeout:g} seconds"
            raise LimitError(message) from cause
        if cause is not None:
            error_class = NoTlsError if "WRONG_VERSION_NUMBER" in str(cause) else FetchError
            reason = mask_urls(_failure_reason(cause), url)
            raise error_class(f"{mask_url(url)}: {reason}") from cause
        return response

    def _send_with_redirections(
        self, url: str, headers: Mapping[str, str], body: bytes, guard: "_DeadlineGuard"
    ) -> HttpResponse:
        first = current = _parse(url)
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
                    return self._read_response(url, response, is_redirected=is_other_server)
                previous, current = current, _parse(urljoin(current.url, location))
                self._check_redirection(url, previous, current)
        raise FetchError(f"{mask_url(url)}: more than {_MAX_REDIRECTIONS} redirections")

    def _check_url(self, parsed: Url, url: str) -> None:
        if parsed.scheme not in ("http", "https") or parsed.scheme not in self._protocols:
            message = f"{mask_url(url)}: the protocol {parsed.scheme} is not allowed"
            raise FetchError(message)
        if not parsed.host:
            raise FetchError(f"{mask_url(url)}: the URL has no host")

    def _check_redirection(self, url: str, previous: Url, target: Url) -> None:
        if target.scheme == "https" or _origin(previous) == _origin(target):
            return
        shown_target = mask_url(target._replace(auth=None).url)
        reason = "it redirects to another server, not by https"
        raise FetchError(f"{mask_url(url)}: {reason}: {shown_target}")

    def _read_response(
        self, url: str, response: urllib3.BaseHTTPResponse, *, is_redirected: bool
    ) -> HttpResponse:
        headers = {name.lower(): value for name, value in response.headers.items()}
        chunks = self._raw_chunks(response)
        encoding = headers.get("content-encoding", "").strip().lower()
        is_decoded = self._decodes_content and 200 <= response.status <= 299
        if is_decoded and encoding not in ("", "identity"):
            chunks = _decoded(chunks, encoding, url, self._max_size)
        content = bytearray()
        for chunk in chunks:
            content += chunk
            if len(content) > self._max_size:
                raise _size_error(url, self._max_size)
        return HttpResponse(response.status, headers, bytes(content), is_redirected)

    def _raw_chunks(self, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        while chunk := response.read1(_CHUNK_SIZE, decode_content=False):
            self._budget.count_fetched(len(chunk))
            yield chunk


def _decoded(chunks: Iterator[bytes], encoding: str, url: str, limit: int) -> Iterator[bytes]:
    """Yield decoded content. Raises LimitError before more than `limit` bytes are decoded, FetchError if it is invalid."""
    if encoding not in (*_GZIP, "deflate"):
        raise FetchError(f"{mask_url(url)}: the content encoding {encoding!r} is not supported")
    decoder: Any = None
    left = limit
    try:
        for chunk in chunks:
            data = chunk
            while data:
                if decoder is None:
                    decoder = zlib.decompressobj(_window_bits(encoding, data))
                decoded = decoder.decompress(data, left + 1)
                left -= len(decoded)
                if left < 0:
                    raise _size_error(url, limit)
                yield decoded
                data = decoder.unconsumed_tail
                if decoder.eof:
                    # Gzip may have several members, and zeros after the last one.
                    data = decoder.unused_data.lstrip(b"\0") if encoding in _GZIP else b""
                    decoder = None
    except zlib.error as error:
        raise FetchError(f"{mask_url(url)}: the content is not valid {encoding}") from error
    if decoder is not None:
        raise FetchError(f"{mask_url(url)}: the compressed content is not complete")


def _window_bits(encoding: str, data: bytes) -> int:
    """Return the argument of zlib for an encoding. Some servers send `deflate` without the header of zlib."""
    if encoding in _GZIP:
        return zlib.MAX_WBITS | 16
    return zlib.MAX_WBITS if data[0] & 0x0F == zlib.DEFLATED else -zlib.MAX_WBITS


def _size_error(url: str, limit: int) -> LimitError:
    return LimitError(f"{mask_url(url)}: more than {limit} bytes (max_input_file)")


class _DeadlineGuard:
    """Sends requests and shuts down all their connections at the deadline, even while they wait for data."""

    def __init__(
        self,
        timeout: float,
        certificates: Certificates = Certificates(),
        hosts: HostPolicy | None = None,
    ) -> None:
        self.is_expired = False
        self._certificates = certificates
        self._hosts = HostPolicy() if hosts is None else hosts
        self._starts_inside = False  # whether the first server is in an internal network
        self._end = time.monotonic() + timeout
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
        if is_other_server:
            certificates = Certificates(certificates.ca_file)
        proxy = find_proxy(url.scheme or "", url.netloc or "")
        manager = _pool_manager(proxy, certificates)
        self._pools.append(manager)
        pool = manager.connection_from_host(url.host, url.port, url.scheme)
        if proxy:
            self._hosts.check_name(url.host or "", _port(url), mask_url(url.url))
            pool.ConnectionCls = self._tracked_class(pool.ConnectionCls)
        else:
            addresses = self._addresses(url, is_other_server=is_other_server)
            pool.ConnectionCls = self._tracked_class(pool.ConnectionCls, addresses)
        return manager.request(
            "POST" if body else "GET",
            url._replace(auth=None, fragment=None).url,
            body=body or None,
            headers={"User-Agent": "kmanifest", **headers},
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=Timeout(connect=min(CONNECT_TIMEOUT, self._seconds_left()), read=READ_TIMEOUT),
        )

    def _addresses(self, url: Url, *, is_other_server: bool) -> list[str]:
        """Return the addresses of a server to connect to.

        Raises SourceError if none is allowed, OSError if a redirection leads into an inner network that is not named.
        """
        host, port = url.host or "", _port(url)
        timeout = min(_RESOLVE_TIMEOUT, self._seconds_left())
        addresses = self._hosts.addresses(host, port, timeout, mask_url(url.url))
        inner = [text for text in addresses if is_inner(to_address(text))]
        if not is_other_server:
            self._starts_inside = bool(inner)
        elif inner and not self._starts_inside:
            named = [text for text in inner if self._hosts.names(host, port, to_address(text))]
            addresses = [text for text in addresses if text not in inner or text in named]
            if not addresses:
                raise OSError(EACCES, "it redirects into an internal network")
        return addresses

    def _tracked_class(
        self, connection_class: Any, addresses: Sequence[str] = ()
    ) -> type[HTTPConnection] | type[HTTPSConnection]:
        """Return a class of connections that connect to one of the addresses, or else to their host, a proxy."""
        track_socket, seconds_left = self._track_socket, self._seconds_left

        class TrackedConnection(connection_class):  # type: ignore[misc]  # one of two classes
            """A connection whose socket is tracked before the first byte is sent."""

            def _new_conn(self) -> socket.socket:
                new_socket = self._connect()
                track_socket(new_socket)
                return new_socket

            def _connect(self) -> socket.socket:
                host: str = self.host  # type: ignore[has-type]  # a property of urllib3
                targets = list(addresses) or [host]
                for number, target in enumerate(targets, 1):
                    self.host = target
                    self.timeout = min(CONNECT_TIMEOUT, seconds_left())
                    try:
                        connected: socket.socket = super()._new_conn()
                    except urllib3.exceptions.HTTPError:
                        if number == len(targets):
                            raise
                    else:
                        break
                    finally:
                        self.host = host
                return connected

        return TrackedConnection

    def _track_socket(self, new_socket: socket.socket) -> None:
        if self.is_expired:
            raise TimeoutError
        # A copy is needed because TLS detaches the original socket.
        self._sockets.append(socket.socket(fileno=os.dup(new_socket.fileno())))

    def _seconds_left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            self.is_expired = True
            raise TimeoutError
        return left

    def _expire(self) -> None:
        self.is_expired = True
        for copy in self._sockets:
            try:
                copy.shutdown(socket.SHUT_RDWR)
            except OSError:  # already closed
                continue


def _pool_manager(proxy: str, certificates: Certificates) -> urllib3.PoolManager:
    """Return the pool manager for a server, which uses the proxy if there is one."""
    if not proxy:
        return urllib3.PoolManager(**_certificate_options(certificates))
    login = parse_url(proxy).auth
    headers = urllib3.make_headers(proxy_basic_auth=unquote(login)) if login else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, **_certificate_options(certificates))


def _certificate_options(certificates: Certificates) -> dict[str, Any]:
    """Return the certificate arguments for urllib3. Without them, it uses the certificates of the system."""
    names = ("ca_certs", "cert_file", "key_file")
    return {name: path for name, path in zip(names, certificates, strict=True) if path}


def _parse(url: str) -> Url:
    """Return the parts of a URL. Raises FetchError without a cause: the one of urllib3 contains the whole URL."""
    parsed = _try_parse(url)
    if parsed is None:
        raise FetchError(f"{mask_url(url)}: the URL is invalid")
    return parsed


def _try_parse(url: str) -> Url | None:
    try:
        return parse_url(url)
    except ValueError:
        return None


def _port(url: Url) -> int:
    return url.port or _DEFAULT_PORTS.get(url.scheme or "", 0)


def _login_headers(login: str | None) -> Mapping[str, str]:
    return urllib3.make_headers(basic_auth=unquote(login)) if login else {}


def _origin(url: Url) -> tuple[str | None, str | None, int]:
    return url.scheme, url.host, _port(url)


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
