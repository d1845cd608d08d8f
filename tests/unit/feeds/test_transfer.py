import json
from io import BytesIO
from pathlib import Path

import pytest

from processors.feeds import checkpoint
from processors.feeds.items import Refused
from processors.feeds.lines import read_lines
from processors.feeds.rejects import Rejects
from processors.feeds.transfer import NdjsonSink, Tally, read_ndjson, transfer
from schemas.errors import LifecycleError, SchemaError
from schemas.events import Event

GOOD = (
    b'{"type": "page_view", "event_id": "e1", "contact_id": "c1", '
    b'"occurred_at": "2026-03-01T09:30:00Z", "url": "/a"}\n'
)


def moved(data: bytes) -> tuple[Tally, list[Refused], bytes]:
    tally, refused, out = Tally(), list[Refused](), BytesIO()
    transfer(read_ndjson(read_lines(BytesIO(data))), NdjsonSink(out=out), refused.append, tally)
    return tally, refused, out.getvalue()


def test_good_lines_pass_and_bad_ones_are_refused_with_number_reason_and_bytes() -> None:
    tally, refused, out = moved(GOOD + b"{\n\n" + GOOD)
    assert (tally.line, tally.events, tally.refused, dict(tally.skipped)) == (4, 2, 1, {"empty line": 1})
    assert [(one.line, one.original) for one in refused] == [(2, b"{\n")]
    assert out.count(b"\n") == 2


def test_what_is_written_reads_back_as_the_same_events() -> None:
    _, _, out = moved(GOOD)
    assert moved(out)[2] == out


class _Picky:
    def send(self, line: int, event: Event) -> None:
        raise SchemaError(f"not {event['type']} of line {line}")


def test_an_event_that_the_sink_can_never_take_is_refused_with_its_line() -> None:
    tally, refused = Tally(), list[Refused]()
    transfer(read_ndjson(read_lines(BytesIO(GOOD))), _Picky(), refused.append, tally)
    assert (tally.events, refused) == (0, [Refused(line=1, reason="not page_view of line 1", original=GOOD)])


def test_rejects_keep_text_as_text_and_other_bytes_as_base64(tmp_path: Path) -> None:
    rejects = Rejects(tmp_path / "rejects")
    rejects.write(Refused(line=3, reason="bad", original="é\n".encode()))
    rejects.write(Refused(line=4, reason="worse", original=b"\xff"))
    rejects.write(Refused(line=5, reason="odd", original=b"a\r\r\n"))
    rejects.write(Refused(line=6, reason="a piece of it", original=b"a\r"))
    rejects.close()
    assert [json.loads(row) for row in rejects.file.read_text("utf-8").splitlines()] == [
        {"line": 3, "reason": "bad", "original": "é"},
        {"line": 4, "reason": "worse", "original_base64": "/w=="},
        {"line": 5, "reason": "odd", "original": "a\r"},  # but for the line's end
        {"line": 6, "reason": "a piece of it", "original": "a\r"},
    ]


def test_no_refusal_leaves_no_rejects_file(tmp_path: Path) -> None:
    Rejects(tmp_path / "rejects").close()
    assert list(tmp_path.iterdir()) == []


def test_a_rejects_file_that_cannot_be_written_stops_the_run_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(LifecycleError, match="Name another place with --rejects"):
        Rejects(tmp_path / "missing" / "rejects").write(Refused(line=1, reason="", original=b""))


@pytest.fixture
def source(tmp_path: Path) -> str:
    file = tmp_path / "events.ndjson"
    file.write_bytes(GOOD)
    return str(file)


def test_a_checkpoint_is_found_again_also_when_the_file_has_grown(source: str) -> None:
    checkpoint.save(source, 1)
    with Path(source).open("ab") as file:
        file.write(GOOD)
    assert checkpoint.load(source) == 1


def test_without_a_checkpoint_a_run_starts_at_the_beginning(source: str) -> None:
    assert checkpoint.load(source) == 0
    checkpoint.save(source, 1)
    checkpoint.clear(source)
    assert checkpoint.load(source) == 0


def test_a_checkpoint_of_another_content_is_refused(source: str) -> None:
    checkpoint.save(source, 1)
    Path(source).write_bytes(b"{" + GOOD)
    with pytest.raises(LifecycleError, match="was written for another content"):
        checkpoint.load(source)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"line": 1}'])
def test_a_damaged_checkpoint_is_refused(source: str, content: str) -> None:
    checkpoint.beside(source).write_text(content, "utf-8")
    with pytest.raises(LifecycleError, match="is damaged: remove it"):
        checkpoint.load(source)
