//! When a warning closes a zone, as a table.

use chrono::TimeDelta;

use super::{
    super::directives::{BY_POLICY, BY_TIME, tests::directive},
    *,
};

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

fn warning(kind: Kind, severity: Severity) -> Warning {
    Warning {
        id: Uuid::from_u128(1),
        kind,
        severity,
        text: Text::new("Gewitter", "Thunderstorm"),
        told_at: at(10),
        valid_until: at(60),
    }
}

fn rule(kind: Kind, from: Severity) -> Rule {
    Rule { zone: "terrace".to_owned(), kind, from }
}

#[test]
fn a_zone_is_closed_for_what_is_grave_enough_and_only_as_long_as_it_holds() {
    use Severity::{Extreme, Minor, Moderate, Severe};
    for (kind, severity, minute, due) in [
        (Kind::Storm, Minor, 20, false),
        (Kind::Storm, Moderate, 20, true),
        (Kind::Storm, Severe, 20, true),
        (Kind::Storm, Extreme, 59, true),
        (Kind::Storm, Extreme, 60, false),
        (Kind::Thunderstorm, Extreme, 20, false),
    ] {
        let storms = rule(Kind::Storm, Moderate);
        assert_eq!(storms.due(&warning(kind, severity), at(minute), &[]), due, "{kind:?} {severity:?} {minute}");
    }
}

#[test]
fn what_staff_have_decided_since_the_warning_is_not_asked_again() {
    let (rule, warning) = (rule(Kind::Thunderstorm, Severity::Minor), warning(Kind::Thunderstorm, Severity::Minor));
    let due = |known: &[Directive]| rule.due(&warning, at(20), known);
    let stop = directive(directives::Kind::StopAdmission, "terrace", "");
    assert!(!due(std::slice::from_ref(&stop)), "it is stopped, or to be confirmed");
    assert!(due(&[directive(directives::Kind::StopAdmission, "foyer", "")]), "another zone");
    for (by, minute, again) in
        [("anna", 15, false), ("anna", 9, true), (BY_TIME, 15, true), (BY_POLICY, 15, true), (BY_WEATHER, 15, true)]
    {
        let mut over = stop.clone();
        over.end(by, at(minute));
        assert_eq!(due(&[over]), again, "ended by {by} at {minute}");
    }
}
