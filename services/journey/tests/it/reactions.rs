//! Other services' events: each twice, early, late, and about visits that nobody knows.

use chrono::TimeDelta;
use kernel::values::{Text, from_timestamp, timestamp};
use sky_proto::{
    flow::v1::{AdmissionMoved, AdmissionState, AdmissionUndone, PartyAdmitted},
    gastro::v1::{OrderMoved, OrderRefused, OrderScheduled, OrderState, OrderStateChanged},
    journey::v1::{Risk, VisitState},
    parking::v1::{RightCancelled, RightConfirmed, RightMoved, RightRefused, RightState, VehicleEntered, VehicleLeft},
    payments::v1::{Method, PaymentCompleted, PaymentFailed, PaymentRefunded, PaymentSettled, PaymentState},
    reservations::v1::{
        BookingCancelled, BookingConfirmed, BookingRefused, BookingReseated, IssuedTicket, ShowingScheduled,
    },
};
use uuid::Uuid;

use crate::{clock, support::*};

#[tokio::test]
async fn news_of_unknown_visits_mean_nothing() {
    let town = town().await;
    let visit_id = Uuid::now_v7().to_string();
    let at = Some(timestamp(minutes(60)));
    macro_rules! twice {
        ($producer:literal, $($event:expr),+) => {
            $(town.react_twice($producer, &visit_id, &$event).await;)+
        };
    }
    let visit_id_ = || visit_id.clone();
    twice!(
        "payments",
        PaymentCompleted { visit_id: visit_id_(), ..Default::default() },
        PaymentFailed { visit_id: visit_id_(), ..Default::default() },
        PaymentSettled { visit_id: visit_id_(), ..Default::default() },
        PaymentRefunded { visit_id: visit_id_(), ..Default::default() }
    );
    twice!(
        "reservations",
        BookingConfirmed { visit_id: visit_id_(), ..Default::default() },
        BookingReseated { visit_id: visit_id_(), ..Default::default() },
        BookingRefused { visit_id: visit_id_(), ..Default::default() },
        BookingCancelled { visit_id: visit_id_(), ..Default::default() }
    );
    twice!(
        "parking",
        RightConfirmed { visit_id: visit_id_(), bay_class: 1, from: at, until: at, stops: None },
        RightRefused { visit_id: visit_id_(), reason: None },
        RightMoved { visit_id: visit_id_(), from: at, until: at, ..RightMoved::default() },
        RightCancelled { visit_id: visit_id_() },
        VehicleEntered { visit_id: visit_id_(), lane: "in-1".to_owned(), at },
        VehicleLeft { visit_id: visit_id_(), lane: "out-1".to_owned(), at }
    );
    twice!(
        "gastro",
        OrderScheduled { visit_id: visit_id_(), pickup_at: at, fire_at: at, ..Default::default() },
        OrderRefused { visit_id: visit_id_(), reason: None },
        OrderMoved { visit_id: visit_id_(), pickup_at: at, fire_at: at, ..Default::default() },
        OrderStateChanged { visit_id: visit_id_(), state: OrderState::Ready.into(), ..Default::default() }
    );
    twice!("flow", PartyAdmitted { visit_id: visit_id_(), ticket_ids: vec![visit_id_()], ..Default::default() });
    assert_eq!(town.told().await, (0, 0, 0));
}

#[tokio::test]
async fn the_door_and_the_lanes_are_seen_on_the_page() {
    let town = town().await;
    let visit = town.booked().await;
    let visit_id = visit.visit_id.clone();
    let tickets = [Uuid::now_v7().to_string(), Uuid::now_v7().to_string()];
    let entered =
        VehicleEntered { visit_id: visit_id.clone(), lane: "in-1".to_owned(), at: Some(timestamp(minutes(70))) };
    town.react_twice("parking", &visit_id, &entered).await;
    let admitted = |tickets: &[String]| PartyAdmitted {
        showing_id: visit.showing_id.clone(),
        visit_id: visit_id.clone(),
        ticket_ids: tickets.to_vec(),
        ..Default::default()
    };
    town.react_twice("flow", &visit_id, &admitted(&tickets[..1])).await;
    let now = town.get(&visit).await;
    assert_eq!(now.admitted, 1, "twice the same ticket is one person");
    assert_eq!(now.parking.as_ref().expect("right").state(), RightState::CheckedIn);
    assert!(step(&now, "parking").done && step(&now, "arrive").done);
    town.react_twice("flow", &visit_id, &admitted(&tickets)).await;
    assert_eq!(town.get(&visit).await.admitted, 2);
    // A scan was taken back at the door, and made again.
    let undone = AdmissionUndone {
        showing_id: visit.showing_id.clone(),
        visit_id: visit_id.clone(),
        ticket_ids: tickets[1..].to_vec(),
        ..Default::default()
    };
    town.react_twice("flow", &visit_id, &undone).await;
    assert_eq!(town.get(&visit).await.admitted, 1);
    town.react_twice("flow", &visit_id, &admitted(&tickets[1..])).await;
    assert_eq!(town.get(&visit).await.admitted, 2);

    let end = minutes(600);
    let running = AdmissionMoved {
        showing_id: visit.showing_id.clone(),
        state: AdmissionState::Running.into(),
        at: Some(timestamp(minutes(130))),
        predicted_end_at: Some(timestamp(end)),
    };
    town.react_twice("flow", &visit.showing_id, &running).await;
    let now = town.get(&visit).await;
    assert!(step(&now, "doors").done && step(&now, "start").done && !step(&now, "end").done);
    assert_eq!(step(&now, "end").at, Some(timestamp(end)));
    assert!(step(&now, "end").moved && !step(&now, "start").moved);

    // Told late: the car left before we heard that it came.
    let left = VehicleLeft { visit_id: visit_id.clone(), lane: "out-1".to_owned(), at: Some(timestamp(minutes(200))) };
    town.react_twice("parking", &visit_id, &left).await;
    town.react_twice("parking", &visit_id, &entered).await;
    assert!(step(&town.get(&visit).await, "leave").done);
    let settled = PaymentSettled { visit_id: visit_id.clone(), ..Default::default() };
    town.react_twice("payments", &visit_id, &settled).await;
    let now = town.get(&visit).await;
    assert_eq!((now.state(), now.payment_state()), (VisitState::Confirmed, PaymentState::Paid));
    assert_eq!(town.told().await, (1, 0, 0));
}

#[tokio::test]
async fn a_showing_that_was_broken_off_is_sold_no_more_and_its_visitors_read_so() {
    let town = town().await;
    let (visit, held) = (town.paid().await, town.held().await);
    assert_eq!(visit.showing_id, held.showing_id);
    let start = from_timestamp(visit.starts_at);
    town.house.clock.set(start - TimeDelta::minutes(5));
    clock::turns(&town, &visit, Risk::AtRisk).await;
    // The hall is cleaned and closed afterwards: that opens no sale again.
    for state in [AdmissionState::DoorsOpen, AdmissionState::Aborted, AdmissionState::Turnover, AdmissionState::Closed]
    {
        let moved = AdmissionMoved {
            showing_id: visit.showing_id.clone(),
            state: state.into(),
            at: Some(timestamp(town.house.clock.now())),
            predicted_end_at: Some(timestamp(town.house.clock.now())),
        };
        town.react_twice("flow", &visit.showing_id, &moved).await;
    }
    let now = town.get(&visit).await;
    assert!(step(&now, "aborted").done && now.timeline.iter().all(|step| step.kind != "start"), "{now:#?}");
    assert!(now.notice.as_ref().is_some_and(|notice| notice.de.contains("abgebrochen")));
    assert!(now.clock.is_none(), "nobody is late for it");
    assert_eq!(now.state(), VisitState::Confirmed, "what goes back is for people to decide");
    for refused in [
        town.confirm(&held, Method::AtDesk).await.expect_err("a held visit"),
        town.hold(&town.wish()).await.expect_err("a new one"),
        town.hold_as(&desk(), &town.wish()).await.expect_err("at the desk"),
    ] {
        assert_eq!(refused.code(), tonic::Code::FailedPrecondition, "{refused}");
    }
}

#[tokio::test]
async fn the_door_may_speak_before_the_programme() {
    let town = town().await;
    let showing_id = Uuid::now_v7().to_string();
    let early = AdmissionMoved {
        showing_id: showing_id.clone(),
        state: AdmissionState::DoorsOpen.into(),
        at: Some(timestamp(minutes(0))),
        predicted_end_at: Some(timestamp(minutes(60))),
    };
    town.react_twice("flow", &showing_id, &early).await;
    let scheduled = ShowingScheduled {
        showing_id: showing_id.clone(),
        title: Some(Text::new("Sterne", "Stars").to_proto()),
        starts_at: Some(timestamp(minutes(0))),
        ends_at: Some(timestamp(minutes(50))),
        doors_at: Some(timestamp(minutes(-20))),
        ..Default::default()
    };
    town.react_twice("reservations", &showing_id, &scheduled).await;
    let (admission, known): (String, bool) =
        sqlx::query_as("select admission, starts_at is not null from showing where showing_id = $1")
            .bind(Uuid::try_parse(&showing_id).expect("a UUID"))
            .fetch_one(town.house.pool("journey"))
            .await
            .expect("known");
    assert_eq!((admission.as_str(), known), ("doors_open", true));
}

#[tokio::test]
async fn the_parts_may_answer_before_the_money_is_told() {
    let town = town().await;
    let visit = town.paid().await;
    // Everything once more, in another order, after the visit is confirmed.
    let completed =
        PaymentCompleted { visit_id: visit.visit_id.clone(), state: PaymentState::Paid.into(), ..Default::default() };
    let confirmed = BookingConfirmed { visit_id: visit.visit_id.clone(), ..Default::default() };
    let failed = PaymentFailed { visit_id: visit.visit_id.clone(), ..Default::default() };
    town.react_twice("reservations", &visit.visit_id, &confirmed).await;
    town.react_twice("payments", &visit.visit_id, &completed).await;
    town.react_twice("payments", &visit.visit_id, &failed).await;
    let now = town.get(&visit).await;
    assert_eq!((now.state(), now.payment_state()), (VisitState::Confirmed, PaymentState::Paid));
    assert_eq!(now.seats.len(), 2);
    assert_eq!(town.told().await, (1, 0, 0));

    // The money was under way when the visit expired: the parts are taken again.
    let late = town.held().await;
    town.force(&late, "expired", 10).await;
    sqlx::query("update visit set deadline = null where id = $1")
        .bind(id(&late))
        .execute(town.house.pool("journey"))
        .await
        .expect("forced");
    let completed = PaymentCompleted { visit_id: late.visit_id.clone(), ..completed };
    town.react_twice("payments", &late.visit_id, &completed).await;
    let late = town.wait_for(&late, VisitState::Confirmed).await;
    assert_eq!(late.notice.expect("notice").de, "");
}

#[tokio::test]
async fn a_moved_party_reads_its_new_places() {
    let town = town().await;
    let visit = town.paid().await;
    let issued = |seat: &str| IssuedTicket {
        ticket_id: Uuid::now_v7().to_string(),
        seat: seat.to_owned(),
        tariff_class: "adult".to_owned(),
        ..Default::default()
    };
    let moved = |seats: [&str; 2]| BookingReseated {
        visit_id: visit.visit_id.clone(),
        showing_id: visit.showing_id.clone(),
        tickets: seats.map(issued).to_vec(),
    };
    town.react_twice("reservations", &visit.visit_id, &moved(["K7", "K8"])).await;
    let now = town.get(&visit).await;
    assert_eq!(now.seats.iter().map(|seat| seat.label.as_str()).collect::<Vec<_>>(), ["K7", "K8"]);
    assert_eq!(now.state(), VisitState::Confirmed);
    let notice = now.notice.expect("notice");
    assert_eq!(notice.en.matches("new places: K7, K8").count(), 1, "told once: {}", notice.en);
    assert!(notice.de.contains("neue Plätze: K7, K8"), "{}", notice.de);
    // The first words once more change nothing; a visit that is over is not moved.
    town.react_twice(
        "reservations",
        &visit.visit_id,
        &BookingConfirmed { visit_id: visit.visit_id.clone(), tickets: vec![issued("A1")], ..Default::default() },
    )
    .await;
    assert_eq!(town.get(&visit).await.seats[0].label, "K7");
    let over = town.held().await;
    town.force(&over, "expired", 10).await;
    let moved = BookingReseated { visit_id: over.visit_id.clone(), ..moved(["K7", "K8"]) };
    town.react_twice("reservations", &over.visit_id, &moved).await;
    assert_ne!(town.get(&over).await.seats[0].label, "K7");
}
