//! Where people really are in the simulated house, and the people counters that see them pass: one over the main
//! entrance, one over the café's. They push each minute; what the house then says is compared with the truth.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use chrono::TimeDelta;
use kernel::Role;
use serde_json::{Value, json};
use sky_proto::flow::v1::{
    CorrectZoneRequest, IssueSensorTokenRequest, RezeroZonesRequest, SensorState, SetSensorStateRequest,
    flow_client::FlowClient, zones_client::ZonesClient,
};

use super::World;

/// The counters' line and, where they see the whole room, their balance; as in the house file.
const LINE: i64 = 1000;
const BALANCE: i64 = 1001;

/// A line that people cross.
#[derive(Debug, Default)]
struct Line {
    came: AtomicU64,
    gone: AtomicU64,
}

impl Line {
    fn came(&self, people: u64) {
        self.came.fetch_add(people, Ordering::Relaxed);
    }

    fn gone(&self, people: u64) {
        self.gone.fetch_add(people, Ordering::Relaxed);
    }

    /// What went each way since the last time this was asked.
    fn take(&self) -> (u64, u64) {
        (self.came.swap(0, Ordering::Relaxed), self.gone.swap(0, Ordering::Relaxed))
    }
}

/// People in each place. Who enters a place leaves another one.
#[derive(Clone, Copy, Debug, Default)]
struct Now {
    foyer: u64,
    desk: u64,
    dome: u64,
    cafe: u64,
    room: u64,
}

/// Where everybody is.
#[derive(Debug, Default)]
pub struct Places {
    now: Mutex<Now>,
    entrance: Line,
    cafe: Line,
    /// In the whole house, at the last package of the entrance's counter that has arrived.
    told_of: AtomicU64,
    /// The café's counter has lost its network.
    pub cafe_silent: AtomicBool,
}

impl Places {
    fn change(&self, change: impl FnOnce(&mut Now)) {
        change(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn now(&self) -> Now {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Through the main entrance.
    pub fn arrive(&self, people: u64) {
        self.change(|now| now.foyer += people);
        self.entrance.came(people);
    }

    /// Out of the house.
    pub fn leave(&self, people: u64) {
        self.change(|now| now.foyer -= people);
        self.entrance.gone(people);
    }

    /// From the foyer into the queue at the desk.
    pub fn queue_up(&self, people: u64) {
        self.change(|now| (now.foyer, now.desk) = (now.foyer - people, now.desk + people));
    }

    /// From the desk into the foyer.
    pub fn leave_desk(&self, people: u64) {
        self.change(|now| (now.foyer, now.desk) = (now.foyer + people, now.desk - people));
    }

    /// From the foyer into the dome.
    pub fn sit_down(&self, people: u64) {
        self.change(|now| (now.foyer, now.dome) = (now.foyer - people, now.dome + people));
    }

    /// From the dome into the foyer.
    pub fn get_up(&self, people: u64) {
        self.change(|now| (now.foyer, now.dome) = (now.foyer + people, now.dome - people));
    }

    /// From the foyer into room 1, which has no counter.
    pub fn overflow(&self, people: u64) {
        self.change(|now| (now.foyer, now.room) = (now.foyer - people, now.room + people));
    }

    /// From room 1 into the foyer.
    pub fn back_from_overflow(&self, people: u64) {
        self.change(|now| (now.foyer, now.room) = (now.foyer + people, now.room - people));
    }

    /// From the foyer into the café.
    pub fn sit_in_cafe(&self, people: u64) {
        self.change(|now| (now.foyer, now.cafe) = (now.foyer - people, now.cafe + people));
        self.cafe.came(people);
    }

    /// From the café into the foyer.
    pub fn leave_cafe(&self, people: u64) {
        self.change(|now| (now.foyer, now.cafe) = (now.foyer + people, now.cafe - people));
        self.cafe.gone(people);
    }

    /// In the café.
    pub fn in_cafe(&self) -> u64 {
        self.now().cafe
    }

    /// In the whole house.
    pub fn people(&self) -> u64 {
        let now = self.now();
        now.foyer + now.desk + now.dome + now.cafe + now.room
    }

    /// In the whole house when its entrance's counter was last heard: more than that the house cannot know, however many
    /// go out at once a moment later.
    pub fn told_of(&self) -> u64 {
        self.told_of.load(Ordering::Relaxed)
    }
}

/// Puts the counters to work, as an operator would, and lets them push each minute of the house's time.
pub async fn count(world: &Arc<World>) -> anyhow::Result<()> {
    let entrance = Counter::begin(world, "foyer-1").await?;
    let cafe = Counter::begin(world, "cafe-1").await?;
    // Lines know changes only: somebody has walked through the house before it opens.
    let empty = RezeroZonesRequest { verified_empty: true };
    ZonesClient::new(world.api.staff(Role::Operator).await?).rezero_zones(empty).await?;
    let w = world.clone();
    world.tasks.spawn_until_stop(async move {
        for package in 2.. {
            w.wait(60).await;
            let places = &w.report.places;
            let balance = i64::try_from(places.now().foyer).unwrap_or(i64::MAX);
            let (crossed, people) = (places.entrance.take(), places.people());
            entrance.push(&w, package, crossed, Some(balance)).await;
            places.told_of.store(people, Ordering::Relaxed);
        }
    });
    let w = world.clone();
    world.tasks.spawn_until_stop(async move {
        let mut package = 1;
        loop {
            w.wait(60).await;
            // What it sees without a network it tells later, as one record.
            if !w.report.places.cafe_silent.load(Ordering::Relaxed) {
                package += 1;
                cafe.push(&w, package, w.report.places.cafe.take(), None).await;
            }
        }
    });
    Ok(())
}

/// Somebody has counted the café's guests.
pub async fn correct_cafe(world: &World, people: u64, reason: &str) -> anyhow::Result<()> {
    let count = u32::try_from(people)?;
    let request = CorrectZoneRequest { zone_id: "cafe".to_owned(), count, reason: reason.to_owned() };
    FlowClient::new(world.api.staff(Role::Operator).await?).correct_zone(request).await?;
    Ok(())
}

/// A counter that pushes over HTTP.
struct Counter {
    name: &'static str,
    token: String,
}

impl Counter {
    async fn begin(world: &World, name: &'static str) -> anyhow::Result<Self> {
        let mut zones = ZonesClient::new(world.api.staff(Role::Operator).await?);
        let issue = IssueSensorTokenRequest { sensor_id: name.to_owned() };
        let counter = Self { name, token: zones.issue_sensor_token(issue).await?.into_inner().token };
        counter.push(world, 1, (0, 0), None).await;
        let online = SetSensorStateRequest { sensor_id: name.to_owned(), state: SensorState::Online.into() };
        zones.set_sensor_state(online).await?;
        Ok(counter)
    }

    async fn push(&self, world: &World, package: i64, crossed: (u64, u64), balance: Option<i64>) {
        if let Err(error) = self.try_push(world, package, crossed, balance).await {
            world.report.surprise(format!("the counter {}: {error}", self.name));
        }
    }

    async fn try_push(
        &self,
        world: &World,
        package: i64,
        (came, gone): (u64, u64),
        balance: Option<i64>,
    ) -> anyhow::Result<()> {
        let now = world.clock.now();
        let logic = |id: i64, counts: Value| {
            let from = (now - TimeDelta::seconds(60)).to_rfc3339();
            json!({"id": id, "records": [{"from": from, "to": now.to_rfc3339(), "counts": counts}]})
        };
        let mut logics = vec![logic(LINE, json!([{"name": "fw", "value": came}, {"name": "bw", "value": gone}]))];
        logics.extend(balance.map(|people| logic(BALANCE, json!([{"name": "balance", "value": people}]))));
        let body = json!({"logics_data": {
            "package_info": {"id": package},
            "sensor_info": {"time": now.to_rfc3339()},
            "logics": logics,
        }});
        let push = world.api.http.post(format!("{}/sensors/xovis", world.api.web)).bearer_auth(&self.token);
        let answer = world.api.send(&push.body(body.to_string())).await?;
        anyhow::ensure!(answer.status().is_success(), "a push was answered {}", answer.status());
        Ok(())
    }
}
