//! Of what concerns people's safety or their way a display leaves nothing out, however much of it there is.

use std::collections::BTreeSet;

use kernel::values::Text;
use signage::domain::{Class, Content, Facts, Kind, Measure, Message, Profile, compose};
use uuid::Uuid;

use crate::composing::{at, message, view};

fn said(content: &Content) -> BTreeSet<&str> {
    content.lines.iter().filter(|line| line.kind == Kind::Notice).map(|line| line.text.de.as_str()).collect()
}

fn text(n: u32) -> Text {
    Text::new(format!("Hinweis {n}"), format!("Note {n}"))
}

#[test]
fn the_seventh_directive_is_told_as_the_first() {
    let measure = |n: u32| Measure {
        measure_id: Uuid::from_u128(n.into()),
        revision: 1,
        holds: true,
        text: text(n),
        at: at(n.into()),
        ..Measure::default()
    };
    let facts = Facts { measures: (1..=7).map(measure).collect(), ..Facts::default() };
    let content = compose(&view(Profile::Foyer), &facts, at(10));
    assert_eq!((content.class, said(&content).len()), (Class::Operations, 7), "{content:?}");
    let told: BTreeSet<Uuid> = content.lines.iter().filter_map(|line| line.about.as_ref().map(|it| it.id)).collect();
    assert_eq!(told.len(), 7, "each wants to know who shows it");
    assert_eq!(content.lines[0].text, text(7), "the newest first");
}

#[test]
fn the_seventh_message_on_safety_is_said_as_the_first_and_of_planned_ones_some() {
    for (class, says) in [(Class::Safety, 7), (Class::Operations, 7), (Class::Scheduled, 3)] {
        let one = |n: u32| Message {
            message_id: Uuid::from_u128(n.into()),
            text: text(n),
            published_at: at(n.into()),
            ..message(class, 60, None)
        };
        let facts = Facts { messages: (1..=7).map(one).collect(), ..Facts::default() };
        let content = compose(&view(Profile::Foyer), &facts, at(10));
        assert_eq!((content.class, said(&content).len()), (class, says), "{content:?}");
        assert_eq!(content.lines[0].text, text(7), "the newest first");
        assert_eq!(facts.messages.iter().filter(|it| content.shows(it)).count(), says, "as staff read of it");
    }
}
