//! The waiting room in a browser: staff open it, a visitor waits with scripts and another without, and both are
//! led to the showing when it is their turn.

use chrono::TimeDelta;
use chrono_tz::Europe::Berlin;
use kernel::Role;

use crate::{
    chrome::{Device, until},
    sale::in_the_dome,
    stage::{Stage, clock},
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
    assert_eq!(desk.complaints().await, Vec::<String>::new());
    desk.shoots("desk-waiting-rooms").await;

    until("a page that invites to wait", async || {
        visitor.open(&page).await;
        let words = visitor.words().await;
        if words.contains("Zum Warteraum") { Ok(()) } else { Err(words) }
    })
    .await;
    visitor.press("Zum Warteraum").await;
    visitor.sees(".notice", &clock(opens_at)).await;
    visitor.sees(".notice", "Der Verkauf beginnt am").await;
    assert_eq!(visitor.complaints().await, Vec::<String>::new());
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
    assert_eq!(visitor.complaints().await, Vec::<String>::new());
    visitor.shoots("showing-after-waiting").await;
    // Until when they may book is told, and more time costs nothing of what was typed.
    visitor.sees(".badge.few", "Sie können buchen bis").await;
    visitor.types("#count_adult", "2").await;
    visitor.press("Mehr Zeit").await;
    let typed = "location.pathname.endsWith('/hold') && document.querySelector('#count_adult')?.value === '2'";
    visitor.holds("the form as it was typed", typed).await;
    visitor.sees(".badge.few", "Sie können buchen bis").await;
    assert_eq!(visitor.complaints().await, Vec::<String>::new());
    visitor.shoots("showing-more-time").await;
    desk.open("/desk/waiting-rooms").await;
    desk.press("Warteraum schließen").await;
    desk.sees(".notice.good", "für alle offen").await;
    for browser in [visitor, plain, desk] {
        browser.quits().await;
    }
}
