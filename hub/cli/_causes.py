"""Why something failed, in the reader's language: the usual causes as a sentence, any other quoted as it was said.

Libraries speak English, and the system whatever it was installed in. What they say is kept, for it is what one
searches for; in French it is marked as their words.
"""

import errno
import socket
import ssl
from collections.abc import Mapping

from hub.errors import ToldError

QUOTED = {"fr": "message d'origine : « {said} »", "en": "{said}"}
NO_NAME = {"fr": "ce nom de machine est inconnu", "en": "no machine of this name is known"}
NO_TRUST = {"fr": "son certificat n'est pas reconnu", "en": "its certificate is not trusted"}
NO_TLS = {"fr": "il ne parle pas TLS à ce port", "en": "it does not speak TLS at this port"}
SLOW = {"fr": "pas de réponse à temps", "en": "no answer in time"}
USUAL = {
    errno.ECONNREFUSED: {"fr": "connexion refusée : rien n'écoute à ce port", "en": "refused: nothing listens there"},
    errno.ECONNRESET: {"fr": "il a coupé la connexion", "en": "it cut the connection"},
    errno.EPIPE: {"fr": "il a coupé la connexion", "en": "it cut the connection"},
    errno.EHOSTUNREACH: {"fr": "aucun chemin vers cette machine", "en": "no way leads to that machine"},
    errno.ENETUNREACH: {"fr": "cette machine n'est pas sur ce réseau", "en": "this machine is not on that network"},
    errno.ETIMEDOUT: SLOW,
    errno.EACCES: {"fr": "le système l'interdit", "en": "the system forbids it"},
    errno.EPERM: {"fr": "le système l'interdit", "en": "the system forbids it"},
    errno.ENOENT: {"fr": "le fichier n'existe pas", "en": "the file does not exist"},
    errno.ENOSPC: {"fr": "le disque est plein", "en": "the disk is full"},
}


def cause(error: BaseException | str) -> Mapping[str, str]:
    """Return language → why, for a sentence of doctor.toml."""
    if isinstance(error, ToldError):
        return error.texts
    known = _known(error) if isinstance(error, OSError) else None
    if known is not None:
        return known
    said = " ".join(str(error).split()) or type(error).__name__
    return {language: text.format(said=said) for language, text in QUOTED.items()}


def _known(error: OSError) -> Mapping[str, str] | None:
    if isinstance(error, socket.gaierror):
        return NO_NAME
    if isinstance(error, ssl.SSLCertVerificationError):
        return NO_TRUST
    if isinstance(error, ssl.SSLError):
        return NO_TLS
    if isinstance(error, TimeoutError):
        return SLOW
    return USUAL.get(error.errno or 0)
