//! What nobody should send: every call of Access and every form answers a refusal that says what is wrong.

use kernel::{Caller, Role, testing::staff};
use reqwest::Method;
use sky_proto::portal::v1 as pb;
use tonic::{Code, Status};

use crate::{
    access,
    browser::Browser,
    support::{count, house},
};

const ID: &str = "0190a5a0-0000-7000-8000-000000000001";

fn assert_names(refused: &Status, field: &str) {
    assert_eq!(refused.code(), Code::InvalidArgument, "{field}: {}", refused.message());
    assert!(refused.message().starts_with(field), "{field}: {}", refused.message());
}

#[tokio::test]
async fn every_call_names_the_field() {
    let house = house().await;
    let mut anyone = access!(house, &Caller::Nobody);
    let mut desk = access!(house, &staff(Role::Desk));
    let long = "x".repeat(129);

    for (account, password, field) in [("", "x", "account"), ("  ", "x", "account"), ("desk", "", "password")] {
        let request = pb::SignInRequest { account: account.to_owned(), password: password.to_owned() };
        assert_names(&anyone.sign_in(request).await.expect_err(field), field);
    }
    for kind in ["", "toaster", "Display", "display "] {
        let request = pb::StartPairingRequest { device_kind: kind.to_owned() };
        assert_names(&anyone.start_pairing(request).await.expect_err(kind), "device_kind");
    }
    let approvals = [
        ("", "foyer-1", "claim_code"),
        ("ACDEF", "foyer-1", "claim_code"),
        ("ACDEFGH", "foyer-1", "claim_code"),
        ("ACDEF0", "foyer-1", "claim_code"),
        ("ÄCDEFG", "foyer-1", "claim_code"),
        ("ACDEFG", "", "device_id"),
        ("ACDEFG", "foyer 1", "device_id"),
        ("ACDEFG", "../foyer", "device_id"),
        ("ACDEFG", &long, "device_id"),
    ];
    for (code, device, field) in approvals {
        let request = pb::ApprovePairingRequest { claim_code: code.to_owned(), device_id: device.to_owned() };
        assert_names(&desk.approve_pairing(request).await.expect_err(field), field);
    }
    for device in ["", "foyer 1", "foyer\0", &long] {
        let request = pb::RevokeDeviceRequest { device_id: device.to_owned() };
        assert_names(&desk.revoke_device(request).await.expect_err("device"), "device_id");
    }
    for secret in ["", &long] {
        let request = pb::FinishPairingRequest { pairing_secret: secret.to_owned() };
        assert_names(&anyone.finish_pairing(request).await.expect_err("secret"), "pairing_secret");
        let request = pb::SignInDeviceRequest { device_token: secret.to_owned() };
        assert_names(&anyone.sign_in_device(request).await.expect_err("token"), "device_token");
        let request = pb::OpenVisitRequest { secret: secret.to_owned() };
        assert_names(&anyone.open_visit(request).await.expect_err("secret"), "secret");
    }
    assert_eq!(count(&house, "select count(*) from pairing").await, 0);
}

#[tokio::test]
async fn a_session_without_an_account_is_a_visitor_without_a_visit() {
    let house = house().await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let answer = access!(house, &Caller::Nobody).start_session(pb::StartSessionRequest {}).await.expect("started");
        match house.keys.verify(&answer.into_inner().token) {
            Some(Caller::Visitor { session, visit: None }) => seen.push(session),
            other => panic!("{other:?}"),
        }
    }
    assert_ne!(seen[0], seen[1]);
}

#[tokio::test]
async fn an_address_with_an_ill_formed_id_is_no_page() {
    let house = house().await;
    let mut admin = Browser::of(&house, Role::Admin).await;
    for id in ["x", "0190a5a0", "%00", "%ff", "..%2f..%2fetc", "0190a5a0-0000-7000-8000-00000000000g", "%0d%0a"] {
        for path in [
            "/showings/{}",
            "/order/{}",
            "/order/{}/pay",
            "/visits/{}",
            "/visits/{}/return",
            "/desk/showings/{}",
            "/desk/showings/{}/hold",
            "/desk/showings/{}/seats",
            "/desk/showings/{}/abort",
            "/desk/numbers/{}",
            "/operator/{}",
        ] {
            admin.get(&path.replace("{}", id)).await.is_page(404).says("Diese Seite gibt es nicht");
        }
        for path in [
            "/showings/{}/hold",
            "/order/{}/extend",
            "/order/{}/cancel",
            "/order/{}/confirm",
            "/desk/showings/{}/move",
            "/desk/showings/{}/delay",
            "/desk/showings/{}/cancel",
            "/desk/directives/{}",
            "/desk/incidents/{}",
            "/desk/conflicts/{}",
            "/desk/groups/{}",
            "/desk/numbers/{}",
            "/desk/showings/{}/groups",
            "/desk/showings/{}/later",
            "/desk/showings/{}/cleaned",
            "/kitchen/orders/{}",
        ] {
            admin.post(&path.replace("{}", id), &[("key", ID)]).await.is_page(404);
        }
    }
    admin.get("/v/%ff").await.is_page(404);
    admin.get("/monitor/%ff").await.is_page(404);
    admin.get("/staff/sign-in?next=/a&next=/b").await.is_page(404);
    admin.get("/desk/live?after=minus-one").await.is_page(503);
    admin.get(&format!("/desk/showings/{ID}/hold?minutes=many")).await.is_page(404);
    admin.get("/desk/numbers/-1").await.is_page(404);
    admin.get("/desk/numbers/99999999999").await.is_page(404);
    admin.get("/desk/replay?day=2026-11-25&day=2026-11-26").await.is_page(404);
}

#[tokio::test]
async fn a_form_that_no_page_would_send_is_refused() {
    let house = house().await;
    let mut admin = Browser::of(&house, Role::Admin).await;
    let delay = format!("/desk/showings/{ID}/delay");
    let post = |admin: &Browser, path: &str, kind: &str, body: Vec<u8>| {
        admin.request(Method::POST, path).header("content-type", kind).body(body)
    };
    let form = "application/x-www-form-urlencoded";
    for path in ["/staff/sign-in", "/desk/scan", "/displays/approve", "/carpark/lane", &delay] {
        let bodies = [
            post(&admin, path, form, format!("key={ID}&a={}", "x".repeat(3 << 20)).into_bytes()),
            post(&admin, path, "application/json", b"{}".to_vec()),
            post(&admin, path, "multipart/form-data; boundary=x", b"--x--".to_vec()),
            admin.request(Method::POST, path).body("account=desk"),
        ];
        for request in bodies {
            admin.send(request).await.is_page(422).says("Das Formular kam nicht richtig an");
        }
        let odd: [&[u8]; 5] = [b"", b"&&&==", b"%zz=%", b"\xff\xfe=\x80", b"key=%00&account=%00&password=%00"];
        for body in odd {
            let request = post(&admin, path, form, body.to_vec());
            let page = admin.send(request).await;
            assert!(page.status.is_client_error() || page.status == 303, "{path} {body:?}: {}", page.status);
        }
    }
}

#[tokio::test]
async fn a_phone_s_journal_that_is_none_is_refused() {
    let house = house().await;
    let mut admin = Browser::of(&house, Role::Admin).await;
    let entry = |verdict: &str, at: &str| {
        let fields = format!(r#""showing":"{ID}","code":"x","at":{at},"verdict":"{verdict}","people":1"#);
        format!(r#"{{"device":"phone-1","now":0,"entries":[{{"nonce":"n",{fields}}}]}}"#)
    };
    let far = i64::MAX.to_string();
    for body in ["", "[]", "{", r#"{"device":"phone-1"}"#, &entry("welcome", "0"), &entry("admitted", &far), "\u{0}"] {
        let journal = admin.request(Method::POST, "/desk/door/journal").header("content-type", "application/json");
        admin.send(journal.body(body.to_owned())).await.is_page(422).says("Das Formular kam nicht richtig an");
    }
    let mut stranger = Browser::new(&house);
    for path in ["/desk/door/list", "/desk/door/scan", "/desk/door/journal"] {
        let page = stranger.post(path, &[("device", "phone-1")]).await;
        assert!(page.status.is_client_error() || page.status == 303, "{path}: {}", page.status);
    }
}

#[tokio::test]
async fn a_form_without_a_field_that_it_needs_is_refused() {
    let house = house().await;
    let mut admin = Browser::of(&house, Role::Admin).await;
    let sure = ("sure", "1");
    for path in [
        "/desk/scan".to_owned(),
        "/desk/numbers".to_owned(),
        "/carpark/lane".to_owned(),
        "/displays/message".to_owned(),
        format!("/desk/showings/{ID}/delay"),
        format!("/desk/showings/{ID}/cancel"),
    ] {
        admin.post(&path, &[sure]).await.is_page(422);
        admin.post(&path, &[sure, ("key", "x")]).await.is_page(422);
        admin.post(&path, &[sure, ("key", ID)]).await.is_page(503);
    }
    for device in ["", "foyer 1", "foyer\0"] {
        admin.post("/displays/revoke", &[("device", device)]).await.is_page(422);
    }
    admin.post("/displays/revoke", &[]).await.is_page(422);
    // What cannot be taken back asks again instead.
    let cancel = format!("/desk/showings/{ID}/cancel");
    assert_eq!(admin.post(&cancel, &[("key", ID)]).await.location(), format!("/desk/showings/{ID}"));
    admin.get("/accessibility").await.says("class=\"notice bad\"");
    let evacuate = i32::from(sky_proto::flow::v1::HouseState::Evacuating).to_string();
    assert_eq!(admin.post("/desk/house", &[("state", &evacuate)]).await.location(), "/desk");
    admin.get("/accessibility").await.says("class=\"notice bad\"");
    let page = admin.get("/accessibility").await;
    assert!(!page.body.contains("class=\"notice"), "said once");
}

/// "Not yet" is the desk's own note: for one step of one showing, and the last word counts.
#[tokio::test]
async fn a_step_is_put_off_once_and_only_a_step_that_there_is() {
    let house = house().await;
    let mut operator = Browser::of(&house, Role::Operator).await;
    let later = format!("/desk/showings/{ID}/later");
    for to in ["", "0", "x", "-1", "99", "99999999999"] {
        operator.post(&later, &[("to", to)]).await.is_page(422).says("Das Formular kam nicht richtig an");
    }
    assert_eq!(count(&house, "select count(*) from put_off").await, 0);
    for from in ["operator", "desk", "//evil.example"] {
        let page = operator.post(&later, &[("to", "2"), ("from", from)]).await;
        assert_eq!(page.location(), if from == "operator" { "/operator" } else { "/desk" });
    }
    assert_eq!(count(&house, "select count(*) from put_off where by_whom = 'operator'").await, 1);
    let mut cook = Browser::of(&house, Role::Kitchen).await;
    cook.post(&later, &[("to", "3")]).await.is_page(403);
    assert_eq!(count(&house, "select count(*) from put_off").await, 1);
}

#[tokio::test]
async fn an_empty_house_is_a_word_that_somebody_gives() {
    let house = house().await;
    let mut desk = Browser::of(&house, Role::Desk).await;
    assert_eq!(desk.post("/desk/rezero", &[]).await.location(), "/desk/counters");
    desk.get("/accessibility").await.says("class=\"notice bad\"");
    desk.post("/desk/rezero", &[("sure", "1")]).await.is_page(503);
    let mut cook = Browser::of(&house, Role::Kitchen).await;
    for path in ["/desk/rezero", "/desk/counters/foyer-1", "/desk/counters/foyer-1/token", "/desk/undo", "/desk/party"]
    {
        cook.post(path, &[("sure", "1"), ("to", "2")]).await.is_page(403);
    }
}
