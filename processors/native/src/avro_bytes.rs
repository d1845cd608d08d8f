//! Values read from Avro's binary encoding, each as our own writers write it.
//!
//! Another writer may spend more bytes on a number or several blocks on a map. That is an error here, as is
//! whatever the reference would refuse; it is then asked what to say.

use crate::decimal::Dec;
use crate::event::Value;
use crate::plan::Name;
use crate::unsupported::{Supported, Unsupported};
use serde_json::Value as Json;

const MOST_DECIMAL_BYTES: usize = 8;
const DECIMAL_LIMIT: u64 = 10_u64.pow(18);

/// How a value is written.
pub enum Kind {
    Null,
    Bool,
    Long,
    Str,
    Bytes,
    Decimal { scale: u32 },
    Enum(Vec<Name>),
    Maybe(Box<Kind>), // a union of null and this, in this order
    Union(Vec<Kind>), // any other
    Map(Box<Kind>),
}

pub fn odd(what: &str) -> Unsupported {
    Unsupported(format!("an event that cannot be read: {what}"))
}

pub fn kind(schema: &Json) -> Option<Kind> {
    if let Some(branches) = schema.as_array() {
        if let [null, one] = &branches[..] {
            if null == "null" {
                return Some(Kind::Maybe(Box::new(kind(one)?)));
            }
        }
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
    #[inline]
    fn take(&mut self, length: usize) -> Supported<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(|| odd("cut short"))?;
        self.0 = rest;
        Ok(taken)
    }

    #[inline]
    pub fn byte(&mut self) -> Supported<u8> {
        self.take(1).map(|taken| taken[0])
    }

    #[inline]
    pub fn long(&mut self) -> Supported<i64> {
        if let Some((&byte @ 0..0x80, rest)) = self.0.split_first() {
            self.0 = rest; // as most lengths and branches are
            return Ok(i64::from(byte >> 1) ^ -i64::from(byte & 1));
        }
        self.longer()
    }

    fn longer(&mut self) -> Supported<i64> {
        let (mut value, mut shift) = (0_u64, 0);
        for (index, &byte) in self.0.iter().enumerate() {
            value |= u64::from(byte & 0x7f) << shift;
            if shift == 63 && byte > 1 {
                return Err(odd("an integer longer than 64 bits"));
            }
            if byte < 0x80 {
                if byte == 0 {
                    return Err(odd("an integer with a byte that says nothing"));
                }
                self.0 = &self.0[index + 1..];
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
            shift += 7;
        }
        Err(odd("cut short"))
    }

    #[inline]
    fn size(&mut self) -> Supported<usize> {
        usize::try_from(self.long()?).map_err(|_| odd("a negative length"))
    }

    #[inline]
    pub fn bytes(&mut self) -> Supported<&'a [u8]> {
        let length = self.size()?;
        self.take(length)
    }

    #[inline]
    pub fn str(&mut self) -> Supported<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| odd("no UTF-8"))
    }

    pub fn double(&mut self) -> Supported<f64> {
        let bytes = self.take(8)?.try_into().map_err(|_| odd("cut short"))?;
        Ok(f64::from_le_bytes(bytes))
    }

    /// Whether the value of a union with null is there.
    #[inline]
    fn present(&mut self) -> Supported<bool> {
        match self.byte()? {
            0 => Ok(false),
            2 => Ok(true),
            _ => Err(odd("an unknown union branch")),
        }
    }

    #[inline]
    pub fn maybe_str(&mut self, kind: &'a Kind) -> Supported<Option<&'a str>> {
        match kind {
            Kind::Str => self.str().map(Some),
            Kind::Maybe(one) if matches!(**one, Kind::Str) => {
                if self.present()? {
                    self.str().map(Some)
                } else {
                    Ok(None)
                }
            }
            _ => match self.value(kind)? {
                Value::Null => Ok(None),
                Value::Str(one) => Ok(Some(one)),
                _ => Err(odd("no text where one is due")),
            },
        }
    }

    /// Reads over a value, as strictly as one that is wanted.
    pub fn skip(&mut self, kind: &'a Kind) -> Supported<()> {
        match kind {
            Kind::Maybe(one) => {
                if self.present()? {
                    self.skip(one)?;
                }
            }
            Kind::Long => drop(self.long()?),
            Kind::Str => drop(self.str()?),
            _ => drop(self.value(kind)?),
        }
        Ok(())
    }

    pub fn value(&mut self, kind: &'a Kind) -> Supported<Value<'a>> {
        Ok(match kind {
            Kind::Null => Value::Null,
            Kind::Bool => match self.byte()? {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                _ => return Err(odd("no boolean")),
            },
            Kind::Long => Value::Int(self.long()?),
            Kind::Str => Value::Str(self.str()?),
            Kind::Bytes => Value::Bytes(self.bytes()?),
            Kind::Decimal { scale } => Value::Dec(self.decimal(*scale)?),
            Kind::Enum(symbols) => {
                let symbol = usize::try_from(self.long()?).ok().and_then(|index| symbols.get(index));
                Value::Str(symbol.ok_or_else(|| odd("an unknown enum index"))?)
            }
            Kind::Maybe(one) => {
                if self.present()? {
                    self.value(one)?
                } else {
                    Value::Null
                }
            }
            Kind::Union(branches) => {
                let branch = usize::try_from(self.long()?).ok().and_then(|index| branches.get(index));
                self.value(branch.ok_or_else(|| odd("an unknown union branch"))?)?
            }
            Kind::Map(values) => Value::Map(self.map(values)?),
        })
    }

    fn decimal(&mut self, scale: u32) -> Supported<Dec> {
        Dec::new(i128::from(self.unscaled()?), scale).ok_or_else(|| odd("a decimal out of bounds"))
    }

    /// A decimal, times ten to its scale.
    pub fn unscaled(&mut self) -> Supported<i64> {
        let digits = self.bytes()?;
        if digits.len() > MOST_DECIMAL_BYTES {
            return Err(odd("a decimal of more than 18 digits"));
        }
        let negative = digits.first().is_some_and(|first| first & 0x80 != 0);
        let start = if negative { -1_i64 } else { 0 };
        let unscaled = digits.iter().fold(start, |number, byte| number << 8 | i64::from(*byte));
        let size = unscaled.unsigned_abs();
        let bits = u64::BITS - size.leading_zeros() + 1; // and the sign's, even for -128, which needs none
        if size >= DECIMAL_LIMIT || digits.len() != bits.div_ceil(8) as usize {
            return Err(odd("a decimal that is not as it is written here"));
        }
        Ok(unscaled)
    }

    fn map(&mut self, values: &'a Kind) -> Supported<Vec<(&'a str, Value<'a>)>> {
        let mut entries: Vec<(&str, Value)> = Vec::new();
        let count = self.size()?;
        for _ in 0..count {
            let name = self.str()?;
            if entries.iter().any(|(known, _)| *known == name) {
                return Err(odd("a key given twice"));
            }
            entries.push((name, self.value(values)?));
        }
        if count > 0 && self.long()? != 0 {
            return Err(odd("a map in several blocks"));
        }
        Ok(entries)
    }
}

/// Writes a number, zigzag, in as few bytes as it takes.
pub fn put_long(out: &mut Vec<u8>, number: i64) {
    let mut rest = (number << 1 ^ number >> 63) as u64;
    while rest > 0x7f {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Writes a text that may be null elsewhere.
pub fn put_text(out: &mut Vec<u8>, kind: &Kind, text: &str) -> Supported<()> {
    match kind {
        Kind::Str => {}
        Kind::Maybe(one) if matches!(**one, Kind::Str) => put_long(out, 1),
        Kind::Union(branches) => {
            let branch = branches.iter().position(|one| matches!(one, Kind::Str));
            put_long(out, branch.ok_or_else(|| odd("no text where one is due"))? as i64);
        }
        _ => return Err(odd("no text where one is due")),
    }
    put_long(out, text.len() as i64);
    out.extend_from_slice(text.as_bytes());
    Ok(())
}
