//! Style sheets, scripts, font and icon, compiled in. Their address carries a hash of their contents, so
//! browsers may keep them.

use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::problem::Problem;

const WORKER: &str = include_str!("../../static/worker.js");
const FILES: [(&str, &str, &[u8]); 24] = [
    ("app.css", "text/css; charset=utf-8", include_bytes!("../../static/app.css")),
    ("desk.css", "text/css; charset=utf-8", include_bytes!("../../static/desk.css")),
    ("live.js", "text/javascript; charset=utf-8", include_bytes!("../../static/live.js")),
    ("morph.js", "text/javascript; charset=utf-8", include_bytes!("../../static/morph.js")),
    ("house-clock.js", "text/javascript; charset=utf-8", include_bytes!("../../static/house-clock.js")),
    ("monitor.css", "text/css; charset=utf-8", include_bytes!("../../static/monitor.css")),
    ("monitor.js", "text/javascript; charset=utf-8", include_bytes!("../../static/monitor.js")),
    ("player.js", "text/javascript; charset=utf-8", include_bytes!("../../static/player.js")),
    ("screens.css", "text/css; charset=utf-8", include_bytes!("../../static/screens.css")),
    ("pair.js", "text/javascript; charset=utf-8", include_bytes!("../../static/pair.js")),
    // Not versioned by its address but by its name: style sheets name it.
    // Atkinson Hyperlegible Next by the Braille Institute, under the SIL Open Font License 1.1.
    ("atkinson-5.3.woff2", "font/woff2", include_bytes!("../../static/atkinson-5.3.woff2")),
    ("headcount.css", "text/css; charset=utf-8", include_bytes!("../../static/headcount.css")),
    ("headcount.js", "text/javascript; charset=utf-8", include_bytes!("../../static/headcount.js")),
    ("kitchen.css", "text/css; charset=utf-8", include_bytes!("../../static/kitchen.css")),
    ("kitchen.js", "text/javascript; charset=utf-8", include_bytes!("../../static/kitchen.js")),
    ("door-safe.js", "text/javascript; charset=utf-8", include_bytes!("../../static/door-safe.js")),
    ("door.js", "text/javascript; charset=utf-8", include_bytes!("../../static/door.js")),
    ("clicker.js", "text/javascript; charset=utf-8", include_bytes!("../../static/clicker.js")),
    ("counter.js", "text/javascript; charset=utf-8", include_bytes!("../../static/counter.js")),
    ("again.js", "text/javascript; charset=utf-8", include_bytes!("../../static/again.js")),
    ("hold.js", "text/javascript; charset=utf-8", include_bytes!("../../static/hold.js")),
    ("slip.css", "text/css; charset=utf-8", include_bytes!("../../static/slip.css")),
    ("slip.js", "text/javascript; charset=utf-8", include_bytes!("../../static/slip.js")),
    ("icon.svg", "image/svg+xml", include_bytes!("../../static/icon.svg")),
];

/// A few letters that change when one of the files does.
pub(crate) fn version() -> String {
    let mut hash = Sha256::new();
    for (_, _, bytes) in FILES {
        hash.update(bytes);
    }
    HEXLOWER.encode(&hash.finalize()[..6])
}

/// The service worker of monitors and of the phone at the door. At the root, because a worker sees only what lies below it, and always
/// asked for again.
pub(crate) async fn worker() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], WORKER).into_response()
}

pub(crate) async fn file(Path(name): Path<String>) -> Result<Response, Problem> {
    let (_, kind, bytes) = FILES.into_iter().find(|(file, ..)| *file == name).ok_or_else(Problem::no_page)?;
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")], bytes)
        .into_response())
}
