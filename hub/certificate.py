"""A TLS certificate that signs itself, for a broker in a room where no authority knows anybody's name."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta

DAYS = 3650
"""How long it is good: devices are told once, and nobody comes back to renew them."""


def self_signed(names: Sequence[str], now: datetime) -> tuple[bytes, bytes]:
    """Return certificate and key (PEM) of a server with these names and addresses; the first is its subject.

    Clients take the certificate itself as their authority; the key is P-256, which small devices manage.
    """
    from cryptography import x509  # noqa: PLC0415 — heavy, and needed once in an installation's life
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 — as above
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 — as above
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: PLC0415 — as above

    def alternative(name: str) -> x509.GeneralName:
        try:
            return x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            return x509.DNSName(name)

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # a device whose clock is a little behind
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([alternative(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    return builder.sign(key, hashes.SHA256()).public_bytes(pem), private
