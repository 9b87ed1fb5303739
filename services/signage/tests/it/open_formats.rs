//! SMIL and CAP, in and out; and everything that comes in their place.

use kernel::{
    Role,
    testing::{House, noon, staff},
};
use sky_proto::{
    flow::v1::HouseState,
    signage::v1::{self as pb, alerts_client::AlertsClient},
};
use tonic::Code;

use crate::{client, support::*};

pub const PLAYER: &str = "3f0cd56c-0d3a-4f1e-9f9a-5a3f0c6d1e2b";

pub async fn with_player() -> House {
    let house = house().await;
    let display = "[[signage.displays]]\nid = \"cafe-1\"";
    let file = HOUSE_FILE.replacen(display, &format!("{display}\nplayer = \"{PLAYER}\""), 1);
    load(&house, &file, false).await.expect("a display with a player");
    house
}

pub fn agent(player: &str) -> String {
    format!("GAPI/1.0 (UUID:{player}; NAME:Foyer-1) garlic-macOS/v0.6.0.679 (MODEL:Garlic)")
}

pub async fn get(house: &House, path: &str, headers: &[(&str, &str)]) -> Answer {
    http(house, "GET", path, headers).await
}

/// The page that a player has unpacked.
pub fn kept(answer: &Answer) -> String {
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/widget"));
    let zip = &answer.body;
    let short = |at: usize| usize::from(u16::from_le_bytes([zip[at], zip[at + 1]]));
    let (size, name) = (short(18), short(26));
    assert_eq!((&zip[..4], &zip[30..30 + name], short(20), short(28)), (&b"PK\x03\x04"[..], &b"index.html"[..], 0, 0));
    String::from_utf8(zip[30 + name..30 + name + size].to_vec()).expect("UTF-8")
}

#[tokio::test]
async fn a_smil_player_gets_an_index_a_page_and_304_until_something_changes() {
    let house = with_player().await;
    let agent = agent(PLAYER);
    let index = get(&house, "/smil-index", &[("user-agent", &agent)]).await;
    assert_eq!((index.status, index.header("content-type")), (200, "application/smil+xml"));
    let (tag, smil) = (index.header("etag").to_owned(), index.text());
    assert_eq!(smil.matches("<priorityClass").count(), 3);
    assert!(smil.contains("&amp;fallback"), "never empty: {smil}");
    let page =
        smil.split("<ref src=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a page").replace("&amp;", "&");
    let text = kept(&get(&house, &page, &[]).await);
    assert!(text.contains("<h1") && !text.contains("Stand "), "{text}");
    let shown = get(&house, "/signage/pages/cafe-1", &[]).await;
    assert_eq!(shown.status, 200);
    assert!(shown.header("content-security-policy").contains("default-src 'none'"));

    let known = [("user-agent", agent.as_str()), ("if-none-match", tag.as_str())];
    assert_eq!(get(&house, "/smil-index", &known).await.status, 304);
    let head = http(&house, "HEAD", "/smil-index", &[("x-signage-agent", &agent)]).await;
    assert_eq!((head.status, head.header("etag"), head.body.len()), (200, tag.as_str(), 0));

    publish(&house, &message(pb::PriorityClass::Operations, "5 < 6 & \"so\"", "cafe")).await.expect("published");
    let changed = get(&house, "/smil-index", &known).await;
    assert_eq!(changed.status, 200);
    assert!(changed.text().contains("wallclock("), "the message's end is in the index");
    let text = get(&house, "/signage/pages/cafe-1", &[]).await.text();
    assert!(text.contains("5 &lt; 6 &amp; "), "{text}");
    twice(&house, "flow", &house_state(HouseState::Evacuating, 1)).await;
    let smil = get(&house, "/smil-index", &known).await.text();
    let first = smil.split("</priorityClass>").next().expect("a class");
    assert!(first.contains("<ref"), "evacuation is in the highest class: {smil}");
    let text = get(&house, "/signage/pages/cafe-1", &[]).await.text();
    assert!(text.contains("class=\"evacuation\""), "{text}");
}

#[tokio::test]
async fn a_player_that_nobody_knows_is_told_so() {
    let house = with_player().await;
    let stranger = agent("3f0cd56c-0d3a-4f1e-9f9a-000000000000");
    let unterminated = "GAPI/1.0 (UUID:".to_owned();
    for (agent, status) in [
        (stranger, 404),
        (unterminated, 400),
        ("GAPI/1.0 (UUID:' or 1=1; NAME:x)".to_owned(), 400),
        ("Mozilla/5.0".to_owned(), 400),
        (format!("UUID:{}", "a".repeat(10_000)), 400),
    ] {
        assert_eq!(get(&house, "/smil-index", &[("user-agent", &agent)]).await.status, status, "{agent:.80}");
    }
    for path in ["/signage/pages/roof", "/signage/pages/roof/page.wgt?fallback"] {
        assert_eq!(get(&house, path, &[]).await.status, 404);
    }
}

pub fn cap(identifier: &str, kind: &str, severity: &str, references: &str, text: &str) -> String {
    let info = |language: &str, headline: &str| {
        format!(
            "<info><language>{language}</language><category>Met</category><event>STORM</event>\
             <urgency>Immediate</urgency><severity>{severity}</severity><certainty>Likely</certainty>\
             <expires>2026-11-28T14:00:00+01:00</expires><headline>{headline}</headline>\
             <instruction>{text}</instruction><area><areaDesc>Halle</areaDesc></area></info>"
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">\
         <identifier>{identifier}</identifier><sender>dwd@example.org</sender><sent>2026-11-28T11:55:00+01:00</sent>\
         <status>Actual</status><msgType>{kind}</msgType><scope>Public</scope><references>{references}</references>{}{}</alert>",
        info("de-DE", "Sturm &amp; Böen"),
        info("en-GB", "Storm")
    )
}

async fn import(house: &House, alert: impl Into<Vec<u8>>) -> Result<pb::ImportedAlert, tonic::Status> {
    let request = pb::ImportCapRequest { alert: alert.into() };
    AlertsClient::new(house.channel(&operator())).import_cap(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn an_official_warning_stands_above_what_displays_say_and_is_taken_back() {
    let house = house().await;
    let storm = cap("a1", "Alert", "Severe", "", "Fenster schließen.");
    twice(&house, "reservations", &scheduled(uuid::Uuid::from_u128(1), 30)).await;
    let first = import(&house, storm.clone()).await.expect("taken");
    let shown = content(&house, "foyer-1").await;
    assert_eq!(shown.priority_class(), pb::PriorityClass::Default);
    assert!(words(&shown).contains("Sturm & Böen · Fenster schließen."), "{}", words(&shown));
    let door = content(&house, "dome-door-1").await;
    let sources: Vec<&str> = door.lines.iter().map(|line| line.source.as_str()).collect();
    assert_eq!(sources, ["warning", "programme"], "whoever stands at the door still reads what is on");
    assert_eq!(shown.lines[0].text.clone().expect("text").en, "Storm · Fenster schließen.");
    assert_eq!(import(&house, storm).await.expect("again"), first);
    assert_eq!(content(&house, "foyer-1").await, shown, "a repeat changes nothing");
    let told: Vec<pb::MessagePublished> = house.events("signage").await;
    assert_eq!(told.len(), 1);

    let update = cap("a2", "Update", "Moderate", "dwd@example.org,a1,2026-11-28T11:55:00+01:00", "Es wird ruhiger.");
    let second = import(&house, update).await.expect("taken");
    assert_eq!(second.ended_message_ids, [first.message_id]);
    let shown = content(&house, "cafe-1").await;
    assert_eq!(shown.priority_class(), pb::PriorityClass::Default);
    assert!(words(&shown).contains("ruhiger") && !words(&shown).contains("Fenster"), "{}", words(&shown));

    // Ours go out as CAP, one info a language, and as cancelled when they are.
    let list = get(&house, "/signage/alerts", &[]).await.text();
    let path = format!("/signage/alerts/{}", second.message_id);
    assert!(list.contains(&path), "{list}");
    let out = get(&house, &path, &[]).await;
    assert_eq!(out.header("content-type"), "application/cap+xml");
    let out = out.text();
    assert!(out.contains("<areaDesc>Planetarium Halle (Saale)</areaDesc>"), "it is about this house: {out}");
    let read = signage::cap::read(out.as_bytes()).expect("our own alert is good CAP");
    assert_eq!(read.infos.iter().map(|info| info.language.as_str()).collect::<Vec<_>>(), ["de-de", "en-gb"]);
    house.clock.advance(chrono::TimeDelta::minutes(2));
    let cancel = cap("a3", "Cancel", "Minor", "dwd@example.org,a2,2026-11-28T11:55:00+01:00", "");
    let third = import(&house, cancel).await.expect("taken");
    assert_eq!((third.message_id.as_str(), third.ended_message_ids.len()), ("", 1));
    assert_eq!(content(&house, "cafe-1").await.priority_class(), pb::PriorityClass::Default);
    house.clock.advance(chrono::TimeDelta::minutes(5));
    let out = get(&house, &path, &[]).await.text();
    let cancelled = signage::cap::read(out.as_bytes()).expect("our own cancelling is good CAP");
    assert_eq!(cancelled.kind, signage::domain::AlertType::Cancel);
    assert_eq!(cancelled.references, [(read.sender.clone(), read.identifier.clone())], "it names the alert");
    assert_ne!(cancelled.identifier, read.identifier);
    assert_eq!((read.sent, cancelled.sent), (noon(), noon() + chrono::TimeDelta::minutes(2)), "when it was taken back");
    assert_eq!(get(&house, &path, &[]).await.text(), out, "asked again it is the same alert");
}

#[tokio::test]
async fn only_who_has_sent_a_warning_updates_it_or_takes_it_back() {
    let house = house().await;
    let storm = import(&house, cap("a1", "Alert", "Severe", "", "Fenster schließen.")).await.expect("taken");
    let reference = "dwd@example.org,a1,2026-11-28T11:55:00+01:00";
    let stands = async || words(&content(&house, "foyer-1").await).contains("Fenster schließen.");
    let by_another = |alert: &str| alert.replace("<sender>dwd@", "<sender>somebody@");
    for (identifier, kind) in [("b1", "Cancel"), ("b2", "Update")] {
        let refused = by_another(&cap(identifier, kind, "Minor", reference, "Alles gut."));
        let answer = import(&house, refused).await.expect("understood");
        assert_eq!((answer.ended_message_ids.len(), stands().await), (0, true), "{kind} of another sender");
        assert_eq!(answer.not_ended_message_ids, [storm.message_id.as_str()], "staff read that it stays");
    }
    // One that names both ends its own alone.
    let own = import(&house, by_another(&cap("b3", "Alert", "Severe", "", "Türen zu."))).await.expect("taken");
    let both = format!("{reference} somebody@example.org,b3,2026-11-28T11:55:00+01:00");
    let answer = import(&house, by_another(&cap("b4", "Cancel", "Minor", &both, ""))).await.expect("understood");
    assert_eq!((&answer.ended_message_ids[..], stands().await), (&[own.message_id][..], true));
    let cancel = import(&house, cap("a2", "Cancel", "Minor", reference, "")).await.expect("taken");
    assert_eq!((&cancel.ended_message_ids[..], stands().await), (&[storm.message_id][..], false));
    assert_eq!(cancel.not_ended_message_ids, [""; 0]);
}

#[tokio::test]
async fn a_warning_never_evacuates_and_an_exercise_is_not_shown() {
    let house = house().await;
    import(&house, cap("x", "Alert", "Extreme", "", "Sofort evakuieren!")).await.expect("taken");
    assert_eq!(content(&house, "foyer-1").await.priority_class(), pb::PriorityClass::Safety);
    let there_is_time = cap("y", "Alert", "Extreme", "dwd@example.org,x,2026-11-28T11:55:00+01:00", "Heute Abend")
        .replace("<msgType>Alert", "<msgType>Update")
        .replace("<urgency>Immediate", "<urgency>Expected");
    import(&house, there_is_time).await.expect("taken");
    let calm = content(&house, "foyer-1").await;
    assert!(calm.priority_class() == pb::PriorityClass::Default && words(&calm).contains("Heute Abend"), "{calm:?}");
    for status in ["Exercise", "Test", "System", "Draft"] {
        let alert = cap(status, "Alert", "Extreme", "", "").replace("Actual", status);
        let ignored = import(&house, alert).await.expect("understood");
        assert!(ignored.message_id.is_empty() && !ignored.not_shown.is_empty(), "{status}");
    }
    let over = cap("old", "Alert", "Severe", "", "").replace("2026-11-28T14:00", "2026-11-28T11:59");
    assert_eq!(import(&house, over).await.expect("understood").not_shown, "it is over");
    // What the house has taken back stays taken back, however often the feed says it again.
    let storm = cap("again", "Alert", "Severe", "", "");
    let taken = import(&house, storm.clone()).await.expect("taken");
    let mut desk = client!(house, &staff(Role::Desk));
    let withdraw = pb::WithdrawMessageRequest { message_id: taken.message_id };
    desk.withdraw_message(withdraw).await.expect("withdrawn");
    let before = content(&house, "foyer-1").await;
    import(&house, storm).await.expect("understood");
    assert_eq!(content(&house, "foyer-1").await, before);
}

#[tokio::test]
async fn what_is_no_alert_is_refused_with_the_reason() {
    let house = house().await;
    let good = cap("g", "Alert", "Severe", "", "x");
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let bomb = "<!DOCTYPE alert [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><alert>&b;</alert>";
    let cases: [(&str, Vec<u8>); 17] = [
        ("nothing", Vec::new()),
        ("no XML", b"hello".to_vec()),
        ("invalid UTF-8", [good.as_bytes(), &[0xff, 0xfe]].concat()),
        ("half an alert", good.as_bytes()[..good.len() / 2].to_vec()),
        ("crossed elements", b"<a><b></a></b>".to_vec()),
        ("too deep", deep.into_bytes()),
        ("entities", bomb.as_bytes().to_vec()),
        ("an unknown entity", good.replace("&amp;", "&nbsp;").into_bytes()),
        ("too long", vec![b' '; (256 << 10) + 1]),
        ("another version", good.replace("cap:1.2", "cap:1.1").into_bytes()),
        ("another root", good.replace("alert", "warning").into_bytes()),
        ("no identifier", good.replace("<identifier>g</identifier>", "").into_bytes()),
        ("a sender with a comma", good.replace("dwd@", "dwd,").into_bytes()),
        ("an unknown status", good.replace("Actual", "Maybe").into_bytes()),
        ("an unknown type", good.replace(">Alert<", ">Alarm<").into_bytes()),
        ("not public", good.replace("Public", "Private").into_bytes()),
        ("a wrong time", good.replace("2026-11-28T11:55:00+01:00", "yesterday").into_bytes()),
    ];
    for (name, alert) in cases {
        let refused = import(&house, alert).await.expect_err(name);
        assert_eq!(refused.code(), Code::InvalidArgument, "{name}");
        assert!(refused.message().starts_with("alert: "), "{name}: {}", refused.message());
    }
    assert_eq!(content(&house, "foyer-1").await.priority_class(), pb::PriorityClass::Default);
}

#[tokio::test]
async fn the_warning_app_s_list_is_taken_entry_by_entry() {
    let house = house().await;
    let entry = |id: &str, kind: &str, severity: &str| {
        format!(
            r#"{{"id":"{id}","payload":{{"version":2,"type":"ALERT","hash":"x","data":{{"headline":"Unwetter",
               "provider":"MOWAS","severity":"{severity}","msgType":"{kind}","transKeys":{{"event":"BBK-EVC-040"}},
               "area":{{"type":"ZGEM","data":"1"}}}}}},"i18nTitle":{{"de":"Unwetter in Halle"}},
               "sent":"2026-11-28T11:50:00+01:00"}}"#
        )
    };
    let import = |list: String| {
        let mut alerts = AlertsClient::new(house.channel(&operator()));
        async move { alerts.import_nina(pb::ImportNinaRequest { list: list.into_bytes() }).await }
    };
    let list = format!(
        "[{},{{\"id\":7}},{}]",
        entry("mow.DE-1", "Alert", "Severe"),
        entry("mow.DE-2", "Alert", "Minor").replace("2026-11-28T11:50:00+01:00", "14:00 Uhr")
    );
    let answer = import(list).await.expect("a list").into_inner();
    assert_eq!((answer.alerts.len(), answer.problems.len()), (1, 2), "{answer:?}");
    let shown = content(&house, "foyer-1").await;
    assert_eq!(shown.priority_class(), pb::PriorityClass::Default);
    assert!(words(&shown).contains("Unwetter in Halle"));
    // A list says nothing of how soon: then an extraordinary threat is one of now.
    import(format!("[{}]", entry("mow.DE-1", "Update", "Extreme"))).await.expect("a list");
    assert_eq!(content(&house, "foyer-1").await.priority_class(), pb::PriorityClass::Safety);
    // Updated and cancelled under its own id.
    import(format!("[{}]", entry("mow.DE-1", "Update", "Minor"))).await.expect("a list");
    assert!(words(&content(&house, "foyer-1").await).contains("Unwetter in Halle"));
    import(format!("[{}]", entry("mow.DE-1", "Cancel", "Minor"))).await.expect("a list");
    assert!(!words(&content(&house, "foyer-1").await).contains("Unwetter"));
    for bad in ["", "{}", "[", "null", "\"x\""] {
        let refused = import(bad.to_owned()).await.expect_err(bad);
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().starts_with("list: "), "{}", refused.message());
    }
}

#[tokio::test]
async fn an_evacuation_goes_out_as_an_alert_and_its_end_as_the_cancelling_of_it() {
    let house = house().await;
    let list = async || get(&house, "/signage/alerts", &[]).await.text();
    assert_eq!(list().await, "[]");
    let evacuating = house_state(HouseState::Evacuating, 1);
    twice(&house, "flow", &evacuating).await;
    let paths: Vec<String> = serde_json::from_str(&list().await).expect("a list");
    let [path] = &paths[..] else { panic!("one alert: {paths:?}") };
    let out = get(&house, path, &[]).await;
    assert_eq!((out.status, out.header("content-type")), (200, "application/cap+xml"));
    let out = out.text();
    for part in [
        "<status>Actual</status>",
        "<msgType>Alert</msgType>",
        "<event>Evacuation</event>",
        "<responseType>Evacuate</responseType>",
        "<urgency>Immediate</urgency>",
        "<severity>Extreme</severity>",
        "Please do not enter the building",
    ] {
        assert!(out.contains(part), "{part} in {out}");
    }
    assert!(!out.contains("<expires>"), "it never ends by itself: {out}");
    let begun = signage::cap::read(out.as_bytes()).expect("good CAP");
    assert_eq!(begun.sender, "planetarium-halle");
    assert_eq!((begun.kind, begun.sent, begun.infos.len()), (signage::domain::AlertType::Alert, minutes(1), 6));
    // Another state that is told late changes nothing; a day later it still holds.
    twice(&house, "flow", &house_state(HouseState::Normal, 0)).await;
    house.clock.advance(chrono::TimeDelta::hours(30));
    assert_eq!(get(&house, path, &[]).await.text(), out);

    for (state, since) in [(HouseState::AllClear, 60 * 30), (HouseState::Normal, 60 * 30 + 5)] {
        twice(&house, "flow", &house_state(state, since)).await;
        let out = get(&house, path, &[]).await.text();
        assert!(out.contains("<responseType>AllClear</responseType>") && out.contains("All clear"), "{out}");
        let over = signage::cap::read(out.as_bytes()).expect("good CAP");
        assert_eq!((over.kind, over.sent), (signage::domain::AlertType::Cancel, minutes(60 * 30)));
        assert_eq!(over.references, [(begun.sender.clone(), begun.identifier.clone())]);
        assert!(list().await.contains(path), "its end is told for a while");
    }
    house.clock.advance(chrono::TimeDelta::hours(25));
    assert_eq!(list().await, "[]");
    // The next one is another alert.
    twice(&house, "flow", &house_state(HouseState::Evacuating, 60 * 60)).await;
    assert!(list().await.contains("/signage/alerts/") && !list().await.contains(path));
}

#[tokio::test]
async fn an_alert_of_another_house_comes_from_that_house() {
    let house = house().await;
    let ours = "name = { de = \"Planetarium Halle (Saale)\"";
    assert!(HOUSE_FILE.contains(ours));
    let other = HOUSE_FILE.replace(ours, "name = { de = \"Sternwarte am Großen Müllerhof, Köln\"");
    load(&house, &other, false).await.expect("applied");
    twice(&house, "flow", &house_state(HouseState::Evacuating, 1)).await;
    let alert = async || {
        let paths = get(&house, "/signage/alerts", &[]).await.text();
        let paths: Vec<String> = serde_json::from_str(&paths).expect("a list");
        let xml = get(&house, &paths[0], &[]).await.text();
        signage::cap::read(xml.as_bytes()).expect("good CAP")
    };
    assert_eq!(alert().await.sender, "sternwarte-am-grossen-muellerhof-koeln");
    twice(&house, "flow", &house_state(HouseState::AllClear, 5)).await;
    let over = alert().await;
    assert_eq!(over.references[0].0, over.sender, "it cancels an alert of its own");
    // Unless the house file says who it is to others. What went out under the old name is taken back under it.
    house.clock.set(minutes(6));
    let said = publish(&house, &message(pb::PriorityClass::Safety, "Vorsicht", "")).await.expect("published");
    let path = format!("/signage/alerts/{}", said.message_id);
    let ours = async || signage::cap::read(get(&house, &path, &[]).await.text().as_bytes()).expect("good CAP");
    let sent = ours().await;
    house.clock.set(minutes(7));
    load(&house, &other.replacen("[signage]\n", "[signage]\nsender = \"sternwarte.example\"\n", 1), false)
        .await
        .expect("applied");
    assert_eq!(ours().await, sent, "the same alert from the same sender");
    let withdraw = pb::WithdrawMessageRequest { message_id: said.message_id.clone() };
    client!(house, &operator()).withdraw_message(withdraw).await.expect("withdrawn");
    let cancel = ours().await;
    assert_eq!(cancel.references, [(sent.sender.clone(), sent.identifier.clone())], "it names what was sent");
    assert_eq!((&cancel.sender, alert().await), (&sent.sender, over), "and comes from who has sent that");
    twice(&house, "flow", &house_state(HouseState::Normal, 8)).await;
    twice(&house, "flow", &house_state(HouseState::Evacuating, 9)).await;
    assert_eq!(alert().await.sender, "sternwarte.example");
    let bad = HOUSE_FILE.replacen("[signage]\n", "[signage]\nsender = \"die Sternwarte\"\n", 1);
    let refused = load(&house, &bad, true).await.expect_err("a space");
    assert!(
        refused.message().contains("signage.sender") && refused.message().contains("line "),
        "{}",
        refused.message()
    );
}

#[tokio::test]
async fn a_drill_says_so_on_displays_and_in_its_alert_and_the_alarm_in_its_middle_is_another_one() {
    let house = house().await;
    let state = |state: HouseState, since: i64, exercise: bool| {
        let mut told = house_state(state, since);
        told.house.as_mut().expect("a house").exercise = exercise;
        told
    };
    let alert = async || {
        let paths = get(&house, "/signage/alerts", &[]).await.text();
        let paths: Vec<String> = serde_json::from_str(&paths).expect("a list");
        (paths[0].clone(), get(&house, &paths[0], &[]).await.text())
    };
    twice(&house, "flow", &state(HouseState::Evacuating, 1, true)).await;
    let shown = content(&house, "foyer-1").await;
    assert_eq!(shown.priority_class(), pb::PriorityClass::Evacuation);
    let headline = shown.headline.expect("a headline");
    assert!(headline.de.starts_with("Übung: ") && headline.en.starts_with("Drill: "), "{headline:?}");
    let (drill, out) = alert().await;
    assert!(out.contains("<status>Exercise</status>") && out.contains("Übung: Das Haus wird geräumt"), "{out}");

    twice(&house, "flow", &state(HouseState::Evacuating, 3, false)).await;
    let headline = content(&house, "foyer-1").await.headline.expect("a headline");
    assert!(!headline.de.contains("Übung"), "{headline:?}");
    let (alarm, out) = alert().await;
    assert!(out.contains("<status>Actual</status>") && !out.contains("Übung"), "{out}");
    assert_ne!(alarm, drill);

    twice(&house, "flow", &state(HouseState::AllClear, 9, false)).await;
    twice(&house, "flow", &state(HouseState::Evacuating, 20, true)).await;
    twice(&house, "flow", &state(HouseState::AllClear, 25, false)).await;
    let (_, out) = alert().await;
    assert!(out.contains("<status>Exercise</status>") && out.contains("<msgType>Cancel</msgType>"), "{out}");
}

#[tokio::test]
async fn a_page_for_players_of_others_says_in_english_too_what_is_left_and_how_things_are() {
    let house = house().await;
    let showing = uuid::Uuid::from_u128(7);
    twice(&house, "reservations", &scheduled(showing, 30)).await;
    let availability = sky_proto::reservations::v1::Availability {
        free_door: 17,
        observed_at: Some(kernel::values::timestamp(noon())),
        ..Default::default()
    };
    let places = sky_proto::reservations::v1::AvailabilityChanged {
        showing_id: showing.to_string(),
        availability: Some(availability),
    };
    twice(&house, "reservations", &places).await;
    twice(&house, "flow", &moved(showing, sky_proto::flow::v1::AdmissionState::LastCall, 1)).await;
    let page = get(&house, "/signage/pages/foyer-1", &[]).await.text();
    for part in ["Stars over Halle", "Letzter Aufruf", "Last call", "17 Plätze frei", "17 places left"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("Stand "), "all of them speak: {page}");
}
