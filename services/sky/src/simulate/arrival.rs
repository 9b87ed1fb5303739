//! Arrival and table on the day: the bridge to the car park is closed for a while, a family is late and makes it because
//! the doors are held, and the kitchen follows a showing that was put off. What goes wrong otherwise: see `troubles`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Role, values};
use sky_proto::{
    flow::v1::{ScanRequest, ScanVerdict, flow_client::FlowClient},
    gastro::v1::{
        GetMenuRequest, KitchenBoard, Order, OrderLine, OrderState, Pickup, WatchKitchenRequest,
        gastro_client::GastroClient,
    },
    journey::v1::{
        ConfirmVisitRequest, Contact, DelayShowingRequest, GetVisitRequest, HoldVisitRequest, ListMissingRequest,
        MealWish, MissingParty, ParkingWish, TellArrivalRequest, Visit, VisitState, arrivals_client::ArrivalsClient,
        journey_client::JourneyClient,
    },
    parking::v1::{
        BayClass, Direction, ListRightsRequest, PreviewSiteStateRequest, Right, RightState, SetSiteStateRequest,
        SiteState, Suspension, UndoSiteStateRequest, parking_client::ParkingClient,
    },
    payments::v1::{Means, Method, SettleAtDeskRequest, payments_client::PaymentsClient},
    reservations::v1::{Channel, PartyLine, Showing},
    signage::v1::{WatchDisplayRequest, display_update::Update, signage_client::SignageClient},
};
use tonic::Streaming;
use uuid::Uuid;

use super::{
    World,
    api::Door,
    forecast, troubles,
    visitor::{self, Passed},
};

/// Plans what fits into the day. `coach_at`: when the class comes by coach.
pub fn begin(world: &Arc<World>, showings: &[Showing], coach_at: Option<DateTime<Utc>>) {
    // Each books what it needs before anybody else does: nothing is left to the luck of the day.
    let books_at = world.opens + TimeDelta::minutes(1);
    if let Some(first) = showings.first() {
        let (starts_at, id) = (values::from_timestamp(first.starts_at), first.showing_id.clone());
        if books_at + TimeDelta::minutes(30) < starts_at {
            troubles::plan(world, LATE_FAMILY, books_at, move |world| late_family(world, id, starts_at));
        }
    }
    // The desk delays the second showing 25 minutes before its start.
    if let Some(second) = showings.get(1) {
        let (starts_at, id) = (values::from_timestamp(second.starts_at), second.showing_id.clone());
        if starts_at + TimeDelta::minutes(120) < world.closes {
            let at = starts_at - TimeDelta::minutes(27);
            troubles::plan(world, KITCHEN, books_at, move |world| kitchen_follows(world, id, at));
        }
    }
    let closure = showings.iter().skip(3).find_map(|showing| {
        let at = values::from_timestamp(showing.starts_at) - BRIDGE_CLOSED;
        // The class comes in by the kerb before or after it, never meanwhile.
        let spares_the_coach = coach_at.is_none_or(|coach| coach + MARGIN < at || coach > at + BRIDGE_CLOSED + MARGIN);
        (spares_the_coach && at + TimeDelta::minutes(60) < world.closes).then(|| (showing.showing_id.clone(), at))
    });
    if let Some((showing, at)) = closure {
        troubles::plan(world, BRIDGE, books_at, move |world| closed_bridge(world, showing, at));
    }
}

pub const BRIDGE: &str = "closed bridge";
pub const LATE_FAMILY: &str = "late family";
pub const KITCHEN: &str = "kitchen of the late showing";

/// A coach drives a little earlier or later than it said.
const MARGIN: TimeDelta = TimeDelta::minutes(10);

/// So long nobody gets to the car park.
const BRIDGE_CLOSED: TimeDelta = TimeDelta::minutes(30);

/// The monitor at the way in.
const PARKING_MONITOR: &str = "parking-1";
/// So long it may take until it shows what holds, by the machine's time: it is told within a second of that, but a machine
/// that does something else besides may stop for a few.
const MONITOR_PATIENCE: Duration = Duration::from_secs(30);

/// Somebody has a bay for a showing. The attendant looks at what it would mean, closes the way with one command, and takes it
/// back with another one: all visits whose bay it touches are told where to park meanwhile, and so is the monitor at the
/// way in; cars that come are sent there, and then all is as before.
async fn closed_bridge(world: Arc<World>, showing: String, at: DateTime<Utc>) -> anyhow::Result<String> {
    // Who never comes, so that there is somebody whom it concerns, whoever else has cancelled.
    let theirs = book(&world, &showing, 1, Some(BayClass::Standard), None).await.context("booking a bay")?;
    world.until(at).await;
    let mut attendant = ParkingClient::new(world.api.staff(Role::Attendant).await?);
    let mut desk = JourneyClient::new(world.api.staff(Role::Desk).await?);
    let began = world.clock.now();
    let unreachable = SiteState::Unreachable.into();
    let until = Some(values::timestamp(began + TimeDelta::hours(2)));
    let preview =
        attendant.preview_site_state(PreviewSiteStateRequest { state: unreachable, until }).await?.into_inner();
    let why = "Brücke gesperrt";
    let reason = values::Text::new(why, "The bridge is closed");
    let close = SetSiteStateRequest { state: unreachable, reason: Some(reason.to_proto()), until };
    let site = attendant.set_site_state(close).await?.into_inner();
    // At once: while the monitor is looked at, somebody calls their visit off.
    let concerned = suspended(&mut attendant, began).await?;
    world.report.forecasts.told(forecast::WAY, began);
    let shown =
        monitor(&world, |text| text.contains(why) && site.alternatives.iter().all(|place| text.contains(&place.name)))
            .await
            .context("the way is closed, with where to park instead")?;
    let nearest = visitor::nearest(&site.alternatives)?;
    let sent_away = world.report.cars_sent_on.get();

    anyhow::ensure!(
        concerned.len() == usize::try_from(preview.visits)?,
        "{} visits were foreseen, {} were suspended",
        preview.visits,
        concerned.len()
    );
    anyhow::ensure!(concerned.contains(&theirs.visit_id), "a visit with a bay was not concerned");
    for visit in &concerned {
        told(&world, &mut desk, visit, true).await?;
    }
    world.until(began + BRIDGE_CLOSED).await;
    let undo = UndoSiteStateRequest { closure_id: site.closure_id };
    let site = attendant.undo_site_state(undo).await?.into_inner();
    anyhow::ensure!(site.state() == SiteState::Open, "after the undo the site is {:?}", site.state());
    let again = monitor(&world, |text| !text.contains(why)).await.context("the way is open again")?;
    let left = suspended(&mut attendant, began).await?;
    anyhow::ensure!(left.is_empty(), "{} visits are still suspended", left.len());
    for visit in &concerned {
        told(&world, &mut desk, visit, false).await?;
    }
    Ok(format!(
        "{} visits told of {} alternatives, the nearest {nearest} min on foot, and the monitor at the way in after {} ms; \
         {} cars sent there; all as before after {} min, on the monitor within {} ms (machine's time)",
        concerned.len(),
        site.alternatives.len(),
        shown.as_millis(),
        world.report.cars_sent_on.get() - sent_away,
        BRIDGE_CLOSED.num_minutes(),
        again.as_millis()
    ))
}

/// Watches the monitor at the way in until its words are as wanted; how long that took, by the machine's clock.
async fn monitor(world: &World, wanted: impl Fn(&str) -> bool) -> anyhow::Result<Duration> {
    let asked = Instant::now();
    let mut signage = SignageClient::new(world.api.staff(Role::Attendant).await?);
    let request = WatchDisplayRequest { display_id: PARKING_MONITOR.to_owned(), after_revision: 0 };
    let mut stream = signage.watch_display(request).await?.into_inner();
    let mut last = String::new();
    while let Some(update) = stream.message().await? {
        if let Some(Update::Content(content)) = update.update {
            let texts = content.lines.iter().flat_map(|line| [&line.text, &line.detail]);
            last =
                texts.chain([&content.headline]).flatten().map(|text| text.de.as_str()).collect::<Vec<_>>().join(" ");
            if wanted(&last) {
                return Ok(asked.elapsed());
            }
        }
        anyhow::ensure!(asked.elapsed() < MONITOR_PATIENCE, "{PARKING_MONITOR} never showed it; last: {last}");
    }
    anyhow::bail!("the stream of {PARKING_MONITOR} ended; last: {last}")
}

/// The visits of the next hours whose bay is suspended.
async fn suspended(attendant: &mut ParkingClient<Door>, from: DateTime<Utc>) -> anyhow::Result<Vec<String>> {
    let span = ListRightsRequest {
        from: Some(values::timestamp(from)),
        until: Some(values::timestamp(from + TimeDelta::hours(24))),
    };
    let rights = attendant.list_rights(span).await?.into_inner().rights;
    let suspended = rights.into_iter().filter(|right| right.state() == RightState::Suspended);
    Ok(suspended.map(|right| right.visit_id).collect())
}

/// Waits until a visit's page tells where to park instead, or that its bay is there again.
async fn told(world: &World, desk: &mut JourneyClient<Door>, visit: &str, elsewhere: bool) -> anyhow::Result<()> {
    let mut last = String::new();
    for _ in 0..100 {
        let request = GetVisitRequest { visit_id: visit.to_owned() };
        let seen = desk.get_visit(request).await?.into_inner();
        // Called off meanwhile: there is nothing to tell.
        let gone = seen.state() != VisitState::Confirmed;
        let bay = seen.parking.clone();
        // A bay that was given to somebody else meanwhile is told of as lost.
        let told = |it: Suspension| it.lost || elsewhere;
        if gone || bay.is_none_or(|bay| bay.suspension.map_or(!elsewhere, told)) {
            return Ok(());
        }
        last = format!("{:?} {:?}", seen.parking.as_ref().map(Right::state), seen.showing_id);
        world.wait(10).await;
    }
    let what = if elsewhere { "where to park" } else { "that its bay is back" };
    anyhow::bail!("a visit's page never told {what}: {last}")
}

/// So long before the start they ring up and say when they will be at the barrier.
const RINGS_UP: TimeDelta = TimeDelta::minutes(20);
/// On this many minutes before the start they are at the barrier.
const AT_BARRIER: TimeDelta = TimeDelta::minutes(6);
/// For so long the doors are held for them.
const HELD: i32 = 10;

/// A family of four with a bay comes too late to be in by the start. The house sees that they are at risk as soon as
/// they ring up, staff hold the doors when they are at the barrier, and they make it.
async fn late_family(world: Arc<World>, showing_id: String, starts_at: DateTime<Utc>) -> anyhow::Result<String> {
    let visit = book(&world, &showing_id, 4, Some(BayClass::Standard), None).await.context("booking")?.visit_id;
    let code = visitor::visit_code(&world, &visit).await?;
    world.until(starts_at - RINGS_UP).await;
    let rang = world.clock.now();
    let drive = u32::try_from((RINGS_UP - AT_BARRIER).num_minutes())?;
    let said = TellArrivalRequest { visit_id: visit.clone(), minutes: Some(drive) };
    ArrivalsClient::new(world.api.staff(Role::Desk).await?)
        .tell_arrival(said)
        .await
        .context("saying when they come")?;

    let mut desk = JourneyClient::new(world.api.staff(Role::Desk).await?);
    let seen = missing(&world, &mut desk, &showing_id, &visit, |party| party.at_risk_since.is_some()).await?;
    let at_risk = world.clock.now();
    let seen = seen.context("they were in before anybody saw that they were late")?;
    world.until(starts_at - AT_BARRIER).await;
    let came = world.clock.now();
    let passed = visitor::drive(&world, &code, Direction::In).await?;
    anyhow::ensure!(passed == Passed::Through, "no barrier opened for a family with a bay");
    let showing = showing_id.clone();
    let hold = DelayShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing_id.clone(),
        minutes: HELD,
        reason: Some(values::Text::new("Wir warten auf eine Familie", "We wait for a family").to_proto()),
        shift_following: false,
        expected_starts_at: None,
    };
    JourneyClient::new(world.api.staff(Role::Operator).await?)
        .delay_showing(hold)
        .await
        .context("holding the doors")?;

    // They park, walk, and pay at the desk.
    world.until(came + TimeDelta::minutes(5)).await;
    world.report.places.arrive(4);
    let mut payments = PaymentsClient::new(world.api.staff(Role::Desk).await?);
    payments
        .settle_at_desk(SettleAtDeskRequest {
            visit_id: visit.clone(),
            means: Means::Card.into(),
            ..SettleAtDeskRequest::default()
        })
        .await
        .context("paying")?;
    world.until(came + TimeDelta::minutes(8)).await;
    let mut door = FlowClient::new(world.lanes.first().context("a lane")?.clone());
    let scan = ScanRequest {
        device_id: "scanner-1".to_owned(),
        nonce: format!("late-{visit}"),
        lane: "dome-1".to_owned(),
        showing_id,
        code: code.clone(),
        ..Default::default()
    };
    let verdict = door.scan(scan).await?.into_inner().verdict();
    world.report.places.leave(4);
    anyhow::ensure!(verdict == ScanVerdict::Admitted, "the late family at the door: {verdict:?}");
    world.report.admitted.add(4);
    let inside = world.clock.now();
    let left = missing(&world, &mut desk, &showing, &visit, |party| party.at_risk_since.is_none()).await?;
    Ok(format!(
        "rang up {} min before the start, at risk {} s later with {} s of slack, at the barrier {} min before it; the doors were held for {HELD} \
         min, in {} s before the later start, {} {} s after that",
        RINGS_UP.num_minutes(),
        (at_risk - rang).num_seconds(),
        seen.slack_seconds,
        AT_BARRIER.num_minutes(),
        (starts_at + TimeDelta::minutes(HELD.into()) - inside).num_seconds(),
        if left.is_some() { "recovered" } else { "off the list" },
        (world.clock.now() - inside).num_seconds()
    ))
}

/// What the desk's list says of a party once it is as wanted; None when they are not on it any more.
async fn missing(
    world: &World,
    desk: &mut JourneyClient<Door>,
    showing_id: &str,
    visit: &str,
    wanted: impl Fn(&MissingParty) -> bool,
) -> anyhow::Result<Option<MissingParty>> {
    let patience = world.clock.now() + TimeDelta::minutes(20);
    loop {
        let request = ListMissingRequest { showing_id: showing_id.to_owned() };
        let parties = desk.list_missing(request).await?.into_inner().parties;
        match parties.into_iter().find(|party| party.visit_id == visit) {
            None => return Ok(None),
            Some(party) if wanted(&party) => return Ok(Some(party)),
            Some(party) => anyhow::ensure!(
                world.clock.now() < patience,
                "the late family was seen as {} with {} s of slack, at risk: {}",
                party.whereabouts,
                party.slack_seconds,
                party.at_risk_since.is_some()
            ),
        }
        world.wait(5).await;
    }
}

/// Somebody books at the desk, and will pay there.
async fn book(
    world: &World,
    showing_id: &str,
    people: u32,
    bay: Option<BayClass>,
    meal: Option<MealWish>,
) -> anyhow::Result<Visit> {
    let mut desk = JourneyClient::new(world.api.staff(Role::Desk).await?);
    let (has_bay, has_meal) = (bay.is_some(), meal.is_some());
    let hold = HoldVisitRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing_id.to_owned(),
        party: vec![PartyLine { tariff_class: "adult".to_owned(), count: people, need: 0 }],
        parking: bay.map(|bay_class| ParkingWish { bay_class: bay_class.into() }),
        meal,
        language: "de".to_owned(),
        channel: Channel::Staff.into(),
        ..Default::default()
    };
    let visit = desk.hold_visit(hold).await?.into_inner();
    let confirm = ConfirmVisitRequest {
        visit_id: visit.visit_id.clone(),
        method: Method::AtDesk.into(),
        contact: Some(Contact { name: "Booked at the desk".to_owned(), email: "desk@visitors.invalid".to_owned() }),
        return_url: String::new(),
    };
    let visit = desk.confirm_visit(confirm).await?.into_inner();
    let visit = visitor::settled(&mut desk, visit).await?;
    anyhow::ensure!(
        visit.state() == VisitState::Confirmed
            && visit.parking.is_some() == has_bay
            && visit.meal.is_some() == has_meal,
        "booked, and it is {:?}",
        visit.state()
    );
    world.report.booked.add(people.into());
    world.report.meals_ordered.add(has_meal.into());
    Ok(visit)
}

/// Something to eat after the showing.
async fn a_meal(world: &World) -> anyhow::Result<MealWish> {
    let mut gastro = GastroClient::new(world.api.staff(Role::Desk).await?);
    let menu = gastro.get_menu(GetMenuRequest::default()).await?.into_inner().items;
    let item = menu.into_iter().find(|item| item.available).context("the menu is empty")?;
    let line = OrderLine { item_id: item.item_id, quantity: 1, ..OrderLine::default() };
    Ok(MealWish { lines: vec![line], pickup: Pickup::AfterShowing.into(), ..MealWish::default() })
}

async fn next(board: &mut Streaming<KitchenBoard>) -> anyhow::Result<KitchenBoard> {
    board.message().await?.context("the kitchen's board ended")
}

/// Meals after the showing that the desk puts off must move with it, each be begun once, and none before its time.
async fn kitchen_follows(world: Arc<World>, showing_id: String, at: DateTime<Utc>) -> anyhow::Result<String> {
    let wish = a_meal(&world).await?;
    let ours = book(&world, &showing_id, 1, None, Some(wish)).await.context("ordering a meal")?;
    let ours = ours.meal.context("a meal was ordered")?.order_id;
    world.until(at).await;
    let mut gastro = GastroClient::new(world.api.staff(Role::Kitchen).await?);
    let mut board = gastro.watch_kitchen(WatchKitchenRequest { after_revision: 0 }).await?.into_inner();
    let fire_at = |order: &Order| values::from_timestamp(order.fire_at);
    let planned: BTreeMap<String, DateTime<Utc>> = next(&mut board)
        .await?
        .orders
        .iter()
        .filter(|order| order.showing_id == showing_id && order.state() == OrderState::Scheduled)
        .filter(|order| order.pickup() == Pickup::AfterShowing)
        .map(|order| (order.order_id.clone(), fire_at(order)))
        .collect();
    anyhow::ensure!(planned.contains_key(&ours), "a meal that was ordered is on no board");
    let (mut moved, mut begun, mut over) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
    while over.len() < planned.len() {
        let board = next(&mut board).await?;
        let now = world.clock.now();
        let on_board: BTreeSet<&str> = board.orders.iter().map(|order| order.order_id.as_str()).collect();
        for order in board.orders.iter().filter(|order| planned.contains_key(&order.order_id)) {
            let (id, at) = (order.order_id.clone(), fire_at(order));
            match order.state() {
                OrderState::Scheduled => {
                    anyhow::ensure!(!begun.contains_key(&id), "a meal that was begun is scheduled again");
                    if at > planned[&id] {
                        moved.insert(id.clone(), at - planned[&id]);
                    }
                }
                OrderState::Fired => {
                    anyhow::ensure!(!over.contains(&id), "a meal was begun twice");
                    if begun.insert(id, now).is_none() {
                        anyhow::ensure!(now >= at, "a meal was begun {} s before its time", (at - now).num_seconds());
                    }
                }
                _ => {
                    over.insert(id);
                }
            }
        }
        // Called off with their visits.
        over.extend(planned.keys().filter(|id| !on_board.contains(id.as_str())).cloned());
    }
    anyhow::ensure!(
        moved.contains_key(&ours) && begun.contains_key(&ours),
        "a meal that was ordered was not made later"
    );
    anyhow::ensure!(moved.len() >= begun.len(), "{} of {} meals moved with the showing", moved.len(), begun.len());
    let minutes = |by: Option<&TimeDelta>| by.map_or(0, TimeDelta::num_minutes);
    Ok(format!(
        "{} meals moved by {} to {} min, {} begun, each once and none before its time",
        moved.len(),
        minutes(moved.values().min()),
        minutes(moved.values().max()),
        begun.len()
    ))
}
