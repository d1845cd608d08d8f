"""Errors, named by what happens next."""

from __future__ import annotations


class SchemaError(ValueError):
    """Bytes or a row that can never be read. Next: dead letter (or rejects file), and go on."""


class LifecycleError(ValueError):
    """A lifecycle file or setting that cannot be used. Next: refuse to start, one line on stderr, exit 1."""


class NoBrokerError(LifecycleError):
    """No Kafka broker answers. Next: as above, or ask again where somebody waits for it."""
