"""IP addresses and CIDRs.

Source: k8s.io/apimachinery v0.36.3 pkg/util/validation/ip.go; k8s.io/utils net/parse.go, ParseIPSloppy.
"""

from kmanifest.startup.typing import TYPE_CHECKING, Final, NamedTuple
from kmanifest.validation.rules.syntax import Messages

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

Version = tuple[int, int]

STRICT_SINCE: Final[Version] = (1, 36)
"""The first version of Kubernetes that refuses leading zeros."""

_DIGITS: Final = "0123456789"
_NOT_AN_IP: Final = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_NOT_A_CIDR: Final = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


class Address(NamedTuple):
    """An IP address as Go reads it.

    `is_exact`: it has no leading zeros. `is_mapped`: it is an IPv4 address written as IPv6.
    """

    ip: "IPv4Address | IPv6Address"
    is_exact: bool
    is_mapped: bool

    @property
    def text(self) -> str:
        """Return the address as Go prints it."""
        mapped = self.ip.ipv4_mapped if self.is_mapped and self.ip.version == 6 else None
        return str(mapped or self.ip)


class Network(NamedTuple):
    """A CIDR. `is_exact`: neither the address nor the length of the prefix has leading zeros."""

    address: Address
    prefix: int
    is_exact: bool

    @property
    def has_host_bits(self) -> bool:
        """Return whether bits beyond the prefix are set."""
        host_bits = self.address.ip.max_prefixlen - self.prefix
        return bool(int(self.address.ip) & ((1 << host_bits) - 1))

    @property
    def text(self) -> str:
        """Return the network as Go prints it, without the bits beyond the prefix."""
        host_bits = self.address.ip.max_prefixlen - self.prefix
        ip = type(self.address.ip)(int(self.address.ip) >> host_bits << host_bits)
        return f"{ip}/{self.prefix}"


def parse_ip(text: str) -> Address | None:
    """Parse an IP address. Leading zeros are allowed, as old objects may have them."""
    from ipaddress import IPv4Address, IPv6Address

    if len(text) > 64:
        return None
    if ":" not in text:
        parts = text.split(".")
        if len(parts) != 4 or not all(part and not part.strip(_DIGITS) for part in parts):
            return None
        numbers = [int(part) for part in parts]
        if max(numbers) > 255:
            return None
        exact = all(part == str(number) for part, number in zip(parts, numbers, strict=True))
        return Address(IPv4Address(bytes(numbers)), exact, is_mapped=False)
    if "%" in text:
        return None
    last = text.rpartition(":")[2]
    exact = True
    if "." in last:
        embedded = parse_ip(last)
        if embedded is None:
            return None
        exact = embedded.is_exact
        text = text[: -len(last)] + str(embedded.ip)
    try:
        ip = IPv6Address(text)
    except ValueError:
        return None
    return Address(ip, exact, is_mapped=ip.ipv4_mapped is not None)


def parse_cidr(text: str) -> Network | None:
    """Parse an address with the length of a prefix. Leading zeros are allowed."""
    host, slash, length = text.partition("/")
    address = parse_ip(host)
    if address is None or not slash or not length or len(length) > 8 or length.strip(_DIGITS):
        return None
    prefix = int(length)
    if prefix > address.ip.max_prefixlen:
        return None
    return Network(address, prefix, address.is_exact and length == str(prefix))


def _is_plain(text: str) -> bool:
    """Return whether a string is an IPv4 address as Go prints it."""
    parts = text.split(".", 4)
    if len(parts) != 4:
        return False
    for part in parts:
        if not (part.isdecimal() and part.isascii() and len(part) < 4 and int(part) < 256):
            return False
        if part[0] == "0" and part != "0":
            return False
    return True


def ip_address(text: str, version: Version = STRICT_SINCE) -> Messages:
    """Check an address in a field of an old API, which servers before 1.36 do less strictly.

    Source: IsValidIPForLegacyField, with the feature StrictIPCIDRValidation.
    """
    if _is_plain(text):
        return ()
    address = parse_ip(text)
    if address is None:
        return (_NOT_AN_IP,)
    messages: list[str] = []
    if version < STRICT_SINCE:
        return messages
    if not address.is_exact:
        messages.append("must not have leading 0s")
    elif address.is_mapped:
        messages.append("must not be an IPv4-mapped IPv6 address")
    return messages


def canonical_ip_address(text: str) -> Messages:
    """Check an address that must be written in one way. Source: IsValidIP."""
    messages = ip_address(text)
    address = parse_ip(text)
    if messages or address is None or address.text == text:
        return messages
    return (f'must be in canonical form ("{address.text}")',)


def cidr(text: str, version: Version = STRICT_SINCE) -> Messages:
    """Check a CIDR in a field of an old API, which servers before 1.36 do less strictly.

    Source: IsValidCIDRForLegacyField, with the feature StrictIPCIDRValidation.
    """
    network = parse_cidr(text)
    if network is None:
        return (_NOT_A_CIDR,)
    if version < STRICT_SINCE:
        return ()
    if not network.is_exact:
        return ("must not have leading 0s in IP or prefix length",)
    if network.address.is_mapped:
        return ("must not have an IPv4-mapped IPv6 address",)
    if network.has_host_bits:
        return ("must not have bits set beyond the prefix length",)
    return ()


def canonical_cidr(text: str) -> Messages:
    """Check a CIDR that must be written in one way. Source: IsValidCIDR."""
    messages = cidr(text)
    network = parse_cidr(text)
    if messages or network is None or network.text == text:
        return messages
    return (f'must be in canonical form ("{network.text}")',)
