//! What the house says of itself on every page: its names, where it is, who answers for it. Journey has it from the house
//! file; here it is kept, also in the database for a start while journey is away, and asked for again now and then.
//! Nothing of a house is written into a template.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use prost::Message;
use sky_proto::{
    journey::v1::{GetHouseWordsRequest, HouseWords},
    kernel::v1::LocalizedText,
};

use crate::{commands, edge::Edge};

/// How old what is known may be; a house changes its name a few times in its life.
const OLDEST: Duration = Duration::from_secs(30);
/// The same before the house was loaded.
const SOON: Duration = Duration::from_secs(1);
/// A page is worth seeing without them: so long it waits for them, and after so long they are asked for again.
const PATIENCE: Duration = Duration::from_secs(1);
const AGAIN: Duration = Duration::from_secs(10);

/// A house's words about itself.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct House {
    pub(crate) name: Option<LocalizedText>,
    /// For the head of a page.
    pub(crate) brand: String,
    pub(crate) address: String,
    pub(crate) tram: Option<LocalizedText>,
    pub(crate) cafe: String,
    pub(crate) halls: HashMap<String, LocalizedText>,
    pub(crate) accessible: Option<LocalizedText>,
    pub(crate) imprint: Option<LocalizedText>,
}

/// Of which nothing is known yet.
pub(crate) static UNKNOWN: LazyLock<House> =
    LazyLock::new(|| House { brand: "Digital Sky".to_owned(), cafe: "Café".to_owned(), ..House::default() });

impl From<HouseWords> for House {
    fn from(words: HouseWords) -> Self {
        let HouseWords { name, brand, address, tram, cafe, halls, accessible, imprint } = words;
        let brand = if brand.is_empty() { name.as_ref().map(|it| it.de.clone()).unwrap_or_default() } else { brand };
        let brand = if brand.is_empty() { UNKNOWN.brand.clone() } else { brand };
        let cafe = if cafe.is_empty() { UNKNOWN.cafe.clone() } else { cafe };
        Self { name, brand, address, tram, cafe, halls, accessible, imprint }
    }
}

/// The house as it was told last.
#[derive(Debug)]
pub(crate) struct Told(Mutex<Last>);

#[derive(Debug)]
struct Last {
    house: &'static House,
    /// When to ask again; at once, when nobody has.
    ask_at: Option<Instant>,
    /// Whether it is stored for the next start.
    is_kept: bool,
}

impl Told {
    /// What journey told before this process began, as it is stored; nothing before it has told anything.
    pub(crate) fn before(stored: Option<&[u8]>) -> Self {
        // What cannot be read is told again.
        let words = stored.and_then(|words| HouseWords::decode(words).ok());
        let house = words.map_or(&*UNKNOWN, |words| Box::leak(Box::new(words.into())));
        Self(Mutex::new(Last { house, ask_at: None, is_kept: true }))
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The words to show, and whether it is time to ask for newer ones: one request at a time is told to.
    fn look(&self) -> (&'static House, bool) {
        let mut told = self.last();
        let due = told.ask_at.is_none_or(|at| at <= Instant::now());
        if due {
            told.ask_at = Some(Instant::now() + AGAIN);
        }
        (told.house, due)
    }

    /// Answers what is known now, and whether that is to be stored: it is news, or was not stored when it was.
    fn put(&self, house: House) -> (&'static House, bool) {
        let mut told = self.last();
        if *told.house != house {
            // Pages under way still read the old words: these stay, a few hundred bytes for each change of the house file.
            told.house = Box::leak(Box::new(house));
            told.is_kept = false;
        }
        told.ask_at = Some(Instant::now() + if *told.house == *UNKNOWN { SOON } else { OLDEST });
        (told.house, !told.is_kept)
    }

    /// These words are stored.
    fn kept(&self, house: &'static House) {
        let mut told = self.last();
        told.is_kept |= std::ptr::eq(told.house, house);
    }
}

/// The house for a page.
pub(crate) async fn house(edge: &Edge) -> &'static House {
    let (known, is_due) = edge.house.look();
    if !is_due {
        return known;
    }
    let mut journey = edge.house_as_portal();
    match tokio::time::timeout(PATIENCE, journey.get_house_words(GetHouseWordsRequest {})).await {
        Ok(Ok(words)) => {
            let words = words.into_inner();
            let told = words.encode_to_vec();
            let (house, is_to_be_kept) = edge.house.put(words.into());
            if is_to_be_kept && keep(edge, told).await {
                edge.house.kept(house);
            }
            house
        }
        // Journey is away, or hangs: what was known still holds.
        Ok(Err(_)) | Err(_) => known,
    }
}

/// For the next start. Without it the page is as good, and it is tried again when they are told again.
async fn keep(edge: &Edge, words: Vec<u8>) -> bool {
    let kept = edge.db.transact(move |tx| {
        let words = words.clone();
        Box::pin(async move { commands::keep_house_words(tx, &words).await })
    });
    kept.await
        .inspect_err(|error| tracing::warn!(%error, "the house's words were not kept for the next start; soon again"))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_asks_while_the_others_show_what_is_known() {
        let told = Told::before(None);
        assert_eq!(told.look(), (&*UNKNOWN, true), "nothing is known: ask");
        assert_eq!(told.look(), (&*UNKNOWN, false), "somebody asks already");
        let brand = || HouseWords { brand: "Sternwarte".to_owned(), ..HouseWords::default() };
        let (first, is_to_be_kept) = told.put(brand().into());
        assert!(is_to_be_kept);
        assert_eq!(told.look(), (first, false), "known for a while");
        let (second, is_to_be_kept) = told.put(brand().into());
        assert!(std::ptr::eq(first, second), "the same words are leaked once");
        assert!(is_to_be_kept, "they could not be stored: it is tried again");
        told.kept(&UNKNOWN);
        assert!(told.put(brand().into()).1, "others were stored");
        told.kept(second);
        assert!(!told.put(brand().into()).1, "and the same words are stored once");
        let after = Told::before(Some(&brand().encode_to_vec()));
        assert_eq!(after.look(), (first, true), "known from before, and asked for again");
        assert_eq!(Told::before(Some(b"\xff")).look(), (&*UNKNOWN, true));
    }

    #[test]
    fn a_house_without_a_brand_goes_by_its_name() {
        let named = |de: &str| HouseWords {
            name: Some(LocalizedText { de: de.to_owned(), ..LocalizedText::default() }),
            ..HouseWords::default()
        };
        assert_eq!(House::from(named("Planetarium Jena")).brand, "Planetarium Jena");
        assert_eq!(House::from(named("")).brand, UNKNOWN.brand);
    }
}
