//! Every kind of mail to visitors, in each of their languages: what can be said of pages is said of them too.

use std::collections::BTreeSet;

use kernel::Role;

use crate::{
    accessible::faults,
    chrome::{Browser, Device},
    stage::Stage,
};

/// What a mail has of itself, whatever shows it: its language, a title, one heading of the first rank and none left out,
/// links that lead somewhere and say where, tables that are read as such, nothing that is fetched from elsewhere.
const ITSELF: &str = "
    const [language] = arguments;
    const wrong = [];
    const expect = (is, what) => { if (!is) wrong.push(what); };
    const all = (css) => [...document.querySelectorAll(css)];
    const said = (it) => it.textContent.trim();
    expect(document.doctype, 'no doctype');
    expect(document.documentElement.lang === language, 'lang is ' + document.documentElement.lang);
    expect(document.title.trim() !== '', 'no title');
    expect(document.characterSet === 'UTF-8', 'read as ' + document.characterSet);
    const ranks = all('h1, h2, h3, h4, h5, h6').map((it) => Number(it.tagName[1]));
    expect(ranks[0] === 1 && ranks.filter((it) => it === 1).length === 1, 'headings ' + ranks);
    expect(ranks.every((it, at) => at === 0 || it - ranks[at - 1] <= 1), 'a rank is left out: ' + ranks);
    for (const it of all('h1, h2, h3, p, li, th, td')) expect(said(it) !== '', 'empty: ' + it.outerHTML);
    for (const it of all('a')) {
        expect(/^https?:/.test(it.getAttribute('href') ?? ''), 'leads nowhere: ' + it.outerHTML);
        expect(said(it).length > 3 && !/^https?:/.test(said(it)), 'does not say where it leads: ' + it.outerHTML);
    }
    for (const it of all('table')) {
        expect(it.getAttribute('role') === 'presentation' || it.querySelector('th[scope]'), 'a table without headers');
    }
    const elsewhere = 'img, script, link, iframe, object, [background], form';
    for (const it of all(elsewhere)) expect(false, 'not of this mail: ' + it.outerHTML);
    return wrong";

/// Puts the open mail on a page of its own: the house lets no script run beside one, and axe is one.
async fn alone(browser: &Browser) {
    let html = browser.driver.source().await.expect("a mail");
    browser.driver.goto("about:blank").await.expect("an empty page");
    let write = "document.open(); document.write('<!doctype html>' + arguments[0]); document.close()";
    browser.driver.execute(write, vec![html.into()]).await.expect("written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mail_is_accessible_in_each_language() {
    let Some(stage) = Stage::open().await else { return };
    let desk = stage.staff(Role::Desk, Device::Phone).await;
    desk.open("/desk/notices").await;
    let links = "return [...document.querySelectorAll('main table a')].map((it) => it.getAttribute('href'))";
    let links: Vec<String> = serde_json::from_value(desk.run(links).await).expect("a list");
    let languages: BTreeSet<&str> = links.iter().filter_map(|path| path.rsplit('/').next()).collect();
    assert_eq!(languages.into_iter().collect::<Vec<_>>(), ["de", "de-x-ls", "en"]);
    let mut found = BTreeSet::new();
    for path in &links {
        desk.open(&format!("{path}/mail")).await;
        desk.shoots(&format!("mail{}", path.replace('/', "-"))).await;
        let language = path.rsplit('/').next().unwrap_or_default();
        let itself = desk.driver.execute(ITSELF, vec![language.into()]).await.expect("a look at the mail itself");
        let itself: Vec<String> = itself.convert().expect("a list");
        alone(&desk).await;
        found.extend(itself.into_iter().chain(faults(&desk).await).map(|fault| format!("{path}: {fault}")));
    }
    assert!(found.is_empty(), "{found:#?}");

    // The check has teeth: on the last of them, without its language and with words as pale as its paper.
    let spoil = "document.documentElement.removeAttribute('lang'); document.querySelector('p').style.color = '#ddd'";
    desk.run(spoil).await;
    let found = faults(&desk).await;
    for fault in ["html-has-lang", "color-contrast"] {
        assert!(found.iter().any(|it| it.starts_with(fault)), "{fault}: {found:#?}");
    }
    desk.quits().await;
}
