//! The waiting room in a browser: staff open it, a visitor waits with scripts and another without, and both are
//! led to the showing when it is their turn. What the room says meanwhile can be read by everybody.

use chrono::TimeDelta;
use chrono_tz::Europe::Berlin;
use kernel::{Role, values::timestamp};
use sky_proto::portal::v1::{OpenWaitingRoomRequest, waiting_rooms_client::WaitingRoomsClient};
use uuid::Uuid;

use crate::{
    accessible::check,
    chrome::{Device, until},
    sale::{block, general_seats, in_the_dome},
    stage::{Stage, clock},
    world::staff,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_waits_and_is_led_to_the_showing() {
    let Some(stage) = Stage::open().await else { return };
    let showing = in_the_dome(&stage).await;
    let page = format!("/showings/{}", showing.showing_id);
    let visitor = stage.visitor(Device::Phone).await;
    visitor.open(&page).await;
    visitor.sees(".badges", "Plätze").await;

    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/desk/waiting-rooms").await;
    let opens_at = stage.house.clock.now() + TimeDelta::minutes(5);
    let local = opens_at.with_timezone(&Berlin).format("%Y-%m-%dT%H:%M");
    desk.run(&format!(
        "document.querySelector('#room-what').value = 'showing:{}'; document.querySelector('#room-at').value = '{local}'",
        showing.showing_id
    ))
    .await;
    desk.press("Warteraum öffnen").await;
    desk.sees(".notice.good", "Der Warteraum ist offen").await;
    desk.sees(".card", "Wartende").await;
    check(&desk, "the waiting rooms at the desk").await;
    desk.shoots("desk-waiting-rooms").await;
    // Who comes is counted there by itself, and what is being typed beside it stays.
    desk.run("document.querySelector('#sale-at').value = '2026-12-24T10:00'").await;
    let opened: Uuid = sqlx::query_scalar("select id from waiting_room where closed_at is null")
        .fetch_one(stage.house.pool("portal"))
        .await
        .expect("a room");
    others(&stage, &opened.to_string(), 777, false).await;
    desk.sees(".card", "777").await;
    desk.holds("the hour as it was typed", "document.querySelector('#sale-at').value === '2026-12-24T10:00'").await;
    sqlx::query("delete from waiting_place where room_id = $1")
        .bind(opened)
        .execute(stage.house.pool("portal"))
        .await
        .expect("they left");

    until("a page that invites to wait", async || {
        visitor.open(&page).await;
        let words = visitor.words().await;
        if words.contains("Zum Warteraum") { Ok(()) } else { Err(words) }
    })
    .await;
    check(&visitor, "a showing with a waiting room").await;
    visitor.press("Zum Warteraum").await;
    visitor.sees(".notice", &clock(opens_at)).await;
    visitor.sees(".notice", "Der Verkauf beginnt am").await;
    check(&visitor, "a waiting room before the sale").await;
    visitor.shoots("waiting-room-before").await;
    let plain = stage.visitor(Device::NoScripts).await;
    plain.open(&page).await;
    plain.press("Zum Warteraum").await;
    plain.sees(".notice", "Der Verkauf beginnt am").await;

    stage.waits_until(opens_at).await;
    // Led on without touching anything: by the live page, or by its reload every five seconds.
    for browser in [&visitor, &plain] {
        browser.arrives(&page).await;
        browser.sees("form.stack", "Wer kommt").await;
    }
    check(&visitor, "the showing after the waiting room").await;
    visitor.shoots("showing-after-waiting").await;
    // Until when they may book is told, and more time costs nothing of what was typed.
    visitor.sees(".badge.few", "Sie können buchen bis").await;
    visitor.types("#count_adult", "2").await;
    visitor.press("Mehr Zeit").await;
    let typed = "location.pathname.endsWith('/hold') && document.querySelector('#count_adult')?.value === '2'";
    visitor.holds("the form as it was typed", typed).await;
    visitor.sees(".badge.few", "Sie können buchen bis").await;
    check(&visitor, "the showing with more time").await;
    visitor.shoots("showing-more-time").await;
    desk.open("/desk/waiting-rooms").await;
    desk.press("Warteraum schließen").await;
    desk.sees(".panel", "nicht zurücknehmen").await;
    check(&desk, "before a waiting room is closed").await;
    desk.shoots("desk-room-close").await;
    desk.press("Offen lassen").await;
    desk.sees(".card", "Wartende").await;
    desk.press("Warteraum schließen").await;
    desk.press("Jetzt schließen").await;
    desk.sees(".notice.good", "für alle offen").await;
    for browser in [visitor, plain, desk] {
        browser.quits().await;
    }
}

/// So many others are in a room, before whoever comes: they wait, or are in and have not decided.
async fn others(stage: &Stage, room: &str, count: i32, are_in: bool) {
    sqlx::query(
        "with came as (
             insert into session (id, cookie_hash, expires_at)
             select gen_random_uuid(), decode(md5(n::text || random()), 'hex'), now() + interval '1 day'
             from generate_series(1, $2) n returning id)
         insert into waiting_place (room_id, session_id, late, rank, seen_at, admitted_at, passed_until)
         select $1, id, false, -row_number() over (), now() + interval '1 hour', case when $3 then now() end,
             case when $3 then now() + interval '10 minutes' end from came",
    )
    .bind(Uuid::parse_str(room).expect("an id"))
    .bind(count)
    .bind(are_in)
    .execute(stage.house.pool("portal"))
    .await
    .expect("they came");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_waiting_room_says_can_be_read_by_everybody() {
    let Some(stage) = Stage::open().await else { return };
    let showing = in_the_dome(&stage).await;
    // The only one of its release.
    let joined = sqlx::query(
        "update showing set release_id = case when id = $1::uuid then 'advent-2026' end, revision = revision + 1,
             sale_version = sale_version + 1
         where id = $1::uuid or release_id is not null",
    );
    joined.bind(&showing.showing_id).execute(stage.house.pool("reservations")).await.expect("joined");
    let rooms = WaitingRoomsClient::new(stage.world.door("portal", &staff(Role::Desk)));
    let request = OpenWaitingRoomRequest {
        showing_id: String::new(),
        release_id: "advent-2026".to_owned(),
        opens_at: Some(timestamp(stage.house.clock.now())),
    };
    // What was joined is told within a second.
    let room = until("a room", async || {
        let opened = rooms.clone().open_waiting_room(request.clone()).await;
        opened.map(|it| it.into_inner().room_id).map_err(|status| status.message().to_owned())
    })
    .await;
    // Nobody else is let in while these have not decided.
    others(&stage, &room, 300, true).await;
    let page = format!("/waiting-room/{room}");
    let visitor = stage.visitor(Device::Phone).await;
    visitor.open(&page).await;
    visitor.sees(".notice", "Ihr Platz in der Reihe: 1").await;
    check(&visitor, "next in the line").await;
    visitor.shoots("waiting-room-next").await;
    others(&stage, &room, 400, false).await;
    visitor.sees(".notice", "In der Reihe vor Ihnen: 400").await;
    visitor.sees(".notice", "Noch freie Plätze:").await;
    check(&visitor, "more before them than there are places left").await;
    visitor.shoots("waiting-room-unlikely").await;
    let left = sqlx::query("delete from waiting_place where rank < 0").execute(stage.house.pool("portal")).await;
    assert_eq!(left.expect("they left").rows_affected(), 700);
    visitor.sees(".notice.good", "Sie sind dran").await;
    visitor.sees(".card", "Plätze").await;
    check(&visitor, "let in to a release").await;
    visitor.shoots("waiting-room-in").await;

    let general = general_seats(&stage, &showing).await;
    block(&stage, &showing, &general).await;
    let late = stage.visitor(Device::Phone).await;
    late.open(&page).await;
    late.sees(".notice.bad", "Ausverkauft").await;
    late.sees(".notice", "Rollstuhlplätze sind noch frei").await;
    check(&late, "sold out but for wheelchair users").await;
    late.shoots("waiting-room-sold-out").await;
    for browser in [visitor, late] {
        browser.quits().await;
    }
}
