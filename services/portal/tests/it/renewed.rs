//! A monitor that was paired once stays signed in for as long as it comes back, without anybody touching it.

use kernel::Role;
use reqwest::Method;

use crate::{
    browser::Browser,
    support::{count, execute, house},
};

const COOKIE: &str = "__Host-sky";
const WHOLE: &str = "select count(*) from session where device_token_hash is not null
    and expires_at > current_timestamp + interval '399 days'";
const MONTH_LATER: &str = "update session set expires_at = expires_at - interval '31 days'
    where device_token_hash is not null";

#[tokio::test]
async fn the_session_of_a_monitor_that_comes_back_begins_anew_after_a_month() {
    let house = house().await;
    let (mut desk, mut monitor) = (Browser::of(&house, Role::Desk).await, Browser::new(&house));
    let page = monitor.get("/pair").await;
    let (_, code) = page.body.split_once("class=\"claim\">").expect("a code");
    let form = [("claim_code", code.split('<').next().expect("its end")), ("device", "foyer-1")];
    desk.post("/displays/approve", &form).await.location();
    assert!(monitor.get("/pair").await.sets(COOKIE).is_some_and(|cookie| cookie.contains("Max-Age=34560000")));
    let cookie = monitor.session().to_owned();
    assert_eq!(monitor.get("/monitor/foyer-1").await.sets(COOKIE), None, "it is new");

    // Its page is loaded; then, a month on, the page that stays open says how it is.
    for (method, path) in [(Method::GET, "/monitor/foyer-1"), (Method::POST, "/monitor/foyer-1/report")] {
        execute(&house, MONTH_LATER).await;
        assert_eq!(monitor.get("/monitor/foyer-1/live").await.sets(COOKIE), None, "an open line is no sign of life");
        assert_eq!(count(&house, WHOLE).await, 0);
        let request = monitor.request(method, path);
        let answer = monitor.send(request).await;
        let renewed = answer.sets(COOKIE).unwrap_or_else(|| panic!("{path}: the cookie of before"));
        assert!(renewed.contains("Max-Age=34560000"), "{path}: {renewed}");
        assert_eq!((count(&house, WHOLE).await, monitor.session()), (1, cookie.as_str()), "{path}");
        assert_eq!(monitor.get("/monitor/foyer-1").await.sets(COOKIE), None, "{path}: once a month");
    }
    // Staff sign in once a shift, also when they look at monitors; a device that was revoked comes back to nothing.
    assert_eq!(desk.get("/monitor/foyer-1").await.sets(COOKIE), None);
    execute(&house, MONTH_LATER).await;
    desk.post("/displays/revoke", &[("device", "foyer-1")]).await.location();
    assert_eq!(monitor.get("/monitor/foyer-1").await.sets(COOKIE), None);
    assert_eq!(count(&house, WHOLE).await, 0);
}
