//! The house's people for a day: the operator and their showings, two lanes at the dome, the kitchen,
//! the desk's two decisions (one delay, one cancellation), and the monitors.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Role, values};
use sky_proto::{
    flow::v1::{
        Admission, AdmissionState, FlowSnapshot, GetFlowRequest, MoveAdmissionRequest, WatchFlowRequest,
        flow_client::FlowClient,
    },
    gastro::v1::{MoveOrderRequest, OrderState, WatchKitchenRequest, gastro_client::GastroClient},
    journey::v1::{CancelShowingRequest, DelayShowingRequest, journey_client::JourneyClient},
    reservations::v1::Showing,
    signage::v1::{
        AcknowledgeContentRequest, ListDisplaysRequest, WatchDisplayRequest, display_update::Update,
        signage_client::SignageClient,
    },
};
use tonic::Code;
use uuid::Uuid;

use super::{World, api::Door, troubles};

/// Everybody starts work.
pub async fn begin(world: &Arc<World>, showings: &[Showing]) -> anyhow::Result<()> {
    let operator = FlowClient::new(world.api.staff(Role::Operator).await?);
    let w = world.clone();
    world.tasks.spawn_until_stop(async move { operate(&w, operator).await });

    let kitchen = GastroClient::new(world.api.staff(Role::Kitchen).await?);
    let w = world.clone();
    world.tasks.spawn_until_stop(async move { cook(&w, kitchen).await });

    let desk = world.api.staff(Role::Operator).await?;
    decide(world, &desk, showings);

    let mut signage = SignageClient::new(world.api.staff(Role::Desk).await?);
    let displays = signage.list_displays(ListDisplaysRequest {}).await?.into_inner().displays;
    anyhow::ensure!(!displays.is_empty(), "the house has no displays");
    for display in displays {
        let signage = SignageClient::new(world.api.device("display", &display.display_id).await?);
        let w = world.clone();
        world.tasks.spawn_until_stop(async move { show(&w, signage, display.display_id).await });
    }
    Ok(())
}

/// The showings' clock in a person's hands: what the house's plan proposes, the operator does.
async fn operate(world: &World, mut flow: FlowClient<Door>) {
    loop {
        let window = GetFlowRequest {
            from: Some(values::timestamp(world.opens - TimeDelta::hours(1))),
            until: Some(values::timestamp(world.closes + TimeDelta::hours(1))),
        };
        match flow.get_flow(window).await {
            Ok(snapshot) => {
                let snapshot = snapshot.into_inner();
                world.report.estimates.see(&snapshot, world.clock.now());
                for zone in snapshot.zones.iter().filter(|zone| zone.zone_id == "dome") {
                    world.report.most_in_dome.peak(zone.count.unwrap_or_default().into());
                }
                for admission in snapshot.admissions {
                    if let Some(to) = due(&admission, world.clock.now()) {
                        let request = MoveAdmissionRequest { showing_id: admission.showing_id, to: to.into() };
                        if let Err(status) = flow.move_admission(request).await {
                            world
                                .report
                                .surprise(format!("operator could not move a showing to {to:?}: {}", status.message()));
                        }
                    }
                }
            }
            Err(status) => world.report.surprise(format!("operator's board: {}", status.message())),
        }
        world.wait(20).await;
    }
}

/// What a showing is due for.
fn due(admission: &Admission, now: DateTime<Utc>) -> Option<AdmissionState> {
    let (doors, starts, ends) = (
        values::from_timestamp(admission.doors_at),
        values::from_timestamp(admission.starts_at),
        values::from_timestamp(admission.ends_at),
    );
    match admission.state() {
        AdmissionState::Planned if now >= doors => Some(AdmissionState::DoorsOpen),
        AdmissionState::DoorsOpen if now >= starts - TimeDelta::minutes(3) => Some(AdmissionState::LastCall),
        AdmissionState::LastCall if now >= starts => Some(AdmissionState::Running),
        AdmissionState::Running if now >= ends => Some(AdmissionState::Egress),
        AdmissionState::Egress if now >= ends + TimeDelta::minutes(4) => Some(AdmissionState::Turnover),
        AdmissionState::Turnover if now >= ends + TimeDelta::minutes(10) => Some(AdmissionState::Closed),
        _ => None,
    }
}

/// The desk delays the second showing by a quarter of an hour, a third of which it takes back, and cancels the third
/// showing, each in good time.
fn decide(world: &Arc<World>, desk: &Door, showings: &[Showing]) {
    if let Some(showing) = showings.get(1) {
        let (w, mut journey, id) = (world.clone(), JourneyClient::new(desk.clone()), showing.showing_id.clone());
        let starts_at = values::from_timestamp(showing.starts_at);
        world.tasks.spawn_until_stop(async move {
            let reason =
                values::Text::new("Technik braucht noch etwas Zeit", "A technical check takes a little longer");
            for (before, minutes) in [(25, 15), (20, -5)] {
                w.until(starts_at - TimeDelta::minutes(before)).await;
                let request = DelayShowingRequest {
                    idempotency_key: Uuid::new_v4().to_string(),
                    showing_id: id.clone(),
                    minutes,
                    reason: Some(reason.to_proto()),
                    shift_following: false,
                    expected_starts_at: None,
                };
                if let Err(status) = journey.delay_showing(request).await {
                    return w.report.surprise(format!("moving by {minutes} min refused: {}", status.message()));
                }
            }
            w.report.showings_delayed.add(1);
            w.report.troubles.over(
                troubles::LATE_SHOWING,
                "by 15 min, 25 min before its start; 5 of them taken back 5 min later".to_owned(),
            );
        });
    }
    if let Some(showing) = showings.get(2).filter(|_| showings.len() > 3) {
        let (w, mut journey, id) = (world.clone(), JourneyClient::new(desk.clone()), showing.showing_id.clone());
        let at = values::from_timestamp(showing.starts_at) - TimeDelta::minutes(45);
        world.tasks.spawn_until_stop(async move {
            w.until(at).await;
            let reason = values::Text::new("Projektor ausgefallen", "Projector fault");
            let request = CancelShowingRequest {
                idempotency_key: Uuid::new_v4().to_string(),
                showing_id: id.clone(),
                reason: Some(reason.to_proto()),
            };
            match journey.cancel_showing(request).await {
                Ok(_) => {
                    w.report.forecasts.told(&id, w.clock.now());
                    w.report.showings_cancelled.add(1);
                    w.report.troubles.over(troubles::NO_SHOWING, "45 min before its start".to_owned());
                }
                Err(status) => w.report.surprise(format!("cancellation refused: {}", status.message())),
            }
        });
    }
}

/// The kitchen cooks what has been fired and hands over what is ready.
async fn cook(world: &Arc<World>, gastro: GastroClient<Door>) {
    let mut begun = BTreeSet::new();
    loop {
        let stream = gastro.clone().watch_kitchen(WatchKitchenRequest { after_revision: 0 }).await;
        let mut board = match stream {
            Ok(stream) => stream.into_inner(),
            Err(status) => {
                world.report.surprise(format!("kitchen board: {}", status.message()));
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        while let Ok(Some(board)) = board.message().await {
            for order in board.orders {
                if order.state() == OrderState::Fired && begun.insert(order.order_id.clone()) {
                    let (w, mut gastro) = (world.clone(), gastro.clone());
                    world.tasks.spawn_until_stop(async move {
                        for (after, to) in
                            [(20, OrderState::Preparing), (240, OrderState::Ready), (180, OrderState::Collected)]
                        {
                            w.wait(after).await;
                            match gastro
                                .move_order(MoveOrderRequest { order_id: order.order_id.clone(), to: to.into() })
                                .await
                            {
                                Ok(_) if to == OrderState::Collected => w.report.meals_collected.add(1),
                                Ok(_) => {}
                                Err(status) => w.report.surprise(format!("kitchen, {to:?}: {}", status.message())),
                            }
                        }
                    });
                }
            }
        }
    }
}

/// A monitor: follows its stream, says what it shows, and notices a revision that goes back.
async fn show(world: &World, mut signage: SignageClient<Door>, display_id: String) {
    let mut seen = 0;
    let mut dead = world.dead_screen.subscribe();
    let dies = display_id == troubles::DEAD_SCREEN;
    loop {
        if dies && dead.wait_for(|dead| !dead).await.is_err() {
            return;
        }
        let request = WatchDisplayRequest { display_id: display_id.clone(), after_revision: seen };
        let Ok(stream) = signage.watch_display(request).await else {
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        };
        let mut stream = stream.into_inner();
        loop {
            let update = tokio::select! {
                update = stream.message() => update,
                _ = dead.wait_for(|dead| *dead), if dies => break,
            };
            let Ok(Some(update)) = update else { break };
            if let Some(Update::Content(content)) = update.update {
                if content.revision <= seen {
                    world.report.surprise("a monitor was sent an old revision");
                }
                seen = content.revision;
                world.report.monitor_updates.add(1);
                let done = AcknowledgeContentRequest { display_id: display_id.clone(), revision: seen };
                if let Err(status) = signage.acknowledge_content(done).await {
                    world.report.surprise(format!("acknowledgement: {}", status.message()));
                }
            }
        }
    }
}

/// Waits until a showing's admission is in one of some states; answers which, or None when the day ends.
pub async fn wait_for(
    world: &World,
    flow: &mut FlowClient<Door>,
    showing_id: &str,
    wanted: &[AdmissionState],
) -> anyhow::Result<Option<AdmissionState>> {
    loop {
        let mut board = flow.watch_flow(WatchFlowRequest { after_revision: 0 }).await?.into_inner();
        loop {
            if world.clock.now() > world.closes {
                return Ok(None);
            }
            let snapshot: FlowSnapshot = match board.message().await {
                Ok(Some(snapshot)) => snapshot,
                Ok(None) => break,
                Err(status) if status.code() == Code::Unavailable => break,
                Err(status) => return Err(status).context("the house's board"),
            };
            let state =
                snapshot.admissions.iter().find(|admission| admission.showing_id == showing_id).map(Admission::state);
            if let Some(state) = state.filter(|state| wanted.contains(state)) {
                return Ok(Some(state));
            }
        }
    }
}
