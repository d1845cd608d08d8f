"""Output records for tests: one contact's changes, numbered and chained as the core would."""

from __future__ import annotations

from typing import Any

from schemas.codec import decode_trusted, encode

START = 1_767_225_600_000  # 2026-01-01T00:00Z
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def why(summary: str = "Because.", **given: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of the record
    return {
        "summary": summary,
        "evidence": [],
        "score_parts": [],
        "first_touch": None,
        "last_touch": None,
        "crossing_touch": None,
        **given,
    }


def evidence(fact: str, value: str, threshold: str, *, met: bool = True) -> dict[str, Any]:
    return {
        "path": "stages.mql.enter.any[0]",
        "fact": fact,
        "value": value,
        "threshold": threshold,
        "met": met,
        "events": ["e1", "e2"],
    }


class History:
    """Changes of one contact, in order: `changes` holds them all, each method returns the one it added."""

    def __init__(self, contact_id: str, at: int = START) -> None:
        self.contact_id = contact_id
        self.at = at
        self.changes: list[dict[str, Any]] = []
        self._numbers: dict[str, int] = {}
        self._stages: dict[str, tuple[str, int]] = {}
        self._bands: dict[str, str | None] = {}

    @property
    def stage(self) -> str | None:
        """On the main track now."""
        stage, _ = self._stages.get("main", (None, None))
        return stage

    def wait(self, ms: int) -> History:
        self.at += ms
        return self

    def enter(self, to: str | None, *, track: str = "main", **given: Any) -> dict[str, Any]:  # noqa: ANN401
        stage, since = self._stages.get(track, (None, None))
        if to is None:
            self._stages.pop(track, None)
        else:
            self._stages[track] = (to, self.at)
        default = {
            "track": track,
            "from": stage,
            "to": to,
            "since": since,
            "path": [] if to is None else [to],
            "reason": None,
            "owner": "marketing",
            "next_deadline": None,
        }
        return self._add("stage_changed", default | given)

    def band(self, to: str | None, *, segment: str = "temperature", **given: Any) -> dict[str, Any]:  # noqa: ANN401
        before = self._bands.get(segment)
        self._bands[segment] = to
        return self._add("segment_changed", {"segment": segment, "from": before, "to": to} | given)

    def handoff(self, action: str, handoff: str = "h1", **given: Any) -> dict[str, Any]:  # noqa: ANN401
        default = {
            "handoff": handoff,
            "stage": "mql",
            "action": action,
            "to": "sales",
            "reason": None,
            "actor": None,
            "owner": "sales",
            "accept_by": None,
        }
        return self._add("mql_handoff", default | given)

    def joined(self, company: str, stage: str | None, rank: int = 1, **given: Any) -> dict[str, Any]:  # noqa: ANN401
        """The contact is of a company from now on, or still is, and counts with this stage."""
        default = {"company_id": company, "stage": stage, "active": stage is not None, "deals": "none"}
        counts = {"counts_as": stage, "rank": rank, "by_deals": False, "left": False, "erased": False}
        return self._add("membership_changed", default | counts | {"event_id": "e1"} | given)

    def moved(self, company: str, to: str | None, sequence: int = 1, **given: Any) -> dict[str, Any]:  # noqa: ANN401
        """A company came to a stage by this contact."""
        default = {"company_id": company, "sequence": sequence, "from": None, "to": to, "since": None}
        counts = {"by_deals": False, "contacts": 1, "members": 1, "event_id": "e1"}
        return self._add("company_stage_changed", default | counts | given)

    def _add(self, record: str, fields: dict[str, Any]) -> dict[str, Any]:
        self._numbers[record] = self._numbers.get(record, 0) + 1
        change = {
            "record": record,
            "contact_id": self.contact_id,
            "sequence": self._numbers[record],
            "cycle": 0,
            "at": self.at,
            "cause": {
                "criterion": "stages.mql.enter",
                "event_id": "e1",
                "timer": None,
                "criteria_change": None,
            },
            "why": why(),
            "score": {"total": 0},
            "lifecycle": "buyers-journey@1.0.0",
            "plan_hash": "0" * 64,
            "late": False,
            **fields,
        }
        change = decode_trusted(encode(change))  # refuses what the contract does not allow
        self.changes.append(change)
        return change
