//! Who may see a visit: the session that booked it or opened its link, and nobody else; and what never
//! stands in an address on the way.

use kernel::{Caller, Role, testing::House};
use sky_proto::portal::v1::OpenVisitRequest;
use tonic::Code;

use crate::{
    access,
    browser::Browser,
    stand_in::{
        BOOKED, BOOKED_SECRET, CAME_TOO_EARLY, HELD, HELD_SECRET, JOURNEY, NEW_SECRET, PAY_AT, WHILE_PROVIDER_IS_DOWN,
    },
    support::{assert_not_stored, count, house, stored},
};

async fn house_with_visits() -> House {
    House::start(&[portal::SERVICE, JOURNEY]).await
}

#[tokio::test]
async fn without_a_visit_there_is_nothing_to_see() {
    let house = house().await;
    let mut stranger = Browser::new(&house);
    for path in ["/visit", "/visit/live"] {
        stranger.get(path).await.is_page(404).says("Kein Besuch gefunden").says("Am Empfang hilft man Ihnen");
    }
    stranger.post("/visit/cancel", &[("sure", "1")]).await.is_page(404);
    stranger.post("/visit/link", &[]).await.is_page(404);
    stranger.post("/visit/plate", &[("plate", "HAL-AB 123")]).await.is_page(404);
    stranger.set_cookie("__Host-sky", "made-up");
    stranger.get("/visit").await.is_page(404);
    assert_eq!(count(&house, "select count(*) from session").await, 0, "looking around opens no session");
}

#[tokio::test]
async fn a_strangers_order_is_refused_whether_or_not_it_exists() {
    let house = house_with_visits().await;
    let mut owner = Browser::new(&house);
    owner.get(&format!("/v/{BOOKED_SECRET}")).await;
    let mut desk = Browser::of(&house, Role::Desk).await;
    let mut stranger = Browser::new(&house);
    for visit in [HELD.to_string(), "0190a5a0-0000-7000-8000-0000000000ff".to_owned()] {
        for browser in [&mut stranger, &mut owner, &mut desk] {
            for path in ["/order/{}", "/order/{}/pay", "/visits/{}", "/visits/{}/return"] {
                browser.get(&path.replace("{}", &visit)).await.is_page(403).says("Das ist nicht Ihr Besuch");
            }
            for path in ["/order/{}/extend", "/order/{}/cancel", "/order/{}/confirm"] {
                let form = [("name", "Eve Example"), ("email", "eve@mail.example"), ("method", "1")];
                browser.post(&path.replace("{}", &visit), &form).await.is_page(403);
            }
        }
    }
}

#[tokio::test]
async fn a_link_opens_its_visit_and_leaves_the_address() {
    let house = house_with_visits().await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&format!("/v/{BOOKED_SECRET}")).await;
    assert_eq!(page.location(), "/visit");
    assert!(page.sets("__Host-sky").expect("a session").contains("Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"));
    let page = browser.get("/visit").await;
    page.is_page(200);
    assert!(!page.body.contains(BOOKED_SECRET) && !page.body.contains(NEW_SECRET), "the link is not shown again");
    let session = browser.session().to_owned();
    assert_not_stored(&house, &[BOOKED_SECRET, &session]).await;

    // A second link in the same browser: both stay open, /visit shows the newer.
    assert_eq!(browser.get(&format!("/v/{HELD_SECRET}")).await.location(), "/visit");
    assert_eq!(browser.session(), session);
    assert_eq!(browser.get("/visit").await.location(), format!("/order/{HELD}"));
    assert_eq!(browser.get(&format!("/visits/{BOOKED}")).await.location(), "/visit");
    browser.get("/visit").await.is_page(200);

    let page = browser.post("/visit/link", &[]).await;
    page.is_page(200).says(&format!("{}/v/{NEW_SECRET}", browser.origin()));
    assert_not_stored(&house, &[NEW_SECRET]).await;
    let page = browser.get("/visit").await;
    assert!(!page.body.contains(NEW_SECRET), "shown once");
}

#[tokio::test]
async fn a_link_that_is_none_opens_nothing() {
    let house = house_with_visits().await;
    let mut browser = Browser::new(&house);
    let almost = format!("{}A", &BOOKED_SECRET[..42]);
    for secret in ["x", &almost, "%00", "%20", &"x".repeat(5000)] {
        let page = browser.get(&format!("/v/{secret}")).await;
        page.is_page(404).says("Kein Besuch gefunden");
        assert!(!page.body.contains(&almost), "and is not repeated");
    }
    assert_eq!(count(&house, "select count(*) from session").await, 0);

    let mut access = access!(house, &Caller::Nobody);
    let refused = access.open_visit(OpenVisitRequest { secret: almost }).await.expect_err("none");
    assert_eq!(refused.code(), Code::NotFound);
    let opened = access.open_visit(OpenVisitRequest { secret: BOOKED_SECRET.to_owned() }).await.expect("opened");
    let caller = house.keys.verify(&opened.into_inner().token);
    assert!(matches!(caller, Some(Caller::Visitor { visit: Some(BOOKED), .. })), "{caller:?}");
}

#[tokio::test]
async fn an_order_asks_for_a_contact_and_puts_it_into_no_address_and_no_table() {
    let house = house_with_visits().await;
    let mut browser = Browser::new(&house);
    browser.get(&format!("/v/{HELD_SECRET}")).await;
    let order = format!("/order/{HELD}");
    browser.get(&order).await.is_page(200);
    let long = format!("{}@mail.example", "a".repeat(250));
    for (name, email) in [
        ("", "ada@mail.example"),
        ("Ada\nLovelace", "ada@mail.example"),
        (&"a".repeat(121), "ada@mail.example"),
        ("Ada Lovelace", ""),
        ("Ada Lovelace", "mail.example"),
        ("Ada Lovelace", "@mail.example"),
        ("Ada Lovelace", "ada@mail"),
        ("Ada Lovelace", "ada love@mail.example"),
        ("Ada Lovelace", &long),
    ] {
        let form = [("name", name), ("email", email), ("method", "1")];
        browser.post(&format!("{order}/confirm"), &form).await.is_page(422);
    }
    browser.get(&order).await.is_page(200);

    let form = [("name", "Ada Lovelace"), ("email", "ada@mail.example"), ("method", "1")];
    let page = browser.post(&format!("{order}/confirm"), &form).await;
    assert_eq!(page.location(), format!("{order}/pay"));
    browser.get(&format!("{order}/pay")).await.is_page(200).says(PAY_AT);
    assert_eq!(browser.get(&format!("/visits/{HELD}/return")).await.location(), "/visit");
    assert_eq!(browser.get(&order).await.location(), format!("{order}/pay"));
    let page = browser.post(&format!("{order}/confirm"), &form).await;
    assert_eq!(page.location(), order, "sent twice");
    let stored = stored(&house).await;
    assert!(!stored.contains("Ada") && !stored.contains("mail.example"), "{stored}");
}

#[tokio::test]
async fn an_order_among_too_many_is_kept_and_sent_again() {
    let house = house_with_visits().await;
    let mut browser = Browser::new(&house);
    browser.get(&format!("/v/{HELD_SECRET}")).await;
    let confirm = format!("/order/{HELD}/confirm");
    let form = [("name", CAME_TOO_EARLY), ("email", "ada@mail.example"), ("method", "3")];
    let page = browser.post(&confirm, &form).await;
    page.is_page(503).says("Gerade kaufen sehr viele").says(&format!("action=\"{confirm}\" data-again=\"2\""));
    assert_eq!(page.header("retry-after"), "2");
    assert!(!page.body.contains("diese E-Mail-Adresse"), "no limit was reached: {}", page.body);
    for (name, value) in form {
        page.says(&format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">"));
    }
    let again: Vec<(&str, &str)> = form.into_iter().chain([("again", "1")]).collect();
    assert_eq!(browser.post(&confirm, &again).await.location(), format!("/order/{HELD}/pay"));
}

#[tokio::test]
async fn a_payment_that_did_not_begin_can_be_begun_from_the_page() {
    let house = house_with_visits().await;
    let mut browser = Browser::new(&house);
    browser.get(&format!("/v/{HELD_SECRET}")).await;
    let form = [("name", WHILE_PROVIDER_IS_DOWN), ("email", "dora@mail.example"), ("method", "3")];
    let pay = format!("/order/{HELD}/pay");
    assert_eq!(browser.post(&format!("/order/{HELD}/confirm"), &form).await.location(), pay);
    browser.get(&pay).await.is_page(200).says("Die Bezahlung konnte noch nicht beginnen").says("Noch einmal versuchen");
    assert_eq!(browser.get(&format!("/order/{HELD}")).await.location(), pay, "who comes back finds it too");
    assert_eq!(browser.post(&pay, &[]).await.location(), pay);
    browser.get(&pay).await.is_page(200).says(PAY_AT);
}
