//! A browser as far as the edge can see one: it keeps cookies and follows nothing by itself. Whatever it
//! does, it fails the test when an answer leads off the site or has a secret in the address it leads to.

use std::{collections::BTreeMap, time::Duration};

use kernel::{Role, testing::House};
use reqwest::{
    Client, Method, RequestBuilder, StatusCode,
    header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE},
    redirect::Policy,
};

use crate::support::{PASSWORD, account};

pub struct Browser {
    base: String,
    client: Client,
    cookies: BTreeMap<String, String>,
    /// What it has typed or been given that must never stand in an address.
    secrets: Vec<String>,
}

pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Page {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    pub fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.header("location")
    }

    /// The `Set-Cookie` header of a cookie.
    pub fn sets(&self, name: &str) -> Option<&str> {
        let all = self.headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        all.into_iter().find(|text| text.starts_with(&format!("{name}=")))
    }

    /// Fails unless this is a page in words with this status.
    pub fn is_page(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), "text/html; charset=utf-8");
        assert!(self.body.contains("<h1>") && self.body.contains("</html>"), "{}", self.body);
        self
    }

    pub fn says(&self, text: &str) -> &Self {
        assert!(self.body.contains(text), "\"{text}\" is not in {}", self.body);
        self
    }
}

impl Browser {
    pub fn new(house: &House) -> Self {
        let client = Client::builder().redirect(Policy::none()).timeout(Duration::from_secs(30)).build();
        Self {
            base: format!("http://{}", house.running.http),
            client: client.expect("client"),
            cookies: BTreeMap::new(),
            secrets: Vec::new(),
        }
    }

    /// A browser in which somebody with this role has signed in, on an account made for it.
    pub async fn of(house: &House, role: Role) -> Self {
        account(house, role).await;
        let mut browser = Self::new(house);
        let page = browser.sign_in(role.name(), PASSWORD).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
        browser
    }

    pub fn origin(&self) -> &str {
        &self.base
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// The staff's, visitor's or device's session cookie.
    pub fn session(&self) -> &str {
        self.cookie("__Host-sky").expect("a session")
    }

    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.client.request(method, format!("{}{path}", self.base));
        if cookies.is_empty() { request } else { request.header(COOKIE, cookies.join("; ")) }
    }

    pub async fn send(&mut self, request: RequestBuilder) -> Page {
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status(), answer.headers().clone());
        for cookie in headers.get_all(SET_COOKIE) {
            self.keep(cookie.to_str().expect("ASCII"));
        }
        if let Some(location) = headers.get(LOCATION) {
            self.check(location.to_str().expect("ASCII"));
        }
        Page { status, headers, body: answer.text().await.expect("a body") }
    }

    fn keep(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').expect("attributes");
        let (name, value) = pair.split_once('=').expect("a value");
        if attributes.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            if !name.ends_with("lang") {
                self.secrets.push(value.to_owned());
            }
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    fn check(&self, location: &str) {
        let ours = location.starts_with('/') && !location.starts_with("//") && !location.contains(['\\', '\t']);
        assert!(ours, "leads off the site: {location}");
        assert!(!location.contains('@') && !location.contains("%40"), "an e-mail address in {location}");
        for secret in &self.secrets {
            assert!(!location.contains(secret), "a secret in {location}");
        }
    }

    pub async fn get(&mut self, path: &str) -> Page {
        self.secrets.extend(path.strip_prefix("/v/").map(str::to_owned));
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends a form as a page of the site would.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        let secret = |(name, _): &&(&str, &str)| matches!(*name, "password" | "email" | "name" | "claim_code");
        self.secrets
            .extend(form.iter().filter(secret).filter(|(_, value)| value.len() > 3).map(|(_, v)| (*v).to_owned()));
        let request = self.request(Method::POST, path).header("sec-fetch-site", "same-origin").form(form);
        self.send(request).await
    }

    pub async fn sign_in(&mut self, account: &str, password: &str) -> Page {
        self.post("/staff/sign-in", &[("account", account), ("password", password)]).await
    }
}
