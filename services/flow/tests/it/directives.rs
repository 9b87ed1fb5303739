//! Directives and incidents: the five states, the displays' answers, contradictions, lifts, the policy, evacuation.

use kernel::{
    Caller, Role,
    testing::{House, staff},
    values::timestamp,
};
use sky_proto::{
    flow::v1::{
        self as pb, DirectiveKind, HouseState, IncidentKind, MeasureState, directives_client::DirectivesClient,
        flow_client::FlowClient,
    },
    kernel::v1::LocalizedText,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    acknowledgements::{concerned, shown},
    support::*,
};

pub fn wish(kind: DirectiveKind, from: &str, to: &str) -> pb::ProposeDirectiveRequest {
    pb::ProposeDirectiveRequest {
        idempotency_key: Uuid::now_v7().to_string(),
        kind: kind.into(),
        from_zone_id: from.to_owned(),
        to_zone_id: to.to_owned(),
        ..Default::default()
    }
}

pub fn at_once(kind: DirectiveKind, from: &str, to: &str) -> pb::ProposeDirectiveRequest {
    pb::ProposeDirectiveRequest { confirm: true, ..wish(kind, from, to) }
}

pub async fn propose(house: &House, request: pb::ProposeDirectiveRequest) -> Result<pb::Directive, Status> {
    DirectivesClient::new(house.channel(&desk())).propose_directive(request).await.map(tonic::Response::into_inner)
}

async fn confirm(house: &House, id: &str) -> Result<pb::Directive, Status> {
    let request = pb::ConfirmDirectiveRequest { directive_id: id.to_owned() };
    DirectivesClient::new(house.channel(&desk())).confirm_directive(request).await.map(tonic::Response::into_inner)
}

pub async fn end(house: &House, id: &str) -> Result<pb::Directive, Status> {
    let request = pb::EndDirectiveRequest { directive_id: id.to_owned() };
    DirectivesClient::new(house.channel(&desk())).end_directive(request).await.map(tonic::Response::into_inner)
}

pub fn report_of(kind: IncidentKind, lift: &str) -> pb::ReportIncidentRequest {
    pb::ReportIncidentRequest {
        idempotency_key: Uuid::now_v7().to_string(),
        kind: kind.into(),
        lift_id: lift.to_owned(),
        confirm: true,
        ..Default::default()
    }
}

pub async fn report(
    house: &House,
    caller: &Caller,
    request: pb::ReportIncidentRequest,
) -> Result<pb::Incident, Status> {
    DirectivesClient::new(house.channel(caller)).report_incident(request).await.map(tonic::Response::into_inner)
}

pub async fn directive(house: &House, id: &str) -> pb::Directive {
    let answer = DirectivesClient::new(house.channel(&desk())).list_measures(pb::ListMeasuresRequest {}).await;
    let listed = answer.expect("listed").into_inner().directives;
    listed.into_iter().find(|directive| directive.directive_id == id).expect("the directive")
}

#[tokio::test]
async fn a_directive_is_proposed_confirmed_shown_answered_and_ended() {
    let house = house().await;
    let request = wish(DirectiveKind::Redirect, "foyer", "room-1");
    let proposed = propose(&house, request.clone()).await.expect("proposed");
    assert_eq!((proposed.state(), proposed.by_policy), (MeasureState::Proposed, false));
    assert_eq!(propose(&house, request).await.expect("the same").directive_id, proposed.directive_id);
    assert!(house.events::<pb::DirectiveChanged>("flow").await.is_empty(), "displays need not know yet");
    let id = proposed.directive_id;
    let active = confirm(&house, &id).await.expect("confirmed");
    assert_eq!((active.state(), active.confirmed_by.as_str()), (MeasureState::Active, "test-desk"));
    assert_eq!(confirm(&house, &id).await.expect("again").revision, active.revision);
    let text = active.step_free_text.expect("a step-free way");
    assert!(active.step_free && text.de.contains("Aufzug") && text.en.contains("lift"), "{text:?}");
    let told = house.events::<pb::DirectiveChanged>("flow").await.remove(0).directive.expect("complete");
    assert!(told.proposed_by.is_empty() && told.confirmed_by.is_empty(), "no accounts for others");
    assert_eq!(told.to_zone_name.expect("a name").de, "Veranstaltungsraum 1");

    concerned(&house, &id, active.revision, &["foyer-1", "way-ground"]).await;
    shown(&house, &id, active.revision, "foyer-1").await;
    shown(&house, &id, active.revision, "foyer-1").await;
    shown(&house, &id, active.revision - 1, "way-ground").await;
    assert_eq!(directive(&house, &id).await.state(), MeasureState::Active, "one of two, and one of an older revision");
    shown(&house, &id, active.revision, "way-ground").await;
    let answered = directive(&house, &id).await;
    assert_eq!((answered.state(), answered.acknowledgements.len()), (MeasureState::AckedByDisplays, 2));
    let over = end(&house, &id).await.expect("ended");
    assert_eq!((over.state(), over.ended_by.as_str()), (MeasureState::Ended, "test-desk"));
    shown(&house, &id, over.revision, "foyer-1").await;
    assert_eq!(directive(&house, &id).await.state(), MeasureState::Ended, "late answers wake nothing");
    assert_eq!(confirm(&house, &id).await.expect_err("over").code(), Code::FailedPrecondition);
    assert_eq!(house.events::<pb::DirectiveChanged>("flow").await.len(), 2);
    let acts: Vec<String> = audit(&house, &id).await.into_iter().map(|act| act.act).collect();
    assert_eq!(acts, ["end_directive", "confirm_directive", "propose_directive"]);
    shown(&house, &Uuid::now_v7().to_string(), 1, "foyer-1").await;
}

#[tokio::test]
async fn directives_that_contradict_each_other_are_refused_with_a_sentence() {
    let house = house().await;
    propose(&house, at_once(DirectiveKind::Redirect, "foyer", "cafe")).await.expect("holds");
    let stop = at_once(DirectiveKind::StopAdmission, "cafe", "");
    let refused = propose(&house, stop).await.expect_err("people are sent there");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("people are being sent to AstroGastro"), "{}", refused.message());
    let circle = propose(&house, wish(DirectiveKind::Redirect, "cafe", "foyer")).await.expect_err("round");
    assert!(circle.message().contains("Foyer → AstroGastro") || circle.message().contains("AstroGastro → Foyer"));
    correct(&house, "terrace", 60).await;
    let full = propose(&house, wish(DirectiveKind::OpenOverflow, "cafe", "terrace")).await.expect_err("full");
    assert!(full.message().contains("full"), "{}", full.message());
    // What was fine when it was proposed may not be when it is confirmed.
    let later = propose(&house, wish(DirectiveKind::Redirect, "cafe", "room-2")).await.expect("room-2 is free");
    propose(&house, at_once(DirectiveKind::StopAdmission, "room-2", "")).await.expect("stopped");
    let refused = confirm(&house, &later.directive_id).await.expect_err("stopped meanwhile");
    assert!(refused.message().contains("is stopped"), "{}", refused.message());
}

#[tokio::test]
async fn two_at_once_cannot_contradict_each_other() {
    let house = house().await;
    let one = propose(&house, at_once(DirectiveKind::Redirect, "foyer", "cafe"));
    let other = propose(&house, at_once(DirectiveKind::Redirect, "cafe", "foyer"));
    let (one, other) = tokio::join!(one, other);
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1, "{one:?} {other:?}");
}

#[tokio::test]
async fn a_lift_that_fails_rewrites_every_step_free_way_until_it_works() {
    let house = house().await;
    let up = propose(&house, at_once(DirectiveKind::Redirect, "foyer", "room-1")).await.expect("holds");
    concerned(&house, &up.directive_id, up.revision, &["foyer-1"]).await;
    shown(&house, &up.directive_id, up.revision, "foyer-1").await;
    let fault = report(&house, &desk(), report_of(IncidentKind::TechnicalFault, "lift")).await.expect("reported");
    assert!(fault.text.expect("public").de.contains("Aufzug"));
    let blocked = directive(&house, &up.directive_id).await;
    assert_eq!((blocked.state(), blocked.acknowledgements.len()), (MeasureState::Active, 0), "to be shown anew");
    assert!(!blocked.step_free && blocked.step_free_text.expect("what to do").en.contains("stay here"));
    let lift = house.events::<pb::LiftChanged>("flow").await.remove(0).lift.expect("the lift");
    assert!(!lift.working && lift.without.is_some());
    let new = propose(&house, at_once(DirectiveKind::Redirect, "cafe", "terrace")).await.expect("holds");
    assert!(!new.step_free);
    let request = pb::EndIncidentRequest { incident_id: fault.incident_id };
    DirectivesClient::new(house.channel(&desk())).end_incident(request).await.expect("repaired");
    assert!(
        directive(&house, &up.directive_id).await.step_free && directive(&house, &new.directive_id).await.step_free
    );
    assert!(snapshot(&house).await.lifts[0].working);
    let refused = report(&house, &desk(), report_of(IncidentKind::Medical, "lift")).await.expect_err("no lift in it");
    assert!(refused.message().starts_with("lift_id"), "{}", refused.message());
    let refused = report(&house, &desk(), report_of(IncidentKind::TechnicalFault, "x")).await.expect_err("which?");
    assert_eq!(refused.code(), Code::NotFound);
}

#[tokio::test]
async fn incidents_are_reported_by_whoever_sees_them_and_confirmed_by_the_desk() {
    let house = house().await;
    let kitchen = staff(Role::Kitchen);
    let seen = report_of(IncidentKind::Medical, "");
    assert_eq!(report(&house, &kitchen, seen.clone()).await.expect_err("not alone").code(), Code::PermissionDenied);
    let seen =
        pb::ReportIncidentRequest { confirm: false, zone_id: "cafe".to_owned(), note: "table 4".to_owned(), ..seen };
    let reported = report(&house, &kitchen, seen).await.expect("reported");
    assert_eq!((reported.state(), reported.note.as_str()), (MeasureState::Proposed, "table 4"));
    let request = pb::ConfirmIncidentRequest { incident_id: reported.incident_id.clone() };
    let active = DirectivesClient::new(house.channel(&desk())).confirm_incident(request).await.expect("so");
    assert_eq!(active.into_inner().state(), MeasureState::Active);
    let told = house.events::<pb::IncidentChanged>("flow").await.remove(0).incident.expect("complete");
    assert!(told.note.is_empty() && told.reported_by.is_empty(), "neither note nor account leaves the room");
    assert!(told.text.expect("public").de.starts_with("AstroGastro"));
    let own = pb::ReportIncidentRequest {
        text: Some(LocalizedText { de: "x".repeat(201), ..Default::default() }),
        ..report_of(IncidentKind::LostChild, "")
    };
    assert!(report(&house, &desk(), own).await.expect_err("too long").message().starts_with("text"));
    let evacuation = report(&house, &desk(), report_of(IncidentKind::Evacuation, "")).await.expect_err("not here");
    assert!(evacuation.message().contains("SetHouseState"), "{}", evacuation.message());
}

#[tokio::test]
async fn an_evacuation_is_an_incident_as_long_as_it_lasts() {
    let house = house().await;
    let set = async |by: &str, state: HouseState| {
        let caller = Caller::Staff { account: by.to_owned(), roles: vec![Role::Desk] };
        let request = pb::SetHouseStateRequest { state: state.into(), reason: "alarm".to_owned(), exercise: false };
        FlowClient::new(house.channel(&caller)).set_house_state(request).await.expect("set");
    };
    set("anna", HouseState::Evacuating).await;
    set("ben", HouseState::Evacuating).await;
    let incident = snapshot(&house).await.incidents.remove(0);
    assert_eq!((incident.kind(), incident.state()), (IncidentKind::Evacuation, MeasureState::Active));
    assert!(incident.step_free_text.expect("for wheelchairs").de.contains("Aufzug nicht benutzen"));
    concerned(&house, &incident.incident_id, incident.revision, &["foyer-1"]).await;
    shown(&house, &incident.incident_id, incident.revision, "foyer-1").await;
    assert_eq!(snapshot(&house).await.incidents[0].state(), MeasureState::AckedByDisplays);
    let request = pb::EndIncidentRequest { incident_id: incident.incident_id.clone() };
    let refused = DirectivesClient::new(house.channel(&desk())).end_incident(request).await.expect_err("two people");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    set("anna", HouseState::AllClear).await;
    assert_eq!(snapshot(&house).await.incidents.len(), 1, "one has cleared");
    set("ben", HouseState::AllClear).await;
    assert!(snapshot(&house).await.incidents.is_empty());
    let who: Vec<String> = audit(&house, "house").await.into_iter().map(|act| act.who).collect();
    assert_eq!(who, ["ben", "anna", "anna"], "each act once");
}

#[tokio::test]
async fn a_drill_is_told_as_one_and_turns_into_the_real_thing_but_never_the_other_way_round() {
    let house = house().await;
    let set = async |state: HouseState, exercise: bool| {
        let request = pb::SetHouseStateRequest { state: state.into(), reason: String::new(), exercise };
        let set = FlowClient::new(house.channel(&desk())).set_house_state(request).await;
        set.map(tonic::Response::into_inner)
    };
    let refused = set(HouseState::Crowded, true).await.expect_err("no drill");
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().starts_with("exercise: "), "{}", refused.message());
    for _ in 0..2 {
        assert!(set(HouseState::Evacuating, true).await.expect("a drill").exercise);
    }
    let drill = snapshot(&house).await.incidents.remove(0).incident_id;
    assert!(!set(HouseState::Evacuating, false).await.expect("the alarm").exercise);
    let open = snapshot(&house).await.incidents;
    assert_eq!(open.len(), 1, "the drill is over");
    assert_ne!(open[0].incident_id, drill, "every display acknowledges anew");
    assert_eq!(set(HouseState::Evacuating, true).await.expect_err("no drill").code(), Code::FailedPrecondition);
    let told: Vec<pb::HouseStateChanged> = house.events("flow").await;
    let told: Vec<(bool, String)> =
        told.into_iter().map(|it| (it.house.expect("a house").exercise, it.incident_id)).collect();
    assert_eq!(told, [(true, drill), (false, open[0].incident_id.clone())]);
}

#[tokio::test]
async fn the_policy_redirects_below_red_and_asks_from_red_on() {
    let house = house().await;
    correct(&house, "foyer", 97).await;
    turn_until(&house, "a redirect", async || !snapshot(&house).await.directives.is_empty()).await;
    let redirect = snapshot(&house).await.directives.remove(0);
    assert_eq!((redirect.kind(), redirect.state()), (DirectiveKind::Redirect, MeasureState::Active));
    assert!(redirect.by_policy && redirect.to_zone_id == "cafe");
    correct(&house, "foyer", 116).await;
    turn_until(&house, "an overflow", async || snapshot(&house).await.directives.len() == 2).await;
    let overflow = snapshot(&house).await.directives.remove(0);
    assert_eq!((overflow.kind(), overflow.state()), (DirectiveKind::OpenOverflow, MeasureState::Proposed));
    correct(&house, "foyer", 20).await;
    turn_until(&house, "all over", async || snapshot(&house).await.directives.is_empty()).await;
    assert!(audit(&house, &redirect.directive_id).await.iter().all(|act| act.who == "policy"));
}

#[tokio::test]
async fn a_stopped_storey_takes_nobody_into_its_rooms() {
    let house = house().await;
    let stop = propose(&house, at_once(DirectiveKind::StopAdmission, "upper", "")).await.expect("stopped");
    for kind in [DirectiveKind::Redirect, DirectiveKind::OpenOverflow] {
        let refused = propose(&house, at_once(kind, "foyer", "room-1")).await.expect_err("inside the stopped storey");
        assert!(refused.message().starts_with("Upper floor is stopped"), "{}", refused.message());
    }
    end(&house, &stop.directive_id).await.expect("ended");
    propose(&house, at_once(DirectiveKind::OpenOverflow, "foyer", "room-1")).await.expect("it is open again");
    let refused = propose(&house, at_once(DirectiveKind::StopAdmission, "upper", "")).await.expect_err("sent there");
    assert!(refused.message().contains("people are being sent to Upper floor"), "{}", refused.message());
}

#[tokio::test]
async fn the_policy_ends_a_redirect_into_what_has_become_full_and_begins_it_again() {
    let house = house().await;
    let redirects = async || {
        let open = snapshot(&house).await.directives;
        open.into_iter().filter(|it| it.kind() == DirectiveKind::Redirect).collect::<Vec<_>>()
    };
    correct(&house, "foyer", 97).await;
    turn_until(&house, "a redirect", async || redirects().await.len() == 1).await;
    let first = redirects().await.remove(0);
    assert_eq!((first.to_zone_id.as_str(), first.state()), ("cafe", MeasureState::Active));
    correct(&house, "cafe", 48).await;
    turn_until(&house, "it ends", async || redirects().await.is_empty()).await;
    assert_eq!(directive(&house, &first.directive_id).await.ended_by, "policy");
    correct(&house, "cafe", 10).await;
    turn_until(&house, "there is room again", async || redirects().await.len() == 1).await;
    assert_ne!(redirects().await[0].directive_id, first.directive_id);
}

#[tokio::test]
async fn an_escape_group_near_its_limit_proposes_to_stop_what_fills_it() {
    let house = house().await;
    let stops = async || {
        let all = snapshot(&house).await.directives;
        all.into_iter().filter(|it| it.kind() == DirectiveKind::StopAdmission).collect::<Vec<_>>()
    };
    // None of these rooms is full, but together they have 249 of the 260 that one escape route may take.
    for (room, people) in [("foyer", 95), ("dome", 104), ("cafe", 37), ("desk", 13)] {
        correct(&house, room, people).await;
    }
    turn_until(&house, "a stop is proposed", async || !stops().await.is_empty()).await;
    let stop = stops().await.remove(0);
    assert_eq!((stop.from_zone_id.as_str(), stop.state()), ("foyer", MeasureState::Proposed));
    assert!(stop.by_policy && stop.confirmed_by.is_empty(), "staff decide");
    assert!(stop.reason.as_ref().is_some_and(|reason| reason.de.contains("Rettungsweg Haupteingang")), "{stop:?}");
    let confirmed = confirm(&house, &stop.directive_id).await.expect("confirmed");
    assert_eq!(confirmed.state(), MeasureState::Active);
    // Fewer, and it is over by itself: nobody has to remember it.
    correct(&house, "dome", 60).await;
    turn_until(&house, "the stop is over", async || stops().await.is_empty()).await;
    assert_eq!(audit(&house, &stop.directive_id).await[0].who, "policy");
    // Turned down, it is not proposed again as long as the route stays as full.
    correct(&house, "dome", 104).await;
    turn_until(&house, "proposed anew", async || !stops().await.is_empty()).await;
    end(&house, &stops().await[0].directive_id).await.expect("turned down");
    correct(&house, "cafe", 36).await;
    let kept = async || {
        let at: Option<i32> =
            sqlx::query_scalar("select count from zone_sample where zone_id = 'cafe' order by at desc")
                .fetch_optional(house.pool("flow"))
                .await
                .expect("a sample");
        at == Some(36)
    };
    turn_until(&house, "a turn later", kept).await;
    assert!(stops().await.is_empty(), "staff said no");
    let upper = snapshot(&house).await.plans;
    assert!(upper.iter().any(|plan| plan.from_zone_id == "upper" && plan.minutes == 30), "{upper:?}");
}

#[tokio::test]
async fn a_rule_on_an_escape_group_names_one_that_has_the_zone() {
    let house = house().await;
    for (wrong, problem) in [
        ("group = \"main-exit\"\nzone = \"foyer\"", "group = \"stairs\"\nzone = \"foyer\""),
        ("group = \"main-exit\"\nzone = \"foyer\"", "group = \"moon\"\nzone = \"foyer\""),
    ] {
        assert!(HOUSE_FILE.contains(wrong));
        let refused = load(&house, &HOUSE_FILE.replace(wrong, problem)).await.expect_err("refused");
        assert!(refused.message().contains("is no escape group of this file that names the zone"), "{refused}");
    }
}

#[tokio::test]
async fn directives_begin_and_end_with_time() {
    let house = house().await;
    let later = pb::ProposeDirectiveRequest {
        active_from: Some(timestamp(minutes(5))),
        minutes: 10,
        ..at_once(DirectiveKind::OpenOverflow, "foyer", "room-1")
    };
    let confirmed = propose(&house, later).await.expect("confirmed");
    let id = confirmed.directive_id.clone();
    assert_eq!(confirmed.state(), MeasureState::Confirmed);
    house.clock.set(minutes(5));
    let is = async |state: MeasureState| directive(&house, &id).await.state() == state;
    turn_until(&house, "it begins", async || is(MeasureState::Active).await).await;
    house.clock.set(minutes(15));
    turn_until(&house, "it ends", async || is(MeasureState::Ended).await).await;
    assert_eq!(directive(&house, &id).await.ended_by, "time");
}

#[tokio::test]
async fn the_audit_log_is_read_by_the_page_and_never_changed() {
    let house = house().await;
    for people in 1..=5 {
        correct(&house, "cafe", people).await;
    }
    let page = async |before_id: u64| {
        let request = pb::ListAuditRequest { before_id, limit: 2, about: "cafe".to_owned() };
        DirectivesClient::new(house.channel(&desk())).list_audit(request).await.expect("a page").into_inner()
    };
    let (mut next, mut counts) = (0, Vec::new());
    loop {
        let page = page(next).await;
        counts.extend(page.entries.iter().map(|entry| entry.after.clone()));
        next = page.next_before_id;
        if next == 0 {
            break;
        }
    }
    assert_eq!(counts.len(), 5);
    assert!(counts[0].contains("\"count\":5") && counts[4].contains("\"count\":1"), "{counts:?}");
    for statement in ["update audit set who = 'nobody'", "delete from audit", "truncate audit"] {
        let refused = sqlx::query(statement).execute(house.pool("flow")).await.expect_err(statement);
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
    let request = pb::ListAuditRequest { limit: 201, ..Default::default() };
    let refused = DirectivesClient::new(house.channel(&desk())).list_audit(request).await.expect_err("too many");
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn bad_wishes_name_their_field() {
    let house = house().await;
    type Spoiled = (&'static str, fn(&mut pb::ProposeDirectiveRequest));
    let cases: [Spoiled; 9] = [
        ("idempotency_key", |r| r.idempotency_key.clear()),
        ("kind", |r| r.kind = 0),
        ("kind", |r| r.kind = 99),
        ("from_zone_id", |r| r.from_zone_id.clear()),
        ("to_zone_id", |r| r.to_zone_id.clear()),
        ("to_zone_id", |r| r.kind = DirectiveKind::StopAdmission.into()),
        ("minutes", |r| r.minutes = 481),
        ("active_from", |r| r.active_from = Some(timestamp(minutes(1500)))),
        ("reason", |r| r.reason = Some(LocalizedText { de: "x".repeat(201), ..Default::default() })),
    ];
    for (field, spoil) in cases {
        let mut request = wish(DirectiveKind::Redirect, "foyer", "cafe");
        spoil(&mut request);
        let refused = propose(&house, request).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        assert!(refused.message().starts_with(field), "{}", refused.message());
    }
    let refused = propose(&house, wish(DirectiveKind::Redirect, "foyer", "moon")).await.expect_err("where?");
    assert_eq!(refused.code(), Code::NotFound);
}

#[tokio::test]
async fn an_end_by_mistake_is_taken_back_and_what_holds_meanwhile_stands_against_it() {
    let house = house().await;
    let resume = async |id: &str| {
        let request = pb::ResumeDirectiveRequest { directive_id: id.to_owned() };
        DirectivesClient::new(house.channel(&desk())).resume_directive(request).await.map(tonic::Response::into_inner)
    };
    let way = propose(&house, at_once(DirectiveKind::Redirect, "foyer", "cafe")).await.expect("holds");
    concerned(&house, &way.directive_id, way.revision, &["foyer-1"]).await;
    shown(&house, &way.directive_id, way.revision, "foyer-1").await;
    let ended = end(&house, &way.directive_id).await.expect("a slip");
    let board = snapshot(&house).await;
    assert_eq!((board.directives.len(), board.just_ended_directives.len()), (0, 1), "staff can take it back");
    let window = pb::GetFlowRequest { from: Some(timestamp(minutes(0))), until: Some(timestamp(minutes(60))) };
    let told = FlowClient::new(house.channel(&scanner("scanner-1"))).get_flow(window).await.expect("told").into_inner();
    assert!(told.just_ended_directives.is_empty(), "nobody else needs to know");

    house.clock.set(minutes(4));
    let back = resume(&way.directive_id).await.expect("it holds again");
    assert_eq!((back.state(), back.ended_by.as_str(), back.valid_until), (MeasureState::Active, "", way.valid_until));
    assert!(back.revision > ended.revision && back.acknowledgements.is_empty(), "displays show it anew: {back:?}");
    assert_eq!(resume(&way.directive_id).await.expect("again").revision, back.revision, "a repeat changes nothing");
    let told = house.events::<pb::DirectiveChanged>("flow").await;
    let states: Vec<_> = told.iter().filter_map(|it| it.directive.as_ref()).map(pb::Directive::state).collect();
    assert_eq!(states, [MeasureState::Active, MeasureState::Ended, MeasureState::Active]);
    assert!(snapshot(&house).await.just_ended_directives.is_empty());

    // What holds meanwhile stands against it.
    end(&house, &way.directive_id).await.expect("ended");
    propose(&house, at_once(DirectiveKind::StopAdmission, "cafe", "")).await.expect("stopped");
    let refused = resume(&way.directive_id).await.expect_err("into a zone that is stopped");
    assert!(refused.message().contains("stopped"), "{}", refused.message());
    // A proposal that was turned down is a proposal again, and five minutes are five minutes.
    let wanted = propose(&house, wish(DirectiveKind::Redirect, "foyer", "room-1")).await.expect("proposed");
    end(&house, &wanted.directive_id).await.expect("turned down");
    assert_eq!(resume(&wanted.directive_id).await.expect("thought better").state(), MeasureState::Proposed);
    end(&house, &wanted.directive_id).await.expect("turned down");
    house.clock.set(minutes(9));
    assert_eq!(resume(&wanted.directive_id).await.expect_err("too late").code(), Code::FailedPrecondition);
    assert!(snapshot(&house).await.just_ended_directives.is_empty());
    assert_eq!(resume(&Uuid::now_v7().to_string()).await.expect_err("unknown").code(), Code::NotFound);
    assert_eq!(resume("x").await.expect_err("no id").code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_lift_whose_fault_was_ended_by_mistake_is_out_of_order_again() {
    let house = house().await;
    let fault = report(&house, &desk(), report_of(IncidentKind::TechnicalFault, "lift")).await.expect("reported");
    let mut desk = DirectivesClient::new(house.channel(&desk()));
    let id = fault.incident_id;
    desk.end_incident(pb::EndIncidentRequest { incident_id: id.clone() }).await.expect("a slip");
    assert!(snapshot(&house).await.lifts[0].working);
    assert_eq!(snapshot(&house).await.just_ended_incidents.len(), 1);
    for _ in 0..2 {
        let request = pb::ResumeIncidentRequest { incident_id: id.clone() };
        let back = desk.resume_incident(request).await.expect("it holds again").into_inner();
        assert_eq!(back.state(), MeasureState::Active);
    }
    assert!(!snapshot(&house).await.lifts[0].working);
    let told = house.events::<pb::IncidentChanged>("flow").await;
    assert_eq!(told.len(), 3, "begun, ended, begun again, each once");
    // An evacuation is not brought back: it is begun.
    for (by, state) in [("anna", HouseState::Evacuating), ("anna", HouseState::AllClear), ("ben", HouseState::AllClear)]
    {
        let caller = Caller::Staff { account: by.to_owned(), roles: vec![Role::Desk] };
        let request = pb::SetHouseStateRequest { state: state.into(), reason: "alarm".to_owned(), exercise: false };
        FlowClient::new(house.channel(&caller)).set_house_state(request).await.expect("set");
    }
    let ended = desk.list_measures(pb::ListMeasuresRequest {}).await.expect("listed").into_inner().incidents;
    let evacuation = ended.into_iter().find(|it| it.kind() == IncidentKind::Evacuation).expect("it was one");
    assert_eq!(evacuation.state(), MeasureState::Ended);
    let request = pb::ResumeIncidentRequest { incident_id: evacuation.incident_id };
    assert_eq!(desk.resume_incident(request).await.expect_err("begin it anew").code(), Code::FailedPrecondition);
}
