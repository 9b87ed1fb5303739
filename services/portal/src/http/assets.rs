//! Style sheet, scripts and icon, compiled in. Their address carries a hash of their contents, so
//! browsers may keep them.

use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::problem::Problem;

const FILES: [(&str, &str, &str); 5] = [
    ("app.css", "text/css; charset=utf-8", include_str!("../../static/app.css")),
    ("live.js", "text/javascript; charset=utf-8", include_str!("../../static/live.js")),
    ("monitor.js", "text/javascript; charset=utf-8", include_str!("../../static/monitor.js")),
    ("pair.js", "text/javascript; charset=utf-8", include_str!("../../static/pair.js")),
    ("icon.svg", "image/svg+xml", include_str!("../../static/icon.svg")),
];

/// A few letters that change when one of the files does.
pub(crate) fn version() -> String {
    let mut hash = Sha256::new();
    for (_, _, text) in FILES {
        hash.update(text);
    }
    HEXLOWER.encode(&hash.finalize()[..6])
}

pub(crate) async fn file(Path(name): Path<String>) -> Result<Response, Problem> {
    let (_, kind, text) = FILES.into_iter().find(|(file, ..)| *file == name).ok_or_else(Problem::no_page)?;
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")], text)
        .into_response())
}
