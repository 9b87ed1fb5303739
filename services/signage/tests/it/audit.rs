//! Who did what to the displays: every act of staff leaves a line, and nobody changes it.

use std::collections::BTreeSet;

use kernel::{Role, testing::staff};
use sky_proto::signage::v1::{
    self as pb, alerts_client::AlertsClient, displays_client::DisplaysClient, programmes_client::ProgrammesClient,
};
use tonic::Code;

use crate::{
    client,
    open_formats::cap,
    programmes::{playlist, png, schedule, upload},
    support::*,
};

/// "PublishMessage" as "publish_message".
fn act(method: &str) -> String {
    let mut act = String::new();
    for (at, letter) in method.chars().enumerate() {
        if letter.is_uppercase() && at > 0 {
            act.push('_');
        }
        act.extend(letter.to_lowercase());
    }
    act
}

/// What staff may call and what changes something.
fn acts_of_staff() -> BTreeSet<String> {
    use signage::grpc;
    let all = [grpc::ACCESS, grpc::devices::ACCESS, grpc::programmes::ACCESS, grpc::alerts::ACCESS];
    let methods = all.iter().flat_map(|access| access.methods);
    let reads = |method: &str| ["List", "Get", "Watch", "Preview"].iter().any(|read| method.starts_with(read));
    let by_staff = methods.filter(|(_, who)| who.contains(&kernel::Who::Staff(Role::Desk)));
    by_staff.map(|(method, _)| *method).filter(|method| !reads(method)).map(act).collect()
}

#[tokio::test]
async fn every_act_of_staff_leaves_a_line() {
    let house = house().await;
    let ben = staff(Role::Desk);
    let mut signage = client!(house, &ben);
    let mut displays = DisplaysClient::new(house.channel(&ben));
    let mut programmes = ProgrammesClient::new(house.channel(&ben));
    let mut alerts = AlertsClient::new(house.channel(&ben));

    let request = message(pb::PriorityClass::Operations, "Nur linke Tür", "");
    let said = signage.publish_message(request.clone()).await.expect("published").into_inner();
    assert_eq!(signage.publish_message(request).await.expect("again").into_inner(), said);
    let message_id = said.message_id.clone();
    signage.withdraw_message(pb::WithdrawMessageRequest { message_id: message_id.clone() }).await.expect("withdrawn");
    signage.restore_message(pb::RestoreMessageRequest { message_id: message_id.clone() }).await.expect("restored");
    let change = pb::ChangeDisplayRequest {
        display_id: "foyer-2".to_owned(),
        location: "Am Empfang".to_owned(),
        orientation: pb::Orientation::Portrait.into(),
        viewing_distance_m: 5,
        profile: "queue".to_owned(),
        groups: vec!["queue".to_owned()],
        ..Default::default()
    };
    displays.change_display(change).await.expect("changed");
    let look = pb::RequestScreenshotRequest { display_id: "foyer-2".to_owned(), ttl_seconds: 0 };
    displays.request_screenshot(look).await.expect("asked");
    let media_id = upload(&house, "plakat.png", &png(300), 300).await.expect("stored").media_id;
    programmes.put_playlist(playlist(&media_id)).await.expect("put");
    programmes.put_schedule(schedule()).await.expect("put");
    let remove = pb::RemoveScheduleRequest { schedule_id: "weekend".to_owned() };
    programmes.remove_schedule(remove).await.expect("removed");
    programmes.remove_playlist(pb::RemovePlaylistRequest { playlist_id: "night".to_owned() }).await.expect("removed");
    programmes.delete_media(pb::DeleteMediaRequest { media_id: media_id.clone() }).await.expect("deleted");
    let alert = cap("a1", "Alert", "Severe", "", "Fenster zu.").into_bytes();
    alerts.import_cap(pb::ImportCapRequest { alert }).await.expect("taken");
    let entry = r#"[{"id":"mow.1","payload":{"version":2,"type":"ALERT","data":{"headline":"Sturm","provider":"MOWAS",
        "severity":"Severe","msgType":"Alert"}},"sent":"2026-11-28T11:50:00+01:00"}]"#;
    alerts.import_nina(pb::ImportNinaRequest { list: entry.as_bytes().to_vec() }).await.expect("taken");

    let list = async |request: pb::ListAuditRequest| {
        client!(house, &ben).list_audit(request).await.map(tonic::Response::into_inner)
    };
    let whole = list(pb::ListAuditRequest { limit: 200, ..Default::default() }).await.expect("the log");
    let acts: BTreeSet<String> = whole.entries.iter().map(|entry| entry.act.clone()).collect();
    assert_eq!(acts, acts_of_staff(), "each method of staff that changes something, and no other");
    let name = ben.for_the_record();
    assert!(whole.entries.iter().all(|it| it.who == name && it.at.is_some()), "{:#?}", whole.entries);
    assert!(whole.entries.windows(2).all(|pair| pair[0].id > pair[1].id), "the newest first");
    assert_eq!(whole.entries.iter().filter(|it| it.act == "publish_message").count(), 1, "a repeat is no act");

    let about = list(pb::ListAuditRequest { about: message_id, ..Default::default() }).await.expect("the log").entries;
    let acts: Vec<&str> = about.iter().map(|it| it.act.as_str()).collect();
    assert_eq!(acts, ["restore_message", "withdraw_message", "publish_message"]);
    assert!(about[2].what.contains("Nur linke Tür") && about[2].what.contains("OPERATIONS"), "{}", about[2].what);
    // Page after page it is the same log.
    let (mut paged, mut before_id) = (Vec::new(), 0);
    loop {
        let page = list(pb::ListAuditRequest { before_id, limit: 4, ..Default::default() }).await.expect("a page");
        paged.extend(page.entries);
        before_id = page.next_before_id;
        if before_id == 0 {
            break;
        }
    }
    assert_eq!(paged, whole.entries);
    let refused = list(pb::ListAuditRequest { limit: 201, ..Default::default() }).await.expect_err("too many");
    assert_eq!(refused.code(), Code::InvalidArgument);
    for statement in ["update audit set who = 'nobody'", "delete from audit", "truncate audit"] {
        assert!(sqlx::query(statement).execute(house.pool("signage")).await.is_err(), "{statement}");
    }
    // What was refused was not done.
    let bad = message(pb::PriorityClass::Operations, "x", "no-such-group");
    publish(&house, &bad).await.expect_err("refused");
    assert_eq!(list(pb::ListAuditRequest { limit: 200, ..Default::default() }).await.expect("the log"), whole);
}

#[tokio::test]
async fn staff_read_on_how_many_displays_a_message_hangs() {
    let house = house().await;
    let count = async || {
        let list = client!(house, &operator()).list_messages(pb::ListMessagesRequest {}).await;
        let list = list.expect("a list").into_inner().messages;
        list.iter().map(|it| (it.displays, it.displays_showing)).collect::<Vec<_>>()
    };
    // A display that nobody has switched on shows nothing.
    publish(&house, &message(pb::PriorityClass::Operations, "Nur links", "dome-door")).await.expect("published");
    assert_eq!(count().await, [(0, 0)]);
    for id in ["dome-door-1", "dome-door-2", "foyer-1"] {
        let revision = content(&house, id).await.revision;
        let mut device = client!(house, &display(id));
        let watch = pb::WatchDisplayRequest { display_id: id.to_owned(), after_revision: 0 };
        device.watch_display(watch).await.expect("it is there");
        if id != "dome-door-2" {
            let shows = pb::AcknowledgeContentRequest { display_id: id.to_owned(), revision };
            device.acknowledge_content(shows).await.expect("said");
        }
    }
    // Writes what was heard.
    listed(&house, "foyer-1").await;
    assert_eq!(count().await, [(2, 1)]);
    let list = async || {
        let list = client!(house, &operator()).list_messages(pb::ListMessagesRequest {}).await;
        list.expect("a list").into_inner()
    };
    let told = list().await.messages.remove(0);
    assert_eq!(
        (told.state(), &told.waiting_display_ids[..]),
        (pb::MessageState::Delivered, &["dome-door-2".to_owned()][..])
    );
    let revision = content(&house, "dome-door-2").await.revision;
    let shows = pb::AcknowledgeContentRequest { display_id: "dome-door-2".to_owned(), revision };
    client!(house, &display("dome-door-2")).acknowledge_content(shows).await.expect("said");
    let told = list().await.messages.remove(0);
    assert_eq!((told.state(), told.waiting_display_ids.len()), (pb::MessageState::Rendered, 0));
    // Something more urgent takes it off.
    publish(&house, &message(pb::PriorityClass::Safety, "Ruhe bewahren", "")).await.expect("published");
    assert_eq!(count().await, [(3, 0), (0, 0)]);
    // Their time runs out: for a quarter of an hour staff read that it did.
    house.clock.set(minutes(61));
    let over = list().await;
    assert_eq!((over.messages.len(), over.just_withdrawn.len()), (0, 0));
    assert_eq!(over.just_expired.iter().map(pb::Message::state).collect::<Vec<_>>(), [pb::MessageState::Expired; 2]);
    house.clock.set(minutes(75));
    assert_eq!(list().await, pb::ListMessagesResponse::default());
}
