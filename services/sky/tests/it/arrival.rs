//! The way here, with the real services: a car park that cannot be reached is told by one command on the monitor, on the
//! visitor's page and by post, and taken back by another one; and the queue at the door is what the door says of it.

use std::{collections::BTreeMap, path::Path, time::Duration};

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    testing::House,
    values::{Text, from_timestamp, timestamp},
};
use sky_proto::{
    flow::v1::{AdmissionState, Estimate, EstimateKind, GetFlowRequest, flow_client::FlowClient},
    journey::v1::{IssueLinkRequest, Leg, ListMissingRequest, journey_client::JourneyClient},
    parking::v1::{
        Direction, RightState, SetSiteStateRequest, SiteState, UndoSiteStateRequest, parking_client::ParkingClient,
    },
    payments::v1::Method,
    signage::v1::{WatchDisplayRequest, display_update::Update, signage_client::SignageClient},
};
use uuid::Uuid;

use crate::{
    day::open,
    scenario::Family,
    world::{World, furnished, staff, until},
};

const WHY: &str = "Die Elisabethbrücke ist gesperrt.";

/// The monitor at the way in, as its device follows it.
struct Monitor(tonic::Streaming<sky_proto::signage::v1::DisplayUpdate>);

impl Monitor {
    async fn at(world: &World, display: &str) -> Self {
        let device = Caller::Device { id: display.to_owned(), kind: "display".to_owned() };
        let request = WatchDisplayRequest { display_id: display.to_owned(), after_revision: 0 };
        let mut signage = SignageClient::new(world.door("signage", &device));
        Self(signage.watch_display(request).await.expect("a stream").into_inner())
    }

    /// Follows it until its words are as wanted.
    async fn shows(&mut self, what: &str, wanted: impl Fn(&str) -> bool) {
        let mut last = String::new();
        let shown = async {
            loop {
                let update = self.0.message().await.expect("no fault").expect("more");
                let Some(Update::Content(content)) = update.update else { continue };
                let texts = content.lines.iter().flat_map(|line| [&line.text, &line.detail]).flatten();
                last = texts.map(|text| text.de.as_str()).collect::<Vec<_>>().join(" · ");
                if wanted(&last) {
                    return;
                }
            }
        };
        let done = tokio::time::timeout(Duration::from_secs(30), shown).await;
        assert!(done.is_ok(), "{what} was never shown; last: {last}");
    }
}

/// Lets time go by until a mail with these words has come.
async fn mail(house: &House, folder: &Path, words: &str) {
    let has_come = || {
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        // Quoted-printable breaks lines wherever it likes.
        let texts = files.map(|file| std::fs::read_to_string(file.path()).unwrap_or_default());
        texts.filter(|text| text.replace("=\r\n", "").contains(words)).count()
    };
    for _ in 0..600 {
        if has_come() > 0 {
            return;
        }
        house.clock.advance(TimeDelta::seconds(1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no mail said \"{words}\"")
}

#[tokio::test]
async fn a_car_park_out_of_reach_is_told_on_the_monitor_the_page_and_by_post_and_so_is_its_undo() {
    let folder = std::env::temp_dir().join(format!("sky-arrival-{}", Uuid::new_v4().simple()));
    let text = |value: &str| toml::Value::String(value.to_owned());
    let smtp = toml::Table::from_iter([
        ("folder".to_owned(), text(folder.to_str().expect("UTF-8"))),
        ("from".to_owned(), text("Planetarium Halle <visit@planetarium.example>")),
    ]);
    let own = BTreeMap::from([
        (
            "journey".to_owned(),
            BTreeMap::from([
                ("smtp".to_owned(), toml::Value::Table(smtp)),
                ("public_url".to_owned(), text("https://planetarium.example")),
            ]),
        ),
        ("portal".to_owned(), BTreeMap::from([("insecure_cookies".to_owned(), toml::Value::Boolean(true))])),
    ]);
    let (house, world) = furnished(|settings| settings.services = own).await;
    let family = Family::holds(&world, house.clock.now()).await;
    family.orders(Method::AtDesk).await;
    family.is_confirmed().await;
    let secret = JourneyClient::new(world.door("journey", &family.me))
        .issue_link(IssueLinkRequest { visit_id: family.visit.clone() })
        .await
        .expect("a link")
        .into_inner()
        .secret;
    let browser = reqwest::Client::builder().cookie_store(true).build().expect("a client");
    let page = async |path: &str| {
        let answer = browser.get(format!("http://{}{path}", house.running.http)).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.text().await.expect("a page")
    };
    page(&format!("/v/{secret}")).await;
    let mut monitor = Monitor::at(&world, "parking-1").await;
    monitor.shows("free bays", |text| text.contains("frei") && !text.contains(WHY)).await;

    let mut attendant = ParkingClient::new(world.door("parking", &staff(Role::Attendant)));
    let close = SetSiteStateRequest {
        state: SiteState::Unreachable.into(),
        reason: Some(Text::new(WHY, "The Elisabeth bridge is closed.").to_proto()),
        until: None,
    };
    let site = attendant.set_site_state(close).await.expect("set").into_inner();
    monitor.shows("the closed bridge", |text| text.contains(WHY) && text.contains("Spitze")).await;
    let suspended = |state| {
        move |visit: &sky_proto::journey::v1::Visit| {
            visit.parking.as_ref().map(sky_proto::parking::v1::Right::state) == Some(state)
        }
    };
    until("the suspended bay", || family.visit(), suspended(RightState::Suspended)).await;
    let told = page("/visit").await;
    for part in ["Unser Parkplatz ist nicht zu erreichen", WHY, "Spitze", "9 Minuten zu Fuß"] {
        assert!(told.contains(part), "{part} is not on the page");
    }
    mail(&house, &folder, "Bitte parken Sie woanders").await;

    let undo = UndoSiteStateRequest { closure_id: site.closure_id };
    attendant.undo_site_state(undo).await.expect("undone");
    monitor.shows("free bays again", |text| text.contains("frei") && !text.contains(WHY)).await;
    until("its bay again", || family.visit(), suspended(RightState::Confirmed)).await;
    assert!(!page("/visit").await.contains(WHY), "the page is as before");
    mail(&house, &folder, "Ihr Stellplatz gilt").await;
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// What the door says of the families' showing.
async fn door(house: &House, world: &World, showing: &str) -> Option<Estimate> {
    let now = house.clock.now();
    let span = GetFlowRequest {
        from: Some(timestamp(now - TimeDelta::hours(2))),
        until: Some(timestamp(now + TimeDelta::hours(2))),
    };
    let mut flow = FlowClient::new(world.door("flow", &staff(Role::Desk)));
    let told = flow.get_flow(span).await.expect("a board").into_inner().estimates;
    told.into_iter().find(|it| it.kind() == EstimateKind::Door && it.showing_id == showing)
}

/// What the desk reads of a family's queue.
async fn queue(world: &World, family: &Family<'_>) -> Leg {
    let request = ListMissingRequest { showing_id: family.showing.showing_id.clone() };
    let mut journey = JourneyClient::new(world.door("journey", &staff(Role::Desk)));
    let parties = journey.list_missing(request).await.expect("a list").into_inner().parties;
    let party = parties.into_iter().find(|party| party.visit_id == family.visit).expect("missing");
    party.legs.into_iter().find(|leg| leg.kind == "queue").expect("a queue")
}

#[tokio::test]
async fn the_queue_at_the_door_takes_what_the_door_says_of_it() {
    let (house, world, _provider) = open().await;
    let mut families = Vec::new();
    for _ in 0..4 {
        let family = Family::holds(&world, house.clock.now()).await;
        family.orders(Method::AtDesk).await;
        family.is_confirmed().await;
        families.push(family);
    }
    let starts_at = from_timestamp(families[0].showing.starts_at);
    house.clock.set(starts_at - TimeDelta::minutes(4));
    families[0].moves_admission(AdmissionState::DoorsOpen).await;
    families[3].drives(Direction::In).await;
    families[0].is_scanned_in().await;
    house.clock.advance(TimeDelta::seconds(100));
    families[1].is_scanned_in().await;
    // The last usually come two minutes before the start: from then on it is the queue that takes the time.
    house.clock.set(starts_at - TimeDelta::seconds(110));
    let (third, fourth) = (&families[2], &families[3]);
    let showing = third.showing.showing_id.clone();
    let mut last = String::new();
    for _ in 0..120 {
        house.clock.advance(TimeDelta::milliseconds(500));
        tokio::time::sleep(Duration::from_millis(50)).await;
        let (Some(told), here, away) =
            (door(&house, &world, &showing).await, queue(&world, fourth).await, queue(&world, third).await)
        else {
            continue;
        };
        last = format!("{told:?} {here:?} {away:?}");
        // Eight people are to come. The fourth family is here and alone: four of the eight, who stand before nobody. The third
        // comes behind none or all of them: two more, give or take two.
        let (low, high) = (told.seconds - told.seconds_low, told.seconds_high - told.seconds);
        let band = low.max(high);
        let near = |found: u32, expected: u32| found.abs_diff(expected) <= 3;
        if told.people == 8
            && near(here.seconds, told.seconds / 2)
            && near(here.uncertainty_seconds, band / 2)
            && near(away.seconds, told.seconds * 3 / 4)
            && near(away.uncertainty_seconds, band * 3 / 4 + told.seconds / 4)
        {
            // By the pace of the busiest minute alone it were sixty seconds, give or take twenty.
            assert!(here.uncertainty_seconds > 25, "{last}");
            return;
        }
    }
    panic!("the queue never was what the door said: {last}");
}
