import pytest

from schemas.codec import decode_trusted
from schemas.events import RECORDS
from tests.contracts.golden import FOLDER, meant


@pytest.mark.parametrize("name", [str(record) for record in RECORDS])
def test_the_bytes_of_every_version_ever_written_still_mean_the_same(name: str) -> None:
    assert decode_trusted((FOLDER / f"{name}.bin").read_bytes()) == meant(FOLDER / f"{name}.json")


def test_golden_bytes_are_kept_for_every_version_and_no_other() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == {str(record) for record in RECORDS}
