//! The `[journey]` part of the house file: what visitors are told of the house and of the ways to it. Applying the same
//! file again changes nothing.

mod clock;

use kernel::{BoxFuture, Code, Failure, Tx, values::Text};
use serde::Deserialize;

use crate::{commands, domain::notices::letter::HouseWords};

#[derive(Deserialize)]
struct File {
    /// A house may have nothing to say: then its notices have no ways in them.
    #[serde(default)]
    journey: Option<toml::Spanned<toml::Table>>,
}

/// Read by [`clock`].
const OF_THE_CLOCK: [&str; 2] = ["clock", "ways"];

/// The longest text; a letter is no brochure.
const LONGEST: usize = 600;

fn read(text: &str) -> Result<Option<HouseWords>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let Some(section) = file.journey else { return Ok(None) };
    let line = text[..section.span().start].lines().count().max(1);
    let mut section = section.into_inner();
    section.retain(|key, _| !OF_THE_CLOCK.contains(&key));
    if section.is_empty() {
        return Ok(None);
    }
    let words: HouseWords = section.try_into().map_err(|error| format!("line {line}: journey: {error}"))?;
    let HouseWords { name, address, tram, bicycle, car, step_free, bring } = &words;
    if name.de.is_empty() || address.is_empty() {
        return Err(format!("line {line}: journey: name and address are missing; notices say where to go"));
    }
    let all = |text: &Text| [text.de.clone(), text.en.clone(), text.plain.clone()];
    let texts = [name, tram, bicycle, car, step_free, bring].into_iter().flat_map(all).chain([address.clone()]);
    for said in texts {
        if said.chars().count() > LONGEST || said.chars().any(char::is_control) {
            return Err(format!("line {line}: journey: a text is longer than {LONGEST} characters or has line breaks"));
        }
    }
    Ok(Some(words))
}

/// Reads and checks, without any effect.
pub(crate) fn check(text: &str) -> Result<String, String> {
    let ways = clock::read(text)?.ways.len();
    let notices = read(text)?.map(|words| format!("notices from {}", words.name.de));
    Ok(notices.into_iter().chain((ways > 0).then(|| format!("{ways} ways"))).collect::<Vec<_>>().join(", "))
}

/// Writes it down.
pub(crate) fn apply<'t>(tx: &'t mut Tx, text: &'t str) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        let wrong = |problem| Failure::new(Code::InvalidArgument, problem);
        let words = read(text).map_err(wrong)?;
        let clock = clock::read(text).map_err(wrong)?;
        commands::clock::set_house(tx, &clock.policy, &clock.ways).await?;
        match words {
            Some(words) => Ok(commands::notices::set_house(tx, &words).await?),
            None => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_of_halle_says_where_it_is() {
        let words = read(include_str!("../../../deploy/houses/halle.toml")).expect("good").expect("a section");
        for text in [&words.name, &words.tram, &words.bicycle, &words.car, &words.step_free, &words.bring] {
            assert!(!text.de.is_empty() && !text.en.is_empty() && !text.plain.is_empty(), "{text:?}");
        }
        assert_eq!(read("").expect("good"), None);
        assert!(read("[journey]\nname = { de = \"X\" }").expect_err("no address").contains("line 1"));
    }
}
