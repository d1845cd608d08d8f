//! Changes as JSON, and texts as JSON writes them.

use crate::write::Sink;

/// One JSON object on a line, as `stageline replay` writes it: no spaces, only what must be escaped is.
pub struct JsonLine<'a>(pub &'a mut Vec<u8>);

impl JsonLine<'_> {
    fn comma(&mut self) {
        if !matches!(self.0.last(), Some(b'{' | b'[')) {
            self.0.push(b',');
        }
    }
}

impl Sink for JsonLine<'_> {
    fn map(&mut self, _length: usize) {
        self.0.push(b'{');
    }

    fn end_map(&mut self) {
        self.0.push(b'}');
    }

    fn key(&mut self, name: &str) {
        self.comma();
        self.str(name);
        self.0.push(b':');
    }

    #[inline]
    fn field(&mut self, name: &'static str) {
        self.comma();
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    fn list(&mut self, _length: usize) {
        self.0.push(b'[');
    }

    fn item(&mut self) {
        self.comma();
    }

    fn end_list(&mut self) {
        self.0.push(b']');
    }

    fn str(&mut self, one: &str) {
        text(self.0, one);
    }

    fn int(&mut self, one: i64) {
        put_int(self.0, one);
    }

    fn bool(&mut self, one: bool) {
        self.0.extend_from_slice(if one { b"true" } else { b"false" });
    }

    fn nil(&mut self) {
        self.0.extend_from_slice(b"null");
    }
}

/// A text with only what must be escaped escaped, as `json.dumps(ensure_ascii=False)` writes it.
fn text(to: &mut Vec<u8>, one: &str) {
    to.reserve(one.len() + 2);
    to.push(b'"');
    let mut rest = one.as_bytes();
    if !is_plain(rest) {
        while let Some(place) = rest.iter().position(|byte| must_be_escaped(*byte)) {
            to.extend_from_slice(&rest[..place]);
            escape(to, rest[place]);
            rest = &rest[place + 1..];
        }
    }
    to.extend_from_slice(rest);
    to.push(b'"');
}

/// Whether nothing must be escaped; eight bytes are looked at at once, some of them twice.
fn is_plain(text: &[u8]) -> bool {
    let Some(last) = text.last_chunk() else {
        return !text.iter().any(|byte| must_be_escaped(*byte));
    };
    let eight = |bytes: &[u8]| bytes.try_into().map_or(u64::MAX, u64::from_ne_bytes);
    text.chunks_exact(8).fold(odd_of(u64::from_ne_bytes(*last)), |odd, one| odd | odd_of(eight(one))) == 0
}

/// Nought when none of eight bytes must be escaped.
fn odd_of(eight: u64) -> u64 {
    let all = |byte: u8| u64::from_ne_bytes([byte; 8]);
    // The high bit is set of the lowest byte that is less than `limit`, and of no byte if none is.
    let less = |bytes: u64, limit: u8| bytes.wrapping_sub(all(limit)) & !bytes & all(0x80);
    less(eight, 0x20) | less(eight ^ all(b'"'), 1) | less(eight ^ all(b'\\'), 1)
}

/// A number in decimal digits.
fn put_int(to: &mut Vec<u8>, one: i64) {
    let (mut digits, mut first, mut rest) = ([0; 20], 20, one.unsigned_abs());
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if one < 0 {
        to.push(b'-');
    }
    to.extend_from_slice(&digits[first..]);
}

/// A text in printable ASCII, as `json.dumps` writes it.
pub fn ascii_text(to: &mut Vec<u8>, one: &str) {
    to.push(b'"');
    if one.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
        to.extend_from_slice(one.as_bytes());
        to.push(b'"');
        return;
    }
    for character in one.chars() {
        match character {
            '"' | '\\' | '\0'..'\x20' => escape(to, character as u8),
            ' '..='~' => to.push(character as u8),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    to.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
        }
    }
    to.push(b'"');
}

fn must_be_escaped(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..0x20)
}

fn escape(to: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' | b'\\' => to.extend_from_slice(&[b'\\', byte]),
        b'\n' => to.extend_from_slice(b"\\n"),
        b'\r' => to.extend_from_slice(b"\\r"),
        b'\t' => to.extend_from_slice(b"\\t"),
        0x08 => to.extend_from_slice(b"\\b"),
        0x0c => to.extend_from_slice(b"\\f"),
        _ => to.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
    }
}
