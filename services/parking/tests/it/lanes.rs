//! Vehicles at the lanes: with a code, with a reference, without anything; and the count.

use chrono::TimeDelta;
use kernel::{
    ticket_code::{Kind, TicketCode, reference},
    values::timestamp,
};
use sky_proto::{
    journey::v1::VisitCancelled,
    parking::v1::{self as pb, Direction, confirm_command_request::Step, record_lane_response::Verdict},
    reservations::v1::{BookingConfirmed, BookingReissued, IssuedTicket, ReissuedCode, ShowingDelayed},
};
use uuid::Uuid;

use crate::{client, gates::says, support::*};

fn seen(direction: Direction, code: &str) -> pb::RecordLaneRequest {
    pb::RecordLaneRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: "in-1".to_owned(),
        direction: direction.into(),
        code: code.to_owned(),
        bay_class: 0,
    }
}

fn anonymous(direction: Direction, class: pb::BayClass) -> pb::RecordLaneRequest {
    pb::RecordLaneRequest { bay_class: class.into(), ..seen(direction, "") }
}

async fn record(house: &kernel::testing::House, request: &pb::RecordLaneRequest) -> pb::RecordLaneResponse {
    client!(house, &lane()).record_lane(request.clone()).await.expect("answered").into_inner()
}

async fn occupied(house: &kernel::testing::House) -> Option<u32> {
    site(house).await.classes[0].occupied
}

fn code(house: &kernel::testing::House, kind: Kind, id: Uuid) -> String {
    code_of(house, kind, id, 0)
}

fn code_of(house: &kernel::testing::House, kind: Kind, id: Uuid, generation: u16) -> String {
    house.keys.issue_code(&TicketCode {
        kind,
        id,
        showing: Uuid::now_v7(),
        not_before: minutes(0),
        not_after: minutes(300),
        generation,
    })
}

#[tokio::test]
async fn a_code_opens_once_and_a_repeat_changes_nothing() {
    let house = house().await;
    let visit = Uuid::now_v7();
    confirmed_right(&house, visit, Uuid::now_v7()).await;
    let code = code(&house, Kind::Visit, visit);
    assert_eq!(site(&house).await.classes[0].expected, 1);

    // Noon is an hour before the window: early enough.
    let entry = seen(Direction::In, &code);
    let first = record(&house, &entry).await;
    assert_eq!(first.verdict(), Verdict::Open);
    assert_eq!(first.right.as_ref().expect("right").state(), pb::RightState::CheckedIn);
    assert_eq!(record(&house, &entry).await, first, "the same event again");
    assert_eq!(occupied(&house).await, Some(1));
    assert_eq!(site(&house).await.classes[0].expected, 0);
    for step in [Step::Acknowledged, Step::Confirmed] {
        says(&house, "in-1", &first.command_id, step).await.expect("it has opened");
    }
    let again = record(&house, &seen(Direction::In, &code)).await;
    assert_eq!(again.verdict(), Verdict::AlreadyIn);

    // Cancelled while the car is in: it stays a car that is in, and gets out.
    let cancelled = VisitCancelled { visit_id: visit.to_string(), ..Default::default() };
    house.react("parking", "journey", &visit.to_string(), &cancelled).await.expect("reacted");
    assert_eq!(right(&house, visit).await.state(), pb::RightState::CheckedIn);
    let out = record(&house, &seen(Direction::Out, &reference(visit))).await;
    assert_eq!(out.verdict(), Verdict::Open);
    assert_eq!(right(&house, visit).await.state(), pb::RightState::Left);
    assert_eq!(occupied(&house).await, Some(0));
    let entered: Vec<pb::VehicleEntered> = house.events("parking").await;
    let left: Vec<pb::VehicleLeft> = house.events("parking").await;
    assert_eq!((entered.len(), left.len()), (1, 1));
}

#[tokio::test]
async fn whose_barrier_has_not_opened_is_let_in_once_more_and_counted_once() {
    let house = house().await;
    let visit = Uuid::now_v7();
    confirmed_right(&house, visit, Uuid::now_v7()).await;
    let code = code(&house, Kind::Visit, visit);
    let first = record(&house, &seen(Direction::In, &code)).await;
    // Impatient: the barrier is still to open.
    let impatient = record(&house, &seen(Direction::In, &code)).await;
    assert_eq!((impatient.verdict(), &impatient.command_id), (Verdict::Open, &first.command_id));
    says(&house, "in-1", &first.command_id, Step::Acknowledged).await.expect("heard");
    says(&house, "in-1", &first.command_id, Step::Failed).await.expect("its motor is stuck");
    let entry = seen(Direction::In, &code);
    let second = record(&house, &entry).await;
    assert_eq!((second.verdict(), second.command_id == first.command_id), (Verdict::Open, false), "told once more");
    assert_eq!(record(&house, &entry).await, second, "the same event again");
    // This one nobody hears of.
    house.clock.set(house.clock.now() + TimeDelta::seconds(40));
    let third = record(&house, &seen(Direction::In, &code)).await;
    assert_eq!((third.verdict(), third.command_id == second.command_id), (Verdict::Open, false));
    assert_eq!(occupied(&house).await, Some(1), "one car");
    for step in [Step::Acknowledged, Step::Confirmed] {
        says(&house, "in-1", &third.command_id, step).await.expect("it has opened");
    }
    assert_eq!(record(&house, &seen(Direction::In, &code)).await.verdict(), Verdict::AlreadyIn, "another car");
    let entered: Vec<pb::VehicleEntered> = house.events("parking").await;
    assert_eq!((entered.len(), occupied(&house).await), (1, Some(1)));
}

#[tokio::test]
async fn whoever_is_on_the_way_when_the_showing_becomes_late_is_let_in() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    confirmed_right(&house, visit, showing).await;
    house.clock.set(minutes(40));
    for late in [50, 110] {
        let delayed = ShowingDelayed {
            showing_id: showing.to_string(),
            minutes: if late == 50 { 50 } else { 60 },
            starts_at: Some(timestamp(minutes(120 + late))),
            ends_at: Some(timestamp(minutes(180 + late))),
            ..ShowingDelayed::default()
        };
        house.react("parking", "reservations", &showing.to_string(), &delayed).await.expect("reacted");
    }
    let moved = right(&house, visit).await;
    assert_eq!((moved.from, moved.until), (Some(timestamp(minutes(60))), Some(timestamp(minutes(240 + 110)))));
    // When they had set out to be there.
    house.clock.set(minutes(75));
    let entry = record(&house, &seen(Direction::In, &code(&house, Kind::Visit, visit))).await;
    assert_eq!(entry.verdict(), Verdict::Open, "{:?}", entry.message);
}

#[tokio::test]
async fn a_ticket_of_the_party_opens_too() {
    let house = house().await;
    let (visit, ticket) = (Uuid::now_v7(), Uuid::now_v7());
    confirmed_right(&house, visit, Uuid::now_v7()).await;
    let booked = BookingConfirmed {
        visit_id: visit.to_string(),
        tickets: vec![IssuedTicket { ticket_id: ticket.to_string(), ..Default::default() }],
        ..Default::default()
    };
    for _ in 0..2 {
        house.react("parking", "reservations", &visit.to_string(), &booked).await.expect("reacted");
    }
    let answer = record(&house, &seen(Direction::In, &code(&house, Kind::Ticket, ticket))).await;
    assert_eq!(answer.verdict(), Verdict::Open);
}

#[tokio::test]
async fn visits_that_share_a_short_reference_are_asked_for_their_code() {
    let house = house().await;
    let one = Uuid::now_v7();
    // A reference is made of the last bits of an id.
    let other = Uuid::from_u128(one.as_u128() ^ (1 << 100));
    assert_eq!(reference(one), reference(other));
    for visit in [one, other] {
        confirmed_right(&house, visit, Uuid::now_v7()).await;
    }
    let short = seen(Direction::In, &reference(one));
    let asked = record(&house, &short).await;
    assert_eq!((asked.verdict(), asked.right.is_none()), (Verdict::Ambiguous, true));
    assert!(asked.message.as_ref().is_some_and(|said| said.de.contains("QR-Code")), "{asked:?}");
    assert_eq!(occupied(&house).await, Some(0));
    assert_eq!(record(&house, &seen(Direction::In, &code(&house, Kind::Visit, other))).await.verdict(), Verdict::Open);
    // One of them is in: it is the one that leaves. With both in nobody knows, and a car has left all the same.
    let out = record(&house, &seen(Direction::Out, &reference(one))).await;
    assert_eq!((out.verdict(), out.right.expect("its").visit_id), (Verdict::Open, other.to_string()));
    for visit in [one, other] {
        let entry = seen(Direction::In, &code(&house, Kind::Visit, visit));
        assert_eq!(record(&house, &entry).await.verdict(), Verdict::Open);
    }
    let out = record(&house, &seen(Direction::Out, &reference(one))).await;
    assert_eq!((out.verdict(), out.right.is_none(), occupied(&house).await), (Verdict::Open, true, Some(1)));
    // The other one's visit is off: the reference is nobody else's any more.
    let third = Uuid::from_u128(one.as_u128() ^ (1 << 101));
    confirmed_right(&house, third, Uuid::now_v7()).await;
    for visit in [one, other] {
        sqlx::query("update parking_right set state = 'cancelled' where visit_id = $1")
            .bind(visit)
            .execute(house.pool("parking"))
            .await
            .expect("cancelled");
    }
    assert_eq!(record(&house, &short_again(one)).await.verdict(), Verdict::Open);
}

fn short_again(visit: Uuid) -> pb::RecordLaneRequest {
    seen(Direction::In, &reference(visit))
}

#[tokio::test]
async fn codes_that_do_not_open_say_why_and_exits_open_anyway() {
    let house = house().await;
    let (held, visit, showing) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    hold(&house, &wish(held, showing)).await.expect("held");
    confirmed_right(&house, visit, showing).await;
    let good = code(&house, Kind::Visit, visit);
    let foreign = kernel::identity::Keys::from_seeds([1; 32], [2; 32]).issue_code(&TicketCode {
        kind: Kind::Visit,
        id: visit,
        showing,
        not_before: minutes(0),
        not_after: minutes(300),
        generation: 0,
    });
    let cases = [
        (code(&house, Kind::Visit, held), Verdict::UnknownCode),
        (code(&house, Kind::Visit, Uuid::now_v7()), Verdict::UnknownCode),
        ("https://example.org".to_owned(), Verdict::UnknownCode),
        (foreign.clone(), Verdict::Forged),
    ];
    for (code, verdict) in cases {
        let answer = record(&house, &seen(Direction::In, &code)).await;
        assert_eq!(answer.verdict(), verdict, "{code}");
        assert!(!answer.message.expect("a message").de.is_empty());
    }
    let out = record(&house, &seen(Direction::Out, &foreign)).await;
    assert_eq!(out.verdict(), Verdict::Open, "never a trapped car");
    let out = record(&house, &seen(Direction::Out, "")).await;
    assert_eq!(out.verdict(), Verdict::Open, "a class need not be known on the way out");

    house.clock.set(minutes(241));
    let late = record(&house, &seen(Direction::In, &good)).await;
    assert_eq!(late.verdict(), Verdict::WrongWindow);
}

#[tokio::test]
async fn what_nobody_can_read_opens_no_entry_and_every_exit() {
    let house = house_of(&without_bicycles()).await;
    let unreadable = ["x".repeat(100_000), "a\u{7}b".to_owned(), "a\0b".to_owned()];
    let mut cars: Vec<_> = unreadable.iter().map(|code| seen(Direction::Out, code)).collect();
    // A class that the site does not have, and some that there are nowhere.
    for class in [pb::BayClass::Bicycle.into(), 99, -1] {
        cars.push(pb::RecordLaneRequest { bay_class: class, ..seen(Direction::Out, "") });
    }
    for car in cars {
        record(&house, &anonymous(Direction::In, pb::BayClass::Standard)).await;
        assert_eq!(occupied(&house).await, Some(1));
        let out = client!(house, &lane()).record_lane(car.clone()).await.expect("never a trapped car").into_inner();
        assert_eq!((out.verdict(), occupied(&house).await), (Verdict::Open, Some(0)), "{}", car.bay_class);
    }
    // Also when nobody is known to be in.
    let out = record(&house, &anonymous(Direction::Out, pb::BayClass::Bicycle)).await;
    assert_eq!(out.verdict(), Verdict::Open);
    for code in &unreadable {
        let answer = record(&house, &seen(Direction::In, code)).await;
        assert_eq!(answer.verdict(), Verdict::UnknownCode);
        assert!(answer.message.expect("what to do").en.contains("intercom"));
    }
    assert_eq!(occupied(&house).await, Some(0));
}

#[tokio::test]
async fn what_is_no_lane_event_names_its_field_and_counts_nobody() {
    type Spoil = fn(&mut pb::RecordLaneRequest);
    let house = house().await;
    let good = anonymous(Direction::In, pb::BayClass::Standard);
    let cases: [(&str, Spoil); 9] = [
        ("idempotency_key", |it| it.idempotency_key.clear()),
        ("idempotency_key", |it| it.idempotency_key = "7".to_owned()),
        ("lane", |it| it.lane.clear()),
        ("lane", |it| it.lane = "in 1".to_owned()),
        ("lane", |it| it.lane = "x".repeat(1000)),
        ("direction", |it| it.direction = 0),
        ("direction", |it| it.direction = 99),
        ("bay_class", |it| it.bay_class = 0),
        ("bay_class", |it| it.bay_class = -1),
    ];
    for (field, spoil) in cases {
        let mut event = good.clone();
        spoil(&mut event);
        let refused = client!(house, &attendant()).record_lane(event).await.expect_err(field);
        assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{field}");
        assert!(refused.message().starts_with(field), "{}", refused.message());
    }
    // More than any event is long, before anybody reads a field of it.
    let endless = pb::RecordLaneRequest { code: "x".repeat(8 * 1024 * 1024), ..good.clone() };
    client!(house, &attendant()).record_lane(endless).await.expect_err("oversized");
    assert_eq!(occupied(&house).await, Some(0));
    for _ in 0..2 {
        assert_eq!(record(&house, &good).await.verdict(), Verdict::Open, "as it was meant, and again");
    }
    assert_eq!(occupied(&house).await, Some(1));
}

#[tokio::test]
async fn cars_without_a_right_leave_room_for_those_with_one() {
    let house = house().await;
    set_capacity(&house, "standard", 2).await;
    confirmed_right(&house, Uuid::now_v7(), Uuid::now_v7()).await;
    let standard = pb::BayClass::Standard;
    let out = record(&house, &anonymous(Direction::Out, standard)).await;
    assert_eq!(out.verdict(), Verdict::Open);
    assert_eq!(occupied(&house).await, Some(0), "never negative");
    let first = record(&house, &anonymous(Direction::In, standard)).await;
    assert_eq!(first.verdict(), Verdict::Open);
    let second = record(&house, &anonymous(Direction::In, standard)).await;
    assert_eq!(second.verdict(), Verdict::Full, "the other bay is promised");
    let message = second.message.expect("a message");
    assert!(message.de.contains("Spitze"), "{}", message.de);

    // One bay is taken by a stranger and one is promised: nothing is left to sell for this hour.
    let refused = hold(&house, &wish(Uuid::now_v7(), Uuid::now_v7())).await.expect_err("full");
    assert_eq!(refused.code(), tonic::Code::ResourceExhausted);

    // No lane has said anything for more than six hours: the count is not known.
    house.clock.set(minutes(6 * 60 + 1));
    assert_eq!(occupied(&house).await, None);
}

#[tokio::test]
async fn a_code_that_was_issued_anew_opens_no_entry_and_keeps_nobody_in() {
    let house = house().await;
    let visit = Uuid::now_v7();
    confirmed_right(&house, visit, Uuid::now_v7()).await;
    let reissued = |generation| BookingReissued {
        visit_id: visit.to_string(),
        codes: vec![ReissuedCode { id: visit.to_string(), generation }],
        ..Default::default()
    };
    // Twice, and an older word late.
    for generation in [2, 2, 1] {
        house.react("parking", "reservations", "it", &reissued(generation)).await.expect("reacted");
    }
    for old in [0, 1] {
        let answer = record(&house, &seen(Direction::In, &code_of(&house, Kind::Visit, visit, old))).await;
        assert_eq!(answer.verdict(), Verdict::Replaced);
        assert!(answer.message.expect("words").en.contains("new one"));
    }
    let new = record(&house, &seen(Direction::In, &code_of(&house, Kind::Visit, visit, 2))).await;
    assert_eq!((new.verdict(), occupied(&house).await), (Verdict::Open, Some(1)));
    let out = record(&house, &seen(Direction::Out, &code_of(&house, Kind::Visit, visit, 0))).await;
    assert_eq!((out.verdict(), occupied(&house).await), (Verdict::Open, Some(0)), "out with any code");
}
