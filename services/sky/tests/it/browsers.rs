//! Browsers without JavaScript, and a house whose pages they can use over plain http.

use std::collections::BTreeMap;

use kernel::testing::House;
use reqwest::{Client, StatusCode, header::LOCATION, redirect::Policy};

use crate::world::{World, furnished};

pub async fn open() -> (House, World) {
    open_with(BTreeMap::new()).await
}

/// The same, with settings of services' own.
pub async fn open_with(mut own: BTreeMap<String, BTreeMap<String, toml::Value>>) -> (House, World) {
    // Cookies over plain http, as the tests' client would not send them back otherwise.
    let portal = BTreeMap::from([("insecure_cookies".to_owned(), toml::Value::Boolean(true))]);
    own.insert("portal".to_owned(), portal);
    let (house, world) = furnished(|settings| settings.services = own).await;
    (house, world)
}

/// A browser that keeps its cookies and follows nothing by itself.
#[derive(Clone)]
pub struct Browser(pub Client);

impl Browser {
    pub fn new() -> Self {
        Self(Client::builder().cookie_store(true).redirect(Policy::none()).build().expect("a client"))
    }

    pub async fn get(&self, house: &House, path: &str) -> (StatusCode, String, String) {
        Self::read(self.0.get(format!("http://{}{path}", house.running.http))).await
    }

    pub async fn post(&self, house: &House, path: &str, form: &[(&str, &str)]) -> (StatusCode, String, String) {
        Self::read(self.0.post(format!("http://{}{path}", house.running.http)).form(form)).await
    }

    /// Status, where it leads to, and the page.
    pub async fn read(request: reqwest::RequestBuilder) -> (StatusCode, String, String) {
        let answer = request.send().await.expect("an answer");
        let to = answer.headers().get(LOCATION).map(|to| to.to_str().expect("ASCII").to_owned()).unwrap_or_default();
        (answer.status(), to, answer.text().await.expect("a page"))
    }
}
