"""Genuine inputs to start from: what is wrong is nearly always a small change of what is right."""

from __future__ import annotations

import gzip
from io import BytesIO
from pathlib import Path

import fastavro

from processors.lifecycle_files import presets, read_lifecycle
from schemas import codec, ndjson
from schemas.events import EVENT_TYPES, NEWEST
from tests.builders.samples import in_confluents_format, sample

DATA = Path(__file__).parents[1] / "data"
RULES = b"""rules:
  - {path: /guides/*, as: asset_download, buying_stage: awareness, gated: true}
  - {path: /admin/*, ignore: true}
"""
REQUESTS = (
    b"GET /\n",
    b"GET /api/funnel\nhost: localhost\n",
    b"GET /api/changes?limit=50\nhost: [::1]:8620\n",
    b"GET /api/changes?limit=" + b"9" * 5_000 + b"\n",
    b"GET /api/contacts?id=c1\nauthorization: Bearer x\n",
    b"GET /api/contacts?prefix=%C3%BC\ncookie: stageline=abc; a=b\n",
    b"GET /api/contacts/..%2f..\nx-forwarded-user: ada\n",
    b"GET /api/handoffs\n",
    b"GET /api/handoffs/figures?until=1&most=9\n",
    b"GET /api/funnel?within=30d&since=0&until=1\n",
    b"GET /api/sources?since=1&most=1000\n",
    b"GET /api/segments\n",
    b"GET /api/stream\nlast-event-id: v/0\n",
    b"POST /login\ncontent-type: application/x-www-form-urlencoded\n\ntoken=guess",
    b"GET /static/page.js\nrange: bytes=0-1\nif-none-match: x\n",
    b"GET /static/../app.py\n",
    b"HEAD /readyz\n",
    b"OPTIONS /healthz\norigin: https://x.example\n",
)


def seeds_of(target: str) -> list[bytes]:
    """Return some genuine inputs of a target."""
    samples = [sample(name) for name in EVENT_TYPES]
    avro = [codec.encode(one) for one in samples]
    lines = [ndjson.to_line(one).encode() + b"\n" for one in samples]
    exports = [file.read_bytes()[:2_000] for file in sorted((DATA / "csv").glob("*.csv"))]
    found: dict[str, list[bytes]] = {
        "events": [*avro, *lines, in_confluents_format(sample("deal_changed"), 7)],
        "intake": [*avro, *lines],
        "contact-events": [*avro, *(codec.encode(sample(name)) for name in NEWEST)],
        "ndjson": [b"".join(lines[at : at + 3]) for at in range(0, len(lines), 3)],
        "access-log": _log_lines(),
        "csv": exports,
        "container": [_container("null"), _container("deflate")],
        "lifecycle-file": [read_lifecycle(name)[1] for name in presets()],
        "csv-map": [file.read_bytes() for file in sorted((DATA / "csv").glob("*.yaml"))],
        "path-rules": [RULES],
        "http": list(REQUESTS),
    }
    return found[target]


def _log_lines() -> list[bytes]:
    with gzip.open(DATA / "access.log.gz") as file:
        return [file.readline() for _ in range(20)]


def _container(packed: str) -> bytes:
    out = BytesIO()
    schema = fastavro.parse_schema(codec.without_times(NEWEST["page_view"].schema))
    fastavro.writer(out, schema, [sample("page_view")] * 2, codec=packed)
    return out.getvalue()
