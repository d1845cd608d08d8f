"""The processor of companies: what contacts tell theirs in, how far each company is out.

Its states are small: one row for each contact of a company, and one for the company with its counts. Records
of one company are in one partition, those of one contact in order, so the fold decides the same however they
are cut into batches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.company import dump, dump_row, fold, load, load_row, row_key
from processors.engine.dead_letter import dead_letter
from processors.engine.outputs import to_output
from schemas.codec import decode_trusted
from schemas.errors import SchemaError
from schemas.topics import COMPANY_CHANGED, COMPANY_CHANGELOG, COMPANY_MEMBERS, DEAD_LETTER

if TYPE_CHECKING:
    from processors.company import Change, Company
    from processors.engine.batch import Batch, Clock


class Companies:
    """See the module. It needs no definition: what it is told says what counts, and by which one."""

    name: str = "stageline-company"
    sources: tuple[str, ...] = (COMPANY_MEMBERS.name,)
    changelog: str | None = COMPANY_CHANGELOG.name
    outputs: tuple[str, ...] = (COMPANY_CHANGED.name, DEAD_LETTER.name)
    clock: Clock | None = None
    unlocked: bool = False

    def process(self, batch: Batch) -> None:
        """Apply each record; one that is none of these goes to the dead-letter topic."""
        companies: dict[bytes, Company] = {}
        for record in batch.records:
            batch.offset = record.offset
            try:
                change = _read(record.value)
            except SchemaError as error:
                batch.outputs.append(dead_letter(batch.source, record, str(error), "company"))
            else:
                _apply(batch, companies, change)
        for key, company in companies.items():
            batch.states[key] = dump(company)


def _apply(batch: Batch, companies: dict[bytes, Company], change: Change) -> None:
    company_id, contact_id = change["company_id"], change["contact_id"]
    key, row_at = company_id.encode(), row_key(company_id, contact_id)
    if key not in companies:
        companies[key] = load(batch.state(key))
    row, told = fold(companies[key], load_row(batch.state(row_at)), change)
    batch.states[row_at] = None if row is None else dump_row(row)
    if told is not None:
        batch.outputs.append(to_output(told))


def _read(value: bytes | None) -> Change:
    change = decode_trusted(value or b"")
    if change.get("record") != "membership_changed":
        raise SchemaError(f"{change.get('record') or change['type']} says nothing of a company's contact.")
    return change
