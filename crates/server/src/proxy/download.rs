//! The answer on its way to the client.

use std::io::ErrorKind;
use std::time::Duration;

use doorward_plan::Upstream;
use doorward_wire::{ClientMachine, Event, LAST_CHUNK, Response, write_chunk};
use tokio::net::TcpStream;

use super::{Failure, head};
use crate::downstream::Downstream;
use crate::exchange::Exchange;
use crate::send;

/// Bytes read from the upstream at a time.
const READ_BYTES: usize = 64 * 1024;

/// What is known of the answer while it is passed on.
pub(super) struct Downloaded {
    response: Response,
    silence: Duration,
    head_sent: bool,
    /// Errors of the upstream are not passed on (`existingResponse="Replace"`).
    replaces_errors: bool,
    chunked: bool,
    /// Read from the upstream, but not used up yet (a head in several pieces).
    carry: Vec<u8>,
}

impl Downloaded {
    /// Nothing yet.
    pub(super) fn new(upstream: &Upstream, replaces_errors: bool) -> Self {
        Self {
            response: Response::new(),
            silence: Duration::from_millis(upstream.response_timeout_ms),
            head_sent: false,
            replaces_errors,
            chunked: false,
            carry: Vec::new(),
        }
    }
}

/// Reads the answer and passes it on until it is complete.
pub(super) async fn run(
    client: &Downstream,
    exchange: &mut Exchange,
    link: &TcpStream,
    (machine, state): (&mut ClientMachine, &mut Downloaded),
) -> Result<(), Failure> {
    let mut out = Vec::new();
    loop {
        let closed = receive(client, link, state).await?;
        let ended = pass_on(exchange, (machine, state), closed, &mut out)?;
        send::all(client, &out).await.map_err(Failure::Client)?;
        out.clear();
        if ended {
            return Ok(());
        }
    }
}

/// Waits for bytes of the upstream; true when it has closed instead.
async fn receive(client: &Downstream, link: &TcpStream, state: &mut Downloaded) -> Result<bool, Failure> {
    loop {
        match tokio::time::timeout(state.silence, link.readable()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(broken(state)),
            Err(_) if state.head_sent => return Err(Failure::BrokenOff),
            Err(_) => return Err(Failure::Timeout),
        }
        let mut scratch = client.worker.scratch();
        let count = link.try_read(&mut scratch.read[..READ_BYTES]);
        if let Ok(count) = count {
            state.carry.extend_from_slice(&scratch.read[..count]);
        }
        client.worker.give_back(scratch);
        match count {
            Ok(count) => return Ok(count == 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return Err(broken(state)),
        }
    }
}

fn broken(state: &Downloaded) -> Failure {
    if state.head_sent { Failure::BrokenOff } else { Failure::NoAnswer }
}

/// Turns what was received into what the client gets; true when the answer is complete.
fn pass_on(
    exchange: &mut Exchange,
    (machine, state): (&mut ClientMachine, &mut Downloaded),
    closed: bool,
    out: &mut Vec<u8>,
) -> Result<bool, Failure> {
    let carry = std::mem::take(&mut state.carry);
    let mut used = 0;
    let ended = loop {
        let (count, event) = machine.read(&carry[used..], &mut state.response).map_err(|_| broken(state))?;
        used += count;
        match event {
            Event::NeedMore if closed => break is_complete(machine, state)?,
            Event::NeedMore => break false,
            Event::Head if state.response.status() < 200 => {}
            Event::Head if state.replaces_errors && state.response.status() >= 400 => {
                return Err(Failure::Replaced(state.response.status()));
            }
            Event::Head => {
                state.chunked = head::response(out, exchange, &state.response);
                state.head_sent = true;
            }
            Event::Body(piece) => {
                let before = out.len();
                if state.chunked {
                    write_chunk(out, piece);
                } else {
                    out.extend_from_slice(piece);
                }
                exchange.sent_bytes += (out.len() - before) as u64;
            }
            Event::BodyEnd => break true,
        }
    };
    if ended && state.chunked {
        out.extend_from_slice(LAST_CHUNK);
        exchange.sent_bytes += LAST_CHUNK.len() as u64;
    }
    state.carry.extend_from_slice(&carry[used..]);
    Ok(ended)
}

/// The upstream has closed: the end of an answer without a length, or an accident.
fn is_complete(machine: &mut ClientMachine, state: &Downloaded) -> Result<bool, Failure> {
    match machine.end_of_stream() {
        Ok(Event::BodyEnd) => Ok(true),
        Ok(Event::NeedMore | Event::Head | Event::Body(_)) | Err(_) => Err(broken(state)),
    }
}
