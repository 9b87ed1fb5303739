//! SMIL for players that are no browsers of ours (garlic-player, IAdea): an index with what a display shows, and the
//! page that it refers to. No player ever gets an empty index.

use std::io;

use chrono::{DateTime, SubsecRound, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::Text;
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};
use uuid::Uuid;

use crate::domain::{Arrow, Class, Content, Line, figures};

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

/// What is shown from one instant to another: facts end, each at its own time.
struct Span<'c> {
    /// None: at once.
    from: Option<DateTime<Utc>>,
    /// None: as long as nothing newer is there.
    until: Option<DateTime<Utc>>,
    lines: Vec<&'c Line>,
}

/// The spans of a content, each with the lines that still hold in it; after the last one nothing does.
fn spans(content: &Content) -> Vec<Span<'_>> {
    let mut ends: Vec<DateTime<Utc>> = content.lines.iter().filter_map(end).collect();
    ends.sort_unstable();
    ends.dedup();
    let froms = std::iter::once(None).chain(ends.iter().copied().map(Some));
    let untils = ends.iter().copied().map(Some).chain(std::iter::once(None));
    let span = |(from, until)| Span { from, until, lines: holding(content, from).collect() };
    froms.zip(untils).map(span).filter(|span| !span.lines.is_empty()).collect()
}

/// Players know whole seconds.
fn end(line: &Line) -> Option<DateTime<Utc>> {
    line.valid_until.map(|end| end.trunc_subsecs(0))
}

/// The lines that hold at an instant and after it; None: at once.
fn holding(content: &Content, from: Option<DateTime<Utc>>) -> impl Iterator<Item = &Line> {
    content.lines.iter().filter(move |line| from.is_none_or(|from| end(line).is_none_or(|end| from < end)))
}

/// The index of a display, which was set up as it is at `configured_at`. What it refers to lies at `origin`
/// ("http://house:8420"): an address that begins with a slash is a file of its own to some players.
///
/// # Errors
/// None that can happen: it is written into memory.
pub fn index(
    display_id: &str,
    revision: i64,
    configured_at: DateTime<Utc>,
    content: &Content,
    origin: &str,
) -> io::Result<Vec<u8>> {
    let page = format!("{origin}/signage/pages/{display_id}?revision={revision}");
    // Under an address of their own, so that the player has them before they are needed.
    let leave = format!("{origin}/signage/pages/{display_id}?evacuation={}", configured_at.timestamp());
    let rest = format!("{origin}/signage/pages/{display_id}?fallback");
    let there = There { origin, page: &page, leave: &leave, rest: &rest };
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
                xml.create_element("par").write_inner_content(|xml| {
                    xml.create_element("seq").write_inner_content(|xml| {
                        for kept in [&leave, &rest] {
                            xml.create_element("prefetch").with_attribute(("src", kept.as_str())).write_empty()?;
                        }
                        Ok(())
                    })?;
                    xml.create_element("excl")
                        .with_attribute(("repeatCount", "indefinite"))
                        .write_inner_content(|xml| classes(xml, content, &there))?;
                    Ok(())
                })?;
                Ok(())
            })?;
            Ok(())
        })?;
        Ok(())
    })
}

/// Where a player finds what it plays.
struct There<'t> {
    origin: &'t str,
    /// What is shown in this revision.
    page: &'t str,
    /// In an evacuation.
    leave: &'t str,
    /// When all else has run out.
    rest: &'t str,
}

fn classes(xml: &mut Xml, content: &Content, there: &There<'_>) -> io::Result<()> {
    // Evacuation has its own class above all, which stops whatever plays; mostly it is empty.
    let evacuation = content.class == Class::Evacuation;
    // The page that the player has does not say that it is a drill; then it plays the present one.
    let leave = if content.exercise { there.page } else { there.leave };
    priority(xml, |xml| if evacuation { always(xml, leave) } else { Ok(()) })?;
    // Facts end one after the other; what still holds is on a page of its own by then.
    priority(xml, |xml| match evacuation {
        true => Ok(()),
        false => spans(content).iter().try_for_each(|span| play(xml, there, span)),
    })?;
    // Never empty: what is shown when everything above has run out.
    priority(xml, |xml| always(xml, there.rest))
}

fn always(xml: &mut Xml, page: &str) -> io::Result<()> {
    xml.create_element("seq")
        .with_attributes([("begin", "0"), ("repeatCount", "indefinite")])
        .write_inner_content(|xml| reference(xml, page))
        .map(|_| ())
}

fn priority(xml: &mut Xml, inner: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<()> {
    let rules = [("higher", "stop"), ("lower", "defer"), ("peer", "stop")];
    xml.create_element("priorityClass").with_attributes(rules).write_inner_content(inner).map(|_| ())
}

/// The page with what is computed, then the pictures and films one after the other, from one end of a fact to the next.
fn play(xml: &mut Xml, there: &There<'_>, span: &Span<'_>) -> io::Result<()> {
    let wall_clock = |at: DateTime<Utc>| format!("wallclock({})", at.format("%Y-%m-%dT%H:%M:%SZ"));
    let begin = span.from.map_or_else(|| "0".to_owned(), wall_clock);
    let page = there.page;
    let page = span.from.map_or_else(|| page.to_owned(), |from| format!("{page}&from={}", from.timestamp()));
    let mut list =
        xml.create_element("seq").with_attributes([("begin", begin.as_str()), ("repeatCount", "indefinite")]);
    if let Some(end) = span.until.map(wall_clock) {
        list = list.with_attribute(("end", end.as_str()));
    }
    list.write_inner_content(|xml| {
        if span.lines.iter().any(|line| line.media.is_none()) {
            reference(xml, &page)?;
        }
        for item in span.lines.iter().filter_map(|line| line.media.as_ref()) {
            let source = format!("{}/signage/media/{}", there.origin, item.media_id);
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

/// The page that an index refers to, with what still holds at `from`: German large, English below it.
///
/// # Errors
/// None that can happen: it is written into memory.
pub fn page(content: &Content, computed_at: DateTime<Utc>, from: Option<DateTime<Utc>>) -> io::Result<Vec<u8>> {
    let class = if content.class == Class::Evacuation { "evacuation" } else { "normal" };
    html(class, &content.headline, holding(content, from).filter(|line| line.media.is_none()), Some(computed_at))
}

/// The page of an evacuation, which a player fetches before there is one.
///
/// # Errors
/// None that can happen: it is written into memory.
pub fn evacuation(content: &Content) -> io::Result<Vec<u8>> {
    html("evacuation", &content.headline, content.lines.iter(), None)
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
    let day = |day: &str| if day.is_empty() { String::new() } else { format!("{day} ") };
    // The clock needs no English, a day does.
    let in_english = match line.text.en.as_str() {
        "" => line.day.en.clone(),
        words => format!("{}{words}", day(&line.day.en)),
    };
    let step_free = if line.step_free { " ♿" } else { "" };
    xml.create_element("p")
        .write_inner_content(|xml| {
            text(xml, "b", &format!("{arrow}{}{clock}{}{step_free}", day(&line.day.de), line.text.de))?;
            english(xml, "span", &Text::new(&line.text.de, in_english))?;
            // The state of a showing, places left, how good a count is: as on the monitors of our own.
            for more in std::iter::once(line.detail.clone()).chain(figures(line)).filter(|it| !it.de.is_empty()) {
                xml.create_element("br").write_empty()?;
                text(xml, "small", &more.de)?;
                english(xml, "small", &more)?;
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
