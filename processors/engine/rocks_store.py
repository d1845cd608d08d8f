"""Contacts' states on disk, in RocksDB: a copy of a changelog that outlives the process.

States and what is covered of the changelog are written in one atomic batch, and only what is committed in the
changelog. So whatever a crash cuts off the end, what is left is what the changelog once held, with the right
place in it. Writes are not forced to the disk: what a power failure takes is read again.
"""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING, Any

import msgpack
from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, Rdict, WriteBatch

from processors.engine.store import Covered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

log = logging.getLogger(__name__)

ABOUT = b"\x00about"  # of whom, up to where, how many contacts; ids hold no control characters
LAYOUT = 1  # of what stands there
# Per partition, and twice that while one is written out: with 8 partitions 64 MiB at most.
WRITE_BUFFER_BYTES = 4 << 20
BLOCK_CACHE = Cache(64 << 20)  # of all partitions together
BLOOM_BITS = 10  # per key: 1 % of the looks for a new contact go to the disk in vain


class StoreDamagedError(Exception):
    """The files do not hold what was written. They were set aside: the next start begins anew."""


def open_store(folder: Path, owner: str) -> RocksStore:
    """Open the copy in `folder`, if it is of `owner`; one of another is thrown away.

    What cannot be opened is set aside beside it, in place of what was set aside before, and begun anew.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return RocksStore(folder, owner)
    except Exception as error:  # noqa: BLE001 - rocksdict raises nothing more special
        _set_aside(folder, str(error))
        return RocksStore(folder, owner)


class RocksStore:
    """See `Store`; made by `open_store`. `owner` names the one changelog that it can be a copy of."""

    def __init__(self, folder: Path, owner: str) -> None:
        self.covered: Covered | None = None
        self._folder = folder
        self._owner = owner
        self._contacts = 0
        self._open()
        try:
            mine = self._recall()
        except BaseException:
            self.close()
            raise
        if not mine:
            log.warning("local state is of another changelog, thrown away folder=%s", folder.name)
            self.clear()

    def apply(self, changes: Mapping[bytes, bytes | None], covered: Covered | None = None) -> None:
        """Take over changes, and what is covered with them, all at once; None deletes."""
        batch = WriteBatch(raw_mode=True)
        contacts = self._contacts
        known = self._db.get(list(changes)) if changes else []
        for (key, state), before in zip(changes.items(), known, strict=True):
            contacts += (state is not None) - (before is not None)
            if state is None:
                batch.delete(key)
            else:
                batch.put(key, state)
        now = covered or self.covered
        batch.put(ABOUT, msgpack.packb((LAYOUT, self._owner, contacts, now)))
        self._db.write(batch)
        self._contacts, self.covered = contacts, now

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Return every contact with its state, in order of their keys.

        Raises StoreDamagedError when some are missing: RocksDB's iterators pass over what they cannot read.
        """
        expected, found = self._contacts, 0
        for key, state in self._db.items():
            if key != ABOUT:
                found += 1
                yield key, state
        if found != expected:
            _set_aside(self._folder, f"{found} contacts are there, {expected} should be")
            raise StoreDamagedError

    def clear(self) -> None:
        """Forget everything."""
        self.close()
        shutil.rmtree(self._folder)
        self.covered, self._contacts = None, 0
        self._open()

    def close(self) -> None:
        """Give the files free, for whoever opens them next."""
        self._db.close()

    def get(self, key: bytes, /) -> bytes | None:
        """Return the state, None for a contact never seen."""
        state: bytes | None = self._db.get(key)
        return state

    def __len__(self) -> int:
        return self._contacts

    def _open(self) -> None:
        self._db: Any = Rdict(str(self._folder), _options())  # its types are those of all its modes

    def _recall(self) -> bool:
        """Read what stands under `ABOUT`, if anything; return whether it is of this owner."""
        if (about := self._db.get(ABOUT)) is None:
            return True
        layout, owner, *rest = msgpack.unpackb(about)
        if (layout, owner) != (LAYOUT, self._owner):
            return False
        self._contacts, covered = rest
        self.covered = None if covered is None else Covered(*covered)
        return True


def _options() -> Options:
    options = Options(raw_mode=True)
    options.set_write_buffer_size(WRITE_BUFFER_BYTES)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_keep_log_file_num(2)
    blocks = BlockBasedOptions()
    blocks.set_block_cache(BLOCK_CACHE)
    blocks.set_bloom_filter(BLOOM_BITS, block_based=False)
    options.set_block_based_table_factory(blocks)
    return options


def _set_aside(folder: Path, why: str) -> None:
    """Keep damaged files for whoever wants to know, one set at most."""
    aside = folder.with_name(f"{folder.name}.damaged")
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)
    log.error("local state damaged, set aside as %s: %s", aside, why)
