//! One turn: a contact brought up to date at one moment, by an event or by a timer.

use crate::changes::Change;
use crate::check::View;
use crate::contact::{Contact, Touch};
use crate::event::Event;
use crate::matching::Bits;
use crate::plan::Name;
use crate::program::Program;

/// What was observed against what was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    pub path: Name,
    pub fact: String,
    pub value: String,
    pub threshold: String,
    pub met: bool,
    pub events: Vec<Name>,
}

/// One move on a track: `path` ends with the stage moved to, and is empty when that is no stage.
pub struct Hop {
    pub path: Vec<i32>,
    pub criterion: Name,
    pub reason: Option<Name>,
    pub evidence: Vec<Evidence>,
}

/// What the world sees of a turn's moves on one track: from `start`, entered at `since`, by `hops`.
pub struct Shift {
    pub track: usize,
    pub start: Option<Name>,
    pub since: i64,
    pub hops: Vec<Hop>,
}

/// See `processors/lifecycle/turn.py`. `hops` are moves already made, by track.
pub struct Turn<'a> {
    pub program: &'a Program,
    pub now: i64,
    pub event: Option<&'a Event<'a>>,
    pub replaced: Option<&'a Name>, // hash of the plan that decided until now
    pub at: i64,
    pub settled: i64,
    pub late: bool,
    pub touched: bool,
    pub dirty: Bits,
    pub again: Bits,
    pub offers: bool,
    pub hops: Vec<Vec<Hop>>,
    pub notes: Vec<Evidence>,
    pub offered_for: Vec<Evidence>,
    pub out: &'a mut Vec<Change>,
}

impl<'a> Turn<'a> {
    pub fn new(
        program: &'a Program,
        now: i64,
        event: Option<&'a Event<'a>>,
        dirty: Bits,
        out: &'a mut Vec<Change>,
    ) -> Self {
        Self {
            program,
            now,
            event,
            replaced: None,
            at: 0,
            settled: 0,
            late: false,
            touched: false,
            dirty,
            again: 0,
            offers: true,
            hops: Vec::new(),
            notes: Vec::new(),
            offered_for: Vec::new(),
            out,
        }
    }

    pub fn view<'c>(&'c self, contact: &'c Contact) -> View<'c> {
        View { program: self.program, contact, now: self.now }
    }

    pub fn event_id(&self) -> Option<Name> {
        self.event.map(|event| event.event_id.into())
    }

    /// The touch that the turn's event is, none when it is no touch.
    pub fn touch(&self) -> Option<Touch> {
        self.event.filter(|_| self.touched).map(|event| Touch::new(event, self.at))
    }

    /// Moves already made on a track.
    pub fn hops_of(&mut self, track: usize) -> &mut Vec<Hop> {
        if self.hops.len() <= track {
            self.hops.resize_with(track + 1, Vec::new);
        }
        &mut self.hops[track]
    }

    /// Says that the event was not applied, and why.
    pub fn refuse(&mut self, contact: &mut Contact, reason: String) {
        contact.refused += 1;
        self.out.push(Change::Refused {
            contact_id: contact.id.clone(),
            event_id: self.event_id(),
            event_type: self.event.map(|event| event.kind.into()),
            reason,
        });
    }
}
