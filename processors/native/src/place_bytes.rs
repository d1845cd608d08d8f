//! Where a contact stands on each track, as bytes and back.

use crate::contact::{Contact, Handoff, Override, Place, NO_STAGE};
use crate::pack::Packer;
use crate::program::Program;
use crate::small::Sparse;
use crate::state_reader::{odd, StateReader};
use crate::unsupported::Supported;

pub fn dump_places(program: &Program, to: &mut Packer, contact: &Contact) {
    let empty = Place::default();
    let tracks = program.plan.tracks.iter().zip(&contact.places);
    let shown: Vec<_> = tracks.filter(|(_, place)| **place != empty).collect();
    to.map(shown.len());
    for (track, one) in shown {
        to.str(&track.id);
        place(program, to, one);
    }
}

fn place(program: &Program, to: &mut Packer, place: &Place) {
    let name = |stage| program.stage_id(stage).map(|id| &**id);
    to.array(14);
    to.maybe_str(name(place.stage));
    to.int(place.since);
    to.maybe_str(name(place.came_from));
    to.str(&place.entered_by);
    if (place.shown, place.shown_since) == (place.stage, place.since) {
        to.nil();
    } else {
        to.array(2);
        to.maybe_str(name(place.shown));
        to.int(place.shown_since);
    }
    to.int(place.cycle);
    to.int(place.cycle_since);
    to.int(place.furthest);
    to.maybe_str(place.status.as_deref());
    to.bool(place.in_doubt);
    to.map(place.entries.len());
    for (stage, (first, latest)) in place.entries.iter() {
        to.maybe_str(name(stage as i32));
        to.array(2);
        to.int(*first);
        to.int(*latest);
    }
    let mut spent: Vec<&str> = place.spent.iter().map(|unit| &*program.alternatives[*unit].key).collect();
    spent.sort_unstable();
    spent.dedup();
    to.array(spent.len());
    for key in spent {
        to.str(key);
    }
    match &place.held {
        None => to.nil(),
        Some(held) => {
            to.array(6);
            to.int(held.at);
            to.str(&held.kind);
            to.maybe_str(name(held.stage));
            to.maybe_int(held.until);
            to.str(&held.actor);
            to.str(&held.reason);
        }
    }
    match &place.handoff {
        None => to.nil(),
        Some(handoff) => {
            to.array(9);
            to.str(&handoff.id);
            to.maybe_str(name(handoff.stage));
            to.int(handoff.cycle);
            to.int(handoff.offered_at);
            to.maybe_int(handoff.accept_by);
            to.str(&handoff.status);
            to.bool(handoff.sent);
            to.int(handoff.steps as i64);
            to.maybe_int(handoff.step_due);
        }
    }
}

impl StateReader<'_> {
    fn stage(&mut self) -> Supported<i32> {
        if self.from.nil() {
            return Ok(NO_STAGE);
        }
        let name = self.from.str()?;
        self.program.stage_index.get(name).copied().ok_or_else(|| odd("a stage that the plan has not"))
    }

    pub fn places(&mut self) -> Supported<Vec<Place>> {
        let tracks = &self.program.plan.tracks;
        let mut places: Vec<Place> = tracks.iter().map(|_| Place::default()).collect();
        let mut before = None;
        for _ in 0..self.from.map()? {
            let name = self.from.str()?;
            let track = tracks.iter().position(|track| &*track.id == name);
            let track = track.filter(|track| before.is_none_or(|before| *track > before));
            let track = track.ok_or_else(|| odd("a track that the plan has not"))?;
            places[track] = self.place()?;
            before = Some(track);
        }
        Ok(places)
    }

    fn place(&mut self) -> Supported<Place> {
        self.from.exactly(14)?;
        let (stage, since) = (self.stage()?, self.time()?);
        let (came_from, entered_by) = (self.stage()?, self.name()?);
        let (mut shown, mut shown_since) = (stage, since);
        if !self.from.nil() {
            self.from.exactly(2)?;
            (shown, shown_since) = (self.stage()?, self.time()?);
        }
        let (cycle, cycle_since) = (self.events()?, self.time()?);
        let furthest = self.from.int()?;
        let (status, in_doubt) = (self.maybe_name()?, self.from.bool()?);
        let mut entries = Sparse::default();
        for _ in 0..self.from.map()? {
            let stage = self.stage()?;
            if stage == NO_STAGE || entries.get(stage as u32).is_some() {
                return Err(odd("a stage entered twice"));
            }
            self.from.exactly(2)?;
            entries.insert(stage as u32, (self.time()?, self.time()?));
        }
        let mut place = Place {
            stage,
            since,
            came_from,
            entered_by,
            shown,
            shown_since,
            cycle,
            cycle_since,
            furthest,
            entries,
            status,
            in_doubt,
            ..Place::default()
        };
        for key in self.list(Self::name)? {
            if let Some(unit) = self.program.units.get(&*key) {
                place.spend(*unit);
            }
        }
        place.held = self.held()?;
        place.handoff = self.handoff()?;
        Ok(place)
    }

    fn held(&mut self) -> Supported<Option<Override>> {
        if self.from.nil() {
            return Ok(None);
        }
        self.from.exactly(6)?;
        Ok(Some(Override {
            at: self.time()?,
            kind: self.name()?,
            stage: self.stage()?,
            until: self.maybe_time()?,
            actor: self.name()?,
            reason: self.name()?,
        }))
    }

    fn handoff(&mut self) -> Supported<Option<Handoff>> {
        if self.from.nil() {
            return Ok(None);
        }
        self.from.exactly(9)?;
        Ok(Some(Handoff {
            id: self.name()?,
            stage: self.stage()?,
            cycle: self.events()?,
            offered_at: self.time()?,
            accept_by: self.maybe_time()?,
            status: self.name()?,
            sent: self.from.bool()?,
            steps: self.events()? as usize,
            step_due: self.maybe_time()?,
        }))
    }
}
