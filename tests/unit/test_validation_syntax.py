import pytest

from kmanifest.validation.rules import addresses, cron, messages, quantities, syntax

LABEL = "a lowercase RFC 1123 label must consist of"
SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of"


@pytest.mark.parametrize(
    ("check", "text", "beginnings"),
    [
        (syntax.dns_label, "my-name", []),
        (syntax.dns_label, "0a", []),
        (syntax.dns_label, "", [LABEL]),
        (syntax.dns_label, "a.b", ["must not contain dots"]),
        (syntax.dns_label, "A", [LABEL]),
        (syntax.dns_label, "a\n", [LABEL]),
        (syntax.dns_label, "a" * 64, ["must be no more than 63 characters"]),
        (syntax.dns_subdomain, "example.com", []),
        (syntax.dns_subdomain, "a..b", [SUBDOMAIN]),
        (syntax.dns_subdomain, "a.-b", [SUBDOMAIN]),
        (syntax.dns_subdomain, "a-.b", [SUBDOMAIN]),
        (syntax.dns_subdomain, ".a", [SUBDOMAIN]),
        (syntax.dns_subdomain, "wéb", [SUBDOMAIN]),
        (syntax.dns_subdomain, "a" * 254, ["must be no more than 253 characters"]),
        (syntax.underscore_subdomain, "_sip._tcp.a_b", []),
        (syntax.underscore_subdomain, "__a", ["a lowercase RFC 1123 subdomain"]),
        (syntax.wildcard_subdomain, "*.example.com", []),
        (syntax.wildcard_subdomain, "*", ["a wildcard DNS-1123 subdomain"]),
        (syntax.dns1035_label, "a1", []),
        (syntax.dns1035_label, "1a", ["a DNS-1035 label"]),
        (syntax.qualified_name, "app.kubernetes.io/name", []),
        (syntax.qualified_name, "a/b/c", ["a valid label key must consist"]),
        (syntax.qualified_name, "/b", ["prefix part must be non-empty"]),
        (syntax.qualified_name, "A.com/b", ["prefix part " + SUBDOMAIN]),
        (
            syntax.qualified_name,
            "a.com/",
            ["name part must be non-empty", "name part must consist"],
        ),
        (syntax.qualified_name, "a" * 64, ["name part must be no more than 63 bytes"]),
        (syntax.label_value, "", []),
        (syntax.label_value, "a_b.c-d", []),
        (syntax.label_value, "-x", ["a valid label must be"]),
        (syntax.label_value, "x" * 64, ["must be no more than 63 bytes"]),
        (syntax.path_segment, "a:b", []),
        (syntax.path_segment, "..", ["may not be '..'"]),
        (syntax.path_segment, "a/b%", ["may not contain '/'", "may not contain '%'"]),
        (syntax.port_name, "http", []),
        (syntax.port_name, "8080", ["must contain at least one letter (a-z)"]),
        (syntax.port_name, "a--b", ["must not contain consecutive hyphens"]),
        (syntax.port_name, "-a", ["must not begin or end with a hyphen"]),
        (syntax.port_name, "a_b", ["must contain only alpha-numeric characters"]),
        (
            syntax.port_name,
            "HTTP",
            ["must contain only alpha-numeric", "must contain at least one letter (a-z)"],
        ),
        (syntax.port_name, "a" * 16, ["must be no more than 15 characters"]),
        (syntax.port_or_name, 0, ["must be between 1 and 65535, inclusive"]),
        (syntax.port_or_name, 80.0, []),
        (syntax.percent, "25%", []),
        (syntax.percent, "%", ["a valid percent string"]),
        (syntax.percent, "-1%", ["a valid percent string"]),
        (syntax.env_name, "1A b", []),
        (syntax.env_name, "A=B", ["a valid environment variable name"]),
        (syntax.env_name, "É", ["a valid environment variable name"]),
        (syntax.env_name, "", ["environment variable name must be non-empty"]),
        (syntax.c_identifier, "_a1", []),
        (syntax.c_identifier, "1a", ["a valid C identifier"]),
        (syntax.config_key, "a.b_c-D", []),
        (syntax.config_key, "..a", ["must not start with '..'"]),
        (syntax.config_key, "a/b", ["a valid config key"]),
        (syntax.http_header_name, "X-Probe", []),
        (syntax.http_header_name, "X Probe", ["a valid HTTP header"]),
        (syntax.decimal_integer, "-1", []),
        (syntax.decimal_integer, "01", ["must be a valid decimal integer"]),
        (syntax.relative_path, "a/b", []),
        (syntax.relative_path, "/a/..", ["must be a relative path", "must not contain '..'"]),
        (syntax.file_name, "..data", ["must not start with '..'"]),
        (syntax.domain_prefixed_key, "a", ["must be a domain-prefixed key"]),
        (addresses.ip_address, "10.1.2.3", []),
        (addresses.ip_address, "010.1.2.3", ["must not have leading 0s"]),
        (addresses.ip_address, "10.1.2", ["must be a valid IP address"]),
        (addresses.ip_address, "::ffff:1.2.3.4", ["must not be an IPv4-mapped"]),
        (
            addresses.canonical_ip_address,
            "2001:DB8::1",
            ['must be in canonical form ("2001:db8::1")'],
        ),
        (addresses.cidr, "10.0.0.0/8", []),
        (addresses.cidr, "10.0.0.1/8", ["must not have bits set beyond the prefix length"]),
        (addresses.cidr, "10.0.0.0/08", ["must not have leading 0s in IP or prefix length"]),
        (addresses.cidr, "10.0.0.0", ["must be a valid CIDR value"]),
        (
            addresses.canonical_cidr,
            "2001:DB8::/32",
            ['must be in canonical form ("2001:db8::/32")'],
        ),
    ],
)
def test_checks_return_the_messages_of_the_server(check, text, beginnings):
    found = check(text)
    assert len(found) == len(beginnings), found
    for message, beginning in zip(found, beginnings, strict=True):
        assert message.startswith(beginning)


def test_messages_of_patterns_are_exact():
    assert syntax.dns_label("A")[0].endswith(
        "(e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    )
    assert syntax.dns_subdomain("A")[0].endswith(
        "(e.g. 'example.com', regex used for validation is "
        r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    )


@pytest.mark.parametrize(
    ("value", "billionths", "text"),
    [
        ("100m", 10**8, "100m"),
        ("+128Mi", 128 * 2**20 * 10**9, "128Mi"),
        (".5Gi", 2**29 * 10**9, "512Mi"),
        ("1E3", 10**12, "1k"),
        ("12e-1", 12 * 10**8, "1200m"),
        (0.5, 5 * 10**8, "500m"),
        (80.0, 80 * 10**9, "80"),
        (None, 0, "0"),
        ("-1", -(10**9), "-1"),
        ("0.0000000001", 1, "1n"),
        ("1 Gi", None, "1 Gi"),
        ("1Gii", None, "1Gii"),
        ("1e", None, "1e"),
        ("1.2.3", None, "1.2.3"),
        ("²", None, "²"),
        ("", None, ""),
        ("1e999999999", 10**409, str(10**382) + "E"),
    ],
)
def test_quantities(value, billionths, text):
    assert quantities.parse_quantity(value) == billionths
    assert quantities.quantity_text(value).startswith(text)


@pytest.mark.parametrize(
    ("schedule", "fault"),
    [
        ("0 0 31 2 *", None),
        ("@every 1h30m", None),
        ("@daily", None),
        (" */5 ? * jan mon-fri ", None),
        ("5/10 * * * *", None),
        ("TZ=Europe/Berlin 0 0 * * *", None),
        ("TZ=Nope/Zone 0 0 * * *", "provided bad location"),
        ("", "empty spec string"),
        ("0 0 * *", "expected exactly 5 fields, found 4: [0 0 * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("a * * * *", "failed to parse int from a"),
        ("@often", "unrecognized descriptor: @often"),
        ("@every soon", "failed to parse duration @every soon"),
    ],
)
def test_schedules(schedule, fault):
    found = cron.schedule_fault(schedule)
    if fault is None:
        assert found is None
    else:
        assert found is not None
        assert found.startswith(fault)


@pytest.mark.parametrize(
    ("name", "known"),
    [("Europe/Berlin", True), ("", True), ("Nope/Zone", False), ("../etc", False)],
)
def test_time_zones(name, known):
    assert cron.is_time_zone(name) is known


@pytest.mark.parametrize(
    ("value", "text"),
    [("é", '"é"'), (80.0, "80"), (True, "true"), (None, "null"), ({"a": ["b"]}, '{"a":["b"]}')],
)
def test_values_are_shown_as_the_server_does(value, text):
    assert messages.show(value) == text
