"""The workers' consumer groups: does anyone work, and how far behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka import TopicPartition

from processors.cli.doctor.finding import LOOK_AGAIN, ok, unknown, wrong
from processors.cli.doctor.next_record import bounds, offsets_behind
from processors.topic_admin import describe
from schemas.topics import COMPANY_MEMBERS, CONTACT_EVENTS, ENGAGEMENT, HANDOFF_RESPONSE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kafka.admin import KafkaAdminClient

    from processors.cli.doctor.finding import Finding

GROUPS = {  # the processors' names and sources
    "stageline-intake": (ENGAGEMENT.name, HANDOFF_RESPONSE.name),
    "stageline-lifecycle": (CONTACT_EVENTS.name,),
    "stageline-company": (COMPANY_MEMBERS.name,),
}
IF_NEEDED = "stageline-company"  # runs only where a definition has companies
NEVER_SEEN = "Dead"  # what a broker calls a group that nobody has ever joined; newer ones also as an error


def check_groups(admin: KafkaAdminClient, bootstrap: str, lag_bound: int) -> Iterator[Finding]:
    """Look at each group; `lag_bound`: offsets."""
    for group, topics in GROUPS.items():
        yield from _check(admin, bootstrap, group, lag_bound, partitions(admin, topics))


def _check(
    admin: KafkaAdminClient, bootstrap: str, group: str, lag_bound: int, sources: list[TopicPartition]
) -> Iterator[Finding]:
    about = f"group {group}"
    described = admin.describe_groups([group])[group]
    if described["error"] and described["group_state"] != NEVER_SEEN:
        yield unknown(about, f"Its coordinator does not tell: {described['error']}.", LOOK_AGAIN)
        return
    committed = {source: one.offset for source, one in admin.list_group_offsets(group)[group].items()}
    firsts, ends = bounds(admin, sources)
    yield from _lost(about, committed, firsts, ends)
    starts = {one: max(committed.get(one, 0), firsts[one]) for one in sources}
    behind = offsets_behind(bootstrap, starts, ends)
    members, state = len(described["members"]), described["group_state"]
    if not members and not behind and group == IF_NEEDED:
        yield ok(about, "No worker runs it, and nothing waits: no definition has companies.")
    elif not members:
        yield wrong(about, f"No worker runs; {behind:,} offsets wait.", "Start one: `stageline worker`.")
    elif state != "Stable":
        yield unknown(about, f"Partitions are being handed out ({state}).", LOOK_AGAIN)
    elif behind > lag_bound:
        yield wrong(
            about,
            f"{members} workers are {behind:,} offsets behind.",
            f"Wait if that shrinks; else start more workers (up to {len(sources)}) or look at their log.",
        )
    else:
        yield ok(about, f"{members} workers, {behind:,} offsets behind.")


def _lost(
    about: str,
    committed: Mapping[TopicPartition, int],
    firsts: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
) -> Iterator[Finding]:
    """Tell of offsets that the log no longer has."""
    for source in sorted(committed.keys() & ends.keys()):
        place, offset = f"{source.topic}, partition {source.partition}", committed[source]
        if offset > ends[source]:
            yield wrong(
                about,
                f"{place} was consumed up to {offset}, but ends at {ends[source]}: it was cut or made anew.",
                "Restore it, or start over with a new set of topics.",
            )
        elif offset < firsts[source]:
            yield wrong(
                about,
                f"{place}: offsets {offset} to {firsts[source]} were deleted before they were consumed.",
                "Publish those events again; keep workers running, or raise the topic's retention.ms.",
            )


def partitions(admin: KafkaAdminClient, topics: Sequence[str]) -> list[TopicPartition]:
    """Return every partition of those of the topics that exist."""
    return [
        TopicPartition(one["name"], part["partition_index"])
        for one in describe(admin, topics)
        for part in one["partitions"]
    ]
