//! A contact as bytes: the layout of `processors/lifecycle/state.py`.

use crate::contact::{Capped, Contact, Floor, Scalar, Touch, Values};
use crate::membership::{dump_belonging, is_kept};
use crate::pack::Packer;
use crate::place_bytes::dump_places;
use crate::plan::Name;
use crate::program::Program;
use crate::small::Sparse;
use crate::sums::Sums;
use std::cell::Cell;

pub const LAYOUT: i64 = 1;
pub const FIELDS: usize = 25; // and one more with a company
pub const NUMBER: u8 = 1; // extension type

/// Writes a contact; one never seen is no bytes.
pub fn dump(program: &Program, contact: &Contact, out: &mut Vec<u8>) {
    if contact.id.is_empty() {
        return;
    }
    let table = Table::new(contact);
    let mut to = Packer(out);
    let with_company = is_kept(program, contact);
    to.array(FIELDS + usize::from(with_company));
    to.int(LAYOUT);
    to.maybe_int(contact.next_due);
    to.bin(&program.shape);
    to.str(&contact.id);
    to.array(4);
    for one in [contact.position, contact.clock, contact.first_seen, contact.last_counted] {
        to.int(one);
    }
    to.bin(contact.seen.bytes());
    table.dump(&mut to);
    sparse(&mut to, &contact.newest, |to, series| {
        to.array(series.len());
        table.next(series.len()).iter().for_each(|place| to.uint(u64::from(*place)));
    });
    sparse(&mut to, &contact.distinct, |to, values| table.values(to, values));
    sparse(&mut to, &contact.horizons, |to, _| to.uint(u64::from(table.next(1)[0])));
    sparse(&mut to, &contact.periods, |to, periods| {
        to.array(periods.len() * 2);
        for (period, events) in periods {
            to.int(*period);
            to.int(*events);
        }
    });
    sparse(&mut to, &contact.points.tallies, |to, events| to.int(*events));
    sparse(&mut to, &contact.points.sums, sums);
    sparse(&mut to, &contact.points.stamps, |to, times| {
        to.array(times.len());
        for at in times {
            to.int(*at);
        }
    });
    sparse(&mut to, &contact.values, |to, values| table.values(to, values));
    sparse(&mut to, &contact.capped, capped);
    floors(&mut to, contact);
    named(&mut to, &contact.last, |to, latest| {
        to.array(3);
        to.int(latest.at);
        to.str(&latest.event_id);
        named(to, &latest.values, scalar);
    });
    named(&mut to, &contact.profile, |to, (at, value)| {
        to.array(2);
        to.int(*at);
        scalar(to, value);
    });
    named(&mut to, &contact.deals, |to, deal| {
        to.array(4);
        to.int(deal.at);
        to.str(&deal.stage);
        scalar(to, &deal.amount);
        to.maybe_str(deal.currency.as_deref());
    });
    to.array(2);
    touch(&mut to, contact.first_touch.as_ref());
    touch(&mut to, contact.last_touch.as_ref());
    dump_places(program, &mut to, contact);
    to.array(contact.bands.len());
    contact.bands.iter().for_each(|band| to.maybe_str(band.as_deref()));
    to.array(3);
    for said in [contact.stage_changes, contact.segment_changes, contact.handoff_changes] {
        to.int(said);
    }
    identity(&mut to, contact);
    if with_company {
        dump_belonging(&mut to, &contact.company);
    }
}

/// Events that counters refer to, each written once: sorted, without doubles.
struct Table<'a> {
    entries: Vec<(i64, &'a Name)>,
    places: Vec<u32>, // in `entries`, of every reference, in the order in which they are written
    written: Cell<usize>,
}

impl<'a> Table<'a> {
    fn new(contact: &'a Contact) -> Self {
        let values = |map: &'a Sparse<Values>| {
            map.iter().flat_map(|(_, values)| values.iter().map(|(_, seen)| &seen.entry))
        };
        let mut references: Vec<((i64, &Name), u32)> = Vec::with_capacity(64);
        let known = contact.newest.iter().flat_map(|(_, series)| series);
        let known = known.chain(values(&contact.distinct));
        let known = known.chain(contact.horizons.iter().map(|(_, entry)| entry));
        let known = known.chain(values(&contact.values)).map(|entry| (entry.at, &entry.event_id));
        references.extend(known.zip(0..));
        references.sort_unstable();
        let (mut entries, mut places) = (Vec::with_capacity(references.len()), vec![0; references.len()]);
        for (entry, reference) in references {
            if entries.last() != Some(&entry) {
                entries.push(entry);
            }
            places[reference as usize] = entries.len() as u32 - 1;
        }
        Self { entries, places, written: Cell::new(0) }
    }

    /// Places of the references that are written next.
    fn next(&self, references: usize) -> &[u32] {
        let first = self.written.replace(self.written.get() + references);
        &self.places[first..first + references]
    }

    fn dump(&self, to: &mut Packer) {
        to.array(2);
        to.array(self.entries.len());
        self.entries.iter().for_each(|(_, event_id)| to.str(event_id));
        to.array(self.entries.len());
        let mut before = 0;
        for (at, _) in &self.entries {
            to.int(at - before);
            before = *at;
        }
    }

    fn values(&self, to: &mut Packer, values: &Values) {
        let mut sorted: Vec<_> = values.iter().zip(self.next(values.len())).collect();
        sorted.sort_unstable_by_key(|((value, _), _)| *value);
        to.array(sorted.len() * 3);
        for ((value, seen), place) in sorted {
            to.bin(value);
            to.uint(u64::from(*place));
            to.bool(seen.more);
        }
    }
}

fn sparse<T>(to: &mut Packer, map: &Sparse<T>, write: impl Fn(&mut Packer, &T)) {
    to.map(map.len());
    for (key, value) in map.iter() {
        to.uint(u64::from(key));
        write(to, value);
    }
}

fn named<T>(to: &mut Packer, list: &[(Name, T)], write: impl Fn(&mut Packer, &T)) {
    to.map(list.len());
    for (name, value) in list {
        to.str(name);
        write(to, value);
    }
}

fn sums(to: &mut Packer, sums: &Sums) {
    to.array(sums.by_epoch().len() * 2);
    for (epoch, weight) in sums.by_epoch() {
        to.int(*epoch);
        match u64::try_from(*weight) {
            Ok(weight) => to.uint(weight),
            Err(_) => to.ext(NUMBER, weight.to_string().as_bytes()),
        }
    }
}

fn capped(to: &mut Packer, periods: &Vec<(i64, Capped)>) {
    to.map(periods.len());
    for (period, kept) in periods {
        to.int(*period);
        to.array(kept.times.len() + 1);
        to.int(kept.events);
        kept.times.iter().for_each(|at| to.int(*at));
    }
}

fn floor(to: &mut Packer, floor: &Floor) {
    to.array(2);
    to.int(floor.at);
    to.int(floor.position);
}

fn floors(to: &mut Packer, contact: &Contact) {
    if contact.counts_floor.is_none() && contact.score_floors.is_empty() {
        return to.nil();
    }
    to.array(2);
    match &contact.counts_floor {
        Some(one) => floor(to, one),
        None => to.nil(),
    }
    sparse(to, &contact.score_floors, floor);
}

fn scalar(to: &mut Packer, value: &Scalar) {
    match value {
        Scalar::Null => to.nil(),
        Scalar::Bool(one) => to.bool(*one),
        Scalar::Int(one) => to.int(*one),
        Scalar::Str(one) => to.str(one),
        Scalar::Dec(one) => to.ext(NUMBER, format!("{}.", one.shortest()).as_bytes()),
    }
}

fn touch(to: &mut Packer, touch: Option<&Touch>) {
    let Some(touch) = touch else { return to.nil() };
    to.array(6);
    to.int(touch.at);
    to.str(&touch.event_id);
    to.str(&touch.event_type);
    to.maybe_str(touch.source.as_deref());
    to.maybe_str(touch.campaign.as_deref());
    to.maybe_str(touch.medium.as_deref());
}

fn identity(to: &mut Packer, contact: &Contact) {
    let known = contact.forward_to.as_ref().is_some_and(|into| !into.is_empty())
        || !contact.merged.is_empty()
        || contact.erased
        || contact.refused != 0
        || contact.clamped != 0;
    if !known {
        return to.nil();
    }
    to.array(5);
    to.maybe_str(contact.forward_to.as_deref());
    to.array(contact.merged.len());
    contact.merged.iter().for_each(|one| to.str(one));
    to.bool(contact.erased);
    to.int(contact.refused);
    to.int(contact.clamped);
}
