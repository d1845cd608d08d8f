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
        self.0.extend_from_slice(one.to_string().as_bytes());
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
    to.push(b'"');
    let mut rest = one.as_bytes();
    // Looks at all of it, without an early end: so many bytes are looked at at once, and most texts are plain.
    if !rest.iter().fold(false, |odd, byte| odd | must_be_escaped(*byte)) {
        to.extend_from_slice(rest);
        to.push(b'"');
        return;
    }
    while let Some(place) = rest.iter().position(|byte| must_be_escaped(*byte)) {
        to.extend_from_slice(&rest[..place]);
        escape(to, rest[place]);
        rest = &rest[place + 1..];
    }
    to.extend_from_slice(rest);
    to.push(b'"');
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
