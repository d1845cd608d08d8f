"""The processor that admits events: what publishers sent becomes contact-events. It keeps no state.

The keys of what it seals go out in the transaction of the events, and are used for nothing else: after an
aborted transaction the same events are sealed with others.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

from processors.backend import compiled_back_end
from processors.compiled_intake import compiled_intake
from processors.engine.batch import Output
from processors.engine.dead_letter import dead_letter
from processors.intake import admit
from processors.sealing import Sealer
from schemas.errors import SchemaError
from schemas.topics import CONTACT_EVENTS, CONTACT_KEYS, DEAD_LETTER, ENGAGEMENT, HANDOFF_RESPONSE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from processors.engine.batch import Batch, Clock, Record
    from schemas.codec import SchemaById


class Intake:
    """See the module. The time of arrival is the record's timestamp: on these topics the broker sets it."""

    name: str = "stageline-intake"
    sources: tuple[str, ...] = (ENGAGEMENT.name, HANDOFF_RESPONSE.name)
    changelog: str | None = None
    outputs: tuple[str, ...] = (CONTACT_EVENTS.name, CONTACT_KEYS.name, DEAD_LETTER.name)
    clock: Clock | None = None

    def __init__(self, schema_by_id: SchemaById | None = None) -> None:
        self.unlocked: bool = compiled_back_end() is not None
        self._schema_by_id = schema_by_id

    def process(self, batch: Batch) -> None:
        """Admit each record, or send it to the dead-letter topic."""
        put, sealer = batch.outputs.append, Sealer()
        for record, plain in zip(batch.records, _plain(batch.records), strict=True):
            if plain is not None:
                put(Output(CONTACT_EVENTS.name, *plain))
                continue
            batch.offset = record.offset
            try:
                events = admit(
                    record.value or b"",
                    received_at=record.timestamp,
                    schema_by_id=self._schema_by_id,
                    seal=sealer.seal,
                )
            except SchemaError as error:
                put(dead_letter(batch.source, record, str(error), "intake"))
            else:
                for key, value in events:
                    put(Output(CONTACT_EVENTS.name, key, value))
        batch.outputs += [Output(CONTACT_KEYS.name, *row) for row in sealer.rows]


def _plain(records: Sequence[Record]) -> Iterable[tuple[bytes, bytes] | None]:
    """Admit what the compiled back-end can, if there is one."""
    compiled = compiled_intake()
    if compiled is None:
        return repeat(None, len(records))
    return compiled.admit([(record.value, record.timestamp) for record in records])
