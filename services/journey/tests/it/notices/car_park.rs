//! What visitors are written when their bay cannot be used, for longer, or again.

use sky_proto::parking::v1::{Alternative, Right, RightRestored, RightSuspended, SiteState, Suspension};

use super::*;

fn closure(visit: &pb::Visit, id: &str) -> RightSuspended {
    let suspension = Suspension {
        state: SiteState::Unreachable.into(),
        reason: Some(Text::new("Brücke gesperrt", "Bridge closed").to_proto()),
        alternatives: vec![Alternative { name: "Spitze".to_owned(), walk_minutes: 9, ..Alternative::default() }],
        ..Suspension::default()
    };
    RightSuspended {
        visit_id: visit.visit_id.clone(),
        closure_id: id.to_owned(),
        suspension: Some(suspension),
        ..RightSuspended::default()
    }
}

/// The same bay as before.
fn restored(visit: &pb::Visit, right: &Right) -> RightRestored {
    RightRestored {
        visit_id: visit.visit_id.clone(),
        bay_class: right.bay_class,
        from: right.from,
        until: right.until,
        stops: None,
    }
}

#[tokio::test]
async fn a_car_park_out_of_reach_is_told_with_where_else_to_park() {
    let sink = Sink::start();
    let town = town_with_post(&sink).await;
    let visit = town.booked().await;
    mails(&town, &sink, 1).await;
    let right = town.get(&visit).await.parking.expect("a bay");
    // Closed by mistake and taken back at once: nobody is woken.
    town.react_twice("parking", &visit.visit_id, &closure(&visit, "c1")).await;
    town.react_twice("parking", &visit.visit_id, &restored(&visit, &right)).await;
    mails(&town, &sink, 1).await;

    town.react_twice("parking", &visit.visit_id, &closure(&visit, "c2")).await;
    let told = mails(&town, &sink, 2).await.remove(1);
    assert!(told.contains("Spitze: 9 Minuten zu Fuß") && told.contains("Brücke gesperrt"), "{told}");
    town.react_twice("parking", &visit.visit_id, &restored(&visit, &right)).await;
    let again = mails(&town, &sink, 3).await.remove(2);
    assert!(again.contains("wieder erreichbar") && again.contains("Stellplatz, von"), "{again}");
    // All of it once more: long enough apart for a letter each.
    town.react_twice("parking", &visit.visit_id, &closure(&visit, "c2")).await;
    mails(&town, &sink, 3).await;
    town.react_twice("parking", &visit.visit_id, &restored(&visit, &right)).await;
    mails(&town, &sink, 3).await;
    // Another closure is another notice.
    town.react_twice("parking", &visit.visit_id, &closure(&visit, "c3")).await;
    mails(&town, &sink, 4).await;
}

#[tokio::test]
async fn a_closure_that_is_prolonged_is_told_once_more_and_its_end_to_who_knows_of_it() {
    let sink = Sink::start();
    let town = town_with_post(&sink).await;
    let visit = town.booked().await;
    mails(&town, &sink, 1).await;
    town.react_twice("parking", &visit.visit_id, &closure(&visit, "c1")).await;
    let told = mails(&town, &sink, 2).await.remove(1);
    assert!(told.contains("Bis auf Weiteres."), "{told}");
    let until = |id: &str, minute: i64| {
        let mut closure = closure(&visit, id);
        closure.suspension.as_mut().expect("why").until = Some(timestamp(minutes(minute)));
        closure
    };
    // Noon and 200 minutes is twenty past three; changed twice within a minute is told as one.
    town.react_twice("parking", &visit.visit_id, &until("c2", 90)).await;
    town.react_twice("parking", &visit.visit_id, &until("c3", 200)).await;
    let told = mails(&town, &sink, 3).await.remove(2);
    assert!(told.contains("Voraussichtlich bis") && told.contains("15:20 Uhr"), "{told}");
    replay::<RightSuspended>(&town, "parking", &visit.visit_id).await;
    mails(&town, &sink, 3).await;
    // Prolonged once more, and open before that is told: they know of a closure, and hear of its end.
    let right = town.get(&visit).await.parking.expect("a bay");
    assert_eq!(right.suspension.as_ref().expect("on the page").until, Some(timestamp(minutes(200))));
    town.react_twice("parking", &visit.visit_id, &until("c4", 250)).await;
    town.react_twice("parking", &visit.visit_id, &restored(&visit, &right)).await;
    let told = mails(&town, &sink, 4).await.remove(3);
    assert!(told.contains("wieder erreichbar"), "{told}");
}
