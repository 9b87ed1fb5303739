//! Devices: heartbeats, faults, screenshots, plays, pairing, retiring, neighbours; and that nothing that staff do
//! makes a silent display alive.

use std::time::Duration;

use kernel::{
    Caller, Role,
    clock::wall_now,
    testing::{House, noon, staff},
    values::timestamp,
};
use sky_proto::{
    portal::v1 as portal,
    signage::v1::{self as pb, display_update::Update, displays_client::DisplaysClient},
};
use tokio_stream::StreamExt;
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

macro_rules! devices {
    ($house:expr, $caller:expr) => {
        DisplaysClient::new($house.channel($caller))
    };
}

fn heartbeat(id: &str) -> pb::HeartbeatRequest {
    pb::HeartbeatRequest {
        display_id: id.to_owned(),
        device_time: Some(timestamp(wall_now())),
        shown_revision: 1,
        width: 1920,
        height: 1080,
        available_bytes: 10,
        total_bytes: 100,
        time_zone: "Europe/Berlin".to_owned(),
        player: "portal/1".to_owned(),
        last_command_success: true,
        dark: false,
        device_name: "monitor-cafe".to_owned(),
        lan_address: "10.0.7.21".to_owned(),
        status: "läuft".to_owned(),
        alarm: false,
    }
}

fn fault(code: &str) -> pb::Fault {
    pb::Fault {
        code: code.to_owned(),
        incident_at: Some(timestamp(noon())),
        reason: "kaputt".to_owned(),
        ..Default::default()
    }
}

/// As if three heartbeats had been missed.
async fn fall_silent(house: &House, id: &str) {
    sqlx::query("update presence set last_seen_at = last_seen_at - interval '61 seconds' where display_id = $1")
        .bind(id)
        .execute(house.pool("signage"))
        .await
        .expect("time passed");
}

#[tokio::test]
async fn a_display_is_what_its_device_says_and_never_what_staff_do() {
    let house = house().await;
    assert_eq!(listed(&house, "cafe-1").await.state(), pb::DisplayState::Unclaimed);
    let pairing = |state: portal::PairingState| portal::DevicePairingChanged {
        device_id: "cafe-1".to_owned(),
        device_kind: "display".to_owned(),
        state: state.into(),
        at: Some(timestamp(wall_now())),
    };
    twice(&house, "portal", &pairing(portal::PairingState::Paired)).await;
    assert_eq!(listed(&house, "cafe-1").await.state(), pb::DisplayState::PendingApproval);
    let mut device = devices!(house, &display("cafe-1"));
    let answer = device.heartbeat(heartbeat("cafe-1")).await.expect("heard").into_inner();
    assert_eq!(answer.server_time, Some(timestamp(noon())));
    assert_eq!(answer.revision, content(&house, "cafe-1").await.revision);
    let there = listed(&house, "cafe-1").await;
    assert_eq!(there.state(), pb::DisplayState::Active);
    let health = there.health.expect("health");
    assert_eq!(health.player, "portal/1");
    let said = (health.device_name.as_str(), health.lan_address.as_str(), health.status.as_str());
    assert_eq!(said, ("monitor-cafe", "10.0.7.21", "läuft"), "where to find it once it is silent");

    // It shows the way out by itself: staff must know.
    device.heartbeat(pb::HeartbeatRequest { alarm: true, ..heartbeat("cafe-1") }).await.expect("heard");
    let alarmed = listed(&house, "cafe-1").await;
    assert_eq!(alarmed.state(), pb::DisplayState::Degraded);
    assert!(alarmed.health.expect("health").alarm && alarmed.cause.expect("a cause").de.contains("Alarmkontakt"));
    device.heartbeat(heartbeat("cafe-1")).await.expect("heard");
    assert_eq!(listed(&house, "cafe-1").await.state(), pb::DisplayState::Active);

    // A fault degrades it until the device takes it back; saying so again changes nothing.
    let report = |faults| pb::ReportFaultsRequest { display_id: "cafe-1".to_owned(), faults };
    for _ in 0..2 {
        device.report_faults(report(vec![fault("media"), fault("disk")])).await.expect("noted");
    }
    let degraded = listed(&house, "cafe-1").await;
    assert_eq!((degraded.state(), degraded.faults), (pb::DisplayState::Degraded, 2));
    assert!(!degraded.cause.expect("a cause").de.is_empty());
    device.report_faults(report(vec![fault("disk")])).await.expect("noted");
    device.report_faults(report(Vec::new())).await.expect("noted");
    assert_eq!(listed(&house, "cafe-1").await.state(), pb::DisplayState::Active);
    let mut desk = devices!(house, &staff(Role::Desk));
    let list = desk.list_faults(pb::ListFaultsRequest { display_id: "cafe-1".to_owned() }).await.expect("a list");
    let list = list.into_inner().faults;
    assert_eq!(list.len(), 2, "and they are remembered");
    assert!(list.iter().all(|fault| fault.over_at.is_some()));

    fall_silent(&house, "cafe-1").await;
    assert_eq!(listed(&house, "cafe-1").await.state(), pb::DisplayState::Offline);
    let request = pb::RequestScreenshotRequest { display_id: "cafe-1".to_owned(), ttl_seconds: 0 };
    desk.request_screenshot(request).await.expect("asked");
    content(&house, "cafe-1").await;
    let offline = listed(&house, "cafe-1").await;
    assert_eq!(offline.state(), pb::DisplayState::Offline, "asking does not make it alive");
    assert!(!offline.cause.expect("a cause").en.is_empty());
    twice(&house, "portal", &pairing(portal::PairingState::Revoked)).await;
    assert_eq!(listed(&house, "cafe-1").await.state(), pb::DisplayState::Revoked);
}

#[tokio::test]
async fn a_screenshot_is_asked_for_on_the_stream_and_answered_once_in_time() {
    let house = house().await;
    let seen = content(&house, "foyer-1").await.revision;
    let request = pb::WatchDisplayRequest { display_id: "foyer-1".to_owned(), after_revision: seen };
    let mut stream =
        client!(house, &display("foyer-1")).watch_display(request.clone()).await.expect("watched").into_inner();
    let mut looking = client!(house, &operator()).watch_display(request).await.expect("watched").into_inner();
    let mut desk = devices!(house, &staff(Role::Desk));
    let ask = pb::RequestScreenshotRequest { display_id: "foyer-1".to_owned(), ttl_seconds: 60 };
    let asked = desk.request_screenshot(ask.clone()).await.expect("asked").into_inner();
    let command = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            if let Update::Command(command) = stream.next().await.expect("on").expect("good").update.expect("one") {
                return command;
            }
        }
    });
    let command = command.await.expect("in time");
    assert_eq!((command.command_id.as_str(), command.action.as_str()), (asked.screenshot_id.as_str(), "screenshot"));
    let seen = looking.next().await.expect("on").expect("good").update.expect("one");
    assert!(matches!(seen, Update::Beat(_)), "staff who look are not asked: {seen:?}");

    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend([7; 100]);
    let answer = |picture: Vec<u8>| pb::SubmitScreenshotRequest {
        screenshot_id: asked.screenshot_id.clone(),
        picture,
        ..Default::default()
    };
    let mut device = devices!(house, &display("foyer-1"));
    for bad in
        [Vec::new(), b"<svg onload=alert(1)>".to_vec(), b"\0\0\0\x18ftypmp42".to_vec(), vec![0xff; (2 << 20) + 1]]
    {
        let refused = device.submit_screenshot(answer(bad)).await.expect_err("no picture");
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    let other = devices!(house, &display("foyer-2")).submit_screenshot(answer(png.clone())).await;
    assert_eq!(other.expect_err("another display").code(), Code::PermissionDenied);
    for _ in 0..2 {
        device.submit_screenshot(answer(png.clone())).await.expect("taken");
    }
    let get = |id: &str| pb::GetScreenshotRequest { screenshot_id: id.to_owned(), ..Default::default() };
    let taken = desk.get_screenshot(get(&asked.screenshot_id)).await.expect("there").into_inner();
    assert_eq!((taken.media_type.as_str(), taken.picture == png), ("image/png", true));
    let last = pb::GetScreenshotRequest { display_id: "foyer-1".to_owned(), ..Default::default() };
    assert_eq!(desk.get_screenshot(last.clone()).await.expect("there").into_inner(), taken);

    // A device that cannot make one says so, and staff are told.
    let cannot = desk.request_screenshot(ask.clone()).await.expect("asked").into_inner();
    let says = |why: &str, picture: Vec<u8>| pb::SubmitScreenshotRequest {
        screenshot_id: cannot.screenshot_id.clone(),
        picture,
        not_possible: why.to_owned(),
    };
    for (why, picture) in [("not-supported", png.clone()), ("no way", Vec::new()), (&"x".repeat(65), Vec::new())] {
        let refused = device.submit_screenshot(says(why, picture)).await.expect_err(why);
        assert_eq!(refused.code(), Code::InvalidArgument, "{why}");
    }
    for _ in 0..2 {
        device.submit_screenshot(says("not-supported", Vec::new())).await.expect("taken");
    }
    let told = desk.get_screenshot(last).await.expect("there").into_inner();
    assert_eq!((told.not_possible.as_str(), told.picture.len()), ("not-supported", 0));
    assert!(told.taken_at.is_some(), "it has answered");
    let none = desk.get_screenshot(get(&Uuid::now_v7().to_string())).await.expect_err("nobody asked");
    assert_eq!(none.code(), Code::NotFound);

    // Too late is too late.
    let late = desk.request_screenshot(ask).await.expect("asked").into_inner();
    house.clock.advance(chrono::TimeDelta::seconds(61));
    let late = pb::SubmitScreenshotRequest { screenshot_id: late.screenshot_id, picture: png, ..Default::default() };
    assert_eq!(device.submit_screenshot(late).await.expect_err("too late").code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn plays_are_counted_once_and_by_the_day_of_the_house() {
    let house = house().await;
    let play = |id: &str, subject: &str, minutes_: i64, seconds| pb::Play {
        play_id: id.to_owned(),
        subject: subject.to_owned(),
        started_at: Some(timestamp(minutes(minutes_))),
        seconds,
        revision: 1,
    };
    let mut device = devices!(house, &display("foyer-1"));
    let plays = vec![play("a", "programme", 0, 30), play("b", "programme", -5, 60), play("c", "x", -60 * 24, 10)];
    let submit = pb::SubmitPlaysRequest { display_id: "foyer-1".to_owned(), plays };
    assert_eq!(device.submit_plays(submit.clone()).await.expect("noted").into_inner().noted, 3);
    assert_eq!(device.submit_plays(submit.clone()).await.expect("again").into_inner().noted, 0);
    let mut desk = devices!(house, &staff(Role::Desk));
    let list = pb::ListPlaysRequest { display_id: "foyer-1".to_owned(), day: "2026-11-28".to_owned(), each: false };
    let answer = desk.list_plays(list.clone()).await.expect("a list").into_inner();
    assert_eq!(answer.plays, [], "only when asked for");
    let each = desk.list_plays(pb::ListPlaysRequest { each: true, ..list.clone() }).await.expect("a list").into_inner();
    let ids: Vec<&str> = each.plays.iter().map(|play| play.play_id.as_str()).collect();
    assert_eq!(ids, ["b", "a"], "each one, in order");
    let totals = answer.totals;
    assert_eq!(totals.len(), 1, "{totals:?}");
    assert_eq!((totals[0].subject.as_str(), totals[0].times, totals[0].seconds), ("programme", 2, 90));
    type Spoil = fn(&mut pb::SubmitPlaysRequest);
    let cases: [(&str, Spoil); 6] = [
        ("plays", |r| r.plays.clear()),
        ("plays", |r| r.plays = vec![r.plays[0].clone(); 501]),
        ("plays.play_id", |r| r.plays[0].play_id = "a b".to_owned()),
        ("plays.subject", |r| r.plays[0].subject.clear()),
        ("plays.seconds", |r| r.plays[0].seconds = 86_401),
        ("plays.started_at", |r| r.plays[0].started_at = Some(timestamp(minutes(120)))),
    ];
    for (field, spoil) in cases {
        let mut bad = submit.clone();
        spoil(&mut bad);
        let refused = device.submit_plays(bad).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().starts_with(field), "{}", refused.message());
    }
    let wrong = desk.list_plays(pb::ListPlaysRequest { day: "28.11.2026".to_owned(), ..list }).await;
    assert_eq!(wrong.expect_err("no day").code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_heartbeat_that_makes_no_sense_names_its_field() {
    type Spoil = fn(&mut pb::HeartbeatRequest);
    let house = house().await;
    let cases: [(&str, Spoil); 10] = [
        ("display_id", |r| r.display_id.clear()),
        ("width", |r| r.width = 100_000),
        ("available_bytes", |r| r.available_bytes = 101),
        ("time_zone", |r| r.time_zone = "Mars/Olympus".to_owned()),
        ("time_zone", |r| r.time_zone = "\u{7}".to_owned()),
        ("player", |r| r.player = "x".repeat(65)),
        ("device_time", |r| r.device_time = None),
        ("device_name", |r| r.device_name = "x".repeat(65)),
        ("lan_address", |r| r.lan_address = "the foyer".to_owned()),
        ("status", |r| r.status = "x".repeat(201)),
    ];
    let mut device = devices!(house, &display("foyer-1"));
    for (field, spoil) in cases {
        let mut bad = heartbeat("foyer-1");
        spoil(&mut bad);
        let refused = device.heartbeat(bad).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().starts_with(field), "{}", refused.message());
    }
    assert_eq!(listed(&house, "foyer-1").await.state(), pb::DisplayState::Unclaimed);
    let mut slow = heartbeat("foyer-1");
    slow.device_time = Some(timestamp(wall_now() - chrono::TimeDelta::minutes(5)));
    device.heartbeat(slow).await.expect("heard");
    let skewed = listed(&house, "foyer-1").await;
    assert_eq!(skewed.state(), pb::DisplayState::Degraded);
    assert!(skewed.cause.expect("a cause").de.contains("-300"), "off by five minutes");
    for caller in [display("foyer-2"), staff(Role::Admin), Caller::Service("portal".to_owned())] {
        let refused = devices!(house, &caller).heartbeat(heartbeat("foyer-1")).await.expect_err("not its device");
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let nobody = devices!(house, &display("roof-9")).heartbeat(heartbeat("roof-9")).await;
    assert_eq!(nobody.expect_err("no such display").code(), Code::NotFound);
}

#[tokio::test]
async fn a_display_that_the_house_file_drops_is_retired_and_comes_back() {
    let house = house().await;
    let gone = HOUSE_FILE.replace("\"cafe-2\"", "\"cafe-3\"");
    load(&house, &gone, false).await.expect("applied");
    let mut desk = devices!(house, &staff(Role::Desk));
    let retired = desk.list_retired(pb::ListRetiredRequest {}).await.expect("a list").into_inner().displays;
    assert_eq!(retired.len(), 1);
    assert_eq!((retired[0].display_id.as_str(), retired[0].state()), ("cafe-2", pb::DisplayState::Retired));
    let dead = devices!(house, &display("cafe-2")).heartbeat(heartbeat("cafe-2")).await;
    assert_eq!(dead.expect_err("taken down").code(), Code::NotFound);
    load(&house, HOUSE_FILE, false).await.expect("applied");
    assert!(!content(&house, "cafe-2").await.lines.is_empty(), "it hangs again");
}

#[tokio::test]
async fn a_neighbour_takes_the_message_of_a_silent_display_and_gives_it_back() {
    let house = house().await;
    let showing = Uuid::now_v7();
    twice(&house, "reservations", &scheduled(showing, 30)).await;
    publish(&house, &message(pb::PriorityClass::Operations, "Nur linke Tür", "dome-door")).await.expect("published");
    let watch = |at: chrono::DateTime<chrono::Utc>| {
        let house = &house;
        async move {
            let board = signage::board::Board::default();
            let turn = house.transact("signage", move |tx| {
                Box::pin(async move { signage::commands::devices::watch_over(tx, &board, at).await })
            });
            turn.await.expect("looked");
        }
    };
    let before = content(&house, "foyer-3").await;
    assert!(!words(&before).contains("Nur linke Tür"));
    for id in ["dome-door-1", "dome-door-2"] {
        devices!(house, &display(id)).heartbeat(heartbeat(id)).await.expect("heard");
    }
    listed(&house, "dome-door-1").await;
    watch(wall_now()).await;
    assert_eq!(content(&house, "foyer-3").await, before, "nobody is silent");
    // One of the two doors falls silent: the other one is its neighbour, and shows the same anyway.
    fall_silent(&house, "dome-door-1").await;
    watch(wall_now()).await;
    assert_eq!(listed(&house, "dome-door-2").await.standing_in_for, ["dome-door-1"]);
    fall_silent(&house, "dome-door-2").await;
    watch(wall_now()).await;
    // The next neighbour has no device: whatever it were to show, nobody would read it.
    let list = listed(&house, "foyer-3").await;
    assert_eq!((list.state(), list.standing_in_for.len()), (pb::DisplayState::Unclaimed, 0));
    assert_eq!(content(&house, "foyer-3").await, before);
    devices!(house, &display("foyer-3")).heartbeat(heartbeat("foyer-3")).await.expect("heard");
    listed(&house, "foyer-3").await;
    watch(wall_now()).await;
    let both = content(&house, "foyer-3").await;
    assert!(words(&both).contains("Nur linke Tür"), "both doors are silent: {}", words(&both));
    assert!(both.revision > before.revision);
    let list = listed(&house, "foyer-3").await;
    assert_eq!(list.standing_in_for, ["dome-door-1", "dome-door-2"]);
    // Never heard of is not silent.
    assert_eq!(listed(&house, "foyer-1").await.standing_in_for, Vec::<String>::new());
    for id in ["dome-door-1", "dome-door-2"] {
        devices!(house, &display(id)).heartbeat(heartbeat(id)).await.expect("heard");
    }
    listed(&house, "dome-door-1").await;
    watch(wall_now()).await;
    let after = content(&house, "foyer-3").await;
    assert!(!words(&after).contains("Nur linke Tür"), "they are back");
    assert!(after.revision > both.revision, "a revision never falls");
}

#[tokio::test]
async fn a_neighbour_whose_screen_nobody_can_read_takes_no_message_unless_there_is_no_other() {
    let house = house().await;
    publish(&house, &message(pb::PriorityClass::Operations, "Nur linke Tür", "queue")).await.expect("published");
    let mut wanted = HOUSE_FILE.find("id = \"queue-1\"").map(|at| &HOUSE_FILE[at..]).expect("in the file").lines();
    let neighbours = wanted.find(|line| line.starts_with("neighbours")).expect("neighbours");
    assert!(neighbours.contains("\"foyer-1\", \"foyer-2\""), "{neighbours}");
    let look = async || {
        let board = signage::board::Board::default();
        let turn = house.transact("signage", move |tx| {
            Box::pin(async move { signage::commands::devices::watch_over(tx, &board, wall_now()).await })
        });
        turn.await.expect("looked");
    };
    let beats = async |id: &str, dark: bool| {
        devices!(house, &display(id)).heartbeat(pb::HeartbeatRequest { dark, ..heartbeat(id) }).await.expect("heard");
    };
    beats("queue-1", false).await;
    listed(&house, "queue-1").await;
    fall_silent(&house, "queue-1").await;
    // Which of the two are dark, and who takes it: both, none, the first one.
    for (dark, takes) in [([true, false], "foyer-2"), ([true, true], "foyer-1"), ([false, false], "foyer-1")] {
        for (id, dark) in ["foyer-1", "foyer-2"].into_iter().zip(dark) {
            beats(id, dark).await;
        }
        listed(&house, "foyer-1").await;
        look().await;
        for id in ["foyer-1", "foyer-2"] {
            let shows = words(&content(&house, id).await).contains("Nur linke Tür");
            assert_eq!(shows, id == takes, "{id} of {dark:?}");
            assert_eq!(listed(&house, id).await.standing_in_for.len(), usize::from(id == takes), "{id} of {dark:?}");
        }
    }
}

/// A line to a screen without power stays open for minutes, and whoever is on it is counted as seen.
#[tokio::test]
async fn an_open_line_without_heartbeats_keeps_nobody_alive_who_had_them_until_another_device_is_paired() {
    let house = house().await;
    let watched = async |id: &str| {
        let request = pb::WatchDisplayRequest { display_id: id.to_owned(), after_revision: 0 };
        drop(client!(house, &display(id)).watch_display(request).await.expect("watched"));
        listed(&house, id).await
    };
    // A player that only watches is there as long as its line is.
    assert_eq!(watched("foyer-1").await.state(), pb::DisplayState::Active);
    fall_silent(&house, "foyer-1").await;
    assert_eq!(watched("foyer-1").await.state(), pb::DisplayState::Active);

    devices!(house, &display("cafe-1")).heartbeat(heartbeat("cafe-1")).await.expect("heard");
    assert_eq!(watched("cafe-1").await.state(), pb::DisplayState::Active);
    fall_silent(&house, "cafe-1").await;
    assert_eq!(watched("cafe-1").await.state(), pb::DisplayState::Offline, "its page has said nothing");
    assert!(watched("cafe-1").await.health.is_some());

    // Another device in its place, which may be one without heartbeats.
    let pairing = portal::DevicePairingChanged {
        device_id: "cafe-1".to_owned(),
        device_kind: "display".to_owned(),
        state: portal::PairingState::Paired.into(),
        at: Some(timestamp(noon())),
    };
    twice(&house, "portal", &pairing).await;
    let paired = watched("cafe-1").await;
    assert_eq!(
        (paired.state(), paired.health),
        (pb::DisplayState::Active, None),
        "what the other one said is forgotten"
    );
    fall_silent(&house, "cafe-1").await;
    assert_eq!(watched("cafe-1").await.state(), pb::DisplayState::Active);
    // A word of before that pairing resets nothing.
    devices!(house, &display("cafe-1")).heartbeat(heartbeat("cafe-1")).await.expect("heard");
    listed(&house, "cafe-1").await;
    let older = portal::DevicePairingChanged { at: Some(timestamp(noon() - chrono::TimeDelta::minutes(1))), ..pairing };
    twice(&house, "portal", &older).await;
    assert!(watched("cafe-1").await.health.is_some());
}

#[tokio::test]
async fn a_dark_screen_is_told_as_its_page_says_it() {
    let house = house().await;
    let mut device = devices!(house, &display("cafe-1"));
    for dark in [true, false] {
        device.heartbeat(pb::HeartbeatRequest { dark, ..heartbeat("cafe-1") }).await.expect("heard");
        assert_eq!(listed(&house, "cafe-1").await.health.expect("health").dark, dark);
    }
}
