//! A house with the real programme on a Saturday noon, a payment provider, staff with accounts, and
//! browsers to walk through it. Its time goes on by itself, and tests may leap ahead.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Caller, Clock, Role,
    testing::{Furnished, House, noon},
};
use load_tests::fake_provider::FakeProvider;
use serde_json::json;
use sky_proto::{
    flow::v1::{
        HouseState, IssueSensorTokenRequest, SensorState, SetHouseStateRequest, SetSensorStateRequest,
        flow_client::FlowClient, zones_client::ZonesClient,
    },
    journey::v1::{GetVisitRequest, Visit, journey_client::JourneyClient},
    portal::v1::{ApprovePairingRequest, access_client::AccessClient},
    reservations::v1::{Booking, GetBookingRequest, reservations_client::ReservationsClient},
};
use thirtyfour::By;
use tokio::task::JoinSet;

use crate::{
    cable::Cable,
    chrome::{Browser, Chrome, Device},
    world::{ALL, World, staff, until},
};

const PASSWORD: &str = "correct horse battery";
/// One account per role, named as the role.
const STAFF: [Role; 4] = [Role::Desk, Role::Operator, Role::Kitchen, Role::Attendant];

/// What the test's leaps in time are for a page: its clocks run ahead by `test leap`.
pub const LEAPS: &str = "
    const leap = () => Number(localStorage.getItem('test leap') || 0);
    const wall = Date.now.bind(Date), ticks = performance.now.bind(performance);
    Date.now = () => wall() + leap();
    performance.now = () => ticks() + leap();";

/// The worker has put the page away.
pub const KEPT: &str =
    "caches.open('sky-monitor').then((it) => it.match(location.pathname)).then((it) => it !== undefined
    && navigator.serviceWorker.controller !== null)";

/// Everything a test walks through.
pub struct Stage {
    pub house: House,
    pub world: World,
    chrome: Chrome,
    _provider: FakeProvider,
    _time: JoinSet<()>,
}

/// The house with its programme and its staff.
static FURNISHED: Furnished = Furnished::new();

async fn furnish(house: &House) {
    World::of(house).load_house().await;
    for role in STAFF {
        let added = portal::add_account(house.database_url(), role.name(), PASSWORD, &[role]).await;
        added.expect("an account");
    }
}

impl Stage {
    /// Opens the house; `None` on a machine without a browser.
    pub async fn open() -> Option<Self> {
        Self::open_with(BTreeMap::new()).await
    }

    /// The same, with settings of services' own.
    pub async fn open_with(mut own: BTreeMap<String, BTreeMap<String, toml::Value>>) -> Option<Self> {
        let chrome = Chrome::start()?;
        let provider = FakeProvider::start(([127, 0, 0, 1], 0).into()).await.expect("a provider");
        own.insert("payments".to_owned(), provider.settings());
        let house = FURNISHED.start(&ALL, Clock::manual(noon()), furnish, |settings| settings.services = own).await;
        let world = World::of(&house);
        let clock = house.clock.clone();
        let mut time = JoinSet::new();
        time.spawn(async move {
            let mut second = tokio::time::interval(Duration::from_millis(100));
            loop {
                second.tick().await;
                clock.advance(TimeDelta::milliseconds(100));
            }
        });
        Some(Self { house, world, chrome, _provider: provider, _time: time })
    }

    /// Browsers take `__Host-` cookies from this name also without https.
    fn base(&self) -> String {
        format!("http://localhost:{}", self.house.running.http.port())
    }

    /// A visitor's browser.
    pub async fn visitor(&self, device: Device) -> Browser {
        self.chrome.browser(&self.base(), device).await
    }

    /// A screen on a wall whose cable leads to the house.
    pub async fn screen(&self, cable: &Cable) -> Browser {
        self.behind(cable, Device::Monitor).await
    }

    /// A browser on a line that can be cut.
    pub async fn behind(&self, cable: &Cable, device: Device) -> Browser {
        self.chrome.browser(&format!("http://localhost:{}", cable.port), device).await
    }

    /// The same, paired as a display.
    pub async fn monitor(&self, cable: &Cable, display: &str) -> Browser {
        let screen = self.screen(cable).await;
        screen.command("Page.addScriptToEvaluateOnNewDocument", json!({ "source": LEAPS })).await;
        screen.open("/pair").await;
        let code = screen.driver.find(By::Css(".claim")).await.expect("a code").text().await.expect("a code");
        let mut access = AccessClient::new(self.world.door("portal", &staff(Role::Desk)));
        let request = ApprovePairingRequest { claim_code: code, device_id: display.to_owned() };
        access.approve_pairing(request).await.expect("approved");
        screen.arrives("/monitor/").await;
        screen.holds("the page in the cupboard", KEPT).await;
        screen
    }

    /// One person's word about the house.
    pub async fn sets_house(&self, who: &str, state: HouseState) {
        let caller = Caller::Staff { account: who.to_owned(), roles: vec![Role::Desk] };
        let mut flow = FlowClient::new(self.world.door("flow", &caller));
        let request = SetHouseStateRequest { state: state.into(), reason: "Test".to_owned(), exercise: false };
        flow.set_house_state(request).await.expect("said");
    }

    /// The people counter over the main door is at work; answers its token.
    pub async fn counter_at_work(&self) -> String {
        let mut zones = ZonesClient::new(self.world.door("flow", &staff(Role::Operator)));
        let issued = zones.issue_sensor_token(IssueSensorTokenRequest { sensor_id: "foyer-1".to_owned() }).await;
        let token = issued.expect("a token").into_inner().token;
        self.counter_pushes(&token, 1).await;
        let online = SetSensorStateRequest { sensor_id: "foyer-1".to_owned(), state: SensorState::Online.into() };
        zones.set_sensor_state(online).await.expect("at work");
        token
    }

    /// What it sends: nobody went through it in the last minute.
    pub async fn counter_pushes(&self, token: &str, package: u32) {
        let now = self.house.clock.now();
        let (from, to) = ((now - TimeDelta::minutes(1)).to_rfc3339(), now.to_rfc3339());
        let body = json!({"logics_data": {"package_info": {"id": package}, "logics": [{"id": 1000, "records": [{
            "from": from, "to": to, "counts": [{"name": "fw", "value": 0}, {"name": "bw", "value": 0}]}]}]}});
        let address = format!("http://{}/sensors/xovis", self.house.running.http);
        let answer = reqwest::Client::new().post(address).bearer_auth(token).body(body.to_string()).send().await;
        assert_eq!(answer.expect("an answer").status(), 200);
    }

    /// The browser of somebody with a role, signed in.
    pub async fn staff(&self, role: Role, device: Device) -> Browser {
        self.signs_in(self.visitor(device).await, role).await
    }

    /// The same in a browser that is open.
    pub async fn signs_in(&self, browser: Browser, role: Role) -> Browser {
        browser.open("/staff/sign-in").await;
        browser.types("#account", role.name()).await;
        browser.types("#password", PASSWORD).await;
        browser.click("main button").await;
        browser.sees(".aside", role.name()).await;
        browser
    }

    /// Lets the house's time go on to an instant, in steps that recurring work can follow.
    pub async fn waits_until(&self, at: DateTime<Utc>) {
        while self.house.clock.now() < at {
            self.house.clock.set((self.house.clock.now() + TimeDelta::seconds(20)).min(at));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A visit as the desk knows it.
    pub async fn visit(&self, visit: &str) -> Visit {
        let mut journey = JourneyClient::new(self.world.door("journey", &staff(Role::Desk)));
        let request = GetVisitRequest { visit_id: visit.to_owned() };
        journey.get_visit(request).await.expect("a visit").into_inner()
    }

    /// Waits until a visit is as the test expects it.
    pub async fn visit_with(&self, visit: &str, what: &str, holds: impl Fn(&Visit) -> bool) -> Visit {
        until(what, || self.visit(visit), holds).await
    }

    /// A showing that begins in more than an hour, which the desk may sell.
    pub async fn for_the_desk(&self) -> String {
        crate::sale::in_the_dome(self).await.showing_id
    }

    async fn booking(&self, visit: &str) -> Booking {
        let mut reservations = ReservationsClient::new(self.world.door("reservations", &staff(Role::Desk)));
        let request = GetBookingRequest { visit_id: visit.to_owned() };
        reservations.get_booking(request).await.expect("a booking").into_inner()
    }

    /// The one code for barrier, door and counter.
    pub async fn code(&self, visit: &str) -> String {
        self.booking(visit).await.visit_code
    }

    /// The code of the first of a party.
    pub async fn ticket(&self, visit: &str) -> String {
        self.booking(visit).await.tickets.swap_remove(0).code
    }
}

/// "14:30", as the house's clocks show it.
pub fn clock(at: DateTime<Utc>) -> String {
    at.with_timezone(&chrono_tz::Europe::Berlin).format("%H:%M").to_string()
}
