//! Path globs: `*` stays within a segment, `**` does not; `/a/**` is `/a` and all below it.

/// Path of a URL or of a bare path; `/` when there is none.
pub fn path_of(url: &str) -> &str {
    let bytes = url.as_bytes();
    let until = |start: usize, ends: fn(&u8) -> bool| {
        bytes[start..].iter().position(ends).map_or(bytes.len(), |place| start + place)
    };
    let colon = until(0, |byte| !(byte.is_ascii_alphanumeric() || b"+.-".contains(byte)));
    let scheme = bytes.get(colon) == Some(&b':') && bytes[0].is_ascii_alphabetic();
    let mut start = if scheme { colon + 1 } else { 0 };
    if bytes[start..].starts_with(b"//") {
        start = until(start + 2, |byte| matches!(byte, b'/' | b'?' | b'#'));
    }
    let path = &url[start..until(start, |byte| matches!(byte, b'?' | b'#'))];
    if path.is_empty() {
        "/"
    } else {
        path
    }
}

#[derive(Debug)]
enum Piece {
    Text(Box<[u8]>),
    Segment,  // *
    Anything, // **
    Between,  // "/**/": a slash, and perhaps segments, each with its slash
    Below,    // "/**" at the end: nothing, or a slash and anything
}

/// A compiled glob.
#[derive(Debug)]
pub struct Glob(Vec<Piece>);

impl Glob {
    pub fn new(pattern: &str) -> Self {
        let (mut pieces, mut text, mut rest) = (Vec::new(), Vec::new(), pattern);
        while !rest.is_empty() {
            let (piece, width) = next_piece(rest);
            if let Some(piece) = piece {
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text).into_boxed_slice()));
                }
                pieces.push(piece);
            } else {
                text.extend_from_slice(&rest.as_bytes()[..width]);
            }
            rest = &rest[width..];
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text.into_boxed_slice()));
        }
        Self(pieces)
    }

    pub fn matches(&self, path: &str) -> bool {
        matches(&self.0, path.as_bytes())
    }
}

/// The wildcard that a pattern starts with, or none, and how many bytes it takes.
fn next_piece(rest: &str) -> (Option<Piece>, usize) {
    if rest.starts_with("/**/") {
        (Some(Piece::Between), 4)
    } else if rest == "/**" || rest == "/**\n" {
        (Some(Piece::Below), 3) // as Python's `$`, which also stands before a last newline
    } else if rest.starts_with("**") {
        (Some(Piece::Anything), 2)
    } else if rest.starts_with('*') {
        (Some(Piece::Segment), 1)
    } else {
        (None, rest.chars().next().map_or(1, char::len_utf8))
    }
}

fn matches(pieces: &[Piece], text: &[u8]) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return text.is_empty() };
    match first {
        Piece::Text(wanted) => text.strip_prefix(&**wanted).is_some_and(|after| matches(rest, after)),
        Piece::Segment => {
            let end = text.iter().position(|byte| *byte == b'/').unwrap_or(text.len());
            (0..=end).any(|used| matches(rest, &text[used..]))
        }
        Piece::Anything => rest.is_empty() || (0..=text.len()).any(|used| matches(rest, &text[used..])),
        Piece::Between => {
            text.first() == Some(&b'/')
                && (1..=text.len()).any(|used| text[used - 1] == b'/' && matches(rest, &text[used..]))
        }
        Piece::Below => {
            matches(rest, text)
                || text.first() == Some(&b'/')
                    && (rest.is_empty() || (1..=text.len()).any(|used| matches(rest, &text[used..])))
        }
    }
}
