//! What staff take off the wall again: times, playlists, files; and the monitors that were taken down.

use kernel::{Caller, Role};
use sky_proto::{
    kernel::v1::{LoadHouseRequest, operations_client::OperationsClient},
    signage::v1::{ListMediaRequest, programmes_client::ProgrammesClient},
};

use crate::{accessible, chrome::Device, screens::Desktop, stage::Stage, world::staff};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_used_cannot_be_deleted_and_what_is_not_can() {
    let Some(stage) = Stage::open().await else { return };
    let desktop = Desktop::new();
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desktop.upload(&desk, "plakat.png").await;
    desk.open("/displays/playlists/new").await;
    desk.types("#name_de", "Plakate").await;
    desk.types("#name_en", "Posters").await;
    desk.press_option("#media_1", "plakat.png").await;
    desk.types_over("#seconds_1", "5").await;
    desk.types("#de_1", "Ein Plakat").await;
    desk.types("#en_1", "A poster").await;
    desk.press("Speichern").await;
    desk.sees(".notice.good", "Plakate").await;
    desk.open("/displays/schedules").await;
    desk.click("#group-foyer").await;
    desk.press("Speichern").await;
    desk.sees(".notice.good", "Eingeplant: Plakate").await;

    // The file belongs to a list, the list to a time: the page says so, or refuses.
    desk.open("/displays/media").await;
    desk.sees(".cards.media", "In: Plakate").await;
    let none = |css: &str| format!("document.querySelector('{css}') === null");
    desk.holds("no way to delete it", &none("form[action=\"/displays/media/delete\"]")).await;
    desk.open("/displays/playlists").await;
    desk.press("Entfernen").await;
    desk.press("Ja, entfernen").await;
    desk.sees(".notice.bad", "").await;
    desk.sees("section.panel h2", "Plakate").await;

    // In the other order all of them go.
    desk.open("/displays/schedules").await;
    desk.press_in("//ul[contains(@class, 'bare-list')]", "Entfernen").await;
    desk.sees(".notice.good", "Entfernt").await;
    desk.sees("main", "Es läuft keine Abspielliste").await;
    desk.open("/displays/playlists").await;
    desk.press("Entfernen").await;
    desk.press("Ja, entfernen").await;
    desk.sees(".notice.good", "Entfernt").await;
    desk.sees("main", "Noch keine Abspielliste").await;
    desk.open("/displays/media").await;
    desk.press("Löschen").await;
    desk.press("Ja, löschen").await;
    desk.sees(".notice.good", "Gelöscht").await;
    desk.sees("main", "Noch nichts hochgeladen").await;
    let mut programmes = ProgrammesClient::new(stage.world.door("signage", &staff(Role::Desk)));
    assert!(programmes.list_media(ListMediaRequest {}).await.expect("a list").into_inner().media.is_empty());
    desk.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monitor_that_was_taken_down_is_on_a_page_of_its_own_until_it_hangs_again() {
    let Some(stage) = Stage::open().await else { return };
    let desk = stage.staff(Role::Desk, Device::Phone).await;
    desk.open("/displays").await;
    desk.sees(".facts", "16 Monitore").await;
    desk.press("Abgehängte Monitore").await;
    desk.sees("main", "Kein Monitor ist abgehängt").await;
    let load = async |house_toml: String| {
        let sky = Caller::Service("sky".to_owned());
        let request = LoadHouseRequest { service: "signage".to_owned(), house_toml, check_only: false };
        OperationsClient::new(stage.world.door("signage", &sky)).load_house(request).await.expect("loaded");
    };
    let file = include_str!("../../../../deploy/houses/halle.toml");
    load(file.replace("\"cafe-2\"", "\"cafe-3\"")).await;
    desk.open("/displays/retired").await;
    desk.sees(".card", "cafe-2").await;
    desk.sees(".card", "Abgehängt seit Samstag, 28. November").await;
    accessible::check(&desk, "monitors that were taken down").await;
    load(file.to_owned()).await;
    desk.open("/displays/retired").await;
    desk.sees(".card", "cafe-3").await;
    desk.sees_no_more("main", "cafe-2").await;
    desk.quits().await;
}
