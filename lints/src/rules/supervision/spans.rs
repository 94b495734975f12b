//! Spans of time as systemd writes them (systemd.time(7), "Parsing time spans").

/// The units with their lengths in microseconds.
const UNITS: &[(&[&str], u64)] = &[
    (&["usec", "us", "µs", "μs"], 1),
    (&["msec", "ms"], 1_000),
    (&["seconds", "second", "sec", "s"], SECOND),
    (&["minutes", "minute", "min", "m"], 60 * SECOND),
    (&["hours", "hour", "hr", "h"], 3_600 * SECOND),
    (&["days", "day", "d"], 86_400 * SECOND),
    (&["weeks", "week", "w"], 604_800 * SECOND),
    (&["months", "month", "M"], 2_629_800 * SECOND),
    (&["years", "year", "y"], 31_557_600 * SECOND),
];

/// A second in microseconds.
pub(super) const SECOND: u64 = 1_000_000;

/// A span of time in microseconds: `5`, `100ms`, `1min 30s`, `1.5s`; a number without a unit counts seconds. `infinity` is [`u64::MAX`]. `None` for
/// what systemd does not take.
pub(super) fn microseconds(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    if rest == "infinity" {
        return Some(u64::MAX);
    }
    let mut sum: u64 = 0;
    let mut any = false;
    while !rest.is_empty() {
        let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, behind) = rest.split_at(whole);
        let fraction = behind.strip_prefix('.').map(|behind| &behind[..behind.bytes().take_while(u8::is_ascii_digit).count()]);
        if digits.is_empty() && fraction.is_none_or(str::is_empty) {
            return None;
        }
        rest = behind[fraction.map_or(0, |fraction| fraction.len() + 1)..].trim_start();
        let letters = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "" => SECOND,
            name => UNITS.iter().find(|(names, _)| names.contains(&name))?.1,
        };
        rest = rest[letters..].trim_start();
        let whole: u64 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        sum = sum.checked_add(whole.checked_mul(unit)?)?;
        let mut share = unit;
        for digit in fraction.unwrap_or_default().bytes() {
            share /= 10;
            sum = sum.checked_add(u64::from(digit - b'0') * share)?;
        }
        any = true;
    }
    any.then_some(sum)
}

/// A span for people: `5 s`, `100 ms`, `2 min`.
pub(super) fn shown(span: u64) -> String {
    let (length, unit) = match span {
        0 => (1, "s"),
        span if span % (60 * SECOND) == 0 => (60 * SECOND, "min"),
        span if span % SECOND == 0 => (SECOND, "s"),
        span if span % 1_000 == 0 => (1_000, "ms"),
        _ => (1, "µs"),
    };
    format!("{} {unit}", span / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        let check = |text: &str, expected: Option<u64>| assert_eq!(microseconds(text), expected, "{text:?}");
        check("5", Some(5 * SECOND));
        check("100ms", Some(100_000));
        check("1min 30s", Some(90 * SECOND));
        check("2h30", Some(7_230 * SECOND));
        check("1.5", Some(1_500_000));
        check(".5s", Some(500_000));
        check("5 sec", Some(5 * SECOND));
        check("0", Some(0));
        check("infinity", Some(u64::MAX));
        for wrong in ["", "soon", "5x", "-1", "s", "."] {
            check(wrong, None);
        }
        check("99999999999999999999", None);
        assert_eq!([0, 100_000, 5 * SECOND, 120 * SECOND, 7].map(shown), ["0 s", "100 ms", "5 s", "2 min", "7 µs"]);
    }
}
