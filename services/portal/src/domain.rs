//! The rules of the edge's own state: names, passwords, how signing in slows down, claim codes.
//! Pure: no I/O, no clock.

pub(crate) mod waiting_room;

use chrono::{NaiveTime, TimeDelta};

/// The shortest password.
pub(crate) const SHORTEST_PASSWORD: usize = 10;
/// The longest one that is hashed at all.
pub(crate) const LONGEST_PASSWORD: usize = 256;
/// Failures are forgotten when nothing was tried for so long.
pub(crate) const FORGET_FAILURES: TimeDelta = TimeDelta::minutes(15);
/// How long a claim code waits for its approval.
pub(crate) const PAIRING_LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// Claim codes that may wait at once, of the house's own network and as many of all others: starting one needs no identity.
pub(crate) const MOST_PAIRINGS: i64 = 200;
/// Staff sign in once a shift.
pub(crate) const STAFF_SESSION: TimeDelta = TimeDelta::hours(12);
/// A visitor comes back with the link; the cookie need not live longer.
pub(crate) const VISITOR_SESSION: TimeDelta = TimeDelta::days(30);
/// So long the same form, sent without a cookie, gets the session that it has opened.
pub(crate) const PRESSED_AGAIN: TimeDelta = TimeDelta::minutes(2);
/// A monitor stays signed in until its device is revoked.
pub(crate) const DEVICE_SESSION: TimeDelta = TimeDelta::days(400);

/// "Not yet": so long nobody is reminded of a step that is due.
pub(crate) const PUT_OFF: TimeDelta = TimeDelta::minutes(3);

/// No letters or digits that people confuse: no 0/O, 1/I, 5/S, 8/B.
const CLAIM_ALPHABET: &[u8; 28] = b"ACDEFGHJKLMNPQRTUVWXYZ234679";
const CLAIM_LENGTH: usize = 6;

/// What kinds of devices there are.
pub(crate) const DEVICE_KINDS: [&str; 3] = ["display", "scanner", "lane"];

/// How long an account must wait after so many failures in a row: nothing for two, then twice as long
/// each time, at most a minute. Longer would let anybody lock a colleague out.
pub(crate) fn wait_after(failures: i32) -> TimeDelta {
    match failures {
        ..=2 => TimeDelta::zero(),
        n => TimeDelta::seconds(1_i64 << (n - 3).min(6)).min(TimeDelta::seconds(60)),
    }
}

/// Two times of the day: "22:30-08:00".
pub(crate) fn is_span_of_day(span: &str) -> bool {
    let is_time = |text: &str| text.len() == 5 && NaiveTime::parse_from_str(text, "%H:%M").is_ok();
    span.split_once('-').is_some_and(|(from, until)| is_time(from) && is_time(until) && from != until)
}

/// Whether it is in such a span now; its end is not. An empty span is never.
pub(crate) fn is_in_span(span: &str, now: NaiveTime) -> bool {
    let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").ok();
    let Some((Some(from), Some(until))) = span.split_once('-').map(|(from, until)| (time(from), time(until))) else {
        return false;
    };
    if from > until { now >= from || now < until } else { now >= from && now < until }
}

/// An id out of a name that somebody has typed: "Lange Nacht" becomes "lange-nacht". Empty when nothing is left.
pub(crate) fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.to_lowercase().chars() {
        match letter {
            'ä' => slug.push_str("ae"),
            'ö' => slug.push_str("oe"),
            'ü' => slug.push_str("ue"),
            'ß' => slug.push_str("ss"),
            letter if letter.is_ascii_alphanumeric() => slug.push(letter),
            _ if !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.trim_matches('-').chars().take(40).collect::<String>().trim_end_matches('-').to_owned()
}

/// An account name: lower-case letters, digits, dot, dash, underscore.
pub(crate) fn is_account_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_'))
}

/// A claim code out of random bytes.
pub(crate) fn claim_code(random: [u8; CLAIM_LENGTH]) -> String {
    random.iter().map(|byte| char::from(CLAIM_ALPHABET[usize::from(*byte) % CLAIM_ALPHABET.len()])).collect()
}

/// A claim code as somebody typed it: case, spaces and dashes do not matter.
pub(crate) fn read_claim_code(typed: &str) -> Option<String> {
    let code: String = typed
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '-')
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    (code.len() == CLAIM_LENGTH && code.bytes().all(|b| CLAIM_ALPHABET.contains(&b))).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_slows_down_and_never_stops() {
        let waits: Vec<i64> = (0..=12).map(|failures| wait_after(failures).num_seconds()).collect();
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
        assert_eq!(wait_after(i32::MAX).num_seconds(), 60);
    }

    #[test]
    fn claim_codes_survive_people() {
        let code = claim_code([0, 5, 10, 200, 255, 27]);
        let typed = format!(" {}-{} ", code[..3].to_lowercase(), &code[3..]);
        assert_eq!(read_claim_code(&typed), Some(code));
        assert_eq!(read_claim_code("AB0DEF"), None, "letters that no code has");
        assert_eq!(read_claim_code("ACDEF"), None, "too short");
    }

    #[test]
    fn spans_of_the_day() {
        assert!(is_span_of_day("22:30-08:00") && is_span_of_day("01:00-05:00"));
        for wrong in ["", "-", "22:30", "22:30-24:00", "8:00-9:00", "08:00-08:00", "22:30–08:00"] {
            assert!(!is_span_of_day(wrong), "{wrong}");
        }
        let is_in = |span: &str, hour, minute| {
            is_in_span(span, NaiveTime::from_hms_opt(hour, minute, 0).expect("a time of the day"))
        };
        assert!(is_in("22:30-08:00", 22, 30) && is_in("22:30-08:00", 0, 0) && is_in("22:30-08:00", 7, 59));
        assert!(!is_in("22:30-08:00", 8, 0) && !is_in("22:30-08:00", 22, 29));
        assert!(is_in("01:00-05:00", 1, 0) && !is_in("01:00-05:00", 5, 0) && !is_in("01:00-05:00", 0, 59));
        assert!(!is_in("", 0, 0) && !is_in("-", 0, 0));
    }

    #[test]
    fn ids_out_of_names() {
        for (name, id) in [
            ("Lange Nacht der Sterne", "lange-nacht-der-sterne"),
            ("  Größe: XL! ", "groesse-xl"),
            ("星", ""),
            ("--", ""),
            (&format!("{} b", "a".repeat(39)), &"a".repeat(39)),
        ] {
            assert_eq!(slug_of(name), id, "{name}");
        }
    }

    #[test]
    fn account_names() {
        assert!(is_account_name("anna.m-2"));
        for wrong in ["", "Anna", ".a", "a b", "ä", &"a".repeat(65)] {
            assert!(!is_account_name(wrong), "{wrong}");
        }
    }
}
