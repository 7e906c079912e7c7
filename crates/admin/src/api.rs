//! The routes: what can be seen, what can be changed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use doorward_config::Edit;
use doorward_logs::Sink;
use doorward_server::{CachedFileStatus, Control};
use serde::{Deserialize, Serialize};

use crate::certificates::{self, BindOrder, CertificatesReport, ImportOrder};
use crate::desk::{Desk, Done, NewSiteOrder, Order, Refused, RefusedKind};
use crate::limits_api;
use crate::log_files::{self, LogFileReport};
use crate::report::{self, ListenReport, Standing, StatusReport};
use crate::requests::{self, RequestReport};

/// How long a flush waits for the disk.
const FLUSH_WAIT: Duration = Duration::from_secs(5);

/// What every route can reach.
#[derive(Clone)]
pub(crate) struct Reach {
    pub(crate) control: Arc<Control>,
    sink: Arc<Sink>,
    standing: Arc<Mutex<Standing>>,
    desk: Desk,
}

impl Reach {
    pub(crate) fn standing(&self) -> Standing {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(crate) type Outcome = Result<Json<Done>, ApiError>;

/// All routes of the control socket.
pub fn router(control: Arc<Control>, sink: Arc<Sink>, standing: Arc<Mutex<Standing>>, desk: Desk) -> Router {
    Router::new()
        .route("/v1/status", get(status))
        .route("/v1/sites", post(add_site))
        .route("/v1/sites/{name}", delete(remove_site))
        .route("/v1/sites/{name}/start", post(start_site))
        .route("/v1/sites/{name}/stop", post(stop_site))
        .route("/v1/listen", get(listen).post(add_listen))
        .route("/v1/listen/{address}", delete(remove_listen))
        .route("/v1/certs", get(certificates).post(import_certificate))
        .route("/v1/certs/{sha1}", delete(remove_certificate))
        .route("/v1/certs/bindings", post(bind_certificate))
        .route("/v1/certs/bindings/{place}", delete(unbind_certificate))
        .route("/v1/logs", get(log_files))
        .route("/v1/logs/reopen", post(reopen_logs))
        .route("/v1/edits", post(make_edit))
        .route("/v1/requests", get(ongoing))
        .route("/v1/logs/flush", post(flush_logs))
        .route("/v1/cache", get(cached_files))
        .route("/v1/cache/forget", post(forget_files))
        .route("/v1/reload", post(reload))
        .route("/v1/stop", post(stop))
        .merge(limits_api::routes())
        .fallback(no_route)
        .with_state(Reach { control, sink, standing, desk })
}

async fn status(State(reach): State<Reach>) -> Json<StatusReport> {
    Json(report::status(&reach.control, &reach.sink, reach.standing()).await)
}

async fn listen(State(reach): State<Reach>) -> Json<ListenReport> {
    Json(ListenReport { addresses: reach.standing().listen })
}

async fn log_files(State(reach): State<Reach>) -> Json<Vec<LogFileReport>> {
    Json(log_files::log_files(&reach.control.plan(), &reach.sink))
}

async fn reopen_logs(State(reach): State<Reach>) -> Json<Done> {
    reach.sink.reopen();
    let message = "Every log file is closed; the next line opens it again, with a header.".to_owned();
    Json(Done { message, notes: Vec::new() })
}

async fn flush_logs(State(reach): State<Reach>) -> Outcome {
    reach.control.flush_logs().await;
    let sink = Arc::clone(&reach.sink);
    let written = tokio::task::spawn_blocking(move || sink.flush(FLUSH_WAIT)).await;
    if !written.is_ok_and(|all| all) {
        let message = "not every line could be written in time";
        let hint = Some("`doorward status` tells what stands in the way".to_owned());
        return Err(ApiError(Refused { hint, ..Refused::new(RefusedKind::Failed, message) }));
    }
    Ok(Json(Done { message: "Every log line so far is in its file.".to_owned(), notes: Vec::new() }))
}

async fn cached_files(State(reach): State<Reach>) -> Json<Vec<CachedFileStatus>> {
    Json(reach.control.cached_files().await)
}

/// Body of `POST /v1/cache/forget`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForgetBody {
    /// The files; without them, all.
    #[serde(default)]
    files: Option<Vec<ForgetFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForgetFile {
    site_id: u32,
    path: String,
}

async fn forget_files(State(reach): State<Reach>, body: Result<Json<ForgetBody>, JsonRejection>) -> Outcome {
    let Json(body) = body?;
    let which = body.files.map(|files| files.into_iter().map(|file| (file.site_id, file.path)).collect());
    reach.control.forget_files(which).await;
    Ok(Json(Done { message: "The files are read again when they are asked for.".to_owned(), notes: Vec::new() }))
}

async fn add_site(State(reach): State<Reach>, body: Result<Json<NewSiteOrder>, JsonRejection>) -> Outcome {
    let Json(site) = body?;
    carry_out(&reach, Order::AddSite(site)).await
}

async fn remove_site(State(reach): State<Reach>, Path(name): Path<String>) -> Outcome {
    carry_out(&reach, Order::RemoveSite(name)).await
}

async fn start_site(State(reach): State<Reach>, Path(name): Path<String>) -> Outcome {
    carry_out(&reach, Order::StartSite(name)).await
}

async fn stop_site(State(reach): State<Reach>, Path(name): Path<String>) -> Outcome {
    carry_out(&reach, Order::StopSite(name)).await
}

/// Body of `POST /v1/listen`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddressBody {
    address: String,
}

async fn add_listen(State(reach): State<Reach>, body: Result<Json<AddressBody>, JsonRejection>) -> Outcome {
    let Json(body) = body?;
    carry_out(&reach, Order::AddListen(body.address)).await
}

async fn remove_listen(State(reach): State<Reach>, Path(address): Path<String>) -> Outcome {
    carry_out(&reach, Order::RemoveListen(address)).await
}

async fn certificates(State(reach): State<Reach>) -> Json<CertificatesReport> {
    Json(certificates::certificates(&reach.control, reach.standing().certificates))
}

async fn import_certificate(State(reach): State<Reach>, body: Result<Json<ImportOrder>, JsonRejection>) -> Outcome {
    let Json(body) = body?;
    carry_out(&reach, Order::ImportCertificate(body)).await
}

async fn remove_certificate(State(reach): State<Reach>, Path(sha1): Path<String>) -> Outcome {
    carry_out(&reach, Order::RemoveCertificate(sha1)).await
}

async fn bind_certificate(State(reach): State<Reach>, body: Result<Json<BindOrder>, JsonRejection>) -> Outcome {
    let Json(body) = body?;
    carry_out(&reach, Order::BindCertificate(body)).await
}

async fn unbind_certificate(State(reach): State<Reach>, Path(place): Path<String>) -> Outcome {
    carry_out(&reach, Order::UnbindCertificate(place)).await
}

async fn make_edit(State(reach): State<Reach>, body: Result<Json<Edit>, JsonRejection>) -> Outcome {
    let Json(edit) = body?;
    carry_out(&reach, Order::Edit(edit)).await
}

async fn ongoing(State(reach): State<Reach>) -> Json<Vec<RequestReport>> {
    Json(requests::requests(&reach.control).await)
}

async fn reload(State(reach): State<Reach>) -> Outcome {
    carry_out(&reach, Order::Reload).await
}

async fn stop(State(reach): State<Reach>) -> Outcome {
    carry_out(&reach, Order::Stop).await
}

async fn no_route() -> ApiError {
    ApiError(Refused::new(RefusedKind::NotFound, "there is no such route"))
}

pub(crate) async fn carry_out(reach: &Reach, order: Order) -> Outcome {
    Ok(Json(reach.desk.order(order).await.map_err(ApiError)?))
}

/// A refusal as a response.
pub(crate) struct ApiError(pub(crate) Refused);

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        Self(Refused::new(RefusedKind::Invalid, rejection.body_text()))
    }
}

/// The body of every refusal.
#[derive(Serialize)]
struct ErrorBody {
    error: Refused,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = match self.0.kind {
            RefusedKind::NotFound => StatusCode::NOT_FOUND,
            RefusedKind::Invalid => StatusCode::BAD_REQUEST,
            RefusedKind::Conflict => StatusCode::CONFLICT,
            RefusedKind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(ErrorBody { error: self.0 })).into_response()
    }
}
