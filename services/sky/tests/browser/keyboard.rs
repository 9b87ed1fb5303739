//! Booking with the keyboard alone: everything can be reached, the focus can always be seen.

use serde_json::json;
use thirtyfour::Key;

use crate::{
    chrome::{Browser, Device},
    stage::Stage,
};

/// Whether the focused element shows it and stands on the screen; else what is wrong.
const FOCUS: &str = "
    const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
    if (it === document.body) return 'nothing has the focus';
    if (it.id === 'main') return '';
    if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) return 'no outline: ' + it.outerHTML;
    if (box.bottom <= 0 || box.top >= innerHeight) return 'off the screen: ' + it.outerHTML;
    return '';";

/// Goes on with Tab until the focus is on what a selector finds.
async fn tabs_to(browser: &Browser, css: &str) {
    let there = format!("return document.activeElement.matches({})", json!(css));
    for _ in 0..300 {
        browser.key(Key::Tab).await;
        let wrong = browser.run(FOCUS).await;
        assert_eq!(wrong, json!(""), "on the way to {css} on {}", browser.path().await);
        if browser.run(&there).await == json!(true) {
            return;
        }
    }
    panic!("Tab does not reach {css} on {}", browser.path().await);
}

async fn types(browser: &Browser, text: &str) {
    browser.driver.action_chain().send_keys(text).perform().await.expect("typed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_is_booked_with_the_keyboard_alone() {
    let Some(stage) = Stage::open().await else { return };
    let visitor = stage.visitor(Device::Desk).await;
    visitor.open("/").await;

    // The first Tab offers to jump over the menu, and the jump lands in the content.
    tabs_to(&visitor, ".skip").await;
    visitor.shoots("keyboard-skip").await;
    visitor.key(Key::Enter).await;
    visitor.key(Key::Tab).await;
    let inside = visitor.run("return document.querySelector('main').contains(document.activeElement)").await;
    assert_eq!(inside, json!(true), "after the skip link Tab goes on inside the content");

    tabs_to(&visitor, "h3 a[href^='/showings/']").await;
    visitor.key(Key::Enter).await;
    visitor.arrives("/showings/").await;
    tabs_to(&visitor, "#count_adult").await;
    types(&visitor, "1").await;
    // The arrows choose among radio buttons: from no bay to the first kind of bay.
    tabs_to(&visitor, "[name=parking]").await;
    visitor.key(Key::Down).await;
    assert_eq!(visitor.run("return document.querySelector('#bay1').checked").await, json!(true));
    tabs_to(&visitor, "main button.main").await;
    visitor.shoots("keyboard-focus").await;
    visitor.key(Key::Enter).await;

    visitor.arrives("/order/").await;
    tabs_to(&visitor, "#name").await;
    types(&visitor, "Erika Muster").await;
    tabs_to(&visitor, "#email").await;
    types(&visitor, "erika@visitors.invalid").await;
    tabs_to(&visitor, "[name=method]").await;
    visitor.key(Key::Down).await;
    assert_eq!(visitor.run("return document.querySelector('#desk').checked").await, json!(true));
    // Enter in a field sends a form too, but people look for the button.
    tabs_to(&visitor, "main button.main").await;
    visitor.key(Key::Enter).await;
    visitor.arrives("/visit").await;
    visitor.sees(".notice.good", "Gebucht").await;
    tabs_to(&visitor, "main summary").await;
    visitor.key(Key::Enter).await;
    assert_eq!(visitor.run("return document.querySelector('main details').open").await, json!(true));
    visitor.quits().await;
}
