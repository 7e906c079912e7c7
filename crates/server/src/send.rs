//! Bytes and files to the client, as fast as it takes them and no slower than it must.

use std::fs::File;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::rc::Rc;
use std::task::Poll;

use doorward_wire::{Pace, TimerReason};

use crate::downstream::{Downstream, End};
use crate::exchange::Exchange;
use crate::outcome::{Body, Response};
use crate::render;
use crate::watch::Fired;

/// What comes after some bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Follows {
    /// A file, at once: both leave together.
    File,
    Unknown,
}

/// Sends a whole response.
pub(crate) async fn response(client: &Downstream, exchange: &mut Exchange, response: Response) -> Result<(), End> {
    let mut scratch = client.worker.scratch();
    let date = &client.worker.date;
    render::whole(&mut scratch.out, exchange, &response, date);
    let sends_file = matches!(response.body, Body::File { length: 1.., .. }) && !exchange.is_head();
    let follows = if sends_file { Follows::File } else { Follows::Unknown };
    // What is held to a speed is not sent at once.
    let rest = if client.pacer().is_some() { Ok(scratch.out.clone()) } else { now(client, &scratch.out, follows) };
    client.worker.give_back(scratch);
    all(client, &rest?).await?;
    match &response.body {
        _ if exchange.is_head() => Ok(()),
        Body::File { file, start, length } => counted(client, exchange, (file, *start, *length)).await,
        Body::Parts(laid_out) => {
            for (lines, part) in &laid_out.parts {
                all(client, lines).await?;
                exchange.sent_bytes += lines.len() as u64;
                counted(client, exchange, (&laid_out.file, part.start, part.length)).await?;
            }
            all(client, &laid_out.end).await?;
            exchange.sent_bytes += laid_out.end.len() as u64;
            Ok(())
        }
        Body::None | Body::Bytes(_) | Body::Shared(_) => Ok(()),
    }
}

/// Sends a part of a file and adds what went out to the exchange.
pub(crate) async fn counted(
    client: &Downstream,
    exchange: &mut Exchange,
    (file, start, length): (&Rc<File>, u64, u64),
) -> Result<(), End> {
    let (sent_bytes, outcome) = part_of_file(client, file, (start, length)).await;
    exchange.sent_bytes += sent_bytes;
    outcome
}

/// Sends what fits at once; returns a copy of the rest, so that no shared buffer is held while waiting.
pub(crate) fn now(client: &Downstream, bytes: &[u8], follows: Follows) -> Result<Vec<u8>, End> {
    let mut written = 0;
    while written < bytes.len() {
        let rest = &bytes[written..];
        let sent = match follows {
            Follows::File => client.stream.try_write_ahead(rest),
            Follows::Unknown => client.stream.try_write(rest),
        };
        match sent {
            Ok(count) => written += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(bytes[written..].to_vec()),
            Err(_) => return Err(End::Close),
        }
    }
    Ok(Vec::new())
}

/// Sends these bytes.
pub(crate) async fn all(client: &Downstream, bytes: &[u8]) -> Result<(), End> {
    let Some(pacer) = client.pacer() else { return piece(client, bytes).await };
    for bytes in bytes.chunks(pacer.piece_bytes()) {
        client.pause(pacer.turn(bytes.len())).await?;
        piece(client, bytes).await?;
    }
    Ok(())
}

async fn piece(client: &Downstream, bytes: &[u8]) -> Result<(), End> {
    let mut rate = client.worker.shared.timers().send_pace(client.now_ms());
    let mut written = 0;
    while written < bytes.len() {
        match client.stream.try_write(&bytes[written..]) {
            Ok(count) => {
                written += count;
                rate.progress(count as u64, client.now_ms());
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => until_writable(client, &rate).await?,
            Err(_) => return Err(End::Close),
        }
    }
    Ok(())
}

/// Sends `length` bytes of a file from `start`; returns how many went out, and how it ended.
async fn part_of_file(client: &Downstream, file: &Rc<File>, (start, length): (u64, u64)) -> (u64, Result<(), End>) {
    let Some(pacer) = client.pacer() else { return piece_of_file(client, file, (start, length)).await };
    let mut sent = 0;
    while sent < length {
        let due = (length - sent).min(pacer.piece_bytes() as u64);
        if let Err(end) = client.pause(pacer.turn(usize::try_from(due).unwrap_or(usize::MAX))).await {
            return (sent, Err(end));
        }
        let (count, outcome) = piece_of_file(client, file, (start + sent, due)).await;
        sent += count;
        if outcome.is_err() {
            return (sent, outcome);
        }
    }
    (sent, Ok(()))
}

async fn piece_of_file(client: &Downstream, file: &Rc<File>, part: (u64, u64)) -> (u64, Result<(), End>) {
    let (start, length) = part;
    let mut offset = start;
    let mut rate = client.worker.shared.timers().send_pace(client.now_ms());
    while offset - start < length {
        let due = length - (offset - start);
        match client.stream.try_send_file(file, &mut offset, due) {
            // The file has become shorter than its promised length: only the end of the connection can tell.
            Ok(0) => {
                client.worker.files.distrust(file);
                return (offset - start, Err(End::Close));
            }
            Ok(count) => {
                rate.progress(count as u64, client.now_ms());
                if offset - start < length {
                    tokio::task::yield_now().await;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if let Err(end) = until_writable(client, &rate).await {
                    return (offset - start, Err(end));
                }
            }
            Err(_) => return (offset - start, Err(End::Close)),
        }
    }
    (length, Ok(()))
}

/// Waits until the client takes more; one that takes too little for too long is given up.
pub(crate) async fn until_writable(client: &Downstream, rate: &Pace) -> Result<(), End> {
    if rate.too_slow(client.now_ms()) {
        return Err(client.fired(Fired::Timer(TimerReason::MinBytesPerSecond)));
    }
    let watch = &client.watched.watch;
    watch.send_by(rate.deadline_ms());
    let outcome = poll_fn(|context| match watch.poll_fired(context) {
        Some(fired) => Poll::Ready(Err(fired)),
        None => client.stream.poll_writable(context).map(|_| Ok(())),
    })
    .await;
    watch.send_by(u64::MAX);
    outcome.map_err(|fired| client.fired(fired))
}
