from __future__ import annotations

import pytest
from click.testing import CliRunner

from processors.cli.main import main
from processors.stack.valkey import shown


@pytest.mark.parametrize(
    ("address", "printed"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://:s3cret@db:6379/0", "redis://:***@db:6379/0"),
        ("rediss://view:s3cret@db:6379/0", "rediss://view:***@db:6379/0"),
        ("redis://:s3:cr@et@db/0", "redis://:***@db/0"),
        ("redis://:s3cret@[db", "an address that cannot be read"),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, printed: str) -> None:
    assert shown(address) == printed


def test_status_prints_no_password() -> None:
    options = ("--bootstrap-servers", "127.0.0.1:1", "--redis-url", "redis://:s3cret@127.0.0.1:1/0")
    result = CliRunner().invoke(main, ("status", *options))
    assert ":***@127.0.0.1:1" in result.output
    assert "s3cret" not in result.output
