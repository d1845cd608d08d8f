//! A contact from the bytes that `dump` writes.

use crate::contact::{
    Capped, Contact, DealIs, Entry, Floor, Hash8, Latest, Points, Scalar, Seen, Touch, Values,
};
use crate::decimal::Dec;
use crate::dump::{FIELDS, LAYOUT, NUMBER};
use crate::membership::load_belonging;
use crate::pack::Unpacker;
use crate::plan::Name;
use crate::program::Program;
use crate::small::Sparse;
use crate::state_reader::{odd, StateReader, MOST_TIME};
use crate::sums::Sums;
use crate::unsupported::Supported;

/// Reads a contact; what the reference would not have written is left to the reference.
pub fn load(program: &Program, state: &[u8]) -> Supported<Contact> {
    if state.is_empty() {
        return Ok(Contact::default());
    }
    let mut from = StateReader { from: Unpacker(state), program };
    let contact = from.contact()?;
    if !from.from.0.is_empty() {
        return Err(odd("something follows it"));
    }
    Ok(contact)
}

impl StateReader<'_> {
    fn contact(&mut self) -> Supported<Contact> {
        let fields = self.from.array()?;
        if fields != FIELDS && fields != FIELDS + 1 {
            return Err(odd("another number of fields"));
        }
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
        let seen = self.program.ring.load(self.from.bin()?).ok_or_else(|| odd("a ring of another width"))?;
        let table = self.table()?;
        let counters = self.program.plan.counters.len();
        let calendars = self.program.plan.calendars.len();
        let rules = self.program.plan.rules.len();
        let newest = self.sparse(counters, |me| me.list(|me| me.entry(&table)))?;
        let distinct = self.sparse(counters, |me| me.values(&table))?;
        let horizons = self.sparse(counters, |me| me.entry(&table))?;
        let periods = self.sparse(calendars, |me| me.pairs(|me| Ok((me.period()?, me.events()?))))?;
        let tallies = self.sparse(rules, Self::events)?;
        let sums =
            self.sparse(rules, |me| me.pairs(|me| Ok((me.period()?, me.weight()?))).map(Sums::from))?;
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
            points: Points { tallies, sums, stamps },
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
        if fields > FIELDS {
            contact.company = load_belonging(self)?;
        }
        Ok(contact)
    }

    fn table(&mut self) -> Supported<Vec<Entry>> {
        self.from.exactly(2)?;
        let ids = self.list(|me| me.from.str())?;
        if self.from.array()? != ids.len() {
            return Err(odd("ids without times"));
        }
        let (mut at, mut entries) = (0_i64, Vec::with_capacity(ids.len()));
        for event_id in ids {
            let next = at.checked_add(self.from.int()?).filter(|at| (0..MOST_TIME).contains(at));
            at = next.ok_or_else(|| odd("a time"))?;
            entries.push(Entry { at, event_id: event_id.into() });
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
}
