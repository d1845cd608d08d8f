//! A contact as bytes, and back: the layout of `processors/lifecycle/state.py`.

use crate::contact::{
    Capped, Contact, DealIs, Entry, Floor, Handoff, Hash8, Latest, Override, Place, Scalar, Seen, Touch,
    Values, NO_STAGE,
};
use crate::decay::{Sums, MOST_WEIGHT};
use crate::decimal::Dec;
use crate::pack::{Packer, Unpacker};
use crate::plan::Name;
use crate::program::Program;
use crate::small::Sparse;
use crate::unsupported::{Supported, Unsupported};

const LAYOUT: i64 = 1;
const FIELDS: usize = 25;
const NUMBER: u8 = 1; // extension type
const MOST_TIME: i64 = 1 << 50;
const MOST_EVENTS: i64 = 1 << 40;

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
    places(program, &mut to, contact);
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
        let mut known: Vec<&Entry> = contact.horizons.iter().map(|(_, entry)| entry).collect();
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

fn places(program: &Program, to: &mut Packer, contact: &Contact) {
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

/// Reads a contact; what the reference would not have written is left to the reference.
pub fn load(program: &Program, state: &[u8]) -> Supported<Contact> {
    if state.is_empty() {
        return Ok(Contact::default());
    }
    let mut from = Reader { from: Unpacker(state), program };
    let contact = from.contact()?;
    if !from.from.0.is_empty() {
        return Err(odd("something follows it"));
    }
    Ok(contact)
}

fn odd(what: &str) -> Unsupported {
    Unsupported(format!("a state that cannot be read: {what}"))
}

struct Reader<'a> {
    from: Unpacker<'a>,
    program: &'a Program,
}

impl Reader<'_> {
    fn contact(&mut self) -> Supported<Contact> {
        self.from.exactly(FIELDS)?;
        if self.from.int()? != LAYOUT {
            return Err(odd("another layout"));
        }
        let next_due = self.maybe_time()?;
        if self.from.bin()? != self.program.shape {
            return Err(odd("built under another plan shape"));
        }
        let id: Name = self.from.str()?.into();
        if id.is_empty() {
            return Err(odd("no id"));
        }
        self.from.exactly(4)?;
        let (position, clock) = (self.from.int()?, self.time()?);
        let (first_seen, last_counted) = (self.time()?, self.time()?);
        let seen = self.from.bin()?.to_vec();
        if seen.len() % self.program.ring.width != 0 {
            return Err(odd("a ring of another width"));
        }
        let table = self.table()?;
        let counters = self.program.plan.counters.len();
        let calendars = self.program.plan.calendars.len();
        let rules = self.program.plan.rules.len();
        let newest = self.sparse(counters, |me| me.list(|me| me.entry(&table)))?;
        let distinct = self.sparse(counters, |me| me.values(&table))?;
        let horizons = self.sparse(counters, |me| me.entry(&table))?;
        let periods = self.sparse(calendars, |me| me.pairs(|me| Ok((me.period()?, me.events()?))))?;
        let tallies = self.sparse(rules, Self::events)?;
        let sums = self.sparse(rules, |me| me.pairs(|me| Ok((me.period()?, me.weight()?))))?;
        let stamps = self.sparse(rules, |me| me.list(Self::time))?;
        let values = self.sparse(rules, |me| me.values(&table))?;
        let capped = self.sparse(rules, Self::capped)?;
        let (counts_floor, score_floors) = self.floors()?;
        let last = self.named(Self::latest)?;
        let profile = self.named(|me| {
            me.from.exactly(2)?;
            Ok((me.time()?, me.scalar()?))
        })?;
        let deals = self.named(Self::deal)?;
        self.from.exactly(2)?;
        let (first_touch, last_touch) = (self.touch()?, self.touch()?);
        let places = self.places()?;
        let bands = self.list(Self::maybe_name)?;
        if bands.len() != self.program.segments.len() {
            return Err(odd("another number of segments"));
        }
        self.from.exactly(3)?;
        let (stage_changes, segment_changes) = (self.events()?, self.events()?);
        let handoff_changes = self.events()?;
        let mut contact = Contact {
            id,
            position,
            clock,
            first_seen,
            last_counted,
            next_due,
            seen,
            newest,
            distinct,
            horizons,
            periods,
            points: crate::contact::Points { tallies, sums, stamps },
            values,
            capped,
            counts_floor,
            score_floors,
            last,
            profile,
            deals,
            first_touch,
            last_touch,
            places,
            bands,
            stage_changes,
            segment_changes,
            handoff_changes,
            ..Contact::default()
        };
        if !self.from.nil() {
            self.from.exactly(5)?;
            contact.forward_to = self.maybe_name()?;
            contact.merged = self.list(Self::name)?;
            contact.erased = self.from.bool()?;
            contact.refused = self.events()?;
            contact.clamped = self.events()?;
        }
        Ok(contact)
    }

    fn time(&mut self) -> Supported<i64> {
        let at = self.from.int()?;
        (-1..MOST_TIME).contains(&at).then_some(at).ok_or_else(|| odd("a time out of bounds"))
    }

    fn maybe_time(&mut self) -> Supported<Option<i64>> {
        if self.from.nil() {
            return Ok(None);
        }
        self.time().map(Some)
    }

    fn events(&mut self) -> Supported<i64> {
        let events = self.from.int()?;
        (0..MOST_EVENTS).contains(&events).then_some(events).ok_or_else(|| odd("a count out of bounds"))
    }

    fn period(&mut self) -> Supported<i64> {
        let period = self.from.int()?;
        (0..MOST_TIME).contains(&period).then_some(period).ok_or_else(|| odd("a period out of bounds"))
    }

    fn weight(&mut self) -> Supported<u128> {
        let weight = if matches!(self.from.peek(), Some(0xc7..=0xc9 | 0xd4..=0xd8)) {
            let (code, text) = self.from.ext()?;
            let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
            number.filter(|_| code == NUMBER).ok_or_else(|| odd("a sum that is no number"))?
        } else {
            u128::from(self.from.uint()?)
        };
        (1..MOST_WEIGHT).contains(&weight).then_some(weight).ok_or_else(|| odd("a sum out of bounds"))
    }

    fn name(&mut self) -> Supported<Name> {
        Ok(self.from.str()?.into())
    }

    fn maybe_name(&mut self) -> Supported<Option<Name>> {
        if self.from.nil() {
            return Ok(None);
        }
        self.name().map(Some)
    }

    fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Supported<T>) -> Supported<Vec<T>> {
        let length = self.from.array()?;
        (0..length).map(|_| read(self)).collect()
    }

    fn sparse<T>(
        &mut self,
        below: usize,
        mut read: impl FnMut(&mut Self) -> Supported<T>,
    ) -> Supported<Sparse<T>> {
        let mut map = Sparse::default();
        let mut next = 0;
        for _ in 0..self.from.map()? {
            let key = self.from.uint()?;
            if key < next || key >= below as u64 {
                return Err(odd("an index out of order"));
            }
            next = key + 1;
            map.insert(key as u32, read(self)?);
        }
        Ok(map)
    }

    fn named<T>(&mut self, mut read: impl FnMut(&mut Self) -> Supported<T>) -> Supported<Vec<(Name, T)>> {
        let mut list: Vec<(Name, T)> = Vec::new();
        for _ in 0..self.from.map()? {
            let name = self.name()?;
            if list.last().is_some_and(|(last, _)| *last >= name) {
                return Err(odd("a name out of order"));
            }
            list.push((name, read(self)?));
        }
        Ok(list)
    }

    /// A flat list of pairs, keys ascending.
    fn pairs<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Supported<(i64, T)>,
    ) -> Supported<Vec<(i64, T)>> {
        let length = self.from.array()?;
        let mut pairs: Vec<(i64, T)> = Vec::new();
        for _ in 0..length / 2 {
            let pair = read(self)?;
            if pairs.last().is_some_and(|(last, _)| *last >= pair.0) {
                return Err(odd("a period out of order"));
            }
            pairs.push(pair);
        }
        (length % 2 == 0).then_some(pairs).ok_or_else(|| odd("half a pair"))
    }

    fn table(&mut self) -> Supported<Vec<Entry>> {
        self.from.exactly(2)?;
        let ids = self.list(Self::name)?;
        let steps = self.list(|me| me.from.int())?;
        if ids.len() != steps.len() {
            return Err(odd("ids without times"));
        }
        let (mut at, mut entries) = (0_i64, Vec::with_capacity(ids.len()));
        for (event_id, step) in ids.into_iter().zip(steps) {
            at =
                at.checked_add(step).filter(|at| (0..MOST_TIME).contains(at)).ok_or_else(|| odd("a time"))?;
            entries.push(Entry { at, event_id });
        }
        Ok(entries)
    }

    fn entry(&mut self, table: &[Entry]) -> Supported<Entry> {
        let index = self.from.uint()? as usize;
        table.get(index).cloned().ok_or_else(|| odd("an event that is not in it"))
    }

    fn values(&mut self, table: &[Entry]) -> Supported<Values> {
        let length = self.from.array()?;
        let mut values: Values = Vec::with_capacity(length / 3);
        for _ in 0..length / 3 {
            let value: Hash8 = self.from.bin()?.try_into().map_err(|_| odd("a value of another width"))?;
            if values.last().is_some_and(|(last, _)| *last >= value) {
                return Err(odd("a value out of order"));
            }
            values.push((value, Seen { entry: self.entry(table)?, more: self.from.bool()? }));
        }
        (length % 3 == 0).then_some(values).ok_or_else(|| odd("half a value"))
    }

    fn capped(&mut self) -> Supported<Vec<(i64, Capped)>> {
        let mut periods: Vec<(i64, Capped)> = Vec::new();
        for _ in 0..self.from.map()? {
            let period = self.period()?;
            if periods.last().is_some_and(|(last, _)| *last >= period) {
                return Err(odd("a period out of order"));
            }
            let length = self.from.array()?;
            if length == 0 {
                return Err(odd("a period without its number of events"));
            }
            let events = self.events()?;
            let times = (1..length).map(|_| self.time()).collect::<Supported<_>>()?;
            periods.push((period, Capped { events, times }));
        }
        Ok(periods)
    }

    fn floor(&mut self) -> Supported<Floor> {
        self.from.exactly(2)?;
        Ok(Floor { at: self.time()?, position: self.from.int()? })
    }

    fn floors(&mut self) -> Supported<(Option<Floor>, Sparse<Floor>)> {
        if self.from.nil() {
            return Ok((None, Sparse::default()));
        }
        self.from.exactly(2)?;
        let counts = if self.from.nil() { None } else { Some(self.floor()?) };
        Ok((counts, self.sparse(self.program.plan.scores.len(), Self::floor)?))
    }

    fn scalar(&mut self) -> Supported<Scalar> {
        match self.from.peek() {
            Some(0xc0) => {
                self.from.nil();
                Ok(Scalar::Null)
            }
            Some(0xc2 | 0xc3) => self.from.bool().map(Scalar::Bool),
            Some(0xa0..=0xbf | 0xd9..=0xdb) => self.name().map(Scalar::Str),
            Some(0xc7..=0xc9 | 0xd4..=0xd8) => {
                let (code, text) = self.from.ext()?;
                let text = std::str::from_utf8(text).ok().and_then(|text| text.strip_suffix('.'));
                let number = text.and_then(Dec::parse).filter(|_| code == NUMBER);
                number.map(Scalar::Dec).ok_or_else(|| odd("a number that is none"))
            }
            _ => self.from.int().map(Scalar::Int),
        }
    }

    fn latest(&mut self) -> Supported<Latest> {
        self.from.exactly(3)?;
        Ok(Latest { at: self.time()?, event_id: self.name()?, values: self.named(Self::scalar)? })
    }

    fn deal(&mut self) -> Supported<DealIs> {
        self.from.exactly(4)?;
        Ok(DealIs {
            at: self.time()?,
            stage: self.name()?,
            amount: self.scalar()?,
            currency: self.maybe_name()?,
        })
    }

    fn touch(&mut self) -> Supported<Option<Touch>> {
        if self.from.nil() {
            return Ok(None);
        }
        self.from.exactly(6)?;
        Ok(Some(Touch {
            at: self.time()?,
            event_id: self.name()?,
            event_type: self.name()?,
            source: self.maybe_name()?,
            campaign: self.maybe_name()?,
            medium: self.maybe_name()?,
        }))
    }

    fn stage(&mut self) -> Supported<i32> {
        if self.from.nil() {
            return Ok(NO_STAGE);
        }
        let name = self.from.str()?;
        self.program.stage_index.get(name).copied().ok_or_else(|| odd("a stage that the plan has not"))
    }

    fn places(&mut self) -> Supported<Vec<Place>> {
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
