//! What the house says of itself on every page: its names, where it is, who answers for it. Journey has it from the house
//! file; here it is kept, also in the database for a start while journey is away, and asked for again now and then.
//! Nothing of a house is written into a template.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
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

/// The house as it was told last, and when to ask again.
#[derive(Debug)]
pub(crate) struct Told(Mutex<(&'static House, Option<Instant>)>);

impl Told {
    /// What journey told before this process began, as it is stored; nothing before it has told anything.
    pub(crate) fn before(stored: Option<&[u8]>) -> Self {
        // What cannot be read is told again.
        let words = stored.and_then(|words| HouseWords::decode(words).ok());
        let house = words.map_or(&*UNKNOWN, |words| Box::leak(Box::new(words.into())));
        Self(Mutex::new((house, None)))
    }

    /// The words to show, and whether it is time to ask for newer ones: one request at a time is told to.
    fn look(&self) -> (&'static House, bool) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = told.1.is_none_or(|at| at <= Instant::now());
        if due {
            told.1 = Some(Instant::now() + AGAIN);
        }
        (told.0, due)
    }

    /// Answers what is known now, and whether that is news.
    fn put(&self, house: House) -> (&'static House, bool) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = *told.0 != house;
        if is_new {
            // Pages under way still read the old words: these stay, a few hundred bytes for each change of the house file.
            told.0 = Box::leak(Box::new(house));
        }
        told.1 = Some(Instant::now() + if *told.0 == *UNKNOWN { SOON } else { OLDEST });
        (told.0, is_new)
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
            let (house, is_new) = edge.house.put(words.into());
            if is_new {
                keep(edge, told).await;
            }
            house
        }
        // Journey is away, or hangs: what was known still holds.
        Ok(Err(_)) | Err(_) => known,
    }
}

/// For the next start. Without it the page is as good.
async fn keep(edge: &Edge, words: Vec<u8>) {
    let kept = edge.db.transact(move |tx| {
        let words = words.clone();
        Box::pin(async move { commands::keep_house_words(tx, &words).await })
    });
    if let Err(error) = kept.await {
        tracing::warn!(%error, "the house's words were not kept for the next start");
    }
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
        let (first, is_new) = told.put(brand().into());
        assert!(is_new);
        assert_eq!(told.look(), (first, false), "known for a while");
        let (second, is_new) = told.put(brand().into());
        assert!(!is_new && std::ptr::eq(first, second), "the same words are kept once");
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
