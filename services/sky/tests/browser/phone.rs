//! A phone at the door that loses the house: it lets people in by itself, also after a reload, and tells the house later;
//! whom the desk has let in meanwhile is let in once, and the desk is shown it.

use kernel::Role;
use serde_json::json;

use crate::{
    cable::Cable,
    chrome::{Browser, Device},
    door::opens,
    ordering::fits,
    stage::{KEPT, Stage},
};

/// A camera before which the code in `test code` is held.
const CAMERA: &str = "
    window.BarcodeDetector = class {
        detect() {
            const code = localStorage.getItem('test code');
            return Promise.resolve(code ? [{ rawValue: code }] : []);
        }
    };
    navigator.mediaDevices.getUserMedia = () => {
        const picture = document.createElement('canvas');
        const paint = () => { picture.getContext('2d').fillRect(0, 0, 10, 10); requestAnimationFrame(paint); };
        paint();
        return Promise.resolve(picture.captureStream());
    };";

async fn scans(phone: &Browser, code: &str, people: &str) {
    phone.types_over("#people", people).await;
    phone.types("#code", code).await;
    phone.press("Einlassen").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_at_the_door_goes_on_without_the_house_and_tells_it_later() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let (booked, reference, desk) = opens(&stage, "Der Sternenhimmel heute Nacht", Device::Desk).await;
    let phone = stage.signs_in(stage.behind(&cable, Device::Phone).await, Role::Desk).await;
    phone.command("Page.addScriptToEvaluateOnNewDocument", json!({ "source": CAMERA })).await;
    phone.open("/desk/door").await;
    phone.sees(".lane.good", "Verbunden").await;
    phone.holds("the page in the cupboard", KEPT).await;
    scans(&phone, &reference, "1").await;
    phone.sees(".verdict.good", "1 / 3").await;
    fits(&phone, Device::Phone, "door-phone").await;
    stage.visit_with(&booked.visit, "one in", |visit| visit.admitted == 1).await;

    // The house is away: the list knows the party, and who of it is in.
    cable.cut();
    scans(&phone, "QQQQ-QQQQ", "").await;
    phone.sees(".verdict.bad", "Nicht auf der Liste").await;
    phone.sees(".lane.bad", "Ohne Verbindung seit").await;
    scans(&phone, &reference, "3").await;
    phone.sees(".verdict.bad", "fehlen nur noch: 2").await;
    scans(&phone, &reference, "1").await;
    phone.sees(".verdict.good", "Eingelassen: 1").await;
    phone.sees(".verdict", "ohne Verbindung entschieden").await;
    // Its battery is empty; switched on again, still without the house, it knows what it did. The camera reads the code.
    phone.open("/desk/door").await;
    phone.sees(".lane.bad", "Noch zu melden: 3").await;
    let code = serde_json::to_string(&stage.code(&booked.visit).await).expect("a text");
    phone.run(&format!("localStorage.setItem('test code', {code})")).await;
    phone.press("Kamera").await;
    phone.sees(".verdict.good", "Eingelassen: 1").await;
    phone.press("Kamera").await;
    scans(&phone, &reference, "").await;
    phone.sees(".verdict.bad", "Schon eingelassen").await;
    phone.shoots("door-phone-alone").await;

    // The desk has let in the rest of the party, too.
    desk.open("/desk").await;
    desk.types("#code", &reference).await;
    desk.press("Einlassen").await;
    desk.sees(".notice.good", "3 / 3").await;
    cable.mend();
    phone.sees(".lane.good", "Verbunden").await;
    phone.sees_no_more(".lane", "Noch zu melden").await;
    phone.sees(".problems", "sieht einen Einlass anders").await;
    assert_eq!(stage.visit(&booked.visit).await.admitted, 3, "nobody twice");
    desk.open("/desk/conflicts").await;
    desk.sees("main", &reference).await;
    desk.quits().await;

    // Signed out, the phone at the door is no way in.
    phone.press("Abmelden").await;
    phone.sees_no_more("header", "Abmelden").await;
    phone.open("/desk/door").await;
    phone.arrives("/staff/sign-in").await;
    phone.driver.quit().await.expect("the browser ends");
}
