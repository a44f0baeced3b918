//! The wait that a target asks for with `Retry-After`.

use std::time::Duration;

use http::header::{HeaderMap, RETRY_AFTER};
use jiff::civil::DateTime;
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A target cannot ask for a longer wait.
const LONGEST: Duration = Duration::from_hours(1);
/// RFC 9110: a year of two digits is at most this many years ahead.
const YEARS_AHEAD: i16 = 50;

/// The longest wait that an answer asks for. A date that has passed asks for none, and so does what cannot be read.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let now = TimeZone::UTC.to_datetime(now);
    let texts = headers.get_all(RETRY_AFTER).iter().filter_map(|value| value.to_str().ok());
    texts.filter_map(|text| wait(text.trim(), now)).max()
}

/// Seconds, or a date.
fn wait(text: &str, now: DateTime) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().map_or(LONGEST, Duration::from_secs).min(LONGEST));
    }
    let ahead = date(text, now)?.duration_since(now);
    Some(Duration::try_from(ahead).unwrap_or(Duration::ZERO).min(LONGEST))
}

/// A date of HTTP in UTC: as IMF-fixdate, as in RFC 850, or as of C's `asctime`. The weekday is not checked: it says nothing that
/// the date does not say.
fn date(text: &str, now: DateTime) -> Option<DateTime> {
    let rest = text.split_once(' ').map_or("", |(_, rest)| rest).trim_start();
    let read = |format, rest| strtime::parse(format, rest).ok()?.to_datetime().ok();
    if let Some(asctime) = read("%b %e %H:%M:%S %Y", rest) {
        return Some(asctime);
    }
    if let Some(zoned) = rest.strip_suffix("GMT") {
        if let Some(fixdate) = read("%d %b %Y %H:%M:%S", zoned.trim_end()) {
            return Some(fixdate);
        }
        if let Some(rfc_850) = read("%d-%b-%y %H:%M:%S", zoned.trim_end()) {
            return near(rfc_850, now);
        }
    }
    // What targets send that have read the rules of mail: another zone, no weekday, one digit for the day.
    let parser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    Some(TimeZone::UTC.to_datetime(parser.parse_timestamp(text).ok()?))
}

/// The date in the latest century in which it is at most [`YEARS_AHEAD`] away.
fn near(date: DateTime, now: DateTime) -> Option<DateTime> {
    let latest = now.checked_add(Span::new().years(YEARS_AHEAD)).ok()?;
    let years_back = (latest.year() - date.year()).rem_euclid(100);
    let found = in_year(date, latest.year() - years_back)?;
    if found > latest { in_year(date, found.year() - 100) } else { Some(found) }
}

fn in_year(date: DateTime, year: i16) -> Option<DateTime> {
    date.with().year(year).build().ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const NOW: &str = "1994-11-06T08:49:07Z";

    fn waited(now: &str, texts: &[&str]) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        for text in texts {
            let value = HeaderValue::from_bytes(text.as_bytes()).expect("a value");
            headers.append(RETRY_AFTER, value);
        }
        retry_after(&headers, now.parse().expect("a time"))
    }

    fn check(text: &str, expected: Option<u64>) {
        check_at(NOW, text, expected);
    }

    fn check_at(now: &str, text: &str, expected: Option<u64>) {
        assert_eq!(waited(now, &[text]), expected.map(Duration::from_secs), "{text:?} at {now}");
    }

    #[test]
    fn seconds_are_capped_at_an_hour() {
        for (text, expected) in [
            ("0", 0),
            ("00", 0),
            ("120", 120),
            ("0120", 120),
            (" 7 ", 7),
            ("\t7\t", 7),
            ("3600", 3600),
            ("3601", 3600),
            ("18446744073709551615", 3600),
            ("18446744073709551616", 3600),
            ("99999999999999999999999999", 3600),
        ] {
            check(text, Some(expected));
        }
    }

    #[test]
    fn all_three_date_forms_are_read() {
        let forms: [fn(&str, &str, &str) -> String; 3] = [
            |day, year, time| format!("Sun, {day} Nov {year} {time} GMT"),
            |day, year, time| format!("Sunday, {day}-Nov-{} {time} GMT", &year[2..]),
            |day, year, time| format!("Sun Nov {:>2} {time} {year}", day.trim_start_matches('0')),
        ];
        for form in forms {
            for (day, year, time, expected) in [
                ("06", "1994", "08:49:37", 30),
                ("06", "1994", "08:49:08", 1),
                ("06", "1994", "08:49:07", 0),
                ("06", "1994", "08:49:06", 0),
                ("06", "1994", "07:00:00", 0),
                ("06", "1994", "09:49:06", 3599),
                ("06", "1994", "09:49:08", 3600),
                ("07", "1994", "08:49:37", 3600),
                ("16", "1994", "00:00:00", 3600),
                ("06", "1984", "08:49:37", 0),
                ("06", "2030", "08:49:37", 3600),
            ] {
                check(&form(day, year, time), Some(expected));
                check(&format!(" {}\t", form(day, year, time)), Some(expected));
            }
        }
        check("Sun Nov  6 08:49:37 1994", Some(30));
        check("Sun Nov 06 08:49:37 1994", Some(30));
        check("Fri, 31 Dec 9999 23:59:59 GMT", Some(3600));
        check("Fri Dec 31 23:59:59 9999", Some(3600));
        check("Sat, 01 Jan 0000 00:00:00 GMT", Some(0));
        check_at("2016-12-31T23:59:29Z", "Sat, 31 Dec 2016 23:59:60 GMT", Some(30));
        check_at("2024-02-29T00:00:00Z", "Thursday, 29-Feb-24 00:00:30 GMT", Some(30));
    }

    #[test]
    fn a_wrong_weekday_and_what_mail_allows_do_no_harm() {
        for text in [
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Mon Nov  6 08:49:37 1994",
            "Friday, 06-Nov-94 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 10:49:37 +0200",
            "Sun, 06 Nov 1994 08:49:37 +0000",
        ] {
            check(text, Some(30));
        }
    }

    #[test]
    fn a_year_of_two_digits_is_at_most_fifty_years_ahead() {
        let year = |now, digits: &str, expected| {
            check_at(now, &format!("Sunday, 06-Nov-{digits} 08:49:37 GMT"), Some(expected));
        };
        // At this moment 44 is fifty years and thirty seconds ahead, so it is 1944.
        year(NOW, "44", 0);
        year(NOW, "43", 3600);
        year(NOW, "00", 3600);
        year(NOW, "93", 0);
        year("1994-11-06T08:49:37Z", "44", 3600);
        year("2026-11-06T08:49:07Z", "26", 30);
        year("2026-11-06T08:49:07Z", "94", 0);
        year("2026-11-06T08:49:07Z", "75", 3600);
        year("2026-11-06T08:49:07Z", "77", 0);
        year("2099-11-06T08:49:07Z", "00", 3600);
        year("2099-11-06T08:49:07Z", "98", 0);
    }

    #[test]
    fn what_cannot_be_read_asks_for_nothing() {
        for text in [
            "",
            " ",
            "-1",
            "-0",
            "+5",
            "1.5",
            "1e3",
            "0x10",
            "1 2",
            "1h",
            "٣",
            "soon",
            "GMT",
            ", GMT",
            "Sun, 06 Nov",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 29 Feb 1995 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nop 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sunday, 31-Feb-94 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37",
            "Sun Feb 31 08:49:37 1994",
            "Sun Nov  6 25:49:37 1994",
            "Sun Nov  6 08:49:37 1994 or so",
            "\u{fffd}",
        ] {
            check(text, None);
        }
        assert_eq!(waited(NOW, &[]), None);
    }

    #[test]
    fn of_several_the_longest_counts() {
        let seconds = |texts: &[&str]| waited(NOW, texts).map(|wait| wait.as_secs());
        assert_eq!(seconds(&["5", "120", "7"]), Some(120));
        assert_eq!(seconds(&["soon", "5"]), Some(5));
        assert_eq!(seconds(&["5", "Sun Nov  6 08:49:37 1994"]), Some(30));
        assert_eq!(seconds(&["soon", "later"]), None);
    }
}
