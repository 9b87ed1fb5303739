//! The `[journey]` part of the house file: what visitors are told of the house and of the ways to it. Applying the same
//! file again changes nothing.

mod clock;

use std::collections::BTreeMap;

use kernel::{BoxFuture, Code, Failure, Tx, values::Text};
use serde::{Deserialize, de::IgnoredAny};
use toml::Spanned;

use crate::{commands, domain::notices::letter::HouseWords};

#[derive(Deserialize)]
struct File {
    /// A house may have nothing to say: then its notices have no ways in them.
    #[serde(default)]
    journey: Option<Spanned<Section>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    /// Read by [`clock`], as are `ways`.
    #[serde(default, rename = "clock")]
    _clock: Option<IgnoredAny>,
    #[serde(default, rename = "ways")]
    _ways: Option<IgnoredAny>,
    name: Option<Spanned<Text>>,
    brand: Option<Spanned<String>>,
    address: Option<Spanned<String>>,
    cafe: Option<Spanned<String>>,
    #[serde(default)]
    halls: BTreeMap<String, Spanned<Text>>,
    accessible: Option<Spanned<Text>>,
    imprint: Option<Spanned<Text>>,
    tram: Option<Spanned<Text>>,
    bicycle: Option<Spanned<Text>>,
    car: Option<Spanned<Text>>,
    step_free: Option<Spanned<Text>>,
    bring: Option<Spanned<Text>>,
}

/// The longest text; a letter is no brochure.
const LONGEST: usize = 600;

/// "line 12, journey.tram: …"
fn wrong(text: &str, at: usize, key: &str, problem: &str) -> String {
    let line = text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line}, journey.{key}: {problem}")
}

/// A line of the section, checked; the same in every language.
fn line(text: &str, key: &str, value: Option<Spanned<String>>) -> Result<String, String> {
    let Some(value) = value else { return Ok(String::new()) };
    let at = value.span().start;
    let value = value.into_inner();
    fits(&value).map_err(|problem| wrong(text, at, key, &problem))?;
    Ok(value)
}

/// A text of the section, checked.
fn said(text: &str, key: &str, value: Option<Spanned<Text>>) -> Result<Text, String> {
    let Some(value) = value else { return Ok(Text::default()) };
    let at = value.span().start;
    let value = value.into_inner();
    for one in [&value.de, &value.en, &value.plain] {
        fits(one).map_err(|problem| wrong(text, at, key, &problem))?;
    }
    Ok(value)
}

fn fits(text: &str) -> Result<(), String> {
    if text.chars().count() > LONGEST || text.chars().any(char::is_control) {
        return Err(format!("is longer than {LONGEST} characters or has line breaks"));
    }
    Ok(())
}

fn read(text: &str) -> Result<Option<HouseWords>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let Some(section) = file.journey else { return Ok(None) };
    let begins = section.span().start;
    let Section {
        _clock,
        _ways,
        name,
        brand,
        address,
        cafe,
        halls,
        accessible,
        imprint,
        tram,
        bicycle,
        car,
        step_free,
        bring,
    } = section.into_inner();
    let lines = [&brand, &address, &cafe];
    let texts = [&name, &accessible, &imprint, &tram, &bicycle, &car, &step_free, &bring];
    if lines.iter().all(|it| it.is_none()) && halls.is_empty() && texts.iter().all(|it| it.is_none()) {
        return Ok(None);
    }
    let address_at = address.as_ref().map_or(begins, |it| it.span().start);
    let name_at = name.as_ref().map_or(begins, |it| it.span().start);
    let words = HouseWords {
        name: said(text, "name", name)?,
        brand: line(text, "brand", brand)?,
        address: line(text, "address", address)?,
        cafe: line(text, "cafe", cafe)?,
        halls: halls
            .into_iter()
            .map(|(id, name)| Ok((id.clone(), said(text, &format!("halls.{id}"), Some(name))?)))
            .collect::<Result<_, String>>()?,
        accessible: said(text, "accessible", accessible)?,
        imprint: said(text, "imprint", imprint)?,
        tram: said(text, "tram", tram)?,
        bicycle: said(text, "bicycle", bicycle)?,
        car: said(text, "car", car)?,
        step_free: said(text, "step_free", step_free)?,
        bring: said(text, "bring", bring)?,
    };
    if words.name.de.is_empty() {
        return Err(wrong(text, name_at, "name", "needs a German text; notices say where to go"));
    }
    if words.address.is_empty() {
        return Err(wrong(text, address_at, "address", "is missing; notices say where to go"));
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
    }

    #[test]
    fn what_is_wrong_is_named_with_line_and_key() {
        let long =
            format!("[journey]\nname = {{ de = \"X\" }}\naddress = \"Y\"\n\ntram = {{ de = \"{}\" }}", "Z".repeat(601));
        for (text, problem) in [
            ("[journey]\nname = { de = \"X\" }", "line 1, journey.address: is missing"),
            ("\n[journey]\naddress = \"Y\"", "line 2, journey.name: needs a German text"),
            ("[journey]\naddress = \"Y\"\nname = { de = \"\" }", "line 3, journey.name: needs a German text"),
            ("[journey]\nname = { de = \"X\" }\naddress = \"Y\\nZ\"", "line 3, journey.address: is longer"),
            (&long, "line 5, journey.tram: is longer than 600"),
            ("[journey]\nname = { de = \"X\" }\naddress = 7", "line 3"),
            (
                "[journey]\nname = { de = \"X\" }\naddress = \"Y\"\nbrand = \"A\\nB\"",
                "line 4, journey.brand: is longer",
            ),
            (
                "[journey]\nname = { de = \"X\" }\naddress = \"Y\"\nhalls.dome = { de = \"A\\tB\" }",
                "line 4, journey.halls.dome: is longer",
            ),
            ("[journey]\nname = { de = \"X\" }\nadress = \"Y\"", "line 3"),
        ] {
            let said = read(text).expect_err(text);
            assert!(said.contains(problem), "{text}: {said}");
        }
    }
}
