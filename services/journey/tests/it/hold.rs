//! Everything or nothing: holds, refusals with what would fit, repeats, extensions.

use kernel::{testing::producer, values::timestamp};
use sky_proto::{
    journey::v1::{self as pb, VisitState},
    parking::v1::{BayClass, RightState},
    reservations::v1::{Channel, seats_refused::Reason},
};
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

#[tokio::test]
async fn a_hold_is_one_visit_however_often_it_is_asked_for() {
    let town = town().await;
    let wish = town.wish();
    let visit = town.hold(&wish).await.expect("held");
    assert_eq!(visit.state(), VisitState::Held);
    assert_eq!((visit.seats.len(), visit.party_size), (2, 2));
    assert_eq!(visit.parking.as_ref().expect("a right").state(), RightState::Held);
    assert_eq!(visit.total.as_ref().expect("total").cents, 2 * 850 + 300);
    assert_eq!(visit.items.len(), 2);
    assert!(visit.items.iter().all(|item| !item.tariff_id.is_empty() && !item.tax_id.is_empty()));
    assert_eq!(visit.hold_expires_at, Some(timestamp(minutes(10))));
    assert_eq!(visit.reference, "", "nothing is ordered yet");

    let repeats = (0..10).map(|_| town.hold(&wish));
    for repeat in futures::future::join_all(repeats).await {
        assert_eq!(repeat.expect("repeat"), visit);
    }
    assert_eq!(town.taken().await, (2, 0));
    let mut other = wish.clone();
    other.party[0].count = 3;
    assert_eq!(town.hold(&other).await.expect_err("other content").code(), Code::InvalidArgument);
    // The same key in another session is another visit.
    let foreign = client!(town, &guest("other")).hold_visit(wish).await.expect("held").into_inner();
    assert_ne!(foreign.visit_id, visit.visit_id);
    assert_eq!(town.told().await, (0, 0, 0), "a hold is nobody else's event");
}

#[tokio::test]
async fn many_at_once_with_one_key_hold_once() {
    let town = town().await;
    let wish = town.wish();
    let answers = futures::future::join_all((0..20).map(|_| town.hold(&wish))).await;
    let mut visits: Vec<String> =
        answers.iter().filter_map(|answer| answer.as_ref().ok()).map(|visit| visit.visit_id.clone()).collect();
    visits.dedup();
    assert_eq!(visits.len(), 1);
    for refused in answers.into_iter().filter_map(Result::err) {
        assert_eq!(refused.code(), Code::Aborted, "{}", refused.message());
    }
    assert_eq!(town.taken().await, (2, 0));
}

#[tokio::test]
async fn a_full_car_park_frees_the_seats_and_names_other_ways() {
    let town = town().await;
    town.set_bays(0).await;
    let wish = town.wish();
    let refused = town.hold(&wish).await.expect_err("no bay");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let details = refusal(&refused);
    assert_eq!(details.part, "parking");
    assert!(details.reason.expect("reason").de.contains("Stellplatz"));
    let texts: Vec<String> = details.alternatives.into_iter().map(|other| other.text.expect("text").de).collect();
    assert!(texts.iter().any(|text| text.contains("Straßenbahn")), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("Minuten zu Fuß")), "{texts:?}");
    assert_eq!(town.taken().await, (0, 0), "all or nothing");

    // A repeat hears the same, even if there were bays now.
    town.set_bays(10).await;
    let again = town.hold(&wish).await.expect_err("the same");
    assert_eq!(
        (again.code(), again.message(), again.details()),
        (refused.code(), refused.message(), refused.details())
    );
    town.house.settle().await;
    town.hold(&town.wish()).await.expect("a new request is free to try");
}

#[tokio::test]
async fn a_sold_out_showing_names_other_showings() {
    let town = town().await;
    let mut wish = town.wish();
    wish.parking = None;
    wish.party = vec![line("adult", 60)];
    town.hold(&wish).await.expect("the first sixty");
    wish.idempotency_key = Uuid::new_v4().to_string();
    let refused = town.hold_as(&guest("other"), &wish).await.expect_err("not another sixty");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let details = refusal(&refused);
    assert_eq!(details.part, "seats");
    let why = details.seats.clone().expect("why, as data");
    assert_eq!((why.why(), why.left, why.held_until), (Reason::NotEnough, 26, Some(timestamp(minutes(10)))));
    let reason = details.reason.clone().expect("reason");
    assert!(reason.de.starts_with("Nur noch 26 Plätze frei.") && reason.de.contains("wieder frei"), "{}", reason.de);
    assert_eq!(why.reason, details.reason);
    let again = town.hold_as(&guest("other"), &wish).await.expect_err("the same");
    assert_eq!(refusal(&again), details, "a repeat hears the same");
    let told = "select count(*) from outbox where aggregate_id in (select id::text from visit where state = 'refused')";
    let told: i64 = sqlx::query_scalar(told).fetch_one(town.house.pool("journey")).await.expect("counted");
    assert_eq!(told, 0, "nobody has held anything of it, and nobody is told to let go");
    assert!(!details.alternatives.is_empty());
    for other in details.alternatives {
        assert!(
            town.programme
                .iter()
                .all(|showing| showing.showing_id != wish.showing_id || other.showing_id != wish.showing_id)
        );
        assert!(other.starts_at.is_some() && Uuid::try_parse(&other.showing_id).is_ok());
        assert!(other.text.expect("text").de.contains("Uhr"));
    }

    wish.showing_id = Uuid::new_v4().to_string();
    wish.idempotency_key = Uuid::new_v4().to_string();
    let unknown = town.hold_as(&guest("other"), &wish).await.expect_err("no such showing");
    assert_eq!(unknown.code(), Code::NotFound);
    assert_eq!(refusal(&unknown).part, "seats");
}

/// How often the programme was asked for in this process, by other tests too.
fn programmes_told(town: &Town) -> u64 {
    let line = "sky_rpc_seconds_count{method=\"/sky.reservations.v1.Reservations/ListProgramme\",status=\"0\"} ";
    let metrics = town.house.metrics();
    metrics.lines().find_map(|it| it.strip_prefix(line)).map_or(0, |count| count.parse().expect("a number"))
}

#[tokio::test]
async fn a_crowd_that_gets_no_places_copies_no_programme_each() {
    let town = town().await;
    let mut wish = pb::HoldVisitRequest { parking: None, party: vec![line("adult", 60)], ..town.wish() };
    town.hold(&wish).await.expect("the first sixty");
    let before = programmes_told(&town);
    assert!(before > 0, "it is counted");
    for n in 0..40 {
        let crowd = (0..20).map(|m| {
            wish.idempotency_key = Uuid::new_v4().to_string();
            let (town, wish, caller) = (&town, wish.clone(), guest(&format!("{n} {m}")));
            async move { town.hold_as(&caller, &wish).await }
        });
        for answer in futures::future::join_all(crowd.collect::<Vec<_>>()).await {
            assert!(!refusal(&answer.expect_err("not another sixty")).alternatives.is_empty());
        }
    }
    let asked = programmes_told(&town) - before;
    assert!(asked < 400, "800 were refused, and the programme was asked for {asked} times");
}

/// In a rush that is thousands: they hold nothing, so nobody is told to let go, and they may come again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_sent_away_because_too_many_ask_is_nobodys_event_and_may_come_again() {
    let town = town_with_a_short_queue().await;
    let wish = pb::HoldVisitRequest { parking: None, ..town.wish() };
    // One is served and another waits behind it; for more there is no room.
    let mut blocker = town.house.pool("reservations").begin().await.expect("begun");
    let lock = sqlx::query("select 1 from showing where id = $1::uuid for update").bind(&wish.showing_id);
    lock.execute(&mut *blocker).await.expect("locked");
    let crowd: Vec<_> = (0..8)
        .map(|n| {
            let idempotency_key = Uuid::new_v4().to_string();
            (guest(&format!("crowd {n}")), pb::HoldVisitRequest { idempotency_key, ..wish.clone() })
        })
        .collect();
    let is_busy = |status: &tonic::Status| status.metadata().contains_key("grpc-retry-pushback-ms");
    let asking = futures::future::join_all(crowd.iter().map(|(caller, wish)| town.hold_as(caller, wish)));
    let freed = async {
        let refused = "select count(*) from visit where state = 'refused'";
        for _ in 0..300 {
            if sqlx::query_scalar::<_, i64>(refused).fetch_one(town.house.pool("journey")).await.expect("counted") > 3 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        blocker.rollback().await.expect("let go");
    };
    let (answers, ()) = tokio::join!(asking, freed);
    let sent_away: Vec<_> = crowd.iter().zip(&answers).filter(|(_, it)| it.as_ref().is_err_and(is_busy)).collect();
    assert!(sent_away.len() > 3, "{answers:?}");
    let told = "select count(*) from outbox where aggregate_id in (select id::text from visit where state = 'refused')";
    let told: i64 = sqlx::query_scalar(told).fetch_one(town.house.pool("journey")).await.expect("counted");
    assert_eq!(told, 0, "nobody has held anything of it, and nobody is told to let go");
    for ((caller, wish), _) in sent_away {
        let again = town.hold_as(caller, wish).await.expect("the same key may be tried anew");
        assert_eq!(again.state(), VisitState::Held);
    }
}

#[tokio::test]
async fn a_service_that_is_down_leaves_nothing_behind_and_may_be_asked_again() {
    // Parking does not run here at all.
    let town =
        town_with(&[journey::SERVICE, reservations::SERVICE, payments::SERVICE, producer("gastro"), producer("flow")])
            .await;
    let wish = town.wish();
    for _ in 0..2 {
        let refused = town.hold(&wish).await.expect_err("parking is down");
        assert_eq!(refused.code(), Code::Unavailable, "{}", refused.message());
        assert_eq!(town.taken().await, (0, 0));
    }
    let mut walking = town.wish();
    walking.parking = None;
    town.hold(&walking).await.expect("the rest goes on");
}

#[tokio::test]
async fn a_hold_is_extended_up_to_thirty_minutes() {
    let town = town().await;
    let visit = town.held().await;
    let extend = || async {
        let request = pb::ExtendVisitRequest { visit_id: visit.visit_id.clone() };
        client!(town, &guest("test")).extend_visit(request).await.map(tonic::Response::into_inner)
    };
    assert_eq!(extend().await.expect_err("nothing gained").code(), Code::FailedPrecondition);
    for (now, until) in [(8, 18), (17, 27), (26, 30)] {
        town.house.clock.set(minutes(now));
        let extended = extend().await.expect("extended");
        assert_eq!(extended.hold_expires_at, Some(timestamp(minutes(until))));
        assert!(extended.revision > visit.revision);
    }
    town.house.clock.set(minutes(29));
    let refused = extend().await.expect_err("30 minutes");
    assert!(refused.message().contains("30 minutes"), "{}", refused.message());
    assert_eq!(town.taken().await, (2, 0), "still held by all");
    town.house.clock.set(minutes(30));
    town.wait_for(&visit, VisitState::Expired).await;
    assert_eq!(extend().await.expect_err("over").code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn bays_that_the_desk_alone_gives_are_refused_online_and_held_at_the_desk() {
    let town = town().await;
    let mut wish = town.wish();
    wish.parking = Some(pb::ParkingWish { bay_class: BayClass::Coach.into() });
    let refused = town.hold(&wish).await.expect_err("online");
    assert!(refused.message().contains("coach bays are given by the desk"), "{}", refused.message());
    let told = refusal(&refused);
    let reason = told.reason.expect("why");
    assert_eq!((told.part.as_str(), reason.de.contains("vergibt die Kasse")), ("parking", true), "{}", reason.de);
    assert!(!reason.plain.is_empty());
    wish.idempotency_key = Uuid::new_v4().to_string();
    wish.channel = Channel::Door.into();
    let held = client!(town, &desk()).hold_visit(wish).await.expect("held").into_inner();
    assert_eq!(held.parking.expect("a bay").state(), RightState::Held);
}

#[tokio::test]
async fn bad_input_names_the_field() {
    type Spoil = fn(&mut pb::HoldVisitRequest);
    let town = town().await;
    let cases: [(&str, Spoil); 17] = [
        ("idempotency_key", |r| r.idempotency_key.clear()),
        ("showing_id", |r| r.showing_id = "x".to_owned()),
        ("party", |r| r.party.clear()),
        ("party", |r| r.party = vec![line("adult", 40), line("child", 21)]),
        ("party", |r| r.party = vec![line("adult", 1); 31]),
        ("party.count", |r| r.party[0].count = 0),
        ("party.count", |r| r.party[0].count = u32::MAX),
        ("party.need", |r| r.party[0].need = 99),
        ("party.tariff_class", |r| r.party[0].tariff_class = "a b".to_owned()),
        ("party", |r| r.party[0].tariff_class = "emperor".to_owned()),
        ("seats", |r| r.seats = vec!["A1".to_owned()]),
        ("seats", |r| r.seats = vec!["A1".to_owned(), "A1".to_owned()]),
        ("parking.bay_class", |r| r.parking = Some(pb::ParkingWish { bay_class: 0 })),
        ("meal.lines", |r| r.meal = Some(pb::MealWish::default())),
        ("language", |r| r.language = "tlh".to_owned()),
        ("channel", |r| r.channel = 0),
        ("channel", |r| r.channel = 77),
    ];
    for (field, spoil) in cases {
        let mut request = town.wish();
        spoil(&mut request);
        let refused = town.hold(&request).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}: {}", refused.message());
        assert!(refused.message().starts_with(&format!("{field}:")), "{field}: {}", refused.message());
    }
    let mut door = town.wish();
    door.channel = Channel::Door.into();
    assert_eq!(town.hold(&door).await.expect_err("visitor at the door").code(), Code::PermissionDenied);
    client!(town, &desk()).hold_visit(door).await.expect("the desk sells at the door");
}
