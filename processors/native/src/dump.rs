//! A contact as bytes: the layout of `processors/lifecycle/state.py`.

use crate::contact::{Capped, Contact, Entry, Floor, Scalar, Touch, Values};
use crate::decay::Sums;
use crate::pack::Packer;
use crate::place_bytes::dump_places;
use crate::plan::Name;
use crate::program::Program;
use crate::small::Sparse;

pub const LAYOUT: i64 = 1;
pub const FIELDS: usize = 25;
pub const NUMBER: u8 = 1; // extension type

/// Writes a contact; one never seen is no bytes.
pub fn dump(program: &Program, contact: &Contact, out: &mut Vec<u8>) {
    if contact.id.is_empty() {
        return;
    }
    let table = Table::new(contact);
    let mut to = Packer(out);
    to.array(FIELDS);
    to.int(LAYOUT);
    to.maybe_int(contact.next_due);
    to.bin(&program.shape);
    to.str(&contact.id);
    to.array(4);
    for one in [contact.position, contact.clock, contact.first_seen, contact.last_counted] {
        to.int(one);
    }
    to.bin(&contact.seen);
    table.dump(&mut to);
    sparse(&mut to, &contact.newest, |to, series| {
        to.array(series.len());
        for entry in series {
            to.uint(table.at(entry));
        }
    });
    sparse(&mut to, &contact.distinct, |to, values| table.values(to, values));
    sparse(&mut to, &contact.horizons, |to, entry| to.uint(table.at(entry)));
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
}

/// Events that counters refer to, each written once: sorted, without doubles.
struct Table<'a>(Vec<&'a Entry>);

impl<'a> Table<'a> {
    fn new(contact: &'a Contact) -> Self {
        let mut known: Vec<&Entry> = Vec::with_capacity(64);
        known.extend(contact.horizons.iter().map(|(_, entry)| entry));
        known.extend(contact.newest.iter().flat_map(|(_, series)| series));
        let values = contact.distinct.iter().chain(contact.values.iter());
        known.extend(values.flat_map(|(_, values)| values.iter().map(|(_, seen)| &seen.entry)));
        known.sort_unstable();
        known.dedup();
        Self(known)
    }

    fn at(&self, entry: &Entry) -> u64 {
        self.0.binary_search(&entry).unwrap_or(0) as u64
    }

    fn dump(&self, to: &mut Packer) {
        to.array(2);
        to.array(self.0.len());
        self.0.iter().for_each(|entry| to.str(&entry.event_id));
        to.array(self.0.len());
        let mut before = 0;
        for entry in &self.0 {
            to.int(entry.at - before);
            before = entry.at;
        }
    }

    fn values(&self, to: &mut Packer, values: &Values) {
        let mut sorted: Vec<_> = values.iter().collect();
        sorted.sort_unstable_by_key(|(value, _)| *value);
        to.array(sorted.len() * 3);
        for (value, seen) in sorted {
            to.bin(value);
            to.uint(self.at(&seen.entry));
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
    to.array(sums.len() * 2);
    for (epoch, weight) in sums {
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
