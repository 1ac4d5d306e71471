"""Masking of secrets in strings."""

import copy
import pickle
import time
from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmanifest.model.masking import Secret, is_secret_name, masker
from kmanifest.model.masking import Secret as PublicSecret

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "Cc"]), min_size=6)


def masked(text: str, *secrets: str) -> str:
    return masker(map(Secret, secrets))(text)


@pytest.mark.parametrize(
    ("text", "secrets", "expected"),
    [
        ("a secret word", ("secret",), "a *** word"),
        ("secretsecret", ("secret",), "******"),
        ("abcdefghi", ("abcdef", "defghi"), "***"),
        ("abcdef abcd", ("abcd", "abcdef"), "*** ***"),
        ("abc a", ("abc", "a", ""), "abc a"),
        ("to be    or", ("    ",), "to be    or"),
        ("first line; other", ("first line\nsecond line\n",), "***; other"),
        ('{"a": "x\\"y\\nz"}', ('x"y\nz',), '{"a": "***"}'),
        ('{"a": "x\\u003cé&y"}', ("x<é&y",), '{"a": "x\\u003cé&y"}'),
        ('{"a": "x\\u003cé\\u0026y"}', ("x<é&y",), '{"a": "***"}'),
        ('{"a": "x<\\u00e9&y"}', ("x<é&y",), '{"a": "***"}'),
        ("nested: part one", ('{"a": ["part one", 12345, null]}',), "nested: ***"),
        ("{not json", ("{not json",), "***"),
        ("\ufffd\ufffd end", ("\udcff\udcfe end",), "***"),
    ],
)
def test_masked(text: str, secrets: tuple[str, ...], expected: str):
    assert masked(text, *secrets) == expected


@given(st.binary(max_size=5), TEXTS, st.binary(max_size=5))
def test_base64_of_a_longer_value_with_a_secret(before: bytes, secret: str, after: bytes):
    whole = before + secret.encode() + after
    inner = (len(before) + 2) // 3 * 4, (len(before) + len(secret.encode())) // 3 * 4
    for encode in (b64encode, urlsafe_b64encode):
        text = encode(whole).decode()
        for encoded in (text, text.rstrip("=")):
            assert text[inner[0] : inner[1]] not in masked(f"<{encoded}>", secret)


def test_base64_alone_leaves_nothing():
    for secret in ("abcd", "abcde", "abcdef", "abc>>>???"):
        for encode in (b64encode, urlsafe_b64encode):
            text = encode(secret.encode()).decode()
            assert masked(text, secret) == masked(text.rstrip("="), secret) == "***"


@pytest.mark.parametrize("width", [64, 70, 76])
def test_base64_in_lines(width: int):
    secret = "".join(map(chr, range(33, 126))) * 2
    text = b64encode(secret.encode()).decode()
    lines = [text[start : start + width] for start in range(0, len(text), width)]
    assert masked("\n".join(lines), secret) == "\n".join(["***"] * len(lines))


def test_long_texts_are_masked_quickly():
    start = time.process_time()
    masked("a" * 500_000, "a" * 20_000, "a" * 100 + "b", "ab" * 1_000)
    masked("x", "[" * 100_000)
    assert time.process_time() - start < 5


def test_a_secret_is_masked_in_every_format():
    secret = PublicSecret("hunter2")
    assert f"{secret} {secret!r} {secret:>20} {[secret]} {secret!s}" == "*** *** *** [***] ***"
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2") != Secret("other")
    assert len({secret, Secret("hunter2")}) == 1
    for hand_on in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="not pickled") as caught:
            hand_on(secret)
        assert "hunter2" not in str(caught.value)


def test_names_of_secrets():
    secret = "GITHUB_TOKEN DB_PASSWORD AWS_SECRET_ACCESS_KEY API_KEY SSH_PASSPHRASE GCP_CREDENTIALS db_pwd GH_PAT"
    plain = "PATH HOME LANG TMPDIR PWD VAULT_ADDR AWS_REGION SOPS_AGE_KEY_FILE"
    assert [name for name in secret.split() if not is_secret_name(name)] == []
    assert [name for name in plain.split() if is_secret_name(name)] == []
