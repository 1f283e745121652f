"""A signed report: whose it is, and that a change of any octet is told."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta

import pytest
from conform_results import document, results
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from host_tools import cli
from host_tools.conform.html import page
from host_tools.conform.report import as_json, read_report
from host_tools.conform.signing import KeyProblem, check_file, private_key, public_key, sign
from host_tools.schemas import SchemaProblem

SHORT = [result for result in results() if result.check.id in ("GBCS-tolerated", "GBCS-na")]


def pem(key, password=None):
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def spki(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def smets(*words):
    done = CliRunner().invoke(cli.app, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output


@pytest.fixture(params=["P-256", "Ed25519"])
def signed(request, tmp_path):
    """The private key, its file, and the file of a report that it signed."""
    made = ec.generate_private_key(ec.SECP256R1())
    key = made if request.param == "P-256" else ed25519.Ed25519PrivateKey.generate()
    file = tmp_path / "key.pem"
    file.write_bytes(pem(key))
    report = tmp_path / "report.json"
    report.write_text(as_json(sign(document(SHORT), private_key(file))), encoding="utf-8")
    return key, file, report


def test_the_signature_is_over_the_canonical_json(signed):
    """Verified here without the code under test: sorted names, no spaces, UTF-8."""
    key, _, report = signed
    written = json.loads(report.read_text(encoding="utf-8"))
    signature = written.pop("signature")
    data = json.dumps(written, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    public = load_der_public_key(b64decode(signature["public_key"]))
    value = b64decode(signature["value"])

    def verify(data):
        if signature["algorithm"] == "Ed25519":
            public.verify(value, data)
        else:
            public.verify(value, data, ec.ECDSA(hashes.SHA256()))

    verify(data)
    with pytest.raises(InvalidSignature):
        verify(data.replace(b"SMDA-1", b"SMDA-2"))
    assert b64decode(signature["public_key"]) == spki(key)


@pytest.mark.parametrize("signed", ["P-256"], indirect=True)
def test_every_changed_octet_is_told(signed):
    """Another bit, or another space: no change leaves a report that verifies."""
    key, _, report = signed
    good = report.read_bytes()
    assert check_file(report, spki(key)).wrong == ""
    told = {"no report": 0, "signature": 0, "layout": 0}
    # Each octet of the signature, and of the rest enough to meet each member.
    rest = len(good) - 350
    for place in [*range(0, 150), *range(150, rest, 131), *range(rest, len(good))]:
        changed = bytearray(good)
        changed[place] = 0x09 if good[place] in b" \n" else good[place] ^ 0x01
        report.write_bytes(bytes(changed))
        try:
            wrong = check_file(report, spki(key)).wrong
        except SchemaProblem:
            told["no report"] += 1
            continue
        assert wrong, f"octet {place}, {good[place - 20 : place + 20]!r}"
        told["layout" if "layout" in wrong else "signature"] += 1
    assert all(told.values()), told
    for more in (good + b"\n", good[:-1], good.replace(b"\n", b"\r\n")):
        report.write_bytes(more)
        assert check_file(report).wrong


def test_the_command_says_what_it_found(signed, tmp_path):
    key, file, report = signed
    status, said = smets("verify-report", report)
    assert status == 0 and "whose key that is, is open" in said
    assert hashlib.sha256(report.read_bytes()).hexdigest() in said
    assert hashlib.sha256(spki(key)).hexdigest() in said
    assert smets("verify-report", report, "--key", file)[0] == 0
    other = tmp_path / "other.pem"
    other.write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    status, said = smets("verify-report", report, "--key", other)
    assert (status, "signed with another key" in said) == (1, True)
    text = report.read_text(encoding="utf-8")
    report.write_text(text.replace('"tolerance": "SMDA-1"', '"tolerance": "SMDA-2"'))
    status, said = smets("verify-report", report)
    assert (status, "NOT VALID" in said, "does not hold" in said) == (1, True, True)
    # Signed anew by somebody else it holds, and --key tells.
    report.write_text(as_json(sign(read_report(report), private_key(other))), encoding="utf-8")
    assert smets("verify-report", report)[0] == 0
    assert smets("verify-report", report, "--key", file)[0] == 1
    report.write_text(as_json(document(SHORT)), encoding="utf-8")
    assert smets("verify-report", report) == (4, smets("verify-report", report)[1])
    assert "not signed" in smets("verify-report", report)[1]
    assert smets("verify-report", report, "--key", file)[0] == 1


def test_a_key_is_known_by_its_certificate_and_its_public_key(signed, tmp_path):
    key, _, report = signed
    file = tmp_path / "public.pem"
    public = key.public_key()
    file.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert smets("verify-report", report, "--key", file)[0] == 0
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test house")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, public, 1, begin, begin + timedelta(days=9))
    algorithm = hashes.SHA256() if isinstance(key, ec.EllipticCurvePrivateKey) else None
    file.write_bytes(made.sign(key, algorithm).public_bytes(Encoding.PEM))
    assert public_key(file) == spki(key)
    assert smets("verify-report", report, "--key", file)[0] == 0


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"hello", "no private key"),
        (pem(ec.generate_private_key(ec.SECP256R1()), b"secret"), "has a password"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "neither a P-256 nor an Ed25519"),
        (pem(rsa.generate_private_key(65537, 2048)), "neither a P-256 nor an Ed25519"),
    ],
)
def test_a_key_that_cannot_sign_is_refused(data, why, tmp_path):
    file = tmp_path / "key.pem"
    file.write_bytes(data)
    with pytest.raises(KeyProblem, match=f"key.pem: .*{why}"):
        private_key(file)
    with pytest.raises(KeyProblem, match=r"key.pem: "):
        public_key(file)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("public_key", b64encode(b"no key").decode()),
        ("public_key", b64encode(spki(rsa.generate_private_key(65537, 2048))).decode()),
        ("value", "AAAA"),
        ("value", "AAA"),
        ("algorithm", "Ed25519"),
        ("algorithm", "ECDSA-P256-SHA256"),
    ],
)
def test_a_forged_signature_does_not_hold(member, value, tmp_path):
    """A key, an algorithm or a value that is not that of the signature."""
    made = ec.generate_private_key(ec.SECP256R1())
    key = ed25519.Ed25519PrivateKey.generate() if value.startswith("ECDSA") else made
    forged = sign(document(SHORT), key)
    forged["signature"][member] = value
    file = tmp_path / "report.json"
    file.write_text(as_json(forged), encoding="utf-8")
    assert "does not hold" in check_file(file).wrong


@pytest.mark.parametrize("signed", ["P-256"], indirect=True)
def test_a_run_signs_its_report(signed, tmp_path):
    """`smets conform --sign`: JSON and page are of the signed report, and `compare` reads it."""
    key, file, _ = signed
    report, html = tmp_path / "gpf.json", tmp_path / "gpf.html"
    run = ("conform", "--device", "gpf", "--engine", "cpython", "--only", "SECMP0015-stamp-gpf")
    status, said = smets(*run, "--sign", file, "--json", report, "--html", html)
    assert status == 0, said
    assert smets("verify-report", report, "--key", file)[0] == 0
    shown = html.read_text(encoding="utf-8")
    assert shown == page(read_report(report))
    assert hashlib.sha256(report.read_bytes()).hexdigest() in shown
    assert hashlib.sha256(spki(key)).hexdigest() in shown
    assert smets("compare", report, report)[0] == 0
    assert smets(*run, "--sign", file, "--json", file)[0] == 2
    assert file.read_bytes() == pem(key)
