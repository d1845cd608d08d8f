import json
from copy import deepcopy

import pytest

from schemas.compatibility import digest, problems
from schemas.events import FOLDER, NEWEST, RECORDS, Record
from schemas.fingerprint import fingerprint


def made(name: str, version: int, *, remove: str | None = None, **added: object) -> Record:
    """The first version of a record, changed; `added` maps a field to its type, or to type and default."""
    first = NEWEST[name]
    schema = deepcopy(dict(first.schema))
    schema["fields"] = [field for field in schema["fields"] if field["name"] not in {remove, *added}]
    for field, type_ in added.items():
        entry = type_ if isinstance(type_, dict) and "default" in type_ else {"type": type_}
        schema["fields"].append({"name": field} | entry)
    return Record(
        name=name,
        version=version,
        role=first.role,
        identifiers=1,
        schema=schema,
        fingerprint=fingerprint(schema),
    )


PAGE_VIEW = NEWEST["page_view"]
STAGE_CHANGED = NEWEST["stage_changed"]


def test_the_schemas_of_the_package_live_together() -> None:
    released = json.loads((FOLDER / "released.json").read_text("utf-8"))
    assert problems(RECORDS, released) == ()


def test_a_new_field_with_a_default_is_fine() -> None:
    new = made("page_view", 2, title={"type": ["null", "string"], "default": None})
    assert problems((PAGE_VIEW, new), {}) == ()


def test_a_removed_field_of_an_event_is_fine() -> None:
    assert problems((PAGE_VIEW, made("page_view", 2, remove="url")), {}) == ()


def test_a_removed_field_of_an_output_is_refused_as_old_subscribers_need_it() -> None:
    (found,) = problems((STAGE_CHANGED, made("stage_changed", 2, remove="late")), {})
    assert found.startswith("stage_changed.v1 cannot read what stage_changed.v2 wrote")


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        (made("page_view", 2, title="string"), "a field was added without a default (title)"),
        (made("page_view", 2, url="long"), "a type changed"),
        (made("page_view", 2, url=["null", "long"]), "a union lost a branch"),
        (made("page_view", 2, url="bytes"), "url has another type than in page_view.v1"),
        (
            made("page_view", 2, title={"type": "string", "default": 7}),
            "the default of title is not of its type",
        ),
        (made("page_view", 2, title={"type": ["string", "null"], "default": None}), "the default of title"),
        (made("page_view", 2, title={"type": "strin", "default": ""}), "page_view.v2: not an Avro schema"),
        (made("page_view", 2, url={"type": "string", "default": "", "aliases": ["u"]}), "url has aliases"),
        (made("page_view", 3), "has the versions [1, 3]: number them 1, 2, 3 without a gap"),
        (made("page_view", 2, source={"type": ["null", "string"], "default": None}), "must be the header"),
    ],
)
def test_what_would_break_readers_is_refused(new: Record, problem: str) -> None:
    (found,) = problems((PAGE_VIEW, new), {})
    assert problem in found


def test_an_enum_may_gain_symbols_but_not_lose_them() -> None:
    def answer(version: int, *symbols: str) -> Record:
        topic = {"type": "enum", "name": "QualifiedTopic", "symbols": list(symbols)}
        return made("qualified_answer", version, topic=topic)

    grown = (answer(1, "need", "budget"), answer(2, "need", "budget", "authority"))
    assert problems(grown, {}) == ()
    (found,) = problems((grown[1], answer(2, "need")), {})[1:]
    assert "an enum lost symbols" in found


def test_every_earlier_version_counts_not_only_the_last() -> None:
    second = made("page_view", 2, remove="url")
    third = made("page_view", 3, url="long")
    found = problems((PAGE_VIEW, second, third), {})
    assert [line.split(":")[0] for line in found] == [
        "page_view.v3 cannot read what page_view.v1 wrote",
        "page_view.v3 cannot read what page_view.v2 wrote",
    ]


def test_a_released_version_is_never_edited() -> None:
    released = {"page_view.v1": digest(PAGE_VIEW)}
    edited = made("page_view", 1, title={"type": ["null", "string"], "default": None})
    assert problems((PAGE_VIEW,), released) == ()
    assert problems((edited,), released) == (
        "page_view.v1 was released and has been edited: put it back and add page_view.v2.avsc instead.",
    )


def test_a_released_version_is_never_removed() -> None:
    (found,) = problems((), {"page_view.v1": digest(PAGE_VIEW)})
    assert found.startswith("page_view.v1 was released and is gone: put page_view.v1.avsc back")


def test_documentation_may_be_improved_after_release() -> None:
    documented = made("page_view", 1)
    documented.schema["fields"][0]["doc"] = "better"
    assert digest(documented) == digest(PAGE_VIEW)
