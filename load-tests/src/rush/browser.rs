//! A browser without JavaScript: keeps cookies, follows redirects, reads links and forms out of pages, and
//! sends a form with all that stands in it. Knows nothing of what the pages mean.

use std::io::Read;

use anyhow::Context;
use reqwest::{Client, Method, RequestBuilder, header, redirect::Policy};

use super::markup;

/// A form as it stands in a page.
pub struct Form {
    action: String,
    fields: Vec<(String, String)>,
}

impl Form {
    pub(super) const fn new(action: String, fields: Vec<(String, String)>) -> Self {
        Self { action, fields }
    }

    /// Types or chooses something.
    pub fn set(&mut self, name: &str, value: &str) {
        self.fields.retain(|(found, _)| found != name);
        self.fields.push((name.to_owned(), value.to_owned()));
    }

    /// Where it is sent to.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// What is sent.
    #[cfg(test)]
    pub fn fields(&self) -> &[(String, String)] {
        &self.fields
    }
}

/// A page as it was answered.
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// Its path, after redirects.
    pub path: String,
    /// Its text.
    pub html: String,
}

impl Page {
    /// The form that is sent to such a path.
    pub fn form(&self, is_wanted: impl Fn(&str) -> bool) -> Option<Form> {
        markup::forms(&self.html).into_iter().find(|form| is_wanted(form.action()))
    }
}

/// One browser.
pub struct Browser {
    http: Client,
    base: String,
    cookies: Vec<(String, String)>,
}

/// A pool of connections that browsers share, as they do behind a proxy.
pub fn connections() -> anyhow::Result<Client> {
    Ok(Client::builder().redirect(Policy::none()).tcp_nodelay(true).build()?)
}

/// So often a page may lead to another one.
const MOST_REDIRECTS: usize = 5;

impl Browser {
    /// A new one, without a cookie.
    pub const fn new(http: Client, base: String) -> Self {
        Self { http, base, cookies: Vec::new() }
    }

    /// Opens a page.
    pub async fn open(&mut self, path: &str) -> anyhow::Result<Page> {
        let request = self.request(Method::GET, path);
        self.follow(request, path).await
    }

    /// Sends a form.
    pub async fn send(&mut self, form: Form) -> anyhow::Result<Page> {
        let origin = self.base.clone();
        let request = self.request(Method::POST, form.action()).header(header::ORIGIN, origin).form(&form.fields);
        self.follow(request, form.action()).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .header(header::ACCEPT, "text/html")
            .header(header::ACCEPT_ENCODING, "gzip")
            .header(header::ACCEPT_LANGUAGE, "de")
            .header("sec-fetch-site", "same-origin");
        if cookies.is_empty() { request } else { request.header(header::COOKIE, cookies.join("; ")) }
    }

    async fn follow(&mut self, mut request: RequestBuilder, path: &str) -> anyhow::Result<Page> {
        let mut path = path.to_owned();
        for _ in 0..=MOST_REDIRECTS {
            let answer = request.send().await?;
            for cookie in answer.headers().get_all(header::SET_COOKIE) {
                self.keep(cookie.to_str()?);
            }
            if answer.status().is_redirection() {
                let to = answer.headers().get(header::LOCATION).context("a redirect that leads nowhere")?.to_str()?;
                path = to.strip_prefix(&self.base).unwrap_or(to).to_owned();
                request = self.request(Method::GET, &path);
                continue;
            }
            let status = answer.status().as_u16();
            let packed = answer.headers().get(header::CONTENT_ENCODING).is_some();
            let bytes = answer.bytes().await?;
            let html = if packed {
                let mut html = String::new();
                flate2::read::GzDecoder::new(bytes.as_ref()).read_to_string(&mut html)?;
                html
            } else {
                String::from_utf8(bytes.into())?
            };
            return Ok(Page { status, path, html });
        }
        anyhow::bail!("{path} leads on and on")
    }

    fn keep(&mut self, cookie: &str) {
        let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
        if let Some((name, value)) = pair {
            self.cookies.retain(|(found, _)| found != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}
