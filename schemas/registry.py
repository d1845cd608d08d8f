"""A schema registry's ids, for Confluent's wire format (API of Confluent, Karapace, Apicurio's ccompat).

An id that the registry does not know, or whose schema is not one of ours, is refused (SchemaError, so: dead
letter). A registry that cannot be reached says nothing about the event: ConnectionError, so that nothing is
refused by mistake.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from urllib.parse import unquote

from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError
from urllib3.util import make_headers, parse_url

from schemas.allowed import parse, record_of
from schemas.errors import LifecycleError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.events import Record

ACCEPT = "application/vnd.schemaregistry.v1+json, application/json"
MAX_BYTES = 1_048_576  # of one answer; ours are 3 kB
REFUSED_S = 60.0  # how long a refusal is believed: a schema may be registered after its first event came by
MAX_REFUSED = 10_000  # made-up ids must not fill the memory


class Registry:
    """Looks schemas up by id, each once. `url` may hold user and password; neither is ever shown."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        parts = parse_url(url)
        if parts.scheme not in {"http", "https"} or not parts.host:
            raise LifecycleError(
                "the schema registry's address must look like https://user:password@host:8081."
            )
        self._base = parts._replace(auth=None).url.rstrip("/")
        self._pool = PoolManager(
            headers={"accept": ACCEPT} | _authorization(parts.auth),
            timeout=Timeout(total=1.5),  # seconds; three tries stay below the worker's session timeout of 6 s
            retries=Retry(2, backoff_factor=0.1, status_forcelist=(429, 500, 502, 503, 504)),
        )
        self._clock = clock
        self._known: dict[int, Record] = {}
        self._refused: dict[int, tuple[float, str]] = {}

    def record(self, schema_id: int) -> Record:
        """Find the record of ours that an id means.

        Raises SchemaError when it means none, ConnectionError when the registry cannot tell.
        """
        if schema_id in self._known:
            return self._known[schema_id]
        since, reason = self._refused.get(schema_id, (-REFUSED_S, ""))
        if self._clock() - since < REFUSED_S:
            raise SchemaError(reason)
        return self._ask(schema_id)

    def _ask(self, schema_id: int) -> Record:
        try:
            record = record_of(parse(self._schema(schema_id)))
        except SchemaError as error:
            reason = f"schema id {schema_id}: {error}"
            if len(self._refused) >= MAX_REFUSED:
                self._refused.clear()
            self._refused[schema_id] = (self._clock(), reason)
            raise SchemaError(reason) from None
        self._known[schema_id] = record
        return record

    def _schema(self, schema_id: int) -> str:
        """Fetch the text of an Avro schema that stands by itself."""
        status, answer = self._get(f"/schemas/ids/{schema_id}")
        match answer:
            case {"error_code": 40401 | 40402 | 40403} if status == 404:  # subject, version, schema not found
                raise SchemaError("the registry does not know it.")
            case {"references": [_, *_]}:
                raise SchemaError("it refers to other schemas; ours stand by themselves.")
            case {"schemaType": str(other)} if other != "AVRO":
                raise SchemaError(f"it is {other}, not an Avro schema.")
            case {"schema": str(text)} if status == 200:
                return text
        raise ConnectionError(f"{self._base} answered {status}, no schema: is it a registry's Confluent API?")

    def _get(self, path: str) -> tuple[int, object]:
        """Give the status and the JSON of an answer, None when it is not JSON."""
        try:
            response = self._pool.request("GET", self._base + path, preload_content=False)
            try:
                return response.status, json.loads(response.read(MAX_BYTES))
            finally:
                response.release_conn()
        except HTTPError as error:
            raise ConnectionError(f"schema registry {self._base} cannot be reached: {error}") from None
        except ValueError:
            return response.status, None


def _authorization(auth: str | None) -> dict[str, str]:
    return dict(make_headers(basic_auth=unquote(auth))) if auth else {}
