//! Whom news wakes: counted over a whole wall of displays.

use chrono::DateTime;
use kernel::values::Text;

use super::*;
use crate::domain::{Class, Content};

fn shown(revision: i64) -> Arc<Shown> {
    let words = Text::new("Parkplatz", "Car park");
    let content =
        Content { class: Class::Default, headline: words.clone(), lines: Vec::new(), fallback: words, exercise: false };
    Arc::new(Shown { revision, content, computed_at: DateTime::UNIX_EPOCH })
}

#[test]
fn news_of_one_view_wakes_its_displays_and_nobody_else() {
    let screens = Screens::default();
    let (foyer, car_park) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let mut receivers = Vec::new();
    {
        let mut inner = screens.inner();
        let place = |n: u32| (n.to_string(), if n.is_multiple_of(500) { car_park } else { foyer }, 1);
        let versions = Versions { version: 1, setup_version: 1, asked: 0 };
        inner.replace(
            versions,
            Some((0..5_000).map(place).collect()),
            vec![(foyer, shown(1)), (car_park, shown(1))],
            None,
        );
        for n in 0..5_000_u32 {
            let sender = watch::Sender::new(None);
            receivers.push(sender.subscribe());
            inner.watched.insert(n.to_string(), sender);
            inner.tell(&n.to_string());
        }
    }
    for receiver in &mut receivers {
        assert!(receiver.borrow_and_update().is_some(), "each knows what it shows");
    }
    for (version, expected) in [(2, 10), (2, 0)] {
        let versions = Versions { version, setup_version: 1, asked: 0 };
        screens.inner().replace(versions, None, vec![(car_park, shown(2))], None);
        let woken = receivers.iter_mut().filter(|receiver| receiver.has_changed().expect("a sender"));
        let revisions: Vec<i64> = woken.filter_map(|it| Some(it.borrow_and_update().as_ref()?.revision)).collect();
        assert_eq!(revisions, vec![2; expected], "told twice, it is news once");
    }
}
