//! How values and conditions read in an explanation, see `processors/lifecycle/words.py`.

use crate::contact::{DealIs, Scalar};
use crate::decimal::Dec;
use crate::plan::{self, Test, Wanted};
use crate::unsupported::give_up;

const UNITS: [(i64, &str); 5] =
    [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second"), (1, "ms")];
/// The last moment that a four-digit year can tell.
pub const LAST_MOMENT: i64 = 253_402_300_799_999;

/// `14 days`: the largest unit that leaves a whole number.
pub fn duration(span: i64) -> String {
    let (size, unit) = UNITS.iter().find(|(size, _)| span % size == 0).unwrap_or(&UNITS[4]);
    plural(span / size, unit)
}

pub fn plural(number: i64, unit: &str) -> String {
    let s = if number == 1 || unit == "ms" { "" } else { "s" };
    format!("{number} {unit}{s}")
}

/// `62.5`: thousandths of a point as points.
pub fn points(thousandths: i64) -> String {
    let (whole, rest) = (thousandths.unsigned_abs() / 1_000, thousandths.unsigned_abs() % 1_000);
    let sign = if thousandths < 0 { "-" } else { "" };
    match rest {
        0 => format!("{sign}{whole}"),
        _ if rest % 100 == 0 => format!("{sign}{whole}.{}", rest / 100),
        _ if rest % 10 == 0 => format!("{sign}{whole}.{:02}", rest / 10),
        _ => format!("{sign}{whole}.{rest:03}"),
    }
}

/// `2026-03-01T09:30:00.000Z`.
pub fn moment(at: i64) -> String {
    date(at).unwrap_or_else(|| give_up("a moment beyond what a date can say")) + "Z"
}

/// `2026-03-01T09:30:00.000`, in UTC; none beyond what four digits of a year can say.
pub fn date(at: i64) -> Option<String> {
    if !(0..=LAST_MOMENT).contains(&at) {
        return None;
    }
    let (days, ms) = (at / 86_400_000, at % 86_400_000);
    let (year, month, day) = civil(days);
    let (second, ms) = (ms / 1_000, ms % 1_000);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let mut text = *b"0000-00-00T00:00:00.000";
    let parts = [(year, 3), (month, 6), (day, 9), (hour, 12), (minute, 15), (second, 18), (ms, 22)];
    for (mut number, mut last) in parts {
        while number > 0 {
            text[last] = b'0' + (number % 10) as u8;
            number /= 10;
            last = last.saturating_sub(1);
        }
    }
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// Proleptic Gregorian date of a day since 1970-01-01, by Howard Hinnant's `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

pub fn scalar(one: &Scalar) -> String {
    match one {
        Scalar::Null => "nothing".to_owned(),
        Scalar::Bool(true) => "yes".to_owned(),
        Scalar::Bool(false) => "no".to_owned(),
        Scalar::Int(one) => one.to_string(),
        Scalar::Dec(one) => one.shortest(),
        Scalar::Str(one) => one.to_string(),
    }
}

fn known(one: &plan::Scalar) -> String {
    match one {
        plan::Scalar::Bool(true) => "yes".to_owned(),
        plan::Scalar::Bool(false) => "no".to_owned(),
        plan::Scalar::Int(one) => one.to_string(),
        plan::Scalar::Str(one) => one.to_string(),
        plan::Scalar::Decimal { value } => Dec::parse(value).map_or_else(|| value.clone(), Dec::shortest),
    }
}

pub fn wanted(value: &Wanted) -> String {
    match value {
        Wanted::One(one) => known(one),
        Wanted::Many(many) => many.iter().map(known).collect::<Vec<_>>().join(", "),
    }
}

/// `job_title contains one of director, vp`.
pub fn test(one: &Test) -> String {
    let op = match &*one.op {
        "exists" => {
            let known = matches!(one.value, Wanted::One(plan::Scalar::Bool(true)));
            return format!("{} is {}", one.field, if known { "known" } else { "not known" });
        }
        "eq" => "is",
        "ne" => "is not",
        "in" => "is one of",
        "not_in" => "is none of",
        "gte" => "is at least",
        "gt" => "is more than",
        "lte" => "is at most",
        "lt" => "is less than",
        "starts_with" => "starts with",
        "ends_with" => "ends with",
        "contains" => "contains",
        "contains_any" => "contains one of",
        "path" => "has the path",
        _ => give_up("an operator without words"),
    };
    format!("{} {op} {}", one.field, wanted(&one.value))
}

/// `D-7: proposal, 1200.5 EUR`.
pub fn deal(id: &str, one: &DealIs) -> String {
    if one.amount == Scalar::Null {
        return format!("{id}: {}", one.stage);
    }
    let amount = format!(", {} {}", scalar(&one.amount), one.currency.as_deref().unwrap_or(""));
    let blank = |one: char| one.is_whitespace() || ('\x1c'..='\x1f').contains(&one); // as Python's `rstrip`
    format!("{id}: {}{}", one.stage, amount.trim_end_matches(blank))
}
