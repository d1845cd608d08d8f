from processors.cli.handoffs import _row

CARD = {"status": "withdrawn", "stage": "mql", "to": "sales", "reason": "erased"}


def test_a_hand_off_of_an_erased_contact_is_shown_without_its_name() -> None:
    assert [cell.plain for cell in _row(CARD | {"contact_id": "c1"}, 0)][:3] == [
        "withdrawn",
        "c1",
        "mql → sales",
    ]
    assert [cell.plain for cell in _row(CARD, 0)][:3] == ["withdrawn", "erased", "mql → sales"]
