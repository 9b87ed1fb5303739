//! What stands around every page: security headers, caching, the language, and the page for what is not there.

use kernel::Role;
use reqwest::Method;

use crate::{
    browser::{Browser, Page},
    support::{house, house_with},
};

fn assert_guarded(page: &Page, what: &str) {
    let policy = page.header("content-security-policy");
    for part in
        ["default-src 'none'", "script-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"]
    {
        assert!(policy.split("; ").any(|found| found.trim() == part), "{what}: {part} in {policy}");
    }
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(page.header("referrer-policy"), "no-referrer", "{what}");
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin", "{what}");
    assert_eq!(page.header("cross-origin-resource-policy"), "same-origin", "{what}");
    assert!(page.header("permissions-policy").contains("camera=()"), "{what}");
}

#[tokio::test]
async fn every_answer_is_guarded_and_only_files_are_kept() {
    let house = house().await;
    let mut cook = Browser::of(&house, Role::Kitchen).await;
    let answers = [
        ("/accessibility", 200),
        ("/privacy", 200),
        ("/staff/sign-in", 200),
        ("/pair", 200),
        ("/staff", 303),
        ("/desk", 403),
        ("/kitchen", 503),
        ("/", 503),
        ("/visit", 404),
        ("/nothing/here", 404),
        ("/static/nothing.css", 404),
        ("/static/..%2Fapp.css", 404),
    ];
    for (path, status) in answers {
        let page = cook.get(path).await;
        assert_eq!(page.status, status, "{path}");
        assert_guarded(&page, path);
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
    }
    let request = cook.request(Method::POST, "/staff/sign-out").header("sec-fetch-site", "cross-site");
    assert_guarded(&cook.send(request).await, "a forged request");

    let files = [
        ("app.css", "text/css; charset=utf-8"),
        ("live.js", "text/javascript; charset=utf-8"),
        ("monitor.js", "text/javascript; charset=utf-8"),
        ("pair.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ];
    for (file, kind) in files {
        let answer = cook.get(&format!("/static/{file}")).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, kind), "{file}");
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable", "{file}");
        assert_guarded(&answer, file);
    }
}

/// Files are kept for ever, so pages must name the ones that this very program has.
#[tokio::test]
async fn pages_load_nothing_but_the_sites_own_versioned_files() {
    let house = house().await;
    let mut browser = Browser::new(&house);
    let page = browser.get("/pair").await;
    let addresses = page.body.split(['"', '\'']).filter(|text| text.starts_with("/static/"));
    let files: Vec<&str> = addresses.collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let (_, version) = file.split_once('?').expect("a version");
        assert_eq!(version.len(), 12, "{file}");
        assert_eq!(browser.get(file).await.status, 200, "{file}");
    }
    assert!(!page.body.contains("style=") && !page.body.contains("<style"), "the policy forbids inline styles");
    assert!(!page.body.contains("<script>") && !page.body.contains("onclick"), "and inline scripts");
}

#[tokio::test]
async fn https_is_remembered_where_it_is_spoken() {
    let house = house_with("public_url", "https://planetarium.example").await;
    let page = Browser::new(&house).get("/accessibility").await;
    assert!(page.header("strict-transport-security").contains("max-age=31536000"));
    let plain = crate::support::house().await;
    assert_eq!(Browser::new(&plain).get("/accessibility").await.header("strict-transport-security"), "");
}

#[tokio::test]
async fn the_language_is_what_was_chosen_else_what_the_browser_wants_else_german() {
    let house = house().await;
    let german = |page: &Page| {
        page.is_page(404).says("<html lang=\"de\">").says("Diese Seite gibt es nicht");
    };
    let english = |page: &Page| {
        page.is_page(404).says("<html lang=\"en\">").says("There is no such page");
    };
    let mut browser = Browser::new(&house);
    german(&browser.get("/nothing/here").await);
    for (wanted, is_english) in
        [("en", true), ("en-GB,en;q=0.9,de;q=0.8", true), ("de-DE,en;q=0.5", false), ("fr", false), (";;q=,x", false)]
    {
        let request = browser.request(Method::GET, "/nothing/here").header("accept-language", wanted);
        let page = browser.send(request).await;
        if is_english { english(&page) } else { german(&page) }
    }
    for not_ours in ["fr", "", "en%0d%0a", "../en"] {
        let page = browser.get(&format!("/nothing/here?lang={not_ours}")).await;
        german(&page);
        assert_eq!(page.sets("__Host-sky-lang"), None, "{not_ours}");
    }

    let page = browser.get("/nothing/here?lang=en").await;
    english(&page);
    let cookie = page.sets("__Host-sky-lang").expect("remembered");
    assert!(cookie.starts_with("__Host-sky-lang=en; Path=/") && cookie.ends_with("Secure"), "{cookie}");
    let request = browser.request(Method::GET, "/nothing/here").header("accept-language", "de");
    english(&browser.send(request).await);
    german(&browser.get("/nothing/here?lang=de").await);
    german(&browser.get("/nothing/here").await);
    browser.get("/accessibility?lang=en").await.is_page(200).says("<html lang=\"en\">");
}

#[tokio::test]
async fn the_page_for_what_is_not_there_leads_nowhere_else() {
    let house = house().await;
    let mut browser = Browser::new(&house);
    for path in ["//evil.example/x", "///evil.example", "//evil.example/%22onmouseover=%22x", "/%3Cscript%3E"] {
        let page = browser.get(path).await;
        page.is_page(404);
        for link in page.body.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default()) {
            assert!(!link.starts_with("//") && !link.contains("://"), "{path}: {link}");
        }
        assert!(!page.body.contains("<script>") && !page.body.contains("\"onmouseover"), "{}", page.body);
    }
    for (method, path) in
        [(Method::POST, "/"), (Method::DELETE, "/visit"), (Method::GET, "/staff/sign-out"), (Method::PUT, "/desk/scan")]
    {
        let request = browser.request(method.clone(), path);
        assert_eq!(browser.send(request).await.status, 404, "{method} {path}");
    }
}
