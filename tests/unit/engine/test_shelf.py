from pathlib import Path

import pytest

from processors.engine.shelf import DiskShelf
from schemas.errors import LifecycleError


def test_a_folder_belongs_to_one_worker(tmp_path: Path) -> None:
    first = DiskShelf(tmp_path, "nowhere:1")
    with pytest.raises(LifecycleError, match=r"STAGELINE_STATE_DIR=.* is in use by another worker"):
        DiskShelf(tmp_path, "nowhere:1")
    assert first is not None


def test_a_folder_that_cannot_be_made_is_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LifecycleError, match=r"STAGELINE_STATE_DIR=.*file/state cannot be used"):
        DiskShelf(tmp_path / "file" / "state", "nowhere:1")
