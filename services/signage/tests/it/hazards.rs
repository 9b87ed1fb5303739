//! What a warning is about, by the words of those who send them.

use chrono::TimeDelta;
use kernel::testing::noon;
use signage::domain::{Alert, AlertInfo, AlertStatus, AlertType, Hazard, Severity, Urgency};

fn alert(event: &str, headline: &str) -> Alert {
    let info = AlertInfo {
        language: "de".to_owned(),
        severity: Severity::Minor,
        urgency: Urgency::Unknown,
        event: event.to_owned(),
        headline: headline.to_owned(),
        instruction: String::new(),
        expires: None,
    };
    Alert {
        identifier: "1".to_owned(),
        sender: "x".to_owned(),
        sent: noon() - TimeDelta::hours(3),
        status: AlertStatus::Actual,
        kind: AlertType::Alert,
        references: Vec::new(),
        infos: vec![info],
    }
}

#[test]
fn thunder_and_storm_are_known_by_their_words_and_nothing_else_is() {
    for (event, headline, hazard) in [
        ("GEWITTER", "", Some(Hazard::Thunderstorm)),
        ("SCHWERES GEWITTER mit ORKANBÖEN", "", Some(Hazard::Thunderstorm)),
        ("", "Amtliche WARNUNG vor STARKEM GEWITTER", Some(Hazard::Thunderstorm)),
        ("Severe thunderstorm", "", Some(Hazard::Thunderstorm)),
        ("STURMBÖEN", "", Some(Hazard::Storm)),
        ("WINDBÖEN", "", Some(Hazard::Storm)),
        ("", "Orkan über Sachsen-Anhalt", Some(Hazard::Storm)),
        ("STORM", "", Some(Hazard::Storm)),
        ("STURMFLUT", "", None),
        ("", "Entwarnung: Sturm", None),
        ("NEBEL", "", None),
        ("", "Bombenentschärfung", None),
    ] {
        assert_eq!(alert(event, headline).hazard(), hazard, "{event} {headline}");
    }
}

#[test]
fn a_listed_warning_without_an_end_holds_from_when_it_was_read() {
    let old = alert("NEBEL", "Nebel");
    assert_eq!(old.message(noon()).err(), Some("it is over"));
    let listed = old.as_listed(noon()).message(noon()).expect("it is still told");
    assert!(listed.valid_until > noon());
    let mut ends = old;
    ends.infos[0].expires = Some(noon() - TimeDelta::minutes(1));
    assert!(ends.as_listed(noon()).message(noon()).is_err(), "one that has an end ends");
}
