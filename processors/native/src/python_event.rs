//! An event that comes from Python as a dict, as the codec reads it.

use crate::decimal::Dec;
use crate::event::{Event, Value};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyString};

/// A value with its text, for `Event` to borrow from.
enum Held {
    Null,
    Bool(bool),
    Int(i64),
    Dec(Dec),
    Str(String),
    Bytes(Vec<u8>),
    Map(Vec<(String, Held)>),
}

/// An event's fields by name.
pub struct HeldEvent(Vec<(String, Held)>);

impl HeldEvent {
    pub fn new(event: &Bound<'_, PyDict>) -> PyResult<Self> {
        Ok(Self(entries(event)?))
    }

    fn get(&self, name: &str) -> Option<&Held> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, held)| held)
    }

    fn text(&self, name: &str) -> PyResult<Option<&str>> {
        match self.get(name) {
            None | Some(Held::Null) => Ok(None),
            Some(Held::Str(text)) => Ok(Some(text)),
            Some(_) => Err(odd(name)),
        }
    }

    fn needed(&self, name: &str) -> PyResult<&str> {
        self.text(name)?.ok_or_else(|| odd(name))
    }

    fn int(&self, name: &str) -> PyResult<Option<i64>> {
        match self.get(name) {
            None | Some(Held::Null) => Ok(None),
            Some(Held::Int(number)) => Ok(Some(*number)),
            Some(_) => Err(odd(name)),
        }
    }

    pub fn event(&self) -> PyResult<Event<'_>> {
        let header = |name: &str| {
            matches!(
                name,
                "type"
                    | "event_id"
                    | "contact_id"
                    | "anonymous_id"
                    | "email"
                    | "occurred_at"
                    | "received_at"
                    | "source"
                    | "campaign"
                    | "medium"
                    | "company_id"
                    | "position"
            )
        };
        let rest = self.0.iter().filter(|(name, _)| !header(name));
        Ok(Event {
            kind: self.needed("type")?,
            event_id: self.needed("event_id")?,
            contact_id: self.text("contact_id")?,
            anonymous_id: self.text("anonymous_id")?,
            email: self.text("email")?,
            occurred_at: self.int("occurred_at")?.ok_or_else(|| odd("occurred_at"))?,
            received_at: self.int("received_at")?,
            source: self.text("source")?,
            campaign: self.text("campaign")?,
            medium: self.text("medium")?,
            company_id: self.text("company_id")?,
            fields: rest.map(|(name, held)| (&**name, held.value())).collect(),
            position: self.int("position")?.ok_or_else(|| odd("position"))?,
        })
    }
}

impl Held {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(one) => Value::Bool(*one),
            Self::Int(one) => Value::Int(*one),
            Self::Dec(one) => Value::Dec(*one),
            Self::Str(one) => Value::Str(one),
            Self::Bytes(one) => Value::Bytes(one),
            Self::Map(entries) => {
                Value::Map(entries.iter().map(|(name, held)| (&**name, held.value())).collect())
            }
        }
    }
}

fn odd(what: &str) -> PyErr {
    PyTypeError::new_err(format!("{what}: not a value that an event has"))
}

fn entries(dict: &Bound<'_, PyDict>) -> PyResult<Vec<(String, Held)>> {
    dict.iter().map(|(name, value)| Ok((name.extract()?, held(&value)?))).collect()
}

fn held(value: &Bound<'_, PyAny>) -> PyResult<Held> {
    if value.is_none() {
        Ok(Held::Null)
    } else if value.is_instance_of::<PyBool>() {
        Ok(Held::Bool(value.extract()?))
    } else if let Ok(text) = value.cast::<PyString>() {
        Ok(Held::Str(text.to_cow()?.into_owned()))
    } else if value.is_instance_of::<PyInt>() {
        Ok(Held::Int(value.extract()?))
    } else if let Ok(map) = value.cast::<PyDict>() {
        Ok(Held::Map(entries(map)?))
    } else if let Ok(bytes) = value.cast::<PyBytes>() {
        Ok(Held::Bytes(bytes.as_bytes().to_vec()))
    } else {
        let text = value.str()?;
        let decimal = (value.get_type().name()? == "Decimal").then(|| Dec::parse(&text.to_cow().ok()?));
        decimal.flatten().map(Held::Dec).ok_or_else(|| odd(&text.to_cow().unwrap_or_default()))
    }
}
