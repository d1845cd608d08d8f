//! Exact decimals, as far as the records have them: 18 digits, three of them behind the point.

use std::cmp::Ordering;

const MOST_DIGITS: i128 = 10_i128.pow(27);
const MOST_SCALE: u32 = 5;

/// `unscaled` / 10^`scale`. Bounded, so that two of them can be compared without overflow.
#[derive(Clone, Copy, Debug)]
pub struct Dec {
    unscaled: i128,
    scale: u32,
}

impl Dec {
    /// `None` for more digits than are ever written.
    pub fn new(unscaled: i128, scale: u32) -> Option<Self> {
        (unscaled.abs() < MOST_DIGITS && scale <= MOST_SCALE).then_some(Self { unscaled, scale })
    }

    /// Reads plain notation (`-12.50`); `None` for any other.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !plain(whole) || !plain(rest) || whole.len() + rest.len() > 30 {
            return None;
        }
        let unscaled: i128 = format!("{whole}{rest}").parse().ok()?;
        if unscaled == 0 && digits.len() < text.len() {
            return None; // minus nought is a number of its own
        }
        let signed = if digits.len() < text.len() { -unscaled } else { unscaled };
        Self::new(signed, rest.len() as u32)
    }

    /// Without trailing zeros: how states and explanations have it.
    pub fn shortest(self) -> String {
        let mut short = self;
        while short.scale > 0 && short.unscaled % 10 == 0 {
            short = Self { unscaled: short.unscaled / 10, scale: short.scale - 1 };
        }
        short.plain()
    }

    /// With as many decimals as it has: how a value is hashed.
    pub fn plain(self) -> String {
        let digits = self.unscaled.unsigned_abs().to_string();
        let sign = if self.unscaled < 0 { "-" } else { "" };
        let scale = self.scale as usize;
        if scale == 0 {
            return format!("{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, rest) = padded.split_at(padded.len() - scale);
        format!("{sign}{whole}.{rest}")
    }

    fn at_scale(self, scale: u32) -> i128 {
        self.unscaled * 10_i128.pow(scale - self.scale)
    }
}

impl From<i64> for Dec {
    fn from(number: i64) -> Self {
        Self { unscaled: i128::from(number), scale: 0 }
    }
}

impl Ord for Dec {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        self.at_scale(scale).cmp(&other.at_scale(scale))
    }
}

impl PartialOrd for Dec {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Dec {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Dec {}
