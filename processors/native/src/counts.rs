//! The accumulators behind `did`, `did_not` and `active`, see `processors/lifecycle/counts.py`.

use crate::calendar::Calendar;
use crate::contact::{Contact, Entry, Hash8, Seen, Values};
use crate::event::Value;
use crate::plan::{Name, Unit};
use crate::ring::hash8;
use crate::subject::{Field, Subject};
use crate::unsupported::give_up;

pub enum Counter {
    Newest { index: u32, keep: usize },
    Distinct { index: u32, keep: usize, field: Field },
    Periods { index: u32, keep: usize, unit: Unit },
}

impl Counter {
    pub fn add(&self, calendar: &Calendar, contact: &mut Contact, entry: &Entry, subject: &Subject) {
        match self {
            Self::Newest { index, keep } => add_newest(contact, *index, *keep, entry),
            Self::Distinct { index, keep, field } => {
                let value = subject.get(field);
                if value != Value::Null {
                    remember(contact.distinct.or_default(*index), value_hash(&value), entry, *keep);
                }
            }
            Self::Periods { index, keep, unit } => {
                let period = calendar.period(*unit, entry.at);
                let counts = contact.periods.or_default(*index);
                match counts.binary_search_by_key(&period, |(known, _)| *known) {
                    Ok(place) => counts[place].1 += 1,
                    Err(place) => counts.insert(place, (period, 1)),
                }
                if counts.len() > *keep {
                    counts.remove(0);
                }
            }
        }
    }

    pub fn clear(&self, contact: &mut Contact) {
        match self {
            Self::Newest { index, .. } => {
                contact.newest.remove(*index);
                contact.horizons.remove(*index);
            }
            Self::Distinct { index, .. } => drop(contact.distinct.remove(*index)),
            Self::Periods { index, .. } => drop(contact.periods.remove(*index)),
        }
    }
}

/// The newest `keep`, and a horizon: what is older than anything ever dropped stays out.
fn add_newest(contact: &mut Contact, index: u32, keep: usize, entry: &Entry) {
    let series = contact.newest.or_default(index);
    if contact.horizons.get(index).is_some_and(|horizon| entry < horizon) {
        return;
    }
    let place = series.partition_point(|known| known <= entry);
    if series.len() < keep {
        series.insert(place, entry.clone());
        return;
    }
    let dropped = if place == 0 {
        entry.clone()
    } else {
        series[..place].rotate_left(1); // the oldest gives way
        std::mem::replace(&mut series[place - 1], entry.clone())
    };
    contact.horizons.insert(index, dropped);
}

/// What counts no longer once an event of a value was noted.
pub enum Gone {
    Nothing,
    New,
    Old(Entry),
}

pub fn remember(values: &mut Values, value: Hash8, entry: &Entry, keep: usize) -> Gone {
    if let Some((_, known)) = values.iter_mut().find(|(one, _)| *one == value) {
        known.more = true;
        if known.entry < *entry {
            return Gone::Old(std::mem::replace(&mut known.entry, entry.clone()));
        }
        return if known.entry == *entry { Gone::Old(entry.clone()) } else { Gone::New };
    }
    values.push((value, Seen { entry: entry.clone(), more: false }));
    if values.len() <= keep {
        return Gone::Nothing;
    }
    let oldest = (0..values.len()).min_by(|one, other| values[*one].1.entry.cmp(&values[*other].1.entry));
    let oldest = oldest.unwrap_or(0);
    let (dropped, seen) = values.remove(oldest);
    if dropped == value {
        Gone::New
    } else {
        Gone::Old(seen.entry)
    }
}

/// Eight bytes that stand for a value; its type counts.
pub fn value_hash(value: &Value) -> Hash8 {
    match value {
        Value::Str(one) => hash8(format!("str:{one}").as_bytes()),
        Value::Int(one) => hash8(format!("int:{one}").as_bytes()),
        Value::Bool(one) => hash8(if *one { b"bool:True" } else { b"bool:False" }),
        Value::Dec(one) => hash8(format!("Decimal:{}", one.plain()).as_bytes()),
        Value::Null | Value::Bytes(_) | Value::Map(_) => give_up("a map or bytes cannot be told apart"),
    }
}

/// Entries of a counter's values, oldest first.
pub fn entries_of(values: &Values) -> Vec<(i64, Name)> {
    let mut entries: Vec<_> =
        values.iter().map(|(_, seen)| (seen.entry.at, seen.entry.event_id.clone())).collect();
    entries.sort();
    entries
}
