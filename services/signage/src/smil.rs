//! SMIL for players that are no browsers of ours (garlic-player, IAdea): an index with what a display shows, and the
//! pages that it refers to. No player ever gets an empty index. What garlic-player makes of it was seen (services/README.md),
//! and is in `tests/it/conformance.rs`.

use std::io;

use chrono::{DateTime, SubsecRound, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::Text;
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};
use uuid::Uuid;

pub use self::slides::Panel;
use self::slides::{Second, Slide, slides};
use crate::domain::{Arrow, Class, Content, Line, figures};

mod slides;
pub mod widget;

/// The media type of an index.
pub const MEDIA_TYPE: &str = "application/smil+xml";
/// The media type of a page.
pub const PAGE_TYPE: &str = "application/xhtml+xml";
/// Players ask for a newer index this often; garlic-player not more than once a minute, whatever is said here.
const REFRESH_SECONDS: &str = "5";
/// Without this IAdea's players show no page.
const PAGES: (&str, &str) = ("systemComponent", "http://www.w3.org/1999/xhtml");
/// A picture or film is as large as the screen lets it, and in its middle: garlic-player shows it as it is, in a corner.
const WHOLE: [(&str, &str); 2] = [("fit", "meet"), ("mediaAlign", "center")];
/// garlic-player 0.6.0 goes by how an address ends, later ones by how it ends before its question.
const WIDGET: &str = "&.wgt";
/// Players that know nothing else show the page this long before they look again.
const PAGE_SECONDS: u32 = 15;
/// Of several slides each is there so long.
const SLIDE_SECONDS: u32 = 8;

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

/// Whose index it is.
#[derive(Clone, Copy, Debug)]
pub struct Whose<'w> {
    /// Which player asks.
    pub player: Uuid,
    /// Its display.
    pub display_id: &'w str,
    /// Under which address it has found the house ("http://house:8420"): an address that begins with a slash is a file of its own
    /// to some players.
    pub origin: &'w str,
}

impl Whose<'_> {
    /// Where the pages are that it keeps.
    fn kept(&self) -> String {
        format!("{}/signage/pages/{}/page.wgt?player={}", self.origin, self.display_id, self.player)
    }

    /// Where it finds what its display shows now, and is seen.
    #[must_use]
    pub fn live(&self, slide: usize) -> String {
        format!("{}/signage/pages/{}?player={}&slide={slide}", self.origin, self.display_id, self.player)
    }
}

/// The index of a display, which was set up as it is at `configured_at` and says `standby` in an evacuation.
///
/// # Errors
/// None that can happen: it is written into memory.
pub fn index(
    whose: Whose<'_>,
    revision: i64,
    configured_at: DateTime<Utc>,
    content: &Content,
    standby: &Content,
    panel: Panel,
) -> io::Result<Vec<u8>> {
    let (kept, origin) = (whose.kept(), whose.origin);
    let page = format!("{kept}&revision={revision}");
    // Under an address of their own, so that the player has them before they are needed.
    let leave = format!("{kept}&evacuation={}", configured_at.timestamp());
    let rest = format!("{kept}&fallback{WIDGET}");
    let leave = refs(&leave, &standby.headline, Class::Evacuation, &standby.lines.iter().collect::<Vec<_>>(), panel);
    let there = There { origin, panel, page: &page, leave: &leave, rest: &rest };
    document(|xml| {
        xml.create_element("smil").write_inner_content(|xml| {
            xml.create_element("head").write_inner_content(|xml| {
                let refresh = [("http-equiv", "Refresh"), ("content", REFRESH_SECONDS)];
                xml.create_element("meta").with_attributes(refresh).write_empty()?;
                xml.create_element("layout").write_inner_content(|xml| {
                    let (width, height) = if panel.portrait { ("1080", "1920") } else { ("1920", "1080") };
                    let size = [("width", width), ("height", height)];
                    xml.create_element("root-layout").with_attributes(size).write_empty()?;
                    let whole =
                        [("regionName", "screen"), ("top", "0"), ("left", "0"), ("width", "100%"), ("height", "100%")];
                    xml.create_element("region").with_attributes(whole).write_empty()?;
                    Ok(())
                })?;
                Ok(())
            })?;
            xml.create_element("body").with_attribute(PAGES).write_inner_content(|xml| {
                xml.create_element("par").write_inner_content(|xml| {
                    xml.create_element("seq").write_inner_content(|xml| {
                        for kept in leave.iter().chain([&rest]) {
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
    panel: Panel,
    /// What is shown in this revision.
    page: &'t str,
    /// In an evacuation.
    leave: &'t [String],
    /// When all else has run out.
    rest: &'t str,
}

fn classes(xml: &mut Xml, content: &Content, there: &There<'_>) -> io::Result<()> {
    // Evacuation has its own class above all, which stops whatever plays; mostly it is empty.
    let evacuation = content.class == Class::Evacuation;
    // The page that the player has does not say that it is a drill; then it plays the present one.
    let lines: Vec<&Line> = content.lines.iter().collect();
    let drill = refs(there.page, &content.headline, content.class, &lines, there.panel);
    let leave = if content.exercise { &drill[..] } else { there.leave };
    priority(xml, |xml| if evacuation { always(xml, leave) } else { Ok(()) })?;
    // Facts end one after the other; what still holds is on a page of its own by then.
    priority(xml, |xml| match evacuation {
        true => Ok(()),
        false => spans(content).iter().try_for_each(|span| play(xml, content, there, span)),
    })?;
    // Never empty: what is shown when everything above has run out.
    priority(xml, |xml| always(xml, &[there.rest.to_owned()]))
}

/// The addresses of the slides of some lines.
fn refs(page: &str, headline: &Text, class: Class, lines: &[&Line], panel: Panel) -> Vec<String> {
    (0..slides(class, headline, lines, panel).len()).map(|at| format!("{page}&slide={at}{WIDGET}")).collect()
}

fn always(xml: &mut Xml, pages: &[String]) -> io::Result<()> {
    xml.create_element("seq")
        .with_attributes([("begin", "0"), ("repeatCount", "indefinite")])
        .write_inner_content(|xml| references(xml, pages))
        .map(|_| ())
}

fn priority(xml: &mut Xml, inner: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<()> {
    // "peers" is what SMIL 3.0 calls it, "peer" what other houses write.
    let rules = [("higher", "stop"), ("lower", "defer"), ("peers", "stop"), ("peer", "stop")];
    xml.create_element("priorityClass").with_attributes(rules).write_inner_content(inner).map(|_| ())
}

/// The page with what is computed, then the pictures and films one after the other, from one end of a fact to the next.
fn play(xml: &mut Xml, content: &Content, there: &There<'_>, span: &Span<'_>) -> io::Result<()> {
    // In the house's time and without its zone: garlic-player takes a time with a zone for midnight.
    let wall_clock =
        |at: DateTime<Utc>| format!("wallclock({})", at.with_timezone(&Berlin).format("%Y-%m-%dT%H:%M:%S"));
    let begin = span.from.map_or_else(|| "0".to_owned(), wall_clock);
    let page = there.page;
    let page = span.from.map_or_else(|| page.to_owned(), |from| format!("{page}&from={}", from.timestamp()));
    let mut list =
        xml.create_element("seq").with_attributes([("begin", begin.as_str()), ("repeatCount", "indefinite")]);
    if let Some(end) = span.until.map(wall_clock) {
        list = list.with_attribute(("end", end.as_str()));
    }
    list.write_inner_content(|xml| {
        let read: Vec<&Line> = span.lines.iter().copied().filter(|line| line.media.is_none()).collect();
        if !read.is_empty() {
            references(xml, &refs(&page, &content.headline, content.class, &read, there.panel))?;
        }
        for item in span.lines.iter().filter_map(|line| line.media.as_ref()) {
            let source = format!("{}/signage/media/{}", there.origin, item.media_id);
            let seconds = format!("{}s", item.seconds);
            let kind = item.media_type.name();
            let there = [("src", source.as_str()), ("type", kind), ("region", "screen"), ("dur", &seconds)];
            let element = if item.media_type.is_film() { "video" } else { "img" };
            xml.create_element(element).with_attributes(there).with_attributes(WHOLE).write_empty()?;
        }
        Ok(())
    })
    .map(|_| ())
}

fn references(xml: &mut Xml, pages: &[String]) -> io::Result<()> {
    let seconds = format!("{}s", if pages.len() > 1 { SLIDE_SECONDS } else { PAGE_SECONDS });
    for page in pages {
        let attributes =
            [("src", page.as_str()), ("type", widget::MEDIA_TYPE), ("region", "screen"), ("dur", &seconds)];
        xml.create_element("ref").with_attributes(attributes).write_empty()?;
    }
    Ok(())
}

/// Light on dark in normal times, the strongest contrast in an evacuation. How large the letters are depends on the panel.
const STYLE: &str = "html{background:#0b1026;color:#fff}body{margin:3vmin;font-family:Arial,Liberation Sans,sans-serif;\
line-height:1.2;overflow-wrap:break-word}h1,p{margin:0}p{padding-top:.25em}[lang=en],[lang=de-x-ls],small{display:block;\
font-weight:400}.evacuation{background:#fff;color:#000}.evacuation h1{color:#8f0016}\
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}\
object{position:fixed;top:0;left:0;width:100%;height:100%}";

/// Which of the pages of some lines: a slide, or all that there is for who looks by a browser; on which panel.
#[derive(Clone, Copy, Debug)]
pub struct Part<'p> {
    /// Counted from 0; None: all at once.
    pub slide: Option<usize>,
    /// How large the letters are.
    pub panel: Panel,
    /// Where it is as it is now, which lies above it as long as the player reaches the house: a kept page is as old as its index.
    pub live: Option<&'p str>,
}

/// The page that an index refers to, with what still holds at `from`. It cannot know how old it is when it is looked at,
/// so it says so of no more than those facts whose teller is silent; all others end by the index.
///
/// # Errors
/// None that can happen: it is written into memory.
pub fn page(content: &Content, from: Option<DateTime<Utc>>, part: Part<'_>) -> io::Result<Vec<u8>> {
    let lines: Vec<&Line> = holding(content, from).filter(|line| line.media.is_none()).collect();
    html(content.class, &content.headline, &lines, part)
}

/// The page of an evacuation, which a player fetches before there is one.
///
/// # Errors
/// None that can happen: it is written into memory.
pub fn evacuation(content: &Content, part: Part<'_>) -> io::Result<Vec<u8>> {
    html(Class::Evacuation, &content.headline, &content.lines.iter().collect::<Vec<_>>(), part)
}

/// What is shown when all facts have run out.
///
/// # Errors
/// None that can happen: it is written into memory.
pub fn fallback(content: &Content, part: Part<'_>) -> io::Result<Vec<u8>> {
    html(Class::Default, &content.fallback, &[], part)
}

fn html(class: Class, headline: &Text, lines: &[&Line], part: Part<'_>) -> io::Result<Vec<u8>> {
    let shown = match part.slide {
        // Of a content that has changed meanwhile there may be fewer.
        Some(slide) => {
            let mut slides = slides(class, headline, lines, part.panel);
            let last = slides.len().saturating_sub(1);
            vec![slides.swap_remove(slide.min(last))]
        }
        None => [(true, Second::English), (false, Second::Plain)]
            .map(|(headline, second)| Slide { headline, german: true, second: Some(second), lines: lines.to_vec() })
            .into(),
    };
    let (large, small) = (part.panel.letters(), part.panel.small());
    let vmin = |size: usize| format!("{}.{:02}vmin", size / 100, size % 100);
    let sizes = format!(
        "h1,b{{font-size:{}}}small,[lang=en],[lang=de-x-ls],.small b{{font-size:{}}}",
        vmin(large),
        vmin(small)
    );
    let kind = if class == Class::Evacuation { "evacuation" } else { "normal" };
    document(|xml| {
        // Players read it as XML or, when they keep it, as HTML.
        xml.write_event(Event::DocType(BytesText::new("html")))?;
        let root = [("xmlns", "http://www.w3.org/1999/xhtml"), ("lang", "de"), ("class", kind)];
        xml.create_element("html").with_attributes(root).write_inner_content(|xml| {
            xml.create_element("head").write_inner_content(|xml| {
                xml.create_element("meta").with_attribute(("charset", "utf-8")).write_empty()?;
                text(xml, "title", &headline.de)?;
                text(xml, "style", &format!("{STYLE}{sizes}"))
            })?;
            xml.create_element("body").write_inner_content(|xml| {
                let slides = |xml: &mut Xml| shown.iter().try_for_each(|slide| on_slide(xml, class, headline, slide));
                xml.create_element("main").write_inner_content(slides)?;
                if let Some(live) = part.live {
                    // One that cannot be fetched shows nothing: what is kept stays in sight.
                    let there = [("type", PAGE_TYPE), ("data", live)];
                    xml.create_element("object").with_attributes(there).write_text_content(BytesText::new(""))?;
                }
                Ok(())
            })?;
            Ok(())
        })?;
        Ok(())
    })
}

fn on_slide(xml: &mut Xml, class: Class, headline: &Text, slide: &Slide<'_>) -> io::Result<()> {
    // Where there is no room for it, it is still read aloud.
    let class_of = if slide.headline { "seen" } else { "unseen" };
    xml.create_element("h1")
        .with_attribute(("class", class_of))
        .write_inner_content(|xml| voices(xml, "span", headline, slide))?;
    slide.lines.iter().try_for_each(|line| one(xml, class, line, slide))
}

fn one(xml: &mut Xml, class: Class, line: &Line, slide: &Slide<'_>) -> io::Result<()> {
    let arrow = line.arrow.map_or("", |arrow| match arrow {
        Arrow::Up | Arrow::Ahead => "↑ ",
        Arrow::Down => "↓ ",
        Arrow::Left => "← ",
        Arrow::Right => "→ ",
    });
    let clock = line.starts_at.map(|at| at.with_timezone(&Berlin).format("%H:%M ").to_string()).unwrap_or_default();
    let dated = |day: &str, words: &str| match (day, words) {
        ("", _) => words.to_owned(),
        (_, "") => day.to_owned(),
        _ => format!("{day} {words}"),
    };
    let step_free = if line.step_free { " ♿" } else { "" };
    let day = if line.day.de.is_empty() { String::new() } else { format!("{} ", line.day.de) };
    let said = Text {
        de: format!("{arrow}{day}{clock}{}{step_free}", line.text.de),
        // The clock needs no English, a day does.
        en: if line.text.en == line.text.de { line.day.en.clone() } else { dated(&line.day.en, &line.text.en) },
        plain: if line.text.plain.is_empty() { String::new() } else { dated(&line.day.plain, &line.text.plain) },
    };
    let size = if slides::is_small(class, line) { "small" } else { "large" };
    xml.create_element("p")
        .with_attribute(("class", size))
        .write_inner_content(|xml| {
            voices(xml, "b", &said, slide)?;
            // The state of a showing, places left, how good a count is: as on the monitors of our own.
            for more in std::iter::once(line.detail.clone()).chain(figures(line)).filter(|it| !it.de.is_empty()) {
                voices(xml, "small", &more, slide)?;
            }
            Ok(())
        })
        .map(|_| ())
}

/// German, and what stands below it on this slide.
fn voices(xml: &mut Xml, element: &str, words: &Text, slide: &Slide<'_>) -> io::Result<()> {
    if slide.german {
        text(xml, element, &words.de)?;
    }
    let Some((language, second)) = slide.second.and_then(|second| second.of(words)) else { return Ok(()) };
    xml.create_element("span").with_attribute(("lang", language)).write_text_content(BytesText::new(second)).map(|_| ())
}
