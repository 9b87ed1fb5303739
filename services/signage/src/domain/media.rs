//! Pictures and short films: recognised by their content, never by what somebody says that they are.

use kernel::values::picture_type;
use serde::{Deserialize, Serialize};

/// The largest picture.
pub const LARGEST_PICTURE: usize = 5 << 20;
/// The largest film.
pub const LARGEST_FILM: usize = 30 << 20;

/// The kinds that every player shows. No SVG and no HTML: they could carry scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaType {
    /// Picture.
    Png,
    /// Picture.
    Jpeg,
    /// Picture.
    Webp,
    /// Film.
    Mp4,
    /// Film.
    Webm,
}

/// Brands of MP4 that hold a film. The same box begins pictures (HEIC, AVIF), sound (M4A) and QuickTime, which players
/// do not show.
const MP4: [&[u8; 4]; 12] =
    [b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash", b"MSNV"];

impl MediaType {
    /// As in a Content-Type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Mp4 => "video/mp4",
            Self::Webm => "video/webm",
        }
    }

    /// Reads what [`Self::name`] wrote.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Png, Self::Jpeg, Self::Webp, Self::Mp4, Self::Webm].into_iter().find(|it| it.name() == name)
    }

    /// A film, not a picture.
    #[must_use]
    pub const fn is_film(self) -> bool {
        matches!(self, Self::Mp4 | Self::Webm)
    }

    /// What these bytes are; None: nothing that is shown here.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let begin = bytes.get(..64.min(bytes.len())).unwrap_or_default();
        let has = |at: usize, mark: &[u8]| begin.get(at..at + mark.len()) == Some(mark);
        if let Some(picture) = picture_type(bytes) {
            Self::named(picture)
        } else if has(4, b"ftyp") && MP4.iter().any(|brand| has(8, brand.as_slice())) {
            Some(Self::Mp4)
        } else if has(0, b"\x1a\x45\xdf\xa3") && begin.windows(4).any(|word| word == b"webm") {
            Some(Self::Webm)
        } else {
            None
        }
    }

    /// Checks a whole file: what it is, or the sentence why it is not taken.
    ///
    /// # Errors
    /// Not a kind that is shown, or too large.
    pub fn checked(bytes: &[u8]) -> Result<Self, String> {
        let kind = Self::of(bytes).ok_or("is no PNG, JPEG, WebP, MP4 or WebM, whatever its name says")?;
        let largest = if kind.is_film() { LARGEST_FILM } else { LARGEST_PICTURE };
        if bytes.len() > largest {
            return Err(format!("is larger than {} MB; make it smaller", largest >> 20));
        }
        Ok(kind)
    }
}
