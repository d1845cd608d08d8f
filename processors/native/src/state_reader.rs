//! The parts that a contact's bytes are made of, each held to its bounds.

use crate::decay::MOST_WEIGHT;
use crate::dump::NUMBER;
use crate::pack::Unpacker;
use crate::plan::Name;
use crate::program::Program;
use crate::small::Sparse;
use crate::unsupported::{Supported, Unsupported};

pub const MOST_TIME: i64 = 1 << 50;
const MOST_EVENTS: i64 = 1 << 40;

pub fn odd(what: &str) -> Unsupported {
    Unsupported(format!("a state that cannot be read: {what}"))
}

pub struct StateReader<'a> {
    pub from: Unpacker<'a>,
    pub program: &'a Program,
}

impl StateReader<'_> {
    pub fn time(&mut self) -> Supported<i64> {
        let at = self.from.int()?;
        (-1..MOST_TIME).contains(&at).then_some(at).ok_or_else(|| odd("a time out of bounds"))
    }

    pub fn maybe_time(&mut self) -> Supported<Option<i64>> {
        if self.from.nil() {
            return Ok(None);
        }
        self.time().map(Some)
    }

    pub fn events(&mut self) -> Supported<i64> {
        let events = self.from.int()?;
        (0..MOST_EVENTS).contains(&events).then_some(events).ok_or_else(|| odd("a count out of bounds"))
    }

    pub fn period(&mut self) -> Supported<i64> {
        let period = self.from.int()?;
        (0..MOST_TIME).contains(&period).then_some(period).ok_or_else(|| odd("a period out of bounds"))
    }

    pub fn weight(&mut self) -> Supported<u128> {
        let weight = if matches!(self.from.peek(), Some(0xc7..=0xc9 | 0xd4..=0xd8)) {
            let (code, text) = self.from.ext()?;
            let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
            number.filter(|_| code == NUMBER).ok_or_else(|| odd("a sum that is no number"))?
        } else {
            u128::from(self.from.uint()?)
        };
        (1..MOST_WEIGHT).contains(&weight).then_some(weight).ok_or_else(|| odd("a sum out of bounds"))
    }

    pub fn name(&mut self) -> Supported<Name> {
        Ok(self.from.str()?.into())
    }

    pub fn maybe_name(&mut self) -> Supported<Option<Name>> {
        if self.from.nil() {
            return Ok(None);
        }
        self.name().map(Some)
    }

    pub fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Supported<T>) -> Supported<Vec<T>> {
        let length = self.from.array()?;
        let mut list = Vec::with_capacity(length);
        for _ in 0..length {
            list.push(read(self)?);
        }
        Ok(list)
    }

    pub fn sparse<T>(
        &mut self,
        below: usize,
        mut read: impl FnMut(&mut Self) -> Supported<T>,
    ) -> Supported<Sparse<T>> {
        let length = self.from.map()?;
        let mut map = Sparse::with_capacity(length);
        let mut next = 0;
        for _ in 0..length {
            let key = self.from.uint()?;
            if key < next || key >= below as u64 {
                return Err(odd("an index out of order"));
            }
            next = key + 1;
            map.append(key as u32, read(self)?);
        }
        Ok(map)
    }

    pub fn named<T>(&mut self, mut read: impl FnMut(&mut Self) -> Supported<T>) -> Supported<Vec<(Name, T)>> {
        let length = self.from.map()?;
        let mut list: Vec<(Name, T)> = Vec::with_capacity(length);
        for _ in 0..length {
            let name = self.name()?;
            if list.last().is_some_and(|(last, _)| *last >= name) {
                return Err(odd("a name out of order"));
            }
            list.push((name, read(self)?));
        }
        Ok(list)
    }

    /// A flat list of pairs, keys ascending.
    pub fn pairs<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Supported<(i64, T)>,
    ) -> Supported<Vec<(i64, T)>> {
        let length = self.from.array()?;
        let mut pairs: Vec<(i64, T)> = Vec::with_capacity(length / 2);
        for _ in 0..length / 2 {
            let pair = read(self)?;
            if pairs.last().is_some_and(|(last, _)| *last >= pair.0) {
                return Err(odd("a period out of order"));
            }
            pairs.push(pair);
        }
        (length % 2 == 0).then_some(pairs).ok_or_else(|| odd("half a pair"))
    }
}
