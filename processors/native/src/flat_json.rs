//! JSON as publishers mostly send it: one flat object of plain ASCII text, whole numbers, true, false and null.
//!
//! Everything else is left to the reference, be it right or wrong.

use std::borrow::Cow;

const MOST_MEMBERS: usize = 64; // more than any record has
const MOST_DIGITS: usize = 18;

/// One value of the object.
#[derive(Debug, PartialEq)]
pub enum Token<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Str(Cow<'a, str>),
}

pub type Members<'a> = Vec<(Cow<'a, str>, Token<'a>)>;

/// Reads the object, each name once.
pub fn members(text: &[u8]) -> Option<Members<'_>> {
    let mut from = Text { text, at: 0 };
    let mut members: Members = Vec::with_capacity(16);
    from.skip_space();
    from.expect(b'{')?;
    loop {
        from.skip_space();
        let name = from.string()?;
        from.skip_space();
        from.expect(b':')?;
        from.skip_space();
        if members.len() == MOST_MEMBERS || members.iter().any(|(known, _)| *known == name) {
            return None;
        }
        let value = from.value()?;
        members.push((name, value));
        from.skip_space();
        match from.next()? {
            b',' => {}
            b'}' => break,
            _ => return None,
        }
    }
    from.skip_space();
    (from.at == text.len()).then_some(members)
}

struct Text<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Text<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Option<Token<'a>> {
        match self.peek()? {
            b'"' => self.string().map(Token::Str),
            b'n' => self.word(b"null", Token::Null),
            b't' => self.word(b"true", Token::Bool(true)),
            b'f' => self.word(b"false", Token::Bool(false)),
            _ => self.int().map(Token::Int),
        }
    }

    fn word(&mut self, word: &[u8], token: Token<'a>) -> Option<Token<'a>> {
        self.text[self.at..].starts_with(word).then(|| {
            self.at += word.len();
            token
        })
    }

    fn int(&mut self) -> Option<i64> {
        let start = self.at;
        self.at += usize::from(self.peek()? == b'-');
        let first = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        let digits = &self.text[first..self.at];
        let plain = (1..=MOST_DIGITS).contains(&digits.len()) && (digits.len() == 1 || digits[0] != b'0');
        let ends = matches!(self.peek(), Some(b',' | b'}' | b' ' | b'\t' | b'\r' | b'\n'));
        (plain && ends).then(|| std::str::from_utf8(&self.text[start..self.at]).ok()?.parse().ok())?
    }

    /// Printable ASCII, quotes and slashes escaped or not.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.expect(b'"')?;
        let start = self.at;
        let mut unescaped: Option<String> = None;
        loop {
            let from = self.at;
            while matches!(self.peek(), Some(b' '..=b'~')) && !matches!(self.peek(), Some(b'"' | b'\\')) {
                self.at += 1;
            }
            let plain = std::str::from_utf8(&self.text[from..self.at]).ok()?;
            if let Some(text) = &mut unescaped {
                text.push_str(plain);
            }
            match self.next()? {
                b'"' => {
                    return Some(match unescaped {
                        Some(text) => Cow::Owned(text),
                        None => Cow::Borrowed(std::str::from_utf8(&self.text[start..self.at - 1]).ok()?),
                    })
                }
                b'\\' => {
                    let escaped = self.next().filter(|byte| matches!(byte, b'"' | b'\\' | b'/'))?;
                    unescaped.get_or_insert_with(|| plain.to_owned()).push(char::from(escaped));
                }
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{members, Token};

    #[test]
    fn reads_what_is_plain() {
        let read = members(br#" {"a" : "x\"\/y","b":-12, "c":null,"d":true} "#).unwrap();
        let values: Vec<_> = read.iter().map(|(_, value)| value).collect();
        assert_eq!(values[0], &Token::Str("x\"/y".into()));
        assert_eq!(values[1..], [&Token::Int(-12), &Token::Null, &Token::Bool(true)]);
    }

    #[test]
    fn leaves_the_rest() {
        for text in [
            "",
            "{",
            "{}",
            "[]",
            r#"{"a":1"#,
            r#"{"a":1}x"#,
            r#"{"a":1,"a":2}"#,
            r#"{"a":01}"#,
            r#"{"a":1.0}"#,
            r#"{"a":1e3}"#,
            r#"{"a":-}"#,
            r#"{"a":[]}"#,
            r#"{"a":{}}"#,
            r#"{"a":"\n"}"#,
            r#"{"a":"é"}"#,
            r#"{"a":1234567890123456789}"#,
            r#"{"a":nul}"#,
            r#"{"a":truex}"#,
            "{\"a\":\"\t\"}",
            r#"{"a":"\u0041"}"#,
        ] {
            assert!(members(text.as_bytes()).is_none(), "{text}");
        }
    }
}
