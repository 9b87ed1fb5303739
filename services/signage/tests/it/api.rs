//! Messages, acknowledgements, the list of displays, bad input, wrong callers.

use kernel::{
    Caller, Role,
    testing::{noon, staff, visitor},
    values::timestamp,
};
use sky_proto::{
    flow::v1::{self as flow, HouseState},
    signage::v1 as pb,
};
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

#[tokio::test]
async fn all_displays_show_something_from_the_first_moment() {
    let house = house().await;
    let mut staff = client!(house, &operator());
    let list = staff.list_displays(pb::ListDisplaysRequest {}).await.expect("a list").into_inner().displays;
    assert_eq!(list.len(), 16);
    for display in list {
        assert_eq!(display.state(), pb::DisplayState::Unclaimed, "{}", display.display_id);
        let content = content(&house, &display.display_id).await;
        assert_eq!(content.revision, display.revision);
        assert!(!content.lines.is_empty() && !words(&content).is_empty(), "{}", display.display_id);
        assert!(!content.fallback.expect("a fallback").de.is_empty());
    }
}

#[tokio::test]
async fn a_message_takes_its_group_until_it_is_withdrawn_or_over() {
    let house = house().await;
    let before = content(&house, "cafe-1").await;
    let request = message(pb::PriorityClass::Operations, "Aufzug defekt", "foyer");
    let first = publish(&house, &request).await.expect("published");
    assert_eq!(publish(&house, &request).await.expect("repeat"), first, "a repeat gets the first answer");
    let mut other = request.clone();
    other.group = String::new();
    let reused = publish(&house, &other).await.expect_err("key reused");
    assert_eq!(reused.code(), Code::InvalidArgument);

    let shown = content(&house, "foyer-1").await;
    assert_eq!(shown.priority_class(), pb::PriorityClass::Operations);
    assert!(words(&shown).contains("Aufzug defekt"), "{}", words(&shown));
    assert_eq!(content(&house, "cafe-1").await, before, "another group keeps its content and its revision");

    let mut client = client!(house, &operator());
    let withdraw = pb::WithdrawMessageRequest { message_id: first.message_id.clone() };
    for _ in 0..2 {
        let answer = client.withdraw_message(withdraw.clone()).await.expect("withdrawn").into_inner();
        assert!(answer.withdrawn);
    }
    assert_eq!(content(&house, "foyer-1").await.priority_class(), pb::PriorityClass::Default);
    let published: Vec<pb::MessagePublished> = house.events("signage").await;
    let withdrawn: Vec<pb::MessageWithdrawn> = house.events("signage").await;
    assert_eq!((published.len(), withdrawn.len()), (1, 1));

    // It was the wrong one: for five minutes it can be shown again, as it was.
    let restore = pb::RestoreMessageRequest { message_id: first.message_id.clone() };
    house.clock.set(minutes(4));
    let listed = client.list_messages(pb::ListMessagesRequest {}).await.expect("listed").into_inner();
    assert_eq!((listed.messages.len(), listed.just_withdrawn.len()), (0, 1));
    for _ in 0..2 {
        let answer = client.restore_message(restore.clone()).await.expect("shown again").into_inner();
        assert_eq!(answer, first);
    }
    assert!(words(&content(&house, "foyer-1").await).contains("Aufzug defekt"));
    assert_eq!(house.events::<pb::MessagePublished>("signage").await.len(), 2, "told once more");
    client.withdraw_message(withdraw).await.expect("withdrawn");
    house.clock.set(minutes(9));
    assert_eq!(client.restore_message(restore).await.expect_err("too late").code(), Code::FailedPrecondition);
    let listed = client.list_messages(pb::ListMessagesRequest {}).await.expect("listed").into_inner();
    assert!(listed.messages.is_empty() && listed.just_withdrawn.is_empty());
    let unknown = pb::RestoreMessageRequest { message_id: Uuid::now_v7().to_string() };
    assert_eq!(client.restore_message(unknown).await.expect_err("which?").code(), Code::NotFound);

    // To all displays; it ends by itself, without any event.
    publish(&house, &message(pb::PriorityClass::Scheduled, "Heute lange Nacht", "")).await.expect("published");
    assert_eq!(content(&house, "parking-1").await.priority_class(), pb::PriorityClass::Scheduled);
    let mut now = minutes(60);
    let over = async {
        while content(&house, "parking-1").await.priority_class() != pb::PriorityClass::Default {
            now += chrono::TimeDelta::seconds(11);
            house.clock.set(now);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), over).await.expect("over in time");
}

#[tokio::test]
async fn safety_is_acknowledged_once_and_never_ahead() {
    let house = house().await;
    publish(&house, &message(pb::PriorityClass::Safety, "Bitte Abstand halten", "foyer")).await.expect("published");
    let shown = content(&house, "foyer-1").await;
    let mut monitor = client!(house, &display("foyer-1"));
    let request = |revision| pb::AcknowledgeContentRequest { display_id: "foyer-1".to_owned(), revision };
    for revision in [0, shown.revision + 1] {
        let refused = monitor.acknowledge_content(request(revision)).await.expect_err("never computed");
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().starts_with("revision"), "{}", refused.message());
    }
    for revision in [shown.revision, shown.revision, shown.revision - 1] {
        monitor.acknowledge_content(request(revision)).await.expect("noted");
    }
    let noted = listed(&house, "foyer-1").await;
    assert_eq!(noted.rendered_revision, shown.revision);
    assert_eq!(noted.rendered_at, Some(timestamp(noon())));
    let told: Vec<pb::ContentAcknowledged> = house.events("signage").await;
    assert_eq!(told.len(), 1, "once, and of safety");

    // What is of everyday class is noted, but nobody is told.
    let mut cafe = client!(house, &display("cafe-1"));
    let revision = content(&house, "cafe-1").await.revision;
    cafe.acknowledge_content(pb::AcknowledgeContentRequest { display_id: "cafe-1".to_owned(), revision })
        .await
        .expect("noted");
    let told: Vec<pb::ContentAcknowledged> = house.events("signage").await;
    assert_eq!(told.len(), 1);
    let incident = uuid::Uuid::now_v7().to_string();
    let alarm = flow::HouseStateChanged {
        incident_id: incident.clone(),
        incident_revision: 2,
        ..house_state(HouseState::Evacuating, 1)
    };
    twice(&house, "flow", &alarm).await;
    let revision = content(&house, "cafe-1").await.revision;
    cafe.acknowledge_content(pb::AcknowledgeContentRequest { display_id: "cafe-1".to_owned(), revision })
        .await
        .expect("noted");
    let told: Vec<pb::ContentAcknowledged> = house.events("signage").await;
    assert_eq!(told[1].priority_class(), pb::PriorityClass::Evacuation);
    // The evacuation's incident hears which displays show it.
    let told: Vec<pb::DisplayAcknowledged> = house.events("signage").await;
    let told: Vec<_> = told.iter().map(|it| (&it.about_id, it.about_revision, it.display_id.as_str())).collect();
    assert_eq!(told, [(&incident, 2, "cafe-1")]);
}

#[tokio::test]
async fn bad_input_names_the_field() {
    type Spoil = fn(&mut pb::PublishMessageRequest);
    let house = house().await;
    let good = message(pb::PriorityClass::Scheduled, "Guten Tag", "foyer");
    let cases: [(&str, Spoil); 14] = [
        ("idempotency_key", |r| r.idempotency_key.clear()),
        ("idempotency_key", |r| r.idempotency_key = "x".to_owned()),
        ("priority_class", |r| r.priority_class = 0),
        ("priority_class", |r| r.priority_class = 99),
        ("priority_class", |r| r.priority_class = pb::PriorityClass::Default.into()),
        ("priority_class", |r| r.priority_class = pb::PriorityClass::Evacuation.into()),
        ("text", |r| r.text = None),
        ("text", |r| r.text.as_mut().expect("text").de = "ä".repeat(201)),
        ("text", |r| r.text.as_mut().expect("text").en = "a\u{7}".to_owned()),
        ("group", |r| r.group = "no group".to_owned()),
        ("group", |r| r.group = "roof".to_owned()),
        ("valid_until", |r| r.valid_until = None),
        ("valid_until", |r| r.valid_until = Some(timestamp(minutes(0)))),
        ("valid_until", |r| r.valid_until = Some(timestamp(minutes(24 * 60 + 1)))),
    ];
    for (field, spoil) in cases {
        let mut request = good.clone();
        spoil(&mut request);
        let refused = publish(&house, &request).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}");
        assert!(refused.message().starts_with(field), "{}", refused.message());
    }
    let mut client = client!(house, &operator());
    let bad = client.withdraw_message(pb::WithdrawMessageRequest { message_id: "7".to_owned() }).await;
    assert_eq!(bad.expect_err("malformed").code(), Code::InvalidArgument);
    let none = client.withdraw_message(pb::WithdrawMessageRequest { message_id: Uuid::now_v7().to_string() }).await;
    assert_eq!(none.expect_err("none").code(), Code::NotFound);
    for (id, code) in [("", Code::InvalidArgument), ("a b", Code::InvalidArgument), ("roof-9", Code::NotFound)] {
        let display_id = id.to_owned();
        let refused = client.get_content(pb::GetContentRequest { display_id: display_id.clone() }).await;
        let refused = refused.expect_err(id);
        assert_eq!(refused.code(), code);
        assert!(refused.message().starts_with("display_id"), "{}", refused.message());
        let watch = pb::WatchDisplayRequest { display_id: display_id.clone(), after_revision: 0 };
        assert_eq!(client.watch_display(watch).await.expect_err(id).code(), code);
        let said = client.acknowledge_content(pb::AcknowledgeContentRequest { display_id, revision: 1 }).await;
        assert_eq!(said.expect_err(id).code(), Code::PermissionDenied, "nobody speaks for a screen");
    }
}

#[tokio::test]
async fn wrong_callers_are_refused() {
    let house = house().await;
    let get = pb::GetContentRequest { display_id: "foyer-1".to_owned() };
    let watch = pb::WatchDisplayRequest { display_id: "foyer-1".to_owned(), after_revision: 0 };
    let say = pb::AcknowledgeContentRequest { display_id: "foyer-1".to_owned(), revision: 1 };
    let scanner = Caller::Device { id: "foyer-1".to_owned(), kind: "scanner".to_owned() };
    for caller in [display("foyer-2"), scanner, visitor(None), Caller::Service("journey".to_owned())] {
        let mut client = client!(house, &caller);
        assert_eq!(client.get_content(get.clone()).await.expect_err("get").code(), Code::PermissionDenied);
        assert_eq!(client.watch_display(watch.clone()).await.expect_err("watch").code(), Code::PermissionDenied);
        assert_eq!(client.acknowledge_content(say.clone()).await.expect_err("say").code(), Code::PermissionDenied);
    }
    let own = client!(house, &display("foyer-1")).get_content(get.clone()).await;
    assert!(own.is_ok(), "its own");
    let portal = Caller::Service("portal".to_owned());
    for caller in [portal, staff(Role::Desk), staff(Role::Kitchen), staff(Role::Attendant)] {
        assert!(client!(house, &caller).get_content(get.clone()).await.is_ok());
        assert!(client!(house, &caller).list_displays(pb::ListDisplaysRequest {}).await.is_ok());
    }
    let publish = message(pb::PriorityClass::Safety, "x", "");
    for caller in [display("foyer-1"), staff(Role::Kitchen), visitor(None)] {
        let refused = client!(house, &caller).publish_message(publish.clone()).await.expect_err("publish");
        assert_eq!(refused.code(), Code::PermissionDenied);
        let withdraw = pb::WithdrawMessageRequest { message_id: Uuid::now_v7().to_string() };
        let refused = client!(house, &caller).withdraw_message(withdraw).await.expect_err("withdraw");
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let nobody = client!(house, &Caller::Nobody).list_displays(pb::ListDisplaysRequest {}).await;
    assert_eq!(nobody.expect_err("nobody").code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_display_gets_what_it_needs_when_it_hears_nothing() {
    let house = house().await;
    for (id, profile, metres, way) in [
        ("foyer-3", "foyer", 10, "Notausgang Saaleseite"),
        ("way-ground", "wayfinding", 10, "Aufzug zu allen Ebenen"),
        ("parking-1", "parking", 25, "Willkommen"),
    ] {
        let request = pb::GetStandbyRequest { display_id: id.to_owned() };
        let kept = client!(house, &display(id)).get_standby(request).await.expect("kept").into_inner();
        assert_eq!((kept.profile.as_str(), kept.viewing_distance_m), (profile, metres));
        let (leave, calm) = (kept.evacuation.expect("a slide"), kept.calm.expect("a slide"));
        assert_eq!(leave.priority_class(), pb::PriorityClass::Evacuation);
        assert!(words(&leave).contains("Keinen Aufzug benutzen"), "{}", words(&leave));
        assert_eq!(calm.priority_class(), pb::PriorityClass::Default);
        assert!(words(&calm).contains(way), "{}", words(&calm));
        assert!(calm.lines.iter().all(|line| line.valid_until.is_none() && line.source == "house"));
    }
    // While there is none, the slide is no evacuation.
    assert_eq!(content(&house, "foyer-3").await.priority_class(), pb::PriorityClass::Default);
    let request = |id: &str| pb::GetStandbyRequest { display_id: id.to_owned() };
    let foreign = client!(house, &display("foyer-1")).get_standby(request("foyer-3")).await.expect_err("another's");
    assert_eq!(foreign.code(), Code::PermissionDenied);
    let unknown = client!(house, &operator()).get_standby(request("roof-9")).await.expect_err("unknown");
    assert_eq!(unknown.code(), Code::NotFound);
    let none = client!(house, &operator()).get_standby(request("../x")).await.expect_err("no slug");
    assert_eq!(none.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn the_messages_that_count_are_listed() {
    let house = house().await;
    let first = publish(&house, &message(pb::PriorityClass::Operations, "Aufzug defekt", "foyer")).await.expect("one");
    let second = publish(&house, &message(pb::PriorityClass::Scheduled, "Heute lange Nacht", "")).await.expect("two");
    let mut client = client!(house, &staff(Role::Kitchen));
    let mut listed =
        async || client.list_messages(pb::ListMessagesRequest {}).await.expect("listed").into_inner().messages;
    assert_eq!(listed().await, [second.clone(), first.clone()]);
    let withdraw = pb::WithdrawMessageRequest { message_id: second.message_id };
    client!(house, &operator()).withdraw_message(withdraw).await.expect("withdrawn");
    assert_eq!(listed().await, [first]);
    house.clock.set(minutes(25 * 60));
    assert_eq!(listed().await, []);
    let refused =
        client!(house, &visitor(None)).list_messages(pb::ListMessagesRequest {}).await.expect_err("a visitor");
    assert_eq!(refused.code(), Code::PermissionDenied);
}
