from __future__ import annotations

from projections.store import connect
from projections.web.feed import QUEUE, Feed


def test_a_page_that_cannot_keep_up_is_told_to_read_afresh_instead_of_everything() -> None:
    feed = Feed(connect("redis://127.0.0.1:1/0"))
    with feed.subscribed() as queue:
        for number in range(QUEUE):
            feed.put(queue, {"event": "changes", "id": str(number), "data": "[]"})
        assert queue.qsize() == QUEUE
        feed.put(queue, {"event": "changes", "id": "one more", "data": "[]"})
        assert queue.qsize() == 1
        assert queue.get_nowait()["event"] == "reset"
