//! A warning of the weather service on its way through the house: pasted at the desk, on every monitor, a proposal to
//! close the roof terrace, a person's yes, and back again.

use kernel::Role;

use crate::{accessible, cable::Cable, chrome::Device, monitor::leaves, stage::Stage};

fn cap(kind: &str, identifier: &str, references: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">\
         <identifier>{identifier}</identifier><sender>CAP@dwd.de</sender><sent>2026-11-28T11:55:00+01:00</sent>\
         <status>Actual</status><msgType>{kind}</msgType><scope>Public</scope><references>{references}</references>\
         <info><language>de-DE</language><category>Met</category><event>SCHWERES GEWITTER</event>\
         <urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty>\
         <expires>2026-11-28T20:00:00+01:00</expires><headline>Amtliche WARNUNG vor SCHWEREM GEWITTER</headline>\
         <instruction>Aufenthalt im Freien vermeiden.</instruction><area><areaDesc>Halle</areaDesc></area></info></alert>"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pasted_thunderstorm_is_on_the_wall_and_closes_the_terrace_when_staff_say_so() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "way-roof").await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/displays").await;
    desk.press("Amtliche Warnungen").await;
    desk.sees("h1", "Amtliche Warnungen").await;
    desk.sees("main", "ruft keine Warnungen ab").await;
    accessible::check(&desk, "official warnings").await;

    desk.types("#warning", "Achtung, Gewitter!").await;
    desk.press("Übernehmen").await;
    desk.sees(".notice.bad", "ließ sich nicht lesen").await;
    let exercise = cap("Alert", "u1", "").replace("Actual", "Exercise");
    desk.types("#warning", &exercise).await;
    desk.press("Übernehmen").await;
    desk.sees(".notice.bad", "Es ist eine Übung").await;

    desk.types("#warning", &cap("Alert", "g1", "")).await;
    desk.press("Übernehmen").await;
    desk.sees(".notice.good", "1 Warnung gilt jetzt").await;
    // Above what the monitor says anyway: the way to the terrace is still to be seen.
    monitor.sees("li[data-pinned]", "SCHWEREM GEWITTER").await;
    monitor.sees("li.line-wayfinding", "").await;

    // The house proposes, a person decides.
    desk.open("/desk").await;
    let terrace = "//ul[@class='measures']/li[contains(., 'Dachterrasse')]";
    desk.sees("section[aria-labelledby=measures]", "Dachterrasse").await;
    desk.sees("section[aria-labelledby=measures]", "vorgeschlagen").await;
    desk.press_in(terrace, "Bestätigen").await;
    desk.sees(".notice.good", "").await;
    desk.sees_no_more("section[aria-labelledby=measures]", "vorgeschlagen").await;

    // Taken back, what staff have said for the terrace is on its monitor; they end it themselves.
    desk.open("/displays/warnings").await;
    desk.types("#warning", &cap("Cancel", "g2", "CAP@dwd.de,g1,2026-11-28T11:55:00+01:00")).await;
    desk.press("Übernehmen").await;
    desk.sees(".notice.good", "1 frühere Warnung ist aufgehoben").await;
    monitor.sees(".screen.operations", "Dachterrasse: zurzeit kein Einlass").await;
    monitor.sees_no_more("main", "GEWITTER").await;
    desk.open("/desk").await;
    desk.press_in(terrace, "Beenden").await;
    monitor.sees_no_more("main", "kein Einlass").await;
    desk.quits().await;
    leaves(monitor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_the_warning_app_is_taken_without_scripts() {
    let Some(stage) = Stage::open().await else { return };
    let plain = stage.staff(Role::Operator, Device::NoScripts).await;
    plain.open("/displays/warnings").await;
    let list = r#"[{"id":"mow.1","payload":{"version":2,"type":"ALERT","hash":"x","data":{"headline":"Rauch","provider":"MOWAS",
        "severity":"Moderate","msgType":"Alert"}},"i18nTitle":{"de":"Rauch über Halle"},"sent":"2026-11-28T11:50:00+01:00",
        "expires":"2026-11-28T20:00:00+01:00"},{"id":7}]"#;
    plain.types("#warning", &list.replace('\n', " ")).await;
    plain.press("Übernehmen").await;
    plain.sees(".notice.good", "1 Warnung gilt jetzt").await;
    plain.sees(".notice.good", "1 Eintrag war nicht lesbar").await;
    plain.open("/displays").await;
    plain.sees(".message", "Rauch über Halle").await;
    plain.quits().await;
}
