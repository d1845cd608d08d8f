import gzip
from io import BytesIO
from pathlib import Path

import pytest

from processors.feeds.lines import MAX_LINE, Line, open_input, read_lines
from schemas.errors import SchemaError


def lines(data: bytes) -> list[Line]:
    return list(read_lines(BytesIO(data)))


def test_lines_are_numbered_from_one_and_keep_their_end() -> None:
    assert [(line.number, line.data) for line in lines(b"a\r\n\nb")] == [(1, b"a\r\n"), (2, b"\n"), (3, b"b")]


@pytest.mark.parametrize("compress", [gzip.compress, bytes])
def test_gzip_is_recognised_by_its_first_bytes_whatever_the_name(
    tmp_path: Path, compress: type[bytes]
) -> None:
    file = tmp_path / "events"
    file.write_bytes(compress(b"a\nb\n"))
    with open_input(str(file)) as source:
        assert [line.data for line in source.lines] == [b"a\n", b"b\n"]
        assert source.position() == source.size == file.stat().st_size


def test_a_line_that_is_too_long_comes_in_pieces_of_one_number_and_none_is_taken_for_a_line() -> None:
    found = lines(b"x" * (MAX_LINE + 5) + b'\n{"type": "page_view"}\n')
    assert [(line.number, len(line.data), line.whole) for line in found] == [
        (1, MAX_LINE, False),
        (1, 6, False),
        (2, 22, True),
    ]
    with pytest.raises(SchemaError, match="longer than 4 MiB"):
        found[1].content()


def test_no_byte_of_any_line_is_lost() -> None:
    data = b"\n".join(b"y" * size for size in (0, 1, MAX_LINE - 1, MAX_LINE, MAX_LINE + 1))
    assert b"".join(line.data for line in lines(data)) == data


def test_a_gzip_file_cut_short_gives_its_lines_and_then_says_where_it_breaks(tmp_path: Path) -> None:
    file = tmp_path / "events.gz"
    file.write_bytes(gzip.compress(b"a\nb\n")[:-4])
    seen: list[bytes] = []
    with open_input(str(file)) as source, pytest.raises(SchemaError, match="line 3: the gzip stream is"):
        seen.extend(line.data for line in source.lines)
    assert seen == [b"a\n", b"b\n"]
