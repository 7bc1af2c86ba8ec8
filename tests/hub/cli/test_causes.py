"""Why something failed is told in the reader's language; what a library says is quoted as its own words."""

import errno
import os
import socket
import ssl
from typing import Any

import pytest

from hub.cli import doctor
from hub.cli._causes import USUAL, cause
from hub.cli._checks import foreign_broker
from hub.errors import StoreError, ToldError
from servers.ports import free_port


@pytest.mark.parametrize("number", USUAL)
def test_usual_causes_are_sentences_of_both_languages(number: int) -> None:
    """Whatever the system calls them."""
    told = cause(OSError(number, os.strerror(number)))
    assert told["fr"] != told["en"]
    assert os.strerror(number) not in told["fr"]


@pytest.mark.parametrize(
    ("error", "french"),
    [
        (socket.gaierror(-2, "Name or service not known"), "nom de machine"),
        (TimeoutError("timed out"), "à temps"),
        (ssl.SSLCertVerificationError("self-signed certificate"), "certificat"),
        (ssl.SSLError("wrong version number"), "TLS"),
        (ToldError("no such thing", "cela n'existe pas"), "cela n'existe pas"),
    ],
)
def test_what_has_a_kind_of_its_own_is_told_by_it(error: Exception, french: str) -> None:
    """Names, patience, certificates, and what the hub says in both languages by itself."""
    assert french in cause(error)["fr"]


@pytest.mark.parametrize(
    "error", [StoreError("strange\nthings"), OSError(errno.EDOM, "strange things"), "strange things"]
)
def test_any_other_is_quoted_in_one_line(error: Any) -> None:  # noqa: ANN401 — an error or what it said
    """It is what one searches for."""
    told = cause(error)
    assert told["fr"].startswith("message d'origine : « ")
    assert "strange things" in told["fr"]
    assert "«" not in told["en"]


def test_an_error_without_words_is_named_by_its_kind() -> None:
    """Rather than by nothing."""
    assert "KeyError" in cause(KeyError())["fr"]


def test_a_broker_that_is_away_is_said_in_french_alone() -> None:
    """As the facilitator reads it."""
    finding = foreign_broker(f"mqtt://127.0.0.1:{free_port()}")
    said = doctor.line(finding, "fr", doctor.sentences())["text"]
    assert said.endswith("(connexion refusée : rien n'écoute à ce port)")
