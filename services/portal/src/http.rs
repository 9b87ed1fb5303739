//! The edge's routes and what stands around all of them: the guest behind a request, protection against
//! cross-site requests, security headers, and problems as pages in the guest's language.

pub(crate) mod assets;

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use kernel::{Code, clock::wall_now, token};
use tower_http::{
    CompressionLevel,
    compression::CompressionLayer,
    csrf::{CsrfLayer, ProtectionError},
};

use crate::{
    edge::Edge,
    error::Error,
    house::house,
    page::Frame,
    problem::Problem,
    refusal,
    routes::{
        arrival, booking, carpark, connections, desk, desk_actions, displays, elsewhere, entry, headcount, house_alarm,
        kitchen, meal, messages, monitor, notices, operator, pairing, pickup, plate, programme, rebooking, receipt,
        report, show_list, showing, staff, stock, visit, visit_alarm, waiting_room, waiting_rooms,
    },
    session::{self, Guest},
    store,
    words::{Language, Words},
};

/// All pages.
pub(crate) fn router(edge: Arc<Edge>) -> Router {
    let visitors = Router::new()
        .route("/", get(programme::programme))
        .route("/accessibility", get(programme::accessibility))
        .route("/privacy", get(programme::privacy))
        .route("/imprint", get(programme::imprint))
        .route("/showings/{id}", get(showing::form))
        .route("/showings/{id}/live", get(showing::live))
        .route("/showings/{id}/hold", post(showing::hold))
        .route("/showings/{id}/wait", get(showing::waiting_list::look).post(showing::waiting_list::join))
        .route("/waiting-room/{id}", get(waiting_room::page))
        .route("/waiting-room/{id}/live", get(waiting_room::live))
        .route("/waiting-room/{id}/extend", post(waiting_room::extend))
        .route("/order/{visit}", get(booking::order))
        .route("/order/{visit}/extend", post(booking::extend))
        .route("/order/{visit}/cancel", post(booking::give_up))
        .route("/order/{visit}/confirm", post(booking::confirm))
        .route("/order/{visit}/pay", get(booking::pay).post(booking::pay_again))
        .route("/v/{secret}", get(entry::open_link))
        .route("/visits/{visit}", get(entry::show))
        .route("/visits/{visit}/return", get(entry::back_from_payment))
        .route("/visit", get(visit::page))
        .route("/visit/live", get(visit::live))
        .route("/visit/alarm", get(visit_alarm::live))
        .route("/visit/cancel", post(visit::cancel))
        .route("/visit/receipts", get(receipt::of_visit))
        .route("/visit/plate", post(plate::set))
        .route("/visit/bay", post(elsewhere::take))
        .route("/visit/meal", get(meal::page).post(meal::decide))
        .route("/visit/arrival", post(arrival::by_visitor))
        .route("/visit/rebook", post(rebooking::by_visitor))
        .route("/visit/calendar.ics", get(notices::calendar))
        .route("/visit/link", post(visit::link));
    let staff = Router::new()
        .route("/staff", get(staff::home))
        .route("/staff/sign-in", get(staff::sign_in_page).post(staff::sign_in))
        .route("/staff/sign-out", post(staff::sign_out))
        .route("/desk", get(desk::page))
        .route("/desk/live", get(desk::live))
        .route("/desk/showings/{id}", get(desk::showing))
        .route("/desk/showings/{id}/move", post(desk_actions::move_admission))
        .route("/desk/showings/{id}/hold", get(desk::hold::look))
        .route("/desk/showings/{id}/seats", get(desk::seats::look).post(desk::seats::set))
        .route("/desk/showings/{id}/delay", post(desk::hold::delay))
        .route("/desk/showings/{id}/cancel", post(desk_actions::cancel))
        .route("/desk/scan", post(desk::scans::scan))
        .route("/desk/door", get(desk::door::page))
        .route("/desk/door/list", post(desk::door::list))
        .route("/desk/door/stops", post(desk::door::house_stopped))
        .route("/desk/door/scan", post(desk::door::scan))
        .route("/desk/door/journal", post(desk::door::journal))
        .route("/desk/door/undo", post(desk::door::undo))
        .route("/desk/house", post(desk_actions::house_state))
        .route("/desk/zone", post(desk_actions::zone))
        .route("/desk/party", post(desk::lookup::find))
        .route("/desk/receipts/{visit}", get(receipt::of_party))
        .route("/operator", get(operator::page))
        .route("/operator/live", get(operator::live))
        .route("/operator/{id}", get(operator::showing))
        .route("/operator/{id}/live", get(operator::live_of))
        .route("/desk/click", post(desk::zones::click))
        .route("/desk/directives", post(desk::measures::propose))
        .route("/desk/directives/{id}", post(desk::measures::move_directive))
        .route("/desk/incidents", post(desk::measures::report))
        .route("/desk/incidents/{id}", post(desk::measures::move_incident))
        .route("/desk/audit", get(desk::measures::audit))
        .route("/report", get(report::page))
        .route("/report/incidents", post(report::incident))
        .route("/report/clicks", post(report::click))
        .route("/report/evacuation", post(report::evacuate))
        .route("/desk/notices", get(notices::list))
        .route("/desk/notices/resend", post(notices::resend))
        .route("/desk/notices/told", post(notices::tell))
        .route("/desk/notices/{kind}/{language}", get(notices::look))
        .route("/desk/notices/{kind}/{language}/mail", get(notices::mail))
        .route("/desk/undo", post(desk::scans::undo))
        .route("/desk/everybody-out", post(desk::scans::everybody_out))
        .route("/desk/steps/{id}/undo", post(desk::steps::undo))
        .route("/desk/conflicts", get(desk::conflicts::list).post(desk::conflicts::resolve))
        .route("/desk/conflicts/reopen", post(desk::conflicts::reopen))
        .route("/desk/numbers", post(desk::queue::issue))
        .route("/desk/numbers/{id}", get(desk::queue::slip).post(desk::queue::step))
        .route("/desk/showings/{id}/groups", post(desk::calls::form))
        .route("/desk/groups/{id}", post(desk::calls::step))
        .route("/desk/showings/{id}/later", post(desk::clock::later))
        .route("/desk/showings/{id}/cleaned", post(desk::clock::cleaned))
        .route("/desk/showings/{id}/abort", get(desk::clock::abort))
        .route("/desk/counters", get(desk::counters::page))
        .route("/desk/counters/live", get(desk::counters::live))
        .route("/desk/counters/{id}", get(desk::counters::pushes).post(desk::counters::set_state))
        .route("/desk/counters/{id}/token", post(desk::counters::issue_token))
        .route("/desk/rezero", post(desk::counters::rezero))
        .route("/desk/replay", get(desk::replay::look))
        .route("/desk/settle", post(desk_actions::settle))
        .route("/desk/pay-out", post(desk_actions::pay_out))
        .route("/desk/payouts", get(desk::payouts::list).post(desk::payouts::paid_out))
        .route("/desk/payouts/back", post(desk::payouts::take_back))
        .route("/connections", get(connections::page))
        .route("/connections/parking/{id}/token", post(connections::issue))
        .route("/connections/parking/{id}/end", post(connections::end))
        .route("/connections/kitchen", post(connections::issue_kitchen))
        .route("/connections/kitchen/{id}/end", post(connections::end_kitchen))
        .route("/connections/devices", post(connections::pair))
        .route("/connections/devices/{id}/end", post(connections::end_device))
        .route("/desk/headcount", get(headcount::page))
        .route("/desk/show-list", get(show_list::page))
        .route("/desk/waiting-rooms", get(waiting_rooms::page).post(waiting_rooms::open))
        .route("/desk/waiting-rooms/live", get(waiting_rooms::live))
        .route("/desk/waiting-rooms/{id}/close", get(waiting_rooms::ask_close).post(waiting_rooms::close))
        .route("/desk/sale-start", post(waiting_rooms::sale_start))
        .route("/desk/reseat", post(desk_actions::reseat))
        .route("/desk/arrival", post(arrival::by_desk))
        .route("/desk/rebook", post(rebooking::by_desk))
        .route("/desk/plate", post(plate::by_desk))
        .route("/desk/bay", post(elsewhere::by_desk))
        .route("/desk/sell", get(desk::selling::programme))
        .route("/desk/showings/{id}/sell", get(desk::selling::form).post(desk::selling::hold))
        .route(
            "/desk/showings/{id}/wait",
            get(showing::waiting_list::at_desk::look).post(showing::waiting_list::at_desk::join),
        )
        .route("/desk/showings/{id}/wait/off", post(showing::waiting_list::at_desk::off))
        .route("/desk/orders/{visit}", get(desk::selling::order))
        .route("/desk/orders/{visit}/extend", post(desk::selling::extend))
        .route("/desk/orders/{visit}/cancel", post(desk::selling::give_up))
        .route("/desk/orders/{visit}/confirm", post(desk::selling::confirm))
        .route("/desk/reissue", post(desk_actions::reissue))
        .route("/kitchen", get(kitchen::page))
        .route("/kitchen/menu", get(stock::show))
        .route("/kitchen/menu/{item}", post(stock::set))
        .route("/kitchen/live", get(kitchen::live))
        .route("/kitchen/ahead", get(kitchen::ahead::page))
        .route("/kitchen/at/{station}", get(kitchen::page_at))
        .route("/kitchen/at/{station}/live", get(kitchen::live_at))
        .route("/kitchen/alive", post(kitchen::alive))
        .route("/kitchen/orders/{id}", get(kitchen::order::page).post(kitchen::move_order))
        .route("/kitchen/orders/{id}/stop", post(kitchen::order::stop))
        .route("/kitchen/orders/{id}/substitute", post(kitchen::order::substitute))
        .route("/kitchen/stations/{id}", post(kitchen::station_state))
        .route("/kitchen/decisions", get(kitchen::decisions::page))
        .route("/kitchen/decisions/{visit}", post(kitchen::decisions::decide))
        .route("/kitchen/tickets/{id}", post(kitchen::decisions::print))
        .route("/kitchen/system", get(kitchen::system::page))
        .route("/kitchen/system/{id}/send", post(kitchen::system::send))
        .route("/kitchen/system/{id}/give-up", post(kitchen::system::give_up))
        .route("/kitchen/waste", post(kitchen::decisions::waste))
        .route("/kitchen/waste/{id}", post(kitchen::decisions::take_waste_back))
        .route("/kitchen/hand-out", get(kitchen::hand_out::page).post(kitchen::hand_out::look_up))
        .route("/kitchen/hand-out/live", get(kitchen::hand_out::live))
        .route("/kitchen/hand-out/{visit}", get(kitchen::hand_out::page_of).post(kitchen::hand_out::act))
        .route("/kitchen/counter", get(kitchen::counter::page).post(kitchen::counter::order))
        .route("/kitchen/counter/{id}/back", post(kitchen::counter::take_back))
        .route("/kitchen/counter/{id}/given", post(kitchen::give_back::note))
        .route("/kitchen/counter/{id}/given/back", post(kitchen::give_back::take_back))
        .route("/pickup", get(pickup::page))
        .route("/pickup/live", get(pickup::live))
        .route("/pickup/alarm", get(house_alarm::live_in_both))
        .route("/alarm", get(house_alarm::live))
        .route("/carpark", get(carpark::page))
        .route("/carpark/live", get(carpark::live))
        .route("/carpark/lane", post(carpark::lane))
        .route("/carpark/forecast", get(carpark::forecast::page))
        .route("/carpark/stays", get(carpark::stays::page))
        .route("/carpark/counts", get(carpark::counts::page).post(carpark::counts::count))
        .route("/carpark/counts/undo", post(carpark::counts::undo))
        .route("/carpark/gate", post(carpark::gates::order))
        .route("/carpark/site", post(carpark::closures::set))
        .route("/carpark/site/preview", post(carpark::closures::preview))
        .route("/carpark/site/undo", post(carpark::closures::undo))
        .route("/displays", get(displays::page))
        .route("/displays/live", get(displays::live))
        .route("/displays/approve", post(displays::approve))
        .route("/displays/revoke", post(displays::revoke))
        .route("/displays/message", post(messages::publish))
        .route("/displays/withdraw", post(messages::withdraw))
        .route("/displays/restore", post(messages::restore))
        .route("/displays/media", get(displays::media::page).post(displays::media::upload))
        .route("/displays/media/delete", post(displays::media::delete))
        .route("/displays/playlists", get(displays::playlists::page))
        .route("/displays/playlists/{id}", get(displays::playlists::editor).post(displays::playlists::put))
        .route("/displays/playlists/{id}/remove", post(displays::playlists::remove))
        .route("/displays/schedules", get(displays::schedules::page).post(displays::schedules::put))
        .route("/displays/schedules/{id}/remove", post(displays::schedules::remove))
        .route("/displays/audit", get(displays::audit::page))
        .route("/displays/retired", get(displays::retired::page))
        .route("/displays/warnings", get(displays::warnings::page).post(displays::warnings::import))
        .route("/displays/screens/{id}", get(displays::screen::page).post(displays::screen::change))
        .route("/displays/screens/{id}/picture", get(displays::screen::picture_of).post(displays::screen::ask))
        .route("/displays/screens/{id}/preview", get(displays::preview::page))
        .route("/displays/screens/{id}/plays", get(displays::plays::page))
        .route("/displays/screens/{id}/plays.csv", get(displays::plays::csv))
        .route("/monitor/{id}", get(monitor::page))
        .route("/monitor/{id}/live", get(monitor::live))
        .route("/monitor/{id}/shown", post(monitor::shown))
        .route("/monitor/{id}/report", post(monitor::report::report))
        .route("/monitor/{id}/picture", post(monitor::report::picture))
        .route("/pair", get(pairing::pair))
        .route("/pair/state", get(pairing::state))
        .route("/clock", get(monitor::clock));
    visitors
        .merge(staff)
        .route("/static/{file}", get(assets::file))
        .route("/worker.js", get(assets::worker))
        .fallback(|| async { Problem::no_page() })
        .method_not_allowed_fallback(|| async { Problem::no_page() })
        .with_state(edge.clone())
        .layer(CsrfLayer::new())
        .layer(middleware::from_fn_with_state(edge, around))
        // A few per cent more bytes for a third of the work: pages are made anew for each visitor.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
}

/// Everything a page may load comes from here; scripts build no HTML but through one policy.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types live worker";

/// Films are only played by monitors, and seen by those who choose what monitors play; both show no pictures but ours.
/// Pictures in the page itself (`data:`) are what a monitor draws of itself.
const SCREENS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; \
    font-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types live worker";

/// A notice to visitors, shown to staff: it brings its own style, and nothing in it does anything.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; \
    frame-ancestors 'self'; sandbox";

/// The page around it.
const NOTICE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types live worker";

const HEADERS: [(&str, &str); 6] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=()"),
];

/// Finds out who asks, answers, and makes problems pages.
async fn around(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let (path, method) = (request.uri().path().to_owned(), request.method().clone());
    let chosen = request.uri().query().and_then(chosen_language);
    let words = Words::speaking(language(&edge, request.headers(), chosen));
    let mut guest = Guest { words, session: None, path: path.clone(), notice: None };
    let mut renewed = HeaderMap::new();
    let mut response = if path.starts_with("/static/") {
        next.run(request).await
    } else {
        guest.words = words.of_house(house(&edge).await);
        match load(&edge, &mut guest, request.headers(), &method).await {
            Ok(cookie) => {
                renewed = cookie;
                request.extensions_mut().insert(guest.clone());
                next.run(request).await
            }
            Err(error) => Problem::from(error).into_response(),
        }
    };
    if response.extensions().get::<ProtectionError>().is_some() {
        response = Problem::cross_site().into_response();
    }
    // The address was refused before a page saw it: an id that is none, bytes that are no text.
    if response.status() == StatusCode::BAD_REQUEST {
        response = Problem::no_page().into_response();
    }
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = show(&guest, &problem, &method);
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if path.starts_with("/monitor/") || path.starts_with("/displays") {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SCREENS_POLICY));
    }
    if path == "/desk/door" {
        // Its camera reads codes; the picture never leaves the phone.
        headers.insert(
            "permissions-policy",
            HeaderValue::from_static("camera=(self), microphone=(), geolocation=(), payment=()"),
        );
    }
    if path.starts_with("/desk/notices/") {
        let policy = if path.ends_with("/mail") { MAIL_POLICY } else { NOTICE_POLICY };
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    if edge.settings.public_url.starts_with("https://") {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    session::add_cookies(headers, renewed);
    if let Some(language) = chosen {
        session::add_cookies(headers, session::set_cookie(&edge, session::LANGUAGE, language.tag(), 365 * 24 * 3600));
    }
    response
}

fn chosen_language(query: &str) -> Option<Language> {
    query.split('&').find_map(|pair| Language::named(pair.strip_prefix("lang=")?))
}

/// What was asked for, else what was chosen before, else what the browser prefers, else German.
fn language(edge: &Edge, headers: &HeaderMap, chosen: Option<Language>) -> Language {
    let remembered = || session::cookie(edge, headers, session::LANGUAGE).and_then(|tag| Language::named(&tag));
    let wanted = || headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok().map(Language::wanted);
    chosen.or_else(remembered).or_else(wanted).unwrap_or_default()
}

/// The session behind the cookie, and what it is to be told on this page; a monitor's cookie, where it lasts longer from now on.
async fn load(edge: &Edge, guest: &mut Guest, headers: &HeaderMap, method: &Method) -> Result<HeaderMap, Error> {
    let Some(cookie) = session::cookie(edge, headers, session::SESSION) else {
        return Ok(HeaderMap::new());
    };
    // A place in a waiting room hangs on this too: what is not ours is refused before it costs a query.
    let Some(secret) = edge.keys.unseal(&cookie) else { return Ok(HeaderMap::new()) };
    guest.session = store::session(edge.db.pool(), &token::hash(secret), wall_now()).await?;
    if let Some(session) = guest.session.as_ref().filter(|session| session.has_notice)
        && method == Method::GET
        && !guest.path.ends_with("/live")
    {
        let id = session.id;
        guest.notice =
            edge.db.transact(move |tx| Box::pin(async move { store::take_notice(tx.conn(), id).await })).await?;
    }
    // Only where no handler sets another session; a line that stays open for days is not waited for.
    match &guest.session {
        Some(session) if guest.path.starts_with("/monitor/") && !guest.path.ends_with("/live") => {
            session::renew(edge, session, &cookie).await
        }
        _ => Ok(HeaderMap::new()),
    }
}

/// A problem as a page.
#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    w: Frame,
    what: String,
    todo: String,
    detail: String,
}

fn show(guest: &Guest, problem: &Problem, method: &Method) -> Response {
    if problem.asks_to_sign_in() && method == Method::GET && !guest.path.ends_with("/live") {
        return Redirect::to(&format!("/staff/sign-in?next={}", guest.path)).into_response();
    }
    let what = guest.words.t(&format!("problem-{}", problem.key));
    let is_staff = guest.session.as_ref().is_some_and(|session| session.staff.is_some());
    let mut w = guest.frame(what.clone());
    if method != Method::GET || guest.path.starts_with("/v/") {
        // The language links cannot repeat a POST, and a secret that is nearly right is not shown.
        w.path = "/".to_owned();
    }
    let page = ProblemPage {
        todo: w.t(&format!("problem-{}-do", problem.key)),
        detail: if is_staff && !problem.detail.is_empty() && problem.code != Code::Internal {
            refusal::of(&w, problem.code, &problem.name, &problem.detail)
        } else {
            String::new()
        },
        w,
        what,
    };
    let status = StatusCode::from_u16(problem.code.http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "the problem page could not be made");
            status.into_response()
        }
    };
    let headers = response.headers_mut();
    if guest.path.starts_with("/monitor/") {
        // Nobody stands before a monitor to reload it.
        headers.insert(header::REFRESH, HeaderValue::from_static("10"));
    }
    if matches!(problem.code, Code::Unavailable | Code::ResourceExhausted) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        if method == Method::GET && guest.path.starts_with("/waiting-room/") {
            // Whoever waits has left the page to itself: without a script it goes on loading itself all the same.
            headers.insert(header::REFRESH, HeaderValue::from_static("5"));
        }
    }
    response
}
