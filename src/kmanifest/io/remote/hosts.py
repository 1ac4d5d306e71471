"""Decide which servers may be connected to, before each connection is made.

A host name is independent of the address behind it. So the name is resolved once, its addresses are checked, and the
connection is made to a checked address. A proxy resolves names itself: with a proxy, the name alone decides.

An address is inner if it is not one of the open network: loopback, private and link-local networks (cloud metadata),
multicast, and forms of IPv6 that lead to such an IPv4 address.
"""

import re
import socket
from errno import EINVAL
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any, Final, NamedTuple, Sequence

Address = IPv4Address | IPv6Address

ANY_PUBLIC: Final = "*"
"""The pattern for all servers that have no inner address."""

ANY_PRIVATE: Final = "private"
"""The pattern for all servers in private networks: those of an organization, but not this machine and its link."""

_NAME_PATTERN: Final = re.compile(r"(\*\.)?[^\s*/?#@:\[\]%\\]+")
_PRIVATE_NETWORKS: Final = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"),
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")
# 6to4, local-use NAT64, Teredo, site-local, and IPv4-compatible addresses.
_INNER_NETWORKS: Final = tuple(
    map(IPv6Network, ("2002::/16", "64:ff9b:1::/48", "2001::/32", "fec0::/10", "::/96"))
)
# Some cloud providers have their metadata service in a private network.
_METADATA: Final = (ip_address("fd00:ec2::254"), ip_address("100.100.100.200"))
_INNER_SUFFIXES: Final = (".local", ".localhost", ".internal", ".intranet", ".lan", ".home.arpa", ".svc")  # fmt: skip


class _Rule(NamedTuple):
    """A parsed pattern. `name` is a host name or a suffix with `*.`. A `port` of 0 means any port."""

    name: str = ""
    network: IPv4Network | IPv6Network | None = None
    port: int = 0

    def names(self, host: str, port: int, address: Address | None) -> bool:
        """Return whether this is the name of the host, or a network that contains the address."""
        if self.port not in (0, port):
            return False
        is_loopback = _is_local_name(host) if address is None else address.is_loopback
        if self.network is not None:
            is_contained = address is not None and address in self.network
            return is_contained or (is_loopback and self.network.is_loopback)
        if self.name.startswith("*."):
            return host.endswith(self.name[1:])
        # All names of this machine are one: whoever names one of them, names the machine.
        return host == self.name or (is_loopback and _is_local_name(self.name))


class HostPolicy:
    """The hosts that may be connected to.

    Each pattern is a host name, `*.SUFFIX` for all names below a domain, an address or a network (`10.0.0.0/8`), `*`
    for all hosts of the open network, or `private` for all private networks. A name or an address may be followed by a
    port. A host with an inner address must be named: `*` does not include it.
    """

    def __init__(self, patterns: Sequence[str] = (ANY_PUBLIC,)) -> None:
        self._patterns = tuple(patterns)
        self._allows_public = ANY_PUBLIC in patterns
        self._allows_private = ANY_PRIVATE in patterns
        keywords = (ANY_PUBLIC, ANY_PRIVATE)
        self._rules = [_parse(pattern) for pattern in patterns if pattern not in keywords]

    def allows(self, host: str, port: int, address: Address) -> bool:
        """Return whether a connection to this address of a host is allowed."""
        if self._allows_public and not is_inner(address):
            return True
        if self._allows_private and is_private_network(address):
            return True
        return self.names(host, port, address)

    def names(self, host: str, port: int, address: Address | None) -> bool:
        """Return whether a pattern names the host or the address: any but `*` and `private`."""
        host = normalized(host)
        return any(rule.names(host, port, address) for rule in self._rules)

    def allows_name(self, host: str, port: int) -> bool:
        """Return whether a connection is allowed if only the name of the host is known."""
        host = normalized(host)
        address = literal_address(host)
        if address is not None:
            return self.allows(host, port, address)
        if self.names(host, port, None):
            return True
        if _is_local_name(host) or not host.isascii():  # a proxy may read it as another name
            return False
        return self._allows_private if _is_inner_name(host) else self._allows_public

    def check_name(self, host: str, port: int, shown_url: str) -> None:
        """Raise SourceError unless the host is allowed by its name. `shown_url` identifies the URL in the error."""
        if not self.allows_name(host, port):
            raise self._refusal(host, shown_url)

    def addresses(
        self, host: str, port: int, timeout: float, shown_url: str, *, requires_all: bool = False
    ) -> list[str]:
        """Return the addresses of a host that may be connected to.

        Raises SourceError if there is none or, with `requires_all`, if an address is not allowed. Raises OSError if the
        host has no address, TimeoutError if that takes more than `timeout` seconds.
        """
        addresses = resolve(host, port, timeout)
        allowed = [text for text in addresses if self.allows(host, port, to_address(text))]
        if not allowed or (requires_all and len(allowed) < len(addresses)):
            raise self._refusal(host, shown_url)
        return allowed

    def _refusal(self, host: str, shown_url: str) -> SourceError:
        host = normalized(host)
        listed = ", ".join(self._patterns) or "none"
        rule = "; an inner address must be named" if self._allows_public else ""
        return SourceError(
            f"{shown_url}: the host {host} is not among those allowed ({listed}){rule}; "
            f"--allow-host {host} allows it"
        )


def is_inner(address: Address) -> bool:
    """Return whether an address is not one of the open network."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return True
        if address in _NAT64:
            return is_inner(IPv4Address(int(address) & 0xFFFFFFFF))
        if any(address in network for network in _INNER_NETWORKS):
            return True
    return not address.is_global or address.is_multicast or address.is_reserved


def is_private_network(address: Address) -> bool:
    """Return whether an address belongs to a private network of an organization."""
    return address not in _METADATA and any(address in network for network in _PRIVATE_NETWORKS)


def literal_address(host: str) -> Address | None:
    """Return the address that a host is written as, or None for a name. `0x7f.1` and `2130706433` are addresses."""
    try:
        return to_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def to_address(text: str) -> Address:
    """Return the address in a text, without a zone (`fe80::1%eth0`). Raises ValueError if it is none."""
    return ip_address(text.partition("%")[0])


def normalized(host: str) -> str:
    """Return a host in lower case, without brackets and a final dot."""
    return host.lower().removeprefix("[").removesuffix("]").rstrip(".")


def resolve(host: str, port: int, timeout: float) -> list[str]:
    """Return the addresses of a host, each once. Raises OSError or TimeoutError.

    The system's resolver can't be interrupted, so it runs in a thread that is left behind after the timeout.
    """
    import threading

    host = normalized(host)
    results: list[list[Any] | OSError] = []

    def ask() -> None:
        try:
            results.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            results.append(error)
        except ValueError:
            results.append(OSError(EINVAL, "the host name is invalid"))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout)
    if not results:
        raise TimeoutError
    result = results[0]
    if isinstance(result, OSError):
        raise result
    return list(dict.fromkeys(str(entry[4][0]) for entry in result))


def find_proxy(scheme: str, host_and_port: str) -> str:
    """Return the URL of the proxy that the environment sets for a server, or an empty string.

    `scheme` is that of the server's URL, or `all`.
    """
    from urllib.request import getproxies, proxy_bypass

    proxy = getproxies().get(scheme, "")
    return "" if not proxy or proxy_bypass(host_and_port) else proxy


def _is_local_name(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def _is_inner_name(host: str) -> bool:
    return "." not in host or host.endswith(_INNER_SUFFIXES)


def _parse(pattern: str) -> _Rule:
    text = pattern.lower()
    try:
        return _Rule(network=ip_network(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        pass
    host, colon, port_text = text.rpartition(":")
    if not colon:
        host, port_text = text, "0"
    if port_text.isdigit() and port_text.isascii() and int(port_text) < 65_536:
        address = literal_address(host.removeprefix("[").removesuffix("]"))
        if address is not None:
            return _Rule(network=ip_network(address), port=int(port_text))
        if _NAME_PATTERN.fullmatch(host):
            return _Rule(host, port=int(port_text))
    raise SourceError(
        f"{pattern!r} is not a pattern of hosts: expected a name, *.SUFFIX, an address, a network, * or private"
    )
