import pytest

from processors.cli.handoffs import _row, _table
from processors.cli.words import console
from projections.views.handoffs import STATUSES

CARD = {"status": "withdrawn", "stage": "mql", "to": "sales", "reason": "erased"}


def test_a_hand_off_of_an_erased_contact_is_shown_without_its_name() -> None:
    assert [cell.plain for cell in _row(CARD | {"contact_id": "c1"}, 0)][:3] == [
        "withdrawn",
        "c1",
        "mql → sales",
    ]
    assert [cell.plain for cell in _row(CARD, 0)][:3] == ["withdrawn", "erased", "mql → sales"]


def test_a_board_that_no_terminal_shows_is_cut_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    reason = "no budget before the next financial year " * 5
    none: dict[str, list[dict[str, str]]] = {status: [] for status in STATUSES}
    board = none | {"rejected": [CARD | {"contact_id": "c" * 64, "reason": reason}]}
    console().print(_table(board, 0, fill=False))
    assert reason.strip() in capsys.readouterr().out
