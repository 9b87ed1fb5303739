//! Official warnings that the house reads by itself: from a real server, which fails in every way that one can.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::TimeDelta;
use kernel::{
    Clock,
    testing::{House, noon, producer},
};
use sky_proto::signage::v1::{self as pb, alerts_client::AlertsClient};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};

use crate::{client, open_formats::cap, support::*};

/// A server that answers every request with what was set last.
struct Server {
    url: String,
    answer: Arc<Mutex<(u16, String)>>,
    _task: JoinSet<()>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url =
            format!("http://{}/api31/dashboard/150020000000.json?key=secret", listener.local_addr().expect("bound"));
        let answer = Arc::new(Mutex::new((200, "[]".to_owned())));
        let answers = answer.clone();
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Ok((mut line, _)) = listener.accept().await {
                let (mut request, mut piece) = (Vec::new(), [0; 4096]);
                while !request.windows(4).any(|it| it == b"\r\n\r\n") {
                    match line.read(&mut piece).await {
                        Ok(0) | Err(_) => break,
                        Ok(read) => request.extend_from_slice(&piece[..read]),
                    }
                }
                let (status, body) = answers.lock().expect("not poisoned").clone();
                let head = format!(
                    "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\nLocation: /elsewhere\r\n\r\n",
                    body.len()
                );
                let _ = line.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await;
            }
        });
        Self { url, answer, _task: task }
    }

    fn says(&self, status: u16, body: impl Into<String>) {
        *self.answer.lock().expect("not poisoned") = (status, body.into());
    }
}

fn entry(id: &str, severity: &str, headline: &str) -> String {
    format!(
        r#"{{"id":"{id}","payload":{{"version":2,"type":"ALERT","hash":"x","data":{{"headline":"{headline}",
           "provider":"DWD","severity":"{severity}","msgType":"Alert","area":{{"type":"ZGEM","data":"1"}}}}}},
           "i18nTitle":{{"de":"{headline}"}},"sent":"2026-11-28T08:50:00+01:00"}}"#
    )
}

async fn house_with(address: &str) -> House {
    house_that_takes(&[address], &[]).await
}

/// Warnings of these senders only; of none: of all.
async fn house_that_takes(addresses: &[&str], senders: &[&str]) -> House {
    let list = |of: &[&str]| of.iter().map(|it| toml::Value::String((*it).to_owned())).collect();
    let settings = [("warnings", list(addresses)), ("senders", list(senders))];
    let settings = settings.map(|(name, list)| (name.to_owned(), toml::Value::Array(list)));
    let own = BTreeMap::from([("signage".to_owned(), BTreeMap::from(settings))]);
    let others = ["reservations", "flow", "parking", "gastro", "portal"].map(producer);
    let services: Vec<_> = std::iter::once(signage::SERVICE).chain(others).collect();
    let house = House::start_at(&services, Clock::manual(noon()), own).await;
    load(&house, HOUSE_FILE, false).await.expect("house file loads");
    house
}

async fn feed(house: &House) -> pb::WarningFeed {
    let answer = AlertsClient::new(house.channel(&operator())).list_feeds(pb::ListFeedsRequest {}).await;
    answer.expect("a list").into_inner().feeds.remove(0)
}

/// Lets the minutes pass until it is so.
async fn until(house: &House, what: &str, is: impl AsyncFn() -> bool) {
    for _ in 0..40 {
        house.clock.advance(TimeDelta::seconds(61));
        for _ in 0..25 {
            if is().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    panic!("never: {what}; {:?}", feed(house).await);
}

#[tokio::test]
async fn warnings_come_by_themselves_stay_while_the_feed_is_dead_and_go_with_it() {
    let server = Server::start().await;
    let house = house_with(&server.url).await;
    let new = feed(&house).await;
    assert!(!new.name.contains("secret") && new.name.ends_with("/api31/dashboard/150020000000.json"), "{}", new.name);
    assert!(new.asked_at.is_none() && !new.silent);

    // Long sent and without an end: it holds because the list has it.
    server.says(200, format!("[{}]", entry("dwd.1", "Severe", "SCHWERES GEWITTER")));
    let shows = async || words(&content(&house, "foyer-1").await).contains("SCHWERES GEWITTER");
    until(&house, "the warning is shown", shows).await;
    let heard = feed(&house).await;
    assert_eq!((heard.problem.as_str(), heard.warnings, heard.silent), ("", 1, false));
    assert_eq!(house.events::<pb::WarningTaken>("signage").await[0].kind(), pb::WarningKind::Thunderstorm);

    // Everything that can be wrong with it: the warning stays, staff see why.
    let half = format!("[{},{{\"id\":7}}]", entry("dwd.2", "Minor", "NEBEL"));
    for (status, body, problem) in [
        (503, String::new(), "it answered 503"),
        (302, String::new(), "it answered 302"),
        (200, "<html>Wartung</html>".to_owned(), "alert: has no <alert> of CAP 1.2"),
        (200, "[{".to_owned(), "list: is no JSON array"),
        (200, " ".repeat((1 << 20) + 1), "its answer is longer than 1 MB"),
        (200, half, "list: has a bad entry"),
    ] {
        server.says(status, body);
        until(&house, problem, async || feed(&house).await.problem.starts_with(problem)).await;
        assert!(shows().await, "{problem}");
    }
    assert_eq!(feed(&house).await.warnings, 2, "the entry that was good is there beside it");
    assert!(!feed(&house).await.silent, "it was heard minutes ago");
    sqlx::query("update warning_feed set heard_at = heard_at - interval '11 minutes'")
        .execute(house.pool("signage"))
        .await
        .expect("time passed");
    assert!(feed(&house).await.silent);

    // The list has it no more: it is over.
    server.says(200, "[]");
    until(&house, "it is taken off", async || !shows().await).await;
    let over = feed(&house).await;
    assert_eq!((over.problem.as_str(), over.warnings, over.silent), ("", 0, false));
}

#[tokio::test]
async fn a_warning_without_an_end_stays_for_hours_and_what_staff_took_back_stays_taken_back() {
    let server = Server::start().await;
    let house = house_with(&server.url).await;
    server.says(200, format!("[{}]", entry("dwd.1", "Moderate", "STURMBÖEN")));
    let shows = async || words(&content(&house, "foyer-1").await).contains("STURMBÖEN");
    until(&house, "shown", shows).await;
    let first = house.clock.now();
    until(&house, "renewed", async || house.events::<pb::WarningTaken>("signage").await.len() > 1).await;
    assert!(house.clock.now() - first < TimeDelta::hours(1), "before it would have run out");
    let told = house.events::<pb::WarningTaken>("signage").await;
    assert!(told.len() < 4, "and not with every question: {}", told.len());
    let withdraw = pb::WithdrawMessageRequest { message_id: told[0].message_id.clone() };
    client!(house, &operator()).withdraw_message(withdraw).await.expect("withdrawn");
    let asked = feed(&house).await.asked_at;
    until(&house, "asked again", async || feed(&house).await.asked_at != asked).await;
    assert!(!shows().await);
}

#[tokio::test]
async fn a_warning_that_two_feeds_have_is_over_when_neither_has_it_any_more() {
    let (one, other) = (Server::start().await, Server::start().await);
    let house = house_that_takes(&[&one.url, &other.url], &[]).await;
    for server in [&one, &other] {
        server.says(200, format!("[{}]", entry("dwd.1", "Severe", "GEWITTER")));
    }
    let has = async || {
        let mut alerts = AlertsClient::new(house.channel(&operator()));
        let listed = alerts.list_feeds(pb::ListFeedsRequest {}).await.expect("a list").into_inner().feeds;
        listed.into_iter().map(|feed| (feed.warnings, feed.silent)).collect::<Vec<_>>()
    };
    let shows = async || words(&content(&house, "foyer-1").await).contains("GEWITTER");
    until(&house, "both have it", async || has().await == [(1, false), (1, false)]).await;
    assert!(shows().await);
    // The house was away for hours: the first one is asked before anybody has heard the other again.
    let hours_ago =
        "update warning_feed set asked_at = asked_at - interval '3 hours', heard_at = heard_at - interval '3 hours'";
    sqlx::query(hours_ago).execute(house.pool("signage")).await.expect("time passed");
    one.says(200, "[]");
    until(&house, "one has dropped it", async || has().await == [(0, false), (1, false)]).await;
    assert!(shows().await, "the other says it still");
    // A third one had it as well, and is none of the configuration's any more.
    let third = "insert into warning_feed (address, asked_at, heard_at, problem, warnings)
        select 'http://127.0.0.1:9/gone.json', now(), now(), '', warnings from warning_feed where warnings <> '{}'";
    sqlx::query(third).execute(house.pool("signage")).await.expect("it was asked");
    other.says(200, "[]");
    until(&house, "it is taken off", async || !shows().await).await;
    let kept: i64 = sqlx::query_scalar("select count(*) from warning_feed")
        .fetch_one(house.pool("signage"))
        .await
        .expect("counted");
    assert_eq!(kept, 2, "only those of the configuration");
}

#[tokio::test]
async fn where_senders_are_named_the_warnings_of_others_are_not_taken_wherever_they_come_from() {
    let server = Server::start().await;
    let house = house_that_takes(&[&server.url], &["DWD"]).await;
    let stranger = entry("x.1", "Severe", "FREMDES").replace("\"DWD\"", "\"Somebody\"");
    server.says(200, format!("[{stranger},{}]", entry("dwd.1", "Severe", "GEWITTER")));
    let shown = async || words(&content(&house, "foyer-1").await);
    until(&house, "the warning of the one is shown", async || shown().await.contains("GEWITTER")).await;
    assert!(!shown().await.contains("FREMDES"));
    let heard = feed(&house).await;
    assert_eq!((heard.problem.as_str(), heard.warnings), ("", 1), "nothing is wrong with the feed");
    // Nor does one of them end what another has said.
    let ended = stranger.replace("\"Alert\"", "\"Cancel\"").replace("x.1", "dwd.1");
    let mut alerts = AlertsClient::new(house.channel(&operator()));
    let list = format!("[{ended}]").into_bytes();
    let answer = alerts.import_nina(pb::ImportNinaRequest { list }).await.expect("a list").into_inner();
    assert!(answer.alerts.is_empty() && answer.problems[0].contains("Somebody"), "{answer:?}");
    let alert = "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>x.2</identifier>\
        <sender>somebody@example.org</sender><sent>2026-11-28T11:55:00+01:00</sent><status>Actual</status>\
        <msgType>Alert</msgType><scope>Public</scope></alert>";
    let alert = alert.as_bytes().to_vec();
    let refused = alerts.import_cap(pb::ImportCapRequest { alert }).await.expect_err("a stranger's");
    assert!(refused.message().contains("services.signage.senders"), "{}", refused.message());
    assert!(shown().await.contains("GEWITTER"));
}

/// The feed was asked after now, and has so many warnings.
async fn asked_again(house: &House, warnings: u32) {
    // The first answer may have been on its way already.
    for _ in 0..2 {
        let before = feed(house).await.asked_at;
        let asked = async || feed(house).await.asked_at != before;
        until(house, "asked again", asked).await;
    }
    assert_eq!(feed(house).await.warnings, warnings);
}

#[tokio::test]
async fn a_warning_that_the_feed_left_out_once_comes_back_with_it_and_one_that_was_ended_does_not() {
    let server = Server::start().await;
    let house = house_with(&server.url).await;
    let list = |headline: &str| format!("[{}]", entry("dwd.1", "Severe", headline));
    let shows = async |what: &str| words(&content(&house, "foyer-1").await).contains(what);
    let taken = async || house.events::<pb::WarningTaken>("signage").await.len();

    // One good answer without it, and it is there again: nobody has ended it.
    server.says(200, list("GEWITTER"));
    until(&house, "shown", async || shows("GEWITTER").await).await;
    server.says(200, "[]");
    until(&house, "taken off", async || !shows("GEWITTER").await).await;
    let before = taken().await;
    server.says(200, list("GEWITTER"));
    until(&house, "shown again", async || shows("GEWITTER").await).await;
    assert_eq!(taken().await, before + 1, "the house is told again, so that the terrace is closed again");

    // Taken back by staff it stays so, also when the feed leaves it out meanwhile, until the feed says something else.
    let withdraw = pb::WithdrawMessageRequest {
        message_id: house.events::<pb::WarningTaken>("signage").await[0].message_id.clone(),
    };
    client!(house, &operator()).withdraw_message(withdraw).await.expect("withdrawn");
    asked_again(&house, 1).await;
    server.says(200, "[]");
    asked_again(&house, 0).await;
    server.says(200, list("GEWITTER"));
    asked_again(&house, 1).await;
    assert!(!shows("GEWITTER").await, "staff have taken it back");
    server.says(200, list("SCHWERES GEWITTER"));
    until(&house, "other words", async || shows("SCHWERES GEWITTER").await).await;

    // Taken back by who sent it, it is over for good, whatever an old list still says.
    server.says(200, list("SCHWERES GEWITTER").replace("\"Alert\"", "\"Cancel\""));
    until(&house, "taken off", async || !shows("GEWITTER").await).await;
    for headline in ["SCHWERES GEWITTER", "GEWITTER"] {
        server.says(200, list(headline));
        asked_again(&house, 1).await;
        assert!(!shows("GEWITTER").await, "its sender has ended it");
    }
    // And so is one of which that comes while the feed leaves it out, or in the same list before it.
    let storm = entry("dwd.2", "Severe", "STURM");
    server.says(200, format!("[{storm}]"));
    until(&house, "shown", async || shows("STURM").await).await;
    server.says(200, "[]");
    until(&house, "taken off", async || !shows("STURM").await).await;
    let cancel = storm.replace("\"Alert\"", "\"Cancel\"");
    let import = pb::ImportNinaRequest { list: format!("[{cancel}]").into_bytes() };
    AlertsClient::new(house.channel(&operator())).import_nina(import).await.expect("a list");
    server.says(200, format!("[{storm}]"));
    asked_again(&house, 1).await;
    assert!(!shows("STURM").await);
    let fog = entry("dwd.3", "Severe", "NEBEL");
    let over = fog.replace("\"Alert\"", "\"Cancel\"").replace("08:50:00", "08:55:00");
    server.says(200, format!("[{over},{fog}]"));
    asked_again(&house, 1).await;
    assert!(!shows("NEBEL").await);
}

#[tokio::test]
async fn a_storm_that_staff_took_back_by_mistake_closes_what_it_closed_when_they_show_it_again() {
    let house = house().await;
    let alert = cap("a1", "Alert", "Severe", "", "Fenster schließen.").into_bytes();
    let mut alerts = AlertsClient::new(house.channel(&operator()));
    let taken = alerts.import_cap(pb::ImportCapRequest { alert }).await.expect("taken").into_inner();
    let message_id = taken.message_id;
    let mut desk = client!(house, &operator());
    let withdraw = pb::WithdrawMessageRequest { message_id: message_id.clone() };
    desk.withdraw_message(withdraw).await.expect("withdrawn");
    desk.restore_message(pb::RestoreMessageRequest { message_id }).await.expect("shown again");
    let told = house.events::<pb::WarningTaken>("signage").await;
    assert_eq!(told.len(), 2, "who has heard that it is over hears of it again");
    assert_eq!(told[0], told[1]);
    assert_eq!((told[1].kind(), told[1].severity()), (pb::WarningKind::Storm, pb::WarningSeverity::Severe));
}
