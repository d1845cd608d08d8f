//! Changes as records: the fields of `processors/lifecycle/changes.py`, in their order.

use crate::changes::{Cause, Change, Head, Why};
use crate::contact::Touch;
use crate::forward::Forwarded;
use crate::json_line::JsonLine;
use crate::outputs::Output;
use crate::pack::Packer;
use crate::plan::Name;
use crate::program::Program;
use crate::turn::Evidence;

/// What a record is written to.
pub trait Sink {
    fn map(&mut self, length: usize);
    fn end_map(&mut self);
    fn key(&mut self, name: &str);
    /// A key of ours, of which nothing must be escaped.
    fn field(&mut self, name: &'static str) {
        self.key(name);
    }
    fn list(&mut self, length: usize);
    fn item(&mut self);
    fn end_list(&mut self);
    fn str(&mut self, one: &str);
    fn int(&mut self, one: i64);
    fn bool(&mut self, one: bool);
    fn nil(&mut self);

    fn maybe_str(&mut self, one: Option<&Name>) {
        match one {
            Some(one) => self.str(one),
            None => self.nil(),
        }
    }

    fn maybe_int(&mut self, one: Option<i64>) {
        match one {
            Some(one) => self.int(one),
            None => self.nil(),
        }
    }
}

/// How changes are told: as `MessagePack`, as lines of JSON, or as outputs where that can be done. Or not at all,
/// of contacts as another definition would have had them.
#[derive(Clone, Copy)]
pub enum Form {
    Packed,
    Lines,
    Outputs,
    Lived,
}

/// A change in one of these forms; an output that cannot be made here is packed. Only among outputs there is
/// what a contact passes on.
pub enum Told {
    Bytes(Vec<u8>),
    Output(Output),
    Forwarded(Forwarded),
}

impl Form {
    pub fn tell_all(self, program: &Program, changes: &[Change]) -> Vec<Told> {
        changes.iter().filter_map(|change| self.tell(program, change)).collect()
    }

    pub fn tell(self, program: &Program, one: &Change) -> Option<Told> {
        Some(match self {
            Self::Lived => return None,
            Self::Packed => Told::Bytes(packed(program, one)),
            Self::Lines => {
                let mut bytes = Vec::with_capacity(1_024);
                line(program, one, &mut bytes);
                Told::Bytes(bytes)
            }
            Self::Outputs => program
                .outputs
                .output(program, one)
                .map_or_else(|| Told::Bytes(packed(program, one)), Told::Output),
        })
    }
}

fn packed(program: &Program, one: &Change) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1_024);
    change(program, one, &mut Packer(&mut bytes));
    bytes
}

/// Writes a change as a line of JSON.
pub fn line(program: &Program, one: &Change, to: &mut Vec<u8>) {
    change(program, one, &mut JsonLine(to));
    to.push(b'\n');
}

/// Writes one change.
pub fn change(program: &Program, change: &Change, to: &mut impl Sink) {
    match change {
        Change::Stage(one) => {
            to.map(19);
            head(to, "stage_changed", &one.head);
            text(to, "track", &one.track);
            maybe(to, "from", one.from.as_ref());
            maybe(to, "to", one.to.as_ref());
            maybe_int(to, "since", one.since);
            to.field("path");
            names(to, &one.path);
            maybe(to, "reason", one.reason.as_ref());
            cause(to, &one.cause);
            why(to, program, &one.why);
            maybe(to, "owner", one.owner.as_ref());
            tail(to, program, &one.scores, one.late);
            maybe_int(to, "next_deadline", one.next_deadline);
        }
        Change::Segment(one) => {
            to.map(15);
            head(to, "segment_changed", &one.head);
            text(to, "segment", &one.segment);
            maybe(to, "from", one.from.as_ref());
            maybe(to, "to", one.to.as_ref());
            cause(to, &one.cause);
            why(to, program, &one.why);
            maybe(to, "owner", one.owner.as_ref());
            tail(to, program, &one.scores, one.late);
        }
        Change::Handoff(one) => {
            to.map(19);
            head(to, "mql_handoff", &one.head);
            text(to, "handoff", &one.handoff);
            text(to, "stage", &one.stage);
            text(to, "action", &one.action);
            text(to, "to", &one.to);
            maybe(to, "reason", one.reason.as_ref());
            maybe(to, "actor", one.actor.as_ref());
            cause(to, &one.cause);
            why(to, program, &one.why);
            maybe(to, "owner", one.owner.as_ref());
            tail(to, program, &one.scores, one.late);
            maybe_int(to, "accept_by", one.accept_by);
        }
        Change::Membership(one) => one.write(program, to),
        Change::Refused { contact_id, event_id, event_type, reason } => {
            to.map(5);
            text(to, "record", "event_refused");
            text(to, "contact_id", contact_id);
            maybe(to, "event_id", event_id.as_ref());
            maybe(to, "event_type", event_type.as_ref());
            text(to, "reason", reason);
        }
    }
    to.end_map();
}

fn head(to: &mut impl Sink, record: &str, head: &Head) {
    text(to, "record", record);
    text(to, "contact_id", &head.contact_id);
    int(to, "sequence", head.sequence);
    int(to, "cycle", head.cycle);
    int(to, "at", head.at);
}

fn tail(to: &mut impl Sink, program: &Program, scores: &[i64], late: bool) {
    to.field("score");
    to.map(scores.len());
    for (score, points) in program.plan.scores.iter().zip(scores) {
        to.key(&score.id);
        to.int(*points);
    }
    if let Some(total) = scores.last() {
        int(to, "total", *total);
    }
    to.end_map();
    text(to, "lifecycle", &program.lifecycle);
    text(to, "plan_hash", &program.plan.plan_hash);
    to.field("late");
    to.bool(late);
}

fn cause(to: &mut impl Sink, cause: &Cause) {
    to.field("cause");
    to.map(4);
    text(to, "criterion", &cause.criterion);
    maybe(to, "event_id", cause.event_id.as_ref());
    let by_itself = cause.event_id.is_none() && cause.criteria_change.is_none();
    maybe(to, "timer", by_itself.then_some(&cause.criterion));
    maybe(to, "criteria_change", cause.criteria_change.as_ref());
    to.end_map();
}

fn why(to: &mut impl Sink, program: &Program, why: &Why) {
    to.field("why");
    to.map(6);
    text(to, "summary", &why.summary);
    to.field("evidence");
    to.list(why.evidence.len());
    for one in &why.evidence {
        to.item();
        evidence(to, one);
    }
    to.end_list();
    to.field("score_parts");
    to.list(why.score_parts.len());
    for (score, rule, points) in &why.score_parts {
        to.item();
        to.map(3);
        text(to, "score", &program.plan.scores[*score].id);
        text(to, "rule", rule.map_or("max", |rule| &program.board.parts[rule].id));
        int(to, "points", *points);
        to.end_map();
    }
    to.end_list();
    touch(to, "first_touch", why.first_touch.as_ref());
    touch(to, "last_touch", why.last_touch.as_ref());
    touch(to, "crossing_touch", why.crossing_touch.as_ref());
    to.end_map();
}

fn evidence(to: &mut impl Sink, one: &Evidence) {
    to.map(6);
    text(to, "path", &one.path);
    text(to, "fact", &one.fact);
    text(to, "value", &one.value);
    text(to, "threshold", &one.threshold);
    to.field("met");
    to.bool(one.met);
    to.field("events");
    names(to, &one.events);
    to.end_map();
}

fn touch(to: &mut impl Sink, key: &'static str, touch: Option<&Touch>) {
    to.field(key);
    let Some(touch) = touch else { return to.nil() };
    to.map(6);
    int(to, "at", touch.at);
    text(to, "event_id", &touch.event_id);
    text(to, "event_type", &touch.event_type);
    maybe(to, "source", touch.source.as_ref());
    maybe(to, "campaign", touch.campaign.as_ref());
    maybe(to, "medium", touch.medium.as_ref());
    to.end_map();
}

fn names(to: &mut impl Sink, names: &[Name]) {
    to.list(names.len());
    for name in names {
        to.item();
        to.str(name);
    }
    to.end_list();
}

pub fn text(to: &mut impl Sink, key: &'static str, one: &str) {
    to.field(key);
    to.str(one);
}

pub fn maybe(to: &mut impl Sink, key: &'static str, one: Option<&Name>) {
    to.field(key);
    to.maybe_str(one);
}

pub fn int(to: &mut impl Sink, key: &'static str, one: i64) {
    to.field(key);
    to.int(one);
}

fn maybe_int(to: &mut impl Sink, key: &'static str, one: Option<i64>) {
    to.field(key);
    to.maybe_int(one);
}

impl Sink for Packer<'_> {
    fn map(&mut self, length: usize) {
        Packer::map(self, length);
    }

    fn end_map(&mut self) {}

    fn key(&mut self, name: &str) {
        Packer::str(self, name);
    }

    fn list(&mut self, length: usize) {
        Packer::array(self, length);
    }

    fn item(&mut self) {}

    fn end_list(&mut self) {}

    fn str(&mut self, one: &str) {
        Packer::str(self, one);
    }

    fn int(&mut self, one: i64) {
        Packer::int(self, one);
    }

    fn bool(&mut self, one: bool) {
        Packer::bool(self, one);
    }

    fn nil(&mut self) {
        Packer::nil(self);
    }
}
