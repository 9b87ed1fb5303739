//! No class is given to more than it has, at any instant: not by many at once, not by a delay, not past our own code.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::{
    testing::{House, visitor},
    values::{Text, timestamp},
};
use proptest::{
    prelude::{Just, Strategy, any},
    prop_oneof,
    strategy::ValueTree,
    test_runner::TestRunner,
};
use sky_proto::{
    journey::v1::{VisitCancelled, VisitRebooked},
    parking::v1 as pb,
    reservations::v1::{ShowingDelayed, ShowingScheduled},
};
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

/// The bays that live rights have been given, counted by hand, and what the database has counted.
async fn given(house: &House, class: &str) -> (BTreeMap<DateTime<Utc>, i64>, BTreeMap<DateTime<Utc>, i64>) {
    // In one statement: recurring work goes on meanwhile.
    let both = "select true, slot_at, count(*) from parking_right, bay_quarters(given_from, given_until) slot_at
                where state in ('held', 'confirmed', 'suspended', 'checked_in') and class = $1 group by 2
                union all select false, slot_at, given::bigint from bay_use where given > 0 and class = $1";
    let rows: Vec<(bool, DateTime<Utc>, i64)> =
        sqlx::query_as(both).bind(class).fetch_all(house.pool("parking")).await.expect("counted");
    let of = |hand: bool| rows.iter().filter(|row| row.0 == hand).map(|row| (row.1, row.2)).collect();
    (of(true), of(false))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_in_windows_of_all_kinds_never_get_more_than_there_is() {
    let house = house().await;
    set_capacity(&house, "standard", 7).await;
    let windows = proptest::collection::vec((0_i64..500, 1_i64..400, any::<bool>()), 300);
    let windows = windows.new_tree(&mut TestRunner::deterministic()).expect("windows").current();
    // Over one connection, as journey's own calls come.
    let journey = client!(house, &journey());
    let asked = windows.into_iter().map(|(from, long, leaves)| {
        let mut client = journey.clone();
        let mut wish = wish(Uuid::now_v7(), Uuid::now_v7());
        (wish.from, wish.until) = (Some(timestamp(minutes(90 + from))), Some(timestamp(minutes(90 + from + long))));
        async move {
            let release = pb::ReleaseBayRequest { visit_id: wish.visit_id.clone() };
            match client.hold_bay(wish).await {
                Ok(_) if leaves => client.release_bay(release).await.map(|_| Some(false)),
                Ok(_) => Ok(Some(true)),
                Err(status) if status.code() == Code::ResourceExhausted => Ok(None),
                Err(status) => Err(status),
            }
        }
    });
    let answers = futures::future::try_join_all(asked).await.expect("held or full");
    assert!(answers.contains(&None), "nobody found the car park full");
    let (by_hand, counted) = given(&house, "standard").await;
    assert_eq!(by_hand, counted);
    assert!(counted.values().all(|bays| *bays <= 7), "{counted:?}");

    // What those who left gave back is sold to the last bay, and no further.
    assert!(answers.iter().flatten().filter(|kept| **kept).count() >= 7);
    let refused = loop {
        let mut wish = wish(Uuid::now_v7(), Uuid::now_v7());
        (wish.from, wish.until) = (Some(timestamp(minutes(300))), Some(timestamp(minutes(301))));
        if let Err(status) = hold(&house, &wish).await {
            break status;
        }
    };
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    let (by_hand, counted) = given(&house, "standard").await;
    assert_eq!(by_hand, counted);
    assert_eq!(counted.values().max(), Some(&7), "{counted:?}");
}

#[tokio::test]
async fn a_later_end_takes_no_bay_that_is_anothers() {
    let house = house().await;
    set_capacity(&house, "standard", 1).await;
    let (stays, comes, showing) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let scheduled = ShowingScheduled {
        showing_id: showing.to_string(),
        starts_at: Some(timestamp(minutes(120))),
        ends_at: Some(timestamp(minutes(180))),
        ..Default::default()
    };
    house.react("parking", "reservations", &showing.to_string(), &scheduled).await.expect("known");
    confirmed_right(&house, stays, showing).await;
    let mut next = wish(comes, Uuid::now_v7());
    (next.from, next.until) = (Some(timestamp(minutes(255))), Some(timestamp(minutes(300))));
    hold(&house, &next).await.expect("one after the other");

    let delayed = ShowingDelayed {
        showing_id: showing.to_string(),
        minutes: 40,
        starts_at: Some(timestamp(minutes(160))),
        ends_at: Some(timestamp(minutes(220))),
        ..Default::default()
    };
    for _ in 0..2 {
        house.react("parking", "reservations", &showing.to_string(), &delayed).await.expect("moved");
    }
    let moved = right(&house, stays).await;
    assert_eq!(moved.until, Some(timestamp(minutes(280))), "nobody is thrown out");
    assert_eq!(moved.without_bay_from, Some(timestamp(minutes(255))));
    let (by_hand, counted) = given(&house, "standard").await;
    assert_eq!(by_hand, counted);
    assert!(counted.values().all(|bays| *bays == 1));

    // The other one gives up: the next word about the end finds the bay free.
    let release = pb::ReleaseBayRequest { visit_id: comes.to_string() };
    client!(house, &journey()).release_bay(release).await.expect("released");
    let delayed = ShowingDelayed { ends_at: Some(timestamp(minutes(221))), ..delayed };
    house.react("parking", "reservations", &showing.to_string(), &delayed).await.expect("moved");
    assert_eq!(right(&house, stays).await.without_bay_from, None);
}

#[tokio::test]
async fn the_database_itself_refuses_one_more() {
    let house = house().await;
    set_capacity(&house, "standard", 1).await;
    confirmed_right(&house, Uuid::now_v7(), Uuid::now_v7()).await;
    let past_our_code = "insert into parking_right select (jsonb_populate_record(null::parking_right,
        to_jsonb(r) || jsonb_build_object('visit_id', gen_random_uuid()))).* from parking_right r";
    let refused = sqlx::query(past_our_code).execute(house.pool("parking")).await.expect_err("full");
    let refused = refused.into_database_error().expect("a constraint");
    assert_eq!(refused.constraint(), Some("bay_use_within"));
}

#[tokio::test]
async fn more_than_there_are_may_be_given_where_the_house_says_so() {
    let house = house().await;
    let (before, bays) = HOUSE_FILE.split_once("class = \"standard\"\ncount = ").expect("standard bays");
    let (_, after) = bays.split_once('\n').expect("a line");
    let overbooked = format!("{before}class = \"standard\"\ncount = 2\noverbooking_percent = 50\n{after}");
    load(&house, &overbooked, false).await.expect("loads");
    for _ in 0..3 {
        hold(&house, &wish(Uuid::now_v7(), Uuid::now_v7())).await.expect("half as many again");
    }
    let full = hold(&house, &wish(Uuid::now_v7(), Uuid::now_v7())).await.expect_err("a fourth");
    assert_eq!(full.code(), Code::ResourceExhausted);
    let too_much = overbooked.replace("overbooking_percent = 50", "overbooking_percent = 101");
    let refused = load(&house, &too_much, true).await.expect_err("too much");
    assert!(refused.message().contains("overbooking_percent"), "{}", refused.message());
}

/// What happens to a car park in a day, to one of the visits (by its place) and to all.
#[derive(Clone, Debug)]
enum Step {
    Holds { class: usize, from: i64, long: i64 },
    Confirms(usize),
    Releases(usize),
    Cancels(usize),
    Delays { visit: usize, by: i64 },
    Rebooks { visit: usize, by: i64 },
    Drives { visit: usize, direction: pb::Direction },
    Closes { until: i64 },
    Opens,
    TakesLeft { visit: usize, class: usize },
    Waits(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let visit = 0_usize..1000;
    prop_oneof![
        6 => (0_usize..2, 90_i64..500, 20_i64..200).prop_map(|(class, from, long)| Step::Holds { class, from, long }),
        4 => visit.clone().prop_map(Step::Confirms),
        1 => visit.clone().prop_map(Step::Releases),
        1 => visit.clone().prop_map(Step::Cancels),
        2 => (visit.clone(), 5_i64..90).prop_map(|(visit, by)| Step::Delays { visit, by }),
        1 => (visit.clone(), 30_i64..200).prop_map(|(visit, by)| Step::Rebooks { visit, by }),
        1 => (visit.clone(), any::<bool>()).prop_map(|(visit, comes)| Step::Drives {
            visit,
            direction: if comes { pb::Direction::In } else { pb::Direction::Out },
        }),
        1 => (120_i64..500).prop_map(|until| Step::Closes { until }),
        1 => Just(Step::Opens),
        1 => (visit, 0_usize..2).prop_map(|(visit, class)| Step::TakesLeft { visit, class }),
        1 => (1_i64..8).prop_map(Step::Waits),
    ]
}

/// A visit of the walk: its showing, as it was told last.
#[derive(Clone, Copy, Debug)]
struct Guest {
    visit: Uuid,
    showing: Uuid,
    starts: i64,
    ends: i64,
}

/// The two classes of the walk, each with so many bays.
const WALKED: [(pb::BayClass, &str, i32); 2] = [(pb::BayClass::Standard, "standard", 3), (pb::BayClass::Ev, "ev", 2)];

/// Holds a bay for a showing of its own: half an hour before it begins until a quarter after it has ended.
async fn arrives(house: &House, class: usize, from: i64, long: i64) -> Option<Guest> {
    let guest = Guest { visit: Uuid::now_v7(), showing: Uuid::now_v7(), starts: from + 30, ends: from + 30 + long };
    let scheduled = ShowingScheduled {
        showing_id: guest.showing.to_string(),
        starts_at: Some(timestamp(minutes(guest.starts))),
        ends_at: Some(timestamp(minutes(guest.ends))),
        ..Default::default()
    };
    house.react("parking", "reservations", &guest.showing.to_string(), &scheduled).await.expect("known");
    let mut wish = wish(guest.visit, guest.showing);
    wish.bay_class = WALKED[class].0.into();
    (wish.from, wish.until) = (Some(timestamp(minutes(from))), Some(timestamp(minutes(guest.ends + 15))));
    wish.expires_at = Some(timestamp(house.clock.now() + chrono::TimeDelta::minutes(10)));
    hold(house, &wish).await.ok().map(|_| guest)
}

/// Takes one step; refusals are as good as anything else here.
async fn takes(house: &House, guests: &mut Vec<Guest>, step: &Step) {
    let place = |wanted: &usize| wanted.checked_rem(guests.len());
    let guest = |wanted: &usize| place(wanted).map(|place| guests[place]);
    match step {
        Step::Holds { class, from, long } => guests.extend(arrives(house, *class, *from, *long).await),
        Step::Confirms(visit) => {
            let Some(guest) = guest(visit) else { return };
            let told = confirmed(guest.visit, guest.showing);
            house.react("parking", "journey", &guest.visit.to_string(), &told).await.expect("confirmed or refused");
        }
        Step::Releases(visit) => {
            let Some(guest) = guest(visit) else { return };
            let release = pb::ReleaseBayRequest { visit_id: guest.visit.to_string() };
            drop(client!(house, &journey()).release_bay(release).await);
        }
        Step::Cancels(visit) => {
            let Some(guest) = guest(visit) else { return };
            let told = VisitCancelled { visit_id: guest.visit.to_string(), ..Default::default() };
            house.react("parking", "journey", &guest.visit.to_string(), &told).await.expect("cancelled");
        }
        Step::Delays { visit, by } => {
            let Some(place) = place(visit) else { return };
            let guest = &mut guests[place];
            (guest.starts, guest.ends) = (guest.starts + by, guest.ends + by);
            let told = ShowingDelayed {
                showing_id: guest.showing.to_string(),
                starts_at: Some(timestamp(minutes(guest.starts))),
                ends_at: Some(timestamp(minutes(guest.ends))),
                ..Default::default()
            };
            house.react("parking", "reservations", &guest.showing.to_string(), &told).await.expect("moved");
        }
        Step::Rebooks { visit, by } => {
            let Some(place) = place(visit) else { return };
            let (before, to) = (guests[place], Uuid::now_v7());
            let guest = &mut guests[place];
            (guest.showing, guest.starts, guest.ends) = (to, guest.starts + by, guest.ends + by);
            let told = VisitRebooked {
                visit_id: guest.visit.to_string(),
                from_showing_id: before.showing.to_string(),
                to_showing_id: to.to_string(),
                starts_at: Some(timestamp(minutes(guest.starts))),
                ends_at: Some(timestamp(minutes(guest.ends))),
                from_starts_at: Some(timestamp(minutes(before.starts))),
                from_ends_at: Some(timestamp(minutes(before.ends))),
                has_parking: true,
                ..VisitRebooked::default()
            };
            house.react("parking", "journey", &guest.visit.to_string(), &told).await.expect("moved");
        }
        Step::Drives { visit, direction } => {
            let Some(guest) = guest(visit) else { return };
            let passage = pb::RecordLaneRequest {
                idempotency_key: Uuid::new_v4().to_string(),
                lane: if *direction == pb::Direction::In { "in-1" } else { "out-1" }.to_owned(),
                direction: (*direction).into(),
                code: kernel::ticket_code::reference(guest.visit),
                bay_class: 0,
            };
            drop(client!(house, &attendant()).record_lane(passage).await);
        }
        Step::Closes { until } => {
            let request = pb::SetSiteStateRequest {
                state: pb::SiteState::Unreachable.into(),
                reason: Some(Text::new("Die Brücke ist gesperrt.", "The bridge is closed.").to_proto()),
                until: Some(timestamp(minutes(*until))),
            };
            drop(client!(house, &attendant()).set_site_state(request).await);
        }
        Step::Opens => {
            let closure_id = site(house).await.closure_id;
            if !closure_id.is_empty() {
                let undo = pb::UndoSiteStateRequest { closure_id };
                client!(house, &attendant()).undo_site_state(undo).await.expect("open again");
            }
        }
        Step::TakesLeft { visit, class } => {
            let Some(guest) = guest(visit) else { return };
            let left = pb::TakeLeftBayRequest { visit_id: guest.visit.to_string(), bay_class: WALKED[*class].0.into() };
            drop(client!(house, &visitor(Some(guest.visit))).take_left_bay(left).await);
        }
        Step::Waits(long) => house.clock.advance(chrono::TimeDelta::minutes(*long)),
    }
}

#[tokio::test]
async fn whatever_happens_in_a_day_no_class_is_ever_given_to_more_than_it_has() {
    let mut runner = TestRunner::deterministic();
    let mut seen = [0; 4];
    for _ in 0..6 {
        let house = house().await;
        for (_, class, bays) in WALKED {
            set_capacity(&house, class, bays).await;
        }
        let steps = proptest::collection::vec(step(), 120).new_tree(&mut runner).expect("steps").current();
        let mut guests = Vec::new();
        for (place, step) in steps.iter().enumerate() {
            takes(&house, &mut guests, step).await;
            for (_, class, bays) in WALKED {
                let (by_hand, counted) = given(&house, class).await;
                let most = counted.values().max().copied().unwrap_or_default();
                assert!(
                    by_hand == counted && most <= bays.into(),
                    "{class} after {:?}:\n{by_hand:?}\n{counted:?}",
                    &steps[..=place]
                );
                seen[0] += usize::from(most == i64::from(bays));
            }
        }
        seen[1] += house.events::<pb::RightMoved>("parking").await.len();
        seen[2] += house.events::<pb::RightSuspended>("parking").await.len();
        seen[3] += house.events::<pb::RightLost>("parking").await.len();
    }
    // The walk went where it is full, and through moves, closures and losses.
    assert!(seen.iter().all(|times| *times > 0), "{seen:?}");
}
