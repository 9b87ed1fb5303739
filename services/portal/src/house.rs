//! What the house says of itself on every page: its names, where it is, who answers for it. Journey has it from the house
//! file; here it is kept and asked for again now and then. Nothing of a house is written into a template.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sky_proto::{
    journey::v1::{GetHouseWordsRequest, HouseWords},
    kernel::v1::LocalizedText,
};

use crate::edge::Edge;

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
    pub(crate) fn nothing() -> Self {
        Self(Mutex::new((&UNKNOWN, None)))
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

    fn put(&self, house: House) -> &'static House {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *told.0 != house {
            // Pages under way still read the old words: these stay, a few hundred bytes for each change of the house file.
            told.0 = Box::leak(Box::new(house));
        }
        told.1 = Some(Instant::now() + if *told.0 == *UNKNOWN { SOON } else { OLDEST });
        told.0
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
        Ok(Ok(words)) => edge.house.put(words.into_inner().into()),
        // Journey is away, or hangs: what was known still holds.
        Ok(Err(_)) | Err(_) => known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_asks_while_the_others_show_what_is_known() {
        let told = Told::nothing();
        assert_eq!(told.look(), (&*UNKNOWN, true), "nothing is known: ask");
        assert_eq!(told.look(), (&*UNKNOWN, false), "somebody asks already");
        let brand = || HouseWords { brand: "Sternwarte".to_owned(), ..HouseWords::default() };
        let first = told.put(brand().into());
        assert_eq!(told.look(), (first, false), "known for a while");
        assert!(std::ptr::eq(first, told.put(brand().into())), "the same words are kept once");
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
