//! Times as people say them, and as Grafana and Kibana write them: `9am`, `noon`, `now-1h`, `last 24h`, `an hour ago`.
//!
//! They are rewritten to the forms of the grammar, which then parses them.

use crate::model::time::lexer::digits;

/// The numbers that people write as words.
const NUMBERS: [(&[&str], u32); 10] = [
    (&["a", "an", "one"], 1),
    (&["two"], 2),
    (&["three"], 3),
    (&["four"], 4),
    (&["five"], 5),
    (&["six"], 6),
    (&["seven"], 7),
    (&["eight"], 8),
    (&["nine"], 9),
    (&["ten"], 10),
];

/// A folded text in the forms of the grammar. A text without such words stays as it is.
pub(super) fn rewritten(text: &str) -> String {
    distance(text).or_else(|| clock(text)).unwrap_or_else(|| text.to_owned())
}

/// `now-1h` as `-1h`, `last 24h` as `24h ago`, `past hour` and `an hour ago` as `1 hour ago`.
fn distance(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix("now").map(str::trim_start)
        && let Some(sign @ ('-' | '+')) = rest.chars().next()
    {
        return Some(format!("{sign}{}", rest[1..].trim_start()));
    }
    let (first, rest) = text.split_once(' ')?;
    let is_number = rest.starts_with(|c: char| c.is_ascii_digit());
    match (first, rest) {
        ("last" | "past" | "previous", _) if is_number => Some(format!("{rest} ago")),
        ("last" | "past" | "previous", "hour" | "minute") | ("past", "day" | "week" | "month" | "year") => {
            Some(format!("1 {rest} ago"))
        }
        ("half", "an hour ago") => Some("30 minutes ago".to_owned()),
        (word, _) if rest.ends_with(" ago") => {
            let number = NUMBERS.iter().find(|(words, _)| words.contains(&word))?.1;
            Some(format!("{number} {rest}"))
        }
        _ => None,
    }
}

/// `9am`, `9:30 pm`, `noon` and `midnight` at the end of a text, on the 24-hour clock.
fn clock(text: &str) -> Option<String> {
    let (before, last) = text.rsplit_once(' ').map_or(("", text), |(before, last)| (before, last));
    let (before, time) = match last {
        "noon" => (before, "12:00".to_owned()),
        "midnight" => (before, "00:00".to_owned()),
        "am" | "pm" => {
            let (before, hour) = before.rsplit_once(' ').unwrap_or(("", before));
            (before, of_half(hour, last)?)
        }
        _ => {
            let (hour, half) = last.split_at_checked(last.len().checked_sub(2)?)?;
            (before, of_half(hour, half)?)
        }
    };
    Some(if before.is_empty() { time } else { format!("{before} {time}") })
}

/// `9` or `9:30` of a half of the day.
fn of_half(time: &str, half: &str) -> Option<String> {
    let (hour, rest) = time.split_once(':').unwrap_or((time, "00"));
    let hour: u32 = digits(hour).filter(|hour| (1..=12).contains(hour))?;
    let hour = match half {
        "am" => hour % 12,
        "pm" => hour % 12 + 12,
        _ => return None,
    };
    Some(format!("{hour:02}:{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spoken_times_have_the_form_of_the_grammar() {
        for (text, expected) in [
            ("9am", "09:00"),
            ("9:30 pm", "21:30"),
            ("12am", "00:00"),
            ("12pm", "12:00"),
            ("monday 9am", "monday 09:00"),
            ("yesterday at 9 pm", "yesterday at 21:00"),
            ("nov 28 2pm", "nov 28 14:00"),
            ("noon", "12:00"),
            ("yesterday midnight", "yesterday 00:00"),
            ("now-1h", "-1h"),
            ("now - 7d", "-7d"),
            ("now+5min", "+5min"),
            ("last 24h", "24h ago"),
            ("past 7 days", "7 days ago"),
            ("last hour", "1 hour ago"),
            ("past week", "1 week ago"),
            ("an hour ago", "1 hour ago"),
            ("two weeks ago", "2 weeks ago"),
            ("half an hour ago", "30 minutes ago"),
        ] {
            assert_eq!(rewritten(text), expected, "{text}");
            assert_eq!(rewritten(expected), expected, "{expected}");
        }
        for text in
            ["now", "last week", "last monday", "13pm", "0am", "pm", "program", "2h", "a", "é", "éam", "x pm"]
        {
            assert_eq!(rewritten(text), text);
        }
    }
}
