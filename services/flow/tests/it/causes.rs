//! Why people are sent elsewhere, as displays say it.

use sky_proto::flow::v1::{self as pb, DirectiveKind, IncidentKind, directives_client::DirectivesClient};

use crate::{
    directives::{at_once, directive, end, propose, report, report_of, wish},
    support::*,
};

#[tokio::test]
async fn displays_say_why_people_are_sent_elsewhere_for_as_long_as_it_is_so() {
    let house = house().await;
    let redirect = propose(&house, at_once(DirectiveKind::Redirect, "room-1", "foyer")).await.expect("holds");
    let said = async || directive(&house, &redirect.directive_id).await.text.expect("a text");
    let plainly = said().await;
    assert!(plainly.de.ends_with(": Foyer.") && !plainly.plain.contains("voll"), "no reason is made up: {plainly:?}");
    let stop = propose(&house, at_once(DirectiveKind::StopAdmission, "room-1", "")).await.expect("stopped");
    let why = said().await;
    assert!(why.de.contains("zurzeit kein Einlass") && why.en.contains("no admission"), "{why:?}");
    end(&house, &stop.directive_id).await.expect("ended");
    assert_eq!(said().await, plainly, "nor is one kept that is over");
    let fault = report(&house, &desk(), report_of(IncidentKind::TechnicalFault, "lift")).await.expect("a fault");
    assert!(said().await.en.contains("lift is out of order"), "{:?}", said().await);
    let over = pb::EndIncidentRequest { incident_id: fault.incident_id };
    DirectivesClient::new(house.channel(&desk())).end_incident(over).await.expect("it works");
    assert_eq!(said().await, plainly);
    correct(&house, "cafe", 60).await;
    let full = propose(&house, wish(DirectiveKind::Redirect, "cafe", "foyer")).await.expect("proposed");
    assert!(full.text.expect("a text").de.contains("ist voll"));
}
