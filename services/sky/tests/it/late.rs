//! A late family that makes it because the doors are held, and one that goes to the next showing with everything.

use std::time::Duration;

use chrono::TimeDelta;
use kernel::{Role, testing::House, values::from_timestamp};
use sky_proto::{
    flow::v1::{AdmissionState, ScanRequest, ScanVerdict, flow_client::FlowClient},
    journey::v1::{
        AcceptRebookingRequest, ListMissingRequest, Risk, Visit, VisitAtRisk, VisitClock, VisitRebooked,
        VisitRecovered, journey_client::JourneyClient, rebooking_client::RebookingClient,
    },
    parking::v1::{Direction, Right, RightState},
    payments::v1::Method,
    reservations::v1::{GetShowingRequest, reservations_client::ReservationsClient},
};
use uuid::Uuid;

use crate::{
    day::open,
    scenario::Family,
    world::{World, staff, until},
};

/// Lets the house's clock tick until the family's page holds something.
async fn ticks(house: &House, family: &Family<'_>, what: &str, holds: impl Fn(&Visit) -> bool) -> Visit {
    for _ in 0..400 {
        let visit = family.visit().await;
        if holds(&visit) {
            return visit;
        }
        house.clock.advance(TimeDelta::seconds(1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what}: {:?}", family.visit().await)
}

fn risk(visit: &Visit) -> Option<Risk> {
    visit.clock.as_ref().map(VisitClock::risk)
}

/// A family that pays at the desk, nine minutes before its showing, of whom nobody has seen anything.
async fn late<'w>(house: &House, world: &'w World) -> (Family<'w>, Visit) {
    let family = Family::holds(world, house.clock.now()).await;
    family.orders(Method::AtDesk).await;
    let visit = family.is_confirmed().await;
    house.clock.set(from_timestamp(visit.starts_at) - TimeDelta::minutes(9));
    family.moves_admission(AdmissionState::DoorsOpen).await;
    (family, visit)
}

#[tokio::test]
async fn a_late_family_makes_it_because_the_doors_are_held() {
    let (house, world, _provider) = open().await;
    let (family, _) = late(&house, &world).await;
    let at_risk = ticks(&house, &family, "at risk", |visit| risk(visit) == Some(Risk::AtRisk)).await;
    let ahead = at_risk.clock.expect("a clock").ahead;
    let kinds: Vec<&str> = ahead.iter().filter_map(|it| it.leg.as_ref()).map(|leg| leg.kind.as_str()).collect();
    assert_eq!(kinds, ["drive", "park", "walk", "desk", "queue", "seat"]);
    let request = ListMissingRequest { showing_id: family.showing.showing_id.clone() };
    let mut journey = JourneyClient::new(world.door("journey", &staff(Role::Desk)));
    let list = journey.list_missing(request).await.expect("a list").into_inner();
    assert!(list.parties[0].at_risk_since.is_some(), "the desk reads the same: {list:?}");

    family.drives(Direction::In).await;
    family.is_delayed(10).await;
    ticks(&house, &family, "in time", |visit| risk(visit) == Some(Risk::InTime)).await;
    family.is_scanned_in().await;
    until("everybody in on the page", || family.visit(), |visit| visit.admitted == 4).await;
    let at_risk: Vec<VisitAtRisk> = house.events("journey").await;
    let recovered: Vec<VisitRecovered> = house.events("journey").await;
    assert_eq!((at_risk.len(), recovered.len()), (1, 1), "each turn is told once");
}

#[tokio::test]
async fn a_family_that_will_not_make_it_takes_the_next_showing_with_meal_and_bay() {
    let (house, world, _provider) = open().await;
    let (mut family, before) = late(&house, &world).await;
    let code = family.code().await;
    let offered = ticks(&house, &family, "an offer", |visit| {
        visit.offer.as_ref().is_some_and(|offer| !offer.showing_id.is_empty())
    })
    .await;
    let offer = offered.offer.expect("an offer");
    let request = AcceptRebookingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        visit_id: family.visit.clone(),
        showing_id: offer.showing_id.clone(),
    };
    let mut rebooking = RebookingClient::new(world.door("journey", &family.me));
    for _ in 0..2 {
        let moved = rebooking.accept_rebooking(request.clone()).await.expect("moved").into_inner();
        assert_eq!((&moved.showing_id, moved.seats.len()), (&offer.showing_id, 4));
    }
    let pickup = |visit: &Visit| visit.meal.as_ref().map(|meal| from_timestamp(meal.pickup_at));
    let until_ = |visit: &Visit| visit.parking.as_ref().map(|right| from_timestamp(right.until));
    let moved = until(
        "bay and meal",
        || family.visit(),
        |visit| pickup(visit) > pickup(&before) && until_(visit) > until_(&before),
    )
    .await;
    assert!(pickup(&moved) >= moved.ends_at.map(|at| from_timestamp(Some(at))), "they eat after the new showing");
    assert_eq!(moved.parking.as_ref().map(Right::state), Some(RightState::Confirmed));
    assert_eq!((&moved.total, &moved.reference), (&before.total, &before.reference));
    let told: Vec<VisitRebooked> = house.events("journey").await;
    assert_eq!(told.len(), 1, "pressed twice, moved once");

    // The barrier and the new door take the code that is on the phone; the old door shows them the way.
    let scan = |showing: String| {
        let (world, code) = (&world, code.clone());
        async move {
            let request = ScanRequest {
                device_id: "desk".to_owned(),
                nonce: Uuid::new_v4().to_string(),
                lane: "dome-1".to_owned(),
                showing_id: showing,
                code,
                party_count: 0,
                late_reason: String::new(),
            };
            let mut flow = FlowClient::new(world.door("flow", &staff(Role::Desk)));
            flow.scan(request).await.expect("a verdict").into_inner()
        }
    };
    family.drives(Direction::In).await;
    // Not before the door has heard of the move: until then it would let them in.
    house.settle().await;
    let wrong = scan(before.showing_id.clone()).await;
    assert_eq!(wrong.verdict(), ScanVerdict::WrongShowing);
    assert_eq!(wrong.other_showing_id, offer.showing_id);
    let request = GetShowingRequest { showing_id: offer.showing_id.clone() };
    let mut reservations = ReservationsClient::new(world.door("reservations", &family.me));
    family.showing = reservations.get_showing(request).await.expect("the new one").into_inner();
    house.clock.set(from_timestamp(offer.starts_at) - TimeDelta::minutes(10));
    family.moves_admission(AdmissionState::DoorsOpen).await;
    let let_in = scan(offer.showing_id.clone()).await;
    assert_eq!((let_in.verdict(), let_in.admitted_now), (ScanVerdict::Admitted, 4));
}
