//! Holding, extending, releasing, the state of the site, bad input, wrong callers, the house file.

use kernel::{
    Caller, Role,
    testing::{staff, visitor},
    values::timestamp,
};
use sky_proto::parking::v1 as pb;
use tokio_stream::StreamExt;
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

#[tokio::test]
async fn a_hold_has_its_price_and_a_repeat_gets_the_first_answer() {
    let house = house().await;
    let request = wish(Uuid::now_v7(), Uuid::now_v7());
    let first = hold(&house, &request).await.expect("held");
    assert_eq!(first.state(), pb::RightState::Held);
    assert_eq!(first.items[0].tariff_id, "parking-standard-2026");
    assert_eq!(first.items[0].tax_id, "parking-ust-2007");
    assert_eq!(first.total.as_ref().expect("total").cents, 300);
    assert_eq!(hold(&house, &request).await.expect("repeat"), first);

    let mut other = request.clone();
    other.bay_class = pb::BayClass::Ev.into();
    let reused = hold(&house, &other).await.expect_err("key reused");
    assert_eq!(reused.code(), Code::InvalidArgument);
    other.idempotency_key = Uuid::new_v4().to_string();
    let second = hold(&house, &other).await.expect_err("one bay per visit");
    assert_eq!(second.code(), Code::AlreadyExists);

    let mut accessible = wish(Uuid::now_v7(), Uuid::now_v7());
    accessible.bay_class = pb::BayClass::Accessible.into();
    let free = hold(&house, &accessible).await.expect("held");
    assert!(free.items.is_empty(), "accessible bays are free of charge");
}

#[tokio::test]
async fn twenty_at_once_for_the_last_bay_are_one_holder() {
    let house = house().await;
    set_capacity(&house, "standard", 1).await;
    let mut tries = Vec::new();
    for _ in 0..20 {
        let mut client = client!(house, &journey());
        let request = wish(Uuid::now_v7(), Uuid::now_v7());
        tries.push(async move { client.hold_bay(request).await });
    }
    let answers = futures::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refused in answers.into_iter().filter_map(Result::err) {
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert!(refused.message().contains("free from"), "{}", refused.message());
    }
}

#[tokio::test]
async fn the_same_bay_is_sold_again_after_it_is_released_or_expired() {
    let house = house().await;
    set_capacity(&house, "standard", 1).await;
    let mut journey = client!(house, &journey());
    let first = Uuid::now_v7();
    hold(&house, &wish(first, Uuid::now_v7())).await.expect("held");
    let release = pb::ReleaseBayRequest { visit_id: first.to_string() };
    journey.release_bay(release.clone()).await.expect("released");
    journey.release_bay(release).await.expect("again is no error");

    let second = Uuid::now_v7();
    hold(&house, &wish(second, Uuid::now_v7())).await.expect("free again");
    house.clock.set(minutes(11));
    let extend = pb::ExtendHoldRequest { visit_id: second.to_string(), expires_at: Some(timestamp(minutes(20))) };
    let late = journey.extend_hold(extend).await.expect_err("it has expired");
    assert_eq!(late.metadata().get(kernel::error::REASON).expect("its name"), "HoldExpired");
    assert_eq!(late.code(), Code::FailedPrecondition);
    let mut third = wish(Uuid::now_v7(), Uuid::now_v7());
    third.expires_at = Some(timestamp(minutes(20)));
    hold(&house, &third).await.expect("an expired hold is nobody's");
    // A window after it does not overlap.
    let mut after = wish(Uuid::now_v7(), Uuid::now_v7());
    after.from = Some(timestamp(minutes(240)));
    after.until = Some(timestamp(minutes(300)));
    after.expires_at = Some(timestamp(minutes(20)));
    hold(&house, &after).await.expect("one after the other");
}

#[tokio::test]
async fn bad_input_names_the_field() {
    type Spoil = fn(&mut pb::HoldBayRequest);
    let house = house().await;
    let good = wish(Uuid::now_v7(), Uuid::now_v7());
    let cases: [(&str, Spoil); 11] = [
        ("idempotency_key", |r| r.idempotency_key.clear()),
        ("visit_id", |r| r.visit_id = "x".to_owned()),
        ("showing_id", |r| r.showing_id.clear()),
        ("bay_class", |r| r.bay_class = 0),
        ("bay_class", |r| r.bay_class = 99),
        ("from", |r| r.from = None),
        ("until", |r| r.until = r.from),
        ("until", |r| r.until = Some(timestamp(minutes(60 + 24 * 60 + 1)))),
        ("until", |r| {
            r.from = Some(timestamp(minutes(-60)));
            r.until = Some(timestamp(minutes(-1)));
        }),
        ("expires_at", |r| r.expires_at = Some(timestamp(minutes(19)))),
        ("expires_at", |r| r.expires_at = Some(timestamp(minutes(0)))),
    ];
    for (field, spoil) in cases {
        let mut request = good.clone();
        spoil(&mut request);
        let refused = hold(&house, &request).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}");
        assert!(refused.message().starts_with(field), "{}", refused.message());
    }
    let mut journey = client!(house, &journey());
    let unknown = Uuid::now_v7().to_string();
    let request = pb::GetRightRequest { visit_id: unknown.clone() };
    assert_eq!(journey.get_right(request).await.expect_err("none").code(), Code::NotFound);
    let request = pb::ExtendHoldRequest { visit_id: unknown, expires_at: Some(timestamp(minutes(10))) };
    assert_eq!(journey.extend_hold(request).await.expect_err("none").code(), Code::NotFound);

    let mut attendant = client!(house, &attendant());
    let request = pb::SetSiteStateRequest { state: pb::SiteState::Closed.into(), ..Default::default() };
    let refused = attendant.set_site_state(request).await.expect_err("reason");
    assert!(refused.message().starts_with("reason"), "{}", refused.message());
    let request =
        pb::ListRightsRequest { from: Some(timestamp(minutes(0))), until: Some(timestamp(minutes(60 * 24 * 32))) };
    let refused = attendant.list_rights(request).await.expect_err("too long");
    assert!(refused.message().starts_with("until"), "{}", refused.message());
    let request = pb::RecordLaneRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: "in 1".to_owned(),
        direction: pb::Direction::In.into(),
        ..Default::default()
    };
    let refused = attendant.record_lane(request).await.expect_err("lane");
    assert!(refused.message().starts_with("lane"), "{}", refused.message());
}

#[tokio::test]
async fn wrong_callers_are_refused() {
    let house = house().await;
    let visit = Uuid::now_v7();
    hold(&house, &wish(visit, Uuid::now_v7())).await.expect("held");
    let get = pb::GetRightRequest { visit_id: visit.to_string() };
    let code = |answer: Result<_, tonic::Status>| match answer {
        Ok(_) => Code::Ok,
        Err(status) => status.code(),
    };
    let own = client!(house, &visitor(Some(visit))).get_right(get.clone()).await;
    assert_eq!(code(own), Code::Ok);
    let other = client!(house, &visitor(Some(Uuid::now_v7()))).get_right(get.clone()).await;
    assert_eq!(code(other), Code::PermissionDenied);
    let kitchen = client!(house, &staff(Role::Kitchen)).get_right(get).await;
    assert_eq!(code(kitchen), Code::PermissionDenied);
    let visitor_holds = client!(house, &visitor(None)).hold_bay(wish(visit, visit)).await;
    assert_eq!(code(visitor_holds), Code::PermissionDenied);
    let close = pb::SetSiteStateRequest::default();
    let desk = client!(house, &staff(Role::Desk)).set_site_state(close.clone()).await;
    assert_eq!(desk.expect_err("desk").code(), Code::PermissionDenied);
    let nobody = client!(house, &Caller::Nobody).set_site_state(close).await;
    assert_eq!(nobody.expect_err("nobody").code(), Code::Unauthenticated);
    let scan = pb::RecordLaneRequest::default();
    let scanner = Caller::Device { id: "s".to_owned(), kind: "scanner".to_owned() };
    let scanner = client!(house, &scanner).record_lane(scan).await;
    assert_eq!(scanner.expect_err("scanner").code(), Code::PermissionDenied);
}

#[tokio::test]
async fn an_unreachable_site_sells_nothing_and_names_the_alternatives() {
    let house = house().await;
    let mut attendant = client!(house, &attendant());
    let mut watching =
        attendant.watch_site(pb::WatchSiteRequest { after_revision: 0 }).await.expect("watched").into_inner();
    let first = watching.next().await.expect("a value").expect("good");
    assert_eq!(first.state(), pb::SiteState::Open);
    let request = pb::SetSiteStateRequest {
        state: pb::SiteState::Unreachable.into(),
        reason: Some(kernel::values::Text::new("Brückenfest", "Bridge festival").to_proto()),
        until: None,
    };
    attendant.set_site_state(request.clone()).await.expect("set");
    attendant.set_site_state(request).await.expect("again");
    let second = watching.next().await.expect("a value").expect("good");
    assert_eq!(second.state(), pb::SiteState::Unreachable);
    assert!(second.revision > first.revision);
    assert_eq!(second.alternatives.len(), 4);

    let refused = hold(&house, &wish(Uuid::now_v7(), Uuid::now_v7())).await.expect_err("unreachable");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("Spitze (9 min)"), "{}", refused.message());
    let told: Vec<pb::SiteChanged> = house.events("parking").await;
    assert_eq!(told.len(), 2, "loaded, unreachable; the repeat tells nothing");
}

#[tokio::test]
async fn a_class_is_sold_by_those_alone_whom_the_house_file_names() {
    use pb::Channel::{Desk, Online, Unspecified};
    let house = house().await;
    let asks = async |class: pb::BayClass, channel: pb::Channel| {
        let (bay_class, channel) = (class.into(), channel.into());
        hold(&house, &pb::HoldBayRequest { bay_class, channel, ..wish(Uuid::now_v7(), Uuid::now_v7()) }).await
    };
    for channel in [Online, Unspecified] {
        let refused = asks(pb::BayClass::Coach, channel).await.expect_err("the desk's alone");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(refused.message(), "coach bays are given by the desk; telephone it, or ask there");
        assert_eq!(refused.metadata().get(kernel::error::REASON).expect("its name"), "SoldElsewhere");
        asks(pb::BayClass::Standard, channel).await.expect("sold to all");
    }
    asks(pb::BayClass::Coach, Desk).await.expect("held");
    // Nothing is offered instead that is not sold so.
    let desk_only = HOUSE_FILE.replacen("class = \"standard\"", "class = \"standard\"\nsold_by = [\"desk\"]", 1);
    load(&house, &desk_only, false).await.expect("loaded");
    set_capacity(&house, "ev", 0).await;
    for (channel, is_offered) in [(Online, false), (Desk, true)] {
        let full = asks(pb::BayClass::Ev, channel).await.expect_err("full");
        assert_eq!(full.message().contains("standard bays are free"), is_offered, "{}", full.message());
    }

    let list = "sold_by = [\"desk\", \"partner\"]";
    for (wrong, problem) in [
        ("sold_by = []", "parking.bays[3].sold_by: names nobody"),
        ("sold_by = [\"desk\", \"desk\"]", "parking.bays[3].sold_by: names somebody twice"),
        ("sold_by = [\"kiosk\"]", "sold_by = [\"kiosk\"]"),
    ] {
        let file = HOUSE_FILE.replacen(list, wrong, 1);
        let line = file.lines().position(|line| line == wrong).expect("replaced") + 1;
        let refused = load(&house, &file, true).await.expect_err(wrong);
        let said = refused.message();
        assert!(said.contains(&format!("line {line}")) && said.contains(problem), "{said}");
    }
}

#[tokio::test]
async fn the_house_file_is_checked_with_line_and_key_and_applied_once() {
    let house = house().await;
    let before = site(&house).await;
    let summary = load(&house, HOUSE_FILE, false).await.expect("again");
    assert!(summary.contains("104 bays"), "{summary}");
    assert_eq!(site(&house).await.revision, before.revision, "the same file changes nothing");

    let wrong = HOUSE_FILE.replacen("tax = \"parking-ust-2007\"", "tax = \"none\"", 1);
    let line = wrong.lines().position(|line| line.contains("\"none\"")).expect("replaced") + 1;
    let refused = load(&house, &wrong, true).await.expect_err("no such tax");
    assert!(refused.message().contains(&format!("line {line}, parking.tariffs[0].tax")), "{}", refused.message());
    let (before, tariffs) = HOUSE_FILE.split_once("[[parking.tariffs]]").expect("tariffs");
    let negative = format!("{before}[[parking.tariffs]]{}", tariffs.replacen("cents = ", "cents = -", 1));
    let line = negative.lines().position(|line| line.starts_with("cents = -")).expect("negative") + 1;
    let refused = load(&house, &negative, true).await.expect_err("a negative price");
    assert!(refused.message().contains(&format!("line {line}")), "{}", refused.message());
    hold(&house, &wish(Uuid::now_v7(), Uuid::now_v7())).await.expect("held");
    for (row, was, is, key) in [
        ("parking-standard-2026", "cents = 300", "cents = 310", "tariffs[1]: "),
        ("parking-ust-2007", "basis_points = 1900", "basis_points = 1901", "taxes[0].basis_points: "),
    ] {
        let (before, after) = HOUSE_FILE.split_once(&format!("id = \"{row}\"")).expect("the row");
        let changed = format!("{before}id = \"{row}\"{}", after.replacen(was, is, 1));
        let line = changed.lines().position(|line| line == is).expect("changed") + 1;
        let refused = load(&house, &changed, false).await.expect_err("somebody was charged by it");
        assert!(refused.message().contains(&format!("line {line}, parking.{key}")), "{}", refused.message());
    }

    // A price that is older than the tax row that it names.
    let early = HOUSE_FILE.replacen("id = \"parking-ust-2007\"", "id = \"parking-ust-2007\" # since", 1);
    let early = early.replacen(
        "valid_from = \"2007-01-01\"\nsource = \"§ 12 Abs. 1 UStG (Regelsteuersatz)\"\n\n# Parking fees",
        "valid_from = \"2024-01-01\"\nsource = \"§ 12 Abs. 1 UStG (Regelsteuersatz)\"\n\n# Parking fees",
        1,
    );
    let line = early.lines().position(|line| line == "id = \"parking-standard-2023\"").expect("the row") + 5;
    let refused = load(&house, &early, true).await.expect_err("taxed by a row of later");
    let said = format!("line {line}, parking.tariffs[0].tax: this row is valid only from 2024-01-01");
    assert!(refused.message().contains(&said), "{}", refused.message());

    let typo = HOUSE_FILE.replacen("walk_minutes", "walk_minuets", 1);
    let refused = load(&house, &typo, true).await.expect_err("typo");
    assert!(refused.message().contains("walk_minuets"), "{}", refused.message());
}
