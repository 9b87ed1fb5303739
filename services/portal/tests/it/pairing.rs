//! Monitors, scanners and lanes: a code on a screen, somebody who approves it, a token, its end.

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    clock::wall_now,
    testing::{House, staff, visitor},
    values::from_timestamp,
};
use sky_proto::portal::v1 as pb;
use tonic::{Code, Status};

use crate::{
    access,
    browser::{Browser, Page},
    support::{assert_not_stored, count, execute, house},
};

async fn start(house: &House, kind: &str) -> Result<pb::StartPairingResponse, Status> {
    let request = pb::StartPairingRequest { device_kind: kind.to_owned() };
    access!(house, &Caller::Nobody).start_pairing(request).await.map(tonic::Response::into_inner)
}

async fn approve(house: &House, by: &Caller, code: &str, device: &str) -> Result<(), Status> {
    let request = pb::ApprovePairingRequest { claim_code: code.to_owned(), device_id: device.to_owned() };
    access!(house, by).approve_pairing(request).await.map(|_| ())
}

async fn finish(house: &House, secret: &str) -> Result<pb::FinishPairingResponse, Status> {
    let request = pb::FinishPairingRequest { pairing_secret: secret.to_owned() };
    access!(house, &Caller::Nobody).finish_pairing(request).await.map(tonic::Response::into_inner)
}

async fn identity(house: &House, token: &str) -> Result<pb::IdentityToken, Status> {
    let request = pb::SignInDeviceRequest { device_token: token.to_owned() };
    access!(house, &Caller::Nobody).sign_in_device(request).await.map(tonic::Response::into_inner)
}

async fn sign_in(house: &House, token: &str) -> Result<Caller, Status> {
    Ok(house.keys.verify(&identity(house, token).await?.token).expect("the house's own signature"))
}

async fn revoke(house: &House, by: &Caller, device: &str) -> Result<(), Status> {
    let request = pb::RevokeDeviceRequest { device_id: device.to_owned() };
    access!(house, by).revoke_device(request).await.map(|_| ())
}

/// A device from its code to its token.
async fn paired(house: &House, kind: &str, device: &str) -> String {
    let begun = start(house, kind).await.expect("begun");
    approve(house, &staff(Role::Desk), &begun.claim_code, device).await.expect("approved");
    finish(house, &begun.pairing_secret).await.expect("finished").device_token
}

#[tokio::test]
async fn a_device_gets_its_token_once_and_after_the_approval() {
    let house = house().await;
    for kind in ["display", "scanner", "lane"] {
        let begun = start(&house, kind).await.expect("begun");
        assert_eq!(begun.claim_code.len(), 6);
        assert_eq!(finish(&house, &begun.pairing_secret).await.expect("waits"), pb::FinishPairingResponse::default());

        let typed = format!(" {}-{}", begun.claim_code[..3].to_lowercase(), &begun.claim_code[3..]);
        approve(&house, &staff(Role::Desk), &typed, kind).await.expect("as people type it");
        approve(&house, &staff(Role::Desk), &typed, kind).await.expect("pressed twice");
        let stolen = approve(&house, &staff(Role::Desk), &typed, "another").await.expect_err("it is somebody's");
        assert_eq!(stolen.code(), Code::NotFound);

        let done = finish(&house, &begun.pairing_secret).await.expect("finished");
        assert_eq!((done.approved, done.device_id.as_str()), (true, kind));
        let again = finish(&house, &begun.pairing_secret).await.expect_err("the token is told once");
        assert_eq!(again.code(), Code::NotFound);
        let device = Caller::Device { id: kind.to_owned(), kind: kind.to_owned() };
        assert_eq!(sign_in(&house, &done.device_token).await.expect("in"), device);
        assert_not_stored(&house, &[&begun.pairing_secret, &done.device_token]).await;
    }
}

#[tokio::test]
async fn a_revoked_or_replaced_device_is_out() {
    let house = house().await;
    let (first, lane) = (paired(&house, "display", "foyer-1").await, paired(&house, "lane", "in-1").await);
    let second = paired(&house, "display", "foyer-1").await;
    assert_eq!(sign_in(&house, &first).await.expect_err("replaced").code(), Code::Unauthenticated);
    sign_in(&house, &second).await.expect("in");

    revoke(&house, &staff(Role::Desk), "foyer-1").await.expect("revoked");
    revoke(&house, &staff(Role::Desk), "foyer-1").await.expect("again is no error");
    assert_eq!(sign_in(&house, &second).await.expect_err("revoked").code(), Code::Unauthenticated);
    sign_in(&house, &lane).await.expect("the other one stays");
}

#[tokio::test]
async fn scanners_and_lanes_are_known_for_a_working_day_and_never_by_an_identity_from_before_their_pairing() {
    let house = house().await;
    for (kind, lifetime) in
        [("scanner", TimeDelta::hours(12)), ("lane", TimeDelta::hours(12)), ("display", TimeDelta::minutes(10))]
    {
        let token = paired(&house, kind, kind).await;
        let asked_at = wall_now();
        let first = identity(&house, &token).await.expect("in");
        let lasts = from_timestamp(first.expires_at);
        assert!((asked_at + lifetime..=wall_now() + lifetime).contains(&lasts), "{kind}: {lasts}");
        let anew = identity(&house, &paired(&house, kind, kind).await).await.expect("in");
        assert_ne!(anew.token, first.token, "{kind}: it would be taken for the device that was replaced");
    }
}

#[tokio::test]
async fn a_device_that_signs_in_while_it_is_being_revoked_gets_nothing() {
    let house = house().await;
    let token = paired(&house, "scanner", "scanner-7").await;
    let mut revoking = house.pool("portal").begin().await.expect("a transaction");
    sqlx::query("update device set revoked_at = current_timestamp").execute(&mut *revoking).await.expect("revoked");
    let commits = async {
        let waiting = "select count(*) from pg_stat_activity
                       where datname = current_database() and wait_event_type = 'Lock'";
        while count(&house, waiting).await == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        revoking.commit().await.expect("committed");
    };
    let commits = tokio::time::timeout(std::time::Duration::from_secs(10), commits);
    let (answer, waited) = tokio::join!(identity(&house, &token), commits);
    waited.expect("whoever signs in waits for the end");
    assert_eq!(answer.expect_err("revoked").code(), Code::Unauthenticated);
}

#[tokio::test]
async fn only_the_desk_and_admins_approve_and_revoke() {
    let house = house().await;
    let begun = start(&house, "display").await.expect("begun");
    let token = paired(&house, "display", "foyer-2").await;
    let others = [
        (Caller::Nobody, Code::Unauthenticated),
        (visitor(None), Code::PermissionDenied),
        (staff(Role::Kitchen), Code::PermissionDenied),
        (staff(Role::Attendant), Code::PermissionDenied),
        (staff(Role::Operator), Code::PermissionDenied),
        (Caller::Device { id: "foyer-2".to_owned(), kind: "display".to_owned() }, Code::PermissionDenied),
        (Caller::Service("journey".to_owned()), Code::PermissionDenied),
    ];
    for (caller, code) in others {
        let refused = approve(&house, &caller, &begun.claim_code, "foyer-1").await.expect_err("approve");
        assert_eq!(refused.code(), code, "{caller:?}");
        assert_eq!(revoke(&house, &caller, "foyer-2").await.expect_err("revoke").code(), code, "{caller:?}");
    }
    assert!(!finish(&house, &begun.pairing_secret).await.expect("waits").approved);
    sign_in(&house, &token).await.expect("still paired");
    approve(&house, &staff(Role::Admin), &begun.claim_code, "foyer-1").await.expect("an admin may");
    revoke(&house, &staff(Role::Admin), "foyer-2").await.expect("an admin may");
}

#[tokio::test]
async fn a_code_that_is_wrong_or_has_run_out_pairs_nothing() {
    let house = house().await;
    let begun = start(&house, "display").await.expect("begun");
    let other = if begun.claim_code == "ACDEFG" { "ACDEFH" } else { "ACDEFG" };
    let desk = staff(Role::Desk);
    assert_eq!(approve(&house, &desk, other, "foyer-1").await.expect_err("wrong").code(), Code::NotFound);
    assert_eq!(finish(&house, "not-a-secret").await.expect_err("wrong").code(), Code::NotFound);
    assert_eq!(sign_in(&house, &begun.pairing_secret).await.expect_err("no token").code(), Code::Unauthenticated);

    let lifetime = "select count(*) from pairing where expires_at <= current_timestamp + interval '10 minutes'";
    assert_eq!(count(&house, lifetime).await, 1);
    execute(&house, "update pairing set expires_at = current_timestamp").await;
    let late = approve(&house, &desk, &begun.claim_code, "foyer-1").await.expect_err("too late");
    assert_eq!(late.code(), Code::NotFound);
    assert!(late.message().contains("start the pairing again"), "{}", late.message());
    assert_eq!(finish(&house, &begun.pairing_secret).await.expect_err("too late").code(), Code::NotFound);
}

#[tokio::test]
async fn codes_that_wait_are_bounded_and_those_that_ran_out_make_room() {
    let house = house().await;
    fill(&house, "n, true").await;
    execute(&house, "delete from pairing where claim_code = 'filler-200true'").await;
    start(&house, "scanner").await.expect("the last one");
    let refused = start(&house, "scanner").await.expect_err("full");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("try again"), "{}", refused.message());
    let page = Browser::new(&house).get("/pair").await;
    page.is_page(429);
    assert_eq!(page.header("retry-after"), "5");

    execute(&house, "update pairing set expires_at = current_timestamp where claim_code = 'filler-7true'").await;
    start(&house, "scanner").await.expect("room again");
}

/// All codes of the house's own network or of all others are given out: "network, is_near" of the n-th of 200.
async fn fill(house: &House, whence: &'static str) {
    let fill = format!(
        "insert into pairing (network_hash, is_near, secret_hash, claim_code, kind, expires_at)
         select sha256(w.network::text::bytea), w.is_near, sha256(random()::text::bytea), 'filler-' || n || w.is_near, 'display',
             current_timestamp + n * interval '1 second' + interval '2 minutes'
         from generate_series(1, 200) n, lateral (select {whence}) as w (network, is_near)"
    );
    sqlx::query(sqlx::AssertSqlSafe(fill)).execute(house.pool("portal")).await.expect("filled");
}

/// How many codes each network has, the most first.
const OF_NETWORKS: &str = "select count(*) from pairing where not is_near group by network_hash order by 1 desc";

#[tokio::test]
async fn strangers_from_many_networks_keep_no_device_of_the_house_from_pairing() {
    let house = house().await;
    fill(&house, "n, false").await;
    assert_eq!(start_from(&house, "203.0.113.7").await.expect_err("full").code(), Code::ResourceExhausted);
    for near in ["192.168.1.20", "fd00::9", "127.0.0.1"] {
        start_from(&house, near).await.expect(near);
    }
    start(&house, "scanner").await.expect("a device without a proxy");
    // And the other way round.
    execute(&house, "delete from pairing").await;
    fill(&house, "n, true").await;
    assert_eq!(start_from(&house, "192.168.1.20").await.expect_err("full").code(), Code::ResourceExhausted);
    start_from(&house, "203.0.113.7").await.expect("from elsewhere");
}

#[tokio::test]
async fn strangers_from_a_few_networks_keep_nobody_from_pairing() {
    let house = house().await;
    // Four have fifty each; somebody is about to pair with the oldest of the first.
    fill(&house, "n % 4, false").await;
    execute(&house, "update pairing set device_id = 'foyer-1' where claim_code = 'filler-1false'").await;
    let mut begun = Vec::new();
    for _ in 0..40 {
        begun.push(start_from(&house, "203.0.113.7").await.expect("room is made").pairing_secret);
    }
    let codes: Vec<i64> = sqlx::query_scalar(OF_NETWORKS).fetch_all(house.pool("portal")).await.expect("counted");
    assert_eq!(codes, [40; 5]);
    assert_eq!(start_from(&house, "203.0.113.7").await.expect_err("as many as all").code(), Code::ResourceExhausted);
    for secret in begun {
        finish(&house, &secret).await.expect("still waits");
    }
    let kept = "select count(*) from pairing where claim_code in ('filler-1false', 'filler-200false')";
    assert_eq!(count(&house, kept).await, 2, "approved or new");
    assert_eq!(count(&house, "select count(*) from pairing where claim_code = 'filler-2false'").await, 0, "the oldest");
}

/// The same from an address, through a proxy.
async fn start_from(house: &House, address: &str) -> Result<pb::StartPairingResponse, Status> {
    let mut request = tonic::Request::new(pb::StartPairingRequest { device_kind: "display".to_owned() });
    request.metadata_mut().insert("x-forwarded-for", address.parse().expect("ASCII"));
    access!(house, &Caller::Nobody).start_pairing(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn nobody_takes_all_codes_from_one_address() {
    let house = house().await;
    for first in ["203.0.113.7", "2001:db8:1:2::1"] {
        start_from(&house, first).await.expect("begun");
    }
    // Both begin as many as one may.
    execute(
        &house,
        "insert into pairing (secret_hash, claim_code, kind, expires_at, network_hash)
         select sha256(network_hash || n::text::bytea), md5(network_hash::text || n), kind, expires_at, network_hash
         from pairing, generate_series(2, 50) n",
    )
    .await;
    for taken in ["203.0.113.7", "2001:db8:1:2::1", "2001:db8:1:2:ffff::1"] {
        let refused = start_from(&house, taken).await.expect_err(taken);
        assert_eq!(refused.code(), Code::ResourceExhausted, "{taken}");
    }
    let of_one = "select count(*) from pairing group by network_hash order by 1 desc limit 1";
    assert_eq!(count(&house, of_one).await, 50);
    for other in ["203.0.113.8", "2001:db8:1:3::1"] {
        start_from(&house, other).await.expect(other);
    }
    // On the page it is the same.
    for (address, status) in [("203.0.113.7", 429), ("203.0.113.9", 200)] {
        let page = reqwest::Client::new().get(format!("http://{}/pair", house.running.http));
        let answer = page.header("x-forwarded-for", address).send().await.expect("answered");
        assert_eq!(answer.status(), status, "{address}");
    }
    Browser::new(&house).get("/pair").await.is_page(200);
}

/// The code on the screen of `/pair`.
fn code(page: &Page) -> String {
    let (_, rest) = page.is_page(200).body.split_once("class=\"claim\">").expect("a code");
    rest.split('<').next().expect("its end").to_owned()
}

#[tokio::test]
async fn a_monitor_is_paired_in_the_browser_and_is_then_that_display_and_nothing_else() {
    let house = house().await;
    let mut desk = Browser::of(&house, Role::Desk).await;
    let mut monitor = Browser::new(&house);
    let page = monitor.get("/pair").await;
    let code = code(&page);
    let cookie = page.sets("__Host-sky-pairing").expect("set");
    assert!(cookie.contains("HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    assert_eq!(self::code(&monitor.get("/pair").await), code, "it waits with the same code");

    desk.post("/displays/approve", &[("claim_code", "ACDEFG"), ("device", "foyer-1")]).await.location();
    desk.get("/accessibility").await.says("class=\"notice bad\"");
    let form = [("claim_code", code.as_str()), ("device", "foyer-1")];
    assert_eq!(desk.post("/displays/approve", &form).await.location(), "/displays");
    desk.get("/accessibility").await.says("class=\"notice good\"").says("foyer-1");

    assert_eq!(monitor.get("/pair").await.location(), "/monitor/foyer-1");
    assert_eq!(monitor.cookie("__Host-sky-pairing"), None, "its part is done");
    assert_not_stored(&house, &[monitor.session()]).await;
    assert_eq!(monitor.get("/pair").await.location(), "/monitor/foyer-1");
    assert_eq!(monitor.get("/pair/state").await.body, r#"{"monitor":"/monitor/foyer-1"}"#);
    let away = monitor.get("/monitor/foyer-1").await;
    away.is_page(503);
    assert_eq!(away.header("refresh"), "10", "nobody stands before a monitor to reload it");
    monitor.get("/monitor/foyer-2").await.is_page(403);
    assert_eq!(monitor.get("/desk").await.location(), "/staff/sign-in?next=/desk");
    monitor.post("/monitor/foyer-1/shown", &[]).await.is_page(422);
    for wrong in ["-1", "1.5", "x", "18446744073709551616"] {
        monitor.post("/monitor/foyer-1/shown", &[("revision", wrong)]).await.is_page(422);
    }
    monitor.post("/monitor/foyer-2/shown", &[("revision", "1")]).await.is_page(403);
    monitor.get("/monitor/foyer-2/live").await.is_page(403);

    assert_eq!(desk.post("/displays/revoke", &[("device", "foyer-1")]).await.location(), "/displays");
    assert_eq!(monitor.get("/monitor/foyer-1").await.location(), "/staff/sign-in?next=/monitor/foyer-1");
    monitor.get("/monitor/foyer-1/live").await.is_page(401);
    // It may be paired again without anybody touching it.
    let state: serde_json::Value = serde_json::from_str(&monitor.get("/pair/state").await.body).expect("JSON");
    let again = state["code"].as_str().expect("a new code");
    assert_ne!(again, code);
    let form = [("claim_code", again), ("device", "foyer-1")];
    desk.post("/displays/approve", &form).await.location();
    assert_eq!(monitor.get("/pair/state").await.body, r#"{"monitor":"/monitor/foyer-1"}"#);
    assert_not_stored(&house, &[monitor.session()]).await;
}

#[tokio::test]
async fn a_monitor_measures_the_houses_time() {
    let house = house().await;
    let now = Browser::new(&house).get("/clock").await.body.parse::<i64>().expect("milliseconds");
    assert_eq!(now, house.clock.now().timestamp_millis());
}

async fn list(house: &House) -> Vec<pb::Device> {
    let mut access = access!(house, &staff(Role::Operator));
    access.list_devices(pb::ListDevicesRequest {}).await.expect("listed").into_inner().devices
}

#[tokio::test]
async fn devices_are_listed_with_their_last_use_and_their_end() {
    let house = house().await;
    let first = paired(&house, "lane", "in-1").await;
    paired(&house, "scanner", "scanner-7").await;
    let fresh = list(&house).await;
    let told: Vec<_> = fresh.iter().map(|it| (it.device_kind.as_str(), it.device_id.as_str())).collect();
    assert_eq!(told, [("lane", "in-1"), ("scanner", "scanner-7")]);
    let lane = &fresh[0];
    assert!(lane.last_used_at.is_none() && lane.revoked_at.is_none() && !lane.approved_by.is_empty(), "{lane:?}");

    sign_in(&house, &first).await.expect("in");
    let used = list(&house).await[0].last_used_at;
    assert!(used.is_some());
    sign_in(&house, &first).await.expect("in");
    assert_eq!(list(&house).await[0].last_used_at, used, "to the minute");
    execute(&house, "update device set used_at = used_at - interval '2 minutes'").await;
    let aged = list(&house).await[0].last_used_at;
    sign_in(&house, &first).await.expect("in");
    assert_ne!(list(&house).await[0].last_used_at, aged, "a minute later it is noted again");

    // Paired anew: the one before has ended, and by whom.
    paired(&house, "lane", "in-1").await;
    let anna = Caller::Staff { account: "anna".to_owned(), roles: vec![Role::Desk] };
    revoke(&house, &anna, "scanner-7").await.expect("revoked");
    let ended: Vec<_> = list(&house).await.into_iter().filter(|it| it.revoked_at.is_some()).collect();
    let by: Vec<_> = ended.iter().map(|it| (it.device_id.as_str(), it.revoked_by.as_str())).collect();
    assert_eq!(by.len(), 2, "{by:?}");
    assert!(by.contains(&("scanner-7", "anna")) && by.iter().all(|(_, by)| !by.is_empty()), "{by:?}");
    let refused = access!(house, &visitor(None)).list_devices(pb::ListDevicesRequest {}).await.expect_err("not theirs");
    assert_eq!(refused.code(), Code::PermissionDenied);
}
