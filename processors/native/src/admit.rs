//! Intake's step for events as publishers mostly send them: see `processors/intake.py`, which it never
//! contradicts. What is not plain it leaves to that: wrong events, addresses, text beyond ASCII, rare types.

use crate::avro_bytes::{put_long, Bytes};
use crate::flat_json::{members, Token};
use crate::moment::moment;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use std::borrow::Cow;
use std::ops::Range;

const MARKER: [u8; 2] = [0xc3, 0x01];
const HEADER_BYTES: usize = 10; // the marker and the fingerprint

/// What Python says of the records and their limits; see `processors/compiled_intake.py`.
#[derive(Deserialize)]
pub struct Rules {
    types: Vec<TypeRules>,
    most_bytes: usize,
    first_time: i64,
    time_limit: i64,
}

#[derive(Deserialize)]
struct TypeRules {
    name: String,
    header: String, // hexadecimal
    fields: Vec<Field>,
}

/// A field of the record, in its place.
#[derive(Deserialize)]
struct Field {
    name: String,
    kind: Kind,
    nullable: bool, // a union of null and the value, in this order
    required: bool,
    default: Vec<u8>, // as it is written
    most: usize,      // bytes of text
    symbols: Vec<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    ContactId,
    AnonymousId,
    ReceivedAt,
    Id,
    #[serde(rename = "string")]
    Text,
    Url,
    Integer,
    Timestamp,
    Boolean,
    Enum,
    #[serde(other)]
    Other, // only null, or an empty map
}

struct Type {
    header: Vec<u8>,
    fields: Vec<Field>,
}

/// What was given for a field.
enum Given<'a> {
    Nothing,
    Null,
    Bool(bool),
    Int(i64),
    Str(Cow<'a, str>),
    Symbol(usize),
}

/// Key and value of a record of contact-events.
pub type Admitted = (Vec<u8>, Vec<u8>);

/// Admits events under the rules.
pub struct Intake {
    types: Vec<Type>,
    by_name: FxHashMap<String, usize>,
    by_header: FxHashMap<Vec<u8>, usize>,
    most_bytes: usize,
    times: Range<i64>,
}

impl Intake {
    /// `rules`: JSON, see `Rules`. None if it is something else.
    pub fn new(rules: &str) -> Option<Self> {
        let rules: Rules = serde_json::from_str(rules).ok()?;
        let (mut types, mut by_name, mut by_header) =
            (Vec::new(), FxHashMap::default(), FxHashMap::default());
        for TypeRules { name, header, fields } in rules.types {
            let header = unhex(&header)?;
            by_name.insert(name, types.len());
            by_header.insert(header.clone(), types.len());
            types.push(Type { header, fields });
        }
        let (most_bytes, times) = (rules.most_bytes, rules.first_time..rules.time_limit);
        Some(Self { types, by_name, by_header, most_bytes, times })
    }

    /// Turns what a publisher sent into a record of contact-events; none if that is the reference's to do.
    /// `received_at`: ms, UTC; none leaves what was sent.
    pub fn admit(&self, sent: &[u8], received_at: Option<i64>) -> Option<Admitted> {
        if sent.len() > self.most_bytes {
            return None;
        }
        let (kind, given) =
            if sent.starts_with(&MARKER) { self.read_avro(sent) } else { self.read_json(sent) }?;
        let (mut contact, mut visitor) = (None, None);
        let mut out = Vec::with_capacity(sent.len());
        out.extend_from_slice(&kind.header);
        for (field, given) in kind.fields.iter().zip(&given) {
            self.check(field, given)?;
            match (field.kind, given) {
                (Kind::ContactId, Given::Str(id)) => contact = Some(id.clone()),
                (Kind::AnonymousId, Given::Str(id)) => visitor = Some(format!("anon:{id}")),
                _ => {}
            }
        }
        let contact = contact.or(visitor.map(Cow::Owned))?;
        for (field, given) in kind.fields.iter().zip(&given) {
            match field.kind {
                Kind::ContactId => put(&mut out, field, &Given::Str(Cow::Borrowed(&*contact))),
                Kind::ReceivedAt => match received_at {
                    Some(at) => put(&mut out, field, &Given::Int(at)),
                    None => put(&mut out, field, given),
                },
                _ => put(&mut out, field, given),
            }
        }
        Some((contact.into_owned().into_bytes(), out))
    }

    fn read_json<'a>(&self, sent: &'a [u8]) -> Option<(&Type, Vec<Given<'a>>)> {
        let mut members = members(sent)?;
        let at = members.iter().position(|(name, _)| name == "type")?;
        let (_, Token::Str(name)) = members.swap_remove(at) else { return None };
        let kind = &self.types[*self.by_name.get(&*name)?];
        let given = kind.fields.iter().map(|field| {
            let at = members.iter().position(|(name, _)| *name == field.name);
            at.map_or(Some(Given::Nothing), |at| token(field, members.swap_remove(at).1))
        });
        let given = given.collect::<Option<Vec<_>>>()?;
        members.is_empty().then_some((kind, given)) // what is left is no field
    }

    fn read_avro<'a>(&self, sent: &'a [u8]) -> Option<(&Type, Vec<Given<'a>>)> {
        let kind = &self.types[*self.by_header.get(sent.get(..HEADER_BYTES)?)?];
        let mut from = Bytes(&sent[HEADER_BYTES..]);
        let given =
            kind.fields.iter().map(|field| read_field(&mut from, field)).collect::<Option<Vec<_>>>()?;
        from.0.is_empty().then_some((kind, given))
    }

    /// Some if a value is plainly allowed for a field.
    fn check(&self, field: &Field, given: &Given) -> Option<()> {
        let allowed = match (field.kind, given) {
            (_, Given::Nothing) => !field.required,
            (_, Given::Null) => field.nullable,
            (Kind::ContactId, Given::Str(id)) => is_id(id, field.most) && !id.starts_with("email:"),
            (Kind::Id | Kind::AnonymousId, Given::Str(id)) => is_id(id, field.most),
            (Kind::Text, Given::Str(text)) => is_text(text, field.most),
            (Kind::Url, Given::Str(url)) => is_text(url, field.most) && is_normal_url(url),
            (Kind::Timestamp | Kind::ReceivedAt, Given::Int(at)) => self.times.contains(at),
            (Kind::Integer, Given::Int(_))
            | (Kind::Boolean, Given::Bool(_))
            | (Kind::Enum, Given::Symbol(_)) => true,
            _ => false,
        };
        allowed.then_some(())
    }
}

fn token<'a>(field: &Field, token: Token<'a>) -> Option<Given<'a>> {
    Some(match (field.kind, token) {
        (_, Token::Null) => Given::Null,
        (Kind::Timestamp | Kind::ReceivedAt, Token::Str(text)) => Given::Int(moment(&text)?),
        (Kind::Enum, Token::Str(text)) => {
            Given::Symbol(field.symbols.iter().position(|symbol| *symbol == text)?)
        }
        (_, Token::Str(text)) => Given::Str(text),
        (_, Token::Int(number)) => Given::Int(number),
        (_, Token::Bool(truth)) => Given::Bool(truth),
    })
}

fn read_field<'a>(from: &mut Bytes<'a>, field: &Field) -> Option<Given<'a>> {
    if field.nullable {
        match from.long().ok()? {
            0 => return Some(Given::Null),
            1 => {}
            _ => return None,
        }
    }
    Some(match field.kind {
        Kind::Integer | Kind::Timestamp | Kind::ReceivedAt => Given::Int(from.long().ok()?),
        Kind::Boolean => match from.byte().ok()? {
            0 => Given::Bool(false),
            1 => Given::Bool(true),
            _ => return None,
        },
        Kind::Enum => {
            let symbol = usize::try_from(from.long().ok()?).ok()?;
            Given::Symbol((symbol < field.symbols.len()).then_some(symbol)?)
        }
        Kind::Other => (!field.nullable && from.long().ok()? == 0).then_some(Given::Nothing)?, // an empty map
        _ => Given::Str(Cow::Borrowed(from.str().ok()?)),
    })
}

/// Writes a value that was checked.
fn put(out: &mut Vec<u8>, field: &Field, given: &Given) {
    match given {
        Given::Nothing => return out.extend_from_slice(&field.default),
        Given::Null => return out.push(0),
        _ if field.nullable => out.push(2), // the second branch
        _ => {}
    }
    match given {
        Given::Bool(truth) => out.push(u8::from(*truth)),
        Given::Int(number) => put_long(out, *number),
        Given::Symbol(symbol) => put_long(out, *symbol as i64),
        Given::Str(text) => {
            put_long(out, text.len() as i64);
            out.extend_from_slice(text.as_bytes());
        }
        Given::Nothing | Given::Null => {}
    }
}

fn is_text(text: &str, most: usize) -> bool {
    text.len() <= most && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn is_id(id: &str, most: usize) -> bool {
    !id.is_empty() && is_text(id, most) && !id.starts_with(' ') && !id.ends_with(' ')
}

/// Tells whether a URL surely is as `normal_url` leaves it.
fn is_normal_url(url: &str) -> bool {
    let behind = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let path = behind.map_or(Some(url), |behind| {
        let host = behind.find(|one: char| !matches!(one, 'a'..='z' | '0'..='9' | '.' | '-'))?;
        (host > 0).then_some(&behind[host..])
    });
    path.is_some_and(|path| path.starts_with('/') && !path.starts_with("//") && !path.contains(['#', ' ']))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok());
    digits.collect()
}
