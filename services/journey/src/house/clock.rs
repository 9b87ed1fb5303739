//! The clock of the visit in the house file: its rules, and the ways in words.

use kernel::values::Text;
use serde::Deserialize;
use toml::Spanned;

use crate::domain::clock::{after, ahead::Way, legs::Leg, policy::Policy};

/// The longest text: it is read on the way.
const LONGEST: usize = 200;
/// In minutes.
const LONGEST_WAY: u32 = 60;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    journey: Section,
}

/// The other keys of the part are not looked at here.
#[derive(Default, Deserialize)]
struct Section {
    clock: Option<Spanned<Policy>>,
    #[serde(default)]
    ways: Vec<WayRow>,
}

/// How a leg is gone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WayRow {
    leg: Spanned<String>,
    #[serde(default)]
    hall: String,
    to: Text,
    text: Text,
    #[serde(default)]
    step_free: Text,
    #[serde(default)]
    lift: String,
    /// Of a way after the showing.
    #[serde(default)]
    minutes: u32,
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Clock {
    pub(super) policy: Policy,
    pub(super) ways: Vec<Way>,
}

/// "line 12, journey.clock.seat_seconds: …"
fn wrong(text: &str, at: usize, key: &str, problem: &str) -> String {
    let line = text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line}, journey.{key}: {problem}")
}

/// Reads and checks it; the error says where it is wrong.
pub(super) fn read(text: &str) -> Result<Clock, String> {
    let Section { clock: policy, ways: rows } =
        toml::from_str::<File>(text).map_err(|error| error.to_string())?.journey;
    let mut clock = Clock::default();
    if let Some(policy) = policy {
        if let Some((key, problem)) = policy.get_ref().problem() {
            return Err(wrong(text, policy.span().start, &format!("clock.{key}"), problem));
        }
        clock.policy = policy.into_inner();
    }
    for (at, row) in rows.into_iter().enumerate() {
        let bad = |key: &str, problem: &str| wrong(text, row.leg.span().start, &format!("ways[{at}].{key}"), problem);
        let is_after = after::kind_named(row.leg.get_ref()).is_some();
        if !is_after && Leg::kind_named(row.leg.get_ref()).is_none() {
            return Err(bad("leg", "must be drive, park, walk, desk, queue, seat, meal, back or kerb"));
        }
        if row.minutes > LONGEST_WAY || (row.minutes > 0 && !is_after) {
            return Err(bad("minutes", "is for meal, back and kerb alone, and at most 60"));
        }
        for (key, said) in [("to", &row.to), ("text", &row.text), ("step_free", &row.step_free)] {
            if key != "step_free" && said.de.is_empty() {
                return Err(bad(key, "needs a German text"));
            }
            if [&said.de, &said.en, &said.plain].iter().any(|text| text.chars().count() > LONGEST) {
                return Err(bad(key, "is longer than 200 characters"));
            }
        }
        if !row.lift.is_empty() && row.step_free.de.is_empty() {
            return Err(bad("step_free", "must say how to go by the lift"));
        }
        let way = Way {
            leg: row.leg.into_inner(),
            hall: row.hall,
            to: row.to,
            text: row.text,
            step_free: row.step_free,
            lift: row.lift,
            minutes: row.minutes,
        };
        if clock.ways.iter().any(|known| (&known.leg, &known.hall) == (&way.leg, &way.hall)) {
            return Err(format!("journey.ways[{at}]: the leg {} is there twice for one hall", way.leg));
        }
        clock.ways.push(way);
    }
    Ok(clock)
}

#[cfg(test)]
mod tests {
    use super::{super::check, read};

    #[test]
    fn the_house_of_halle_knows_its_ways() {
        let clock = read(include_str!("../../../../deploy/houses/halle.toml")).expect("good");
        for leg in ["drive", "park", "walk", "desk", "queue", "seat", "meal", "back", "kerb"] {
            let way = clock.ways.iter().find(|way| way.leg == leg && way.hall.is_empty()).expect(leg);
            for text in [&way.to, &way.text] {
                assert!(!text.de.is_empty() && !text.en.is_empty() && !text.plain.is_empty(), "{text:?}");
            }
        }
        assert!(clock.ways.iter().any(|way| !way.lift.is_empty()), "some halls are upstairs");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        assert_eq!(check(""), Ok(String::new()));
        for (text, said) in [
            ("[journey.clock]\nrecovered_seconds = 10", "line 1, journey.clock.recovered_seconds: must be more"),
            ("[journey.clock]\nseat_seconds = 4000", "seat_seconds: is more"),
            ("[journey.clock]\nstep_free_percent = 20", "step_free_percent: must be"),
            ("[journey.clock]\nlook_ahead_minutes = 0", "1 or more"),
            ("[journey.clock]\nseats = 4", "unknown field"),
            ("[journey.clock]\nseat_seconds = -4", "invalid value"),
            (
                "\n[[journey.ways]]\nleg = \"fly\"\nto = { de = \"X\" }\ntext = { de = \"Y\" }",
                "line 3, journey.ways[0].leg",
            ),
            (
                "[[journey.ways]]\nleg = \"walk\"\nminutes = 3\nto = { de = \"X\" }\ntext = { de = \"Y\" }",
                "ways[0].minutes: is for meal",
            ),
            (
                "[[journey.ways]]\nleg = \"meal\"\nminutes = 61\nto = { de = \"X\" }\ntext = { de = \"Y\" }",
                "ways[0].minutes",
            ),
            (
                "[[journey.ways]]\nleg = \"walk\"\nto = { de = \"\" }\ntext = { de = \"Y\" }",
                "ways[0].to: needs a German",
            ),
            (
                "[[journey.ways]]\nleg = \"walk\"\nto = { de = \"X\" }\ntext = { de = \"Y\" }\nlift = \"l\"",
                "by the lift",
            ),
        ] {
            let refused = check(text).expect_err(text);
            assert!(refused.contains(said), "{refused}");
        }
        let twice = "[[journey.ways]]\nleg = \"walk\"\nto = { de = \"X\" }\ntext = { de = \"Y\" }\n".repeat(2);
        assert!(check(&twice).expect_err("twice").contains("twice"));
    }
}
