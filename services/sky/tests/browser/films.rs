//! A film on a wall: made in the browser, put there by the desk, played, proven, and played on without network. And what
//! a monitor says when it was without the house for a while.

use chrono::TimeDelta;
use kernel::Role;
use sky_proto::signage::v1::{
    ListFaultsRequest, ListMediaRequest, displays_client::DisplaysClient, programmes_client::ProgrammesClient,
};

use crate::{
    cable::Cable,
    chrome::{Browser, Device, until},
    monitor::leaps,
    screens::{Desktop, plays},
    stage::Stage,
    world::staff,
};

/// Two seconds of two colours, recorded by the browser itself; in base64.
const RECORD: &str = "
    const done = arguments[arguments.length - 1];
    const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 36 });
    const pen = canvas.getContext('2d');
    let frame = 0;
    const drawing = setInterval(() => { pen.fillStyle = frame++ % 2 ? '#123a8c' : '#ffd166'; pen.fillRect(0, 0, 64, 36); }, 50);
    const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: 'video/webm;codecs=vp8' });
    const parts = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = () => {
      clearInterval(drawing);
      const reader = new FileReader();
      reader.onload = () => done(reader.result.split(',')[1]);
      reader.readAsDataURL(new Blob(parts));
    };
    recorder.start();
    setTimeout(() => recorder.stop(), 2000);";

/// A film that really runs.
pub const RUNS: &str = "(() => { const film = document.querySelector('.stage video');
    return film !== null && film.videoWidth === 64 && film.currentTime > 0.1 && !film.paused && film.error === null; })()";

/// What can be played is kept for the time without network.
const KEPT: &str =
    "caches.open('sky-media').then((kept) => kept.match(document.querySelector('.stage video').src)).then(Boolean)";

pub async fn film(desktop: &Desktop, desk: &Browser) {
    let recorded = desk.driver.execute_async(RECORD, Vec::new()).await.expect("recorded");
    let base64 = recorded.json().as_str().expect("base64").to_owned();
    let file = data_encoding::BASE64.decode(base64.as_bytes()).expect("a film");
    std::fs::write(desktop.0.join("saturn.webm"), &file).expect("a file");
    std::fs::write(desktop.0.join("halb.webm"), &file[..80]).expect("a file");
    for name in ["saturn.webm", "halb.webm"] {
        desktop.upload(desk, name).await;
        desk.sees(".notice.good", name).await;
    }
    desk.sees(".cards.media", "WEBM").await;
    desk.open("/displays/playlists/new").await;
    desk.types("#name_de", "Film im Foyer").await;
    desk.types("#name_en", "Film in the foyer").await;
    for (row, medium) in [(1, "halb.webm"), (2, "saturn.webm")] {
        desk.press_option(&format!("#media_{row}"), medium).await;
        desk.types_over(&format!("#seconds_{row}"), "4").await;
        desk.types(&format!("#de_{row}"), "Saturn").await;
        desk.types(&format!("#en_{row}"), "Saturn").await;
    }
    desk.press("Speichern").await;
    desk.sees(".notice.good", "Film im Foyer").await;
    desk.open("/displays/schedules").await;
    desk.click("#group-foyer").await;
    desk.press("Speichern").await;
    desk.sees(".notice.good", "Eingeplant: Film im Foyer").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_film_plays_is_proven_and_plays_on_without_network() {
    let Some(stage) = Stage::open().await else { return };
    let (cable, desktop) = (Cable::to(stage.house.running.http).await, Desktop::new());
    let monitor = stage.monitor(&cable, "foyer-1").await;
    monitor.sees("li .time", "").await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    film(&desktop, &desk).await;
    monitor.holds("the film", RUNS).await;
    monitor.shoots("monitor-film").await;
    let mut programmes = ProgrammesClient::new(stage.world.door("signage", &staff(Role::Desk)));
    let media = programmes.list_media(ListMediaRequest {}).await.expect("a list").into_inner().media;
    let id = |name: &str| media.iter().find(|it| it.name == name).expect("stored").media_id.clone();
    let (whole, half) = (id("saturn.webm"), id("halb.webm"));
    until("the proof of play", async || {
        let told = plays(&stage, "foyer-1").await;
        assert!(told.iter().all(|it| it.subject != half), "half a film was never on the screen");
        if told.iter().any(|it| it.subject == whole && it.seconds >= 3) { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;

    cable.cut();
    leaps(&monitor, TimeDelta::minutes(2)).await;
    monitor.sees(".stand", "Stand").await;
    monitor.holds("the film without network", RUNS).await;
    monitor.open("/monitor/foyer-1").await;
    monitor.holds("the film after it was switched off and on", RUNS).await;

    // Back again, it says that it was without the house, and staff see it.
    cable.mend();
    monitor.holds("the line is back", "document.querySelector('.stand').hidden").await;
    until("the monitor's own word", async || {
        let mut devices = DisplaysClient::new(stage.world.door("signage", &staff(Role::Desk)));
        let request = ListFaultsRequest { display_id: "foyer-1".to_owned() };
        let faults = devices.list_faults(request).await.map_err(|error| error.to_string())?.into_inner().faults;
        if faults.iter().any(|it| it.code == "no-data") { Ok(()) } else { Err(format!("{faults:?}")) }
    })
    .await;
    monitor.holds("the film goes on", RUNS).await;
    desk.open("/displays/screens/foyer-1").await;
    desk.sees("main", "Keine Verbindung zum Haus").await;
    desk.open("/displays/screens/foyer-1/plays").await;
    desk.sees("tbody", "saturn.webm").await;
    desk.quits().await;
    monitor.driver.quit().await.expect("the browser ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_on_below_a_dark_screen_is_no_proof_of_play() {
    let Some(stage) = Stage::open().await else { return };
    let (cable, desktop) = (Cable::to(stage.house.running.http).await, Desktop::new());
    let monitor = stage.monitor(&cable, "foyer-1").await;
    monitor.sees("li .time", "").await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    film(&desktop, &desk).await;
    desk.quits().await;
    monitor.holds("the film", RUNS).await;
    monitor.holds("the film is in the cupboard", KEPT).await;
    // Without the house nothing of what it keeps is told and forgotten.
    cable.cut();
    let notes_the_time = async |name: &str| monitor.run(&format!("window.{name} = window.houseClock.now()")).await;
    let kept = |is: &str| {
        format!(
            "Object.keys(localStorage).filter((key) => key.startsWith('sky play ')) \
             .map((key) => JSON.parse(localStorage.getItem(key))).{is}"
        )
    };
    // What was on the screen for less than a second is no play.
    notes_the_time("cut").await;
    monitor.holds("it is on the screen for a while", "window.houseClock.now() > window.cut + 1500").await;
    monitor.run("document.querySelector('main').dataset.dark = '00:00-23:59'").await;
    monitor.holds("it is dark", "document.documentElement.dataset.dark === 'yes'").await;
    monitor.holds("what was seen until then is kept", &kept("some((play) => play.subject.length === 64)")).await;
    notes_the_time("gone").await;
    for _ in 0..2 {
        monitor.run("document.querySelector('.stage video').dataset.old = 'yes'").await;
        let another = "document.querySelector('.stage video') && !document.querySelector('.stage video').dataset.old";
        monitor.holds("the film begins again", another).await;
    }
    monitor.holds("nobody has seen that", &kept("every((play) => play.at <= window.gone)")).await;
    monitor.run("document.querySelector('main').dataset.dark = ''").await;
    monitor.holds("it is light", "document.documentElement.dataset.dark === ''").await;
    let seen = kept("some((play) => play.subject.length === 64 && play.at > window.gone)");
    monitor.holds("what is seen again counts", &seen).await;
    monitor.driver.quit().await.expect("the browser ends");
}
