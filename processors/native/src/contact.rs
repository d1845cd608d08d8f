//! A contact in memory, field by field what `processors/lifecycle/contact.py` has. Times are ms UTC.

use crate::decimal::Dec;
use crate::event::{Event, Value};
use crate::membership::Belonging;
pub use crate::place::{Handoff, Override, Place, NO_STAGE};
use crate::plan::Name;
use crate::ring::Records;
use crate::small::Sparse;
use crate::sums::Sums;
use crate::unsupported::give_up;
use std::cell::RefCell;

pub const NEVER_BEFORE: i64 = -1;

/// A value that is kept of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    Dec(Dec),
    Str(Name),
}

impl Scalar {
    pub fn kept(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(one) => Self::Bool(*one),
            Value::Int(one) => Self::Int(*one),
            Value::Dec(one) => Self::Dec(*one),
            Value::Str(one) => Self::Str((*one).into()),
            Value::Bytes(_) | Value::Map(_) => give_up("a map or bytes cannot be kept of an event"),
        }
    }

    pub fn as_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(one) => Value::Bool(*one),
            Self::Int(one) => Value::Int(*one),
            Self::Dec(one) => Value::Dec(*one),
            Self::Str(one) => Value::Str(one),
        }
    }
}

/// An event as counted: by time, ties broken by id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub at: i64,
    pub event_id: Name,
}

pub type Hash8 = [u8; 8];

#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub entry: Entry,
    pub more: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Floor {
    pub at: i64,
    pub position: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Latest {
    pub at: i64,
    pub event_id: Name,
    pub values: Vec<(Name, Scalar)>, // by name
}

#[derive(Clone, Debug, PartialEq)]
pub struct DealIs {
    pub at: i64,
    pub stage: Name,
    pub amount: Scalar,
    pub currency: Option<Name>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Touch {
    pub at: i64,
    pub event_id: Name,
    pub event_type: Name,
    pub source: Option<Name>,
    pub campaign: Option<Name>,
    pub medium: Option<Name>,
}

impl Touch {
    pub fn new(event: &Event, at: i64) -> Self {
        Self {
            at,
            event_id: event.event_id.into(),
            event_type: event.kind.into(),
            source: event.source.map(Into::into),
            campaign: event.campaign.map(Into::into),
            medium: event.medium.map(Into::into),
        }
    }

    pub fn when(&self) -> (i64, &str) {
        (self.at, &self.event_id)
    }
}

/// What rules add up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    pub tallies: Sparse<i64>,
    pub sums: Sparse<Sums>,
    pub stamps: Sparse<Vec<i64>>,
}

/// Events counted in a calendar period, and the newest of their times.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Capped {
    pub events: i64,
    pub times: Vec<i64>,
}

/// Scores at one moment: by rule, by score, and the total last.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub parts: Vec<i64>,
    pub scores: Vec<i64>,
}

/// What was read last; no part of the state. A rule for fit that holds is true under its index.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    pub read_at: Option<i64>,
    pub reading: Reading,
    pub fit: Option<Vec<usize>>,
}

pub type Values = Vec<(Hash8, Seen)>; // in order of their arrival

#[derive(Clone, Debug)]
pub struct Contact {
    pub id: Name,
    pub position: i64,
    pub clock: i64,
    pub first_seen: i64,
    pub last_counted: i64,
    pub next_due: Option<i64>,
    pub seen: Records,
    pub newest: Sparse<Vec<Entry>>,
    pub distinct: Sparse<Values>,
    pub horizons: Sparse<Entry>,
    pub periods: Sparse<Vec<(i64, i64)>>,
    pub points: Points,
    pub values: Sparse<Values>,
    pub capped: Sparse<Vec<(i64, Capped)>>,
    pub counts_floor: Option<Floor>,
    pub score_floors: Sparse<Floor>,
    pub last: Vec<(Name, Latest)>, // these three by name
    pub profile: Vec<(Name, (i64, Scalar))>,
    pub deals: Vec<(Name, DealIs)>,
    pub company: Belonging,
    pub first_touch: Option<Touch>,
    pub last_touch: Option<Touch>,
    pub places: Vec<Place>,
    pub bands: Vec<Option<Name>>,
    pub stage_changes: i64,
    pub segment_changes: i64,
    pub handoff_changes: i64,
    pub forward_to: Option<Name>,
    pub merged: Vec<Name>,
    pub erased: bool,
    pub refused: i64,
    pub clamped: i64,
    pub cache: RefCell<Cache>,
}

impl Default for Contact {
    fn default() -> Self {
        Self {
            id: "".into(),
            position: -1,
            clock: NEVER_BEFORE,
            first_seen: NEVER_BEFORE,
            last_counted: NEVER_BEFORE,
            next_due: None,
            seen: Records::default(),
            newest: Sparse::default(),
            distinct: Sparse::default(),
            horizons: Sparse::default(),
            periods: Sparse::default(),
            points: Points::default(),
            values: Sparse::default(),
            capped: Sparse::default(),
            counts_floor: None,
            score_floors: Sparse::default(),
            last: Vec::new(),
            profile: Vec::new(),
            deals: Vec::new(),
            company: Belonging::default(),
            first_touch: None,
            last_touch: None,
            places: Vec::new(),
            bands: Vec::new(),
            stage_changes: 0,
            segment_changes: 0,
            handoff_changes: 0,
            forward_to: None,
            merged: Vec::new(),
            erased: false,
            refused: 0,
            clamped: 0,
            cache: RefCell::default(),
        }
    }
}

impl Contact {
    pub fn anonymous(&self) -> bool {
        self.id.starts_with("anon:")
    }

    /// Whether its id stands for it only until a better one is known.
    pub fn provisional(&self) -> bool {
        self.anonymous() || self.id.starts_with("email:")
    }

    /// What was read no longer holds.
    pub fn forget_reading(&mut self) {
        self.cache.get_mut().read_at = None;
    }

    pub fn forget_fit(&mut self) {
        self.cache.get_mut().fit = None;
    }
}

/// Finds by name in a list that is sorted by it.
pub fn named<'a, T>(list: &'a [(Name, T)], name: &str) -> Option<&'a T> {
    list.binary_search_by(|(known, _)| (**known).cmp(name)).ok().map(|place| &list[place].1)
}

/// Sets by name in a list that is sorted by it.
pub fn set_named<T>(list: &mut Vec<(Name, T)>, name: &str, value: T) {
    match list.binary_search_by(|(known, _)| (**known).cmp(name)) {
        Ok(place) => list[place].1 = value,
        Err(place) => list.insert(place, (name.into(), value)),
    }
}
