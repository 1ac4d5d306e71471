"""URLs in messages have no secrets. `tests/static_checks.py` finds messages with a URL that is not masked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmanifest.io.remote.urls import Endpoint, find_endpoint, parse_repository
from kmanifest.model.errors import SourceError
from kmanifest.model.url_masking import mask_logins, mask_url, mask_urls


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host/org/repo", "https://host/org/repo"),
        ("https://ghp_SECRET@host/o/r.git", "https://***@host/o/r.git"),
        ("https://u:SECRET@host/x", "https://***@host/x"),
        ("https://u:S@ECRET@host/x", "https://***@host/x"),
        ("https://u:SEC/RET@host", "https://***@host"),
        ("https://u:SE#C?RET@host/x", "https://***@host/x"),
        ("https://host/x.yaml?token=SECRET", "https://host/x.yaml?…"),
        ("https://host/x.yaml#token=SECRET", "https://host/x.yaml#…"),
        ("https://host/x.yaml;token=SECRET", "https://host/x.yaml;…"),
        ("https://host:8443/@scope/pkg@1.0/x", "https://host:8443/@scope/pkg@1.0/x"),
        ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
        ("http://[::1]/a@b", "http://[::1]/a@b"),
        ("git::https://u:SECRET@host/x", "git::https://***@host/x"),
        ("oci://u:SECRET@host/x", "oci://***@host/x"),
        ("git@host:org/repo", "git@host:org/repo"),
        ("ssh://git@host/org/repo", "ssh://git@host/org/repo"),
        ("ssh://git:SECRET@host/org/repo", "ssh://***@host/org/repo"),
        ("u:SECRET@host/org/repo", "***@host/org/repo"),
        ("", ""),
    ],
)
def test_masked(url: str, shown: str):
    assert mask_url(url) == shown
    assert mask_url(shown) == shown


@given(st.text(alphabet="ab:/@?#;[]%0. \n", max_size=30))
def test_the_login_of_a_url_is_never_shown(rest: str):
    """Also if other clients would read the URL in another way."""
    assert "SECRET" not in mask_url(f"https://SECRET@{rest}")
    assert "SECRET" not in mask_url(f"https://u:SECRET@{rest}")
    assert "SECRET" not in mask_url(f"https://host/{rest}?SECRET")
    assert "SECRET" not in mask_url(f"https://host/{rest}#SECRET")


def test_urls_in_a_text():
    url = "https://u:a b'SECRET@host/x"
    text = (
        f"fatal: unable to access '{url}/': no; see https://T0KEN@other/?SECRET and <ssh://git@h/>"
    )
    masked = mask_urls(text, url)
    assert masked == (
        "fatal: unable to access 'https://***@host/x/': no; see https://***@other/?… and <ssh://git@h/>"
    )
    assert mask_logins("postgres://u:SECRET@db/x?y=1#z") == "postgres://***@db/x?y=1#z"


def test_errors_mask_logins_wherever_they_come_from():
    assert str(SourceError("no such file: 'https://u:SECRET@host/x?y'")) == (
        "no such file: 'https://***@host/x?y'"
    )


def test_reprs():
    repository = parse_repository("https://u:SECRET@host/org/repo//a?ref=v1")
    assert repr(repository) == "Repository('https://***@host/org/repo@v1', 'a')"
    assert "SECRET" not in repr(find_endpoint("https://u:SECRET@host/x"))


# Hosts


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://Host/x?y#z", ("https", "", "host", 0, "/x")),
        ("https://u:p@host:80/x", ("https", "u:p", "host", 80, "/x")),
        ("https://a@b@host/x", ("https", "a@b", "host", 0, "/x")),
        ("https://[::1]:3/x", ("https", "", "::1", 3, "/x")),
        ("git@host:o/r", ("ssh", "git", "host", 0, "o/r")),
        ("ssh://git@host:22/x", ("ssh", "git", "host", 22, "/x")),
        ("file:///srv/x", None),
        ("/srv/x", None),
        ("a/b", None),
    ],
)
def test_the_server_of_a_url(url, endpoint):
    assert find_endpoint(url) == (Endpoint(*endpoint) if endpoint else None)


@pytest.mark.parametrize(
    "url",
    ["https://u:SEC/RET@host/x", "http://a\\@b/", "http://h:99999/", "http://a b/", "http://a%2eb/", "https:///x", "git@[h:22]:o/r"],
)  # fmt: skip
def test_a_url_that_programs_read_in_different_ways_is_refused(url):
    with pytest.raises(SourceError) as caught:
        find_endpoint(url)
    assert "SEC" not in str(caught.value)
