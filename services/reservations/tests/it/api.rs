//! The gRPC API: what it answers, what it refuses, and to whom.

use std::collections::HashSet;

use futures::future::join_all;
use kernel::{
    Caller, Role,
    testing::{staff, visitor},
    values::{self, timestamp},
};
use prost::Message;
use sky_proto::reservations::v1 as pb;
use tokio_stream::StreamExt;
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

#[tokio::test]
async fn the_programme_of_two_weeks_is_there() {
    let house = house().await;
    let public = programme(&house, &visitor(None), false).await;
    assert!(public.len() > 50, "{} showings", public.len());
    let first = showing(&house).await;
    assert_eq!(first.starts_at, Some(timestamp(minutes(60))), "13:00, as in the weekly pattern");
    let available = first.availability.expect("known");
    assert_eq!(
        (available.capacity, available.free_online, available.free_door, available.wheelchair_free),
        (110, 86, 97, 4)
    );
    assert_eq!(first.prices[0].price.as_ref().expect("a price").cents, 850);
    let all = programme(&house, &operator(), true).await;
    assert!(all.len() > public.len(), "school shows are for staff");
    let again = load(&house, HOUSE_FILE, false).await.expect("loads again");
    assert!(again.contains("titles"));
    assert_eq!(programme(&house, &operator(), true).await.len(), all.len());
}

#[tokio::test]
async fn places_are_held_once_and_answered_twice() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let request = wish(Uuid::now_v7(), &showing, 4);
    let first = hold(&house, &request).await.expect("held");
    assert_eq!(hold(&house, &request).await.expect("the first answer"), first);
    assert_eq!(first.total.as_ref().expect("a total").cents, 4 * 850);
    assert_eq!(first.items[0].tariff_id, "public-adult-2026");
    let rows: HashSet<&str> = first.seats.iter().map(|seat| &seat.label[..1]).collect();
    assert_eq!(rows.len(), 1, "together: {:?}", first.seats);
    let mut other = request.clone();
    other.party[0].count = 2;
    assert_eq!(hold(&house, &other).await.expect_err("the key is used").code(), Code::InvalidArgument);
    assert_eq!(get(&house, &showing).await.availability.expect("known").held, 4);

    let release = pb::ReleaseHoldRequest { visit_id: request.visit_id.clone() };
    for _ in 0..2 {
        client!(house, &journey()).release_hold(release.clone()).await.expect("freed");
    }
    assert_eq!(get(&house, &showing).await.availability.expect("known").held, 0);
}

#[tokio::test]
async fn a_new_price_is_told_and_charged_at_once() {
    let house = house().await;
    let before = showing(&house).await;
    assert_eq!(before.prices[0].price.as_ref().expect("a price").cents, 850);
    // The seller knows the showing with its old price.
    hold(&house, &wish(Uuid::now_v7(), &before.showing_id, 1)).await.expect("held");
    let (others, dearer) =
        HOUSE_FILE.split_once("[[reservations.tariffs]]\nid = \"public-adult-2026\"").expect("a tariff");
    let (row, _) = dearer.split_once("[[").expect("another tariff");
    let row = row.replace("cents = 850", "cents = 900").replace("2026-01-01", "2026-11-01");
    let new = format!("[[reservations.tariffs]]\nid = \"public-adult-2026-11\"{row}");
    let dearer = format!("{others}{new}[[reservations.tariffs]]\nid = \"public-adult-2026\"{dearer}");
    load(&house, &dearer, false).await.expect("loads");
    assert_eq!(get(&house, &before.showing_id).await.prices[0].price.as_ref().expect("a price").cents, 900);
    let held = hold(&house, &wish(Uuid::now_v7(), &before.showing_id, 2)).await.expect("held");
    assert_eq!(held.total.expect("a total").cents, 1800);
}

#[tokio::test]
async fn a_party_larger_than_a_small_hall_is_told_how_many_it_has_and_holds_nothing() {
    let house = house().await;
    let all = programme(&house, &journey(), false).await;
    let small = all.into_iter().find(|showing| showing.hall == "room-2").expect("a showing in a small room");
    let left = small.availability.as_ref().expect("known").free_online;
    assert!((1..60).contains(&left), "{left}");
    let class = small.prices[0].tariff_class.as_str();
    let party = |people| pb::HoldSeatsRequest {
        party: vec![line(class, people, pb::Need::Unspecified)],
        ..wish(Uuid::now_v7(), &small.showing_id, 1)
    };
    for people in [left + 1, 60] {
        let refused = hold(&house, &party(people)).await.expect_err("more than there are places");
        assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
        let told = pb::SeatsRefused::decode(refused.details()).expect("why, as data");
        assert_eq!((told.why(), told.left), (pb::seats_refused::Reason::NotEnough, left));
        let said = told.reason.expect("in words").de;
        assert!(said.contains(&format!("Nur noch {left} Plätze")) && said.contains("weniger Personen"), "{said}");
    }
    let now = get(&house, &small.showing_id).await.availability.expect("known");
    assert_eq!((now.held, now.free_online), (0, left), "nothing half done");
    hold(&house, &party(left)).await.expect("all there are");
}

#[tokio::test]
async fn a_hold_lasts_as_long_as_one_may_choose_and_pay() {
    let house = house().await;
    let request = wish(Uuid::now_v7(), &showing(&house).await.showing_id, 1);
    hold(&house, &request).await.expect("held");
    let extend = |to: i64| {
        let request =
            pb::ExtendHoldRequest { visit_id: request.visit_id.clone(), expires_at: Some(timestamp(minutes(to))) };
        let mut client = client!(house, &journey());
        async move { client.extend_hold(request).await }
    };
    let revision = async || -> i64 {
        let sum = sqlx::query_scalar("select sum(revision)::bigint from showing").fetch_one(house.pool("reservations"));
        sum.await.expect("a revision")
    };
    let before = revision().await;
    let extended = extend(20).await.expect("extended").into_inner();
    assert_eq!(extended.expires_at, Some(timestamp(minutes(20))));
    assert!(revision().await > before, "whoever watches hears that the places come back later");
    house.clock.set(minutes(15));
    assert_eq!(extend(68).await.expect_err("past the cap").code(), Code::FailedPrecondition);
    house.clock.set(minutes(25));
    let late = extend(28).await.expect_err("run out");
    assert_eq!(late.code(), Code::FailedPrecondition);
    assert_eq!(late.metadata().get(kernel::error::REASON).expect("its name"), "HoldExpired");
}

#[tokio::test]
async fn many_at_once_never_get_the_same_place() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let parties = (0..60).map(|_| {
        let (house, request) = (&house, wish(Uuid::now_v7(), &showing, 2));
        async move { hold(house, &request).await }
    });
    let answers = join_all(parties).await;
    let mut seats = HashSet::new();
    for answer in &answers {
        match answer {
            Ok(held) => assert!(held.seats.iter().all(|seat| seats.insert(seat.label.clone())), "a place twice"),
            Err(refused) => assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}"),
        }
    }
    assert_eq!(seats.len(), 86, "all that is sold online, and no more");
    let sold_out = hold(&house, &wish(Uuid::now_v7(), &showing, 1)).await.expect_err("full");
    assert!(sold_out.message().contains("may come back at"), "{}", sold_out.message());
    let mut door = wish(Uuid::now_v7(), &showing, 8);
    door.channel = pb::Channel::Door.into();
    hold(&house, &door).await.expect("the door has its own");
}

#[tokio::test]
async fn a_wheelchair_user_and_the_companion_are_one_step() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let pair = || {
        let mut request = wish(Uuid::now_v7(), &showing, 1);
        request.party = vec![line("reduced", 1, pb::Need::Wheelchair), line("companion", 1, pb::Need::Companion)];
        request
    };
    for _ in 0..4 {
        let held = hold(&house, &pair()).await.expect("a pair");
        let labels: Vec<&str> = held.seats.iter().map(|seat| seat.label.as_str()).collect();
        assert_eq!(format!("{}B", labels[0]), labels[1]);
        assert_eq!(held.total.expect("a total").cents, 600, "the companion is free");
    }
    let refused = hold(&house, &pair()).await.expect_err("four pairs there are");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(get(&house, &showing).await.availability.expect("known").free_online, 86, "general places are others");
}

#[tokio::test]
async fn whoever_watches_hears_of_every_change() {
    let house = house().await;
    let showing = showing(&house).await;
    let request = pb::WatchShowingsRequest {
        from: Some(timestamp(minutes(0))),
        until: Some(timestamp(minutes(600))),
        include_closed: false,
        after_revision: 0,
    };
    let mut updates = client!(house, &visitor(None)).watch_showings(request).await.expect("a stream").into_inner();
    let first = updates.next().await.expect("at once").expect("all");
    assert!(first.showings.len() >= 5);
    hold(&house, &wish(Uuid::now_v7(), &showing.showing_id, 3)).await.expect("held");
    let change = updates.next().await.expect("a change").expect("one");
    assert_eq!(change.showings.len(), 1);
    assert_eq!(change.showings[0].availability.as_ref().expect("known").held, 3);
    assert!(change.revision > first.revision);
    // Whoever comes back with what it saw last hears of the next change only.
    let later = pb::WatchShowingsRequest { after_revision: change.revision, ..request };
    let mut resumed = client!(house, &visitor(None)).watch_showings(later).await.expect("a stream").into_inner();
    hold(&house, &wish(Uuid::now_v7(), &showing.showing_id, 1)).await.expect("held");
    assert!(resumed.next().await.expect("a change").expect("all").revision > change.revision);
}

#[tokio::test]
async fn whoever_comes_back_hears_of_a_delay_out_of_the_window() {
    let house = house().await;
    let showing = showing(&house).await;
    let watch = async |after_revision: u64| {
        let starts_at = minutes(60);
        let request = pb::WatchShowingsRequest {
            from: Some(timestamp(starts_at)),
            until: Some(timestamp(starts_at + chrono::TimeDelta::seconds(1))),
            include_closed: false,
            after_revision,
        };
        client!(house, &visitor(None)).watch_showings(request).await.expect("a stream").into_inner()
    };
    let seen = watch(0).await.next().await.expect("at once").expect("all");
    assert_eq!((seen.showings.len(), seen.showings[0].starts_at), (1, showing.starts_at));
    // One has come back before the delay with what it saw last, one comes back after it.
    let mut before = watch(seen.revision).await;
    let delay = pb::DelayShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing.showing_id.clone(),
        minutes: 20,
        reason: None,
        expected_starts_at: None,
    };
    client!(house, &journey()).delay_showing(delay).await.expect("moved");
    let mut after = watch(seen.revision).await;
    for (who, updates) in [("before", &mut before), ("after", &mut after)] {
        let told = tokio::time::timeout(std::time::Duration::from_secs(10), updates.next()).await;
        let told =
            told.unwrap_or_else(|_| panic!("who came back {who} the delay is told nothing")).expect("it goes on");
        let moved = &told.expect("an update").showings[0];
        assert_eq!((&moved.showing_id, moved.starts_at), (&showing.showing_id, Some(timestamp(minutes(80)))), "{who}");
    }
}

/// The field that is named, and how the request is spoiled.
type Spoiled = (&'static str, fn(&mut pb::HoldSeatsRequest));

#[tokio::test]
async fn bad_requests_name_their_field() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let good = || wish(Uuid::now_v7(), &showing, 2);
    let cases: [Spoiled; 19] = [
        ("idempotency_key", |r| r.idempotency_key.clear()),
        ("visit_id", |r| r.visit_id = "x".to_owned()),
        ("showing_id", |r| r.showing_id.clear()),
        ("party", |r| r.party.clear()),
        ("party", |r| r.party[0].count = 0),
        ("party", |r| r.party[0].count = 61),
        ("party", |r| r.party[0].count = u32::MAX),
        ("party", |r| r.party[0].need = 99),
        ("party", |r| r.party[0].tariff_class = "king".to_owned()),
        ("party", |r| r.party[0].need = pb::Need::Companion.into()),
        ("channel", |r| r.channel = 0),
        ("channel", |r| r.channel = 77),
        ("expires_at", |r| r.expires_at = None),
        ("expires_at", |r| r.expires_at = Some(timestamp(minutes(-1)))),
        ("expires_at", |r| r.expires_at = Some(timestamp(minutes(60)))),
        ("seats", |r| r.seats = vec!["C1".to_owned()]),
        ("seats", |r| r.seats = vec!["C1".to_owned(), "C1".to_owned()]),
        ("seats", |r| r.seats = vec!["C1".to_owned(), "Z9".to_owned()]),
        ("seats", |r| r.seats = vec!["C1".to_owned(), "W1".to_owned()]),
    ];
    for (field, spoil) in cases {
        let mut request = good();
        spoil(&mut request);
        let refused = hold(&house, &request).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}: {refused}");
        assert!(refused.message().starts_with(field), "{}", refused.message());
    }
    let mut unknown = good();
    unknown.showing_id = Uuid::new_v4().to_string();
    assert_eq!(hold(&house, &unknown).await.expect_err("unknown").code(), Code::NotFound);
    house.clock.set(minutes(61));
    let mut past = good();
    past.expires_at = Some(timestamp(minutes(70)));
    let refused = hold(&house, &past).await.expect_err("begun");
    assert_eq!((refused.code(), refused.message().starts_with("showing_id")), (Code::InvalidArgument, true));

    let mut client = client!(house, &operator());
    let window = |from: i64, until: i64| pb::ListProgrammeRequest {
        from: Some(timestamp(minutes(from))),
        until: Some(timestamp(minutes(until))),
        include_closed: false,
    };
    for bad in [window(0, 0), window(0, 63 * 24 * 60), pb::ListProgrammeRequest::default()] {
        assert_eq!(client.list_programme(bad).await.expect_err("bad").code(), Code::InvalidArgument);
    }
    let delay = |minutes: i32| pb::DelayShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing.clone(),
        minutes,
        reason: None,
        expected_starts_at: None,
    };
    for bad in [delay(0), delay(241), delay(-241), delay(i32::MIN)] {
        assert!(client!(house, &journey()).delay_showing(bad).await.expect_err("bad").message().starts_with("minutes"));
    }
}

#[tokio::test]
async fn only_those_named_may_call() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let visit = Uuid::now_v7();
    let others = [visitor(None), staff(Role::Desk), Caller::Service("portal".to_owned())];
    for caller in &others {
        let refused = client!(house, caller).hold_seats(wish(visit, &showing, 1)).await.expect_err("journey alone");
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    // Nobody moves or cancels a showing past what follows from it: that is journey's command.
    for caller in [operator(), staff(Role::Admin), staff(Role::Desk), Caller::Service("portal".to_owned())] {
        let delay = pb::DelayShowingRequest { showing_id: showing.clone(), minutes: 5, ..Default::default() };
        let delayed = client!(house, &caller).delay_showing(delay).await.expect_err("journey alone");
        let cancel = pb::CancelShowingRequest { showing_id: showing.clone(), ..Default::default() };
        let cancelled = client!(house, &caller).cancel_showing(cancel).await.expect_err("journey alone");
        assert_eq!((delayed.code(), cancelled.code()), (Code::PermissionDenied, Code::PermissionDenied), "{caller:?}");
    }
    let request = pb::GetBookingRequest { visit_id: visit.to_string() };
    let refused = client!(house, &visitor(Some(Uuid::now_v7()))).get_booking(request).await.expect_err("another's");
    assert_eq!(refused.code(), Code::PermissionDenied);
    let closed = pb::ListProgrammeRequest {
        from: Some(timestamp(minutes(0))),
        until: Some(timestamp(minutes(60))),
        include_closed: true,
    };
    assert_eq!(
        client!(house, &visitor(None)).list_programme(closed).await.expect_err("closed").code(),
        Code::PermissionDenied
    );
    let nobody =
        client!(house, &Caller::Nobody).get_showing(pb::GetShowingRequest::default()).await.expect_err("nobody");
    assert_eq!(nobody.code(), Code::Unauthenticated);
}

/// The line on which the row with this id has its price or rate.
fn line_of(file: &str, id: &str, key: &str) -> usize {
    let row = file.lines().position(|line| line == format!("id = \"{id}\"")).expect("the row");
    row + file.lines().skip(row).position(|line| line.starts_with(key)).expect("its key") + 1
}

#[tokio::test]
async fn what_people_were_charged_by_does_not_change() {
    let house = house().await;
    // Before anybody bought, a slip can be put right.
    let dearer = HOUSE_FILE.replace("cents = 850", "cents = 860");
    load(&house, &dearer, false).await.expect("nobody was charged");
    load(&house, HOUSE_FILE, false).await.expect("back again");

    let showing = showing(&house).await.showing_id;
    hold(&house, &wish(Uuid::now_v7(), &showing, 2)).await.expect("held");
    let refused = load(&house, &dearer, false).await.expect_err("somebody was charged 8.50");
    let line = line_of(&dearer, "public-adult-2026", "cents");
    assert!(refused.message().contains(&format!("line {line}, reservations.tariffs[1]: ")), "{}", refused.message());
    assert!(refused.message().contains("new id"), "{}", refused.message());
    let taxed = HOUSE_FILE.replacen("basis_points = 0", "basis_points = 700", 1);
    let refused = load(&house, &taxed, false).await.expect_err("somebody was taxed with nothing");
    let line = line_of(&taxed, "exempt-4-20a", "basis_points");
    let at = format!("line {line}, reservations.taxes[0].basis_points: ");
    assert!(refused.message().contains(&at), "{}", refused.message());
    // Its words may change, and what nobody was charged by.
    let renamed = HOUSE_FILE.replace("\"Erwachsene\"", "\"Erwachsene Person\"").replace("cents = 750", "cents = 760");
    load(&house, &renamed, false).await.expect("that is allowed");
}

#[tokio::test]
async fn a_house_file_with_an_error_names_it_and_changes_nothing() {
    let house = house().await;
    let before = programme(&house, &operator(), true).await.len();
    let cases = [
        ("tax = \"exempt-4-20a\"", "tax = \"none\"", "tariffs[0].tax"),
        ("seats = 10", "seats = 0", "layouts[0].rows[0].seats"),
        ("times = [\"09:00\"", "times = [\"25:00\"", "schedule[0].times"),
        (
            "title = \"schule-sonnensystem\"",
            "title = \"schule-sonnensystem\"\nlast_entry_minutes = 200",
            "schedule[0].last_entry",
        ),
        (
            "title = \"schule-sonnensystem\"",
            "title = \"schule-sonnensystem\"\ndoors_minutes = 361",
            "schedule[0].doors_minutes: must be at most 360",
        ),
        (
            "title = \"schule-sonnensystem\"",
            "title = \"schule-sonnensystem\"\nreleased = { staff = 4000000000 }",
            "schedule[0].released: each must be at most",
        ),
        ("title = \"schule-sonnensystem\"", "title = \"x\"", "schedule[0].title"),
        ("minutes = 50", "minutes = 0", "titles[0].minutes"),
        ("[reservations]\n", "[reservations]\ndays_ahead = 63\n", "reservations.days_ahead: must be 1 to 62"),
    ];
    for (good, bad, key) in cases {
        let broken = HOUSE_FILE.replacen(good, bad, 1);
        assert_ne!(broken, HOUSE_FILE, "{good}");
        let refused = load(&house, &broken, false).await.expect_err(key);
        assert!(refused.message().contains(key) && refused.message().contains("line "), "{}", refused.message());
    }
    let bigger = HOUSE_FILE.replacen("seats = 10", "seats = 11", 1);
    let refused = load(&house, &bigger, false).await.expect_err("approved plans do not change");
    assert!(refused.message().contains("new id"), "{}", refused.message());
    let line = line_of(&bigger, "dome-a", "rows");
    assert!(
        refused.message().contains(&format!("line {line}, reservations.layouts[0].rows: ")),
        "{}",
        refused.message()
    );
    assert_eq!(programme(&house, &operator(), true).await.len(), before);
}

#[tokio::test]
async fn as_many_days_are_scheduled_as_the_house_file_says_and_told_from_memory() {
    let house = house().await;
    let two_months = HOUSE_FILE.replacen("[reservations]\n", "[reservations]\ndays_ahead = 62\n", 1);
    load(&house, &two_months, false).await.expect("loads");
    let told = async || {
        let request = pb::ListProgrammeRequest {
            from: Some(timestamp(minutes(0))),
            until: Some(timestamp(minutes(62 * 24 * 60))),
            include_closed: true,
        };
        client!(house, &operator()).list_programme(request).await.expect("a programme").into_inner().showings
    };
    let count = "select count(*) from showing where starts_at > $1";
    let stored: i64 =
        sqlx::query_scalar(count).bind(minutes(0)).fetch_one(house.pool("reservations")).await.expect("counted");
    let all_told = async {
        while told().await.len() < stored.unsigned_abs() as usize {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), all_told).await.expect("told within a second");
    let showings = told().await;
    let last = showings.iter().map(|showing| values::from_timestamp(showing.starts_at)).max().expect("showings");
    assert!((60..62).contains(&(last - minutes(0)).num_days()), "{last}");
    // A release is there as a whole before its sale begins.
    let day = |showing: &pb::Showing| values::from_timestamp(showing.starts_at).date_naive().to_string();
    let of_release =
        showings.iter().filter(|it| it.release.as_ref().is_some_and(|its| its.release_id == "advent-2026"));
    let days: std::collections::BTreeSet<String> = of_release.map(day).collect();
    assert_eq!(days.first().map(String::as_str), Some("2026-12-05"), "{days:?}");
    assert_eq!(days.last().map(String::as_str), Some("2026-12-19"), "the last Saturday before 24 December: {days:?}");

    // While somebody has locked all claims the longest window is answered all the same.
    let mut lock = house.pool("reservations").begin().await.expect("a transaction");
    sqlx::query("lock table seat_claim in access exclusive mode").execute(&mut *lock).await.expect("locked");
    let answered = tokio::time::timeout(std::time::Duration::from_secs(5), told()).await.expect("from memory");
    assert_eq!(answered.len(), showings.len());
    lock.rollback().await.expect("let go");

    // Fewer days again: what is on sale stays.
    load(&house, HOUSE_FILE, false).await.expect("loads");
    assert_eq!(told().await.len(), showings.len());
}
