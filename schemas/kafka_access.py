"""How our clients get into Kafka: encryption and identity, from the environment; secrets also from files.

Nothing set: plain text, and nobody in particular, as on a desk. The names of the options are those that
kafka-python and aiokafka share.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

from schemas.errors import LifecycleError, NoBrokerError

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def kafka_access() -> dict[str, Any]:
    """Return the options of a client. Raises LifecycleError naming the variable that cannot be used."""
    protocol = _one_of("KAFKA_SECURITY_PROTOCOL", PROTOCOLS)
    options: dict[str, Any] = {"security_protocol": protocol}
    if protocol.endswith("SSL"):
        options["ssl_context"] = _tls()
    if protocol.startswith("SASL"):
        options["sasl_mechanism"] = _one_of("KAFKA_SASL_MECHANISM", MECHANISMS)
        options["sasl_plain_username"] = _needed("KAFKA_SASL_USERNAME")
        options["sasl_plain_password"] = _needed("KAFKA_SASL_PASSWORD")
    return options


def no_broker(bootstrap: str, error: Exception) -> NoBrokerError:
    """Make the refusal of whoever was to connect, from what its client raised."""
    return NoBrokerError(
        f"No Kafka broker answers at {bootstrap} ({type(error).__name__})."
        " Start one with `stageline up`, or set BOOTSTRAP_SERVERS to where yours is."
    )


def secret(name: str) -> str | None:
    """Return a variable's value, else what the file says that `<name>_FILE` names. Neither is ever shown."""
    if value := os.environ.get(name):
        return value
    if not (file := os.environ.get(f"{name}_FILE")):
        return None
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise LifecycleError(f"{name}_FILE={file} cannot be read ({type(error).__name__}).") from None


def _one_of(name: str, allowed: tuple[str, ...]) -> str:
    value = os.environ.get(name) or allowed[0]
    if value not in allowed:
        raise LifecycleError(f"{name}={value!r}: write one of {', '.join(allowed)}.")
    return value


def _needed(name: str) -> str:
    if value := secret(name):
        return value
    raise LifecycleError(f"KAFKA_SECURITY_PROTOCOL asks for a user: set {name}, or {name}_FILE to a file.")


def _tls() -> ssl.SSLContext:
    """Trust the system's authorities or `KAFKA_CA_FILE`; show a certificate of ours if there is one."""
    try:
        context = ssl.create_default_context(cafile=os.environ.get("KAFKA_CA_FILE") or None)
        if certificate := os.environ.get("KAFKA_CERTIFICATE_FILE"):
            context.load_cert_chain(certificate, os.environ.get("KAFKA_KEY_FILE") or None)
    except OSError as error:
        what = "KAFKA_CA_FILE, KAFKA_CERTIFICATE_FILE or KAFKA_KEY_FILE"
        raise LifecycleError(f"{what} cannot be used: {error.strerror or error}.") from None
    return context
