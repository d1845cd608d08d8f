//! Events read from Avro, single-object encoding, in any version that is kept; as strict as `schemas/reader.py`.
//!
//! What the reference would refuse is an error here too; it is then asked what to say.

use crate::decimal::Dec;
use crate::event::{Event, Value};
use crate::plan::Name;
use crate::unsupported::{Supported, Unsupported};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value as Json;

const HEADER_BYTES: usize = 10; // C3 01 and the fingerprint
const MOST_DECIMAL_BYTES: usize = 8;

/// How a value is written.
enum Kind {
    Null,
    Bool,
    Long,
    Str,
    Bytes,
    Decimal { scale: u32 },
    Enum(Vec<Name>),
    Union(Vec<Kind>),
    Map(Box<Kind>),
}

/// Where a field goes.
enum Slot {
    EventId,
    ContactId,
    AnonymousId,
    Email,
    OccurredAt,
    ReceivedAt,
    Source,
    Campaign,
    Medium,
    CompanyId,
    Field(Name),
    Nowhere,
}

/// One version of one record.
struct Version {
    kind: Name,
    fields: Vec<(Slot, Kind)>,
    added: Vec<(Name, Name)>, // text fields that it did not have yet, and their defaults
}

/// Reads the versions that are known.
#[derive(Default)]
pub struct Decoder(FxHashMap<[u8; HEADER_BYTES], Version>);

impl Decoder {
    /// `versions`: fingerprint in hexadecimal, name, schema, newest schema. Fields that nobody wants are read
    /// over. A version that cannot be read here is left out.
    pub fn new(versions: &[(String, Name, Json, Json)], wanted: &FxHashSet<Name>) -> Self {
        let known = versions.iter().filter_map(|(fingerprint, name, writer, newest)| {
            Some((header(fingerprint)?, version(name, writer, newest, wanted)?))
        });
        Self(known.collect())
    }

    /// Reads an event; `position` is its offset.
    pub fn event<'a>(&'a self, bytes: &'a [u8], position: i64) -> Supported<Event<'a>> {
        let start = bytes.get(..HEADER_BYTES).and_then(|start| <[u8; HEADER_BYTES]>::try_from(start).ok());
        let version =
            start.and_then(|start| self.0.get(&start)).ok_or_else(|| odd("no schema known here"))?;
        let mut from = Bytes(&bytes[HEADER_BYTES..]);
        let mut event = Event { kind: &version.kind, position, ..Event::default() };
        for (slot, kind) in &version.fields {
            from.field(slot, kind, &mut event)?;
        }
        for (name, default) in &version.added {
            event.fields.push((name, Value::Str(default)));
        }
        from.0.is_empty().then_some(event).ok_or_else(|| odd("bytes too many"))
    }
}

fn odd(what: &str) -> Unsupported {
    Unsupported(format!("an event that cannot be read: {what}"))
}

/// Marker and fingerprint, as a record starts.
pub fn header(fingerprint: &str) -> Option<[u8; HEADER_BYTES]> {
    let number = u64::from_str_radix(fingerprint, 16).ok()?;
    let mut header = [0xc3, 0x01, 0, 0, 0, 0, 0, 0, 0, 0];
    header[2..].copy_from_slice(&number.to_be_bytes());
    Some(header)
}

fn version(name: &Name, writer: &Json, newest: &Json, wanted: &FxHashSet<Name>) -> Option<Version> {
    let fields_of = |schema: &Json| Some(schema.get("fields")?.as_array()?.clone());
    let (written, kept) = (fields_of(writer)?, fields_of(newest)?);
    let named = |fields: &[Json], name: &str| fields.iter().any(|field| field["name"] == name);
    let mut fields = Vec::new();
    for field in &written {
        let name = field["name"].as_str()?;
        let slot = if named(&kept, name) { slot(name, wanted) } else { Slot::Nowhere };
        fields.push((slot, kind(&field["type"])?));
    }
    let mut added = Vec::new();
    for field in kept.iter().filter(|field| !named(&written, field["name"].as_str().unwrap_or(""))) {
        match field.get("default")? {
            Json::Null => {} // absent means the same
            Json::String(text) => added.push((field["name"].as_str()?.into(), text.as_str().into())),
            _ => return None,
        }
    }
    Some(Version { kind: name.clone(), fields, added })
}

fn slot(name: &str, wanted: &FxHashSet<Name>) -> Slot {
    match name {
        "event_id" => Slot::EventId,
        "contact_id" => Slot::ContactId,
        "anonymous_id" => Slot::AnonymousId,
        "email" => Slot::Email,
        "occurred_at" => Slot::OccurredAt,
        "received_at" => Slot::ReceivedAt,
        "source" => Slot::Source,
        "campaign" => Slot::Campaign,
        "medium" => Slot::Medium,
        "company_id" => Slot::CompanyId,
        name if wanted.contains(name) => Slot::Field(name.into()),
        _ => Slot::Nowhere,
    }
}

fn kind(schema: &Json) -> Option<Kind> {
    if let Some(branches) = schema.as_array() {
        return Some(Kind::Union(branches.iter().map(kind).collect::<Option<_>>()?));
    }
    if schema["logicalType"] == "decimal" {
        return Some(Kind::Decimal { scale: schema["scale"].as_u64()?.try_into().ok()? });
    }
    if let Some(symbols) = schema.get("symbols") {
        let symbols = symbols.as_array()?.iter().map(|symbol| symbol.as_str().map(Name::from));
        return Some(Kind::Enum(symbols.collect::<Option<_>>()?));
    }
    if let Some(values) = schema.get("values") {
        return Some(Kind::Map(Box::new(kind(values)?)));
    }
    Some(match schema.as_str().or_else(|| schema["type"].as_str())? {
        "null" => Kind::Null,
        "boolean" => Kind::Bool,
        "int" | "long" => Kind::Long,
        "string" => Kind::Str,
        "bytes" => Kind::Bytes,
        _ => return None,
    })
}

/// What is left to read.
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Supported<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(|| odd("cut short"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn byte(&mut self) -> Supported<u8> {
        self.take(1).map(|taken| taken[0])
    }

    pub fn long(&mut self) -> Supported<i64> {
        let (mut value, mut shift) = (0_u64, 0);
        loop {
            let byte = self.byte()?;
            let digits = u64::from(byte & 0x7f);
            if shift == 63 && digits > 1 {
                return Err(odd("an integer longer than 64 bits"));
            }
            value |= digits << shift;
            if byte < 0x80 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
            shift += 7;
            if shift > 63 {
                return Err(odd("an integer longer than 64 bits"));
            }
        }
    }

    fn size(&mut self) -> Supported<usize> {
        usize::try_from(self.long()?).map_err(|_| odd("a negative length"))
    }

    pub fn str(&mut self) -> Supported<&'a str> {
        let length = self.size()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| odd("no UTF-8"))
    }

    fn value(&mut self, kind: &'a Kind) -> Supported<Value<'a>> {
        Ok(match kind {
            Kind::Null => Value::Null,
            Kind::Bool => match self.byte()? {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                _ => return Err(odd("no boolean")),
            },
            Kind::Long => Value::Int(self.long()?),
            Kind::Str => Value::Str(self.str()?),
            Kind::Bytes => {
                let length = self.size()?;
                Value::Bytes(self.take(length)?)
            }
            Kind::Decimal { scale } => Value::Dec(self.decimal(*scale)?),
            Kind::Enum(symbols) => {
                let symbol = usize::try_from(self.long()?).ok().and_then(|index| symbols.get(index));
                Value::Str(symbol.ok_or_else(|| odd("an unknown enum index"))?)
            }
            Kind::Union(branches) => {
                let branch = usize::try_from(self.long()?).ok().and_then(|index| branches.get(index));
                self.value(branch.ok_or_else(|| odd("an unknown union branch"))?)?
            }
            Kind::Map(values) => Value::Map(self.map(values)?),
        })
    }

    fn decimal(&mut self, scale: u32) -> Supported<Dec> {
        let length = self.size()?;
        let digits = self.take(length)?;
        if length > MOST_DECIMAL_BYTES {
            return Err(odd("a decimal of more than 18 digits"));
        }
        let negative = digits.first().is_some_and(|first| first & 0x80 != 0);
        let start = if negative { -1_i64 } else { 0 };
        let unscaled = digits.iter().fold(start, |number, byte| number << 8 | i64::from(*byte));
        Dec::new(i128::from(unscaled), scale).ok_or_else(|| odd("a decimal out of bounds"))
    }

    fn map(&mut self, values: &'a Kind) -> Supported<Vec<(&'a str, Value<'a>)>> {
        let mut entries: Vec<(&str, Value)> = Vec::new();
        loop {
            let mut count = self.long()?;
            if count == 0 {
                return Ok(entries);
            }
            if count < 0 {
                self.size()?;
                count = count.checked_neg().ok_or_else(|| odd("a block out of bounds"))?;
            }
            for _ in 0..count {
                let name = self.str()?;
                if entries.iter().any(|(known, _)| *known == name) {
                    return Err(odd("a key given twice"));
                }
                entries.push((name, self.value(values)?));
            }
        }
    }

    fn maybe_str(&mut self, kind: &'a Kind) -> Supported<Option<&'a str>> {
        match self.value(kind)? {
            Value::Null => Ok(None),
            Value::Str(one) => Ok(Some(one)),
            _ => Err(odd("no text where one is due")),
        }
    }

    fn maybe_int(&mut self, kind: &'a Kind) -> Supported<Option<i64>> {
        match self.value(kind)? {
            Value::Null => Ok(None),
            Value::Int(one) => Ok(Some(one)),
            _ => Err(odd("no number where one is due")),
        }
    }

    fn field(&mut self, slot: &'a Slot, kind: &'a Kind, event: &mut Event<'a>) -> Supported<()> {
        match slot {
            Slot::EventId => event.event_id = self.maybe_str(kind)?.ok_or_else(|| odd("no event id"))?,
            Slot::ContactId => event.contact_id = self.maybe_str(kind)?,
            Slot::AnonymousId => event.anonymous_id = self.maybe_str(kind)?,
            Slot::Email => event.email = self.maybe_str(kind)?,
            Slot::OccurredAt => event.occurred_at = self.maybe_int(kind)?.ok_or_else(|| odd("no time"))?,
            Slot::ReceivedAt => event.received_at = self.maybe_int(kind)?,
            Slot::Source => event.source = self.maybe_str(kind)?,
            Slot::Campaign => event.campaign = self.maybe_str(kind)?,
            Slot::Medium => event.medium = self.maybe_str(kind)?,
            Slot::CompanyId => event.company_id = self.maybe_str(kind)?,
            Slot::Field(name) => {
                let value = self.value(kind)?;
                event.fields.push((name, value));
            }
            Slot::Nowhere => drop(self.value(kind)?),
        }
        Ok(())
    }
}
