//! A phone at the door that loses the house: it lets people in by itself, also after a reload, and tells the house later;
//! whom the desk has let in meanwhile is let in once, and the desk is shown it. A code that somebody has changed lets nobody
//! in there either; and what a browser could not check, the house checks.

use chrono::TimeDelta;
use kernel::{Role, values::from_timestamp};
use serde_json::json;
use sky_proto::flow::v1::{ListScansRequest, door_client::DoorClient};

use crate::{
    accessible,
    cable::Cable,
    chrome::{Browser, Device},
    door::opens,
    ordering::fits,
    stage::{KEPT, Stage},
    world::staff,
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

pub async fn scans(phone: &Browser, code: &str, people: &str) {
    phone.types_over("#people", people).await;
    phone.types("#code", code).await;
    phone.press("Einlassen").await;
}

/// A phone at the door that goes on without the house from here on.
pub async fn at_the_door(stage: &Stage, cable: &Cable) -> Browser {
    let phone = stage.signs_in(stage.behind(cable, Device::Phone).await, Role::Desk).await;
    phone.open("/desk/door").await;
    phone.sees(".lane.good", "Verbunden").await;
    phone.holds("the page in the cupboard", KEPT).await;
    phone.holds("a list", "Boolean(JSON.parse(localStorage.getItem('sky door'))?.list)").await;
    phone
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_lets_in_late_with_a_reason_also_without_the_house() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let (booked, reference, desk) = opens(&stage, "Der Sternenhimmel heute Nacht", Device::Desk).await;
    let visit = stage.visit(&booked.visit).await;
    stage.waits_until(from_timestamp(visit.starts_at) + TimeDelta::minutes(1)).await;
    let phone = at_the_door(&stage, &cable).await;
    scans(&phone, &reference, "1").await;
    phone.sees(".late", "Warum?").await;
    phone.press("Stand in der Schlange").await;
    phone.sees(".verdict.good", "1 / 3").await;

    // Its own clock is eight minutes fast, and may be set at any time: what it notes is by the house's.
    phone.holds("it knows the house's time", "window.houseClock.isSure()").await;
    phone.run("const now = Date.now.bind(Date); Date.now = () => now() + 8 * 60000;").await;
    cable.cut();
    scans(&phone, &reference, "1").await;
    phone.sees(".late", "Warum?").await;
    phone.sees(".verdict.bad", "ohne Verbindung entschieden").await;
    phone.press("Mit der Vorführung abgesprochen").await;
    phone.sees(".verdict.good", "Eingelassen: 1").await;
    let noted = "Object.keys(localStorage).filter((key) => key.startsWith('sky door entry '))
        .every((key) => Math.abs(JSON.parse(localStorage.getItem(key)).at - window.houseClock.now()) < 4 * 60000)";
    phone.holds("noted by the house's time", noted).await;
    cable.mend();
    phone.sees(".lane.good", "Verbunden").await;
    stage.visit_with(&booked.visit, "two in", |visit| visit.admitted == 2).await;
    let mut door = DoorClient::new(stage.world.door("flow", &staff(Role::Desk)));
    let all = ListScansRequest { showing_id: booked.showing.clone(), limit: 0 };
    let log = door.list_scans(all).await.expect("the log").into_inner().scans;
    let alone: Vec<_> = log.iter().filter(|it| it.offline).collect();
    assert!(!alone.is_empty(), "{log:#?}");
    assert!(alone.iter().all(|it| from_timestamp(it.at) >= from_timestamp(visit.starts_at)), "{alone:#?}");
    desk.open("/desk/audit").await;
    for reason in ["Stand in der Schlange", "Mit der Vorführung abgesprochen"] {
        desk.holds(reason, &format!("document.querySelector('main').textContent.includes('{reason}')")).await;
    }
    desk.quits().await;
    // Its browser complains of the line that was cut.
    phone.driver.quit().await.expect("the browser ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_house_will_not_take_is_set_aside_and_the_rest_is_told() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let (booked, reference, desk) = opens(&stage, "Der Sternenhimmel heute Nacht", Device::Desk).await;
    desk.quits().await;
    let phone = at_the_door(&stage, &cable).await;

    // One of a page of before, and one of a showing that the house has forgotten: neither holds up the third.
    cable.cut();
    scans(&phone, &reference, "1").await;
    phone.sees(".verdict.good", "Eingelassen: 1").await;
    phone.run(
        "const entry = (nonce, more) => localStorage.setItem('sky door entry ' + nonce, JSON.stringify(Object.assign({
            nonce, showing: '01890000-0000-7000-8000-000000000000', code: 'K7QM-3F9A', at: Date.now() - 60000,
            verdict: 'admitted', people: 2, late: '' }, more)));
        entry('old-page', { verdict: 'waved through' });
        entry('old-showing', {});",
    )
    .await;
    cable.mend();
    phone.sees_no_more(".lane", "Noch zu melden").await;
    phone.sees(".lane.good", "Verbunden").await;
    phone.sees(".unheard", "Personen: 2 · showing_id: is not known at the door").await;
    phone.sees(".unheard li:nth-child(2)", "Personen: 2").await;
    stage.visit_with(&booked.visit, "one in", |visit| visit.admitted == 1).await;
    phone.shoots("door-phone-aside").await;
    // The line was cut, and the house said no: the browser tells both.
    let complaints = phone.complaints().await;
    assert!(complaints.iter().all(|it| it.contains("Failed to load resource")), "{complaints:#?}");
    accessible::check(&phone, "scans set aside").await;
    phone.open("/desk/door").await;
    phone.sees(".unheard li:nth-child(2)", "Personen: 2").await;
    for _ in 0..2 {
        phone.press("An der Kasse gesagt").await;
    }
    phone.holds("all are told", "document.querySelector('.unheard').hidden").await;

    // The house does not know this phone, as after its database was restored: it takes a list first.
    cable.cut();
    scans(&phone, &reference, "1").await;
    phone.sees(".verdict.good", "Eingelassen: 1").await;
    phone
        .run(
            "const kept = JSON.parse(localStorage.getItem('sky door'));
            localStorage.setItem('sky door', JSON.stringify(Object.assign(kept, { device: 'phone-unknown' })))",
        )
        .await;
    phone.open("/desk/door").await;
    phone.sees(".lane.bad", "Noch zu melden: 1").await;
    cable.mend();
    phone.sees_no_more(".lane", "Noch zu melden").await;
    phone.holds("nothing is set aside", "document.querySelector('.unheard').hidden").await;
    stage.visit_with(&booked.visit, "two in", |visit| visit.admitted == 2).await;

    // Its session has ended: it says so, keeps what it did, and tells it once somebody has signed in.
    phone.run("return fetch('/staff/sign-out', { method: 'POST' }).then(() => true)").await;
    scans(&phone, &reference, "1").await;
    phone.sees(".verdict.good", "Eingelassen: 1").await;
    phone.sees(".lane.bad", "Abgemeldet: Bitte neu anmelden.").await;
    phone.sees(".lane.bad", "Noch zu melden: 1").await;
    phone.press("Neu anmelden").await;
    phone.arrives("/staff/sign-in").await;
    let phone = stage.signs_in(phone, Role::Desk).await;
    phone.open("/desk/door").await;
    phone.sees(".lane.good", "Verbunden").await;
    stage.visit_with(&booked.visit, "all in", |visit| visit.admitted == 3).await;
    phone.driver.quit().await.expect("the browser ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_counts_out_who_leaves_also_without_the_house_and_lets_them_in_again() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let (_, reference, desk) = opens(&stage, "Der Sternenhimmel heute Nacht", Device::Desk).await;
    let phone = at_the_door(&stage, &cable).await;
    scans(&phone, &reference, "").await;
    phone.sees(".verdict.good", "3 / 3").await;
    // One goes out and comes back while the house answers.
    phone.press_option("#way", "hinaus").await;
    phone.types_over("#people", "1").await;
    phone.types("#code", &reference).await;
    phone.press_in("//form", "Geht hinaus").await;
    phone.sees(".verdict.good", "Karte behalten").await;
    fits(&phone, Device::Phone, "door-phone-out").await;
    desk.sees(".show", "1 draußen").await;
    phone.press_option("#way", "herein").await;
    scans(&phone, &reference, "").await;
    phone.sees(".back", "wieder einlassen").await;
    phone.press_in("//div[contains(@class, 'back')]", "wieder einlassen").await;
    phone.sees(".verdict.good", "Willkommen").await;
    desk.sees_no_more(".show", "1 draußen").await;

    // Two go out while it does not; in again they come with it alone.
    cable.cut();
    phone.press_option("#way", "hinaus").await;
    for (people, seen) in [("2", "Hinausgegangen: 2"), ("2", "sind drinnen: 1")] {
        phone.types_over("#people", people).await;
        phone.types("#code", &reference).await;
        phone.press_in("//form", "Geht hinaus").await;
        phone.sees(".verdict", seen).await;
    }
    phone.press_option("#way", "herein").await;
    scans(&phone, &reference, "").await;
    phone.sees(".verdict.bad", "nur mit Verbindung").await;
    cable.mend();
    phone.sees_no_more(".lane", "Noch zu melden").await;
    phone.holds("nothing is set aside", "document.querySelector('.unheard').hidden").await;
    desk.sees(".show", "2 draußen").await;
    desk.quits().await;
    phone.driver.quit().await.expect("the browser ends");
}

/// Notes when a scan has come to the disk, and when its verdict is on the screen.
const ORDER: &str = "
    window.order = [];
    const transaction = IDBDatabase.prototype.transaction;
    IDBDatabase.prototype.transaction = function (name, mode, options) {
        const begun = transaction.call(this, name, mode, options);
        if (mode === 'readwrite') begun.addEventListener('complete', () => window.order.push('laid ' + options.durability));
        return begun;
    };
    new MutationObserver(() => window.order.push('said'))
        .observe(document.querySelector('.verdict b'), { childList: true, characterData: true, subtree: true });";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_is_on_the_disk_before_its_verdict_is_said_and_outlives_a_phone_that_dies_then() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let (booked, reference, desk) = opens(&stage, "Der Sternenhimmel heute Nacht", Device::Desk).await;
    desk.quits().await;
    let phone = at_the_door(&stage, &cable).await;
    // From here on what the browser is given to keep elsewhere does not come to the disk.
    phone.run("window.disk = Object.assign({}, localStorage)").await;
    phone.run(ORDER).await;
    scans(&phone, &reference, "1").await;
    phone.sees(".verdict.good", "1 / 3").await;
    cable.cut();
    scans(&phone, &reference, "1").await;
    phone.sees(".verdict.good", "Eingelassen: 1").await;
    let order = phone.run("return window.order.filter((it, at, all) => it !== all[at - 1])").await;
    assert_eq!(order, json!(["laid strict", "said", "laid strict", "said"]));
    phone
        .run(
            "localStorage.clear();
             Object.entries(window.disk).forEach(([key, text]) => localStorage.setItem(key, text));
             Storage.prototype.setItem = () => {};",
        )
        .await;
    phone.open("/desk/door").await;
    phone.sees(".lane.bad", "Noch zu melden: 1").await;
    scans(&phone, &reference, "2").await;
    phone.sees(".verdict.bad", "fehlen nur noch: 1").await;
    cable.mend();
    phone.sees_no_more(".lane", "Noch zu melden").await;
    stage.visit_with(&booked.visit, "two in", |visit| visit.admitted == 2).await;
    // What was told is not told again, nor kept once a list knows of it.
    phone.open("/desk/door").await;
    phone.sees(".lane.good", "Verbunden").await;
    let left = "new Promise((found) => { indexedDB.open('sky door').onsuccess = (event) =>
        event.target.result.transaction('scans').objectStore('scans').getAll().onsuccess =
            (got) => found(got.target.result.length === 0); })";
    phone.holds("nothing is left in the safe", left).await;
    phone.driver.quit().await.expect("the browser ends");
}

/// Changes what the phone keeps, as somebody else's code could not.
fn with_kept(script: &str) -> String {
    format!(
        "const kept = JSON.parse(localStorage.getItem('sky door'));
        {script}
        localStorage.setItem('sky door', JSON.stringify(kept));"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_entry_the_house_would_not_take_is_not_let_in_again() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let (_, reference, desk) = opens(&stage, "Der Sternenhimmel heute Nacht", Device::Desk).await;
    desk.quits().await;
    let phone = at_the_door(&stage, &cable).await;
    cable.cut();
    scans(&phone, &reference, "1").await;
    phone.sees(".verdict.good", "Eingelassen: 1").await;
    phone
        .run(
            "Object.keys(localStorage).filter((key) => key.startsWith('sky door entry ')).forEach((key) => {
                const entry = JSON.parse(localStorage.getItem(key));
                localStorage.setItem(key, JSON.stringify(Object.assign(entry, { verdict: 'waved through' })));
            })",
        )
        .await;
    cable.mend();
    phone.sees(".unheard", "Personen: 1").await;
    // The next list does not say that somebody of them is in.
    phone.run(&with_kept("kept.list = null;")).await;
    phone.open("/desk/door").await;
    phone.holds("a new list", "JSON.parse(localStorage.getItem('sky door')).list !== null").await;
    cable.cut();
    scans(&phone, &reference, "3").await;
    phone.sees(".verdict.bad", "fehlen nur noch: 2").await;
    cable.mend();
    phone.driver.quit().await.expect("the browser ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_of_two_bookings_is_that_of_the_chosen_showing_or_asks_for_the_code() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let (booked, reference, desk) = opens(&stage, "Der Sternenhimmel heute Nacht", Device::Desk).await;
    desk.quits().await;
    let phone = at_the_door(&stage, &cable).await;
    cable.cut();
    // As the list would be if another booking had the same letters: the first, of another showing; then, of this one.
    let twin = |where_: &str| {
        with_kept(&format!(
            "const has = (showing) => showing.parties.some((it) => it.reference === '{reference}');
            const here = kept.list.showings.find(has);
            const party = here.parties.find((it) => it.reference === '{reference}');
            const twin = Object.assign({{}}, party, {{ visit: 'twin {where_}', tickets: [{{ id: 'twin {where_}', generation: 1 }}] }});
            const there = Object.assign({{}}, here, {{ id: 'elsewhere', parties: [twin] }});
            if ('{where_}' === 'here') here.parties.push(twin); else kept.list.showings.push(there);"
        ))
    };
    phone.run(&twin("elsewhere")).await;
    phone.open("/desk/door").await;
    scans(&phone, &reference, "1").await;
    phone.sees(".verdict.good", "Eingelassen: 1").await;
    phone.run(&twin("here")).await;
    phone.open("/desk/door").await;
    scans(&phone, &reference, "1").await;
    phone.sees(".verdict.bad", "Zwei Buchungen haben dieses Kurzzeichen").await;
    scans(&phone, &stage.code(&booked.visit).await, "1").await;
    phone.sees(".verdict.good", "Eingelassen: 1").await;
    phone.driver.quit().await.expect("the browser ends");
}

const LETTERS: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// A code with one of its bytes changed, as somebody at home could.
fn changed(code: &str, at: usize, change: impl Fn(u8) -> u8) -> String {
    let digit = |letter: &u8| LETTERS.iter().position(|known| known == letter).expect("base45") as u32;
    let mut bytes = Vec::new();
    for letters in code.as_bytes().chunks(3) {
        let value = letters.iter().rev().fold(0, |sum, letter| sum * 45 + digit(letter));
        let pair = u16::try_from(value).expect("two bytes").to_be_bytes();
        bytes.extend(if letters.len() == 3 { &pair[..] } else { &pair[1..] });
    }
    bytes[at] = change(bytes[at]);
    let mut text = String::new();
    for pair in bytes.chunks(2) {
        let mut value = pair.iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte));
        for _ in 0..=pair.len() {
            text.push(char::from(LETTERS[value % 45]));
            value /= 45;
        }
    }
    text
}

/// The lower byte of a code's generation, and the last one of its signature.
const GENERATION: usize = 44;
const SIGNATURE: usize = 108;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_somebody_has_changed_opens_no_door() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let (booked, _, desk) = opens(&stage, "Unsere Milchstraße", Device::Desk).await;
    let lost = stage.code(&booked.visit).await;
    assert_eq!(changed(&lost, GENERATION, |byte| byte), lost, "unchanged it is the same");
    // The family's tickets are issued anew; whoever has found the old ones tries to make them new.
    let visit = stage.visit(&booked.visit).await;
    desk.types("#reference", &visit.reference).await;
    desk.press_in("//form[@action='/desk/party']", "Zeigen").await;
    desk.types("#reissue-reason", "Ausdruck verloren").await;
    desk.press("Codes neu ausstellen").await;
    desk.sees(".notice.good", "Neue Codes ausgestellt").await;
    let good = stage.code(&booked.visit).await;
    assert_ne!(good, lost);
    let phone = stage.signs_in(stage.behind(&cable, Device::Phone).await, Role::Desk).await;
    phone.open("/desk/door").await;
    phone.sees(".lane.good", "Verbunden").await;
    // Its list has the new generation: the phone asks for one every minute, and once when the page is opened.
    let knows = "JSON.parse(localStorage.getItem('sky door'))?.list?.showings.some((it) => it.parties.some((party) =>
        party.reference === 'REFERENCE' && party.generation === 2))";
    crate::chrome::until("the new generation", async || {
        phone.open("/desk/door").await;
        phone.sees(".lane.good", "Verbunden").await;
        let known = phone.run(&format!("return {}", knows.replace("REFERENCE", &visit.reference))).await;
        if known == json!(true) { Ok(()) } else { Err("the old list".to_owned()) }
    })
    .await;

    cable.cut();
    let raised = changed(&lost, GENERATION, |byte| byte + 1);
    let forged = changed(&good, SIGNATURE, |byte| byte ^ 1);
    scans(&phone, &lost, "").await;
    phone.sees(".verdict.bad", "gilt nicht mehr").await;
    for code in [&raised, &changed(&lost, GENERATION, |_| 9), &forged] {
        scans(&phone, "QQQQ-QQQQ", "").await;
        phone.sees(".verdict.bad", "Nicht auf der Liste").await;
        scans(&phone, code, "").await;
        phone.sees(".verdict.bad", "Kein Code dieses Hauses").await;
    }
    scans(&phone, &good, "1").await;
    phone.sees(".verdict.good", "Eingelassen: 1").await;
    phone.sees_no_more(".verdict", "nicht geprüft").await;
    phone.shoots("door-phone-signed").await;

    // A browser that cannot check signatures: never more than the list says, and it says what it did not do.
    phone.run("crypto.subtle.importKey = () => Promise.reject(new Error('no Ed25519'))").await;
    scans(&phone, &changed(&lost, GENERATION, |_| 9), "").await;
    phone.sees(".verdict.bad", "Signatur nicht geprüft").await;
    scans(&phone, &lost, "").await;
    phone.sees(".verdict.bad", "gilt nicht mehr").await;
    scans(&phone, &good, "1").await;
    phone.sees(".verdict.good", "Eingelassen: 1").await;
    phone.sees(".verdict.good", "Signatur nicht geprüft").await;
    scans(&phone, "QQQQ-QQQQ", "").await;
    phone.sees(".verdict.bad", "Nicht auf der Liste").await;
    scans(&phone, &forged, "1").await;
    phone.sees(".verdict.good", "Signatur nicht geprüft").await;
    phone.shoots("door-phone-unchecked").await;

    // The house checks it when it hears of it, and the desk is shown whom that let in.
    cable.mend();
    phone.sees_no_more(".lane", "Noch zu melden").await;
    phone.sees(".problems", "sieht einen Einlass anders").await;
    stage.visit_with(&booked.visit, "two in; the forged one counts nobody", |visit| visit.admitted == 2).await;
    desk.open("/desk").await;
    desk.sees(".alerts", "1 strittiger Scan").await;
    desk.open("/desk/conflicts").await;
    desk.sees("li.panel h3", "nicht von diesem Haus").await;
    desk.sees("section.panel h2", "door-phone").await;
    desk.quits().await;
    phone.driver.quit().await.expect("the browser ends");
}
