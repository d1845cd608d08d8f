//! A contact's way from one definition to another, see `processors/lifecycle/switch.py`.

use crate::changes::{self, Change};
use crate::contact::{Contact, NO_STAGE};
use crate::dump::dump;
use crate::evidence::{tell, tell_band};
use crate::fold::{begin, tick};
use crate::handoffs;
use crate::identified::{leave_segment, leave_track};
use crate::load::load;
use crate::moves::refresh_spent;
use crate::place::{Handoff, Place};
use crate::plan::Name;
use crate::program::Program;
use crate::settle::{advance, next_due, settle};
use crate::shown::in_force;
use crate::turn::{Evidence, Hop, Shift, Turn};
use crate::unsupported::{Supported, Unsupported};

/// The record at which the criteria change; times are ms UTC.
#[derive(Clone, Copy)]
pub struct Barrier {
    pub position: i64,
    pub at: i64,
    pub in_place: bool,
}

/// A contact as it lived under one definition.
pub type Lived<'a> = (&'a Program, Contact);

/// What came of it: what was `due` by the barrier is told by the old definition, the rest by the new one.
pub struct Switched {
    pub contact: Contact,
    pub due: Vec<Change>,
    pub told: Vec<Change>,
}

/// Reads a contact of one definition as another one of the same shape does.
pub fn as_read_by(new: &Program, (old, contact): (&Program, &Contact)) -> Supported<Contact> {
    let mut state = Vec::new();
    dump(old, contact, &mut state);
    load(new, &state)
}

/// Lets `new` go on in the place of `old`.
pub fn switch((old, mut said): Lived, (new, mut lived): Lived, barrier: Barrier) -> Supported<Switched> {
    let (mut due, mut farewell, mut told) = (Vec::new(), Vec::new(), Vec::new());
    if barrier.in_place && said.next_due.is_some_and(|due| due <= barrier.at) {
        tick(old, &mut said, barrier.at, &mut due)?;
        lived = as_read_by(new, (old, &said))?;
    }
    if said.id.is_empty() {
        begin(old, &mut said, &lived.id);
    }
    if lived.id.is_empty() {
        begin(new, &mut lived, &said.id);
    }
    let now = said.clock.max(lived.clock).max(barrier.at);
    if now > new.calendar.last() {
        return Err(Unsupported("a time that no calendar here knows".to_owned()));
    }
    if !barrier.in_place && !lived.erased {
        advance(new, &mut lived, now, &mut Vec::new());
    }
    lived.clock = now;
    lived.position = barrier.position;
    for contact in [&mut said, &mut lived] {
        contact.forget_reading();
        contact.forget_fit();
    }
    let tracks = counterparts(&mut said.places, &tracks_of(old), &tracks_of(new));
    let segments = counterparts(&mut said.bands, &segments_of(old), &segments_of(new));
    let replaced = Some(&old.plan.plan_hash);
    let mut switch = Switch {
        farewell: Turn { replaced, ..Turn::new(old, now, None, 0, &mut farewell) },
        turn: Turn { replaced, ..Turn::new(new, now, None, 0, &mut told) },
        reason: format!("criteria changed from {} to {}", old.lifecycle, new.lifecycle),
        said,
        contact: lived,
        tracks,
        segments,
        is_news: barrier.in_place,
        fresh: Vec::new(),
        moved: Vec::new(),
    };
    switch.run();
    let contact = switch.contact;
    farewell.append(&mut told);
    Ok(Switched { contact, due, told: farewell })
}

/// One contact's switch: `farewell` tells what only the old definition knows, `turn` all the rest.
struct Switch<'a> {
    farewell: Turn<'a>,
    turn: Turn<'a>,
    reason: String,
    said: Contact,
    contact: Contact,
    tracks: Vec<usize>,         // by track: its place in `said`
    segments: Vec<usize>,       // by segment: its band in `said`
    is_news: bool,              // something that the new criteria have not decided on yet
    fresh: Vec<usize>,          // tracks whose hand-off was never sent
    moved: Vec<(usize, usize)>, // track, and place of what was told of it
}

impl Switch<'_> {
    fn run(&mut self) {
        let tracks = 0..self.contact.places.len();
        for track in tracks.clone() {
            self.follow(track);
        }
        self.leave_behind();
        self.take_over();
        for track in tracks {
            self.correct(track);
        }
        self.correct_bands();
        let (turn, contact) = (&mut self.turn, &mut self.contact);
        if !contact.erased && contact.forward_to.is_none() {
            for track in &self.fresh {
                offer(turn, contact, *track);
            }
            if self.is_news {
                refresh_spent(turn, contact);
                turn.dirty = turn.program.inputs.everything();
                settle(turn, contact);
            }
            contact.next_due = next_due(turn, contact);
        }
        if let Some(memberships) = &turn.program.memberships {
            memberships.tell(turn, contact);
        }
        for (track, index) in &self.moved {
            if let Change::Stage(change) = &mut turn.out[*index] {
                change.next_deadline = changes::next_deadline(turn.program, &contact.places[*track]);
            }
        }
        for change in self.farewell.out.iter_mut() {
            changes::score_anew(turn, contact, change);
        }
    }

    /// Keeps the hand-off that was sent, or withdraws it; notes the one that is to be sent.
    fn follow(&mut self, track: usize) {
        let (old, new, now) = (self.farewell.program, self.turn.program, self.turn.now);
        let (said, place) = (&self.said.places[self.tracks[track]], &mut self.contact.places[track]);
        let asks = |one: &Handoff| new.stage(one.stage).is_some_and(|stage| stage.handoff.is_some());
        place.handoff = place.handoff.take().filter(asks); // in place, that stage may ask nobody any more
        let sent = said.handoff.as_ref().filter(|one| one.sent);
        if let (Some(sent), Some(wanted)) = (sent, &mut place.handoff) {
            if stays((old, said, sent), (new, wanted)) {
                self.is_news |= sent.status != wanted.status;
                *wanted = Handoff { stage: wanted.stage, ..sent.clone() };
                handoffs::take_over(new, wanted, now);
                return;
            }
        }
        if place.handoff.as_ref().is_some_and(is_open) {
            self.fresh.push(track);
        }
        if let Some(stage) = sent.filter(|one| is_open(one)).and_then(|one| old.stage(one.stage)) {
            let criterion = format!("{}.handoff", stage.path).into();
            let track = self.tracks[track];
            handoffs::withdraw(&mut self.farewell, &mut self.said, track, &self.reason, &criterion);
        }
    }

    /// Tells the end of the tracks, segments and companies that the new definition does not have.
    fn leave_behind(&mut self) {
        let (old, new) = (self.farewell.program, self.turn.program);
        for (track, id) in tracks_of(old).into_iter().enumerate() {
            if !tracks_of(new).contains(&id) {
                let criterion = format!("tracks.{id}").into();
                leave_track(&mut self.farewell, &mut self.said, track, &self.reason, &criterion);
            }
        }
        for (index, id) in segments_of(old).into_iter().enumerate() {
            if !segments_of(new).contains(&id) {
                leave_segment(&mut self.farewell, &mut self.said, index);
            }
        }
        if let (Some(memberships), None) = (&old.memberships, &new.memberships) {
            self.said.company = std::mem::take(&mut self.said.company).without_employer();
            memberships.tell(&mut self.farewell, &mut self.said);
        }
    }

    /// What was told stays what was told.
    fn take_over(&mut self) {
        let (said, contact) = (&self.said, &mut self.contact);
        contact.stage_changes = said.stage_changes;
        contact.segment_changes = said.segment_changes;
        contact.handoff_changes = said.handoff_changes;
        contact.company.take_over(said.company.clone());
        contact.refused = said.refused;
        contact.clamped = said.clamped;
    }

    /// Tells where the contact stands, if the world believes something else.
    fn correct(&mut self, track: usize) {
        let (said, place) = (&self.said.places[self.tracks[track]], &mut self.contact.places[track]);
        let (start, since) = (self.farewell.program.stage_id(said.shown), said.shown_since);
        if start == self.turn.program.stage_id(place.shown) {
            place.shown_since = since;
            return;
        }
        place.shown_since = self.turn.now;
        let shift = Shift { track, start: start.cloned(), since, hops: vec![self.hop(track)] };
        let change = changes::stage_changed(&self.turn, &mut self.contact, &shift);
        self.moved.push((track, self.turn.out.len()));
        self.turn.out.push(change);
    }

    fn hop(&self, track: usize) -> Hop {
        let (place, turn) = (&self.contact.places[track], &self.turn);
        let mut hop = Hop {
            path: Vec::new(),
            criterion: "".into(),
            reason: Some(self.reason.as_str().into()),
            evidence: Vec::new(),
        };
        if let Some(stage) = turn.program.stage(place.shown) {
            hop.path = self.way(track, place.shown);
            hop.evidence = still_true(turn, &self.contact, track, place.shown);
            hop.criterion = match stage.enter {
                None => stage.path.clone(),
                Some(_) => format!("{}.enter", stage.path).into(),
            };
        } else if let Some(stage) = self.farewell.program.stage(self.said.places[self.tracks[track]].shown) {
            hop.criterion = format!("{}.enter", stage.path).into();
        }
        if let Some(held) = place.held.as_ref().filter(|held| in_force(held, turn.now)) {
            if place.shown != place.stage {
                hop.criterion = format!("override.{}", held.kind).into();
            }
        }
        hop
    }

    /// The stages passed on the way up to one: those above any the contact was said to be in.
    fn way(&self, track: usize, to: i32) -> Vec<i32> {
        let (old, new, said) =
            (self.farewell.program, self.turn.program, &self.said.places[self.tracks[track]]);
        let been = said.entries.iter().map(|(stage, _)| stage as i32).chain([said.shown]);
        let ranks =
            been.filter_map(|stage| new.stage_index.get(old.stage_id(stage)?)).map(|one| new.rank_of(*one));
        let (low, high) = (ranks.max().unwrap_or(NO_STAGE.into()), new.rank_of(to));
        let between = |stage: &&i32| low < new.rank_of(**stage) && new.rank_of(**stage) <= high;
        let path: Vec<i32> = new.plan.tracks[track].stages.iter().filter(between).copied().collect();
        if path.is_empty() {
            vec![to]
        } else {
            path
        }
    }

    fn correct_bands(&mut self) {
        for index in 0..self.contact.bands.len() {
            let (before, band) =
                (self.said.bands[self.segments[index]].clone(), self.contact.bands[index].clone());
            if before != band {
                let told = tell_band(self.turn.view(&self.contact), index, band.as_ref());
                let change =
                    changes::segment_changed(&self.turn, &mut self.contact, index, (before, band), told);
                self.turn.out.push(change);
            }
        }
    }
}

fn tracks_of(program: &Program) -> Vec<&Name> {
    program.plan.tracks.iter().map(|track| &track.id).collect()
}

fn segments_of(program: &Program) -> Vec<&Name> {
    program.plan.segments.iter().map(|segment| &segment.id).collect()
}

/// Where among what was `said` that is which another definition calls the same: for what is new there, nothing.
fn counterparts<T: Default>(said: &mut Vec<T>, old: &[&Name], new: &[&Name]) -> Vec<usize> {
    let mut nothing = || {
        said.push(T::default());
        said.len() - 1
    };
    new.iter().map(|id| old.iter().position(|one| one == id).unwrap_or_else(&mut nothing)).collect()
}

/// Sends a hand-off that nobody was sent before.
fn offer(turn: &mut Turn, contact: &mut Contact, track: usize) {
    handoffs::prepare_anew(turn, contact, track);
    if let Some(handoff) = &contact.places[track].handoff {
        turn.offered_for = still_true(turn, contact, track, handoff.stage);
        handoffs::offer(turn, contact, track);
    }
}

/// Why a stage would be entered anew; nothing where what once led into it holds no longer.
fn still_true(turn: &Turn, contact: &Contact, track: usize, stage: i32) -> Vec<Evidence> {
    let (view, mut told) = (turn.view(contact), Vec::new());
    if let Some(enter) = &turn.program.enters[stage as usize] {
        if enter.check.holds(view) {
            tell(view, track, enter, &mut told);
        }
    }
    told
}

/// Whether the hand-off that was sent is the one that the new criteria ask for.
fn stays((old, said, sent): (&Program, &Place, &Handoff), (new, wanted): (&Program, &Handoff)) -> bool {
    if old.stage_id(sent.stage) != new.stage_id(wanted.stage) {
        return false;
    }
    if is_open(wanted) {
        is_open(sent) || said.shown == sent.stage
    } else {
        !is_open(sent)
    }
}

fn is_open(handoff: &Handoff) -> bool {
    &*handoff.status == "open"
}
