"""Files on web servers, by urllib3: bounded in size, in time and in redirections.

Source: kustomize v5.8.2 api/internal/loader/fileloader.go, httpClientGetContent, for what counts as found.
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

CONNECT: Final = 5.0  # seconds
SILENCE: Final = 10.0  # seconds without a byte
_MOST_REDIRECTIONS: Final = 3
_CHUNK: Final = 32 << 10
_MOVED: Final = (301, 302, 303, 307, 308)


class NoTlsError(FetchError):
    """The server does not speak TLS."""


class Answer(NamedTuple):
    """What a server said in the end; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Http:
    """Asks web servers by the given protocols, for at most `max_size` bytes and within `timeout` seconds each time.

    A redirection leads to another server by https only, unless `plain_redirections`. With `as_sent`, a content is what came
    over the line, whatever encoding its server says it has: a packaged chart is often said to be a gzipped archive.
    """

    def __init__(
        self,
        *,
        protocols: Sequence[str],
        timeout: float,
        max_size: int,
        plain_redirections: bool = False,
        as_sent: bool = False,
        certificates: Certificates = Certificates(),
    ) -> None:
        self._protocols = protocols
        self._timeout = timeout
        self._max_size = max_size
        self._plain_redirections = plain_redirections
        self._decodes = not as_sent
        self._certificates = certificates

    def get(self, url: str, headers: Mapping[str, str] = MappingProxyType({})) -> bytes:
        """The content at `url`; FetchError where there is none, LimitError where it is too much or takes too long."""
        answer = self.ask(url, headers)
        if not 200 <= answer.status <= 299:
            raise FetchError(f"{shown_url(url)}: HTTP status {_status(answer.status)}")
        return answer.content

    def ask(
        self, url: str, headers: Mapping[str, str] = MappingProxyType({}), body: bytes = b""
    ) -> Answer:
        """What the server of `url`, or the one that it sends to, answers; errors as of `get` where none does.

        The headers, and a login in the URL, are for its own server only. A `body` is posted, and goes no further: where the
        server sends elsewhere, that is the answer.
        """
        cause: Exception | None = None
        with _Watch(self._timeout, self._certificates) as watch:
            try:
                answer = self._ask(url, headers, body, watch)
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                cause = error
        # A connection that was shut may look like one that has come to its end.
        if watch.is_over:
            message = f"{shown_url(url)}: it took longer than {self._timeout:g} seconds"
            raise LimitError(message) from cause
        if cause is not None:
            kind = NoTlsError if "WRONG_VERSION_NUMBER" in str(cause) else FetchError
            raise kind(f"{shown_url(url)}: {_why(cause)}") from cause
        return answer

    def _ask(self, url: str, headers: Mapping[str, str], body: bytes, watch: "_Watch") -> Answer:
        first = asked = parse_url(url)
        own = {**_login(first.auth), **headers}
        for _ in range(_MOST_REDIRECTIONS + 1):
            self._check(asked, url)
            is_elsewhere = _server(asked) != _server(first)
            sent = {} if is_elsewhere else own
            with watch.ask(asked, sent, body, is_elsewhere=is_elsewhere) as response:
                target = response.headers.get("Location", "")
                if response.status not in _MOVED or not target or body:
                    return self._answer(url, response)
                before, asked = asked, parse_url(urljoin(asked.url, target))
                self._check_redirection(url, before, asked)
        raise FetchError(f"{shown_url(url)}: more than {_MOST_REDIRECTIONS} redirections")

    def _check(self, asked: Url, url: str) -> None:
        if asked.scheme not in ("http", "https") or asked.scheme not in self._protocols:
            what = f"{shown_url(url)}: the protocol {asked.scheme} is not allowed"
            raise FetchError(what)
        if not asked.host:
            raise FetchError(f"{shown_url(url)}: there is no host in it")

    def _check_redirection(self, url: str, before: Url, after: Url) -> None:
        if after.scheme == "https" or _server(before) == _server(after):
            return
        if self._plain_redirections and before.scheme != "https":
            return
        other = shown_url(after._replace(auth=None).url)
        what = "it redirects to another server, not by https"
        raise FetchError(f"{shown_url(url)}: {what}: {other}")

    def _answer(self, url: str, response: urllib3.BaseHTTPResponse) -> Answer:
        content = bytearray()
        while chunk := response.read1(_CHUNK, decode_content=self._decodes):
            content += chunk
            if len(content) > self._max_size:
                message = f"{shown_url(url)}: more than {self._max_size} bytes (max_input_file)"
                raise LimitError(message)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, headers, bytes(content))


class _Watch:
    """Sends requests whose connections are all shut when the time is over, whatever they are waiting for."""

    def __init__(self, timeout: float, certificates: Certificates = Certificates()) -> None:
        self.is_over = False
        self._certificates = certificates
        self._is_inside = False  # the first server is one of an inner network
        self._timer = threading.Timer(timeout, self._end)
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

    def ask(
        self, asked: Url, headers: Mapping[str, str], body: bytes, *, is_elsewhere: bool
    ) -> urllib3.BaseHTTPResponse:
        """The response to a request, whose body is still to be read."""
        # A client's certificate is for the first server, as a login is.
        shown = self._certificates
        manager = _manager(asked, Certificates(shown.ca_file) if is_elsewhere else shown)
        self._pools.append(manager)
        pool = manager.connection_from_host(asked.host, asked.port, asked.scheme)
        pool.ConnectionCls = self._watched(pool.ConnectionCls, is_elsewhere=is_elsewhere)
        return manager.request(
            "POST" if body else "GET",
            asked._replace(auth=None, fragment=None).url,
            body=body or None,
            headers={"User-Agent": "kmanifest", **headers},
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=Timeout(connect=CONNECT, read=SILENCE),
        )

    def _watched(
        self, kind: Any, *, is_elsewhere: bool
    ) -> type[HTTPConnection] | type[HTTPSConnection]:
        add = self._add

        class Watched(kind):  # type: ignore[misc]  # one of two classes
            """A connection whose socket is known from its first byte on."""

            def _new_conn(self) -> socket.socket:
                made: socket.socket = super()._new_conn()
                add(made, is_elsewhere=is_elsewhere)
                return made

        return Watched

    def _add(self, made: socket.socket, *, is_elsewhere: bool) -> None:
        if self.is_over:
            raise TimeoutError
        # A copy, because a socket is detached where TLS is spoken over it.
        self._sockets.append(socket.socket(fileno=os.dup(made.fileno())))
        is_inside = not ip_address(made.getpeername()[0].partition("%")[0]).is_global
        if not is_elsewhere:
            self._is_inside = is_inside
        elif is_inside and not self._is_inside:
            raise OSError(EACCES, "it redirects into an inner network")

    def _end(self) -> None:
        self.is_over = True
        for copy in self._sockets:
            try:
                copy.shutdown(socket.SHUT_RDWR)
            except OSError:  # it is closed already
                continue


def _manager(asked: Url, certificates: Certificates) -> urllib3.PoolManager:
    """What connects to a server, through the proxy that the environment names for it."""
    proxy = getproxies().get(asked.scheme or "")
    if not proxy or proxy_bypass(asked.netloc or ""):
        return urllib3.PoolManager(**_files(certificates))
    login = parse_url(proxy).auth
    headers = urllib3.make_headers(proxy_basic_auth=unquote(login)) if login else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, **_files(certificates))


def _files(certificates: Certificates) -> dict[str, Any]:
    """The certificates as urllib3 takes them; without any it is not told of them, and asks those of the machine."""
    names = ("ca_certs", "cert_file", "key_file")
    return {name: path for name, path in zip(names, certificates, strict=True) if path}


def _login(login: str | None) -> Mapping[str, str]:
    return urllib3.make_headers(basic_auth=unquote(login)) if login else {}


def _server(url: Url) -> tuple[str | None, str | None, int | None]:
    return url.scheme, url.host, url.port


def _status(number: int) -> str:
    try:
        return f"{number} {HTTPStatus(number).phrase}"
    except ValueError:
        return str(number)


def _why(error: BaseException) -> str:
    """The cause in a few words, from among the exceptions that led to one another."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.strerror:
            return str(getattr(seen, "verify_message", "") or seen.strerror)
        if isinstance(seen, urllib3.exceptions.IncompleteRead):
            return "the connection ended before the whole file had come"
        if isinstance(seen, HTTPException):
            return f"the answer is not HTTP ({type(seen).__name__})"
        seen = seen.__cause__ or seen.__context__
    if isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError):
        return f"no answer within {SILENCE:g} seconds"
    return ": ".join([type(error).__name__, *str(error).splitlines()[:1]])
