//! The ways to a visit's page: its capability link, its address, and the way back from paying. Each ends
//! at the clean `/visit`.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Code, clock::wall_now, values};
use sky_proto::{journey::v1::ExchangeLinkRequest, payments::v1::CheckPaymentRequest};

use super::booking::own;
use crate::{
    edge::{Edge, answer},
    problem::Problem,
    session::Guest,
    store,
};

/// The secret is exchanged for this session's right to see the visit, and leaves the address bar.
pub(crate) async fn open_link(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(secret): Path<String>,
) -> Result<Response, Problem> {
    let found = answer(edge.journey_as_portal().exchange_link(ExchangeLinkRequest { secret })).await;
    let found = found.map_err(|status| match Code::from_grpc(status.code()) {
        Code::NotFound | Code::InvalidArgument | Code::PermissionDenied => Problem::no_visit(),
        _ => status.into(),
    })?;
    let visit = values::id("visit_id", &found.visit_id)?;
    let (session, cookie) = guest.session_for_visits(&edge).await?;
    Guest::open_visit(&edge, session, visit, true).await?;
    Ok((cookie, Redirect::to("/visit")).into_response())
}

/// Makes a visit that this session has opened before the one that `/visit` shows.
pub(crate) async fn show(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(visit): Path<String>,
) -> Result<Response, Problem> {
    let (id, _) = own(&edge, &guest, &visit).await?;
    if let Some(session) = guest.session.as_ref().map(|session| session.id) {
        let now = wall_now();
        edge.db
            .transact(move |tx| Box::pin(async move { store::open_visit(tx.conn(), session, id, true, now).await }))
            .await?;
    }
    Ok(Redirect::to("/visit").into_response())
}

/// The provider has sent the visitor back: ask it now how it went.
pub(crate) async fn back_from_payment(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(visit): Path<String>,
) -> Result<Response, Problem> {
    let (id, _) = own(&edge, &guest, &visit).await?;
    let request = CheckPaymentRequest { visit_id: id.to_string() };
    if let Err(status) = answer(edge.payments_as_portal().check_payment(request)).await {
        // The next poll will tell; the visit's page is live.
        tracing::debug!(code = ?status.code(), "the payment was not checked at once");
    }
    show(State(edge), guest, Path(visit)).await
}
