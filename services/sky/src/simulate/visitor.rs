//! One party's visit, from the decision to go to the way home.

use std::sync::Arc;

use anyhow::Context;
use chrono::TimeDelta;
use kernel::{Role, error::is_busy, values};
use rand::RngExt;
use sky_proto::{
    flow::v1::{AdmissionState, ScanRequest, ScanVerdict, flow_client::FlowClient},
    gastro::v1::{GetMenuRequest, OrderLine, Pickup, gastro_client::GastroClient},
    journey::v1::{
        CancelVisitRequest, ConfirmVisitRequest, Contact, GetVisitRequest, HoldVisitRequest, IssueLinkRequest,
        MealWish, ParkingWish, Visit, VisitState, WatchVisitRequest, journey_client::JourneyClient,
    },
    parking::v1::{
        Alternative, Direction, GetRightRequest, GetSiteRequest, RecordLaneRequest, parking_client::ParkingClient,
        record_lane_response::Verdict,
    },
    payments::v1::{Means, Method, SettleAtDeskRequest, payments_client::PaymentsClient},
    reservations::v1::{Channel, GetBookingRequest, reservations_client::ReservationsClient},
};
use tonic::Code;
use uuid::Uuid;

use super::{LANES, World, api::Door, cafe, crowd::Party, desk, forecast, staff};

/// A school class whose coach is fifty minutes early.
pub const EARLY_COACH: &str = "early coach";
/// It lets its class out at the kerb.
pub const KERB: &str = "coach at the kerb";
/// By then whoever paid has it back, at a provider that answers.
const MONEY_BACK: TimeDelta = TimeDelta::minutes(30);
/// From the end of a showing until most cars have left.
const WAY_HOME: TimeDelta = TimeDelta::minutes(20);

/// Lives it, and reports what should not have happened.
pub async fn visit(world: &Arc<World>, party: Party) {
    if let Err(error) = live(world, &party).await {
        world.report.surprise(format!("{error:#}"));
    }
}

async fn live(world: &World, party: &Party) -> anyhow::Result<()> {
    world.until(party.books_at).await;
    let door = if party.class { world.api.staff(Role::Desk).await? } else { world.api.visitor().await? };
    let mut journey = JourneyClient::new(door.clone());
    if !party.class {
        read_page(world, "/").await?;
    }
    let Some(visit) = book(world, party, &mut journey, &door).await? else { return Ok(()) };
    world.report.booked.add(u64::from(party.people()));
    let get = GetVisitRequest { visit_id: visit.visit_id.clone() };
    let link = journey.issue_link(IssueLinkRequest { visit_id: visit.visit_id.clone() }).await?.into_inner().secret;
    read_page(world, &format!("/v/{link}")).await?;
    // Later they come back by their link, maybe on another device.
    let mut journey = JourneyClient::new(world.api.visitor_with_link(link).await?);

    if party.cancels {
        world.wait(300).await;
        journey
            .cancel_visit(CancelVisitRequest { visit_id: visit.visit_id.clone(), reason: "plans changed".to_owned() })
            .await?;
        world.report.cancelled.add(1);
        return off(world, &visit).await;
    }
    let has_bay = visit.parking.is_some();
    // They look once more before they leave, and see a delay or a cancellation.
    world.until(party.starts_at - TimeDelta::minutes(party.early_minutes + 8)).await;
    let visit = journey.get_visit(get.clone()).await?.into_inner();
    if is_off(&visit) {
        if has_bay && !party.stays_away {
            turned_away(world, party, &visit, &party.showing_id);
        }
        world.report.called_off.add(1);
        return off(world, &visit).await;
    }
    if party.stays_away {
        return Ok(());
    }
    let code = visit_code(world, &visit.visit_id).await?;
    world.until(values::from_timestamp(visit.starts_at) - TimeDelta::minutes(party.early_minutes)).await;
    let told = visit.parking.as_ref().and_then(|bay| bay.suspension.as_ref());
    let parked = match told {
        // They read it before they left: to the nearest alternative, and from there on foot.
        Some(told) => {
            world.report.cars_sent_on.add(1);
            turned_away(world, party, &visit, forecast::WAY);
            world.wait(u64::from(nearest(&told.alternatives)?) * 60).await;
            false
        }
        None if party.bay.is_some() => {
            let passed = drive(world, &code, Direction::In).await?;
            if passed == Passed::SentOn {
                turned_away(world, party, &visit, forecast::WAY);
            }
            passed == Passed::Through
        }
        None => false,
    };
    if parked && party.class {
        world.report.troubles.expect(KERB);
        let how = at_the_kerb(world, &visit.visit_id).await?;
        world.report.troubles.over(KERB, how);
    }
    let (places, people) = (&world.report.places, u64::from(party.people()));
    places.arrive(people);
    enter(world, party, &visit, &code).await?;
    if party.meal.is_some() && party.meal != Some(Pickup::BeforeShowing) && visit.meal.is_some() {
        let minutes = rand::rng().random_range(15..30);
        cafe::eat(world, people, minutes).await;
    }
    let linger = rand::rng().random_range(60..400);
    world.wait(linger).await;
    places.leave(people);
    if parked {
        world.wait(12 * 60).await;
        drive(world, &code, Direction::Out).await?;
    }
    Ok(())
}

fn is_off(visit: &Visit) -> bool {
    matches!(visit.state(), VisitState::Cancelled | VisitState::Refunding | VisitState::Refunded)
}

/// Holds, orders with payment, and waits for the confirmation. None: sold out, or gave up.
async fn book(
    world: &World,
    party: &Party,
    journey: &mut JourneyClient<Door>,
    door: &Door,
) -> anyhow::Result<Option<Visit>> {
    let meal = match party.meal {
        Some(pickup) => {
            Some(MealWish { lines: choose_meal(door, party).await?, pickup: pickup.into(), ..MealWish::default() })
        }
        None => None,
    };
    let mut request = HoldVisitRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: party.showing_id.clone(),
        party: party.lines.clone(),
        parking: party.bay.map(|class| ParkingWish { bay_class: class.into() }),
        meal,
        language: if party.number.is_multiple_of(5) { "en" } else { "de" }.to_owned(),
        channel: if party.class { Channel::Staff } else { Channel::Online }.into(),
        seats: Vec::new(),
        wish: None,
    };
    let mut held = hold(world, journey, &request).await;
    if held.as_ref().is_err_and(|status| is_full(status.code()))
        && (request.parking.is_some() || request.meal.is_some())
    {
        // No bay or no slot: they come by tram and eat at home.
        request =
            HoldVisitRequest { idempotency_key: Uuid::new_v4().to_string(), parking: None, meal: None, ..request };
        held = hold(world, journey, &request).await;
    }
    let visit = match held {
        Ok(visit) => visit.into_inner(),
        Err(status) if is_full(status.code()) => {
            anyhow::ensure!(!party.class, "the class was refused: {}", status.message());
            world.report.refused_sold_out.add(u64::from(party.people()));
            return Ok(None);
        }
        Err(status) => anyhow::bail!("hold: {:?} {}", status.code(), status.message()),
    };
    let total = visit.total.as_ref().map_or(0, |total| total.cents);
    let method = if total == 0 { Method::Free } else { party.pays };
    let confirm = ConfirmVisitRequest {
        visit_id: visit.visit_id.clone(),
        method: method.into(),
        contact: Some(Contact {
            name: format!("Party {}", party.number),
            email: format!("party{}@visitors.invalid", party.number),
        }),
        return_url: format!("{}/visits/{}/return", world.api.web, visit.visit_id),
    };
    let visit = journey.confirm_visit(confirm).await?.into_inner();
    if method == Method::Online {
        anyhow::ensure!(!visit.payment_url.is_empty(), "no address to pay at");
        let pay = format!("{}/pay", visit.payment_url.trim_end_matches('/'));
        let answer = world.api.http.post(&pay).send().await?;
        anyhow::ensure!(
            !answer.status().is_client_error() && !answer.status().is_server_error(),
            "the provider answered {}",
            answer.status()
        );
    }
    let visit = tokio::time::timeout(std::time::Duration::from_secs(20), settled(journey, visit))
        .await
        .context("a visit was not confirmed within 20 seconds")??;
    anyhow::ensure!(visit.state() != VisitState::Expired, "a visit expired while it was being paid");
    if is_off(&visit) {
        return Ok(None);
    }
    world.report.meals_ordered.add(visit.meal.is_some().into());
    Ok(Some(visit))
}

/// Follows the visit's page until the order has come to its end.
pub async fn settled(journey: &mut JourneyClient<Door>, mut visit: Visit) -> anyhow::Result<Visit> {
    let watch = WatchVisitRequest { visit_id: visit.visit_id.clone(), after_revision: 0 };
    let mut page = journey.watch_visit(watch).await?.into_inner();
    while matches!(visit.state(), VisitState::Held | VisitState::AwaitingPayment | VisitState::Confirming) {
        visit = page.message().await?.context("the visit's page ended")?;
    }
    Ok(visit)
}

/// Holds; who is asked to try again in a moment presses again, with the same key.
async fn hold(
    world: &World,
    journey: &mut JourneyClient<Door>,
    request: &HoldVisitRequest,
) -> Result<tonic::Response<Visit>, tonic::Status> {
    for _ in 0..3 {
        match journey.hold_visit(request.clone()).await {
            Err(status) if status.code() == Code::Unavailable || is_busy(&status) => {
                world.report.pressed_again.add(1);
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
            answer => return answer,
        }
    }
    journey.hold_visit(request.clone()).await
}

fn is_full(code: Code) -> bool {
    matches!(code, Code::ResourceExhausted | Code::FailedPrecondition)
}

async fn choose_meal(door: &Door, party: &Party) -> anyhow::Result<Vec<OrderLine>> {
    let menu = GastroClient::new(door.clone()).get_menu(GetMenuRequest::default()).await?.into_inner().items;
    let available: Vec<_> = menu.into_iter().filter(|item| item.available).collect();
    anyhow::ensure!(!available.is_empty(), "the menu is empty");
    let pick = |offset: usize| OrderLine {
        item_id: available[(party.number + offset) % available.len()].item_id.clone(),
        quantity: 1,
        ..OrderLine::default()
    };
    Ok((0..usize::try_from(party.people().min(3))?).map(pick).collect())
}

pub async fn visit_code(world: &World, visit_id: &str) -> anyhow::Result<String> {
    let mut reservations = ReservationsClient::new(world.api.staff(Role::Desk).await?);
    Ok(reservations.get_booking(GetBookingRequest { visit_id: visit_id.to_owned() }).await?.into_inner().visit_code)
}

/// Minutes on foot from the nearest of the other car parks.
pub fn nearest(alternatives: &[Alternative]) -> anyhow::Result<u32> {
    alternatives.iter().map(|it| it.walk_minutes).min().context("no alternative is named")
}

/// What became of a car at the barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    Through,
    /// To another car park, because the way is closed; its people have walked from there.
    SentOn,
    /// It has no bay.
    Refused,
}

/// At the barrier.
pub async fn drive(world: &World, code: &str, direction: Direction) -> anyhow::Result<Passed> {
    let mut parking = ParkingClient::new(world.api.staff(Role::Attendant).await?);
    let request = RecordLaneRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: if direction == Direction::In { "in-1" } else { "out-1" }.to_owned(),
        direction: direction.into(),
        code: code.to_owned(),
        bay_class: 0,
    };
    let answer = parking.record_lane(request).await?.into_inner();
    match (answer.verdict(), direction) {
        (Verdict::Open, Direction::In) => world.report.cars_in.add(1),
        (Verdict::Open, _) => world.report.cars_out.add(1),
        // Their part may have been refused when they booked.
        (Verdict::UnknownCode, Direction::In) => return Ok(Passed::Refused),
        // The way is closed: to the nearest alternative, and from there on foot.
        (Verdict::Closed, Direction::In) => {
            world.report.cars_sent_on.add(1);
            let site = parking.get_site(GetSiteRequest {}).await?.into_inner();
            world.wait(u64::from(nearest(&site.alternatives)?) * 60).await;
            return Ok(Passed::SentOn);
        }
        (verdict, _) => anyhow::bail!("party with a right at the barrier, {direction:?}: {verdict:?}"),
    }
    Ok(Passed::Through)
}

/// For the car park's forecast: a car that would have come.
fn turned_away(world: &World, party: &Party, visit: &Visit, because: &str) {
    let from = values::from_timestamp(visit.starts_at) - TimeDelta::minutes(party.early_minutes);
    world.report.forecasts.turned_away(because, from, values::from_timestamp(visit.ends_at) + WAY_HOME);
}

/// Where the coach stands that has just come in: it lets people out now or soon, for ten minutes at most.
async fn at_the_kerb(world: &World, visit: &str) -> anyhow::Result<String> {
    let mut parking = ParkingClient::new(world.api.staff(Role::Attendant).await?);
    let right = parking.get_right(GetRightRequest { visit_id: visit.to_owned() }).await?.into_inner();
    let stops = right.stops.context("a coach without stops")?;
    let (out, fetched) =
        (stops.set_down.context("no kerb to get out at")?, stops.pick_up.context("nobody fetches them")?);
    let (from, until) = (values::from_timestamp(out.from), values::from_timestamp(out.until));
    let now = world.clock.now();
    anyhow::ensure!(until > now && until - from <= TimeDelta::minutes(10), "out from {from} until {until}, now {now}");
    world.until(from).await;
    Ok(format!(
        "out {} min after it came, in its bay until it fetches them {} min later",
        (from - now).num_minutes().max(0),
        (values::from_timestamp(fetched.from) - from).num_minutes()
    ))
}

/// Desk, queue, lane. A class that comes early is told so and waits.
async fn enter(world: &World, party: &Party, visit: &Visit, code: &str) -> anyhow::Result<()> {
    let mut flow = FlowClient::new(world.lanes[party.number % world.lanes.len()].clone());
    if party.pays == Method::AtDesk && visit.total.as_ref().is_some_and(|total| total.cents > 0) {
        let mut payments = PaymentsClient::new(world.api.staff(Role::Desk).await?);
        let settle = SettleAtDeskRequest {
            visit_id: visit.visit_id.clone(),
            means: Means::Card.into(),
            ..SettleAtDeskRequest::default()
        };
        let settled = desk::serve(world, party.people(), payments.settle_at_desk(settle)).await?;
        if let Err(status) = settled {
            // The showing was cancelled while they were on their way.
            if status.code() != Code::FailedPrecondition {
                return Err(status.into());
            }
            world.report.called_off.add(1);
            off(world, visit).await?;
            return Ok(());
        }
    }
    if party.class {
        world.report.troubles.expect(EARLY_COACH);
        let verdict = patient_scan(world, &mut flow, party, code, 0).await?;
        anyhow::ensure!(verdict == ScanVerdict::TooEarly, "a class fifty minutes early: {verdict:?}");
        world.report.too_early.add(1);
    }
    let came = world.clock.now();
    let open =
        [AdmissionState::DoorsOpen, AdmissionState::LastCall, AdmissionState::Running, AdmissionState::Cancelled];
    let Some(state) = staff::wait_for(world, &mut flow, &party.showing_id, &open).await? else { return Ok(()) };
    if state == AdmissionState::Cancelled {
        world.report.called_off.add(1);
        off(world, visit).await?;
        return Ok(());
    }
    // The queue: a few seconds for everybody before them.
    let queue = rand::rng().random_range(5..240);
    world.wait(queue).await;
    match patient_scan(world, &mut flow, party, code, 1).await? {
        ScanVerdict::Admitted => world.report.admitted.add(u64::from(party.people())),
        ScanVerdict::TooLate => {
            world.report.too_late.add(u64::from(party.people()));
            return Ok(());
        }
        ScanVerdict::Cancelled => {
            world.report.called_off.add(1);
            off(world, visit).await?;
            return Ok(());
        }
        verdict => anyhow::bail!("a good ticket at open doors: {verdict:?}"),
    }
    if party.class {
        let waited = (world.clock.now() - came).num_minutes();
        let how = format!("{} people told that they are too early, admitted {waited} min later", party.people());
        world.report.troubles.over(EARLY_COACH, how);
    }
    world.report.places.sit_down(party.people().into());
    // The same code once more: never twice.
    if party.number.is_multiple_of(10) {
        let again = scan(&mut flow, party, code, 2).await?;
        anyhow::ensure!(again != ScanVerdict::Admitted, "the same code was admitted twice");
    }
    let over = [AdmissionState::Egress, AdmissionState::Turnover, AdmissionState::Closed, AdmissionState::Cancelled];
    staff::wait_for(world, &mut flow, &party.showing_id, &over).await?;
    world.report.places.get_up(party.people().into());
    Ok(())
}

/// Their visit does not take place: they look until their money is where it belongs.
async fn off(world: &World, visit: &Visit) -> anyhow::Result<()> {
    world.report.meals_off.add(visit.meal.is_some().into());
    let mut journey = JourneyClient::new(world.api.staff(Role::Desk).await?);
    let patience = world.clock.now() + MONEY_BACK;
    loop {
        let request = GetVisitRequest { visit_id: visit.visit_id.clone() };
        let now = journey.get_visit(request).await?.into_inner();
        // What was called off too late is not given back, and says so: cancelled, and still paid.
        if matches!(now.state(), VisitState::Cancelled | VisitState::Refunded) {
            world.report.settled.add(1);
            return Ok(());
        }
        let (state, payment) = (now.state().as_str_name(), now.payment_state().as_str_name());
        anyhow::ensure!(world.clock.now() < patience, "half an hour after a visit was off it is {state}, {payment}");
        world.wait(60).await;
    }
}

/// Scans; while admission is stopped they wait in front of the lane.
async fn patient_scan(
    world: &World,
    flow: &mut FlowClient<Door>,
    party: &Party,
    code: &str,
    first: u32,
) -> anyhow::Result<ScanVerdict> {
    let mut verdict = scan(flow, party, code, first).await?;
    let mut attempt = 10 * (first + 1);
    while verdict == ScanVerdict::Stopped {
        world.wait(60).await;
        verdict = scan(flow, party, code, attempt).await?;
        attempt += 1;
    }
    Ok(verdict)
}

async fn scan(flow: &mut FlowClient<Door>, party: &Party, code: &str, attempt: u32) -> anyhow::Result<ScanVerdict> {
    let lane = party.number % LANES + 1;
    let request = ScanRequest {
        device_id: format!("scanner-{lane}"),
        nonce: format!("{}-{attempt}", party.number),
        lane: format!("dome-{lane}"),
        showing_id: party.showing_id.clone(),
        code: code.to_owned(),
        party_count: 0,
        late_reason: String::new(),
    };
    Ok(flow.scan(request).await?.into_inner().verdict())
}

/// Reads a web page as a browser would; following a link is fine, an error is not.
async fn read_page(world: &World, path: &str) -> anyhow::Result<()> {
    let answer = world.api.send(&world.api.http.get(format!("{}{path}", world.api.web))).await?;
    let status = answer.status();
    anyhow::ensure!(status.is_success() || status.is_redirection(), "a page of the web answered {status}");
    world.report.pages_read.add(1);
    Ok(())
}
