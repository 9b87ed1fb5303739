//! What players of others need, as garlic-player reads it and SMIL 3.0 says it: each document element by element, and all
//! that it refers to as such a player asks for it, by HEAD first, with tags and by date. A picture that does not say when
//! it was changed, for example, garlic-player never shows.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use data_encoding::HEXLOWER;
use kernel::{
    Role,
    testing::{House, staff},
};
use md5::{Digest, Md5};
use sky_proto::{
    flow::v1::HouseState,
    signage::v1::{self as pb, programmes_client::ProgrammesClient},
};

use crate::{
    open_formats::{PLAYER, agent, kept, with_player},
    programmes::{playlist, png, schedule, upload},
    support::*,
};

/// An element, with where it stands: "smil/head/meta".
#[derive(Debug)]
struct Element {
    path: String,
    attributes: BTreeMap<String, String>,
}

impl Element {
    fn get(&self, name: &str) -> &str {
        self.attributes.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    fn parent(&self) -> &str {
        self.path.rsplit('/').nth(1).unwrap_or_default()
    }
}

/// The elements of a document in their order.
fn elements(smil: &str) -> Vec<Element> {
    let (mut open, mut all) = (Vec::new(), Vec::new());
    for tag in smil.split('<').skip(1) {
        let (tag, words) = tag.split_once('>').expect("the end of a tag");
        assert_eq!(words.trim(), "", "words between elements");
        if tag.starts_with('?') {
            continue;
        }
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closed));
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag.trim(), true));
        let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut attributes = BTreeMap::new();
        while let Some((key, more)) = rest.split_once("=\"") {
            let (value, more) = more.split_once('"').expect("the end of a value");
            let first = attributes.insert(key.trim().to_owned(), value.replace("&amp;", "&"));
            assert!(first.is_none(), "{key} twice in {tag}");
            rest = more;
        }
        open.push(name.to_owned());
        all.push(Element { path: open.join("/"), attributes });
        if is_empty {
            open.pop();
        }
    }
    assert!(open.is_empty(), "open to the end: {open:?}");
    all
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// "0", or a time of the player's own clock, in whole seconds: garlic-player takes any other form for midnight.
fn is_time(text: &str) -> bool {
    let clock = text.strip_prefix("wallclock(").and_then(|rest| rest.strip_suffix(')'));
    let is_plain = |it: &str| NaiveDateTime::parse_from_str(it, "%Y-%m-%dT%H:%M:%S").is_ok();
    text == "0" || clock.is_some_and(|it| it.len() == "2026-11-28T12:00:00".len() && is_plain(it))
}

/// Looks at each element of an index, and answers what it refers to: address and type, which what is only fetched has not.
fn conforms(smil: &str, origin: &str) -> Vec<(String, String)> {
    assert!(smil.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"), "{smil}");
    let (mut sources, mut classes) = (Vec::new(), 0);
    let all = elements(smil);
    for it in &all {
        match it.name() {
            "smil" | "head" | "layout" | "par" => {}
            // Or IAdea's players show no page.
            "body" => assert_eq!(it.get("systemComponent"), "http://www.w3.org/1999/xhtml"),
            "meta" => {
                assert_eq!((it.path.as_str(), it.get("http-equiv")), ("smil/head/meta", "Refresh"));
                assert!(is_number(it.get("content")), "{it:?}");
            }
            "root-layout" => {
                assert!(it.path == "smil/head/layout/root-layout" && is_number(it.get("width")), "{it:?}");
                assert!(is_number(it.get("height")), "{it:?}");
            }
            "region" => {
                assert_eq!((it.parent(), it.get("regionName")), ("layout", "screen"));
                assert_eq!(["top", "left", "width", "height"].map(|key| it.get(key)), ["0", "0", "100%", "100%"]);
            }
            "excl" => assert_eq!((it.parent(), it.get("repeatCount")), ("par", "indefinite")),
            "priorityClass" => {
                classes += 1;
                let rules = ["higher", "lower", "peers"].map(|key| it.get(key));
                assert_eq!((it.parent(), rules), ("excl", ["stop", "defer", "stop"]));
            }
            "seq" if it.parent() == "priorityClass" => {
                assert!(is_time(it.get("begin")) && it.get("repeatCount") == "indefinite", "{it:?}");
                assert!(it.attributes.get("end").is_none_or(|end| is_time(end)), "{it:?}");
            }
            "seq" => assert_eq!(it.path, "smil/body/par/seq", "what is only fetched"),
            "prefetch" => sources.push((it.get("src").to_owned(), String::new())),
            "ref" | "img" | "video" => {
                let kind = match it.name() {
                    "ref" => "application/widget",
                    "img" => "image/",
                    _ => "video/",
                };
                assert!(it.parent() == "seq" && it.get("type").starts_with(kind), "{it:?}");
                let whole = it.name() == "ref" || (it.get("fit"), it.get("mediaAlign")) == ("meet", "center");
                assert!(whole, "not in a corner: {it:?}");
                let seconds = it.get("dur").strip_suffix('s');
                assert!(it.get("region") == "screen" && seconds.is_some_and(is_number), "{it:?}");
                sources.push((it.get("src").to_owned(), it.get("type").to_owned()));
            }
            other => panic!("no player expects <{other}>"),
        }
    }
    assert_eq!(classes, 3);
    assert!(all.iter().any(|it| it.name() == "meta") && all.iter().any(|it| it.name() == "region"));
    let last = all.iter().rfind(|it| it.name() == "ref").expect("never empty");
    assert!(last.get("src").ends_with("&fallback&.wgt"), "{last:?}");
    for (source, _) in &sources {
        // One that begins with a slash is a file of its own to garlic-player.
        assert!(source.starts_with(&format!("{origin}/signage/")), "{source}");
    }
    sources
}

/// What garlic-player names as the tag of a file that it has, without quotes.
fn md5(file: &[u8]) -> String {
    HEXLOWER.encode(&Md5::digest(file))
}

/// As garlic-player fetches what it keeps: it asks for the head, and wants to know type, size and date.
async fn fetches(house: &House, source: &str, kind: &str) {
    let path = source.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).expect("a path");
    let head = http(house, "HEAD", path, &[]).await;
    let whole = http(house, "GET", path, &[]).await;
    assert_eq!((head.status, whole.status, head.body.len()), (200, 200, 0), "{source}");
    assert_eq!(head.header("content-type"), whole.header("content-type"));
    let is_page = kind.is_empty() || kind == "application/widget";
    let kind = if is_page { "application/widget" } else { kind };
    assert_eq!((head.header("content-type"), head.header("content-length")), (kind, &*whole.body.len().to_string()));
    let (date, tag) = (head.header("last-modified"), head.header("etag"));
    assert!(DateTime::parse_from_rfc2822(date).is_ok() && date.ends_with(" GMT"), "{source}: {date}");
    let mut known = vec![("if-none-match", tag), ("if-modified-since", date)];
    if is_page {
        // A page that it fetches when it shows it is an error when the house is away; it unpacks by the end of the address.
        assert!(path.ends_with(".wgt") && path.split('?').next().is_some_and(|it| it.ends_with(".wgt")), "{source}");
        assert!(kept(&whole).contains("</html>"), "{source}");
        assert_eq!(tag.trim_matches('"'), md5(&whole.body), "{source}");
        known = vec![("if-none-match", tag), ("if-none-match", tag.trim_matches('"'))];
    }
    for (key, value) in known {
        for method in ["HEAD", "GET"] {
            assert_eq!(http(house, method, path, &[(key, value)]).await.status, 304, "{key} of {source}");
        }
    }
}

#[tokio::test]
async fn every_document_is_as_players_of_others_read_it_and_all_that_it_refers_to_is_there() {
    let house = with_player().await;
    let agent = agent(PLAYER);
    let mut desk = ProgrammesClient::new(house.channel(&staff(Role::Desk)));
    let picture = upload(&house, "plakat.png", &png(3000), 3000).await.expect("stored");
    let film = [b"\0\0\0\x18ftypmp42".as_slice(), &[0; 100]].concat();
    let moving = upload(&house, "film.mp4", &film, 1 << 20).await.expect("stored");
    let mut list = playlist(&picture.media_id);
    list.items.push(pb::PlaylistItem { media_id: moving.media_id, seconds: 20, ..list.items[0].clone() });
    desk.put_playlist(list).await.expect("put");
    let (from, until) = ("09:00".to_owned(), "18:00".to_owned());
    let all_day = pb::Schedule { groups: vec!["cafe".to_owned()], weekdays: Vec::new(), from, until, ..schedule() };
    let index = async || {
        let index = http(&house, "GET", "/smil-index", &[("user-agent", &agent)]).await;
        assert_eq!((index.status, index.header("content-type")), (200, "application/smil+xml"));
        index.text()
    };
    let mut seen = BTreeMap::new();
    for step in 0..4 {
        match step {
            1 => drop(desk.put_schedule(all_day.clone()).await.expect("put")),
            2 => drop(publish(&house, &message(pb::PriorityClass::Operations, "Später", "cafe")).await.expect("said")),
            3 => twice(&house, "flow", &house_state(HouseState::Evacuating, 1)).await,
            _ => {}
        }
        for (source, kind) in conforms(&index().await, "http://signage") {
            fetches(&house, &source, &kind).await;
            *seen.entry(kind).or_insert(0) += 1;
        }
    }
    let kinds: Vec<&str> = seen.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["", "application/widget", "image/png", "video/mp4"], "all that there is was looked at");

    // Through a proxy that has the certificate; and where it is not said who was asked.
    let who = ("user-agent", agent.as_str());
    let safe = http(&house, "GET", "/smil-index", &[who, ("x-forwarded-proto", "https")]).await;
    conforms(&safe.text(), "https://signage");
}

#[tokio::test]
async fn an_index_is_known_by_its_tag_or_by_its_date_and_by_neither_when_it_has_changed() {
    let house = with_player().await;
    let agent = agent(PLAYER);
    let asks = async |method: &str, known: Option<(&str, &str)>| {
        let who = ("user-agent", agent.as_str());
        let headers: Vec<(&str, &str)> = std::iter::once(who).chain(known).collect();
        http(&house, method, "/smil-index", &headers).await
    };
    let head = asks("HEAD", None).await;
    let date = head.header("last-modified").to_owned();
    assert_eq!(asks("HEAD", Some(("if-modified-since", &date))).await.status, 200, "it has fetched nothing yet");
    let whole = asks("GET", None).await;
    let tag = whole.header("etag").to_owned();
    assert_eq!((head.header("etag"), head.header("last-modified")), (&*tag, whole.header("last-modified")));
    assert_eq!((head.header("content-length"), head.body.len()), (&*whole.body.len().to_string(), 0));
    let weak = format!("\"other\", W/{tag}");
    // As garlic-player says it.
    let bare = md5(&whole.body);
    let tags = [&tag, &weak, &bare].map(|tag| ("if-none-match", tag.as_str()));
    for known in tags.into_iter().chain([("if-modified-since", date.as_str())]) {
        for method in ["HEAD", "GET"] {
            let answer = asks(method, Some(known)).await;
            assert_eq!(
                (answer.status, answer.header("etag"), answer.body.len()),
                (304, &*tag, 0),
                "{method} {known:?}"
            );
        }
    }
    for known in [("if-none-match", "\"other\""), ("if-modified-since", "yesterday")] {
        assert_eq!(asks("GET", Some(known)).await.status, 200, "{known:?}");
    }
    // Changed within the same second: the date is no other one, and what the player has is.
    let said = |words: &str| message(pb::PriorityClass::Operations, words, "cafe");
    publish(&house, &said("Neues")).await.expect("published");
    for known in [("if-none-match", &tag), ("if-modified-since", &date)] {
        assert_eq!(asks("HEAD", Some((known.0, known.1))).await.status, 200, "{known:?}");
    }
    house.clock.advance(TimeDelta::seconds(5));
    publish(&house, &said("Mehr")).await.expect("published");
    let new = asks("GET", Some(("if-modified-since", &date))).await;
    assert_eq!(new.status, 200);
    assert_ne!((new.header("etag"), new.header("last-modified")), (&*tag, &*date));
}
