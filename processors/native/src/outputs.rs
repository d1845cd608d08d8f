//! Changes as they are published, see `processors/engine/outputs.py`: the value, and what its headers need.

use crate::avro::header;
use crate::avro_schema::{Schema, Shape};
use crate::avro_write::AvroWriter;
use crate::changes::Change;
use crate::json_line::ascii_text;
use crate::plan::Name;
use crate::program::Program;
use crate::words::date;
use crate::write::{change, Sink};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// What Python says about outputs.
#[derive(Deserialize)]
pub struct Asked {
    schemas: Vec<(Name, String, Json)>, // record, fingerprint in hexadecimal, schema
    identity: Vec<Name>,                // fields that say which change it is
    most_bytes: usize,                  // of a value
}

/// `id` is 64 hexadecimal digits, `time` as ISO 8601 has it.
pub struct Output {
    pub record: &'static str,
    pub key: Name,
    pub value: Vec<u8>,
    pub id: String,
    pub time: String,
}

pub struct Outputs {
    schemas: FxHashMap<Name, (Vec<u8>, Schema)>,
    identity: Vec<Name>,
    most_bytes: usize,
}

const ROOT: Shape = Shape::Record(0);
const USUAL_BYTES: usize = 2_048; // more than most values have

impl Outputs {
    /// Records whose schema cannot be written here are left out.
    pub fn new(asked: Asked) -> Self {
        let known = asked.schemas.into_iter().filter_map(|(record, fingerprint, schema)| {
            Some((record, (header(&fingerprint)?.to_vec(), Schema::new(&schema)?)))
        });
        Self { schemas: known.collect(), identity: asked.identity, most_bytes: asked.most_bytes }
    }

    /// What is published of a change; none where the reference has to say it.
    pub fn output(&self, program: &Program, one: &Change) -> Option<Output> {
        let (record, head) = one.head()?;
        let (start, schema) = self.schemas.get(record)?;
        let mut out = Vec::with_capacity(USUAL_BYTES);
        out.extend_from_slice(start);
        let mut to = AvroWriter::new(schema, out, &ROOT);
        change(program, one, &mut to);
        let value = to.bytes().filter(|value| value.len() <= self.most_bytes)?;
        let time = date(head.at)? + "+00:00";
        Some(Output { record, key: one.key(head).clone(), value, id: self.id(program, one)?, time })
    }

    /// The same for the same change, whoever computes it: a hash of JSON.
    fn id(&self, program: &Program, one: &Change) -> Option<String> {
        let mut to = Identity::new(&self.identity);
        change(program, one, &mut to);
        Some(hex(&Sha256::digest(to.json()?)))
    }
}

/// Two digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |four: u8| char::from(b"0123456789abcdef"[usize::from(four)]);
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0xf));
    }
    text
}

/// Takes some of a change's own fields, not of what it holds, as JSON.
struct Identity<'a> {
    names: &'a [Name],
    values: Vec<Vec<u8>>,
    depth: usize,
    wanted: Option<usize>,
    fits: bool,
}

impl<'a> Identity<'a> {
    fn new(names: &'a [Name]) -> Self {
        Self { names, values: vec![Vec::new(); names.len()], depth: 0, wanted: None, fits: true }
    }

    /// A list as `json.dumps` writes it, null where a change has no such field.
    fn json(mut self) -> Option<Vec<u8>> {
        for value in self.values.iter_mut().filter(|value| value.is_empty()) {
            value.extend_from_slice(b"null");
        }
        self.fits.then(|| [b"[", &self.values.join(&b", "[..])[..], b"]"].concat())
    }

    fn value(&mut self) -> Option<&mut Vec<u8>> {
        self.wanted.take().map(|wanted| &mut self.values[wanted])
    }

    fn enter(&mut self) {
        self.fits &= self.wanted.is_none(); // only single values are asked for
        self.depth += 1;
    }
}

impl Sink for Identity<'_> {
    fn map(&mut self, _length: usize) {
        self.enter();
    }

    fn end_map(&mut self) {
        self.depth -= 1;
    }

    fn key(&mut self, name: &str) {
        if self.depth == 1 {
            self.wanted = self.names.iter().position(|wanted| &**wanted == name);
        }
    }

    fn list(&mut self, _length: usize) {
        self.enter();
    }

    fn item(&mut self) {}

    fn end_list(&mut self) {
        self.depth -= 1;
    }

    fn str(&mut self, one: &str) {
        if let Some(to) = self.value() {
            ascii_text(to, one);
        }
    }

    fn int(&mut self, one: i64) {
        if let Some(to) = self.value() {
            to.extend_from_slice(one.to_string().as_bytes());
        }
    }

    fn bool(&mut self, one: bool) {
        if let Some(to) = self.value() {
            to.extend_from_slice(if one { b"true" } else { b"false" });
        }
    }

    fn nil(&mut self) {
        self.wanted = None;
    }
}
