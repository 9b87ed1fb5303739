//! A browser without scripts books as well.

use crate::{
    chrome::Device,
    journey::{Pays, books},
    stage::Stage,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_a_visit_is_booked_all_the_same() {
    let Some(stage) = Stage::open().await else { return };
    let visitor = stage.visitor(Device::NoScripts).await;
    let booked = books(&visitor, "Reise zu den Planeten", Pays::AtDesk).await;
    let visit = stage
        .visit_with(&booked.visit, "the booking", |visit| {
            visit.state() == sky_proto::journey::v1::VisitState::Confirmed
        })
        .await;
    visitor.open("/visit").await;
    visitor.sees(".notice.good", "Gebucht").await;
    visitor.sees(".reference", &visit.reference).await;
    visitor.sees("dl.facts", "am Empfang zu bezahlen").await;
    let source = visitor.driver.source().await.expect("a page");
    assert!(source.contains("<svg"), "a code to show");
    // Only a browser without scripts reads what stands in `noscript` as elements.
    let refresh = visitor.driver.find(thirtyfour::By::Css("noscript > meta[http-equiv=refresh]")).await;
    assert!(refresh.is_ok(), "scripts ran in this browser, so this test proved nothing");
    visitor.quits().await;
}
