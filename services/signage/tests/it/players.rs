//! Players that speak SMIL and are no browsers of ours: they count as there, they acknowledge, and what they play with
//! a dead line is never an old fact. The index is read as such a player would read it.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Europe::Berlin;
use sky_proto::{
    flow::v1::HouseState,
    signage::v1::{self as pb, DisplayState},
};
use uuid::Uuid;

use crate::{
    acknowledgements::{fit, look},
    open_formats::{PLAYER, agent, get, kept, with_player},
    support::*,
};

/// What a player plays by this index at an instant, by its own clock: of the highest class that has something to play,
/// what began last.
fn plays(smil: &str, at: DateTime<Utc>) -> Vec<String> {
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        Some(rest.split('"').next().unwrap_or_default().replace("&amp;", "&"))
    };
    let wall_clock = |value: &str| {
        let inner = value.strip_prefix("wallclock(").and_then(|rest| rest.strip_suffix(')')).expect("a wall clock");
        let time = inner.parse::<NaiveDateTime>().expect("a time");
        time.and_local_timezone(Berlin).single().expect("one time").to_utc()
    };
    for class in smil.split("<priorityClass").skip(1) {
        let class = class.split("</priorityClass>").next().expect("its end");
        let mut last = Vec::new();
        for list in class.split("<seq").skip(1) {
            let (tag, inner) = list.split_once('>').expect("a tag");
            let begin = attribute(tag, "begin").expect("a begin");
            let begun = begin == "0" || wall_clock(&begin) <= at;
            let over = attribute(tag, "end").is_some_and(|end| wall_clock(&end) <= at);
            if begun && !over {
                let inner = inner.split("</seq>").next().expect("its end");
                last = inner.split('<').filter_map(|tag| attribute(tag, "src")).collect();
            }
        }
        if !last.is_empty() {
            return last;
        }
    }
    Vec::new()
}

#[tokio::test]
async fn with_a_dead_line_each_fact_is_played_until_its_own_end() {
    let house = with_player().await;
    let agent = agent(PLAYER);
    for (words, until) in [("Nur kurz", 10), ("Ziemlich lange", 60)] {
        let said = pb::PublishMessageRequest {
            valid_until: Some(kernel::values::timestamp(minutes(until))),
            ..message(pb::PriorityClass::Operations, words, "cafe")
        };
        publish(&house, &said).await.expect("published");
    }
    let smil = get(&house, "/smil-index", &[("user-agent", &agent)]).await.text();
    // The line is dead from here on: what the index refers to is all that the player has.
    let read = async |at: DateTime<Utc>| {
        let mut text = String::new();
        for source in plays(&smil, at) {
            text += &kept(&get(&house, &source, &[]).await);
        }
        text
    };
    let now = read(minutes(5)).await;
    assert!(now.contains("Nur kurz") && now.contains("Ziemlich lange"), "{now}");
    let later = read(minutes(10)).await;
    assert!(!later.contains("Nur kurz") && later.contains("Ziemlich lange"), "what still holds stays: {later}");
    let over = plays(&smil, minutes(60));
    assert!(over.len() == 1 && over[0].ends_with("&fallback&.wgt"), "never empty, never old: {over:?}");
}

#[tokio::test]
async fn a_player_that_asks_is_there_answers_for_what_it_has_and_falls_silent() {
    let house = with_player().await;
    let agent = agent(PLAYER);
    assert_eq!(listed(&house, "cafe-1").await.state(), DisplayState::Unclaimed);
    let index = get(&house, "/smil-index", &[("user-agent", &agent)]).await;
    let there = listed(&house, "cafe-1").await;
    assert_eq!(
        (there.state(), there.rendered_revision),
        (DisplayState::Active, 0),
        "it is there, and has said nothing"
    );

    // It asks for something newer than what it plays.
    let tag = index.header("etag").to_owned();
    let again = [("user-agent", agent.as_str()), ("if-none-match", tag.as_str())];
    assert_eq!(get(&house, "/smil-index", &again).await.status, 304);
    let plays = listed(&house, "cafe-1").await;
    assert_eq!((plays.rendered_revision, plays.state()), (plays.revision, DisplayState::Active));
    let health = plays.health.expect("what it is");
    assert_eq!((health.player.as_str(), health.device_name.as_str()), ("garlic-macOS/v0.6.0.679", "Foyer-1"));

    // An evacuation is answered as soon as it has it, and not before.
    fit(&house).await;
    let incident = Uuid::now_v7().to_string();
    let alarm = sky_proto::flow::v1::HouseStateChanged {
        incident_id: incident.clone(),
        incident_revision: 2,
        ..house_state(HouseState::Evacuating, 1)
    };
    twice(&house, "flow", &alarm).await;
    assert_eq!(get(&house, "/smil-index", &again).await.status, 200, "the old tag is no answer");
    assert!(house.events::<pb::DisplayAcknowledged>("signage").await.is_empty());
    let index = get(&house, "/smil-index", &[("user-agent", &agent)]).await;
    let new = [("user-agent", agent.as_str()), ("if-none-match", index.header("etag"))];
    for _ in 0..3 {
        assert_eq!(get(&house, "/smil-index", &new).await.status, 304);
    }
    let told = house.events::<pb::DisplayAcknowledged>("signage").await;
    let told: Vec<(&str, &str)> = told.iter().map(|it| (it.about_id.as_str(), it.display_id.as_str())).collect();
    assert_eq!(told, [(incident.as_str(), "cafe-1")], "once");

    // It asks once a minute.
    listed(&house, "cafe-1").await;
    look(&house, Duration::from_secs(110)).await;
    let concerned = async || house.events::<pb::DisplaysConcerned>("signage").await.pop().expect("told").display_ids;
    assert_eq!(concerned().await, ["cafe-1"]);
    // Silent: its neighbour takes its message, and it is not waited for.
    look(&house, Duration::from_secs(121)).await;
    assert!(concerned().await.is_empty());
}

#[tokio::test]
async fn a_player_that_only_looks_at_the_date_of_its_index_has_what_it_fetched_before() {
    let house = with_player().await;
    let agent = agent(PLAYER);
    let who = [("user-agent", agent.as_str())];
    let index = get(&house, "/smil-index", &who).await;
    let date = index.header("last-modified").to_owned();
    assert!(date.ends_with(" GMT"), "{date}");
    let smil = index.text();
    assert!(smil.contains("src=\"http://signage/signage/pages/"), "where it has asked: {smil}");
    assert_eq!(listed(&house, "cafe-1").await.rendered_revision, 0, "it has said nothing");
    let look = || http(&house, "HEAD", "/smil-index", &who);
    assert_eq!(look().await.header("last-modified"), date);
    let plays = listed(&house, "cafe-1").await;
    assert_eq!(plays.rendered_revision, plays.revision);

    house.clock.advance(chrono::TimeDelta::seconds(5));
    publish(&house, &message(pb::PriorityClass::Operations, "Neues", "cafe")).await.expect("published");
    assert_ne!(look().await.header("last-modified"), date);
    let older = listed(&house, "cafe-1").await;
    assert!(older.rendered_revision < older.revision, "it has seen that there is something, and has not got it");
    get(&house, "/smil-index", &who).await;
    look().await;
    let plays = listed(&house, "cafe-1").await;
    assert_eq!(plays.rendered_revision, plays.revision);
}

/// garlic-player asks for its index not more than once a minute: it is seen by the pages that it shows.
#[tokio::test]
async fn a_player_that_shows_a_page_is_there_has_it_and_shows_what_is_now() {
    let house = with_player().await;
    let agent = agent(PLAYER);
    let who = [("user-agent", agent.as_str())];
    let smil = get(&house, "/smil-index", &who).await.text();
    let page = kept(&get(&house, &plays(&smil, minutes(1))[0], &[]).await);
    let (_, live) = page.split_once("<object type=\"application/xhtml+xml\" data=\"").expect("what is live above it");
    let (live, rest) = live.split_once('"').expect("its end");
    // Read as HTML, an element that closes itself would swallow the rest.
    assert!(rest.starts_with("></object>") && page.contains("<!DOCTYPE html>"), "{page}");
    let live = live.replace("&amp;", "&");
    assert!(live.starts_with("http://signage/signage/pages/cafe-1?player="), "{live}");

    publish(&house, &message(pb::PriorityClass::Operations, "Neues", "cafe")).await.expect("published");
    let stranger = live.replace(PLAYER, "3f0cd56c-0d3a-4f1e-9f9a-000000000000");
    for (method, address) in [("GET", "/signage/pages/cafe-1"), ("GET", stranger.as_str()), ("HEAD", live.as_str())] {
        assert_eq!(http(&house, method, address, &[]).await.status, 200);
    }
    assert_eq!(listed(&house, "cafe-1").await.rendered_revision, 0, "nobody shows it yet");
    let text = get(&house, &live, &[("user-agent", "Mozilla/5.0")]).await.text();
    assert!(text.contains("Neues") && !text.contains("<object"), "by an old index it shows what is new: {text}");
    let plays = listed(&house, "cafe-1").await;
    assert_eq!((plays.rendered_revision, plays.state()), (plays.revision, DisplayState::Active));
    let health = plays.health.expect("what it is");
    assert_eq!(health.player, "garlic-macOS/v0.6.0.679", "not the browser in it");

    // An evacuation is on it, and answered, before it has asked for an index again.
    twice(&house, "flow", &house_state(HouseState::Evacuating, 1)).await;
    let text = get(&house, &live, &[]).await.text();
    assert!(text.contains("class=\"evacuation\""), "{text}");
    let plays = listed(&house, "cafe-1").await;
    assert_eq!(plays.rendered_revision, plays.revision);
}

#[tokio::test]
async fn the_page_of_an_evacuation_is_fetched_before_there_is_one() {
    let house = with_player().await;
    let agent = agent(PLAYER);
    let smil = get(&house, "/smil-index", &[("user-agent", &agent)]).await.text();
    let ahead: Vec<&str> = smil.split("<prefetch src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let (rest, slides) = ahead.split_last().expect("pages");
    assert!(rest.ends_with("&amp;fallback&amp;.wgt") && slides.len() > 1, "{smil}");
    let read = async |pages: &[String]| {
        let mut text = String::new();
        for page in pages {
            let page = kept(&get(&house, page, &[]).await);
            assert!(page.contains("class=\"evacuation\"") && !page.contains("Stand "), "{page}");
            text += &page;
        }
        text
    };
    let slides: Vec<String> = slides.iter().map(|it| it.replace("&amp;", "&")).collect();
    let text = read(&slides).await;
    assert!(text.contains('←') || text.contains('→') || text.contains('↑'), "with the ways out: {text}");
    assert!(text.contains("lang=\"en\"") && text.contains("lang=\"de-x-ls\""), "in all languages: {text}");
    twice(&house, "flow", &house_state(HouseState::Evacuating, 1)).await;
    let smil = get(&house, "/smil-index", &[("user-agent", &agent)]).await.text();
    assert_eq!(plays(&smil, minutes(1)), slides, "the very pages that it has");

    // A drill says that it is one, and that page does not.
    let mut drill = house_state(HouseState::Evacuating, 9);
    drill.house.as_mut().expect("a house").exercise = true;
    twice(&house, "flow", &house_state(HouseState::AllClear, 5)).await;
    twice(&house, "flow", &drill).await;
    let smil = get(&house, "/smil-index", &[("user-agent", &agent)]).await.text();
    let text = read(&plays(&smil, minutes(9))).await;
    assert!(text.contains("Übung: "), "{text}");
}
