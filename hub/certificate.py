"""TLS certificates for places where no authority knows anybody's name: a broker's own, and those of a room's page.

A room's authority may vouch for what exists in private networks only (RFC 5280 §4.2.1.10): whoever trusts it does not
trust it for any address of the internet, whatever becomes of its key.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

DAYS = 3650
"""How long a broker's is good: devices are told once, and nobody comes back to renew them."""
AUTHORITY_DAYS = 1826
PAGE_DAYS = 90
"""How long a page's is good; Apple's systems take none above 825 days (support.apple.com/103769)."""
SLOW_CLOCK = timedelta(days=1)
"""A device's clock may be a little behind."""
NAMES = ("matinales.local", "localhost")
"""What a page's certificate is for, whatever the addresses."""
NETWORKS = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"),
    *("192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "fc00::/7", "fe80::/10", "::1/128"),
)
"""Networks that are nobody's on the internet (IANA special-purpose registries)."""


class Pair(Struct, frozen=True):
    """A certificate and its key, PEM."""

    certificate: bytes
    key: bytes


def self_signed(names: Sequence[str], now: datetime) -> tuple[bytes, bytes]:
    """Return certificate and key (PEM) of a server with these names and addresses; the first is its subject.

    Clients take the certificate itself as their authority; the key is P-256, which small devices manage.
    """
    from cryptography import x509  # noqa: PLC0415 — heavy, and needed once in an installation's life

    key = _new_key()
    builder = (
        _begun(names[0], key, now, DAYS)
        .issuer_name(_named(names[0]))
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True, serves=True), critical=True)
        .add_extension(_for_servers(), critical=False)
    )
    made = _signed(builder, key, key)
    return made.certificate, made.key


def authority(name: str, now: datetime) -> Pair:
    """Return a new authority for the pages of one installation; `name` is what people see on their phones."""
    from cryptography import x509  # noqa: PLC0415 — as above

    key = _new_key()
    permitted = [*map(x509.DNSName, NAMES), *(x509.IPAddress(ipaddress.ip_network(each)) for each in NETWORKS)]
    builder = (
        _begun(name, key, now, AUTHORITY_DAYS)
        .issuer_name(_named(name))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True, serves=False), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True)
    )
    return _signed(builder, key, key)


def issued(by: Pair, addresses: Iterable[str], now: datetime) -> Pair:
    """Return a new certificate of a page at these addresses and at `NAMES`, signed by an authority.

    Raises:
        ValueError: the authority's certificate or key cannot be read.
    """
    from cryptography import x509  # noqa: PLC0415 — as above

    parent = x509.load_pem_x509_certificate(by.certificate)
    key, signer = _new_key(), _read_key(by.key)
    vouched = [_alternative(each) for each in (*NAMES, *(each for each in addresses if may_vouch(each)))]
    builder = (
        _begun("Matinales Hub", key, now, PAGE_DAYS)
        .issuer_name(parent.subject)
        .add_extension(x509.SubjectAlternativeName(vouched), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False, serves=True), critical=True)
        .add_extension(_for_servers(), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    return _signed(builder, key, signer)


def may_vouch(address: str) -> bool:
    """Tell whether an authority's word counts for an address: it lies in a private network."""
    found = ipaddress.ip_address(address)
    return any(found in ipaddress.ip_network(each) for each in NETWORKS)


class Seen(Struct, frozen=True):
    """What a certificate says.

    Attributes:
        names: names and addresses it is for.
        since, until: when it is good.
        fingerprint: SHA-256 of it, `AB:CD:…`, as browsers and phones show it.
        der: itself, as phones install it.
    """

    names: frozenset[str]
    since: datetime
    until: datetime
    fingerprint: str
    der: bytes

    def is_good(self, now: datetime, left: timedelta) -> bool:
        """Tell whether it is good now, and for a while yet."""
        return self.since <= now and now + left < self.until


def seen(pair: Pair, by: Pair | None = None) -> Seen:
    """Return what a certificate says, once it is known to be the key's, and signed by `by` (or by itself).

    Raises:
        ValueError: it cannot be read, or is not.
    """
    from cryptography import x509  # noqa: PLC0415 — as above
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 — as above
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 — as above

    found = x509.load_pem_x509_certificate(pair.certificate)
    if found.public_key() != _read_key(pair.key).public_key():
        msg = "the key is another certificate's"
        raise ValueError(msg)
    try:
        found.verify_directly_issued_by(found if by is None else x509.load_pem_x509_certificate(by.certificate))
    except (InvalidSignature, TypeError) as error:
        msg = "another authority signed it"
        raise ValueError(msg) from error
    names: frozenset[str] = frozenset()
    for extension in found.extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            names = frozenset(str(each.value) for each in extension.value)
    return Seen(
        names,
        found.not_valid_before_utc,
        found.not_valid_after_utc,
        found.fingerprint(hashes.SHA256()).hex(":").upper(),
        found.public_bytes(serialization.Encoding.DER),
    )


def _new_key() -> "ec.EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 — as above

    return ec.generate_private_key(ec.SECP256R1())


def _read_key(pem: bytes) -> "ec.EllipticCurvePrivateKey":
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 — as above
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 — as above
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 — as above

    try:
        key = serialization.load_pem_private_key(pem, None)
    except (TypeError, UnsupportedAlgorithm) as error:  # encrypted, or of no kind we know
        raise ValueError(str(error)) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        msg = "the key is of another kind than ours"
        raise ValueError(msg)  # noqa: TRY004 — the file is wrong, not the caller
    return key


def _begun(subject: str, key: "ec.EllipticCurvePrivateKey", now: datetime, days: int) -> "x509.CertificateBuilder":
    from cryptography import x509  # noqa: PLC0415 — as above

    return (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SLOW_CLOCK)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _signed(
    builder: "x509.CertificateBuilder", key: "ec.EllipticCurvePrivateKey", by: "ec.EllipticCurvePrivateKey"
) -> Pair:
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 — as above

    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    return Pair(builder.sign(by, hashes.SHA256()).public_bytes(pem), private)


def _named(name: str) -> "x509.Name":
    from cryptography import x509  # noqa: PLC0415 — as above
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 — as above

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _alternative(name: str) -> "x509.GeneralName":
    from cryptography import x509  # noqa: PLC0415 — as above

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs: bool, serves: bool) -> "x509.KeyUsage":
    from cryptography import x509  # noqa: PLC0415 — as above

    return x509.KeyUsage(
        digital_signature=serves,
        key_cert_sign=signs,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _for_servers() -> "x509.ExtendedKeyUsage":
    from cryptography import x509  # noqa: PLC0415 — as above
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415 — as above

    return x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
