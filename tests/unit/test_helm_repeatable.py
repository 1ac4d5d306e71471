"""`seeded_random` and a fixed clock produce the same bytes each time, keys and certificates included."""

import hmac
from hashlib import sha256

import pytest

from kmanifest.engines.helm.sprig.randomness import RandomSource
from kmanifest.engines.helm.templates.reproducible import load_time
from kmanifest.helm import render_chart, seeded_random
from kmanifest.io.tree import MemoryTree
from kmanifest.model.errors import RenderError, SourceError

NOON = 1_700_000_000_000_000_000
RANDOM_CALLS = (
    "{{ randAlphaNum 20 }} {{ uuidv4 }} {{ shuffle `abcdef` }} {{ randInt 1 1000 }} {{ bcrypt `p` }} "
    "{{ htpasswd `u` `p` }} {{ encryptAES `k` `text` }} {{ now }}"
)
KEYS = (
    "{{ $ca := genCA `ca` 365 }}{{ $ca.Cert }}{{ $ca.Key }}"
    "{{ $c := genSignedCertWithKey `foo.com` (list `1.2.3.4`) (list `a.b`) 10 $ca (genPrivateKey `ecdsa`) }}{{ $c.Cert }}{{ $c.Key }}"
    "{{ $e := genCAWithKey `ec` 10 (genPrivateKey `ecdsa`) }}{{ $e.Cert }}{{ genPrivateKey `ed25519` }}"
)


def text(template: str, seed: str = "a") -> str:
    made = (
        '{{ define "made" }}' + template + '{{ end }}text: |\n{{ include "made" . | indent 2 }}\n'
    )
    tree = MemoryTree(
        {"Chart.yaml": "{apiVersion: v2, name: shop, version: 1.0.0}", "templates/a.yaml": made}
    )
    return render_chart("", tree=tree, random=seeded_random(seed), clock=lambda: NOON).text()


def test_the_stream_is_as_documented():
    texts = (b"seed", b"name")
    parts = [len(each).to_bytes(8, "big") + each for each in texts]
    key = sha256(b"".join([b"kmanifest random 1", *parts])).digest()
    blocks = [hmac.new(key, bytes([0] * 7 + [index]), sha256).digest() for index in range(2)]
    random = seeded_random("seed", "name")
    assert random.randbytes(5) + random.randbytes(40) == b"".join(blocks)[:45]
    assert (
        seeded_random("seed", "name").randrange(1 << 61)
        == int.from_bytes(blocks[0][:8], "big") >> 3
    )


def test_numbers_cover_their_range():
    random = seeded_random("a")
    assert {random.randrange(10) for _ in range(500)} == set(range(10))
    assert random.randrange(1) == 0


def test_names_separate_streams():
    def start(random: RandomSource) -> bytes:
        return random.randbytes(16)

    streams = [
        seeded_random("a"),
        seeded_random("b"),
        seeded_random("a", ""),
        seeded_random("", "a"),
    ]
    assert len(set(map(start, streams))) == 4


def test_a_seed_and_a_time_make_a_render_reproducible():
    assert text(RANDOM_CALLS) == text(RANDOM_CALLS)


def test_another_seed_changes_the_text():
    assert text(RANDOM_CALLS) != text(RANDOM_CALLS, seed="b")


def test_keys_and_certificates_are_reproducible_and_valid():
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    made = text(KEYS).replace("\n  ", "\n")
    assert made == text(KEYS).replace("\n  ", "\n")
    blocks = ["-----BEGIN" + part for part in made.split("-----BEGIN")[1:]]
    certificates = [
        x509.load_pem_x509_certificate(each.encode()) for each in blocks if "CERTIFICATE" in each
    ]
    private = [load_pem_private_key(each.encode(), None) for each in blocks if "KEY--" in each]
    assert len(certificates) == len(private) == 3
    authority, leaf, curved = certificates
    leaf.verify_directly_issued_by(authority)
    curved.verify_directly_issued_by(curved)
    assert private[0].public_key() == authority.public_key()
    assert private[0].key_size == 2048  # type: ignore[union-attr]  # an RSA key


def test_values_that_cannot_be_seeded_are_refused_with_their_location():
    with pytest.raises(RenderError) as caught:
        text("{{ genPrivateKey `dsa` }}")
    assert caught.value.message == (
        'template: shop/templates/a.yaml:2:3: executing "shop/templates/a.yaml" at <include "made" .>: error calling include: '
        'template: shop/templates/a.yaml:1:22: executing "made" at <genPrivateKey `dsa`>: '
        "error calling genPrivateKey: a DSA key can't be derived from a seed: use another kind of key, or pass the key"
    )


@pytest.mark.parametrize(
    ("written", "nanoseconds"),
    [
        ("1700000000", NOON),
        ("-1", -(10**9)),
        ("2023-11-14T22:13:20Z", NOON),
        ("2023-11-14T23:13:20.5+01:00", NOON + 500_000_000),
    ],
)
def test_times(written: str, nanoseconds: int):
    assert load_time(written) == nanoseconds


@pytest.mark.parametrize(
    "written", ["", "now", "2023-11-14", "1.5", "2023-13-14T22:13:20Z", "9" * 13]
)
def test_no_times(written: str):
    with pytest.raises(SourceError, match="neither a time"):
        load_time(written)
