"""The functions of helm's templates give what helm printed: `helm_goldens.json`, made by `tests/helm_goldens.py`."""

import json
import random
import subprocess
import sys
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from kmanifest.engines.helm.gotemplate.execute import execute
from kmanifest.engines.helm.gotemplate.parser import parse
from kmanifest.engines.helm.gotemplate.templates import TemplateSet
from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.engines.helm.templates.functions import functions
from kmanifest.model.errors import LimitError
from kmanifest.model.limits import Limits
from tests.helm_goldens import GOLDENS, VALUES

CASES = json.loads(GOLDENS.read_text("utf-8"))
NAME = "t/templates/_case.tpl"
NOON = 1_500_000_000_123_456_789


def render(
    template: str,
    values: dict[str, Any] | None = None,
    *,
    seed: int = 1,
    limits: Limits = Limits(),
    env: dict[str, str] | None = None,
    impure: list[str] | None = None,
) -> str:
    table = functions(random=random.Random(seed), clock=lambda: NOON, env=env, limits=limits)  # noqa: S311
    templates = TemplateSet("gotpl").with_parsed(parse(NAME, template, table))
    data = {"Values": through_json({**VALUES, **(values or {})})}
    met: list[str] = [] if impure is None else impure
    text = execute(
        templates,
        NAME,
        data,
        table,
        missing_key="zero",
        on_impure=lambda name, *_: met.append(name),
    )
    return text.replace("<no value>", "")


def through_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: through_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [through_json(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.parametrize("case", CASES, ids=[case["template"][:60] for case in CASES])
def test_gives_what_helm_gives(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(GoError) as caught:
            render(case["template"], case.get("values"))
        assert str(caught.value) == case["error"]
    else:
        assert render(case["template"], case.get("values")) == case["output"]


# --- chance and the clock come from the caller ----------------------------------------------------------------------

DRAWN = "{{ randAlphaNum 20 }} {{ uuidv4 }} {{ shuffle `abcdef` }} {{ randInt 1 1000 }} {{ randBytes 9 }} {{ encryptAES `k` `text` }}"


def test_a_seed_gives_the_same_each_time() -> None:
    assert render(DRAWN, seed=7) == render(DRAWN, seed=7) != render(DRAWN, seed=8)


def test_now_is_what_the_clock_says() -> None:
    assert render("{{ now.Unix }} {{ date `15:04:05.000` now }}") == "1500000000 02:40:00.123"
    assert render("{{ ago (dateModify `-90s` now) }} {{ now.Month }}") == "1m30s July"


def test_tz_is_the_local_zone() -> None:
    template = "{{ date `15:04 MST` now }} {{ toDate `2006-01-02` `2020-07-01` }}"
    assert (
        render(template, env={"TZ": "Europe/Berlin"}) == "04:40 CEST 2020-07-01 00:00:00 +0200 CEST"
    )


def test_what_is_impure_is_told() -> None:
    met: list[str] = []
    render(DRAWN + "{{ now | date `2006` }}{{ upper `a` }}", impure=met)
    assert met == [
        "randAlphaNum", "uuidv4", "shuffle", "randInt", "randBytes", "encryptAES", "now", "date",
    ]  # fmt: skip


# --- keys, certificates and hashes ----------------------------------------------------------------------------------


def test_a_signed_certificate_is_its_authoritys() -> None:
    from cryptography import x509

    template = (
        "{{ $ca := genCA `ca` 365 }}"
        "{{ $c := genSignedCert `foo.com` (list `1.2.3.4` `::1`) (list `a.b` `*.c`) 10 $ca }}"
        "{{ $c.Cert }}{{ $ca.Cert }}"
    )
    leaf, authority = x509.load_pem_x509_certificates(render(template).encode())
    leaf.verify_directly_issued_by(authority)
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days == 10
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.b", "*.c"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["1.2.3.4", "::1"]
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize(
    ("kind", "label"),
    [("ecdsa", "EC PRIVATE KEY"), ("ed25519", "PRIVATE KEY"), ("rsa", "RSA PRIVATE KEY")],
)
def test_a_key_can_make_an_authority(kind: str, label: str) -> None:
    template = (
        "{{ $k := genPrivateKey `%s` }}{{ $c := genCAWithKey `x` 1 $k }}{{ $k }}{{ eq $k $c.Key }}"
    )
    text = render(template % kind)
    assert text.startswith(f"-----BEGIN {label}-----\n")
    assert text.endswith(f"-----END {label}-----\ntrue")


def test_a_hash_is_that_of_the_password() -> None:
    import bcrypt

    user, _, hashed = render("{{ htpasswd `u` `pässword` }}").partition(":")
    assert user == "u"
    assert bcrypt.checkpw("pässword".encode(), hashed.encode())


def test_what_is_encrypted_can_be_decrypted() -> None:
    assert render("{{ encryptAES `k` `é text` | decryptAES `k` }}") == "é text"


# --- bounds ---------------------------------------------------------------------------------------------------------

CHEAP = ec.generate_private_key(ec.SECP256R1())
SMALL = Limits(max_string=1_000, max_items=100, max_depth=50)


@pytest.mark.parametrize(
    ("bound", "call"),
    [
        ("max_items", "until 101"),
        ("max_items", "untilStep 0 9000000000000000000 1"),
        ("max_items", "seq 1 1000"),
        ("max_items", "randAlphaNum 101"),
        ("max_items", "randBytes 101"),
        ("max_items", "splitList `` (repeat 101 `a`)"),
        ("max_items", "regexFindAll `a` (repeat 101 `a`) -1"),
        ("max_items", "regexSplit `a` (repeat 101 `a`) -1"),
        ("max_items", "concat (until 60) (until 60)"),
        ("max_string", "repeat 1001 `a`"),
        ("max_string", "repeat 1000000000000 `a`"),
        ("max_string", "indent 1001 `a`"),
        ("max_string", "indent 500 `a\na`"),
        ("max_string", "replace `a` `bbbbbbbbbbb` (repeat 100 `a`)"),
        ("max_string", "join (repeat 100 `a`) (until 20)"),
        ("max_string", "wrapWith 1 (repeat 100 `-`) (repeat 100 `a`)"),
        ("max_string", "regexReplaceAll `a` (repeat 100 `a`) (repeat 100 `b`)"),
        ("max_string", "toJson (list (repeat 600 `a`) (repeat 600 `a`))"),
        ("max_string", "toPrettyJson (list (repeat 600 `a`) (repeat 600 `a`))"),
        ("max_string", "cat (repeat 600 `a`) (repeat 600 `a`)"),
        ("max_string", "quote (repeat 600 `a`) (repeat 600 `a`)"),
        ("max_string", "squote (repeat 600 `a`) (repeat 600 `a`)"),
        ("max_output", "toYaml (list (repeat 600 `a`) (repeat 600 `a`))"),
        ("max_string", "toYamlPretty (list (repeat 600 `a`) (repeat 600 `a`))"),
        ("max_string", "toToml (list (repeat 600 `a`) (repeat 600 `a`))"),
    ],
)
def test_what_would_be_too_much_is_refused(bound: str, call: str) -> None:
    with pytest.raises(LimitError, match=bound):
        render("{{ %s }}" % call, limits=SMALL)  # noqa: UP031 - the braces are the template's


@pytest.mark.parametrize(
    ("most", "call"),
    [
        (16, 'genPrivateKey "rsa"'),
        (16, 'genPrivateKey ""'),
        (16, 'genPrivateKey "dsa"'),
        (2, 'genPrivateKey "ecdsa"'),
        (2, 'genPrivateKey "ed25519"'),
        (2, 'genCA "a" 1'),
        (2, 'genSelfSignedCert "a" nil nil 1'),
    ],
)
def test_keys_are_counted(monkeypatch: pytest.MonkeyPatch, most: int, call: str) -> None:
    from kmanifest.engines.helm.sprig import certificates

    made: list[str] = []

    def note(*_: Any) -> Any:
        made.append(call)
        return CHEAP

    monkeypatch.setattr(certificates, "generate_key", lambda *kind: str(note(*kind)))
    monkeypatch.setattr(certificates, "_rsa_key", note)
    two, three = ("{{ range until %d }}{{ $_ := %s }}{{ end }}" % (n, call) for n in (2, 3))  # noqa: UP031
    render(two, limits=Limits(max_keys=most))
    render(two, limits=Limits(max_keys=most))
    made.clear()
    with pytest.raises(LimitError, match="max_keys"):
        render(three, limits=Limits(max_keys=most))
    assert len(made) == 2


def test_a_key_that_is_given_does_not_count() -> None:
    given = "{{ $k := genPrivateKey `ecdsa` }}{{ range until 9 }}{{ $_ := genCAWithKey `a` 1 $k }}{{ end }}"
    render(given, limits=Limits(max_keys=1))


CYCLE = "{{ $d := dict `a` 1 }}{{ $_ := set $d `x` $d }}"


@pytest.mark.parametrize("name", ["toJson", "toPrettyJson", "toYaml"])
def test_what_contains_itself_is_nothing_in_json(name: str) -> None:
    assert render(CYCLE + "{{ %s $d }}" % name) == ""  # noqa: UP031


def test_what_contains_itself_is_the_error_of_json() -> None:
    with pytest.raises(GoError, match=r"a cycle via map\[string\]interface \{\}"):
        render(CYCLE + "{{ mustToJson $d }}")


@pytest.mark.parametrize(
    "call", ["toYamlPretty $d", "toToml $d", "deepCopy $d", "merge (deepCopy $d) $d", "toString $d"]
)
def test_what_contains_itself_ends(call: str) -> None:
    with pytest.raises(LimitError):
        render(CYCLE + "{{ %s }}" % call)  # noqa: UP031


def test_what_contains_itself_is_compared() -> None:
    other = "{{ $e := dict `a` 1 }}{{ $_ := set $e `x` $e }}"
    assert render(CYCLE + other + "{{ deepEqual $d $e }} {{ has $d (list $e) }}") == "true true"


def test_what_is_shared_does_not_grow_without_bound() -> None:
    value: dict[str, Any] = {"a": 1.0}
    for _ in range(40):
        value = {"a": value, "b": value}
    for call in ("deepCopy", "toYaml"):
        with pytest.raises(LimitError):
            render_value(call, value)


def render_value(call: str, value: Any) -> Any:
    table = functions(random=random.Random(1), clock=lambda: NOON, limits=Limits(max_items=10_000))  # noqa: S311
    return table[call].call(value)


@pytest.mark.parametrize("name", ["toJson", "mustToJson"])
def test_depth_is_no_matter(name: str) -> None:
    value: Any = []
    for _ in range(50_000):
        value = [value]
    assert render_value(name, value) == "[" * 50_001 + "]" * 50_001


@pytest.mark.parametrize("call", ["int", "int64", "float64", "toDecimal", "atoi", "duration"])
def test_a_million_digits_are_read_at_once(call: str) -> None:
    assert render_value(call, "9" * 1_000_000) is not None


# --- start-up ---------------------------------------------------------------------------------------------------------

DEAR = ("re2", "json", "hashlib", "base64", "zoneinfo", "cryptography", "bcrypt", "unicodedata", "datetime")  # fmt: skip


def test_dear_modules_are_imported_when_needed() -> None:
    code = "import sys, kmanifest.engines.helm.templates.functions as f; f.functions(random=None, clock=None); print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not set(DEAR) & set(result.stdout.split())
