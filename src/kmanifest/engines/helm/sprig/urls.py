"""`urlParse` and `urlJoin`.

Source: sprig v3.3.0 url.go; Go 1.26 src/net/url/url.go and encoding_table.go.
"""

import re

from kmanifest.engines.helm.gotemplate.gofmt import kind_name, quoted
from kmanifest.engines.helm.gotemplate.values import Function, Functions, GoError, Value
from kmanifest.engines.helm.sprig.gotypes import from_bytes, to_bytes
from kmanifest.model.deadline import check_time, checked
from kmanifest.startup.typing import Any, Final, NamedTuple

_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~"
# The characters that are not escaped in each part of a URL. Source: encoding_table.go.
_PATH: Final = frozenset(_LETTERS + b"$&+,/:;=@")
_HOST: Final = frozenset(_LETTERS + b"!$&'()*+,;=:[]<>\"")
_USER: Final = frozenset(_LETTERS + b"$&+,;=")
_FRAGMENT: Final = frozenset(_LETTERS + b"$&+,/:;=?@!()*")

_SCHEME: Final = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]*):")
_PORT: Final = re.compile(rb"(?::[0-9]*)?")
_USERINFO: Final = re.compile(rb"[A-Za-z0-9._:~!$&'()*+,;=%@-]*")


def functions() -> Functions:
    """Return the functions.

    `getHostByName` makes no network request.
    """
    return {
        "getHostByName": Function(lambda _: "", ("string",), "string"),
        "urlJoin": Function(join_dict, ("map[string]interface {}",), "string"),
        "urlParse": Function(parse_to_dict, ("string",), "map[string]interface {}"),
    }


class Url(NamedTuple):
    """The parts of a URL, unescaped except `query` and `opaque`.

    `user` is None if there is none.
    """

    scheme: bytes = b""
    opaque: bytes = b""
    user: bytes | None = None
    host: bytes = b""
    path: bytes = b""
    query: bytes = b""
    fragment: bytes = b""


def parse_to_dict(text: str) -> dict[str, Value]:
    """Return the result of `urlParse`: the parts of a URL by name."""
    try:
        url = parse(to_bytes(text))
    except GoError as error:
        raise GoError(f"unable to parse url: {error}") from error
    parts = {
        "fragment": url.fragment,
        "host": url.host,
        "hostname": _hostname(url.host),
        "opaque": url.opaque,
        "path": url.path,
        "query": url.query,
        "scheme": url.scheme,
        "userinfo": url.user or b"",
    }
    return {name: from_bytes(part) for name, part in parts.items()}


def join_dict(parts: dict[str, Any]) -> str:
    """Return the result of `urlJoin`: the URL with the parts that `urlParse` returns."""
    fields = {
        name: to_bytes(_string_field(parts, name))
        for name in ("scheme", "host", "path", "query", "opaque", "fragment", "userinfo")
    }
    user = None
    if fields["userinfo"]:
        try:
            user = parse(b"proto://" + fields["userinfo"] + b"@host").user
        except GoError as error:
            raise GoError(f"unable to parse userinfo in dict: {error}") from error
    url = Url(
        fields["scheme"], fields["opaque"], user, fields["host"], fields["path"], fields["query"], fields["fragment"]
    )  # fmt: skip
    return from_bytes(url_to_bytes(url))


def _string_field(parts: dict[str, Any], name: str) -> str:
    value = parts.get(name, "")
    if not isinstance(value, str):
        if value is None:
            raise GoError("runtime error: invalid memory address or nil pointer dereference")
        raise GoError(
            f"unable to parse {name} key, must be of type string, but {kind_name(value)} found"
        )
    return value


def parse(data: bytes) -> Url:
    """Return the parts of a URL.

    Raises GoError with Go's message, which contains the URL.
    """
    before, _, fragment = data.partition(b"#")
    try:
        url = parse_without_fragment(before)
    except GoError as error:
        raise GoError(f"parse {quoted(from_bytes(before))}: {error}") from error
    if not fragment:
        return url
    try:
        return url._replace(fragment=_unescape(fragment))
    except GoError as error:
        raise GoError(f"parse {quoted(from_bytes(data))}: {error}") from error


def parse_without_fragment(data: bytes) -> Url:
    """Return the parts of a URL in which `#` has no meaning.

    Raises GoError if it is invalid.
    """
    if any(byte < 0x20 or byte == 0x7F for byte in checked(data)):
        raise GoError("net/url: invalid control character in URL")
    if data == b"*":
        return Url(path=data)
    if data.startswith(b":"):
        raise GoError("missing protocol scheme")
    match = _SCHEME.match(data)
    scheme = match[1].lower() if match is not None else b""
    rest, _, query = data[match.end() if match is not None else 0 :].partition(b"?")
    url = Url(scheme, query=query)
    if not rest.startswith(b"/"):
        if scheme:
            return url._replace(opaque=rest)
        if b":" in rest.partition(b"/")[0]:
            raise GoError("first path segment in URL cannot contain colon")
    if rest.startswith(b"//") and (scheme or not rest.startswith(b"///")):
        authority, slash, rest = rest[2:].partition(b"/")
        rest = slash + rest
        user, host = _authority(scheme, authority)
        url = url._replace(user=user, host=host)
    return url._replace(path=_unescape(rest))


def _authority(scheme: bytes, authority: bytes) -> tuple[bytes | None, bytes]:
    """Return user and host.

    The user is escaped again, as it is printed.
    """
    userinfo, separator, host = authority.rpartition(b"@")
    host = _host(scheme, host)
    if not separator:
        return None, host
    if _USERINFO.fullmatch(userinfo) is None:
        raise GoError("net/url: invalid userinfo")
    name, colon, password = userinfo.partition(b":")
    return _escape(_unescape(name), _USER) + colon + _escape(_unescape(password), _USER), host


def _host(scheme: bytes, host: bytes) -> bytes:
    bracket = host.rfind(b"[")
    if bracket > 0:
        raise GoError("invalid IP-literal")
    if bracket == 0:
        return _bracketed_host(host)
    colon = host.find(b":")
    if colon >= 0:
        if scheme not in (b"http", b"https"):
            colon = host.rfind(b":")
        _check_port(host[colon:])
    return _unescape_host(host)


def _check_port(port: bytes) -> None:
    if _PORT.fullmatch(port) is None:
        raise GoError(f"invalid port {quoted(from_bytes(port))} after host")


def _bracketed_host(host: bytes) -> bytes:
    """Return an IP address in brackets, which may have a zone."""
    close = host.rfind(b"]")
    if close < 0:
        raise GoError("missing ']' in host")
    port = host[close + 1 :]
    _check_port(port)
    name = host[1:close]
    zone = name.find(b"%25")
    if zone >= 0:
        name = _unescape_host(name[:zone]) + _unescape_host(name[zone:], zone=True)
    else:
        name = _unescape_host(name)
    _check_address(from_bytes(name))
    return b"[" + name + b"]" + port


def _check_address(name: str) -> None:
    from ipaddress import IPv4Address, IPv6Address

    address, percent, zone = name.partition("%")
    try:
        IPv4Address(name)
    except ValueError:
        pass
    else:
        raise GoError("invalid IP-literal")
    try:
        IPv6Address(address)
    except ValueError as error:
        raise GoError(f"invalid host: ParseAddr({quoted(name)}): unable to parse IP") from error
    if percent and not zone:
        raise GoError(f"invalid host: ParseAddr({quoted(name)}): zone must be a non-empty string")


def _unescape_host(data: bytes, *, zone: bool = False) -> bytes:
    """Return a host with its escapes resolved.

    Only some escapes are valid there.
    """
    position = 0
    while position < len(data):
        check_time()
        byte = data[position]
        if byte == 0x25:
            code = _escape_at(data, position)
            escape = data[position : position + 3]
            is_refused = code != 0x20 and code not in _HOST if zone else code < 0x80
            if is_refused and escape != b"%25":
                raise GoError(f"invalid URL escape {quoted(from_bytes(escape))}")
            position += 3
            continue
        if byte < 0x80 and byte not in _HOST:
            raise GoError(f"invalid character {quoted(chr(byte))} in host name")
        position += 1
    return _unescape(data)


def _escape_at(data: bytes, position: int) -> int:
    digits = data[position + 1 : position + 3]
    if re.fullmatch(rb"[0-9a-fA-F]{2}", digits) is None:
        raise GoError(f"invalid URL escape {quoted(from_bytes(data[position : position + 3]))}")
    return int(digits, 16)


def _unescape(data: bytes) -> bytes:
    if b"%" not in data:
        return data
    unescaped = bytearray()
    position = 0
    while position < len(data):
        check_time()
        if data[position] == 0x25:
            unescaped.append(_escape_at(data, position))
            position += 3
        else:
            unescaped.append(data[position])
            position += 1
    return bytes(unescaped)


def _escape(data: bytes, allowed: frozenset[int]) -> bytes:
    return b"".join(b"%c" % byte if byte in allowed else b"%%%02X" % byte for byte in checked(data))


def _hostname(host: bytes) -> bytes:
    colon = host.rfind(b":")
    if colon >= 0 and _PORT.fullmatch(host[colon:]) is not None:
        host = host[:colon]
    return host[1:-1] if host.startswith(b"[") and host.endswith(b"]") else host


def url_to_bytes(url: Url) -> bytes:
    """Return a URL built from its parts.

    Source: url.go, String.
    """
    result = url.scheme + b":" if url.scheme else b""
    if url.opaque:
        result += url.opaque
    else:
        if (url.scheme or url.host or url.user is not None) and (
            url.host or url.path or url.user is not None
        ):
            result += b"//"
        if url.user is not None:
            result += url.user + b"@"
        result += _escape(url.host, _HOST)
        path = b"*" if url.path == b"*" else _escape(url.path, _PATH)
        if path and not path.startswith(b"/") and url.host:
            result += b"/"
        if not result and b":" in path.partition(b"/")[0]:
            result += b"./"
        result += path
    if url.query:
        result += b"?" + url.query
    if url.fragment:
        result += b"#" + _escape(url.fragment, _FRAGMENT)
    return result
