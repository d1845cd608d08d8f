"""The agreement as data: what stages mean, who owns them, what leads in and out, deadlines, scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processors.lifecycle.definition.explain.sentences import Said, behaviour, condition, listed, quoted, rule
from processors.lifecycle.definition.grammar.lifecycle import ladders
from processors.lifecycle.definition.grammar.scoring import ScoreSegment
from processors.lifecycle.words import duration, plural, points

if TYPE_CHECKING:
    from processors.lifecycle.definition.grammar.lifecycle import Lifecycle
    from processors.lifecycle.definition.grammar.scoring import Score, Segment
    from processors.lifecycle.definition.grammar.stages import Handoff, Leave, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way out: where to, when, and a few words for a picture."""

    goto: str
    said: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageText:
    """A stage as both teams read it. `facts`: name and text, such as the owner and the goal."""

    id: str
    title: str
    facts: tuple[tuple[str, str], ...]
    enter: Said | None
    ways: tuple[Way, ...]
    deadlines: tuple[str, ...]
    detour: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Everything in the order in which it is read. Sections of words: title, then name and text."""

    title: str
    notes: tuple[str, ...]
    ladders: tuple[tuple[str, tuple[StageText, ...]], ...]
    sections: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    owners: tuple[str, ...]


def agreement(lifecycle: Lifecycle) -> Agreement:
    """Put a lifecycle into words."""
    texts = tuple((name, tuple(_stage(stage) for stage in stages)) for name, _, stages in ladders(lifecycle))
    owners = dict.fromkeys(
        _on_one_line(stage.owner or "") for _, _, stages in ladders(lifecycle) for stage in stages
    )
    sections = [
        ("Criteria", tuple((name, condition(one).flat) for name, one in lifecycle.criteria.items())),
        *((f"Score: {name}", _score(score)) for name, score in lifecycle.scores.items()),
        *((f"Segment: {name}", _segment(segment)) for name, segment in lifecycle.segments.items()),
        ("Behaviours", tuple((name, behaviour(one)) for name, one in lifecycle.behaviours.items())),
        (
            "Lists",
            tuple((name, listed([str(one) for one in values])) for name, values in lifecycle.lists.items()),
        ),
    ]
    return Agreement(
        title=f"{lifecycle.id} {lifecycle.version}",
        notes=_notes(lifecycle),
        ladders=texts,
        sections=tuple((title, words) for title, words in sections if words),
        owners=tuple(owners),
    )


def _notes(lifecycle: Lifecycle) -> tuple[str, ...]:
    hours = lifecycle.business_hours
    days = hours.days if isinstance(hours.days, str) else listed(hours.days)
    opening = f"{_clock(hours.from_)} to {_clock(hours.to)}"
    holidays = plural(len(hours.holidays), "holiday") if hours.holidays else "no holidays"
    notes = [
        "A contact only moves up, unless a way out says otherwise. A score that falls moves nobody.",
        f"Business hours: {days}, {opening}, {holidays}. Days and weeks are those of {lifecycle.timezone}.",
    ]
    if lifecycle.company is not None:
        whose = lifecycle.company.stage.max_of.replace("_", " ")
        who = ", who are in a stage that is no detour" if whose == "active contacts" else ""
        floor = (
            "; never below the furthest stage that their deals alone lead to"
            if lifecycle.company.floor
            else ""
        )
        notes.append(f"A company is as far as the furthest of its {whose}{who}{floor}.")
    return tuple(notes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _stage(stage: Stage) -> StageText:
    facts = [
        ("Means", stage.definition), ("Owner", stage.owner), ("Goal", stage.goal), ("Journey", stage.journey),
        ("Statuses", listed(stage.statuses) or None),
        ("Next step", "none is owed" if stage.terminal else None),
    ]  # fmt: skip
    return StageText(
        id=stage.id,
        title=_on_one_line(stage.name or stage.id),
        facts=tuple((name, _on_one_line(text)) for name, text in facts if text is not None),
        enter=None if stage.enter is None else condition(stage.enter),
        ways=tuple(_way(way) for way in stage.leave),
        deadlines=() if stage.handoff is None else _deadlines(stage.handoff),
        detour=stage.detour,
    )


def _way(way: Leave) -> Way:
    when = [] if way.when is None else [condition(way.when).flat]
    waits = [] if way.after is None else [f"after {duration(way.after)} in the stage"]
    resets = [f"the score {quoted(name)}" if name != "counts" else "what was counted" for name in way.reset]
    starts = f"; {listed(resets)} start{'s' if len(resets) == 1 else ''} anew" if resets else ""
    given = _on_one_line(way.reason or "")
    reason = f" ({given})" if given else ""
    said = f"to {quoted(way.goto)}{reason}: {listed(waits + when)}{starts}"
    return Way(goto=way.goto, said=said, label=given or listed(waits + when))


def _on_one_line(text: str) -> str:
    """Let what stands on several lines in the file break no heading, list or diagram."""
    return " ".join(text.split())


def _deadlines(handoff: Handoff) -> tuple[str, ...]:
    clock = " of business time" if handoff.clock == "business" else ""
    lines = [f"offered to {_on_one_line(handoff.to)} on entry"]
    if handoff.accept_within is not None:
        lines.append(f"an answer is due within {duration(handoff.accept_within)}{clock}")
    if handoff.remind is not None:
        lines.append(f"a reminder after {duration(handoff.remind)}{clock}")
    done = {
        "escalate": "escalated",
        "reassign": "reassigned",
        "alert": "reported",
        "expire": "ended as expired",
    }
    lines += [
        f"without an answer it is {done[one.do]} after {duration(one.after)}{clock}"
        for one in handoff.on_breach
    ]
    return tuple(lines)


def _score(score: Score) -> tuple[tuple[str, str], ...]:
    cut = [("at most", points(score.max))] if score.max is not None else []
    return (*((one.id, rule(one, score)) for one in score.rules), *cut)


def _segment(segment: Segment) -> tuple[tuple[str, str], ...]:
    if isinstance(segment, ScoreSegment):
        return tuple(
            (band.id, "the rest" if band.gte is None else f"{segment.of} is at least {points(band.gte)}")
            for band in segment.bands
        )
    return tuple(
        (band.id, "the rest" if band.if_ is None else condition(band.if_).flat) for band in segment.when
    )
