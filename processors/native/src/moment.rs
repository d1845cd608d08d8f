//! Times as text: `2026-03-01T09:30:00Z`, with thousandths or an offset such as `+01:00` if wanted.

const DAY_MS: i64 = 86_400_000;

/// Milliseconds since 1970, UTC. Other ways to write a time are left to the reference.
pub fn moment(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (year, month, day) = (number(bytes, 0, 4)?, number(bytes, 5, 2)?, number(bytes, 8, 2)?);
    let (hour, minute, second) = (number(bytes, 11, 2)?, number(bytes, 14, 2)?, number(bytes, 17, 2)?);
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let in_bounds = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    if marks.iter().any(|(at, mark)| bytes[*at] != *mark)
        || !in_bounds
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    let (thousandths, zone) = match bytes.get(19)? {
        b'.' => (number(bytes, 20, 3)?, &bytes[23..]),
        _ => (0, &bytes[19..]),
    };
    let clock = ((hour * 60 + minute) * 60 + second) * 1000 + thousandths;
    Some(days_before(year, month, day) * DAY_MS + clock - offset(zone)?)
}

/// Milliseconds that a zone is ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    if zone == b"Z" {
        return Some(0);
    }
    let sign = match zone.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = (number(zone, 1, 2)?, number(zone, 4, 2)?);
    let plain = zone.len() == 6 && zone[3] == b':' && hours < 24 && minutes < 60;
    plain.then_some(sign * (hours * 60 + minutes) * 60_000)
}

fn number(bytes: &[u8], at: usize, digits: usize) -> Option<i64> {
    bytes
        .get(at..at + digits)?
        .iter()
        .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01, in the Gregorian calendar.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let past = year - 1;
    let years = past * 365 + past / 4 - past / 100 + past / 400 - 719_162; // to the year 1970
    years + (1..month).map(|month| days_in(year, month)).sum::<i64>() + day - 1
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn reads_times() {
        assert_eq!(moment("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(moment("2026-03-01T09:30:00Z"), Some(1_772_357_400_000));
        assert_eq!(moment("2026-03-01T09:30:00.250+01:00"), Some(1_772_353_800_250));
        assert_eq!(moment("2024-02-29T23:59:59-23:59"), Some(1_709_337_539_000));
    }

    #[test]
    fn leaves_the_rest() {
        for text in [
            "",
            "2026-03-01",
            "2026-03-01T09:30:00",
            "2026-02-29T00:00:00Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T09:30:60Z",
            "2026-03-01 09:30:00Z",
            "2026-03-01T09:30:00.5Z",
            "2026-03-01T09:30:00+0100",
            "2026-13-01T09:30:00Z",
            "2026-03-01T09:30:00Z ",
            "2026-03-01T09:30:00+24:00",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
