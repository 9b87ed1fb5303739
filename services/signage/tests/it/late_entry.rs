//! What displays say of a showing that runs, and of groups that are called to its door.

use signage::domain::{Audience, Facts, Phase, Profile, Showing, compose};
use uuid::Uuid;

use crate::composing::{at, call, showing, view};

/// It runs since minute 0; its last entry is at minute 10.
fn running() -> Showing {
    Showing { last_entry_at: Some(at(10)), ..showing(0, Phase::Running, false, Audience::Public) }
}

#[test]
fn a_showing_that_runs_says_until_when_late_guests_are_let_in_and_then_that_nobody_is() {
    for profile in [Profile::Foyer, Profile::DomeDoor] {
        let facts = Facts { showings: vec![running()], ..Facts::default() };
        let shown = |minute| serde_json::to_string(&compose(&view(profile), &facts, at(minute))).expect("JSON");
        let clock = at(10).with_timezone(&chrono_tz::Europe::Berlin).format("%H:%M");
        for words in [
            format!("Läuft – Einlass noch bis {clock} Uhr"),
            format!("Running – late entry until {clock}"),
            format!("Sie können noch hinein: bis {clock} Uhr."),
        ] {
            assert!(shown(9).contains(&words), "{profile:?}: {words}: {}", shown(9));
        }
        assert!(!shown(9).contains("kein Einlass mehr"), "{}", shown(9));
        let after = shown(10);
        assert!(after.contains("Läuft – kein Einlass mehr") && !after.contains("noch bis"), "{after}");
    }
}

#[test]
fn what_is_said_of_late_entry_is_not_shown_after_it_without_network() {
    let facts = Facts { showings: vec![running()], ..Facts::default() };
    let content = compose(&view(Profile::Foyer), &facts, at(5));
    let said: Vec<_> = content.lines.iter().filter(|line| line.detail.de.contains("Einlass noch")).collect();
    assert!(!said.is_empty() && said.iter().all(|line| line.valid_until == Some(at(10))), "{said:?}");
}

#[test]
fn the_foyer_calls_a_group_with_the_title_of_its_showing_and_never_that_of_a_closed_party() {
    for (audience, title) in [(Audience::Public, "Geburtstag von Kim"), (Audience::Private, "")] {
        let showing = Showing { showing_id: Uuid::from_u128(5), ..showing(30, Phase::DoorsOpen, false, audience) };
        let mut call = call(None, 20);
        call.call_id = format!("{}/0", showing.showing_id);
        let facts = Facts { showings: vec![showing], calls: vec![call], ..Facts::default() };
        let content = compose(&view(Profile::Foyer), &facts, at(0));
        let line = content.lines.iter().find(|line| line.text.de.contains("Assistenz")).expect("it is called");
        assert!(
            line.detail.de.contains(title) && (audience == Audience::Public || !line.detail.de.contains("Kim")),
            "{line:?}"
        );
    }
}
