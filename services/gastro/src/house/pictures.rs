//! The pictures of the house file: an item names a file, and whoever loads the house puts the file's content under
//! `[gastro.pictures]`. What a file is shows in its content, not in its name.

use std::collections::HashMap;

use data_encoding::{BASE64, HEXLOWER};
use kernel::{
    Tx,
    values::{Text, picture_type},
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use super::{untranslated, wrong};
use crate::{error::Error, store::pictures};

/// A phone loads a whole menu of them.
const LARGEST: usize = 200 << 10;

/// `picture = { file = "pictures/soup.png", alt = { … } }`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Picture {
    /// Beside the house file.
    file: Spanned<String>,
    /// What it shows, for who does not see it.
    alt: Text,
}

/// `[gastro.pictures]`: the content of each file, in Base64.
pub(super) type Contents = HashMap<String, String>;

/// What a file is, and what is in it.
fn content(text: &str) -> Result<(&'static str, Vec<u8>), String> {
    let file = BASE64.decode(text.as_bytes()).map_err(|_| "is no Base64 in [gastro.pictures]".to_owned())?;
    if file.len() > LARGEST {
        return Err(format!("is larger than {} kB; make it smaller, a phone loads it", LARGEST >> 10));
    }
    let kind = picture_type(&file).ok_or("is no PNG, JPEG or WebP, whatever its name says")?;
    Ok((kind, file))
}

/// Checks an item's picture. A file whose content did not come along is none: the item is shown without it.
pub(super) fn read(
    text: &str,
    picture: Option<&Picture>,
    contents: &Contents,
    key: impl Fn(&str) -> String,
) -> Result<(), String> {
    let Some(picture) = picture else { return Ok(()) };
    if let Some(problem) = untranslated(&picture.alt) {
        return Err(wrong(text, &picture.file, &key("picture.alt"), problem));
    }
    let Some(sent) = contents.get(picture.file.get_ref()) else { return Ok(()) };
    content(sent).map(drop).map_err(|problem| wrong(text, &picture.file, &key("picture.file"), &problem))
}

/// Stores an item's picture; answers its id with what it shows.
pub(super) async fn write<'p>(
    tx: &mut Tx,
    picture: Option<&'p Picture>,
    contents: &Contents,
) -> Result<Option<(String, &'p Text)>, Error> {
    let Some(picture) = picture else { return Ok(None) };
    let Some(sent) = contents.get(picture.file.get_ref()) else { return Ok(None) };
    let (kind, file) = content(sent).map_err(Error::Stored)?;
    let id = HEXLOWER.encode(&Sha256::digest(&file));
    pictures::keep(tx.conn(), &id, kind, &file).await?;
    Ok(Some((id, &picture.alt)))
}
