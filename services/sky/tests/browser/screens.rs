//! What monitors play: from a file on somebody's desk to a wall, over a night without network, and back as a proof of
//! what was shown; and how staff keep a screen.

use kernel::Role;
use sky_proto::signage::v1::{
    DisplayState, ListDisplaysRequest, ListFaultsRequest, ListMediaRequest, ListPlaysRequest, Play,
    displays_client::DisplaysClient, programmes_client::ProgrammesClient, signage_client::SignageClient,
};

use crate::{
    accessible,
    cable::Cable,
    chrome::{Browser, Device, until},
    monitor::leaps,
    stage::Stage,
    world::staff,
};

/// A picture of one dark blue pixel, and one that only begins as a picture.
const PNG: &[u8] = b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const SVG: &str = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";

/// Files as they lie on a desk.
pub struct Desktop(pub std::path::PathBuf);

impl Desktop {
    pub fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("sky-desktop-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let png = data_encoding::BASE64.decode(PNG).expect("a picture");
        let broken = [&png[..33], &[7; 200]].concat();
        for (name, file) in
            [("plakat.png", &png[..]), ("kaputt.png", &broken), ("vektor.png", SVG.as_bytes()), ("leer.png", b"")]
        {
            std::fs::write(folder.join(name), file).expect("a file");
        }
        Self(folder)
    }

    /// Uploads one of them.
    pub async fn upload(&self, desk: &Browser, name: &str) {
        desk.open("/displays/media").await;
        let file = self.0.join(name);
        desk.run("document.querySelector('#file').required = false").await;
        let field = desk.driver.find(thirtyfour::By::Css("#file")).await.expect("a field");
        field.send_keys(file.display().to_string()).await.expect("chosen");
        desk.click("form.panel button.main").await;
        desk.sees(".notice", "").await;
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A playlist of the two pictures for the foyer's school hours, which is now.
async fn schedules(desk: &Browser) {
    desk.open("/displays/playlists/new").await;
    desk.types("#name_de", "Heute Abend").await;
    desk.types("#name_en", "Tonight").await;
    for (row, medium) in [(1, "plakat.png"), (2, "kaputt.png")] {
        desk.press_option(&format!("#media_{row}"), medium).await;
        desk.types_over(&format!("#seconds_{row}"), "3").await;
    }
    desk.types("#de_1", "Lange Nacht der Sterne").await;
    // A text is missing: nothing that was typed is lost.
    desk.press("Speichern").await;
    desk.sees("[role=alert]", "So geht es nicht").await;
    desk.sees("[role=alert]", "Text zu jedem Bild").await;
    desk.holds("and in German", "document.querySelector('[role=alert] [lang]') === null").await;
    accessible::check(desk, "a playlist that was refused").await;
    desk.types("#en_1", "Long night of stars").await;
    desk.types("#de_2", "Sternencafé offen").await;
    desk.press("Speichern").await;
    desk.sees(".notice.good", "Heute Abend").await;
    desk.sees("section.panel", "2 Bilder und Filme").await;
    desk.open("/displays/schedules").await;
    desk.click("#group-foyer").await;
    desk.sees("label[for=part-school]", "Schulklassen, 08:30–13:00").await;
    desk.press("Speichern").await;
    desk.sees(".notice.good", "Eingeplant: Heute Abend").await;
    desk.sees(".bare-list", "täglich, 08:30–13:00").await;
}

pub async fn plays(stage: &Stage, display: &str) -> Vec<Play> {
    let mut devices = DisplaysClient::new(stage.world.door("signage", &staff(Role::Desk)));
    let day = stage.house.clock.now().with_timezone(&chrono_tz::Europe::Berlin).date_naive().to_string();
    let request = ListPlaysRequest { display_id: display.to_owned(), day, each: true };
    devices.list_plays(request).await.expect("plays").into_inner().plays
}

const PLAYS: &str =
    "document.querySelector('.stage img') !== null && document.querySelector('.stage img').naturalWidth > 0";
const KEPT: &str = "Object.keys(localStorage).filter((key) => key.startsWith('sky play '))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_goes_from_the_desk_to_the_wall_and_its_proof_comes_back_once() {
    let Some(stage) = Stage::open().await else { return };
    let (cable, desktop) = (Cable::to(stage.house.running.http).await, Desktop::new());
    let monitor = stage.monitor(&cable, "foyer-1").await;
    monitor.sees("li .time", "").await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;

    // What is no picture is refused, whatever its name says, and so is nothing.
    desktop.upload(&desk, "vektor.png").await;
    desk.sees(".notice.bad", "es zählt der Inhalt").await;
    desktop.upload(&desk, "leer.png").await;
    desk.sees(".notice.bad", "Es kam keine Datei an").await;
    for name in ["plakat.png", "kaputt.png"] {
        desktop.upload(&desk, name).await;
        desk.sees(".notice.good", name).await;
    }
    desk.sees(".cards.media", "PNG, 1 kB").await;
    let mut programmes = ProgrammesClient::new(stage.world.door("signage", &staff(Role::Desk)));
    let media = programmes.list_media(ListMediaRequest {}).await.expect("a list").into_inner().media;
    let poster = media.iter().find(|it| it.name == "plakat.png").expect("the poster").media_id.clone();
    schedules(&desk).await;

    // The wall shows it; the broken one is left out and reported, and there is never nothing.
    monitor.holds("the picture", PLAYS).await;
    monitor.shoots("monitor-picture").await;
    until("a fault of the broken picture", async || {
        let mut devices = DisplaysClient::new(stage.world.door("signage", &staff(Role::Desk)));
        let request = ListFaultsRequest { display_id: "foyer-1".to_owned() };
        let faults = devices.list_faults(request).await.map_err(|error| error.to_string())?.into_inner().faults;
        let broken =
            faults.iter().any(|it| it.code.starts_with("media-") && it.subject != poster && it.over_at.is_none());
        if broken { Ok(()) } else { Err(format!("{faults:?}")) }
    })
    .await;
    monitor.holds("the picture again", PLAYS).await;
    let mut signage = SignageClient::new(stage.world.door("signage", &staff(Role::Desk)));
    let displays = signage.list_displays(ListDisplaysRequest {}).await.expect("a list").into_inner().displays;
    let it = displays.iter().find(|it| it.display_id == "foyer-1").expect("it");
    let health = it.health.clone().expect("a heartbeat");
    assert_eq!((health.width, health.height, it.state()), (1920, 1080, DisplayState::Degraded));
    assert!(health.player.starts_with("web/") && health.skew_millis.abs() < 2000, "{health:?}");

    // Without network it goes on, over a reload as well; what it shows is kept.
    monitor.open("/monitor/foyer-1").await;
    monitor.holds("the picture", PLAYS).await;
    cable.cut();
    leaps(&monitor, chrono::TimeDelta::minutes(2)).await;
    monitor.sees(".stand", "Stand").await;
    monitor.open("/monitor/foyer-1").await;
    monitor.holds("the picture without network", PLAYS).await;
    monitor.holds("plays are kept", &format!("{KEPT}.length > 3")).await;
    let kept = monitor.run(&format!("return {KEPT}.map((key) => JSON.parse(localStorage.getItem(key)).id)")).await;
    let kept: Vec<String> = serde_json::from_value(kept).expect("ids");
    leaps(&monitor, chrono::TimeDelta::minutes(2)).await;
    cable.mend();
    until("the proofs of play", async || {
        let told = plays(&stage, "foyer-1").await;
        let missing: Vec<&String> = kept.iter().filter(|id| !told.iter().any(|it| it.play_id == **id)).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("{} of {} missing", missing.len(), kept.len())) }
    })
    .await;
    let told = plays(&stage, "foyer-1").await;
    for id in &kept {
        assert_eq!(told.iter().filter(|it| it.play_id == *id).count(), 1, "told once");
        monitor.holds("told, so no longer kept", &format!("!{KEPT}.some((key) => key.endsWith('{id}'))")).await;
    }
    assert!(told.iter().any(|it| it.subject == poster && (2..=4).contains(&it.seconds)), "{told:?}");

    // Staff see all of it.
    for path in [
        "/displays/screens/foyer-1",
        "/displays/screens/foyer-1/plays",
        "/displays/media",
        "/displays/playlists",
        "/displays/schedules",
    ] {
        desk.open(path).await;
        accessible::check(&desk, path).await;
        desk.shoots(&format!("staff{}", path.replace('/', "-"))).await;
    }
    desk.open("/displays/screens/foyer-1").await;
    desk.sees(".panel", "Bild oder Film lässt sich nicht abspielen").await;
    desk.open("/displays/screens/foyer-1/plays").await;
    desk.sees("tbody", "plakat.png").await;
    let csv = desk.driver.execute_async(
        "const done = arguments[0]; fetch(document.querySelector('a[href*=csv]').href).then((it) => it.text()).then(done)",
        Vec::new(),
    );
    let csv = csv.await.expect("a file").json().as_str().expect("text").to_owned();
    assert!(csv.starts_with("display,started_at") && csv.contains("\"plakat.png\""), "{csv}");
    desk.quits().await;
    monitor.driver.quit().await.expect("the browser ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_keep_a_screen_without_any_script() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "foyer-2").await;
    monitor.sees("li .time", "").await;
    let desk = stage.staff(Role::Operator, Device::NoScripts).await;
    desk.open("/displays").await;
    desk.press_in("//h2", "Foyer, Eingang").await;
    desk.arrives("/displays/screens/foyer-2").await;

    // A page in a browser draws itself when it is asked for a picture, and staff read that it was drawn.
    desk.press("Neues Bild anfordern").await;
    desk.sees(".notice.good", "Angefordert").await;
    until("the monitor's answer", async || {
        desk.open("/displays/screens/foyer-2").await;
        let words = desk.words().await;
        if words.contains("von der Seite selbst gezeichnet") { Ok(()) } else { Err(words) }
    })
    .await;

    // Set up otherwise: the monitor follows at once.
    desk.types_over("#location", "Am Empfang").await;
    desk.press_option("#profile", "Parkplatz").await;
    desk.types("#new_group", "empfang").await;
    desk.press("Speichern").await;
    desk.sees(".notice.good", "der Monitor zeigt es schon").await;
    desk.sees(".badge.few", "Anders als in der Hausdatei").await;
    monitor.sees("h1", "Parkplatz").await;
    desk.types_over("#viewing_distance_m", "5").await;
    desk.press("Speichern").await;
    desk.sees(".notice.good", "der Monitor zeigt es schon").await;
    // What a page has from its beginning on, too: its letters and how its profile looks.
    monitor.sees("main.far-5.parking", "").await;
    desk.types_over("#location", "x").await;
    desk.types("#new_group", "Nicht Gut!").await;
    desk.press("Speichern").await;
    desk.sees(".notice.bad", "Gruppen").await;
    desk.press("Wieder wie in der Hausdatei").await;
    monitor.sees("h1", "Nächste Vorstellungen").await;

    // Any time of any day.
    desk.press("Vorschau zu jeder Zeit").await;
    desk.arrives("/displays/screens/foyer-2/preview").await;
    desk.sees(".preview h1", "Nächste Vorstellungen").await;
    desk.open("/displays/screens/foyer-2/preview?day=2026-11-30&time=07:15").await;
    desk.sees("main", "Montag, 30. November, 07:15").await;
    for (query, words) in [
        ("day=2026-02-30&time=07:15", "Diesen Zeitpunkt gibt es nicht"),
        ("day=2026-03-29&time=02:30", "Diesen Zeitpunkt gibt es nicht"),
        ("day=2029-11-30&time=07:15", "mehr als 400 Tage"),
    ] {
        desk.open(&format!("/displays/screens/foyer-2/preview?{query}")).await;
        desk.sees("[role=alert]", words).await;
    }
    desk.quits().await;
    monitor.driver.quit().await.expect("the browser ends");
}
