//! Events read from Avro, single-object encoding, in any version that is kept; as strict as `schemas/reader.py`.
//!
//! What the reference would refuse is an error here too; it is then asked what to say.

use crate::avro_bytes::{kind, odd, put_text, Bytes, Kind};
use crate::event::{Event, Value};
use crate::plan::Name;
use crate::unsupported::Supported;
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value as Json;

const HEADER_BYTES: usize = 10; // C3 01 and the fingerprint

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
    wanted: usize,            // how many values an event gets beside its header
    newest: bool,
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
        let version = self.version(bytes)?;
        let mut from = Bytes(&bytes[HEADER_BYTES..]);
        let fields = Vec::with_capacity(version.wanted);
        let mut event = Event { kind: &version.kind, position, fields, ..Event::default() };
        for (slot, kind) in &version.fields {
            from.field(slot, kind, &mut event)?;
        }
        for (name, default) in &version.added {
            event.fields.push((name, Value::Str(default)));
        }
        from.0.is_empty().then_some(event).ok_or_else(|| odd("bytes too many"))
    }

    /// Writes an event that was read from `bytes` as another contact's. All else is as `encode` writes it.
    pub fn of_contact(&self, bytes: &[u8], contact_id: &str) -> Supported<Vec<u8>> {
        let version = self.version(bytes)?;
        if !version.newest {
            return Err(odd("an older version, which is not written any more"));
        }
        let mut from = Bytes(&bytes[HEADER_BYTES..]);
        for (slot, kind) in &version.fields {
            let start = bytes.len() - from.0.len();
            from.skip(kind)?;
            if let Slot::ContactId = slot {
                let mut out = Vec::with_capacity(bytes.len() + contact_id.len());
                out.extend_from_slice(&bytes[..start]);
                put_text(&mut out, kind, contact_id)?;
                out.extend_from_slice(from.0);
                return Ok(out);
            }
        }
        Err(odd("no contact's id"))
    }

    fn version(&self, bytes: &[u8]) -> Supported<&Version> {
        let start = bytes.get(..HEADER_BYTES).and_then(|start| <[u8; HEADER_BYTES]>::try_from(start).ok());
        start.and_then(|start| self.0.get(&start)).ok_or_else(|| odd("no schema known here"))
    }
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
    let wanted = fields.iter().filter(|(slot, _)| matches!(slot, Slot::Field(_))).count() + added.len();
    Some(Version { kind: name.clone(), fields, added, wanted, newest: writer == newest })
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

impl<'a> Bytes<'a> {
    fn maybe_int(&mut self, kind: &'a Kind) -> Supported<Option<i64>> {
        match kind {
            Kind::Long => self.long().map(Some),
            _ => match self.value(kind)? {
                Value::Null => Ok(None),
                Value::Int(one) => Ok(Some(one)),
                _ => Err(odd("no number where one is due")),
            },
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
            Slot::Nowhere => self.skip(kind)?,
        }
        Ok(())
    }
}
