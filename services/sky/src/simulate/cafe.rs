//! The café after a showing: who eats stays a while, a people counter over its entrance pushes each minute what went
//! in and out, and what the house says of the stay is compared with how long people really stayed.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use chrono::TimeDelta;
use kernel::Role;
use sky_proto::flow::v1::{
    CorrectZoneRequest, EstimateKind, FlowSnapshot, IssueSensorTokenRequest, SensorState, SetSensorStateRequest,
    flow_client::FlowClient, zones_client::ZonesClient,
};

use super::World;

/// The counter of the house file.
const SENSOR: &str = "cafe-1";
/// Its line over the entrance.
const LINE: i64 = 1000;

/// Who went in and out since the last push, and how long people stayed.
#[derive(Debug, Default)]
pub struct Cafe {
    came: AtomicU64,
    gone: AtomicU64,
    /// Seconds of each who has left.
    stays: Mutex<Vec<u64>>,
    /// Seconds that were told.
    told: Mutex<Vec<u64>>,
}

impl Cafe {
    /// A party eats.
    pub async fn eat(&self, world: &World, people: u64, minutes: u64) {
        self.came.fetch_add(people, Ordering::Relaxed);
        world.wait(minutes * 60).await;
        self.gone.fetch_add(people, Ordering::Relaxed);
        let mut stays = self.stays.lock().unwrap_or_else(PoisonError::into_inner);
        stays.extend(std::iter::repeat_n(minutes * 60, usize::try_from(people).unwrap_or(0)));
    }

    /// Takes what the board says of the café.
    pub fn see(&self, board: &FlowSnapshot) {
        let cafe = board.estimates.iter().filter(|estimate| estimate.kind() == EstimateKind::Cafe);
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(cafe.map(|estimate| u64::from(estimate.seconds)));
    }

    /// How often something was told, what it was on average, and how long people stayed on average.
    pub fn outcome(&self) -> Option<(usize, u64, u64)> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let stays = self.stays.lock().unwrap_or_else(PoisonError::into_inner);
        let average = |seconds: &[u64]| seconds.iter().sum::<u64>().checked_div(seconds.len() as u64);
        Some((told.len(), average(&told)?, average(&stays)?))
    }
}

/// Puts the counter to work, as an operator would, and lets it push each minute of the house's time.
pub async fn count(world: &Arc<World>) -> anyhow::Result<()> {
    let mut zones = ZonesClient::new(world.api.staff(Role::Operator).await?);
    let token =
        zones.issue_sensor_token(IssueSensorTokenRequest { sensor_id: SENSOR.to_owned() }).await?.into_inner().token;
    push(world, &token, 1, 0, 0).await?;
    let online = SetSensorStateRequest { sensor_id: SENSOR.to_owned(), state: SensorState::Online.into() };
    zones.set_sensor_state(online).await?;
    // A line knows changes only: somebody says once that nobody is there.
    let mut flow = FlowClient::new(world.api.staff(Role::Operator).await?);
    let nobody = CorrectZoneRequest { zone_id: "cafe".to_owned(), count: 0, reason: "opening".to_owned() };
    flow.correct_zone(nobody).await?;
    let world_ = world.clone();
    world.tasks.spawn_until_stop(async move {
        for package in 2.. {
            world_.wait(60).await;
            let cafe = &world_.report.cafe;
            let (came, gone) = (cafe.came.swap(0, Ordering::Relaxed), cafe.gone.swap(0, Ordering::Relaxed));
            if let Err(error) = push(&world_, &token, package, came, gone).await {
                world_.report.surprise(format!("the café's counter: {error}"));
            }
        }
    });
    Ok(())
}

async fn push(world: &World, token: &str, package: i64, came: u64, gone: u64) -> anyhow::Result<()> {
    let now = world.clock.now();
    let body = serde_json::json!({"logics_data": {
        "package_info": {"id": package},
        "sensor_info": {"time": now.to_rfc3339()},
        "logics": [{"id": LINE, "records": [{
            "from": (now - TimeDelta::seconds(60)).to_rfc3339(), "to": now.to_rfc3339(),
            "counts": [{"name": "fw", "value": came}, {"name": "bw", "value": gone}],
        }]}],
    }});
    let answer = world
        .api
        .http
        .post(format!("{}/sensors/xovis", world.api.web))
        .bearer_auth(token)
        .body(body.to_string())
        .send()
        .await?;
    anyhow::ensure!(answer.status().is_success(), "a push was answered {}", answer.status());
    Ok(())
}
