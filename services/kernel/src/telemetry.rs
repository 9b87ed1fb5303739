//! Logs to stdout, traces to an OTLP collector where one is configured, and the way a trace travels:
//! request → outbox headers → bus → reaction. Four numbers per service tell its health: outbox age,
//! consumer lag, dead events, RPC latency.

use axum::{extract::Request, response::Response};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::{
    global,
    propagation::{Extractor, Injector, TextMapPropagator},
    trace::{TraceContextExt, TracerProvider},
};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::{propagation::TraceContextPropagator, trace::SdkTracerProvider};
use std::{ffi::OsStr, io::IsTerminal, sync::OnceLock};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::Settings;

/// Keep it until the end of main: dropping it flushes the traces.
#[derive(Debug)]
pub struct Guard(Option<SdkTracerProvider>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(provider) = &self.0
            && let Err(error) = provider.shutdown()
        {
            eprintln!("traces not flushed: {error}");
        }
    }
}

/// Starts logging and, if `otlp_endpoint` is set, tracing. Call once, inside the runtime.
///
/// # Errors
/// A log filter that cannot be read, an endpoint that is no address.
pub fn init(settings: &Settings) -> anyhow::Result<Guard> {
    let filter = filter(&settings.log)?;
    let provider = if settings.otlp_endpoint.is_empty() {
        None
    } else {
        global::set_text_map_propagator(TraceContextPropagator::new());
        let exporter =
            opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(&settings.otlp_endpoint).build()?;
        Some(SdkTracerProvider::builder().with_batch_exporter(exporter).build())
    };
    let traces = provider.as_ref().map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("sky")));
    tracing_subscriber::registry()
        .with(filter)
        .with(
            tracing_subscriber::fmt::layer()
                .with_target(false)
                .with_ansi(colours(std::io::stdout().is_terminal(), std::env::var_os("NO_COLOR").as_deref())),
        )
        .with(traces)
        .try_init()?;
    Ok(Guard(provider))
}

/// What is logged. Never more of the broker's client than this: its debug output has the broker's password in it.
fn filter(log: &str) -> anyhow::Result<EnvFilter> {
    let filter = EnvFilter::try_new(log).map_err(|error| anyhow::anyhow!("log = \"{log}\": {error}"))?;
    Ok(filter.add_directive("async_nats=info".parse()?))
}

/// For somebody who looks on, and wants them (no-color.org): in a file or another program's input they are noise.
fn colours(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

/// The process's metrics in Prometheus' text format. The recorder is installed once per process.
pub(crate) fn metrics() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::debug!("another metrics recorder is installed; ours stays empty");
        }
        handle
    })
}

/// Folds what was measured since the last time into what is kept. Without it each call stays in memory until somebody
/// asks for `/metrics`, which may be never.
pub(crate) async fn keep_metrics_small() {
    let mut turn = tokio::time::interval(std::time::Duration::from_secs(5));
    loop {
        turn.tick().await;
        metrics().run_upkeep();
    }
}

/// The present span's trace context, for an outbox row.
pub(crate) fn current_traceparent() -> Option<String> {
    let context = tracing::Span::current().context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut carrier = std::collections::HashMap::new();
    TraceContextPropagator::new().inject_context(&context, &mut carrier);
    carrier.remove("traceparent")
}

struct Headers<'a>(&'a mut http::HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(key), http::HeaderValue::from_str(&value)) {
            self.0.insert(name, value);
        }
    }
}

struct Read<'a>(&'a http::HeaderMap);

impl Extractor for Read<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

/// Sends the present trace along with a call.
pub(crate) fn inject(headers: &mut http::HeaderMap) {
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&tracing::Span::current().context(), &mut Headers(headers));
    });
}

/// Around every call: a span that continues the caller's trace, and the latency.
pub(crate) async fn observe<Answered: Future<Output = Response>>(
    request: Request,
    answer: impl FnOnce(Request) -> Answered,
) -> Response {
    use tracing::Instrument;
    let path = request.uri().path().to_owned();
    let span = tracing::info_span!("rpc", otel.name = %path);
    let parent = global::get_text_map_propagator(|propagator| propagator.extract(&Read(request.headers())));
    // Fails only when tracing is off.
    let _ = span.set_parent(parent);
    let started = std::time::Instant::now();
    let response = answer(request).instrument(span).await;
    let status = response.headers().get("grpc-status").and_then(|value| value.to_str().ok()).unwrap_or("0").to_owned();
    metrics::histogram!("sky_rpc_seconds", "method" => path, "status" => status)
        .record(started.elapsed().as_secs_f64());
    response
}

/// The span of a reaction: a root of its own with a link back, so that one slow house never yields a
/// day-long trace.
pub(crate) fn reaction_span(service: &str, event: &crate::Event) -> tracing::Span {
    let span = tracing::info_span!("reaction", service, event = event.type_name, position = event.pub_seq);
    if !event.traceparent.is_empty() {
        let carrier = std::collections::HashMap::from([("traceparent".to_owned(), event.traceparent.clone())]);
        span.add_link(TraceContextPropagator::new().extract(&carrier).span().span_context().clone());
    }
    span
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brokers_password_is_in_no_log_however_much_is_logged() {
        for log in ["debug", "trace", "info,async_nats=trace"] {
            let filter = filter(log).expect("a filter").to_string();
            let of_client: Vec<&str> = filter.split(',').filter(|it| it.starts_with("async_nats")).collect();
            assert_eq!(of_client, ["async_nats=info"], "{log}");
        }
        assert!(filter("no=such=filter").is_err());
    }

    #[test]
    fn colours_are_for_a_terminal_of_somebody_who_wants_them() {
        assert!(colours(true, None) && colours(true, Some(OsStr::new(""))));
        assert!(!colours(true, Some(OsStr::new("1"))) && !colours(false, None));
    }
}
