//! What a phone says of directives and called groups to whoever is on the way, also while journey and flow are away: it stays until it is ended or its
//! time is over. Flow is a stand-in that says what it is told to; the real one is tested with the real edge elsewhere.

use std::{
    pin::Pin,
    sync::{LazyLock, atomic::Ordering},
    time::Duration,
};

use chrono::TimeDelta;
use kernel::{
    Access, Context, Parts, Service, Who,
    testing::House,
    values::{Text, timestamp},
};
use reqwest::Method;
use sky_proto::flow::v1::{self as pb, CallGroup, CallGroupState, Directive, FlowSnapshot, flow_server};
use tokio::sync::watch;
use tokio_stream::{Stream, StreamExt, wrappers::WatchStream};
use tonic::{Request, Response, Status, service::Routes};
use uuid::Uuid;

use crate::{
    browser::Browser,
    stand_in::{COMING, COMING_SECRET, IS_AWAY, JOURNEY, SHOWING},
};

/// What flow says; None: it is away.
static SAYS: LazyLock<watch::Sender<Option<FlowSnapshot>>> = LazyLock::new(watch::Sender::default);

const FLOW: Service = Service {
    name: "flow",
    migrations: || sqlx::migrate::Migrator { ignore_missing: true, ..sqlx::migrate::Migrator::DEFAULT },
    build: |_: Context| {
        Box::pin(async {
            let grpc = Routes::new(flow_server::FlowServer::new(Flow));
            Ok(Parts { grpc, access: vec![ACCESS], ..Parts::default() })
        })
    },
};

const ACCESS: Access = Access { service: "sky.flow.v1.Flow", methods: &[("WatchFlow", &[Who::Service("portal")])] };

struct Flow;

type Answer<T> = Result<Response<T>, Status>;

fn not_here<T>() -> Answer<T> {
    Err(Status::unimplemented("not in the stand-in"))
}

#[tonic::async_trait]
impl flow_server::Flow for Flow {
    type WatchFlowStream = Pin<Box<dyn Stream<Item = Result<FlowSnapshot, Status>> + Send>>;

    async fn watch_flow(&self, _: Request<pb::WatchFlowRequest>) -> Answer<Self::WatchFlowStream> {
        let says = WatchStream::new(SAYS.subscribe());
        let says = says.map(|it| it.ok_or_else(|| Status::unavailable("flow is away")));
        Ok(Response::new(Box::pin(says)))
    }

    async fn get_flow(&self, _: Request<pb::GetFlowRequest>) -> Answer<FlowSnapshot> {
        not_here()
    }

    async fn correct_zone(&self, _: Request<pb::CorrectZoneRequest>) -> Answer<pb::Zone> {
        not_here()
    }

    async fn move_admission(&self, _: Request<pb::MoveAdmissionRequest>) -> Answer<pb::Admission> {
        not_here()
    }

    async fn scan(&self, _: Request<pb::ScanRequest>) -> Answer<pb::ScanResponse> {
        not_here()
    }

    async fn set_house_state(&self, _: Request<pb::SetHouseStateRequest>) -> Answer<pb::House> {
        not_here()
    }

    async fn find_party(&self, _: Request<pb::FindPartyRequest>) -> Answer<pb::Party> {
        not_here()
    }
}

/// To whoever is on the way to a showing, until so many minutes from now.
fn directive(house: &House, words: &str, showing: &str, minutes: i64) -> Directive {
    Directive {
        text: Some(Text::new(words, words).to_proto()),
        valid_until: Some(timestamp(house.clock.now() + TimeDelta::minutes(minutes))),
        showing_ids: vec![showing.to_owned()],
        ..Default::default()
    }
}

fn says(directives: Vec<Directive>) {
    SAYS.send_replace(Some(FlowSnapshot { directives, ..Default::default() }));
}

/// The stream of a phone, and what it shows.
struct Phone {
    answer: reqwest::Response,
    text: String,
}

impl Phone {
    async fn opens(browser: &Browser) -> Self {
        let answer = browser.request(Method::GET, "/visit/alarm").send().await.expect("a stream");
        assert_eq!(answer.status(), 200);
        Self { answer, text: String::new() }
    }

    /// The next event: an update, or the beat that comes every other second.
    async fn event(&mut self) -> String {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.to_owned();
                self.text = rest.to_owned();
                return event;
            }
            let piece = tokio::time::timeout(Duration::from_secs(20), self.answer.chunk()).await;
            let piece = piece.expect("in time").expect("the stream goes on").expect("the stream goes on");
            self.text += &String::from_utf8_lossy(&piece);
        }
    }

    /// The next thing that it is told to show.
    async fn told(&mut self) -> String {
        for _ in 0..10 {
            let event = self.event().await;
            if event.contains("event: update") {
                return event;
            }
        }
        panic!("nothing is told")
    }

    /// It is told nothing between some beats.
    async fn keeps_what_it_shows(&mut self) {
        for _ in 0..3 {
            let event = self.event().await;
            assert!(event.contains("event: beat"), "{event}");
        }
    }

    /// It is told until it shows this.
    async fn shows(&mut self, is: impl Fn(&str) -> bool) -> String {
        loop {
            let told = self.told().await;
            if is(&told) {
                return told;
            }
        }
    }
}

const ELSEWHERE: &str = "0190a5a0-0000-7000-8000-0000000000a2";

#[tokio::test]
async fn directives_and_calls_are_on_the_phone_of_whoever_they_are_for_also_while_journey_is_away() {
    let house = House::start(&[portal::SERVICE, JOURNEY, FLOW]).await;
    let mut browser = Browser::new(&house);
    browser.get(&format!("/v/{COMING_SECRET}")).await;

    // The portal has never heard of the visit: the phone keeps what it shows, as long as anything is told.
    IS_AWAY.store(true, Ordering::Relaxed);
    let full = directive(&house, "Das Foyer ist voll.", SHOWING, 60);
    let other = directive(&house, "Der Saal ist voll.", ELSEWHERE, 60);
    says(vec![full.clone()]);
    let mut phone = Phone::opens(&browser).await;
    phone.keeps_what_it_shows().await;
    says(vec![full.clone(), other.clone()]);
    phone.keeps_what_it_shows().await;
    says(Vec::new());
    let first = phone.told().await;
    assert!(!first.contains("notice"), "nothing holds any more: {first}");

    // It was heard of when its page was opened.
    IS_AWAY.store(false, Ordering::Relaxed);
    says(vec![full.clone()]);
    phone.shows(|it| it.contains("Das Foyer ist voll.")).await;
    browser.get("/visit").await.is_page(200).says("Das Foyer ist voll.");
    IS_AWAY.store(true, Ordering::Relaxed);
    drop(phone);
    let mut phone = Phone::opens(&browser).await;
    let again = phone.told().await;
    assert!(again.contains("Das Foyer ist voll."), "{again}");
    says(vec![full.clone(), other.clone()]);
    let both = phone.told().await;
    assert!(both.contains("Das Foyer ist voll.") && !both.contains("Saal"), "{both}");
    says(vec![other.clone()]);
    let ended = phone.told().await;
    assert!(!ended.contains("notice"), "it was ended: {ended}");

    // Flow is away too: its last word holds, and not for longer than it said.
    says(vec![full]);
    phone.shows(|it| it.contains("Das Foyer ist voll.")).await;
    SAYS.send_replace(None);
    house.clock.advance(TimeDelta::minutes(59));
    phone.keeps_what_it_shows().await;
    house.clock.advance(TimeDelta::minutes(1));
    phone.shows(|it| !it.contains("notice")).await;

    // Both are back. Whose group is formed and called reads it, and nobody else's is theirs.
    IS_AWAY.store(false, Ordering::Relaxed);
    let group = |visit: Uuid, state: CallGroupState| {
        let text = Text::new("Gruppe 2 bitte zum Einlass", "Group 2, please come to the doors");
        let visit_ids = vec![visit.to_string()];
        CallGroup { number: 2, state: state.into(), text: Some(text.to_proto()), visit_ids, ..Default::default() }
    };
    let forms = |call_groups| SAYS.send_replace(Some(FlowSnapshot { call_groups, ..Default::default() }));
    forms(vec![group(COMING, CallGroupState::Formed)]);
    phone.shows(|it| it.contains("Sie sind in Gruppe 2.")).await;
    forms(vec![group(COMING, CallGroupState::Called)]);
    phone.shows(|it| it.contains("Gruppe 2 bitte zum Einlass")).await;
    browser.get("/visit").await.is_page(200).says("Gruppe 2 bitte zum Einlass");
    forms(vec![group(Uuid::from_u128(9), CallGroupState::Called)]);
    phone.shows(|it| !it.contains("notice")).await;
}
