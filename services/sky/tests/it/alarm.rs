//! The house is evacuated while visitors have the page of their visit open, or open it.

use std::{collections::BTreeMap, time::Duration};

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    testing::House,
    values::{Text, from_timestamp, timestamp},
};
use sky_proto::{
    flow::v1::{HouseState, SetHouseStateRequest, flow_client::FlowClient},
    journey::v1::{HoldVisitRequest, IssueLinkRequest, journey_client::JourneyClient},
    payments::v1::Method,
    reservations::v1::{Channel, Need, PartyLine},
    signage::v1::{PriorityClass, PublishMessageRequest, WithdrawMessageRequest, signage_client::SignageClient},
};
use uuid::Uuid;

use crate::{
    scenario::Family,
    world::{World, furnished, until},
};

const LEAVE: &str = "Bitte verlassen Sie das Haus";
const WAIT: &str = "Bitte warten Sie auf die Mitarbeitenden";
const STEP_FREE: &str = "Warten Sie im Treppenvorraum, wir holen Sie";

/// Somebody on their phone, with the link of their visit opened.
struct Phone<'h> {
    house: &'h House,
    browser: reqwest::Client,
}

impl<'h> Phone<'h> {
    async fn of(house: &'h House, world: &World, family: &Family<'_>) -> Self {
        family.orders(Method::AtDesk).await;
        family.is_confirmed().await;
        let request = IssueLinkRequest { visit_id: family.visit.clone() };
        let mut journey = JourneyClient::new(world.door("journey", &family.me));
        let secret = journey.issue_link(request).await.expect("a link").into_inner().secret;
        let phone = Self { house, browser: reqwest::Client::builder().cookie_store(true).build().expect("a client") };
        phone.page(&format!("/v/{secret}")).await;
        phone
    }

    async fn opens(&self, path: &str) -> reqwest::Response {
        let answer = self.browser.get(format!("http://{}{path}", self.house.running.http)).send().await;
        let answer = answer.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer
    }

    async fn page(&self, path: &str) -> String {
        self.opens(path).await.text().await.expect("a page")
    }
}

/// Reads on in a live part until these words have come.
async fn reads(live: &mut reqwest::Response, words: &str) {
    let mut read = String::new();
    let words_come = async {
        while !read.contains(words) {
            let chunk = live.chunk().await.expect("goes on").expect("more");
            read.push_str(&String::from_utf8_lossy(&chunk));
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), words_come).await.is_ok(), "\"{words}\" did not come");
}

#[tokio::test]
async fn the_page_of_a_visit_says_that_the_house_is_to_be_left() {
    let own = BTreeMap::from([("insecure_cookies".to_owned(), toml::Value::Boolean(true))]);
    let (house, world) = furnished(|settings| settings.services = [("portal".to_owned(), own)].into()).await;
    let family = Family::holds(&world, house.clock.now()).await;
    let me = Caller::Visitor { session: Uuid::new_v4().to_string(), visit: None };
    let request = HoldVisitRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: family.showing.showing_id.clone(),
        party: vec![PartyLine { tariff_class: "adult".to_owned(), count: 1, need: Need::Wheelchair.into() }],
        language: "de".to_owned(),
        channel: Channel::Online.into(),
        ..Default::default()
    };
    let held = JourneyClient::new(world.door("journey", &me)).hold_visit(request).await.expect("held").into_inner();
    let wheelchair = Family { world: &world, me, visit: held.visit_id, showing: family.showing.clone() };
    let family = Phone::of(&house, &world, &family).await;
    let wheelchair = Phone::of(&house, &world, &wheelchair).await;
    assert!(!family.page("/visit").await.contains("role=\"alert\""), "nothing is wrong");

    let mut open = family.opens("/visit/alarm").await;
    let evacuate = |state: HouseState, by: &str| {
        let by = Caller::Staff { account: by.to_owned(), roles: vec![Role::Operator] };
        let mut flow = FlowClient::new(world.door("flow", &by));
        let request = SetHouseStateRequest { state: state.into(), reason: String::new(), exercise: false };
        async move { flow.set_house_state(request).await.expect("set") }
    };
    evacuate(HouseState::Evacuating, "ada").await;
    reads(&mut open, LEAVE).await;
    let told = family.page("/visit").await;
    assert!(told.contains("role=\"alert\"") && told.contains(LEAVE) && !told.contains(STEP_FREE), "{told}");
    let told = wheelchair.page("/visit").await;
    assert!(told.contains(LEAVE) && told.contains(STEP_FREE), "{told}");

    for by in ["ada", "bob"] {
        evacuate(HouseState::AllClear, by).await;
    }
    until("the all-clear", || family.page("/visit"), |page| !page.contains("role=\"alert\"")).await;
}

#[tokio::test]
async fn whoever_is_here_reads_on_the_phone_what_all_displays_say_about_their_safety() {
    let own = BTreeMap::from([("insecure_cookies".to_owned(), toml::Value::Boolean(true))]);
    let (house, world) = furnished(|settings| settings.services = [("portal".to_owned(), own)].into()).await;
    let family = Family::holds(&world, house.clock.now()).await;
    let phone = Phone::of(&house, &world, &family).await;
    let me = Caller::Staff { account: "ada".to_owned(), roles: vec![Role::Operator] };
    let mut signage = SignageClient::new(world.door("signage", &me));
    let message = async |words: &str, group: &str| {
        let request = PublishMessageRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            priority_class: PriorityClass::Safety.into(),
            text: Some(Text::new(words, words).to_proto()),
            group: group.to_owned(),
            valid_until: Some(timestamp(house.clock.now() + TimeDelta::hours(1))),
        };
        SignageClient::new(world.door("signage", &me)).publish_message(request).await.expect("said").into_inner()
    };
    let starts_at = from_timestamp(family.showing.starts_at);
    let glass = "Glas vor der Tür. Bitte Abstand halten.";
    let somewhere = "Nur am Eingang.";
    house.clock.set(starts_at - TimeDelta::minutes(50));
    message(somewhere, "foyer").await;
    let said = message(glass, "").await;
    let told = until("the message", || phone.page("/visit"), |page| page.contains(glass)).await;
    assert!(!told.contains(somewhere), "what is about other places: {told}");
    let mut live = phone.opens("/visit/alarm").await;
    reads(&mut live, glass).await;
    signage.withdraw_message(WithdrawMessageRequest { message_id: said.message_id }).await.expect("taken back");
    until("taken back", || phone.page("/visit"), |page| !page.contains(glass)).await;

    // After an alarm displays tell whoever stands outside to wait, and so does the phone, until the house opens again.
    let set = async |state: HouseState, by: &str| {
        let by = Caller::Staff { account: by.to_owned(), roles: vec![Role::Operator] };
        let request = SetHouseStateRequest { state: state.into(), reason: String::new(), exercise: false };
        FlowClient::new(world.door("flow", &by)).set_house_state(request).await.expect("set");
    };
    set(HouseState::Evacuating, "ada").await;
    for by in ["ada", "bob"] {
        set(HouseState::AllClear, by).await;
    }
    reads(&mut live, WAIT).await;
    set(HouseState::Normal, "ada").await;
    until("open again", || phone.page("/visit"), |page| !page.contains(WAIT)).await;
}
