"""An archive on a disk that nothing can be written to, as a backup is."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NoReturn

from processors.archive import locks
from processors.archive.locks import reading, without_readers
from tests.builders.archives import Topic
from tests.unit.archive.test_archive import fill, invoke

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def read_only(root: Path, name: str) -> NoReturn:
    raise OSError(errno.EROFS, "Read-only file system", str(root / name))


def test_an_archive_that_can_only_be_read_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = Topic(tmp_path, partitions=1)
    fill(topic, 20)
    topic.archive()
    with reading(tmp_path), without_readers(tmp_path) as alone:
        assert not alone
    monkeypatch.setattr(locks, "_file", read_only)
    assert invoke(str(tmp_path), "--verify") == (0, "20 records in 1 segments: all as written.\n", "")
    code, _, err = invoke(str(tmp_path), "--compact")
    assert (code, err) == (1, f"Error: {tmp_path}/writer.lock: Read-only file system.\n")
