//! The clock of the visit against the real house: what turns is told once, staff and visitors read the same.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Role,
    testing::staff,
    values::{Text, from_timestamp, timestamp},
};
use sky_proto::{
    flow::v1::{AdmissionMoved, AdmissionState, Lift, LiftChanged, PartyAdmitted},
    journey::v1::{self as pb, Risk},
    parking::v1::{Alternative, RightSuspended, Site, SiteChanged, SiteState, Suspension, VehicleEntered},
    payments::v1::Method,
    reservations::v1::{Need, ShowingDelayed},
};
use uuid::Uuid;

use crate::{
    client,
    notices::kept,
    support::{Town, desk, guest, line, town},
};

/// Lets the house's clock tick until a visit is seen as it is wanted.
pub async fn seen(town: &Town, visit: &pb::Visit, what: &str, wanted: impl Fn(&pb::Visit) -> bool) -> pb::Visit {
    for _ in 0..1000 {
        let now = town.get(visit).await;
        if wanted(&now) {
            return now;
        }
        town.house.clock.advance(TimeDelta::seconds(1));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never {what}: {:?}", town.get(visit).await);
}

/// The same, until it is in a risk.
pub async fn turns(town: &Town, visit: &pb::Visit, risk: Risk) -> pb::Visit {
    let in_risk = |now: &pb::Visit| now.clock.as_ref().map(pb::VisitClock::risk) == Some(risk);
    seen(town, visit, &format!("{risk:?}"), in_risk).await;
    // A visit is read before its clock: beside a clock that has just turned may stand the revision before.
    town.get(visit).await
}

/// So many minutes before the visit's showing.
pub fn before(town: &Town, visit: &pb::Visit, minutes: i64) {
    town.house.clock.set(from_timestamp(visit.starts_at) - TimeDelta::minutes(minutes));
}

fn kinds(visit: &pb::Visit) -> Vec<&str> {
    let clock = visit.clock.as_ref().expect("a clock");
    clock.ahead.iter().filter_map(|it| it.leg.as_ref()).map(|leg| leg.kind.as_str()).collect()
}

async fn told(town: &Town) -> (usize, Vec<bool>) {
    let at_risk: Vec<pb::VisitAtRisk> = town.house.events("journey").await;
    let recovered: Vec<pb::VisitRecovered> = town.house.events("journey").await;
    (at_risk.len(), recovered.iter().map(|it| it.is_in).collect())
}

fn delayed(visit: &pb::Visit, minutes: i64) -> ShowingDelayed {
    let later = |at: Option<prost_types::Timestamp>| Some(timestamp(from_timestamp(at) + TimeDelta::minutes(minutes)));
    ShowingDelayed {
        showing_id: visit.showing_id.clone(),
        minutes: i32::try_from(minutes).expect("minutes"),
        starts_at: later(visit.starts_at),
        ends_at: later(visit.ends_at),
        doors_at: Some(timestamp(from_timestamp(visit.starts_at) + TimeDelta::minutes(minutes - 20))),
        last_entry_at: later(visit.starts_at),
        reason: Some(Text::new("Brücke gesperrt", "Bridge closed").to_proto()),
    }
}

#[tokio::test]
async fn who_plans_the_way_at_breakfast_is_told_it_and_by_when_to_be_where() {
    let town = town().await;
    let visit = town.paid().await;
    let told = async |hours: i64| {
        before(&town, &visit, hours * 60);
        // It was booked an hour before its start, and the clock may have turned since, or be turning still.
        for _ in 0..200 {
            let forgotten = sqlx::query("delete from visit_clock").execute(town.house.pool("journey")).await;
            forgotten.expect("as if it had been booked then");
            tokio::time::sleep(Duration::from_millis(10)).await;
            let visit = town.get(&visit).await;
            if visit.clock.is_none() {
                return visit;
            }
        }
        panic!("the clock runs {hours} hours before");
    };
    assert!(told(37).await.ways.is_empty(), "nobody sets out so early");
    let planned = told(6).await;
    let kinds: Vec<&str> = planned.ways.iter().filter_map(|it| it.leg.as_ref()).map(|leg| leg.kind.as_str()).collect();
    assert_eq!(kinds, ["drive", "park", "walk", "queue", "seat"]);
    assert!(
        planned.ways.iter().all(|it| it.way.as_ref().is_some_and(|way| !way.de.is_empty() && !way.plain.is_empty()))
    );
    let by: Vec<_> = planned.ways.iter().map(|it| from_timestamp(it.be_there_by)).collect();
    assert!(by.windows(2).all(|pair| pair[0] < pair[1]), "{by:?}");
    let starts = from_timestamp(visit.starts_at);
    assert_eq!((by[2], by[4]), (starts - TimeDelta::minutes(30), starts), "at the house as the day says");
    let back = planned.timeline.iter().find(|step| step.kind == "leave").expect("a way home");
    assert!(back.way.is_some(), "and how to get back to the car");

    before(&town, &visit, 60);
    let ticking = turns(&town, &visit, Risk::Unknown).await;
    assert!(ticking.ways.is_empty(), "the clock tells it as it is now");
}

#[tokio::test]
async fn a_late_family_turns_to_risk_once_and_recovers_when_the_doors_are_held() {
    let town = town().await;
    let visit = town.paid().await;
    before(&town, &visit, 60);
    let early = turns(&town, &visit, Risk::Unknown).await;
    assert_eq!(kinds(&early), ["drive", "park", "walk", "queue", "seat"]);
    let ahead = early.clock.expect("a clock").ahead;
    assert!(ahead[0].leg.as_ref().is_some_and(|leg| leg.unknown && leg.seconds == 0), "nobody knows the drive");
    assert!(ahead.iter().all(|it| it.to.as_ref().is_some_and(|to| !to.de.is_empty() && !to.plain.is_empty())));
    let by: Vec<_> = ahead.iter().map(|it| from_timestamp(it.be_there_by)).collect();
    assert!(by.windows(2).all(|pair| pair[0] < pair[1]), "{by:?}");
    assert_eq!(told(&town).await, (0, vec![]));

    before(&town, &visit, 10);
    let late = turns(&town, &visit, Risk::AtRisk).await;
    assert!(late.revision > early.revision, "whoever watches hears of it");
    let entered = VehicleEntered {
        visit_id: visit.visit_id.clone(),
        lane: "in-1".to_owned(),
        at: Some(timestamp(town.house.clock.now())),
    };
    town.react_twice("parking", &visit.visit_id, &entered).await;
    let request = pb::ListMissingRequest { showing_id: visit.showing_id.clone() };
    let parked = async {
        loop {
            let list = client!(town, &desk()).list_missing(request.clone()).await.expect("a list").into_inner();
            if list.parties[0].whereabouts == "in_car_park" {
                return list;
            }
            town.house.clock.advance(TimeDelta::seconds(1));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let list = tokio::time::timeout(Duration::from_secs(60), parked).await.expect("in the car park");
    assert!(list.parties[0].at_risk_since.is_some(), "staff read the same state");
    let events: Vec<pb::VisitAtRisk> = town.house.events("journey").await;
    assert_eq!(events.len(), 1, "told once, however often the clock turns");
    assert_eq!((&events[0].visit_id, events[0].whereabouts.as_str()), (&visit.visit_id, "on_the_way"));

    // The doors are held: there is time again.
    town.react_twice("reservations", &visit.showing_id, &delayed(&visit, 10)).await;
    let held = turns(&town, &visit, Risk::InTime).await;
    assert!(held.offer.is_none(), "nothing is offered any more");
    assert_eq!(kinds(&held).last(), Some(&"seat"));
    assert_eq!(told(&town).await, (1, vec![false]));
    let admitted = PartyAdmitted {
        showing_id: visit.showing_id.clone(),
        visit_id: visit.visit_id.clone(),
        ticket_ids: (0..2).map(|_| Uuid::new_v4().to_string()).collect(),
        lane: "dome-1".to_owned(),
        at: Some(timestamp(town.house.clock.now())),
        admitted_total: 2,
        booked_total: 2,
    };
    town.react_twice("flow", &visit.showing_id, &admitted).await;
    let inside = seen(&town, &visit, "with nothing ahead", |now| kinds(now).is_empty()).await;
    assert!(kinds(&inside).is_empty(), "nothing is ahead of who is in");
    assert_eq!(told(&town).await, (1, vec![false]), "they were in time before");
}

#[tokio::test]
async fn whose_showing_becomes_hours_late_is_told_that_there_is_time_again() {
    let town = town().await;
    let visit = town.paid().await;
    before(&town, &visit, 9);
    turns(&town, &visit, Risk::AtRisk).await;
    town.react_twice("reservations", &visit.showing_id, &delayed(&visit, 180)).await;
    let late = seen(&town, &visit, "without a clock", |now| now.clock.is_none()).await;
    assert!(late.offer.is_none(), "nothing is offered any more");
    assert_eq!(told(&town).await, (1, vec![false]));
    let by = late.ways.last().and_then(|way| way.be_there_by);
    assert_eq!(by, delayed(&visit, 180).starts_at, "the way is that to the new time");

    // When it comes near the clock runs again; a delay of hours stops it also where nobody was at risk.
    before(&town, &visit, 80 - 180);
    let near = turns(&town, &visit, Risk::Unknown).await;
    town.react_twice("reservations", &visit.showing_id, &delayed(&near, 180)).await;
    let later = seen(&town, &visit, "without a clock again", |now| now.clock.is_none()).await;
    assert!(later.revision > near.revision, "whoever watches hears of it");
    assert_eq!(told(&town).await, (1, vec![false]));
}

#[tokio::test]
async fn a_mail_that_waits_is_silent_of_a_risk_that_is_over_and_not_of_the_next_one() {
    // Nobody takes its mails: they wait.
    let town = town().await;
    let visit = town.paid().await;
    let offered = async || -> Vec<String> {
        let kept = kept(&town, &visit).await.into_iter();
        kept.filter(|(kind, ..)| kind == "rebooking_offered").map(|(_, state, _)| state).collect()
    };
    let has_offer = |now: &pb::Visit| now.offer.is_some();
    before(&town, &visit, 9);
    seen(&town, &visit, "offered anything", has_offer).await;
    assert_eq!(offered().await, ["waiting"]);
    town.react_twice("reservations", &visit.showing_id, &delayed(&visit, 60)).await;
    turns(&town, &visit, Risk::Unknown).await;
    assert_eq!(offered().await, ["overtaken"]);
    before(&town, &visit, 9 - 60);
    seen(&town, &visit, "offered anything again", has_offer).await;
    assert_eq!(offered().await, ["overtaken", "waiting"]);
}

#[tokio::test]
async fn whoever_comes_in_at_the_last_moment_has_recovered_and_who_does_not_has_missed_it() {
    let town = town().await;
    let (makes_it, misses_it) = (town.paid().await, town.paid().await);
    before(&town, &makes_it, 9);
    turns(&town, &makes_it, Risk::AtRisk).await;
    turns(&town, &misses_it, Risk::AtRisk).await;
    let admitted = PartyAdmitted {
        showing_id: makes_it.showing_id.clone(),
        visit_id: makes_it.visit_id.clone(),
        ticket_ids: (0..2).map(|_| Uuid::new_v4().to_string()).collect(),
        at: Some(timestamp(town.house.clock.now())),
        ..PartyAdmitted::default()
    };
    town.react_twice("flow", &makes_it.showing_id, &admitted).await;
    turns(&town, &makes_it, Risk::InTime).await;
    let running = AdmissionMoved {
        showing_id: makes_it.showing_id.clone(),
        state: AdmissionState::Running.into(),
        at: makes_it.starts_at,
        predicted_end_at: makes_it.ends_at,
    };
    town.react_twice("flow", &makes_it.showing_id, &running).await;
    turns(&town, &misses_it, Risk::Missed).await;
    assert_eq!(told(&town).await, (2, vec![true]), "missing it is no second turn");
}

#[tokio::test]
async fn where_late_guests_are_let_in_a_party_has_until_the_last_entry() {
    let town = town().await;
    let visit = town.paid().await;
    let last_entry = from_timestamp(visit.starts_at) + TimeDelta::minutes(60);
    let told = ShowingDelayed { last_entry_at: Some(timestamp(last_entry)), ..delayed(&visit, 0) };
    town.react_twice("reservations", &visit.showing_id, &told).await;
    before(&town, &visit, 3);
    let unseen = turns(&town, &visit, Risk::Unknown).await;
    assert_eq!(unseen.clock.and_then(|clock| clock.door_closes_at), Some(timestamp(last_entry)));
    let running = AdmissionMoved {
        showing_id: visit.showing_id.clone(),
        state: AdmissionState::Running.into(),
        at: visit.starts_at,
        predicted_end_at: visit.ends_at,
    };
    before(&town, &visit, -5);
    town.react_twice("flow", &visit.showing_id, &running).await;
    // Some turns of the clock later.
    for _ in 0..150 {
        town.house.clock.advance(TimeDelta::seconds(1));
        tokio::time::sleep(Duration::from_millis(10)).await;
        let risk = town.get(&visit).await.clock.map(|clock| clock.risk());
        assert_eq!(risk, Some(Risk::Unknown), "they may still come");
    }
    before(&town, &visit, -61);
    turns(&town, &visit, Risk::Missed).await;
}

#[tokio::test]
async fn each_leg_takes_what_the_service_that_knows_it_tells() {
    let town = town().await;
    let visit = town.paid().await;
    let leg = |visit: &pb::Visit, kind: &str| {
        let clock = visit.clock.clone().expect("a clock");
        let leg = clock.ahead.into_iter().filter_map(|it| it.leg).find(|leg| leg.kind == kind).expect("a leg");
        (leg.seconds, leg.uncertainty_seconds)
    };
    let site = |state: SiteState| SiteChanged {
        site: Some(Site {
            state: state.into(),
            walk_minutes: 4,
            walk_uncertainty_seconds: 50,
            park_seconds: 200,
            park_uncertainty_seconds: 70,
            alternatives: vec![Alternative { name: "Spitze".to_owned(), walk_minutes: 9, ..Alternative::default() }],
            ..Site::default()
        }),
    };
    town.react_twice("parking", "site", &site(SiteState::Open)).await;
    sqlx::query("insert into wait values ('desk', 400, 300, 600, 60, $1), ($2, 0, 0, 0, 360, $1)")
        .bind(from_timestamp(visit.starts_at))
        .bind(&visit.showing_id)
        .execute(town.house.pool("journey"))
        .await
        .expect("told");
    before(&town, &visit, 60);
    // A turn of before the site was told may be shown still.
    turns(&town, &visit, Risk::Unknown).await;
    // Two people at 360 an hour queue for 20 seconds.
    let is_told = |now: &pb::Visit| leg(now, "park") == (200, 70) && leg(now, "queue").0 == 20;
    let told = seen(&town, &visit, "as site and door tell", is_told).await;
    assert_eq!(leg(&told, "walk"), (240, 50));
    let due = town.booked().await;
    let told = turns(&town, &due, Risk::Unknown).await;
    assert_eq!(leg(&told, "desk"), (400, 150), "who pays there queues there");

    // The bridge is closed: whose bay cannot be reached parks further away, and nobody else.
    town.react_twice("parking", "site", &site(SiteState::Unreachable)).await;
    let suspended = RightSuspended {
        visit_id: visit.visit_id.clone(),
        closure_id: Uuid::new_v4().to_string(),
        suspension: Some(Suspension {
            state: SiteState::Unreachable.into(),
            alternatives: site(SiteState::Unreachable).site.expect("a site").alternatives,
            ..Suspension::default()
        }),
        ..RightSuspended::default()
    };
    town.react_twice("parking", &visit.visit_id, &suspended).await;
    seen(&town, &visit, "parking further away", |now| leg(now, "walk").0 == 540).await;
    let other = turns(&town, &due, Risk::Unknown).await;
    assert_eq!(leg(&other, "walk").0, 240, "its bay is as far as ever");
}

#[tokio::test]
async fn the_day_says_how_to_go_back_to_the_bay_and_a_meal_before_the_showing_lies_on_the_way() {
    let town = town().await;
    let visit = town.paid().await;
    let site = Site { walk_minutes: 4, walk_uncertainty_seconds: 50, ..Site::default() };
    town.react_twice("parking", "site", &SiteChanged { site: Some(site) }).await;
    let way = |visit: &pb::Visit, kind: &str| {
        let step = visit.timeline.iter().find(|step| step.kind == kind).expect("a step").clone();
        let way = step.way?;
        let leg = way.leg.expect("a leg");
        Some((leg.kind, leg.seconds, way.to.expect("a place").en))
    };
    let mut later = town.wish();
    later.showing_id = town.programme.last().expect("a showing in some days").showing_id.clone();
    let later = town.confirm(&town.hold(&later).await.expect("held"), Method::AtDesk).await.expect("ordered");
    before(&town, &later, 37 * 60);
    assert_eq!(way(&town.get(&later).await, "leave"), None, "while it is far ahead");
    before(&town, &later, 35 * 60);
    assert!(way(&town.get(&later).await, "leave").is_some(), "and once it may be planned");
    before(&town, &visit, 60);
    let near = turns(&town, &visit, Risk::Unknown).await;
    assert_eq!(way(&near, "leave"), Some(("back".to_owned(), 240, "Holzplatz car park".to_owned())));
    assert_eq!((way(&near, "doors"), way(&near, "start")), (None, None), "the way ahead says those");

    // As if a meal before the showing had been ordered.
    let meal = |pickup: &str, minutes: i64| {
        let at = from_timestamp(visit.starts_at) - TimeDelta::minutes(minutes);
        serde_json::json!({"order_id": Uuid::new_v4().to_string(), "number": 7, "part": "confirmed",
            "kitchen": "scheduled", "dishes": [], "pickup": pickup, "pickup_at": at, "booked_pickup_at": at,
            "fire_at": at, "items": []})
    };
    for (pickup, minutes, ahead) in [
        ("PICKUP_BEFORE_SHOWING", 30, vec!["drive", "park", "walk", "meal", "queue", "seat"]),
        ("PICKUP_AFTER_SHOWING", -75, vec!["drive", "park", "walk", "queue", "seat"]),
    ] {
        sqlx::query("update visit set meal = $2, revision = revision + 1 where id = $1")
            .bind(Uuid::try_parse(&visit.visit_id).expect("an id"))
            .bind(meal(pickup, minutes))
            .execute(town.house.pool("journey"))
            .await
            .expect("ordered");
        let told = town.get(&visit).await;
        assert_eq!(kinds(&told), ahead, "{pickup}");
        let stands = way(&told, "meal").map(|(kind, seconds, _)| (kind, seconds));
        let expected = (minutes < 0).then(|| ("meal".to_owned(), 180));
        assert_eq!(stands, expected, "once, where it belongs: {pickup}");
    }
}

#[tokio::test]
async fn a_lift_that_fails_changes_the_step_free_way_at_once() {
    let town = town().await;
    let mut wish = town.wish();
    wish.parking = None;
    wish.party = vec![line("adult", 1)];
    wish.party[0].need = Need::Wheelchair.into();
    let held = town.hold(&wish).await.expect("held");
    let visit = town.confirm(&held, Method::AtDesk).await.expect("ordered");
    let visit = town.wait_for(&visit, pb::VisitState::Confirmed).await;
    // As if its hall were upstairs.
    sqlx::query("update showing set hall = 'room-1' where showing_id = $1")
        .bind(Uuid::try_parse(&visit.showing_id).expect("an id"))
        .execute(town.house.pool("journey"))
        .await
        .expect("moved");
    let lift = |working, revision| LiftChanged {
        lift: Some(Lift {
            lift_id: "lift".to_owned(),
            working,
            without: Some(Text::new("Wir kommen zu Ihnen.", "We will come to you.").to_proto()),
            revision,
            ..Lift::default()
        }),
    };
    before(&town, &visit, 300);
    let planned = town.get(&visit).await;
    town.react_twice("flow", "lift", &lift(false, 1)).await;
    let told = town.get(&visit).await;
    assert!(told.clock.is_none() && told.ways.iter().any(|it| it.blocked), "as planned: {:?}", told.ways);
    assert!(told.revision > planned.revision, "an open page moves hours before, too");
    town.react_twice("flow", "lift", &lift(true, 2)).await;

    before(&town, &visit, 60);
    let queue = |visit: &pb::Visit| {
        let clock = visit.clock.clone().expect("a clock");
        let it = clock.ahead.into_iter().find(|it| it.leg.as_ref().is_some_and(|leg| leg.kind == "queue"));
        it.map(|it| (it.way.expect("a way").en, it.blocked)).expect("a queue")
    };
    let by_lift = turns(&town, &visit, Risk::Unknown).await;
    assert!(queue(&by_lift).0.contains("lift"), "{:?}", queue(&by_lift));
    town.react_twice("flow", "lift", &lift(false, 4)).await;
    let blocked = town.get(&visit).await;
    assert_eq!(queue(&blocked), ("We will come to you.".to_owned(), true));
    assert!(blocked.revision > by_lift.revision, "the page moves");
    // What it was before comes once more, late.
    town.react_twice("flow", "lift", &lift(true, 3)).await;
    assert!(queue(&town.get(&visit).await).1);
    town.react_twice("flow", "lift", &lift(true, 5)).await;
    assert!(!queue(&town.get(&visit).await).1);
}

#[tokio::test]
async fn what_the_clock_writes_of_twelve_visits_takes_one_statement_each() {
    let town = town().await;
    let mut last = None;
    for n in 0..12 {
        let mut wish = town.wish();
        (wish.parking, wish.party) = (None, vec![line("adult", 1)]);
        let guest = guest(&format!("guest {n}"));
        let held = town.hold_as(&guest, &wish).await.expect("held");
        let request = pb::ConfirmVisitRequest {
            visit_id: held.visit_id.clone(),
            method: Method::AtDesk.into(),
            contact: Some(pb::Contact { name: "W. H.".to_owned(), email: format!("n{n}@visitors.invalid") }),
            return_url: String::new(),
        };
        let visit = client!(town, &guest).confirm_visit(request).await.expect("ordered").into_inner();
        last = Some(town.wait_for(&visit, pb::VisitState::Confirmed).await);
    }
    let visit = last.expect("visits");
    before(&town, &visit, 9);
    turns(&town, &visit, Risk::AtRisk).await;
    seen(&town, &visit, "offered anything", |now| now.offer.is_some()).await;
    // PostgreSQL notes of each row which transaction wrote it, and which command of that transaction.
    for (written, rows) in [
        ("visit_clock where risk = 'at_risk'", 12),
        ("rebooking_offer where visit_id is not null", 12),
        ("notice where kind in ('at_risk', 'rebooking_offered')", 12),
    ] {
        let (count, commands): (i64, i64) = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "select count(*), count(distinct (xmin::text, cmin::text)) from {written}"
        )))
        .fetch_one(town.house.pool("journey"))
        .await
        .expect("a count");
        assert_eq!((count, commands), (rows, 1), "{written}: one statement, however many visits");
    }
    let rows: Vec<(DateTime<Utc>,)> = sqlx::query_as("select observed_at from visit_clock where risk = 'at_risk'")
        .fetch_all(town.house.pool("journey"))
        .await
        .expect("rows");
    assert_eq!(rows.len(), 12);
    assert!(rows.windows(2).all(|pair| pair[0] == pair[1]), "all in one turn");
    let events: Vec<pb::VisitAtRisk> = town.house.events("journey").await;
    assert_eq!(events.len(), 12);
    let caller = staff(Role::Operator);
    let request = pb::ListMissingRequest { showing_id: visit.showing_id.clone() };
    let list = client!(town, &caller).list_missing(request).await.expect("a list").into_inner();
    assert!(list.parties.iter().all(|party| party.at_risk_since.is_some()));
}
