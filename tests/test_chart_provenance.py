"""Test signatures of packaged charts, with keys of gpg. helm must accept and refuse the same ones."""

import hashlib
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kmanifest.engines.helm.sources.ed25519 import is_valid_signature
from kmanifest.engines.helm.sources.openpgp import public_part, read_packets
from kmanifest.engines.helm.sources.provenance import verify
from kmanifest.engines.helm.sources.secretkeys import _unlock
from kmanifest.engines.helm.sources.signing import sign as sign_package
from kmanifest.helm import load_archive
from kmanifest.model.errors import KmanifestError
from tests.chart_fixtures import NEEDS_HELM, Outcome, add_known_repositories, problem, run_helm
from tests.chart_servers import digest, helm_missing, package

pytestmark = [
    pytest.mark.usefixtures("isolated_home"),
    pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not on PATH"),
]
KINDS = ("rsa2048", "ed25519")
PACKAGE = package("c", "1.0.0")
NOW = int(time.time()) + 3600
TEXT = f"name: c\nversion: 1.0.0\nkeywords:\n- dashed  \n\n...\nfiles:\n  c-1.0.0.tgz: sha256:{digest(PACKAGE)}\n"


class Gpg(NamedTuple):
    """A home directory of gpg. Calling it runs gpg."""

    home: Path

    def __call__(self, *arguments: str, text: str = "") -> bytes:
        result = subprocess.run(
            [
                "gpg",
                "--batch",
                "--yes",
                "--pinentry-mode",
                "loopback",
                "--passphrase",
                "",
                *arguments,
            ],
            env={**os.environ, "GNUPGHOME": str(self.home)},
            input=text.encode(),
            capture_output=True,
            check=True,
        )
        return result.stdout


@pytest.fixture(scope="module")
def gpg(tmp_path_factory):
    """A gpg home with a key of each kind, a key with a signing subkey, an expired key and an encrypted key."""
    home = tmp_path_factory.mktemp("gpg")
    home.chmod(0o700)
    gpg_home = Gpg(home)
    for kind in KINDS:
        gpg_home("--quick-generate-key", f"{kind} <{kind}@example.org>", kind, "sign", "0")
    gpg_home("--quick-generate-key", "further <further@example.org>", "ed25519", "cert", "0")
    listing = gpg_home("--list-keys", "--with-colons", "further").decode().splitlines()
    fingerprint = next(line.split(":")[9] for line in listing if line.startswith("fpr"))
    gpg_home("--quick-add-key", fingerprint, "rsa2048", "sign", "0")
    past = ("--faked-system-time", "20200101T000000!")
    gpg_home(*past, "--quick-generate-key", "ended <ended@example.org>", "rsa2048", "sign", "1d")
    locked = ("--quick-generate-key", "locked <locked@example.org>", "rsa2048", "sign", "0")
    gpg_home("--passphrase", "open sesame", *locked)
    yield gpg_home
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)


def sign(gpg: Gpg, key_name: str, text: str = TEXT, *flags: str) -> None:
    """Put a packaged chart, its provenance file and the keyring into the current directory."""
    Path("c-1.0.0.tgz").write_bytes(PACKAGE)
    Path("c-1.0.0.tgz.prov").write_bytes(
        gpg(*flags, "--local-user", key_name, "--clearsign", text=text)
    )
    Path("ring.gpg").write_bytes(gpg("--export", key_name))
    Path("ring.asc").write_bytes(gpg("--armor", "--export", key_name))


@pytest.mark.parametrize("ring", ["ring.gpg", "ring.asc"])
@pytest.mark.parametrize("key_name", [*KINDS, "further"])
def test_a_signature(gpg, run, key_name, ring):
    sign(gpg, key_name)
    outcome = run("verify", "c-1.0.0.tgz", "--keyring", ring)
    assert outcome.code == 0, outcome.errors
    assert outcome.output.startswith(f"Signed by: {key_name} <{key_name}@example.org>\nUsing Key")
    assert outcome.output.endswith(f"Chart Hash Verified: sha256:{digest(PACKAGE)}\n")


@NEEDS_HELM
@pytest.mark.parametrize("key_name", [*KINDS, "further", "ended"])
def test_same_as_helm(gpg, run, key_name):
    past = ("--faked-system-time", "20200101T010000!") if key_name == "ended" else ()
    sign(gpg, key_name, TEXT, *past)
    arguments = ("verify", "c-1.0.0.tgz", "--keyring", "ring.gpg")
    assert run(*arguments)[:2] == run_helm(*arguments)[:2]


def test_an_expired_key(gpg, run):
    sign(gpg, "ended", TEXT, "--faked-system-time", "20200101T010000!")
    assert "expired" in problem(run("verify", "c-1.0.0.tgz", "--keyring", "ring.gpg"))


@pytest.mark.parametrize("key_name", [*KINDS, "further"])
def test_changed_files(gpg, run, key_name):
    sign(gpg, key_name)
    good = Path("c-1.0.0.tgz.prov").read_text(encoding="utf-8")
    arguments = ("verify", "c-1.0.0.tgz", "--keyring", "ring.gpg")
    Path("c-1.0.0.tgz.prov").write_text(good.replace("name: c", "name: d"), encoding="utf-8")
    assert "unknown entity" in problem(run(*arguments))
    # Text before or after the signed text is ignored.
    Path("c-1.0.0.tgz.prov").write_text(f"files: {{}}\n{good}\nmore\n", encoding="utf-8")
    assert run(*arguments).code == 0
    Path("c-1.0.0.tgz").write_bytes(package("c", "1.0.1"))
    assert "sum does not match" in problem(run(*arguments))
    Path("x.tgz").write_bytes(PACKAGE)
    Path("x.tgz.prov").write_text(good, encoding="utf-8")
    assert 'named "x.tgz"' in problem(run("verify", "x.tgz", "--keyring", "ring.gpg"))


def test_other_keys(gpg, run):
    sign(gpg, KINDS[0])
    Path("other.gpg").write_bytes(gpg("--export", KINDS[1]))
    assert "unknown entity" in problem(run("verify", "c-1.0.0.tgz", "--keyring", "other.gpg"))
    assert "failed to load keyring" in problem(
        run("verify", "c-1.0.0.tgz", "--keyring", "none.gpg")
    )


def test_a_further_key_that_is_not_bound_does_not_count(gpg, run):
    sign(gpg, "further")
    ring = bytearray(Path("ring.gpg").read_bytes())
    # The binding signature is the last packet: damage its value.
    ring[-1] ^= 1
    Path("ring.gpg").write_bytes(ring)
    assert "unknown entity" in problem(run("verify", "c-1.0.0.tgz", "--keyring", "ring.gpg"))


def test_damaged_files_are_refused_in_one_line(gpg, run):
    sign(gpg, "ed25519")
    contents = {name: Path(name).read_bytes() for name in ("c-1.0.0.tgz.prov", "ring.gpg")}
    for name, content in contents.items():
        for position in range(0, len(content), 37):
            Path(name).write_bytes(
                content[:position] + bytes([content[position] ^ 0x55]) + content[position + 1 :]
            )
            outcome = run("verify", "c-1.0.0.tgz", "--keyring", "ring.gpg")
            assert outcome.code == 0 or len(outcome.errors.splitlines()) == 1
            Path(name).write_bytes(content[:position])
            assert problem(run("verify", "c-1.0.0.tgz", "--keyring", "ring.gpg"))
        Path(name).write_bytes(content)


def test_pull_and_template_verify(gpg, run, tmp_path, server):
    sign(gpg, "ed25519")
    signed = Path("c-1.0.0.tgz.prov").read_bytes()
    flags = ("--repo", server.url, "--version", "1.0.0", "--verify", "--keyring", "ring.gpg")
    assert "failed to fetch provenance" in problem(run("template", "c", *flags))
    assert run("pull", "c", *flags, "-d", str(tmp_path)).code == 1
    assert not (tmp_path / "c-1.0.0.tgz").exists()
    (tmp_path / "served/c-1.0.0.tgz.prov").write_bytes(signed)
    assert run("template", "c", *flags, "--refresh").code == 0
    outcome = run("pull", "c", *flags, "-d", str(tmp_path))
    assert outcome.output.startswith("Signed by: ed25519")
    assert (tmp_path / "c-1.0.0.tgz.prov").read_bytes() == signed
    assert run("template", "c-1.0.0.tgz", "--verify", "--keyring", "ring.gpg").code == 0
    assert run("template", "c-1.0.0.tgz", "--verify", "--keyring", "none.gpg").code == 1


# package --sign

CHART_YAML = "apiVersion: v2\nname: app\nversion: 0.1.0\nkeywords: ['-x', 'b  ', \"two\\n\\n\"]\n"
HELD = "apiVersion: v2\nname: held\nversion: 0.1.0\n"
FLAGS = ("package", "app", "--sign", "--keyring", "secring.gpg")


@pytest.fixture
def secring(gpg):
    """Write a keyring with secret keys, one of them encrypted, and a chart to sign."""
    Path("app").mkdir()
    Path("app/Chart.yaml").write_text(CHART_YAML, encoding="utf-8")
    keys = gpg("--export-secret-keys", *KINDS, "further")
    locked = ("--passphrase", "open sesame")
    keys += gpg(*locked, "--export-secret-keys", "locked")
    Path("secring.gpg").write_bytes(keys)
    Path("ring.gpg").write_bytes(gpg("--export"))
    Path("word").write_text("open sesame\nmore\n", encoding="utf-8")


@pytest.mark.parametrize("key_name", [*KINDS, "further", "locked"])
def test_a_signed_package_verifies(gpg, run, secring, key_name):
    outcome = run(*FLAGS, "--key", f"{key_name}@", "--passphrase-file", "word")
    assert outcome.code == 0, outcome.errors
    arguments = ("verify", "app-0.1.0.tgz", "--keyring", "ring.gpg")
    verified = run(*arguments)
    assert verified.output.startswith(f"Signed by: {key_name} <{key_name}@example.org>\n"), (
        verified.errors
    )
    if not helm_missing():
        assert run_helm(*arguments)[:2] == verified[:2]
    gpg("--verify", "app-0.1.0.tgz.prov")  # raises an exception unless the exit code is 0


@NEEDS_HELM
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_signs_the_same_text_as_helm(run, secring, version):
    dependencies = "dependencies: [{name: held, version: 0.x}]\n"
    files = {"Chart.yaml": CHART_YAML.replace("v2", version), "charts/held/Chart.yaml": HELD}
    if version == "v1":
        files["requirements.yaml"] = dependencies
    else:
        files["Chart.yaml"] += dependencies
    for name, text in files.items():
        Path("app", name).parent.mkdir(parents=True, exist_ok=True)
        Path("app", name).write_text(text, encoding="utf-8")
    assert run_helm(*FLAGS, "--key", KINDS[0]).code == 0
    expected = Path("app-0.1.0.tgz.prov").read_text(encoding="utf-8")
    assert run(*FLAGS, "--key", KINDS[0]).code == 0
    actual = Path("app-0.1.0.tgz.prov").read_text(encoding="utf-8")

    def signed_text(text: str) -> str:
        return re.sub("sha256:[0-9a-f]+", "", text.partition("-----BEGIN PGP SIGNATURE")[0])

    assert signed_text(actual) == signed_text(expected)


@NEEDS_HELM
@pytest.mark.parametrize(
    "arguments",
    [
        ("--key", "example.org"),
        ("--key", "nobody"),
        ("--key", ""),
        ("--key", KINDS[0], "--keyring", "ring.gpg"),
        ("--key", KINDS[0], "--keyring", "none.gpg"),
        ("--key", "locked", "--passphrase-file", "Wrong"),
        ("--key", "locked", "--passphrase-file", "none"),
    ],
    ids=" ".join,
)
def test_refuses_to_sign_as_helm(run, secring, arguments):
    Path("Wrong").write_text("wrong\n", encoding="utf-8")
    expected = run_helm(*FLAGS, *arguments)
    Path("app-0.1.0.tgz").unlink(missing_ok=True)
    assert run(*FLAGS, *arguments) == Outcome(1, "", expected.errors)
    assert not Path("app-0.1.0.tgz").exists()


def test_a_passphrase_is_asked_for_on_a_terminal_only(run, secring, monkeypatch):
    assert "there is no terminal" in problem(run(*FLAGS, "--key", "locked"))
    prompts: list[str] = []

    def answer_prompt(prompt: str) -> str:
        prompts.append(prompt)
        return "open sesame"

    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda _: True})())
    monkeypatch.setattr("getpass.getpass", answer_prompt)
    assert run(*FLAGS, "--key", "locked").code == 0
    assert prompts == ['Password for key "locked <locked@example.org>" >  ']


def cut_short(keyring: bytes) -> bytes:
    """Return a keyring whose packets are complete, but whose secret key ends within its encryption parameters."""
    head, *rest = read_packets(keyring)
    body = public_part(head[1]) + b"\xfe\x07\x03"
    bodies = [(5, body), *rest]
    return b"".join(
        bytes([0xC0 | tag, 0xFF]) + len(packet).to_bytes(4, "big") + packet
        for tag, packet in bodies
    )


@pytest.mark.parametrize("key_name", [*KINDS, "locked"])
def test_damaged_secret_keys_sign_nothing(gpg, run, key_name):
    passphrase_flags = ("--passphrase", "open sesame" if key_name == "locked" else "")
    keyring = gpg(*passphrase_flags, "--export-secret-keys", key_name)
    changed = [
        keyring[:position] + bytes([keyring[position] ^ 0x55]) + keyring[position + 1 :]
        for position in range(0, len(keyring), 41)
    ]
    for damaged in (
        *changed,
        *(keyring[:position] for position in range(0, len(keyring), 41)),
        cut_short(keyring),
    ):
        try:
            provenance = sign_package(
                load_archive(PACKAGE),
                PACKAGE,
                damaged,
                key_name,
                passphrase=lambda _: b"open sesame",
                now=NOW,
            )
        except KmanifestError:
            continue
        assert verify("c-1.0.0.tgz", PACKAGE, provenance, gpg("--export", key_name), NOW)


def sha1(content: bytes) -> bytes:
    return hashlib.sha1(content, usedforsecurity=False).digest()


@pytest.mark.parametrize("mode", [0, 1, 3])
@pytest.mark.parametrize("cipher", [7, 8, 9])
@pytest.mark.parametrize("usage", [254, 255])
def test_locks(mode, cipher, usage):
    """Keys encrypted here as RFC 9580 describes can be decrypted."""
    numbers = b"\x00\x08\xff" * 50
    size = {7: 16, 8: 24, 9: 32}[cipher]
    salt, passphrase = b"saltsalt" if mode else b"", b"word"
    count = 65_536 if mode == 3 else 0
    key = b""
    while len(key) < size:
        hash_input = salt + passphrase
        hash_input = (hash_input * (count // len(hash_input) + 1))[:count] if count else hash_input
        key += sha1(bytes(len(key) // 20) + hash_input)
    stored_hash = sha1(numbers) if usage == 254 else (sum(numbers) % 65536).to_bytes(2, "big")
    initial_vector = bytes(range(16))
    aes = Cipher(algorithms.AES(key[:size]), modes.ECB()).encryptor()  # noqa: S305 - CFB is built from ECB
    encrypted, previous_block = b"", initial_vector
    for position in range(0, len(numbers + stored_hash), 16):
        block = (numbers + stored_hash)[position : position + 16]
        previous_block = bytes(
            a ^ b for a, b in zip(aes.update(previous_block), block, strict=False)
        )
        encrypted += previous_block
    specifier = bytes([usage, cipher, mode, 2]) + salt + (b"\x60" if mode == 3 else b"")
    assert _unlock(specifier + initial_vector + encrypted, lambda: b"word") == numbers
    with pytest.raises(KmanifestError, match="checksum"):
        _unlock(specifier + initial_vector + encrypted, lambda: b"other")


@pytest.mark.parametrize(
    "specifier", [b"\xfe\x03\x03\x02", b"\xfd\x09\x02\x03", b"\x07", b"\xfe\x09\x04\x02"]
)
def test_other_locks_are_refused(specifier):
    with pytest.raises(KmanifestError, match="supported"):
        _unlock(specifier + bytes(60), lambda: b"word")


# Dependencies


def write_dependent_chart(directory: str, url: str) -> None:
    """Write a chart that depends on c 1.0.0 into DIRECTORY/app."""
    chart = Path(directory) / "app"
    chart.mkdir(parents=True)
    dependencies = f"dependencies:\n- {{name: c, version: 1.0.0, repository: {url}}}\n"
    (chart / "Chart.yaml").write_text(
        f"apiVersion: v2\nname: app\nversion: 0.1.0\n{dependencies}", encoding="utf-8"
    )


def test_dependencies_are_verified(gpg, run, tmp_path, server):
    sign(gpg, "ed25519")
    write_dependent_chart(".", server.url)
    flags = ("--verify", "--keyring", "ring.gpg", "--refresh")
    outcome = run("dependency", "update", "app", *flags)
    assert "failed to fetch provenance" in outcome.errors
    assert not Path("app/charts").exists()
    provenance = tmp_path / "served/c-1.0.0.tgz.prov"
    provenance.write_bytes(Path("c-1.0.0.tgz.prov").read_bytes())
    assert run("dependency", "update", "app", *flags).code == 0
    assert [path.name for path in Path("app/charts").iterdir()] == ["c-1.0.0.tgz"]
    outcome = run("dependency", "build", "app", "--verify", "--keyring", "none.gpg", "--refresh")
    assert "failed to load keyring" in outcome.errors
    provenance.write_bytes(provenance.read_bytes().replace(b"name: c", b"name: d"))
    for verb in ("build", "update"):
        assert "unknown entity" in run("dependency", verb, "app", *flags).errors
    # Like helm, a build accepts unsigned packages, and other verbs do not check dependencies.
    provenance.unlink()
    outcome = run("dependency", "build", "app", *flags)
    assert outcome.code == 0
    assert "WARNING: Verification not found for" in outcome.output
    assert run("package", "app", "-u", "--keyring", "none.gpg").code == 0


@NEEDS_HELM
def test_dependencies_are_verified_as_by_helm(gpg, run, tmp_path, server, monkeypatch):
    sign(gpg, "rsa2048")
    signed = Path("c-1.0.0.tgz.prov").read_bytes()
    provenance = tmp_path / "served/c-1.0.0.tgz.prov"
    for directory in ("actual", "expected"):
        write_dependent_chart(directory, server.url)
    repository_entry = f"{{name: here, url: {server.url}}}"
    add_known_repositories(tmp_path, repository_entry)
    changed = signed.replace(b"name: c", b"name: d")
    for content in (None, changed, signed):
        provenance.unlink(missing_ok=True)
        if content is not None:
            provenance.write_bytes(content)
        for verb in ("update", "build"):
            arguments = ("dependency", verb, "app", "--verify", "--keyring", "../ring.gpg")
            monkeypatch.chdir("expected")
            expected = run_helm(*arguments)
            monkeypatch.chdir("../actual")
            actual = run(*arguments, "--refresh")
            monkeypatch.chdir("..")
            assert actual.code == expected.code
            assert without_reasons(actual.output) == without_reasons(expected.output)


def without_reasons(output: str) -> list[str]:
    """Return the lines without error reasons and without helm's messages about provenance files that are no charts."""
    lines = re.sub(r"Could not verify \S+/tmpcharts-.*?\(Skipping\)", "", output).splitlines()
    return [
        re.sub(r"(occurred: .*\.tgz|Verification not found for \S+tgz): .*", r"\1", line)
        for line in lines
    ]


def test_the_first_test_of_rfc_8032():
    key = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert is_valid_signature(key, b"", signature)
    assert not is_valid_signature(key, b"x", signature)


def test_an_empty_keyring():
    from kmanifest.engines.helm.sources.openpgp import read_keyring

    assert read_keyring(b"") == []
    with pytest.raises(KmanifestError):
        read_keyring(b"nothing")
