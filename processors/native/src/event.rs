//! An event as the core sees it, borrowed from the bytes it was read from.
//!
//! The header fields that every record has are struct fields; everything else that the record's type defines
//! stands in `fields`, by name, in any order. A field that is absent and one that is null mean the same, so a
//! reader may leave out what it knows that nobody asks for (see `Wanted` in `program.rs`).
//!
//! * timestamps are ms UTC (`Value::Int` where they are not in the header),
//! * `long` and `int` are `Value::Int`, `string` and `enum` are `Value::Str`,
//! * a decimal is `Value::Dec`, its unscaled number and its scale (three, from our schemas),
//! * a map (`properties`, `profile`) is `Value::Map`, in any order, keys unique,
//! * `bytes` is `Value::Bytes`.

use crate::decimal::Dec;

/// One value of an event. Cheap to copy but for maps.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Dec(Dec),
    Str(&'a str),
    Bytes(&'a [u8]),
    Map(Vec<(&'a str, Value<'a>)>),
}

/// One event of contact-events. `kind` is the record's name (`page_view`), `position` its place in the log.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(clippy::struct_field_names)] // `event_id` is what the schemas call it
pub struct Event<'a> {
    pub kind: &'a str,
    pub event_id: &'a str,
    pub contact_id: Option<&'a str>,
    pub anonymous_id: Option<&'a str>,
    pub email: Option<&'a str>,
    pub occurred_at: i64,
    pub received_at: Option<i64>,
    pub source: Option<&'a str>,
    pub campaign: Option<&'a str>,
    pub medium: Option<&'a str>,
    pub company_id: Option<&'a str>,
    pub fields: Vec<(&'a str, Value<'a>)>,
    pub position: i64,
}

impl<'a> Event<'a> {
    /// A field beside the header; `None` when it is absent.
    pub fn field(&self, name: &str) -> Option<&Value<'a>> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}
