//! The attendant in the rain: counting with a thumb, what cannot be, and a count taken back; and what drivers read at a
//! barrier that has lost its link.

use chrono::TimeDelta;
use kernel::{Caller, Role};
use sky_proto::parking::v1::{
    GetSiteRequest, ReportLaneRequest, gates_client::GatesClient, parking_client::ParkingClient,
};

use crate::{
    accessible,
    chrome::Device,
    stage::Stage,
    world::{staff, until},
};

/// How many cars stand on the bays of the first class; None: nobody knows.
async fn cars(stage: &Stage) -> Option<u32> {
    let mut parking = ParkingClient::new(stage.world.door("parking", &staff(Role::Attendant)));
    parking.get_site(GetSiteRequest {}).await.expect("the site").into_inner().classes[0].occupied
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_attendant_counts_with_a_thumb_and_takes_a_wrong_count_back() {
    let Some(stage) = Stage::open().await else { return };
    let gate = stage.staff(Role::Attendant, Device::Phone).await;
    gate.open("/carpark").await;
    gate.press("Autos zählen").await;
    gate.sees("h1", "Autos zählen").await;
    gate.types_over("#cars-1", "12").await;
    gate.press_in("//li[@id='count-1']", "Eintragen").await;
    gate.sees(".notice.good", "12").await;
    gate.press_in("//li[@id='count-1']", "+1").await;
    gate.sees("#count-1 dd", "13").await;
    assert_eq!(cars(&stage).await, Some(13));
    let small = "return [...document.querySelectorAll('main button')].filter((it) => it.offsetHeight < 44).length";
    assert_eq!(gate.run(small).await, 0, "large enough for a wet thumb");
    gate.shoots("carpark-counts-phone").await;
    accessible::check(&gate, "counting").await;

    // A slip of the thumb: more cars than bays. The browser stops it; past the browser the house does.
    gate.run("document.querySelector('#cars-1').removeAttribute('max')").await;
    gate.types_over("#cars-1", "1300").await;
    gate.press_in("//li[@id='count-1']", "Eintragen").await;
    gate.sees(".notice.bad", "Das kann nicht sein").await;
    gate.sees("#count-1 dd", "unbekannt").await;
    accessible::check(&gate, "nobody knows").await;
    gate.press("Zurücknehmen").await;
    gate.sees(".notice.good", "zurückgenommen").await;
    gate.sees("#count-1 dd", "13").await;
    let known = until("the count before", || cars(&stage), |cars| *cars == Some(13)).await;
    assert_eq!(known, Some(13));
    gate.sees("main", "attendant").await;
    gate.quits().await;

    // The operator looks on.
    let operator = stage.staff(Role::Operator, Device::Desk).await;
    operator.open("/carpark/counts?lang=en").await;
    operator.sees("main", "taken back").await;
    let forms = "return document.querySelectorAll('main form').length";
    assert_eq!(operator.run(forms).await, 0);
    accessible::check(&operator, "the counts as the operator sees them").await;
    operator.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_attendant_sees_what_drivers_read_at_a_barrier_without_its_link() {
    let Some(stage) = Stage::open().await else { return };
    let controller = Caller::Device { id: "in-1".to_owned(), kind: "lane".to_owned() };
    let beat = ReportLaneRequest { lane: "in-1".to_owned(), ..Default::default() };
    GatesClient::new(stage.world.door("parking", &controller)).report_lane(beat).await.expect("heard");
    let gate = stage.staff(Role::Attendant, Device::Phone).await;
    gate.open("/carpark").await;
    gate.sees(".card.good", "in-1").await;
    gate.sees_no_more("main", "An der Schranke steht jetzt").await;
    gate.sees("main", "Andere Parkplätze").await;
    gate.sees("main", "9 Minuten zu Fuß").await;
    gate.sees("main", "city, noch nichts gemeldet").await;

    stage.house.clock.advance(TimeDelta::seconds(31));
    gate.open("/carpark").await;
    gate.sees(".card.bad", "keine Verbindung").await;
    gate.sees(".card.bad .told", "QR-Code der Buchung vor den Leser halten").await;
    gate.shoots("carpark-barrier-without-link-phone").await;
    accessible::check(&gate, "a barrier without its link").await;
    gate.quits().await;
    let looks_on = stage.staff(Role::Desk, Device::Desk).await;
    looks_on.open("/carpark?lang=en").await;
    looks_on.sees(".told", "Drivers read at the barrier now").await;
    looks_on.quits().await;
}
