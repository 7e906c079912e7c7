//! The handshake: `ClientHello` in, certificate chosen, connection out.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::sync::Arc;
use std::task::Poll;

use doorward_wire::Waiting;
use rustls::server::{Accepted, AcceptedAlert, Acceptor};
use rustls::{Error, ServerConfig, ServerConnection};

use super::session::{From, Session, To};
use super::store::{Chosen, NoHandshake};
use crate::connection::Connection;
use crate::downstream::{Downstream, End};
use crate::outcome::{Refusal, ServiceRefusal};
use crate::send;

/// A fatal alert before anything is agreed: `unrecognized_name` and `handshake_failure` (RFC 8446 §6.2).
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];
const HANDSHAKE_FAILURE: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];
/// `access_denied`: the certificate's binding rejects everybody.
const ACCESS_DENIED: [u8; 7] = [21, 3, 3, 0, 2, 2, 49];

/// Brings a fresh connection to the point where requests may come. What goes wrong is noted in HTTPERR.
pub(crate) async fn handshake(connection: &mut Connection) -> Result<(), End> {
    let client = &connection.client;
    let (deadline_ms, reason) = client.worker.shared.timers().deadline(Waiting::Head, client.now_ms());
    client.watched.watch.receive_by(deadline_ms, reason);
    // A record of a handshake begins with 22, a request with a letter.
    if first_byte(client).await?.is_ascii_alphabetic() {
        return plain_http(connection).await;
    }
    let accepted = client_hello(client).await?;
    let chosen = match choose(connection, &accepted) {
        Ok(chosen) => chosen,
        Err(refused) => return Err(turn_away(client, refused)),
    };
    let session = finish(client, accepted, Arc::clone(&chosen.config)).await?;
    client.watched.watch.receive_any_time();
    connection.client.ends.certificate = chosen.judge(session.peer_certificates());
    // Above TLS it is ALPN that tells the versions apart, never the first bytes (RFC 9113 3.2).
    connection.version_open = false;
    connection.agreed_http2 = session.alpn_protocol() == Some(super::HTTP2);
    connection.client.stream.secure(Session::new(session));
    Ok(())
}

/// Somebody speaks HTTP to a TLS port: told so in the clear.
async fn plain_http(connection: &mut Connection) -> Result<(), End> {
    let exchange = connection.client.worker.exchange(connection.client.ends);
    connection.refuse(exchange, Refusal::Service(ServiceRefusal::PlainHttp)).await
}

async fn first_byte(client: &Downstream) -> Result<u8, End> {
    loop {
        until_readable(client).await?;
        match client.stream.try_first_byte() {
            Ok(Some(byte)) => return Ok(byte),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Ok(None) | Err(_) => return Err(End::Close),
        }
    }
}

async fn client_hello(client: &Downstream) -> Result<Accepted, End> {
    let mut acceptor = Acceptor::default();
    loop {
        match acceptor.read_tls(&mut From(client.stream.tcp())) {
            Ok(0) => return Err(End::Close),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                until_readable(client).await?;
                continue;
            }
            Err(_) => return Err(End::Close),
        }
        match acceptor.accept() {
            Ok(Some(accepted)) => return Ok(accepted),
            Ok(None) => {}
            Err(refused) => return Err(failed(client, refused)),
        }
    }
}

/// An alert, and the word for HTTPERR.
type TurnedAway = (&'static [u8], &'static str);

/// How this client's handshake goes on, or with which alert it ends.
fn choose(connection: &Connection, accepted: &Accepted) -> Result<Chosen, TurnedAway> {
    let shared = &connection.client.worker.shared;
    let name = accepted.client_hello().server_name().map(str::to_ascii_lowercase);
    let alert: &[u8] = if name.is_some() { &UNRECOGNIZED_NAME } else { &HANDSHAKE_FAILURE };
    let without: TurnedAway = (alert, "Tls_NoCertificate");
    // The newest plan: this connection may have waited for its first byte for a while.
    let plan = shared.plan.load();
    let listener = plan.listeners.get(&connection.listener.address).ok_or(without)?;
    let local = connection.client.ends.local.ip();
    let chosen = shared.certificates.load().choose(listener, local, name.as_deref());
    chosen.map_err(|reason| match reason {
        NoHandshake::NoCertificate => without,
        NoHandshake::Rejected => (ACCESS_DENIED.as_slice(), "Tls_Rejected"),
    })
}

fn turn_away(client: &Downstream, (alert, reason): TurnedAway) -> End {
    let _not_heard = client.stream.tcp().try_write(alert);
    note(client, reason);
    End::Linger
}

/// The rest of the handshake, until all our words of it have left.
async fn finish(client: &Downstream, accepted: Accepted, config: Arc<ServerConfig>) -> Result<ServerConnection, End> {
    let mut connection = accepted.into_connection(config).map_err(|refused| failed(client, refused))?;
    let rate = client.worker.shared.timers().send_pace(client.now_ms());
    loop {
        while connection.wants_write() {
            match connection.write_tls(&mut To(client.stream.tcp())) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => send::until_writable(client, &rate).await?,
                Err(_) => return Err(End::Close),
            }
        }
        if !connection.is_handshaking() {
            return Ok(connection);
        }
        match connection.read_tls(&mut From(client.stream.tcp())) {
            Ok(0) => return Err(given_up(client)),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                until_readable(client).await?;
                continue;
            }
            Err(_) => return Err(given_up(client)),
        }
        if let Err(error) = connection.process_new_packets() {
            let _not_heard = connection.write_tls(&mut To(client.stream.tcp()));
            note(client, &reason(&error));
            return Err(End::Linger);
        }
    }
}

/// The client went away after it saw our certificate: often because it does not trust it.
fn given_up(client: &Downstream) -> End {
    note(client, "Tls_ClientGone");
    End::Close
}

fn failed(client: &Downstream, (error, mut alert): (Error, AcceptedAlert)) -> End {
    let _not_heard = alert.write(&mut To(client.stream.tcp()));
    note(client, &reason(&error));
    End::Linger
}

/// The word for the `s-reason` column; IIS has none, since Windows logs handshakes elsewhere.
fn reason(error: &Error) -> String {
    if let Error::AlertReceived(alert) = error {
        format!("Tls_Alert_{alert:?}")
    } else if matches!(error, Error::PeerIncompatible(_) | Error::NoApplicationProtocol) {
        "Tls_NothingInCommon".to_owned()
    } else {
        "Tls_BadHandshake".to_owned()
    }
}

fn note(client: &Downstream, reason: &str) {
    let exchange = client.worker.exchange(client.ends);
    client.worker.error(&exchange, reason, None);
    client.worker.recycle(exchange);
}

async fn until_readable(client: &Downstream) -> Result<(), End> {
    let watch = &client.watched.watch;
    let outcome = poll_fn(|context| match watch.poll_fired(context) {
        Some(fired) => Poll::Ready(Err(fired)),
        None => client.stream.poll_readable(context).map(|_| Ok(())),
    })
    .await;
    outcome.map_err(|fired| client.fired(fired))
}
