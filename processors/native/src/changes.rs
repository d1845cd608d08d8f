//! The records a turn gives out, each with its reasons, see `processors/lifecycle/changes.py`.

use crate::contact::{Contact, Place, Touch, NO_STAGE};
use crate::membership::MembershipChanged;
use crate::plan::{self, Name};
use crate::program::Program;
use crate::turn::{Evidence, Shift, Turn};
use crate::words;

/// Criterion, reason, actor.
pub type Said = (Name, Option<Name>, Option<Name>);

/// What every output begins with.
pub struct Head {
    pub contact_id: Name,
    pub sequence: i64,
    pub cycle: i64,
    pub at: i64,
}

pub struct Cause {
    pub criterion: Name,
    pub event_id: Option<Name>,
    pub criteria_change: Option<Name>,
}

pub struct Why {
    pub summary: String,
    pub evidence: Vec<Evidence>,
    pub score_parts: Vec<(usize, Option<usize>, i64)>, // score, rule (none: cut off by max), points
    pub first_touch: Option<Touch>,
    pub last_touch: Option<Touch>,
    pub crossing_touch: Option<Touch>,
}

pub struct StageChanged {
    pub head: Head,
    pub track: Name,
    pub from: Option<Name>,
    pub to: Option<Name>,
    pub since: Option<i64>,
    pub path: Vec<Name>,
    pub reason: Option<Name>,
    pub cause: Cause,
    pub why: Box<Why>, // apart, since large pieces of memory are slow to come by
    pub owner: Option<Name>,
    pub scores: Vec<i64>,
    pub late: bool,
    pub next_deadline: Option<i64>,
}

pub struct SegmentChanged {
    pub head: Head,
    pub segment: Name,
    pub from: Option<Name>,
    pub to: Option<Name>,
    pub cause: Cause,
    pub why: Box<Why>,
    pub owner: Option<Name>,
    pub scores: Vec<i64>,
    pub late: bool,
}

pub struct HandoffChanged {
    pub head: Head,
    pub handoff: Name,
    pub stage: Name,
    pub action: Name,
    pub to: Name,
    pub reason: Option<Name>,
    pub actor: Option<Name>,
    pub cause: Cause,
    pub why: Box<Why>,
    pub owner: Option<Name>,
    pub scores: Vec<i64>,
    pub late: bool,
    pub accept_by: Option<i64>,
}

pub enum Change {
    Stage(Box<StageChanged>),
    Segment(Box<SegmentChanged>),
    Handoff(Box<HandoffChanged>),
    Membership(Box<MembershipChanged>),
    Refused { contact_id: Name, event_id: Option<Name>, event_type: Option<Name>, reason: String },
}

impl Change {
    /// Name and beginning of what becomes an output.
    pub fn head(&self) -> Option<(&'static str, &Head)> {
        match self {
            Self::Stage(one) => Some(("stage_changed", &one.head)),
            Self::Segment(one) => Some(("segment_changed", &one.head)),
            Self::Handoff(one) => Some(("mql_handoff", &one.head)),
            Self::Membership(one) => Some(("membership_changed", &one.head)),
            Self::Refused { .. } => None,
        }
    }

    /// Key of what becomes an output that begins with `head`.
    pub fn key<'a>(&'a self, head: &'a Head) -> &'a Name {
        match self {
            Self::Membership(one) => one.company_id(),
            _ => &head.contact_id,
        }
    }
}

/// Tells a move that the world sees.
pub fn stage_changed(turn: &Turn, contact: &mut Contact, shift: &Shift) -> Change {
    let program = turn.program;
    contact.stage_changes += 1;
    let place = &contact.places[shift.track];
    let (criterion, reason) =
        shift.hops.last().map_or(("".into(), None), |hop| (hop.criterion.clone(), hop.reason.clone()));
    let evidence: Vec<Evidence> = shift.hops.iter().flat_map(|hop| hop.evidence.iter().cloned()).collect();
    let (from, to) = (shift.start.clone(), program.stage_id(place.shown).cloned());
    let summary = moved(from.as_ref(), to.as_ref(), reason.as_ref(), &evidence);
    let path = shift.hops.iter().flat_map(|hop| hop.path.iter().filter_map(|stage| program.stage_id(*stage)));
    Change::Stage(Box::new(StageChanged {
        head: head(turn, contact, contact.stage_changes, place.cycle),
        track: program.plan.tracks[shift.track].id.clone(),
        since: from.as_ref().map(|_| shift.since),
        path: path.cloned().collect(),
        cause: cause(turn, criterion),
        why: why(turn, contact, summary, evidence),
        owner: owner(program, place),
        scores: scores(turn, contact),
        late: turn.late,
        next_deadline: None, // known only once hand-offs are made
        from,
        to,
        reason,
    }))
}

/// Tells that a segment has another band; `change` is the old and the new band.
pub fn segment_changed(
    turn: &Turn,
    contact: &mut Contact,
    segment: usize,
    (from, to): (Option<Name>, Option<Name>),
    evidence: Vec<Evidence>,
) -> Change {
    let shape = &turn.program.plan.segments[segment];
    contact.segment_changes += 1;
    let path = shape.bands.iter().find(|band| Some(&band.id) == to.as_ref()).map(|band| band.path.clone());
    let path = path.unwrap_or_else(|| format!("segments.{}", shape.id).into());
    let end = to.as_deref().unwrap_or("None");
    let summary = match from.as_deref().filter(|from| !from.is_empty()) {
        Some(from) => [&*shape.id, " went from ", from, " to ", end, &because(&evidence)].concat(),
        None => [&*shape.id, " is ", end, &because(&evidence)].concat(),
    };
    Change::Segment(Box::new(SegmentChanged {
        head: head(turn, contact, contact.segment_changes, contact.places[0].cycle),
        segment: shape.id.clone(),
        cause: cause(turn, path),
        why: why(turn, contact, summary, evidence),
        owner: owner(turn.program, &contact.places[0]),
        scores: scores(turn, contact),
        late: turn.late,
        from,
        to,
    }))
}

/// One step in the life of a track's hand-off.
pub fn handoff_changed(turn: &Turn, contact: &mut Contact, track: usize, action: &str, said: Said) -> Change {
    contact.handoff_changes += 1;
    let place = &contact.places[track];
    let (criterion, reason, actor) = said;
    let handoff = place.handoff.as_ref();
    let stage = handoff.and_then(|handoff| turn.program.stage(handoff.stage));
    let (Some(handoff), Some(stage)) = (handoff, stage) else {
        crate::unsupported::give_up("a hand-off that is not there was told of")
    };
    let evidence = turn.offered_for.clone();
    let to = stage.handoff.as_ref().map_or_else(|| "".into(), |rule| rule.to.clone());
    let summary = handed(stage, &to, handoff.accept_by, action, reason.as_ref(), &evidence);
    Change::Handoff(Box::new(HandoffChanged {
        head: head(turn, contact, contact.handoff_changes, handoff.cycle),
        handoff: handoff.id.clone(),
        stage: stage.id.clone(),
        action: action.into(),
        to,
        cause: cause(turn, criterion),
        why: why(turn, contact, summary, evidence),
        owner: owner(turn.program, place),
        scores: scores(turn, contact),
        late: turn.late,
        accept_by: handoff.accept_by,
        reason,
        actor,
    }))
}

/// Lets what was told in the words of another definition carry this one's scores.
pub fn score_anew(turn: &Turn, contact: &Contact, change: &mut Change) {
    let (known, why) = match change {
        Change::Stage(one) => (&mut one.scores, &mut one.why),
        Change::Segment(one) => (&mut one.scores, &mut one.why),
        Change::Handoff(one) => (&mut one.scores, &mut one.why),
        Change::Membership(_) | Change::Refused { .. } => return,
    };
    *known = scores(turn, contact);
    why.score_parts = turn.program.board.itemised(turn.view(contact));
}

fn head(turn: &Turn, contact: &Contact, sequence: i64, cycle: i64) -> Head {
    Head { contact_id: contact.id.clone(), sequence, cycle, at: turn.now }
}

fn cause(turn: &Turn, criterion: Name) -> Cause {
    Cause { criterion, event_id: turn.event_id(), criteria_change: turn.replaced.cloned() }
}

fn why(turn: &Turn, contact: &Contact, summary: String, mut evidence: Vec<Evidence>) -> Box<Why> {
    evidence.extend(turn.notes.iter().cloned());
    Box::new(Why {
        summary,
        evidence,
        score_parts: turn.program.board.itemised(turn.view(contact)),
        first_touch: contact.first_touch.clone(),
        last_touch: contact.last_touch.clone(),
        crossing_touch: turn.touch(),
    })
}

fn scores(turn: &Turn, contact: &Contact) -> Vec<i64> {
    turn.program.board.read(turn.view(contact), |reading| reading.scores.clone())
}

fn moved(start: Option<&Name>, end: Option<&Name>, reason: Option<&Name>, evidence: &[Evidence]) -> String {
    let moved = match (start, end) {
        (None, None) => "Is no longer known".to_owned(),
        (Some(start), None) => format!("Is no longer {start}"),
        (None, Some(end)) => format!("Became {end}"),
        (Some(start), Some(end)) => format!("Moved from {start} to {end}"),
    };
    let reason =
        reason.filter(|reason| !reason.is_empty()).map_or(String::new(), |reason| format!(" ({reason})"));
    moved + &reason + &because(evidence)
}

fn because(evidence: &[Evidence]) -> String {
    let mut text = String::with_capacity(64);
    for one in evidence.iter().filter(|one| one.met) {
        text.push_str(if text.is_empty() { ": " } else { "; " });
        for part in [&*one.fact, " (", &*one.value, ")"] {
            text.push_str(part);
        }
    }
    text.push('.');
    text
}

fn handed(
    stage: &plan::Stage,
    to: &Name,
    accept_by: Option<i64>,
    action: &str,
    reason: Option<&Name>,
    evidence: &[Evidence],
) -> String {
    let stage = &stage.id;
    let by = accept_by.filter(|by| *by != 0);
    let by = by.map_or(String::new(), |by| format!(", answer expected by {}", words::moment(by)));
    let said =
        reason.filter(|reason| !reason.is_empty()).map_or(String::new(), |reason| format!(": {reason}"));
    match action {
        "offered" => format!("Offered to {to} as {stage}{by}{}", because(evidence)),
        "reminded" => format!("{to} was reminded of the hand-off as {stage}{by}."),
        "accepted" => format!("{to} accepted the hand-off as {stage}{said}."),
        "rejected" => format!("{to} rejected the hand-off as {stage}{said}."),
        "withdrawn" => format!("The hand-off to {to} as {stage} was withdrawn{said}."),
        late => format!("Nobody in {to} answered the hand-off as {stage} in time: {late}."),
    }
}

fn owner(program: &Program, place: &Place) -> Option<Name> {
    program.stage(place.shown).map(|stage| stage.owner.clone()).filter(|owner| !owner.is_empty())
}

/// The nearest timed exit or hand-off deadline of the stage shown.
pub fn next_deadline(program: &Program, place: &Place) -> Option<i64> {
    let mut due = None;
    if place.stage != NO_STAGE && place.shown == place.stage {
        let ways = program.exits[place.stage as usize].iter();
        due = ways.filter_map(|way| way.rule.after_ms).map(|after| place.since + after).min();
    }
    let open = place.handoff.as_ref().filter(|handoff| &*handoff.status == "open");
    match (due, open.and_then(|handoff| handoff.accept_by)) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
