//! The client of the control socket: the command line is the API's first user.

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::Path;

use doorward_admin::{Refused, RefusedKind, connectable_path};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::UnixStream;

/// What came back: the answer, or the server's reason.
pub(crate) type Answer<T> = Result<T, Refused>;

/// Asks the server of this control socket.
pub(crate) fn ask<T: DeserializeOwned>(socket: &Path, route: (Method, &str), body: Option<&Value>) -> Answer<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    let runtime = runtime.map_err(|error| Refused::new(RefusedKind::Failed, error.to_string()))?;
    runtime.block_on(ask_on(socket, route, body))
}

async fn ask_on<T: DeserializeOwned>(socket: &Path, (method, path): (Method, &str), body: Option<&Value>) -> Answer<T> {
    let stream = connect(socket).await?;
    let failed = |error: &dyn std::fmt::Display| Refused::new(RefusedKind::Failed, format!("control socket: {error}"));
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    let driver = tokio::spawn(connection);
    let text = body.map(ToString::to_string).unwrap_or_default();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("Host", "doorward")
        .header("Content-Type", "application/json")
        .body(Full::new(Bytes::from(text)))
        .map_err(|error| failed(&error))?;
    let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
    let good = response.status().is_success();
    let bytes = response.into_body().collect().await.map_err(|error| failed(&error))?.to_bytes();
    driver.abort();
    if good {
        return serde_json::from_slice(&bytes).map_err(|error| failed(&error));
    }
    let refused = serde_json::from_slice::<Value>(&bytes).ok();
    let refused = refused.and_then(|mut body| serde_json::from_value(body["error"].take()).ok());
    Err(refused.unwrap_or_else(|| Refused::new(RefusedKind::Failed, String::from_utf8_lossy(&bytes))))
}

/// Whether a server answers at this control socket. Errors: one may, and is not ours to talk to.
pub(crate) fn runs(socket: &Path) -> Answer<bool> {
    let connected = connectable_path(socket).and_then(|(path, _folder)| std::os::unix::net::UnixStream::connect(path));
    match connected {
        Ok(_) => Ok(true),
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(not_running(socket, &error)),
    }
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}

async fn connect(socket: &Path) -> Answer<UnixStream> {
    let (path, _folder) = connectable_path(socket).map_err(|error| not_running(socket, &error))?;
    UnixStream::connect(path).await.map_err(|error| not_running(socket, &error))
}

fn not_running(socket: &Path, error: &std::io::Error) -> Refused {
    let (message, hint) = if is_absent(error) {
        (
            format!("no doorward is running for this home ({} does not answer)", socket.display()),
            "start one with `doorward run`; one that runs with --home DIR is reached with the same --home DIR",
        )
    } else if error.kind() == ErrorKind::PermissionDenied {
        (
            format!("{} belongs to another user", socket.display()),
            "run this command as the user that started the server, or as root",
        )
    } else {
        (format!("{}: {error}", socket.display()), "look at the path and its permissions")
    };
    Refused { kind: RefusedKind::Failed, message, hint: Some(hint.to_owned()) }
}

/// A path segment of a route, with everything but plain characters escaped.
pub(crate) fn segment(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _infallible = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
