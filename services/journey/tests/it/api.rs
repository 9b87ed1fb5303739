//! Whose visit it is, links, who is missing, contact data, bad input of the other calls.

use kernel::{Caller, Role, testing::staff};
use sky_proto::{flow::v1::PartyAdmitted, journey::v1 as pb, parking::v1::VehicleEntered, payments::v1::Method};
use tokio_stream::StreamExt;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{client, support::*};

fn code<T>(answer: Result<T, Status>) -> Code {
    answer.err().map_or(Code::Ok, |status| status.code())
}

#[tokio::test]
async fn a_visit_is_its_visitors_and_the_houses() {
    let town = town().await;
    let visit = town.booked().await;
    let get = pb::GetVisitRequest { visit_id: visit.visit_id.clone() };
    let service = |name: &str| Caller::Service(name.to_owned());
    let may = [guest("test"), opened(&visit), desk(), staff(Role::Operator), service("portal"), service("sky")];
    for caller in may {
        client!(town, &caller).get_visit(get.clone()).await.expect("may see it");
    }
    let scanner = Caller::Device { id: "s".to_owned(), kind: "scanner".to_owned() };
    for caller in [guest("other"), staff(Role::Kitchen), staff(Role::Attendant), service("flow"), scanner] {
        assert_eq!(code(client!(town, &caller).get_visit(get.clone()).await), Code::PermissionDenied, "{caller:?}");
    }
    assert_eq!(code(client!(town, &Caller::Nobody).get_visit(get).await), Code::Unauthenticated);

    // A stranger learns nothing, not even whether there is such a visit.
    let mut stranger = client!(town, &guest("other"));
    for visit_id in [visit.visit_id.clone(), Uuid::now_v7().to_string()] {
        let (a, b) = (visit_id.clone(), visit_id.clone());
        assert_eq!(code(stranger.get_visit(pb::GetVisitRequest { visit_id: a }).await), Code::PermissionDenied);
        let watch = pb::WatchVisitRequest { visit_id: b, after_revision: 0 };
        assert_eq!(code(stranger.watch_visit(watch).await), Code::PermissionDenied);
        let extend = pb::ExtendVisitRequest { visit_id: visit_id.clone() };
        assert_eq!(code(stranger.extend_visit(extend).await), Code::PermissionDenied);
        let cancel = pb::CancelVisitRequest { visit_id: visit_id.clone(), reason: String::new() };
        assert_eq!(code(stranger.cancel_visit(cancel).await), Code::PermissionDenied);
        let confirm = pb::ConfirmVisitRequest {
            visit_id: visit_id.clone(),
            method: Method::AtDesk.into(),
            contact: Some(contact()),
            return_url: String::new(),
        };
        assert_eq!(code(stranger.confirm_visit(confirm).await), Code::PermissionDenied);
        let link = pb::IssueLinkRequest { visit_id };
        assert_eq!(code(stranger.issue_link(link).await), Code::PermissionDenied);
    }
    let unknown = pb::GetVisitRequest { visit_id: Uuid::now_v7().to_string() };
    assert_eq!(code(client!(town, &desk()).get_visit(unknown).await), Code::NotFound);
    for caller in [guest("test"), staff(Role::Kitchen)] {
        let mut client = client!(town, &caller);
        assert_eq!(code(client.list_missing(pb::ListMissingRequest::default()).await), Code::PermissionDenied);
        assert_eq!(code(client.delay_showing(pb::DelayShowingRequest::default()).await), Code::PermissionDenied);
        assert_eq!(code(client.cancel_showing(pb::CancelShowingRequest::default()).await), Code::PermissionDenied);
    }
    // Desk and operators sell; whoever cooks does not.
    let hold = client!(town, &staff(Role::Kitchen)).hold_visit(town.wish()).await;
    assert_eq!(code(hold), Code::PermissionDenied);
    let exchange = client!(town, &desk()).exchange_link(pb::ExchangeLinkRequest::default()).await;
    assert_eq!(code(exchange), Code::PermissionDenied);
}

#[tokio::test]
async fn a_link_opens_its_visit_and_only_its_hash_is_kept() {
    let town = town().await;
    let visit = town.booked().await;
    let issue = pb::IssueLinkRequest { visit_id: visit.visit_id.clone() };
    let mut owner = client!(town, &guest("test"));
    let secret = owner.issue_link(issue.clone()).await.expect("issued").into_inner().secret;
    let other = owner.issue_link(issue.clone()).await.expect("issued").into_inner().secret;
    assert_eq!(secret.len(), 43, "256 bits");
    assert_ne!(secret, other);
    for secret in [&secret, &other] {
        let request = pb::ExchangeLinkRequest { secret: secret.clone() };
        let opened = client!(town, &guest("phone")).exchange_link(request).await.expect("ours").into_inner();
        assert_eq!(opened.visit_id, visit.visit_id);
    }
    let kept: Vec<Vec<u8>> =
        sqlx::query_scalar("select hash from link").fetch_all(town.house.pool("journey")).await.expect("links");
    assert!(kept.iter().all(|hash| hash.len() == 32 && !String::from_utf8_lossy(hash).contains(&secret)));
    let mut portal = client!(town, &Caller::Service("portal".to_owned()));
    let wrong = pb::ExchangeLinkRequest { secret: "A".repeat(43) };
    assert_eq!(code(portal.exchange_link(wrong).await), Code::NotFound);
    for secret in [String::new(), "x".repeat(101)] {
        assert_eq!(code(portal.exchange_link(pb::ExchangeLinkRequest { secret }).await), Code::InvalidArgument);
    }
    // At most twenty: the oldest goes.
    for _ in 0..19 {
        town.house.clock.advance(chrono::TimeDelta::milliseconds(1));
        owner.issue_link(issue.clone()).await.expect("issued");
    }
    let kept: i64 =
        sqlx::query_scalar("select count(*) from link").fetch_one(town.house.pool("journey")).await.expect("links");
    assert_eq!(kept, 20);
}

#[tokio::test]
async fn the_desk_sees_who_is_missing() {
    let town = town().await;
    let (in_, parked, half, coming) =
        (town.booked().await, town.booked().await, town.booked().await, town.booked().await);
    town.held().await;
    let admitted = |visit: &pb::Visit, people: usize| PartyAdmitted {
        visit_id: visit.visit_id.clone(),
        ticket_ids: (0..people).map(|_| Uuid::now_v7().to_string()).collect(),
        ..Default::default()
    };
    town.react_twice("flow", &in_.visit_id, &admitted(&in_, 2)).await;
    town.react_twice("flow", &half.visit_id, &admitted(&half, 1)).await;
    let entered = VehicleEntered {
        visit_id: parked.visit_id.clone(),
        lane: "in-1".to_owned(),
        at: Some(kernel::values::timestamp(minutes(1))),
    };
    town.react_twice("parking", &parked.visit_id, &entered).await;
    let request = pb::ListMissingRequest { showing_id: in_.showing_id.clone() };
    let list = client!(town, &desk()).list_missing(request).await.expect("listed").into_inner();
    assert_eq!((list.booked, list.admitted, list.parties.len()), (8, 3, 3));
    for (visit, whereabouts) in [(&parked, "in_car_park"), (&half, "partly_in"), (&coming, "on_the_way")] {
        let party = list.parties.iter().find(|party| party.visit_id == visit.visit_id).expect("missing");
        assert_eq!((party.whereabouts.as_str(), party.size), (whereabouts, 2));
        assert_eq!(party.reference, visit.reference);
        assert!(!party.assistance);
    }
}

#[tokio::test]
async fn contact_data_never_leaves_journey() {
    let town = town().await;
    let paid = town.paid().await;
    town.cancel(&paid, &guest("test")).await.expect("cancelled");
    town.house.settle().await;
    for service in ["journey", "reservations", "parking", "payments"] {
        let payloads: Vec<Vec<u8>> =
            sqlx::query_scalar("select payload from outbox").fetch_all(town.house.pool(service)).await.expect("outbox");
        for payload in payloads {
            let text = String::from_utf8_lossy(&payload).to_lowercase();
            assert!(!text.contains("herschel") && !text.contains("slough"), "{service}: {text}");
        }
    }
    let ask = pb::GetVisitRequest { visit_id: paid.visit_id.clone() };
    let shown = format!("{:?}", client!(town, &guest("test")).get_visit(ask).await.expect("a visit"));
    assert!(!shown.contains("Herschel") && !shown.contains("slough"));

    // A month after the showing it is gone.
    let left = || async {
        sqlx::query_scalar::<_, i64>("select count(*) from visit where contact_name <> '' or contact_email <> ''")
            .fetch_one(town.house.pool("journey"))
            .await
            .expect("counted")
    };
    assert_eq!(left().await, 1);
    town.house.clock.advance(chrono::TimeDelta::days(33));
    while left().await > 0 {
        town.house.clock.advance(chrono::TimeDelta::hours(1));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_watcher_sees_each_change_and_resumes() {
    let town = town().await;
    let held = town.held().await;
    let watch = |after_revision| pb::WatchVisitRequest { visit_id: held.visit_id.clone(), after_revision };
    let mut own = client!(town, &guest("test"));
    let mut changes = own.watch_visit(watch(0)).await.expect("watched").into_inner();
    let first = changes.next().await.expect("open").expect("good");
    assert_eq!(first, held);
    let confirmed = town.confirm(&held, Method::AtDesk).await.expect("ordered");
    let mut last = first;
    while last.state() != pb::VisitState::Confirmed || last.revision < confirmed.revision {
        let next = changes.next().await.expect("open").expect("good");
        assert!(next.revision > last.revision);
        last = next;
    }
    let mut resumed = own.watch_visit(watch(last.revision - 1)).await.expect("watched").into_inner();
    assert_eq!(resumed.next().await.expect("open").expect("good").revision, last.revision);
}

#[tokio::test]
async fn bad_input_names_the_field() {
    type Spoil = fn(&mut pb::ConfirmVisitRequest);
    let town = town().await;
    let visit = town.held().await;
    let good = pb::ConfirmVisitRequest {
        visit_id: visit.visit_id.clone(),
        method: Method::Online.into(),
        contact: Some(contact()),
        return_url: "http://localhost/return".to_owned(),
    };
    let cases: [(&str, Spoil); 12] = [
        ("visit_id", |r| r.visit_id.clear()),
        ("method", |r| r.method = 0),
        ("method", |r| r.method = 42),
        ("contact.name", |r| r.contact = None),
        ("contact.name", |r| r.contact.as_mut().expect("set").name = "x".repeat(121)),
        ("contact.email", |r| r.contact.as_mut().expect("set").email = "nobody".to_owned()),
        ("contact.email", |r| r.contact.as_mut().expect("set").email = "a..b@c.de".to_owned()),
        ("contact.email", |r| r.contact.as_mut().expect("set").email = "a@b.de>".to_owned()),
        ("contact.email", |r| r.contact.as_mut().expect("set").email = "a@-.de".to_owned()),
        ("contact.email", |r| r.contact.as_mut().expect("set").email = format!("a@b.{}", "x".repeat(260))),
        ("return_url", |r| r.return_url.clear()),
        ("return_url", |r| r.return_url = "x".repeat(2001)),
    ];
    let mut own = client!(town, &guest("test"));
    for (field, spoil) in cases {
        let mut request = good.clone();
        spoil(&mut request);
        let refused = own.confirm_visit(request).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}");
        assert!(refused.message().starts_with(&format!("{field}:")), "{}", refused.message());
    }
    // At the desk nobody needs a name.
    let nameless = pb::ConfirmVisitRequest { contact: None, method: Method::AtDesk.into(), ..good };
    client!(town, &desk()).confirm_visit(nameless).await.expect("ordered");

    let long = pb::CancelVisitRequest { visit_id: visit.visit_id.clone(), reason: "x".repeat(201) };
    assert!(own.cancel_visit(long).await.expect_err("long").message().starts_with("reason:"));
    let mut staff = client!(town, &desk());
    let showing_id = visit.showing_id.clone();
    let delay = |key: &str, showing_id: &str, minutes| pb::DelayShowingRequest {
        idempotency_key: key.to_owned(),
        showing_id: showing_id.to_owned(),
        minutes,
        reason: Some(kernel::values::Text::new("Grund", "Reason").to_proto()),
        shift_following: false,
        expected_starts_at: None,
    };
    let key = Uuid::new_v4().to_string();
    let cases = [
        ("idempotency_key", delay("", &showing_id, 5)),
        ("showing_id", delay(&key, "x", 5)),
        ("minutes", delay(&key, &showing_id, 0)),
        ("minutes", delay(&key, &showing_id, 241)),
    ];
    for (field, request) in cases {
        let refused = staff.delay_showing(request).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}");
        assert!(refused.message().starts_with(&format!("{field}:")), "{}", refused.message());
    }
    let unknown = delay(&key, &Uuid::now_v7().to_string(), 5);
    assert_eq!(code(staff.delay_showing(unknown).await), Code::NotFound);
}

#[tokio::test]
async fn a_name_is_told_to_the_desk_alone() {
    let town = town().await;
    let booked = town.booked().await;
    let ask = || pb::GetVisitRequest { visit_id: booked.visit_id.clone() };
    let told = client!(town, &desk()).get_visit(ask()).await.expect("a visit").into_inner();
    assert_eq!(told.contact_name, "Caroline Herschel");
    for caller in [staff(Role::Operator), opened(&booked), guest("test")] {
        let told = client!(town, &caller).get_visit(ask()).await.expect("a visit").into_inner();
        assert_eq!(told.contact_name, "", "{caller:?}");
    }
}
