//! Ways over a lift: a display promises one only while somebody says that the lift works.

use std::sync::Arc;

use kernel::values::Text;
use signage::domain::{Facts, Lift, Measure, Profile, Silence, View, compose, leave_the_house, stay_calm};

use crate::composing::{at, measure, view};

#[test]
fn a_lift_that_fails_takes_the_step_free_way_with_it() {
    let mut base = (*view(Profile::Wayfinding).base).clone();
    base.setup.wayfinding[0].lift = "lift".to_owned();
    let view = View { base: Arc::new(base), standing_in: Vec::new() };
    let without = Text::new("Bitte wenden Sie sich an den Empfang", "Please ask at the desk");
    for working in [true, false] {
        let lift = Lift { lift_id: "lift".to_owned(), working, without: without.clone(), since: at(0), revision: 1 };
        let facts = Facts { lifts: vec![lift], ..Facts::default() };
        let line = compose(&view, &facts, at(1)).lines[0].clone();
        assert_eq!((line.step_free, line.detail == without), (working, !working));
        // A monitor without its line, or a house in which nobody says how the lift is, promises nothing.
        let last = if working { "Ob der Aufzug fährt, ist gerade nicht bekannt" } else { "zuletzt außer Betrieb" };
        assert!(line.unheard.de.contains(last), "{line:?}");
        let silences = vec![Silence { producer: "flow".to_owned(), since: Some(at(1)) }];
        let silent = compose(&view, &Facts { silences, ..facts }, at(9)).lines[0].clone();
        assert_eq!((silent.step_free, silent.stale, silent.observed_at), (false, true, at(1)), "{silent:?}");
        assert!(silent.detail == line.unheard && silent.arrow == line.arrow, "{silent:?}");
    }
    let calm = stay_calm(&view.base).lines[0].clone();
    assert!(!calm.step_free && calm.detail.de.contains("nicht bekannt"), "{calm:?}");
    // In an evacuation nobody takes one.
    let mut base = (*view.base).clone();
    base.setup.exits[0].lift = "lift".to_owned();
    assert!(leave_the_house(&Arc::new(base), at(0)).lines.iter().all(|line| !line.step_free));
    assert!(leave_the_house(&view.base, at(0)).lines.iter().any(|line| line.step_free));
}

#[test]
fn a_step_free_way_of_a_directive_over_a_lift_is_promised_only_where_the_house_is_heard() {
    let lift = Text::new("Ohne Stufen mit dem Aufzug", "Step-free by the lift");
    let lines = |step_free, over_a_lift| {
        let told = Measure { step_free_text: lift.clone(), step_free, over_a_lift, ..measure("") };
        compose(&view(Profile::Foyer), &Facts { measures: vec![told], ..Facts::default() }, at(1)).lines
    };
    let unheard = |step_free, over_a_lift| -> Vec<bool> {
        lines(step_free, over_a_lift).iter().map(|line| line.unheard.de.contains("nicht bekannt")).collect()
    };
    assert_eq!(unheard(true, true), [false, true], "of the way over the lift, not of the others'");
    assert_eq!(unheard(true, false), [false, false], "on one floor");
    assert_eq!(unheard(false, true), [false, false], "it fails, which is said");
}
