//! SMIL for players that are no browsers of ours (garlic-player, IAdea): an index with what a display shows, and the
//! page that it refers to. No player ever gets an empty index.

use std::io;

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::Text;
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};
use uuid::Uuid;

use crate::domain::{Arrow, Class, Content, Line};

/// The media type of an index.
pub const MEDIA_TYPE: &str = "application/smil+xml";
/// Players ask for a newer index this often.
const REFRESH_SECONDS: &str = "5";
/// Players that know nothing else show the page this long before they look again.
const PAGE_SECONDS: u32 = 15;

type Xml = Writer<Vec<u8>>;

/// Who a player says that it is: the UUID in its User-Agent, `GAPI/1.0 (UUID:…; NAME:…) …`.
#[must_use]
pub fn player(agent: &str) -> Option<Uuid> {
    let begin = agent.find("UUID:")? + "UUID:".len();
    let text = agent.get(begin..)?;
    let end = text.find([';', ')', ' ']).unwrap_or(text.len());
    Uuid::try_parse(text.get(..end)?.trim()).ok()
}

fn document(root: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    root(&mut xml)?;
    Ok(xml.into_inner())
}

fn text(xml: &mut Xml, name: &str, words: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(words)).map(|_| ())
}

/// The index of a display.
///
/// # Errors
/// None that can happen: it is written into memory.
pub fn index(display_id: &str, revision: i64, content: &Content) -> io::Result<Vec<u8>> {
    let page = format!("/signage/pages/{display_id}?revision={revision}");
    let rest = format!("/signage/pages/{display_id}?fallback");
    document(|xml| {
        xml.create_element("smil").write_inner_content(|xml| {
            xml.create_element("head").write_inner_content(|xml| {
                let refresh = [("http-equiv", "Refresh"), ("content", REFRESH_SECONDS)];
                xml.create_element("meta").with_attributes(refresh).write_empty()?;
                xml.create_element("layout").write_inner_content(|xml| {
                    let size = [("width", "1920"), ("height", "1080")];
                    xml.create_element("root-layout").with_attributes(size).write_empty()?;
                    let whole =
                        [("regionName", "screen"), ("top", "0"), ("left", "0"), ("width", "100%"), ("height", "100%")];
                    xml.create_element("region").with_attributes(whole).write_empty()?;
                    Ok(())
                })?;
                Ok(())
            })?;
            xml.create_element("body").write_inner_content(|xml| {
                xml.create_element("excl").with_attribute(("repeatCount", "indefinite")).write_inner_content(
                    |xml| {
                        // Evacuation has its own class above all, which stops whatever plays; mostly it is empty.
                        let evacuation = content.class == Class::Evacuation;
                        priority(xml, |xml| if evacuation { play(xml, &page, content) } else { Ok(()) })?;
                        priority(xml, |xml| if evacuation { Ok(()) } else { play(xml, &page, content) })?;
                        // Never empty: what is shown when everything above has run out.
                        priority(xml, |xml| {
                            xml.create_element("seq")
                                .with_attributes([("begin", "0"), ("repeatCount", "indefinite")])
                                .write_inner_content(|xml| reference(xml, &rest))?;
                            Ok(())
                        })
                    },
                )?;
                Ok(())
            })?;
            Ok(())
        })?;
        Ok(())
    })
}

fn priority(xml: &mut Xml, inner: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<()> {
    let rules = [("higher", "stop"), ("lower", "defer"), ("peer", "stop")];
    xml.create_element("priorityClass").with_attributes(rules).write_inner_content(inner).map(|_| ())
}

/// The page with what is computed, then the pictures and films one after the other; all of it ends when the first
/// of its facts does.
fn play(xml: &mut Xml, page: &str, content: &Content) -> io::Result<()> {
    let mut list = xml.create_element("seq").with_attributes([("begin", "0"), ("repeatCount", "indefinite")]);
    let end = content.lines.iter().filter_map(|line| line.valid_until).min();
    if let Some(end) = end {
        let wall_clock = format!("wallclock({})", end.format("%Y-%m-%dT%H:%M:%SZ"));
        list = list.with_attribute(("end", wall_clock.as_str()));
    }
    list.write_inner_content(|xml| {
        if content.lines.iter().any(|line| line.media.is_none()) {
            reference(xml, page)?;
        }
        for item in content.lines.iter().filter_map(|line| line.media.as_ref()) {
            let source = format!("/signage/media/{}", item.media_id);
            let seconds = format!("{}s", item.seconds);
            let kind = item.media_type.name();
            let attributes = [("src", source.as_str()), ("type", kind), ("region", "screen"), ("dur", &seconds)];
            let element = if item.media_type.is_film() { "video" } else { "img" };
            xml.create_element(element).with_attributes(attributes).write_empty()?;
        }
        Ok(())
    })
    .map(|_| ())
}

fn reference(xml: &mut Xml, page: &str) -> io::Result<()> {
    let seconds = format!("{PAGE_SECONDS}s");
    let attributes = [("src", page), ("type", "text/html"), ("region", "screen"), ("dur", seconds.as_str())];
    xml.create_element("ref").with_attributes(attributes).write_empty().map(|_| ())
}

/// Readable from ten metres; light on dark in normal times, the strongest contrast in an evacuation.
const STYLE: &str = "html{font:6vmin/1.25 sans-serif;background:#0b1026;color:#fff}body{margin:4vmin}\
h1{font-size:10vmin;margin:0}h2{font-size:6vmin;font-weight:normal;margin:0 0 4vmin}p{margin:0 0 3vmin}\
small{font-size:4.5vmin}.evacuation{background:#fff;color:#000}.evacuation h1{color:#b00000}footer{font-size:3vmin}";

/// The page that an index refers to: German large, English below it.
///
/// # Errors
/// None that can happen: it is written into memory.
pub fn page(content: &Content, computed_at: DateTime<Utc>) -> io::Result<Vec<u8>> {
    let class = if content.class == Class::Evacuation { "evacuation" } else { "normal" };
    html(class, &content.headline, content.lines.iter().filter(|line| line.media.is_none()), Some(computed_at))
}

/// What is shown when all facts have run out.
///
/// # Errors
/// None that can happen: it is written into memory.
pub fn fallback(content: &Content) -> io::Result<Vec<u8>> {
    html("normal", &content.fallback, std::iter::empty(), None)
}

fn html<'a>(
    class: &str,
    headline: &Text,
    lines: impl Iterator<Item = &'a Line>,
    computed_at: Option<DateTime<Utc>>,
) -> io::Result<Vec<u8>> {
    let page = document(|xml| {
        let root = [("xmlns", "http://www.w3.org/1999/xhtml"), ("lang", "de"), ("class", class)];
        xml.create_element("html").with_attributes(root).write_inner_content(|xml| {
            xml.create_element("head").write_inner_content(|xml| {
                text(xml, "title", &headline.de)?;
                text(xml, "style", STYLE)
            })?;
            xml.create_element("body").write_inner_content(|xml| {
                text(xml, "h1", &headline.de)?;
                english(xml, "h2", headline)?;
                for line in lines {
                    one(xml, line)?;
                }
                if let Some(at) = computed_at {
                    text(xml, "footer", &format!("Stand {}", at.with_timezone(&Berlin).format("%H:%M")))?;
                }
                Ok(())
            })?;
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(page)
}

fn one(xml: &mut Xml, line: &Line) -> io::Result<()> {
    let arrow = line.arrow.map_or("", |arrow| match arrow {
        Arrow::Up | Arrow::Ahead => "↑ ",
        Arrow::Down => "↓ ",
        Arrow::Left => "← ",
        Arrow::Right => "→ ",
    });
    let clock = line.starts_at.map(|at| at.with_timezone(&Berlin).format("%H:%M ").to_string()).unwrap_or_default();
    let step_free = if line.step_free { " ♿" } else { "" };
    xml.create_element("p")
        .write_inner_content(|xml| {
            text(xml, "b", &format!("{arrow}{clock}{}{step_free}", line.text.de))?;
            english(xml, "span", &line.text)?;
            if !line.detail.de.is_empty() {
                xml.create_element("br").write_empty()?;
                text(xml, "small", &line.detail.de)?;
            }
            Ok(())
        })
        .map(|_| ())
}

/// English, where it is another word.
fn english(xml: &mut Xml, element: &str, words: &Text) -> io::Result<()> {
    if words.en.is_empty() || words.en == words.de {
        return Ok(());
    }
    xml.create_element(element)
        .with_attribute(("lang", "en"))
        .write_text_content(BytesText::new(&format!(" {}", words.en)))
        .map(|_| ())
}
