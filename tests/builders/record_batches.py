"""Record batches as bytes, also such as no client of ours would write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

if TYPE_CHECKING:
    from collections.abc import Sequence

ATTRIBUTES_AT, CONTROL = 22, 0x20  # the lower byte of a batch's attributes; the bit of a marker
NAME, BROKEN = b"name", b"\xff\xfem\x00"  # of one length: replacing one by the other moves nothing
CRC_AT, CRC_OVER = 17, 21  # where the checksum stands in a batch, and from where on it counts
AS_SHOWN = r"\xff\xfem" + "\x00"  # how a broken name is read

Row = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]


def record_batch(rows: Sequence[Row], *, compression: int = 0, broken: bool = False) -> bytes:
    """Build a batch. `broken`: headers called `name` get a name that is no UTF-8; not with compression."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=compression,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 20,
    )
    for offset, (key, value, headers) in enumerate(rows):
        builder.append(offset, key=key, value=value, timestamp=0, headers=headers)
    return with_broken_names(builder.build()) if broken else bytes(builder.build())


def transactional_batch(rows: Sequence[Row], offset: int, producer: int, *, control: bool = False) -> bytes:
    """Build a batch of a transaction as it stands in a log from `offset` on. `control`: it is a marker."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=1,
        producer_id=producer,
        producer_epoch=0,
        base_sequence=0,
        batch_size=1 << 20,
    )
    for number, (key, value, headers) in enumerate(rows):
        builder.append(number, key=key, value=value, timestamp=0, headers=headers)
    raw = builder.build()
    raw[:8] = offset.to_bytes(8, "big")
    raw[ATTRIBUTES_AT] |= CONTROL if control else 0
    return _summed(raw)


def with_broken_names(batch: bytes | bytearray) -> bytes:
    """Break the names in a batch and mend its checksum, as a broker would demand."""
    return _summed(bytearray(batch).replace(NAME, BROKEN))


def _summed(raw: bytearray) -> bytes:
    raw[CRC_AT:CRC_OVER] = calc_crc32c(bytes(raw[CRC_OVER:])).to_bytes(4, "big")
    return bytes(raw)


class BreaksNames:
    """In the place of a builder inside aiokafka's producer: what it builds has broken names."""

    def __init__(self, builder: Any) -> None:  # noqa: ANN401 - aiokafka is untyped
        self._builder = builder

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the producer asks of a builder
        return getattr(self._builder, name)

    def build(self) -> bytearray:
        return bytearray(with_broken_names(self._builder.build()))


CODECS = {
    "none": DefaultRecordBatch.CODEC_NONE,
    "gzip": DefaultRecordBatch.CODEC_GZIP,
    "snappy": DefaultRecordBatch.CODEC_SNAPPY,
    "lz4": DefaultRecordBatch.CODEC_LZ4,
}
