//! What goes out as CAP: all that a public-address system needs to say it aloud where it concerns people, and no more.

use kernel::{
    testing::House,
    values::{Text, timestamp},
};
use signage::domain::{Alert, AlertType};
use sky_proto::{
    flow::v1::{self as flow, MeasureState},
    signage::v1 as pb,
};
use uuid::Uuid;

use crate::{client, open_formats::get, support::*};

/// The addresses of what goes out now.
async fn listed(house: &House) -> Vec<String> {
    serde_json::from_str(&get(house, "/signage/alerts", &[]).await.text()).expect("a list")
}

/// An alert as it is written, and as it is read.
async fn alert(house: &House, id: &str) -> (String, Alert) {
    let xml = get(house, &format!("/signage/alerts/{id}"), &[]).await.text();
    let alert = signage::cap::read(xml.as_bytes()).expect("our own alert is good CAP");
    (xml, alert)
}

fn names(alert: &Alert) -> (String, String) {
    (alert.sender.clone(), alert.identifier.clone())
}

fn says(words: &str) -> Option<sky_proto::kernel::v1::LocalizedText> {
    Some(Text { de: words.to_owned(), en: format!("{words} (en)"), plain: format!("{words} (leicht)") }.to_proto())
}

#[tokio::test]
async fn a_directive_goes_out_to_its_zone_in_all_languages_is_updated_and_taken_back() {
    let house = house().await;
    let id = Uuid::from_u128(5).to_string();
    let told = |revision, state: MeasureState, step_free: &str| flow::DirectiveChanged {
        directive: Some(flow::Directive {
            directive_id: Uuid::from_u128(5).to_string(),
            kind: flow::DirectiveKind::Redirect.into(),
            state: state.into(),
            from_zone_id: "foyer".to_owned(),
            from_zone_name: Some(Text::new("Foyer", "foyer").to_proto()),
            text: says("Bitte gehen Sie auf die Dachterrasse."),
            step_free_text: says(step_free),
            step_free: true,
            active_from: Some(timestamp(minutes(1))),
            ended_at: (state == MeasureState::Ended).then(|| timestamp(minutes(9))),
            valid_until: Some(timestamp(minutes(31))),
            revision,
            ..Default::default()
        }),
    };
    house.clock.set(minutes(1));
    twice(&house, "flow", &told(1, MeasureState::Active, "Mit dem Aufzug.")).await;
    assert_eq!(listed(&house).await, [format!("/signage/alerts/{id}")]);
    let (xml, first) = alert(&house, &id).await;
    for part in [
        "<event>Redirection</event>",
        "<responseType>Execute</responseType>",
        "<areaDesc>Planetarium Halle (Saale): Foyer</areaDesc>",
        "<valueName>zone</valueName>",
        "<value>foyer</value>",
        "<instruction>Bitte gehen Sie auf die Dachterrasse. Mit dem Aufzug.</instruction>",
    ] {
        assert!(xml.contains(part), "{part} in {xml}");
    }
    assert_eq!((first.kind, first.sent, first.references.len()), (AlertType::Alert, minutes(1), 0));
    let spoken: Vec<(&str, &str)> =
        first.infos.iter().map(|info| (info.language.as_str(), info.instruction.as_str())).collect();
    assert_eq!(
        spoken,
        [
            ("de-de", "Bitte gehen Sie auf die Dachterrasse. Mit dem Aufzug."),
            ("en-gb", "Bitte gehen Sie auf die Dachterrasse. (en) Mit dem Aufzug. (en)"),
            ("de-x-ls", "Bitte gehen Sie auf die Dachterrasse. (leicht) Mit dem Aufzug. (leicht)"),
        ]
    );
    assert!(first.infos.iter().all(|info| info.expires == Some(minutes(31))));

    // The lift fails: other words, so another alert in place of the first.
    house.clock.set(minutes(3));
    twice(&house, "flow", &told(2, MeasureState::Active, "Bitte bleiben Sie hier.")).await;
    let (xml, second) = alert(&house, &id).await;
    assert!(xml.contains("Bitte bleiben Sie hier."), "{xml}");
    assert_eq!((second.kind, second.sent), (AlertType::Update, minutes(3)));
    assert_eq!((&second.references[..], names(&second) != names(&first)), (&[names(&first)][..], true));

    // Its end takes both back, and says nothing aloud.
    house.clock.set(minutes(9));
    twice(&house, "flow", &told(2, MeasureState::Ended, "Bitte bleiben Sie hier.")).await;
    let (xml, over) = alert(&house, &id).await;
    assert_eq!((over.kind, over.sent), (AlertType::Cancel, minutes(9)));
    assert_eq!(over.references, [names(&first), names(&second)]);
    assert!(!xml.contains("<instruction>") && xml.contains("<responseType>AllClear</responseType>"), "{xml}");
    // Somebody takes the end back: that is news again.
    house.clock.set(minutes(10));
    twice(&house, "flow", &told(3, MeasureState::Active, "Bitte bleiben Sie hier.")).await;
    let (_, again) = alert(&house, &id).await;
    assert_eq!((again.kind, again.references.len()), (AlertType::Update, 2));
    house.clock.set(minutes(31));
    assert_eq!(listed(&house).await, [""; 0], "it is over by itself");
}

#[tokio::test]
async fn an_incident_goes_out_as_far_as_displays_tell_it() {
    let house = house().await;
    let told = |id: u128, text: &str| flow::IncidentChanged {
        incident: Some(flow::Incident {
            incident_id: Uuid::from_u128(id).to_string(),
            kind: flow::IncidentKind::Medical.into(),
            state: MeasureState::Active.into(),
            text: says(text).filter(|_| !text.is_empty()),
            reported_at: Some(timestamp(minutes(0))),
            revision: 1,
            ..Default::default()
        }),
    };
    twice(&house, "flow", &told(1, "")).await;
    assert_eq!(listed(&house).await, [""; 0], "staff alone know of it");
    twice(&house, "flow", &told(2, "Bitte machen Sie Platz.")).await;
    let id = Uuid::from_u128(2).to_string();
    assert_eq!(listed(&house).await, [format!("/signage/alerts/{id}")]);
    let (xml, medical) = alert(&house, &id).await;
    assert!(xml.contains("<category>Health</category>") && !xml.contains("<geocode>"), "{xml}");
    assert_eq!(medical.infos[0].instruction, "Bitte machen Sie Platz.");
    assert!(medical.infos.iter().all(|info| info.expires.is_none()), "until it is ended");
}

#[tokio::test]
async fn in_an_evacuation_those_in_the_house_hear_another_sentence_than_those_before_it() {
    let house = house().await;
    twice(&house, "flow", &house_state(flow::HouseState::Evacuating, 1)).await;
    let path = listed(&house).await.remove(0);
    let (xml, _) = alert(&house, path.rsplit('/').next().expect("an id")).await;
    let infos: Vec<&str> = xml.split("<info>").skip(1).collect();
    let of = |info: &str| {
        let part = |name: &str| info.split(&format!("<{name}>")).nth(1)?.split('<').next().map(str::to_owned);
        (part("language"), part("responseType"), part("audience"), part("instruction"))
    };
    let (language, response, audience, instruction) = of(infos[0]);
    assert_eq!((language.as_deref(), response.as_deref()), (Some("de-DE"), Some("Evacuate")));
    assert_eq!(audience.as_deref(), Some("Menschen im Haus"));
    assert!(instruction.expect("words").contains("Keinen Aufzug benutzen"), "as on the displays");
    let (language, response, audience, instruction) = of(infos[4]);
    assert_eq!((language.as_deref(), response.as_deref()), (Some("en-GB"), Some("Avoid")));
    assert_eq!(audience.as_deref(), Some("People outside the building"));
    assert!(instruction.expect("words").contains("do not enter"));
}

#[tokio::test]
async fn a_safety_message_is_said_aloud_its_end_is_not_and_shown_again_it_is_another_alert() {
    let house = house().await;
    let said = publish(&house, &message(pb::PriorityClass::Safety, "Vorsicht, Glas.", "foyer")).await.expect("said");
    let (xml, first) = alert(&house, &said.message_id).await;
    for part in ["<value>foyer</value>", "<instruction>Vorsicht, Glas.</instruction>", "<severity>Severe</severity>"] {
        assert!(xml.contains(part), "{part} in {xml}");
    }
    let mut desk = client!(house, &operator());
    house.clock.set(minutes(1));
    let withdraw = pb::WithdrawMessageRequest { message_id: said.message_id.clone() };
    desk.withdraw_message(withdraw).await.expect("withdrawn");
    let (xml, over) = alert(&house, &said.message_id).await;
    assert!(!xml.contains("<instruction>") && xml.contains("<urgency>Past</urgency>"), "{xml}");
    assert_eq!((over.kind, &over.references[..]), (AlertType::Cancel, &[names(&first)][..]));
    house.clock.set(minutes(2));
    let restore = pb::RestoreMessageRequest { message_id: said.message_id.clone() };
    desk.restore_message(restore).await.expect("shown again");
    let (_, again) = alert(&house, &said.message_id).await;
    assert_eq!((again.kind, again.sent, &again.references[..]), (AlertType::Update, minutes(2), &[names(&first)][..]));
    assert!(![names(&first), names(&over)].contains(&names(&again)), "whoever has taken it off takes it again");
}
