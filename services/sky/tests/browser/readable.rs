//! Every monitor of the house on a panel as it hangs, upright ones too: nothing that it says is too small from the stated
//! distance, cut off or pale, in any of its languages, in normal times and in an evacuation.

use chrono::TimeDelta;
use kernel::{Role, values::timestamp};
use serde_json::json;
use sky_proto::{
    flow::v1::HouseState,
    kernel::v1::LocalizedText,
    signage::v1::{
        Display, ListDisplaysRequest, Orientation, PriorityClass, PublishMessageRequest, signage_client::SignageClient,
    },
};

use crate::{
    accessible,
    chrome::{Browser, Device},
    stage::Stage,
    world::staff,
};

/// What of the letters is too small for the stated distance, in pixels, and what is cut off.
const LETTERS: &str = "(first, second) => {
    const size = (it) => parseFloat(getComputedStyle(it).fontSize);
    const seen = (css) => Array.from(document.querySelectorAll('main ' + css)).filter((it) => it.offsetParent);
    const small = (css, least) => seen(css).filter((it) => size(it) < least - 0.5).map((it) => css + ' ' + size(it) + ' px: ' + it.textContent);
    const list = document.querySelector('main ul');
    const over = list.scrollHeight > list.clientHeight + 1 ? ['cut off'] : [];
    return small('h1', first).concat(small('b:not(.evacuation .line-notice b, .dense .line-notice b)', first), small('.evacuation .line-notice b, .dense .line-notice b', second), small('.time', first), small('.second', second), small('small', second), over);
    }";

/// What one has read of an evacuation so far, on its slides in their turns: true when every line was there in every
/// language, and the first slide with the headline. What was found too small stays in `window.found`.
const READS: &str = "
    (() => {
        const second = document.documentElement.dataset.second;
        const screen = document.querySelector('.screen.evacuation');
        const lines = [...screen.querySelectorAll('li')];
        window.read = window.read || new Set();
        window.found = window.found || new Set();
        for (const line of lines) if (line.offsetParent) window.read.add(second + line.querySelector('b').textContent);
        const bare = screen.querySelector('h1').offsetHeight < 2;
        if (!bare && !lines[0].offsetParent) window.found.add('a headline without the way out');
        if (!bare) window.read.add(second + ' headline');
        letters().forEach((it) => window.found.add(it));
        return window.read.size === 2 * (lines.length + 1);
    })()";

/// The same of a safety notice: true when all of its words have been there.
const READS_SAFETY: &str = "
    (() => {
        const words = [...document.querySelectorAll('.screen.safety li b, .screen.safety li .second')];
        window.read = window.read || new Set();
        window.found = window.found || new Set();
        for (const it of words) if (it.offsetParent) window.read.add(it.textContent);
        letters().forEach((it) => window.found.add(it));
        return words.length > 0 && words.every((it) => window.read.has(it.textContent));
    })()";

/// Texts that contrast less than 7 to 1 with what is behind them, by what the browser has computed: whatever their size.
const PALE: &str = r"
    const channels = (color) => color.match(/[\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((it) => it / 255)
        .map((it) => it <= 0.04045 ? it / 12.92 : Math.pow((it + 0.055) / 1.055, 2.4))
        .reduce((sum, it, at) => sum + it * [0.2126, 0.7152, 0.0722][at], 0);
    const over = (above, below) => {
        const alpha = above.length > 3 ? above[3] : 1;
        return [0, 1, 2].map((at) => above[at] * alpha + below[at] * (1 - alpha));
    };
    const behind = (it) => it
        ? over(channels(getComputedStyle(it).backgroundColor), behind(it.parentElement))
        : [255, 255, 255];
    const ratio = (it) => {
        const back = behind(it);
        const [one, other] = [light(over(channels(getComputedStyle(it).color), back)), light(back)];
        return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    let texts = 0;
    while (walker.nextNode()) {
        const it = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !it.checkVisibility({ visibilityProperty: true }) || it.closest('template, script, style, noscript')) continue;
        texts += 1;
        if (ratio(it) < 7) found.push(ratio(it).toFixed(2) + ': ' + walker.currentNode.data.trim());
    }
    return texts > 2 ? found : ['only ' + texts + ' texts'];";

/// Lines and languages take turns faster, so that the test need not wait for each.
const FASTER: &str = "
    const begin = window.setInterval.bind(window);
    window.setInterval = (turn, pause) => begin(turn, pause === 8000 ? 1500 : pause);";

/// Turns the panel as the display hangs and opens its page.
async fn opens(looking: &Browser, display: &Display) {
    let (width, height) = if display.orientation() == Orientation::Portrait { (1080, 1920) } else { (1920, 1080) };
    let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    looking.command("Emulation.setDeviceMetricsOverride", metrics).await;
    looking.open(&format!("/monitor/{}", display.display_id)).await;
    looking.sees("main h1", "").await;
    looking.holds("the font", "document.fonts.ready.then(() => true)").await;
}

/// How large a first and a second line must be at least, in pixels.
fn least(display: &Display) -> [f64; 2] {
    let metres = f64::from(display.viewing_distance_m);
    // 55 inches: 685 mm on its shorter side; further away than 15 m the panel is as large as the display's page says.
    let panel = 685.0 * (metres / 15.0).max(1.0);
    // Capitals of 0.668 em.
    [250.0, 380.0].map(|share| metres * 1000.0 / share / 0.668 / panel * 1080.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_monitor_is_readable_from_where_people_stand() {
    let Some(stage) = Stage::open().await else { return };
    let looking = stage.staff(Role::Operator, Device::Monitor).await;
    looking.command("Page.addScriptToEvaluateOnNewDocument", json!({ "source": FASTER })).await;
    let mut signage = SignageClient::new(stage.world.door("signage", &staff(Role::Operator)));
    let displays = signage.list_displays(ListDisplaysRequest {}).await.expect("a list").into_inner().displays;
    assert_eq!(displays.len(), 16);
    assert!(displays.iter().any(|it| it.orientation() == Orientation::Portrait));
    let mut faults = Vec::new();
    for display in &displays {
        opens(&looking, display).await;
        let name = &display.display_id;
        for second in ["en", "easy"] {
            looking
                .holds(
                    second,
                    &format!(
                        "!document.querySelector('.easy') || document.documentElement.dataset.second === '{second}'"
                    ),
                )
                .await;
            let [large, small] = least(display);
            let found = looking.run(&format!("return ({LETTERS})({large}, {small})")).await;
            faults.push((format!("{name} {second}"), found));
            faults.push((format!("{name} {second}"), looking.run(PALE).await));
        }
        looking.shoots(&format!("monitor-{name}")).await;
        accessible::contrasts(&looking, name).await;
    }
    stage.sets_house("anna", HouseState::Evacuating).await;
    for display in &displays {
        opens(&looking, display).await;
        looking.sees(".screen.evacuation", "Bitte verlassen Sie sofort das Haus").await;
        let name = &display.display_id;
        looking.shoots(&format!("monitor-{name}-evacuation")).await;
        let [large, small] = least(display);
        let reads = READS.replace("letters()", &format!("({LETTERS})({large}, {small})"));
        looking.holds("every line in every language", &reads).await;
        let found = looking.run("return [...window.found]").await;
        faults.push((format!("{name} in an evacuation"), found));
        faults.push((format!("{name} in an evacuation"), looking.run(PALE).await));
        accessible::contrasts(&looking, name).await;
    }
    faults.retain(|(_, found)| *found != json!([]));
    assert!(faults.is_empty(), "{faults:#?}");
    looking.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_safety_notice_is_readable_from_where_people_stand_however_long_it_is() {
    let Some(stage) = Stage::open().await else { return };
    let looking = stage.staff(Role::Operator, Device::Monitor).await;
    looking.command("Page.addScriptToEvaluateOnNewDocument", json!({ "source": FASTER })).await;
    let mut signage = SignageClient::new(stage.world.door("signage", &staff(Role::Operator)));
    // As long as a message may be, and a usual one besides.
    let longest = |words: &str| words.repeat(200).chars().take(199).collect::<String>() + "!";
    let long = [longest("Alle warten hier. "), longest("All wait here. "), longest("Bitte hier warten. ")];
    let usual = ["Bleiben Sie bitte ruhig.", "Please stay calm.", "Bleiben Sie ruhig."].map(str::to_owned);
    for [de, en, plain] in [long, usual] {
        let message = PublishMessageRequest {
            idempotency_key: uuid::Uuid::now_v7().to_string(),
            priority_class: PriorityClass::Safety.into(),
            text: Some(LocalizedText { de, en, plain }),
            group: String::new(),
            valid_until: Some(timestamp(stage.house.clock.now() + TimeDelta::hours(1))),
        };
        signage.publish_message(message).await.expect("published");
    }
    // Panels that hang alike and are read from as far show the same.
    let mut displays = signage.list_displays(ListDisplaysRequest {}).await.expect("a list").into_inner().displays;
    displays.sort_by_key(|it| (it.orientation, it.viewing_distance_m));
    displays.dedup_by_key(|it| (it.orientation, it.viewing_distance_m));
    let mut faults = Vec::new();
    for display in &displays {
        opens(&looking, display).await;
        let name = &display.display_id;
        looking.sees(".screen.safety", "").await;
        let [large, small] = least(display);
        let reads = READS_SAFETY.replace("letters()", &format!("({LETTERS})({large}, {small})"));
        looking.holds("every word", &reads).await;
        looking.shoots(&format!("monitor-{name}-safety")).await;
        faults.push((name.clone(), looking.run("return [...window.found]").await));
        faults.push((name.clone(), looking.run(&PALE.replace("texts > 2", "texts > 1")).await));
    }
    faults.retain(|(_, found)| *found != json!([]));
    assert!(faults.is_empty(), "{faults:#?}");
    looking.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn far_away_a_larger_panel_is_asked_for() {
    let Some(stage) = Stage::open().await else { return };
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/displays/screens/parking-1").await;
    desk.sees("form.stack", "muss die kurze Seite des Bildschirms mindestens 115 cm lang sein").await;
    desk.open("/displays/screens/parking-2").await;
    desk.sees_no_more("form.stack", "kurze Seite").await;
    desk.quits().await;
}

/// The same of a page without scripts, which is as long as the panel or shorter.
const PAGE: &str = "(first, second) => {
    const all = (css) => [...document.querySelectorAll(css)];
    const small = (css, least) => all(css).filter((it) => parseFloat(getComputedStyle(it).fontSize) < least - 0.5).map((it) => css + ': ' + it.textContent);
    const page = document.documentElement;
    const over = page.scrollHeight > innerHeight || page.scrollWidth > innerWidth ? ['cut off: ' + document.body.innerText] : [];
    return small('h1', first).concat(small('.large b', first), small('.small b', second), small('[lang]:not(html)', second), small('small', second), over);
}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_of_players_without_scripts_is_readable_from_where_people_stand() {
    let Some(stage) = Stage::open().await else { return };
    let looking = stage.staff(Role::Operator, Device::Monitor).await;
    let mut signage = SignageClient::new(stage.world.door("signage", &staff(Role::Operator)));
    let displays = signage.list_displays(ListDisplaysRequest {}).await.expect("a list").into_inner().displays;
    let mut faults = Vec::new();
    for display in &displays {
        opens(&looking, display).await;
        let [large, small] = least(display);
        for page in ["revision=0", "evacuation=1"] {
            let (mut before, mut read) = (String::new(), String::new());
            for slide in 0.. {
                let name = format!("{}?{page}&slide={slide}", display.display_id);
                looking.open(&format!("/signage/pages/{name}")).await;
                let words = looking.words().await;
                // There are no more.
                if words == before {
                    break;
                }
                faults.push((name.clone(), looking.run(&format!("return ({PAGE})({large}, {small})")).await));
                faults.push((name.clone(), looking.run(&PALE.replace("texts > 2", "texts > 1")).await));
                if display.display_id == "way-upper" {
                    accessible::check(&looking, &name).await;
                    looking.shoots(&format!("smil-{}-{slide}", &page[..3])).await;
                }
                read += &words;
                before = words;
            }
            if display.display_id == "way-upper" && page == "evacuation=1" {
                for words in ["Sicherer Warteplatz im Treppenvorraum ♿", "Refuge", "Hier warten. Wir helfen Ihnen."] {
                    assert!(read.contains(words), "{words} in {read}");
                }
            }
        }
    }
    faults.retain(|(_, found)| *found != json!([]));
    assert!(faults.is_empty(), "{faults:#?}");
    looking.quits().await;
}
