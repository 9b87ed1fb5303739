//! Requests that another site makes a browser send: refused before they have any effect.

use kernel::Role;
use reqwest::Method;

use crate::{
    access,
    browser::Browser,
    support::{PASSWORD, account, count, house},
};

/// What browsers say of a form on another page, and whether it may be sent.
fn senders(own: &str) -> Vec<(&'static str, String, bool)> {
    let host = own.trim_start_matches("http://");
    vec![
        ("sec-fetch-site", "cross-site".to_owned(), false),
        ("sec-fetch-site", "same-site".to_owned(), false),
        ("origin", "https://evil.example".to_owned(), false),
        ("origin", format!("http://evil.example/{host}"), false),
        ("origin", "http://127.0.0.1:1".to_owned(), false),
        ("origin", "null".to_owned(), false),
        ("sec-fetch-site", "same-origin".to_owned(), true),
        ("sec-fetch-site", "none".to_owned(), true),
        ("origin", own.to_owned(), true),
    ]
}

#[tokio::test]
async fn nobody_is_signed_in_by_another_site() {
    let house = house().await;
    account(&house, Role::Desk).await;
    let mut browser = Browser::new(&house);
    let form = [("account", "desk"), ("password", PASSWORD)];
    for (header, value, allowed) in senders(browser.origin()) {
        let before = count(&house, "select count(*) from session").await;
        let request = browser.request(Method::POST, "/staff/sign-in").header(header, &value).form(&form);
        let mut fresh = Browser::new(&house);
        let page = fresh.send(request).await;
        if allowed {
            assert_eq!(page.location(), "/desk", "{header}: {value}");
        } else {
            page.is_page(403).says("Von einer fremden Seite gesendet");
            assert_eq!(page.sets("__Host-sky"), None, "{header}: {value}");
        }
        let opened = count(&house, "select count(*) from session").await - before;
        assert_eq!(opened, i64::from(allowed), "{header}: {value}");
    }
    let request = browser.request(Method::GET, "/accessibility").header("sec-fetch-site", "cross-site");
    browser.send(request).await.is_page(200);
}

#[tokio::test]
async fn another_site_does_nothing_in_the_name_of_who_is_signed_in() {
    let house = house().await;
    let mut desk = Browser::of(&house, Role::Desk).await;
    let mut device = access!(house, &kernel::Caller::Nobody);
    let begun = device
        .start_pairing(sky_proto::portal::v1::StartPairingRequest { device_kind: "display".to_owned() })
        .await
        .expect("begun")
        .into_inner();
    let approve = [("claim_code", begun.claim_code.as_str()), ("device", "foyer-1")];
    for (header, value, allowed) in senders(desk.origin()) {
        let request = desk.request(Method::POST, "/displays/approve").header(header, &value).form(&approve);
        let page = desk.send(request).await;
        let approved = count(&house, "select count(*) from pairing where device_id is not null").await;
        assert_eq!(approved, i64::from(allowed), "{header}: {value}");
        if allowed {
            assert_eq!(page.location(), "/displays");
        } else {
            page.is_page(403);
        }
    }
    for path in ["/staff/sign-out", "/desk/house", "/desk/showings/7/cancel", "/visit/cancel", "/nothing/here"] {
        let request = desk.request(Method::POST, path).header("sec-fetch-site", "cross-site").form(&[("sure", "1")]);
        desk.send(request).await.is_page(403).says("Von einer fremden Seite gesendet");
    }
    desk.get("/desk").await.is_page(503);
}
