//! What the house changes of a visit is told its visitor: other places, new codes, another meal, no bay, and an order that
//! came to nothing. Each once, late, twice and out of order.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::{Text, timestamp};
use sky_proto::{
    gastro::v1::{OrderAffected, OrderScheduled, OrderSettled, OrderSubstituted},
    journey::v1 as pb,
    kernel::v1::LocalizedText,
    parking::v1::RightRefused,
    payments::v1::{Method, PaymentCompleted, PaymentFailed, PaymentState},
    reservations::v1::{BookingReissued, BookingReseated, IssuedTicket, ReissuedCode},
};
use uuid::Uuid;

use crate::{
    notices::{kept, line, mails, turn, wait_for},
    sink::Sink,
    support::*,
};

fn words(de: &str) -> Option<LocalizedText> {
    Some(Text::new(de, de).to_proto())
}

fn seats(visit: &pb::Visit, labels: [&str; 2]) -> BookingReseated {
    let ticket = |label: &str| IssuedTicket { seat: label.to_owned(), ..IssuedTicket::default() };
    BookingReseated {
        visit_id: visit.visit_id.clone(),
        showing_id: visit.showing_id.clone(),
        tickets: labels.into_iter().map(ticket).collect(),
    }
}

#[tokio::test]
async fn other_places_are_told_once_with_those_that_count() {
    let sink = Sink::start();
    let town = town_with_post(&sink).await;
    let visit = town.paid().await;
    mails(&town, &sink, 1).await;
    // Twice in a minute: one mail, with the last places.
    town.react_twice("reservations", &visit.visit_id, &seats(&visit, ["G1", "G2"])).await;
    turn(&town, 20).await;
    town.react_twice("reservations", &visit.visit_id, &seats(&visit, ["H1", "H2"])).await;
    let told = mails(&town, &sink, 2).await.remove(1);
    assert!(told.contains("H1, H2") && !told.contains("G1, G2"), "{told}");
    assert!(told.contains("gelten weiter") && told.contains("BEGIN:VCALENDAR"), "{told}");
    let subject = line(&told, "Subject:");
    assert!(!subject.contains("H1") && !subject.contains(&visit.reference), "{subject}");
    town.react_twice("reservations", &visit.visit_id, &seats(&visit, ["H1", "H2"])).await;
    mails(&town, &sink, 2).await;
    // There and back again is news each time.
    town.react_twice("reservations", &visit.visit_id, &seats(&visit, ["G1", "G2"])).await;
    mails(&town, &sink, 3).await;
    town.react_twice("reservations", &visit.visit_id, &seats(&visit, ["H1", "H2"])).await;
    mails(&town, &sink, 4).await;
}

#[tokio::test]
async fn new_codes_are_told_without_a_code() {
    let sink = Sink::start();
    let town = town_with_post(&sink).await;
    let visit = town.paid().await;
    mails(&town, &sink, 1).await;
    let reissued = |minute: i64| BookingReissued {
        visit_id: visit.visit_id.clone(),
        showing_id: visit.showing_id.clone(),
        codes: vec![ReissuedCode { id: Uuid::new_v4().to_string(), generation: 1 }],
        at: Some(timestamp(minutes(minute))),
    };
    town.react_twice("reservations", &visit.visit_id, &reissued(3)).await;
    let told = mails(&town, &sink, 2).await.remove(1);
    assert!(told.contains("gelten nicht mehr") && told.contains("https://planetarium.example/v/"), "{told}");
    assert!(!told.contains("SKY1") && !told.contains("BEGIN:VCALENDAR"), "no code in it: {told}");
    assert!(!line(&told, "Subject:").contains(&visit.reference), "{told}");
    // Lost once more: told once more. The first, late, is not.
    town.react_twice("reservations", &visit.visit_id, &reissued(9)).await;
    mails(&town, &sink, 3).await;
    town.react_twice("reservations", &visit.visit_id, &reissued(3)).await;
    mails(&town, &sink, 3).await;
    // Of a visit that is off it says nothing any more, however late it comes.
    town.cancel(&visit, &desk()).await.expect("cancelled");
    town.wait_for(&visit, pb::VisitState::Refunded).await;
    let so_far = mails(&town, &sink, 5).await.len();
    town.react_twice("reservations", &visit.visit_id, &reissued(12)).await;
    mails(&town, &sink, so_far).await;
}

/// No kitchen stands in this town: an order of apple juice is written down as if it had been ordered.
async fn order_juice(town: &Town, visit: &pb::Visit, pickup: DateTime<Utc>) {
    sqlx::query("update visit set meal = $2 where id = $1")
        .bind(id(visit))
        .bind(sqlx::types::Json(serde_json::json!({
            "order_id": "o1", "number": 0, "part": "held", "kitchen": "held",
            "dishes": [{"item_id": "apple", "name": {"de": "Apfelsaft", "en": "Apple juice"}, "quantity": 1,
                "station": "bar", "allergens": []}],
            "pickup": "PICKUP_AFTER_SHOWING", "pickup_at": pickup, "booked_pickup_at": pickup, "fire_at": pickup,
            "items": []
        })))
        .execute(town.house.pool("journey"))
        .await
        .expect("a meal");
}

#[tokio::test]
async fn what_becomes_of_a_meal_is_told_in_its_order_and_once() {
    let sink = Sink::start();
    let town = town_with_post(&sink).await;
    let visit = town.paid().await;
    mails(&town, &sink, 1).await;
    let about = visit.visit_id.as_str();
    let pickup = minutes(240);
    order_juice(&town, &visit, pickup).await;
    let scheduled = OrderScheduled {
        order_id: "o1".to_owned(),
        visit_id: visit.visit_id.clone(),
        number: 27,
        pickup_at: Some(timestamp(pickup)),
        fire_at: Some(timestamp(pickup - TimeDelta::minutes(15))),
    };
    let substituted = OrderSubstituted {
        order_id: "o1".to_owned(),
        visit_id: visit.visit_id.clone(),
        replaced: words("Apfelsaft").map(|it| LocalizedText { en: "Apple juice".to_owned(), ..it }),
        item_id: "grape".to_owned(),
        name: words("Traubensaft"),
        added_allergens: vec![12],
        ..OrderSubstituted::default()
    };
    let asks = OrderAffected { visit_id: visit.visit_id.clone(), ..OrderAffected::default() };
    let settled = OrderSettled {
        visit_id: visit.visit_id.clone(),
        reason: words("Ihr Essen kommt wie bestellt."),
        ..OrderSettled::default()
    };
    town.react_twice("gastro", about, &scheduled).await;
    mails(&town, &sink, 1).await;
    town.react_twice("gastro", about, &substituted).await;
    let told = mails(&town, &sink, 2).await.remove(1);
    for said in ["Statt Apfelsaft bekommen Sie Traubensaft.", "Neu darin, auch in Spuren: Schwefeldioxid und Sulfite."]
    {
        assert!(told.contains(said), "{said} in {told}");
    }
    assert_eq!(told.matches("Statt Apfelsaft").count(), 2, "once in the text and once in the HTML: {told}");
    town.react_twice("gastro", about, &asks).await;
    let asked = mails(&town, &sink, 3).await.remove(2);
    assert!(asked.contains("Bitte wählen Sie"), "{asked}");
    town.react_twice("gastro", about, &settled).await;
    let answered = mails(&town, &sink, 4).await.remove(3);
    assert!(answered.contains("Ihr Essen kommt wie bestellt.") && answered.contains("Traubensaft"), "{answered}");
    // All of it once more, the last first.
    town.react_twice("gastro", about, &settled).await;
    town.react_twice("gastro", about, &substituted).await;
    town.react_twice("gastro", about, &scheduled).await;
    mails(&town, &sink, 4).await;
    let page = town.get(&visit).await.notice.expect("a notice");
    assert_eq!(page.de.matches("Traubensaft").count(), 1, "the page says it once: {page:?}");
}

#[tokio::test]
async fn each_question_about_one_pickup_and_each_answer_is_told_once() {
    let sink = Sink::start();
    let town = town_with_post(&sink).await;
    let visit = town.paid().await;
    mails(&town, &sink, 1).await;
    let (about, pickup) = (&visit.visit_id, minutes(240));
    order_juice(&town, &visit, pickup).await;
    let scheduled = OrderScheduled {
        order_id: "o1".to_owned(),
        visit_id: about.clone(),
        number: 27,
        pickup_at: Some(timestamp(pickup)),
        fire_at: Some(timestamp(pickup - TimeDelta::minutes(15))),
    };
    town.react_twice("gastro", about, &scheduled).await;
    mails(&town, &sink, 1).await;
    let asks = |question: &str| OrderAffected {
        visit_id: about.clone(),
        question_id: question.to_owned(),
        ..OrderAffected::default()
    };
    let settled = |question: &str| OrderSettled {
        visit_id: about.clone(),
        question_id: question.to_owned(),
        reason: words("Ihr Essen kommt wie bestellt."),
        ..OrderSettled::default()
    };
    // The station rests, works, and rests again: the meal's time is the same all along.
    for (turn, question) in ["q1", "q2"].into_iter().enumerate() {
        town.react_twice("gastro", about, &asks(question)).await;
        let asked = mails(&town, &sink, 2 + 2 * turn).await.remove(1 + 2 * turn);
        assert!(asked.contains("Bitte wählen Sie"), "{asked}");
        let page = town.get(&visit).await;
        assert!(page.meal.as_ref().is_some_and(|meal| meal.affected.is_some()), "its time is open");
        assert!(page.timeline.iter().all(|step| step.kind != "meal"), "{:?}", page.timeline);
        town.react_twice("gastro", about, &settled(question)).await;
        let answered = mails(&town, &sink, 3 + 2 * turn).await.remove(2 + 2 * turn);
        assert!(answered.contains("Ihr Essen kommt wie bestellt."), "{answered}");
        let page = town.get(&visit).await;
        assert!(page.meal.as_ref().is_some_and(|meal| meal.affected.is_none()), "as it was");
        assert!(page.timeline.iter().any(|step| step.kind == "meal"), "{:?}", page.timeline);
    }
    for question in ["q2", "q1"] {
        town.react_twice("gastro", about, &asks(question)).await;
        town.react_twice("gastro", about, &settled(question)).await;
    }
    mails(&town, &sink, 5).await;

    // One dish, another, the first one again, and the other: each is told.
    let instead = |was: &str, item: &str, is: &str| OrderSubstituted {
        order_id: "o1".to_owned(),
        visit_id: about.clone(),
        replaced: words(was)
            .map(|it| LocalizedText { en: if was == "Apfelsaft" { "Apple juice" } else { was }.to_owned(), ..it }),
        item_id: item.to_owned(),
        name: words(is)
            .map(|it| LocalizedText { en: if is == "Apfelsaft" { "Apple juice" } else { is }.to_owned(), ..it }),
        ..OrderSubstituted::default()
    };
    let (there, back) = (instead("Apfelsaft", "grape", "Traubensaft"), instead("Traubensaft", "apple", "Apfelsaft"));
    for event in [&there, &back, &there] {
        town.house.react("journey", "gastro", about, event).await.expect("reacted");
    }
    mails(&town, &sink, 8).await;
}

#[tokio::test]
async fn an_order_that_came_to_nothing_is_told_and_late_money_is_told_instead() {
    let sink = Sink::start();
    let town = town_with_post(&sink).await;
    let ordered = async |held: pb::Visit| town.confirm(&held, Method::Online).await;
    let visit = ordered(town.held().await).await.expect("ordered");
    let failed = |visit: &pb::Visit| PaymentFailed {
        visit_id: visit.visit_id.clone(),
        reason: words("Die Karte wurde abgelehnt."),
        ..PaymentFailed::default()
    };
    town.react_twice("payments", &visit.visit_id, &failed(&visit)).await;
    town.wait_for(&visit, pb::VisitState::Expired).await;
    let told = mails(&town, &sink, 1).await.remove(0);
    assert!(told.contains("nicht zustande gekommen") && told.contains("Die Karte wurde abgelehnt."), "{told}");
    assert!(told.contains("Es ist nichts zu bezahlen.") && !told.contains("BEGIN:VCALENDAR"), "{told}");
    town.react_twice("payments", &visit.visit_id, &failed(&visit)).await;
    mails(&town, &sink, 1).await;

    // The money was under way: within the minute the visit is booked after all, and only that is told.
    let late = ordered(town.held().await).await.expect("ordered");
    town.react_twice("payments", &late.visit_id, &failed(&late)).await;
    let paid = PaymentCompleted {
        visit_id: late.visit_id.clone(),
        state: PaymentState::Paid.into(),
        ..PaymentCompleted::default()
    };
    town.react_twice("payments", &late.visit_id, &paid).await;
    town.wait_for(&late, pb::VisitState::Confirmed).await;
    let second = mails(&town, &sink, 2).await.remove(1);
    assert!(second.contains("Ihr Besuch ist gebucht"), "{second}");
    wait_for(&town, &late, "sent").await;
    let states: Vec<(String, String)> = kept(&town, &late).await.into_iter().map(|(kind, is, _)| (kind, is)).collect();
    let expected = [("not_completed", "overtaken"), ("confirmed", "sent")];
    assert_eq!(states, expected.map(|(kind, is)| (kind.to_owned(), is.to_owned())));
}

#[tokio::test]
async fn who_has_no_bay_any_more_is_told_once() {
    let sink = Sink::start();
    let town = town_with_post(&sink).await;
    let visit = town.paid().await;
    mails(&town, &sink, 1).await;
    let refused = RightRefused { visit_id: visit.visit_id.clone(), reason: words("Es ist nichts frei.") };
    town.react_twice("parking", &visit.visit_id, &refused).await;
    let told = mails(&town, &sink, 2).await.remove(1);
    assert!(told.contains("keinen Stellplatz") && told.contains("Es ist nichts frei."), "{told}");
    town.react_twice("parking", &visit.visit_id, &refused).await;
    mails(&town, &sink, 2).await;
}
