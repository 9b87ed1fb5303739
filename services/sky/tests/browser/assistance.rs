//! Guests who need assistance are called first: their group comes before all others, only its button is there, and a page
//! that is old is refused with a sentence that says what to do.

use chrono::TimeDelta;
use kernel::{Role, values::from_timestamp};
use serde_json::json;

use crate::{
    accessible,
    chrome::Device,
    journey::{Pays, books, fills_in_form, moves_admission, orders},
    stage::Stage,
};

const GROUPS: &str = "//ul[preceding-sibling::h2[@id='groups']]";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_needs_assistance_is_called_before_everybody_else() {
    let Some(stage) = Stage::open().await else { return };
    let title = "Der Sternenhimmel heute Nacht";
    let family = stage.visitor(Device::Phone).await;
    let booked = books(&family, title, Pays::AtDesk).await;
    family.quits().await;
    let wheelchair = stage.visitor(Device::Phone).await;
    let showing = fills_in_form(&wheelchair, title).await;
    wheelchair.click("details:has(#need_wheelchair) summary").await;
    wheelchair.types("#need_wheelchair", "1").await;
    let first = orders(&wheelchair, showing, Pays::AtDesk).await;
    wheelchair.quits().await;
    assert_eq!(booked.showing, first.showing);
    let visit = stage.visit(&booked.visit).await;
    stage.waits_until(from_timestamp(visit.starts_at) - TimeDelta::minutes(19)).await;

    let operator = stage.staff(Role::Operator, Device::Desk).await;
    let here = format!("/operator/{}", booked.showing);
    operator.open(&here).await;
    moves_admission(&operator, &booked, "Einlass öffnen").await;
    let door = stage.staff(Role::Desk, Device::Monitor).await;
    door.open("/monitor/dome-door-1").await;
    operator.open(&here).await;
    operator.press("Gruppen bilden").await;
    operator.sees("#groups ~ ul li:first-child", "Gäste mit Begleitung zuerst").await;
    operator.sees("#groups ~ ul li:nth-child(2)", "Gruppe 1").await;
    let buttons =
        "return [...document.querySelectorAll('#groups ~ ul li')].map((it) => it.querySelectorAll('button').length)";
    assert_eq!(operator.run(buttons).await, json!([1, 0]), "only the next one has a button");
    operator.shoots("operator-assistance-first").await;
    accessible::check(&operator, "assistance first").await;

    // A page of before they booked still has the other group's button.
    let stale = "const [first, second] = document.querySelectorAll('#groups ~ ul li');
        const form = first.querySelector('form'); form.action = '/desk/groups/' + second.id.replace('group-', '');
        form.querySelector('button').click()";
    operator.run(stale).await;
    operator.sees(".notice.bad", "Gäste, die Begleitung brauchen, werden zuerst aufgerufen").await;
    accessible::check(&operator, "refused: assistance first").await;
    door.sees_no_more("main", "Gruppe 1").await;

    operator.press_in(&format!("{GROUPS}/li[1]"), "Aufrufen").await;
    door.sees("li.line-call", "Gäste, die Begleitung brauchen").await;
    operator.open(&here).await;
    operator.press_in(&format!("{GROUPS}/li[contains(., 'Gruppe 1')]"), "Aufrufen").await;
    door.sees("main", "Gruppe 1").await;
    operator.quits().await;
    door.quits().await;
}
