//! Signing in with the form, what a session may see, where it leads, how it ends, and what its cookie is.

use kernel::{Role, testing::House};
use reqwest::StatusCode;

use crate::{
    browser::Browser,
    support::{PASSWORD, account, assert_not_stored, count, execute, house, house_with},
};

const SESSIONS: &str = "select count(*) from session";

#[tokio::test]
async fn the_form_lets_in_whoever_knows_the_password() {
    let house = house().await;
    for (role, home) in [
        (Role::Desk, "/desk"),
        (Role::Operator, "/operator"),
        (Role::Kitchen, "/kitchen"),
        (Role::Attendant, "/carpark"),
    ] {
        account(&house, role).await;
        let mut browser = Browser::new(&house);
        browser.get("/staff/sign-in").await.is_page(200).says("name=\"password\"");
        assert_eq!(browser.sign_in(role.name(), PASSWORD).await.location(), home);
        assert_eq!(browser.get("/staff").await.location(), home);
        browser.get("/accessibility").await.is_page(200).says(&format!("({})", role.name()));
    }
}

/// With the right password, through something that says that it asks for this address. The status.
async fn signs_in_from(house: &House, address: &str) -> u16 {
    let no_redirects = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("it");
    let form = no_redirects.post(format!("http://{}/staff/sign-in", house.running.http));
    let form = form.header("x-forwarded-for", address).header("content-type", "application/x-www-form-urlencoded");
    let answer = form.body(format!("account=desk&password={}", PASSWORD.replace(' ', "+"))).send().await;
    answer.expect("answered").status().as_u16()
}

#[tokio::test]
async fn the_form_says_the_same_to_a_wrong_password_and_an_unknown_account() {
    let house = house().await;
    account(&house, Role::Desk).await;
    let mut browser = Browser::new(&house);
    let wrong = browser.sign_in("desk", "wrong password").await;
    wrong.is_page(401).says("Konto oder Passwort ist falsch.");
    assert!(!wrong.body.contains("wrong password"), "a password is not shown again");
    let unknown = browser.sign_in("disk", "wrong password").await;
    assert_eq!(unknown.body, wrong.body.replace("value=\"desk\"", "value=\"disk\""));
    assert_eq!((unknown.status, unknown.sets("__Host-sky")), (wrong.status, None));

    execute(&house, "update sign_in_failure set blocked_until = last_at + interval '60 seconds'").await;
    browser.sign_in("desk", PASSWORD).await.is_page(429).says("role=\"alert\"");
    // A stranger's guesses keep nobody out who asks from elsewhere.
    for (address, status) in [("203.0.113.7", 303), ("127.0.0.1", 429)] {
        assert_eq!(signs_in_from(&house, address).await, status, "{address}");
    }
    browser.sign_in("", PASSWORD).await.is_page(422);
    browser.post("/staff/sign-in", &[]).await.is_page(422);
    assert_eq!(count(&house, SESSIONS).await, 1, "from elsewhere");
}

/// Signing in wrongly from one address, as the house counts it, says how often somebody may try from another one.
#[tokio::test]
async fn nobody_but_a_proxy_says_for_whom_they_ask() {
    // The house believes this machine, or nobody there.
    for (proxies, status) in [(None, 303), (Some(vec!["10.0.0.7"]), 429), (Some(vec!["10.0.0.7", "127.0.0.1"]), 303)] {
        let house = match proxies {
            Some(proxies) => house_with("proxies", proxies).await,
            None => house().await,
        };
        account(&house, Role::Desk).await;
        Browser::new(&house).sign_in("desk", "wrong password").await.is_page(401);
        execute(&house, "update sign_in_failure set blocked_until = last_at + interval '60 seconds'").await;
        assert_eq!(signs_in_from(&house, "203.0.113.7").await, status);
    }
}

/// With the other services away, a page that may be seen is a 503 and one that may not a 403.
#[tokio::test]
async fn roles_decide_who_sees_which_page() {
    let house = house().await;
    let pages = ["/desk", "/operator", "/kitchen", "/carpark", "/displays", "/monitor/foyer-1"];
    let allowed = [
        (Role::Desk, [true, true, true, true, true, true]),
        (Role::Operator, [true, true, true, true, true, true]),
        (Role::Kitchen, [false, false, true, false, true, true]),
        (Role::Attendant, [false, false, false, true, true, true]),
        (Role::Admin, [true, true, true, true, true, true]),
    ];
    for (role, allowed) in allowed {
        let mut browser = Browser::of(&house, role).await;
        for (path, allowed) in pages.into_iter().zip(allowed) {
            let page = browser.get(path).await;
            assert_eq!(page.status, if allowed { 503 } else { 403 }, "{path} for {role:?}");
            page.is_page(page.status.as_u16());
        }
    }
    let mut nobody = Browser::new(&house);
    for path in pages {
        assert_eq!(nobody.get(path).await.location(), format!("/staff/sign-in?next={path}"));
        nobody.get(&format!("{path}/live")).await.is_page(401).says("Bitte anmelden");
    }
}

#[tokio::test]
async fn roles_decide_who_does_what() {
    const ID: &str = "0190a5a0-0000-7000-8000-000000000001";
    let house = house().await;
    let mut desk = Browser::of(&house, Role::Desk).await;
    let mut cook = Browser::of(&house, Role::Kitchen).await;
    let mut nobody = Browser::new(&house);
    for deed in ["move", "delay", "cancel"].map(|deed| format!("/desk/showings/{ID}/{deed}")) {
        cook.post(&deed, &[("key", ID), ("sure", "1")]).await.is_page(403);
        desk.post(&deed, &[("key", ID), ("sure", "1")]).await.is_page(503);
    }
    let form = [("key", ID), ("claim_code", "ACDEFG"), ("device", "foyer-1")];
    for deed in ["scan", "house", "zone", "party", "click", "directives", "incidents", "settle"]
        .map(|deed| format!("/desk/{deed}"))
    {
        cook.post(&deed, &form).await.is_page(403);
        nobody.post(&deed, &form).await.is_page(401);
        desk.post(&deed, &form).await.is_page(503);
    }
    for deed in ["orders", "stations"].map(|what| format!("/kitchen/{what}/{ID}")) {
        desk.post(&deed, &form).await.is_page(403);
        nobody.post(&deed, &form).await.is_page(401);
        cook.post(&deed, &form).await.is_page(503);
    }
    let displays = ["/displays/approve", "/displays/revoke", "/displays/message", "/displays/withdraw"];
    for deed in ["/carpark/lane", "/carpark/site", "/monitor/foyer-1/shown"].into_iter().chain(displays) {
        nobody.post(deed, &form).await.is_page(401);
    }
    for deed in ["/carpark/lane", "/carpark/site"].into_iter().chain(displays) {
        cook.post(deed, &form).await.is_page(403);
    }
}

async fn after_signing_in(house: &House, next: &str) -> String {
    let mut browser = Browser::new(house);
    let form = [("account", "desk"), ("password", PASSWORD), ("next", next)];
    browser.post("/staff/sign-in", &form).await.location().to_owned()
}

#[tokio::test]
async fn after_signing_in_one_goes_on_to_where_one_was_and_never_off_the_site() {
    let house = house().await;
    account(&house, Role::Desk).await;
    assert_eq!(after_signing_in(&house, "/desk/showings/7").await, "/desk/showings/7");
    let elsewhere = [
        "//evil.example",
        "///evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/\\evil.example",
        "\\\\evil.example",
        "evil.example",
        // Browsers drop tabs and line breaks and then read "//".
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\n/evil.example",
        "/desk\r\nset-cookie: a=b",
        "/\0",
    ];
    for next in elsewhere {
        assert_eq!(after_signing_in(&house, next).await, "/desk", "{next:?}");
        let mut browser = Browser::new(&house);
        let encoded: String = next.bytes().map(|byte| format!("%{byte:02x}")).collect();
        browser.get(&format!("/staff/sign-in?next={encoded}")).await.is_page(200).says("name=\"next\" value=\"\"");
    }
}

#[tokio::test]
async fn a_session_ends_on_the_server() {
    let house = house().await;
    let mut browser = Browser::of(&house, Role::Desk).await;
    let cookie = browser.session().to_owned();
    assert_eq!(browser.post("/staff/sign-out", &[]).await.location(), "/staff/sign-in");
    assert_eq!(browser.cookie("__Host-sky"), None, "the browser is told to forget it");
    assert_eq!(count(&house, SESSIONS).await, 0);
    browser.set_cookie("__Host-sky", &cookie);
    assert_eq!(browser.get("/desk").await.location(), "/staff/sign-in?next=/desk");

    let mut late = Browser::of(&house, Role::Kitchen).await;
    let lifetime = "select count(*) from session where expires_at <= current_timestamp + interval '12 hours'";
    assert_eq!(count(&house, lifetime).await, 1, "a shift at most");
    execute(&house, "update session set expires_at = current_timestamp").await;
    assert_eq!(late.get("/kitchen").await.location(), "/staff/sign-in?next=/kitchen");

    let mut gone = Browser::of(&house, Role::Attendant).await;
    execute(&house, "update account set disabled = true").await;
    assert_eq!(gone.get("/carpark").await.location(), "/staff/sign-in?next=/carpark");
}

#[tokio::test]
async fn signing_in_makes_a_new_session_and_ends_the_one_before() {
    let house = house().await;
    account(&house, Role::Desk).await;
    let mut browser = Browser::new(&house);
    browser.set_cookie("__Host-sky", "chosen-by-somebody-else");
    browser.sign_in("desk", PASSWORD).await;
    let first = browser.session().to_owned();
    assert_ne!(first, "chosen-by-somebody-else");
    browser.sign_in("desk", PASSWORD).await;
    assert_ne!(browser.session(), first);
    assert_eq!(count(&house, SESSIONS).await, 1);
    browser.set_cookie("__Host-sky", &first);
    assert_eq!(browser.get("/desk").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_cookie_is_bound_to_this_host_and_only_its_hash_is_stored() {
    let house = house().await;
    account(&house, Role::Desk).await;
    let mut browser = Browser::new(&house);
    let page = browser.sign_in("desk", PASSWORD).await;
    let mut attributes: Vec<&str> = page.sets("__Host-sky").expect("set").split("; ").skip(1).collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=Lax", "Secure"]);
    let cookie = browser.session().to_owned();
    let (secret, seal) = cookie.split_once('.').expect("a sealed secret");
    assert!(secret.len() >= 43 && seal.len() >= 43, "256 bits each");
    assert_not_stored(&house, &[secret, seal, PASSWORD]).await;
    for forged in [secret.to_owned(), format!("{secret}."), format!("{secret}.{secret}")] {
        let mut other = Browser::new(&house);
        other.set_cookie("__Host-sky", &forged);
        assert_eq!(other.get("/desk").await.status, StatusCode::SEE_OTHER, "a right secret without its seal");
    }

    let page = browser.post("/staff/sign-out", &[]).await;
    let removed = page.sets("__Host-sky").expect("removed");
    assert!(removed.starts_with("__Host-sky=; Path=/; Max-Age=0") && removed.ends_with("Secure"), "{removed}");
    browser.sign_in("desk", PASSWORD).await;
    let mut other = Browser::new(&house);
    other.set_cookie("sky", browser.session());
    assert_eq!(other.get("/desk").await.status, StatusCode::SEE_OTHER, "without the prefix it is another cookie");
}

#[tokio::test]
async fn a_trial_over_plain_http_may_do_without_secure_cookies() {
    let house = house_with("insecure_cookies", true).await;
    account(&house, Role::Desk).await;
    let mut browser = Browser::new(&house);
    let page = browser.sign_in("desk", PASSWORD).await;
    let cookie = page.sets("sky").expect("set");
    assert!(!cookie.contains("Secure") && cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
    assert_eq!(page.sets("__Host-sky"), None);
    browser.get("/desk").await.is_page(503);
}
