//! What a browser keeps for the time without the house: the pages of now with their files, and none of releases that are gone.

use kernel::Role;

use crate::{
    chrome::Device,
    stage::{KEPT, Stage},
};

/// A page that was kept by an earlier release, and files of earlier ones: of that page, and of none.
const FORMER: &str = "
    const done = arguments[0];
    caches.open('sky-monitor').then(async (it) => {
        for (const file of ['/static/former.js?2', '/static/former.js?1']) await it.put(file, new Response('former'));
        await it.put('/monitor/foyer-9', new Response('<script src=\"/static/former.js?2\"></script>'));
    }).then(done);";

/// Which of these are kept.
fn kept(path: &str) -> String {
    format!("caches.open('sky-monitor').then((it) => it.match('{path}')).then((it) => it !== undefined)")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_earlier_releases_go_when_no_page_that_is_kept_needs_them() {
    let Some(stage) = Stage::open().await else { return };
    let desk = stage.staff(Role::Desk, Device::Phone).await;
    desk.open("/desk/door").await;
    desk.holds("the page in the cupboard", KEPT).await;
    desk.driver.execute_async(FORMER, Vec::new()).await.expect("laid there");
    desk.holds("a former file", &kept("/static/former.js?1")).await;
    desk.open("/desk/door").await;
    desk.holds("it is gone", &format!("{}.then((is) => !is)", kept("/static/former.js?1"))).await;
    desk.holds("that of a page stays", &kept("/static/former.js?2")).await;
    let whole = "Promise.all(Array.from(document.querySelectorAll('script[src], link[rel=stylesheet]'), (it) =>
        caches.match(it.getAttribute('src') || it.getAttribute('href')))).then((all) => all.length > 3 && all.every(Boolean))";
    desk.holds("those of this page stay", whole).await;
    desk.quits().await;
}
