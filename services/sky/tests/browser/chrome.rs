//! A chromedriver of the test's own, and browsers with what a person does in one: open, press, type, look.
//! Everything waits for what it looks for; nothing here knows a page of the house.

use std::{
    fs::Permissions,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use thirtyfour::{
    By, Capabilities, ChromeCapabilities, ChromiumLikeCapabilities, DesiredCapabilities, Key, LoggingPrefsLogLevel,
    WebDriver, WebElement,
};

/// How long to look for something. Longer than anything that a page waits for by itself: a monitor reports every
/// twenty seconds, and tries a dead line again after thirty.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the scripts below call visible, and what can be read there. One script of ours for each look: the driver's own
/// questions are many, and a browser takes long over each.
const LOOKS: &str = r"
    const boxed = (it) => [...it.getClientRects()].some((box) => box.width > 0 && box.height > 0);
    const drawn = (it) => it.checkVisibility({ opacityProperty: true, visibilityProperty: true })
        && (boxed(it) || [...it.children].some(drawn));
    const shown = (it) => drawn(it.closest('select') ?? it);
    const read = (it) => it.innerText.replace(/[\u200b\u200e\u200f]/g, '').replace(/[ \t\u00a0]+/g, ' ');";

/// What somebody holds in their hands or sits at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    Phone,
    /// On the kitchen's wall or at the counter, upright.
    Tablet,
    Desk,
    /// A screen on a wall.
    Monitor,
    /// A browser with scripts switched off.
    NoScripts,
}

impl Device {
    /// Width and height of the page in it.
    pub const fn size(self) -> (u32, u32) {
        match self {
            Self::Phone => (360, 740),
            Self::Tablet => (800, 1280),
            Self::Desk | Self::NoScripts => (1280, 800),
            Self::Monitor => (1920, 1080),
        }
    }
}

/// A chromedriver with the browsers it has started; all end with it.
pub struct Chrome {
    process: Child,
    port: u16,
    folder: PathBuf,
}

impl Chrome {
    /// Starts one; `None`, and a word about it, when the machine has none.
    pub fn start() -> Option<Self> {
        let driver = program("chromedriver");
        let (Some(driver), Some(shell)) = (driver, program("chromium-headless-shell")) else {
            let missing = "browser tests need chromedriver and a Chromium without a window: apt-get install \
                           chromium-driver chromium-headless-shell";
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing}");
            // Past the test harness's capture: a skipped test must not look like a green one.
            let _ = writeln!(std::io::stderr(), "SKIPPED: {missing}");
            return None;
        };
        // It takes a free port of IPv4 and gives up if the same one of IPv6 is not free.
        let (process, port) = (0..5).find_map(|_| Self::driver(&driver)).expect("chromedriver says its port");
        let folder = std::env::temp_dir().join(format!("sky-browser-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        // A Chromium without a window opens no page by itself, and chromedriver names none to it.
        let started = format!("#!/bin/sh\nexec '{}' \"$@\" about:blank\n", shell.display());
        let browser = folder.join("browser");
        std::fs::write(&browser, started).expect("a file");
        std::fs::set_permissions(&browser, Permissions::from_mode(0o755)).expect("to be run");
        Some(Self { process, port, folder })
    }

    fn driver(program: &Path) -> Option<(Child, u16)> {
        let mut process = Command::new(program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_suffix('.')?.rsplit_once("successfully on port ")?.1.parse().ok());
        if port.is_none() {
            let _ = process.wait();
        }
        Some((process, port?))
    }

    fn wish(&self, device: Device) -> ChromeCapabilities {
        let mut wish = DesiredCapabilities::chrome();
        let profile = self.folder.join(uuid::Uuid::new_v4().to_string());
        let (width, height) = device.size();
        for flag in [
            "--accept-lang=de",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &format!("--user-data-dir={}", profile.display()),
            &format!("--window-size={width},{height}"),
        ] {
            wish.add_arg(flag).expect("a flag");
        }
        wish.set_binary(&self.folder.join("browser").display().to_string()).expect("a program");
        // Without touch: chromedriver's taps miss a page that scrolls under them.
        let mobile = device == Device::Phone;
        let metrics = json!({ "width": width, "height": height, "pixelRatio": 1, "touch": false, "mobile": mobile });
        wish.add_experimental_option("mobileEmulation", json!({ "deviceMetrics": metrics })).expect("a screen");
        wish.set_browser_log_level(LoggingPrefsLogLevel::All).expect("a log");
        wish
    }

    /// A fresh browser for the pages at `base`.
    pub async fn browser(&self, base: &str, device: Device) -> Browser {
        let wish = Capabilities::from(self.wish(device));
        let driver = WebDriver::new(format!("http://127.0.0.1:{}", self.port), wish).await.expect("a browser starts");
        let browser = Browser { driver, base: base.to_owned() };
        if device == Device::NoScripts {
            browser.command("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
        }
        browser
    }

    /// Ends the browsers too, which a signal would not.
    fn shut_down(&mut self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    }
}

impl Drop for Chrome {
    fn drop(&mut self) {
        if let Err(error) = self.shut_down() {
            eprintln!("chromedriver did not end in order: {error}");
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Where a program stands in the PATH.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Looks until there is something to see; gives up after a minute with what was seen instead.
async fn looks<T>(look: impl AsyncFn() -> Result<T, String>) -> Result<T, String> {
    let begun = Instant::now();
    loop {
        match look().await {
            Err(_) if begun.elapsed() < PATIENCE => {}
            seen => return seen,
        }
        // Looking takes the time of the house and of other tests: what takes long is asked for less often.
        let pause = (begun.elapsed() / 10).clamp(Duration::from_millis(25), Duration::from_millis(200));
        tokio::time::sleep(pause).await;
    }
}

/// Looks until there is something to see. Panics after a minute with what was seen instead.
pub async fn until<T>(what: &str, look: impl AsyncFn() -> Result<T, String>) -> T {
    looks(look).await.unwrap_or_else(|seen| panic!("{what}: not seen; instead: {seen}"))
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Somebody's browser.
pub struct Browser {
    pub driver: WebDriver,
    base: String,
}

impl Browser {
    /// Types an address of the house.
    pub async fn open(&self, path: &str) {
        self.driver.goto(format!("{}{path}", self.base)).await.unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// The path of the page that is open, without its query.
    pub async fn path(&self) -> String {
        self.driver.current_url().await.expect("an address").path().to_owned()
    }

    /// Looks until there is something to see. Panics after a minute with what was seen instead, and the page.
    async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Result<T, String>) -> T {
        match looks(look).await {
            Ok(seen) => seen,
            Err(seen) => {
                let (path, words) = (self.path().await, self.words().await);
                panic!("{what}: not seen on {path}; instead: {seen}; the whole page: {words}")
            }
        }
    }

    /// Waits until the page at a path is open.
    pub async fn arrives(&self, path: &str) {
        self.until(path, async || {
            let here = self.driver.current_url().await.map_err(told)?;
            if here.path().starts_with(path) { Ok(()) } else { Err(here.to_string()) }
        })
        .await;
    }

    /// Waits until a script says true; a promise is waited for.
    pub async fn holds(&self, what: &str, script: &str) {
        let script = format!("const done = arguments[0]; Promise.resolve({script}).then(done, (e) => done(String(e)))");
        self.until(what, async || {
            let said = self.driver.execute_async(&script, Vec::new()).await.map_err(told)?;
            if *said.json() == json!(true) { Ok(()) } else { Err(said.json().to_string()) }
        })
        .await;
    }

    /// Does something with the first visible match of a script; again while the page is changing under one's hands.
    async fn with(&self, script: &str, what: &str, act: impl AsyncFn(&WebElement) -> Result<(), String>) {
        let script = format!(
            "{LOOKS} const it = ({script}).find(shown); if (it) it.scrollIntoView({{ block: 'center', behavior: 'instant' }});
            return it ?? null"
        );
        self.until(what, async || {
            let found = self.driver.execute(&script, Vec::new()).await.map_err(told)?;
            if found.json().is_null() {
                return Err("nothing visible".to_owned());
            }
            act(&found.element().map_err(told)?).await
        })
        .await;
    }

    /// The same for a selector.
    async fn with_css(&self, css: &str, act: impl AsyncFn(&WebElement) -> Result<(), String>) {
        self.with(&format!("[...document.querySelectorAll({})]", json!(css)), css, act).await;
    }

    /// The same for an `XPath`.
    async fn with_xpath(&self, xpath: &str, act: impl AsyncFn(&WebElement) -> Result<(), String>) {
        let script = format!(
            "((all) => Array.from({{ length: all.snapshotLength }}, (_, at) => all.snapshotItem(at)))\
             (document.evaluate({}, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null))",
            json!(xpath)
        );
        self.with(&script, xpath, act).await;
    }

    /// Clicks what a selector finds.
    pub async fn click(&self, css: &str) {
        self.with_css(css, async |element| element.click().await.map_err(told)).await;
    }

    /// Clicks the button, link or summary with these words.
    pub async fn press(&self, words: &str) {
        self.press_in("", words).await;
    }

    /// The same within the elements of an `XPath`, such as `//li[contains(., 'Jupiter')]`.
    pub async fn press_in(&self, xpath: &str, words: &str) {
        let inside =
            format!("{xpath}//*[self::button or self::a or self::summary][contains(normalize-space(), '{words}')]");
        self.with_xpath(&inside, async |element| element.click().await.map_err(told)).await;
    }

    /// Chooses what these words stand for.
    pub async fn press_option(&self, select: &str, words: &str) {
        let id = select.trim_start_matches('#');
        let option = format!("//select[@id='{id}']//option[contains(normalize-space(), '{words}')]");
        self.with_xpath(&option, async |option| option.click().await.map_err(told)).await;
    }

    /// Types into a field, after what stands there.
    pub async fn types(&self, css: &str, text: &str) {
        self.with_css(css, async |field| field.send_keys(text).await.map_err(told)).await;
    }

    /// Types over what stands in a field.
    pub async fn types_over(&self, css: &str, text: &str) {
        self.with_css(css, async |field| field.clear().await.map_err(told)).await;
        self.types(css, text).await;
    }

    /// Presses a key wherever the focus is.
    pub async fn key(&self, key: Key) {
        self.driver.action_chain().send_keys(key).perform().await.expect("a key");
    }

    /// What can be read on the page.
    pub async fn words(&self) -> String {
        match self.driver.find(By::Tag("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        }
    }

    /// What can be read in the visible parts that a selector finds; a line break between two.
    async fn read(&self, css: &str) -> Result<Vec<String>, String> {
        let script = format!("{LOOKS} return [...document.querySelectorAll(arguments[0])].filter(shown).map(read)");
        let said = self.driver.execute(&script, vec![json!(css)]).await.map_err(told)?;
        said.convert().map_err(told)
    }

    /// Waits until a part of the page can be seen and says something.
    pub async fn sees(&self, css: &str, words: &str) {
        self.until(&format!("'{words}' in {css}"), async || {
            let seen = self.read(css).await?;
            if seen.iter().any(|text| text.contains(words)) { Ok(()) } else { Err(seen.join("\n")) }
        })
        .await;
    }

    /// Waits until a part of the page no longer says something.
    pub async fn sees_no_more(&self, css: &str, words: &str) {
        self.until(&format!("no '{words}' in {css}"), async || {
            self.driver.find(By::Css(css)).await.map_err(told)?;
            let seen = self.read(css).await?;
            if seen.iter().any(|text| text.contains(words)) { Err(seen.join("\n")) } else { Ok(()) }
        })
        .await;
    }

    pub async fn run(&self, script: &str) -> Value {
        let answer = self.driver.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"));
        answer.json().clone()
    }

    /// Remembers this very page: a reload forgets it.
    pub async fn marks_page(&self) {
        self.run("window.sameAsBefore = true").await;
    }

    pub async fn is_same_page(&self) -> bool {
        self.run("return window.sameAsBefore === true").await == json!(true)
    }

    /// Tells the browser something in its own protocol.
    pub async fn command(&self, command: &str, parameters: Value) -> Value {
        let session = format!("{}session/{}", self.driver.server_url(), self.driver.session_id());
        let request = json!({ "cmd": command, "params": parameters });
        let sent = reqwest::Client::new().post(format!("{session}/goog/cdp/execute")).body(request.to_string()).send();
        let answer = sent.await.expect("chromedriver answers").text().await.expect("an answer");
        serde_json::from_str(&answer).expect("JSON")
    }

    /// Keeps a picture of the whole page, if `SKY_SHOTS` names a folder.
    pub async fn shoots(&self, name: &str) {
        let Ok(folder) = std::env::var("SKY_SHOTS") else { return };
        let answer = self.command("Page.captureScreenshot", json!({ "captureBeyondViewport": true })).await;
        let picture = answer["value"]["data"].as_str().unwrap_or_else(|| panic!("no picture: {answer}"));
        let picture = data_encoding::BASE64.decode(picture.as_bytes()).expect("a picture");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(PathBuf::from(folder).join(format!("{name}.png")), picture).expect("kept");
    }

    /// What the browser has complained about since it was last asked: scripts, the content security policy,
    /// missing files. A page that is itself a problem is no complaint.
    pub async fn complaints(&self) -> Vec<String> {
        let here = self.driver.current_url().await.expect("an address").to_string();
        let log = self.driver.browser_log().await.expect("a log");
        log.into_iter()
            .filter(|entry| entry.level == "SEVERE" && !entry.message.starts_with(&format!("{here} - Failed to load")))
            .map(|entry| entry.message)
            .collect()
    }

    /// Closes the browser, which must not have complained.
    pub async fn quits(self) {
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "the browser complained: {complaints:#?}");
        self.driver.quit().await.expect("the browser ends");
    }
}
