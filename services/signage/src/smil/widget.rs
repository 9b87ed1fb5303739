//! A page that a player keeps: a widget, a zip file with nothing but an `index.html`. Players of SMIL fetch a page anew each
//! time that they show it, and without the network show an error in its place; a widget they have.

/// The media type of a widget.
pub const MEDIA_TYPE: &str = "application/widget";
const NAME: &[u8] = b"index.html";
/// 1980-01-01, where a zip file's time begins: when it was packed is of no interest.
const NEVER: [u16; 2] = [0, 0x21];
/// Its parts begin with one of these.
const FILE: &[u8] = b"PK\x03\x04";
const LISTED: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
/// Whoever reads version 1.0 of the format can read this: nothing is compressed.
const VERSION: u16 = 10;

/// Packs a page; None: it is too large for this format.
#[must_use]
pub fn pack(page: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(page.len()).ok()?;
    let name = u16::try_from(NAME.len()).ok()?;
    let mut about = Vec::new();
    for short in [0, 0].into_iter().chain(NEVER) {
        about.extend(u16::to_le_bytes(short));
    }
    for long in [checksum(page), length, length] {
        about.extend(u32::to_le_bytes(long));
    }
    for short in [name, 0] {
        about.extend(u16::to_le_bytes(short));
    }
    let version = VERSION.to_le_bytes();
    let mut zip = [FILE, &version, &about[..], NAME, page].concat();
    let listed = u32::try_from(zip.len()).ok()?;
    // No comment, the first and only volume, no attributes; the file begins where the zip file does.
    zip.extend([LISTED, &version, &version, &about[..], &[0; 14], NAME].concat());
    let list = u32::try_from(zip.len()).ok()? - listed;
    let (one, none) = (1_u16.to_le_bytes(), [0; 2]);
    zip.extend([END, &[0; 4], &one, &one, &list.to_le_bytes(), &listed.to_le_bytes(), &none].concat());
    Some(zip)
}

/// CRC-32, as zip files use it.
fn checksum(bytes: &[u8]) -> u32 {
    let bit = |rest: u32| (rest >> 1) ^ if rest & 1 == 1 { 0xEDB8_8320 } else { 0 };
    !bytes.iter().fold(u32::MAX, |rest, byte| (0..8).fold(rest ^ u32::from(*byte), |rest, _| bit(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_the_one_that_others_compute() {
        assert_eq!((checksum(b""), checksum(b"123456789")), (0, 0xCBF4_3926));
    }

    #[test]
    fn a_packed_page_lies_where_its_list_says() {
        let page = "<p>Größer als nichts</p>".as_bytes();
        let zip = pack(page).expect("packed");
        let long = |at: usize| u32::from_le_bytes(zip[at..at + 4].try_into().expect("four")) as usize;
        let short = |at: usize| usize::from(u16::from_le_bytes(zip[at..at + 2].try_into().expect("two")));
        let end = zip.len() - 22;
        assert_eq!((&zip[end..end + 4], short(end + 8), short(end + 10)), (END, 1, 1));
        let (size, list) = (long(end + 12), long(end + 16));
        assert_eq!((list + size, &zip[list..list + 4]), (end, LISTED));
        let (packed, whole, name) = (long(list + 20), long(list + 24), short(list + 28));
        assert_eq!((packed, whole, long(list + 16)), (page.len(), page.len(), checksum(page) as usize));
        assert_eq!((short(list + 30), short(list + 32), &zip[list + 46..list + 46 + name]), (0, 0, NAME));
        let file = long(list + 42);
        assert_eq!((file, &zip[..4], &zip[30..30 + name]), (0, FILE, NAME));
        // The same is said in both places.
        assert_eq!(zip[4..30], zip[list + 6..list + 32]);
        assert_eq!(&zip[30 + name..list], page);
    }
}
