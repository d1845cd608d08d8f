"""The id of a contact or company, as it is given on the command line."""

from __future__ import annotations

import os
from typing import Any
from unicodedata import normalize

import click


class Id(click.ParamType):
    """Becomes text in the one form that intake keeps (NFC)."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - click's own signature
        """Read the id, or fail: what is no UTF-8 was never published."""
        try:
            value.encode()
        except UnicodeEncodeError:
            shown = repr(os.fsencode(value))[1:]
            self.fail(f"{shown} is not UTF-8: write the id as it was published.", param, ctx)
        return normalize("NFC", value)
