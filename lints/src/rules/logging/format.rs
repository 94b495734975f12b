//! Formats of log lines: whether `logging.Formatter` accepts one (CPython 3.8 and later validate it).

/// The styles that `logging` has.
pub(crate) const STYLES: [&str; 3] = ["%", "{", "$"];

/// Whether a format is refused in a style. An empty one stands for the style's default.
pub(crate) fn is_refused(format: &str, style: &str) -> bool {
    if format.is_empty() {
        return false;
    }
    match style {
        "%" => !has_percent_field(format),
        "{" => !is_brace_format(format),
        "$" => !is_dollar_format(format),
        _ => false,
    }
}

/// The style that accepts a format, if one does.
pub(crate) fn fitting_style(format: &str) -> Option<&'static str> {
    STYLES.into_iter().find(|style| !is_refused(format, style))
}

fn is_word(byte: char) -> bool {
    byte.is_alphanumeric() || byte == '_'
}

/// `%\(\w+\)[#0+ -]*(\*|\d+)?(\.(\*|\d+))?[diouxefgcrsa%]` anywhere, in any case.
fn has_percent_field(format: &str) -> bool {
    format.match_indices("%(").any(|(at, _)| {
        let rest = &format[at + 2..];
        let name = rest.trim_start_matches(is_word);
        if name.len() == rest.len() {
            return false;
        }
        let Some(rest) = name.strip_prefix(')') else { return false };
        let mut rest = number(rest.trim_start_matches(['#', '0', '+', ' ', '-']));
        if let Some(precision) = rest.strip_prefix('.') {
            let after = number(precision);
            if after.len() == precision.len() {
                return false;
            }
            rest = after;
        }
        rest.starts_with(|kind: char| "diouxefgcrsa%".contains(kind.to_ascii_lowercase()))
    })
}

/// Behind `*` or digits.
fn number(text: &str) -> &str {
    text.strip_prefix('*').unwrap_or_else(|| text.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}

/// Whether braces balance and hold at least one field by name. What stands behind the name is not judged.
fn is_brace_format(format: &str) -> bool {
    let mut fields = 0;
    let mut rest = format;
    while let Some(at) = rest.find(['{', '}']) {
        let tail = &rest[at..];
        if tail.starts_with("{{") || tail.starts_with("}}") {
            rest = &tail[2..];
            continue;
        }
        if tail.starts_with('}') {
            return false;
        }
        let Some(end) = closing(tail) else { return false };
        let field = &tail[1..end];
        let name: &str = field.split(['!', ':']).next().unwrap_or_default();
        let base = name.split(['.', '[']).next().unwrap_or_default();
        if !name.is_empty() {
            if base.is_empty() || !base.chars().all(is_word) {
                return false;
            }
            fields += 1;
        }
        rest = &tail[end + 1..];
    }
    fields > 0
}

/// Where the brace that a text starts with is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, char) in text.char_indices() {
        match char {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// `$name`, `${name}`, and no `$` that is neither that nor `$$`.
fn is_dollar_format(format: &str) -> bool {
    let starts_name = |text: &str| text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let mut fields = 0;
    let mut rest = format;
    while let Some(at) = rest.find('$') {
        let tail = &rest[at + 1..];
        rest = if let Some(escaped) = tail.strip_prefix('$') {
            escaped
        } else if let Some(braced) = tail.strip_prefix('{').filter(|braced| starts_name(braced) && braced.contains('}')) {
            fields += 1;
            &braced[braced.find('}').unwrap_or(0)..]
        } else if starts_name(tail) {
            fields += 1;
            tail.trim_start_matches(is_word)
        } else {
            return false;
        };
    }
    fields > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent() {
        for accepted in ["%(message)s", "x %(levelname)-8s", "%(msecs)03d", "%(x).2f", "%(x)*.*f", "%(message)S", "%%(message)s", ""] {
            assert!(!is_refused(accepted, "%"), "{accepted}");
        }
        for refused in ["{message}", "$message", "text", "%s", "%(message)", "%()s", "%(a b)s", "%(x).s"] {
            assert!(is_refused(refused, "%"), "{refused}");
        }
    }

    #[test]
    fn braces() {
        for accepted in ["{message}", "{levelname:<8} {message!r}", "{{x}} {message}", "{a.b[0]}", "{x:{width}}"] {
            assert!(!is_refused(accepted, "{"), "{accepted}");
        }
        for refused in ["%(message)s", "text", "{message", "message}", "{{message}}", "{a b}", "{}"] {
            assert!(is_refused(refused, "{"), "{refused}");
        }
    }

    #[test]
    fn dollars() {
        for accepted in ["$message", "${message}", "$$ $message"] {
            assert!(!is_refused(accepted, "$"), "{accepted}");
        }
        for refused in ["%(message)s", "text", "$ $message", "${message", "$$message"] {
            assert!(is_refused(refused, "$"), "{refused}");
        }
        assert_eq!(fitting_style("{message}"), Some("{"));
        assert_eq!(fitting_style("text"), None);
    }
}
