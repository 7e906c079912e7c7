//! One request and its answer on one stream.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use doorward_plan::{Effective, Upstream};
use doorward_wire::TimerReason;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};

use super::answer::Answer;
use super::body::Received;
use super::session::Session;
use super::websocket::NoBody;
use super::{Gone, head, tunnel};
use crate::downstream::End;
use crate::exchange::Exchange;
use crate::outcome::{Handling, Refusal, Response, ServiceRefusal, SiteRefusal, abort_word};
use crate::pipeline;
use crate::proxy::{self, Failure, Progress, Sides, Sink as _};
use crate::render;
use crate::respond::{awaited, find, found_response, refusal_response};
use crate::site_use::Pacer;
use crate::tarpit;

/// How a stream ended.
enum Ended {
    /// The answer left in full.
    Answered,
    /// The client reset it, went away or took nothing, or the upstream broke off: recorded with what was sent.
    Broken,
    /// Denied without an answer, or not processed at all: no line in the site's log.
    Unrecorded,
}

impl From<Result<(), Gone>> for Ended {
    fn from(sent: Result<(), Gone>) -> Self {
        match sent {
            Ok(()) => Self::Answered,
            Err(Gone) => Self::Broken,
        }
    }
}

/// Answers one request, and records it.
pub(super) async fn run(session: Rc<Session>, request: http::Request<RecvStream>, respond: SendResponse<Bytes>) {
    let stream = respond.stream_id().as_u32();
    let mut exchange = session.worker.exchange(session.ends);
    exchange.stream = Some(stream);
    exchange.started_ms = session.now_ms();
    let answer = Answer::new(&session, respond);
    let ended = tokio::select! {
        biased;
        ended = answer_to(&session, &answer, &mut exchange, request) => ended,
        () = poll_fn(|context| answer.poll_gone(context)) => Ended::Broken,
    };
    exchange.sent_bytes = answer.bytes_left();
    if answer.is_stalled() {
        session.worker.error(&exchange, TimerReason::MinBytesPerSecond.http_err_reason(), None);
    }
    let answered = matches!(ended, Ended::Answered);
    match ended {
        Ended::Answered => session.worker.finish(exchange),
        Ended::Broken => {
            if exchange.answered.win32_status == 0 {
                let _no_answer = proxy::refusal(Failure::Client(End::Close), &mut exchange);
            }
            session.worker.finish(exchange);
        }
        Ended::Unrecorded => session.worker.recycle(exchange),
    }
    drop(answer);
    session.stream_ends(stream, answered);
}

async fn answer_to(
    session: &Session,
    answer: &Answer,
    exchange: &mut Exchange,
    request: http::Request<RecvStream>,
) -> Ended {
    let (parts, body) = request.into_parts();
    let limits = session.worker.shared.head_limits;
    match head::read(&parts, body.is_end_stream(), limits, &mut exchange.request) {
        Ok(bytes) => exchange.received_bytes = bytes,
        Err(malformed) => {
            let refusal = ServiceRefusal::Malformed(malformed);
            return refuse(session, answer, exchange, Refusal::Service(refusal)).await;
        }
    }
    let plan = session.plan();
    let Some(listener) = plan.listeners.get(&session.listener.address) else {
        // The address is not ours any more: whoever has it now may be asked again.
        answer.reset(Reason::REFUSED_STREAM);
        return Ended::Unrecorded;
    };
    let decided = pipeline::decide(&session.worker, listener, exchange, session.now_ms());
    let decided = session.seat.seated(&session.worker.shared.site_uses, exchange, decided);
    if let Some(site) = &exchange.site {
        session.idle_ms.set(site.connection_timeout_ms);
    }
    answer.pace(Pacer::of(&session.worker, exchange));
    let _noted = session.worker.ongoing.note(exchange);
    let decided = match decided {
        Ok(handling) => awaited(&session.worker, exchange, handling).await,
        Err(refusal) => Err(refusal),
    };
    let outcome = match decided {
        // Both are known by now: the limiter has decided.
        Ok(Handling::Name | Handling::Look) => Err(SiteRefusal::new(500, 0, 0).into()),
        // Here they would open what nobody here speaks.
        Ok(Handling::Open(_)) if exchange.is_websocket_stream() => Err(SiteRefusal::new(501, 0, 0).into()),
        Ok(Handling::Respond(response)) if exchange.is_websocket_stream() && response.status < 300 => {
            Err(SiteRefusal::new(501, 0, 0).into())
        }
        Ok(Handling::Respond(response)) => Ok(response),
        Ok(Handling::Refuse(refusal) | Handling::Delay(refusal)) => Err(refusal.into()),
        Ok(Handling::Open(job)) => found_response(&session.worker, exchange, find(job).await),
        Ok(Handling::Forward(effective)) => return forward(session, answer, exchange, (effective, body)).await,
        Err(refusal) => Err(refusal),
    };
    match outcome {
        Ok(response) => answer.respond(exchange, response).await.into(),
        Err(refusal) => {
            if let Refusal::Site(denial) = &refusal
                && tarpit::holds(denial, exchange)
            {
                session.worker.shared.tarpit.wait(exchange).await;
            }
            refuse(session, answer, exchange, refusal).await
        }
    }
}

async fn refuse(session: &Session, answer: &Answer, exchange: &mut Exchange, refusal: Refusal) -> Ended {
    let response: Response = match refusal {
        Refusal::Site(refusal) => refusal_response(&session.worker, &refusal, exchange).await,
        Refusal::Service(refusal) => {
            let (response, reason) = render::service_refusal(refusal);
            exchange.unrecorded = true;
            session.worker.error(exchange, reason, Some(response.status));
            response
        }
        Refusal::Abort(reason) => {
            session.worker.error(exchange, abort_word(reason), None);
            // Not REFUSED_STREAM, which asks for another try.
            answer.reset(Reason::ENHANCE_YOUR_CALM);
            session.note_abort();
            return Ended::Unrecorded;
        }
    };
    answer.respond(exchange, response).await.into()
}

async fn forward(
    session: &Session,
    answer: &Answer,
    exchange: &mut Exchange,
    (effective, body): (Arc<Effective>, RecvStream),
) -> Ended {
    let Some(upstream) = &effective.upstream else {
        return refuse(session, answer, exchange, SiteRefusal::new(500, 0, 0).into()).await;
    };
    if exchange.is_websocket_stream() {
        return websocket(session, answer, exchange, (upstream, body)).await;
    }
    let mut source = Received::new(session, body);
    let head_bytes = exchange.received_bytes;
    let sides = Sides { source: &mut source, sink: answer };
    let outcome = proxy::pass(sides, exchange, upstream, &Progress::default()).await;
    exchange.received_bytes = head_bytes + source.bytes;
    if let Some(reason) = source.overdue {
        session.worker.error(exchange, reason.http_err_reason(), None);
    }
    match outcome {
        Ok(_) => answer.leave().await.into(),
        Err(failure) => failed(session, answer, exchange, failure).await,
    }
}

/// Opens a WebSocket at the upstream, and passes on what both sides say.
async fn websocket(
    session: &Session,
    answer: &Answer,
    exchange: &mut Exchange,
    (upstream, body): (&Upstream, RecvStream),
) -> Ended {
    if !upstream.upgrades {
        return refuse(session, answer, exchange, SiteRefusal::new(501, 0, 0).into()).await;
    }
    let sides = Sides { source: &mut NoBody, sink: answer };
    match proxy::pass(sides, exchange, upstream, &Progress::default()).await {
        Ok(Some(switched)) => {
            let sides = (session, answer);
            let is_whole = tunnel::run(sides, exchange, (switched, body), upstream.response_timeout_ms).await;
            if is_whole { Ended::Answered } else { Ended::Broken }
        }
        Ok(None) => answer.leave().await.into(),
        Err(failure) => failed(session, answer, exchange, failure).await,
    }
}

async fn failed(session: &Session, answer: &Answer, exchange: &mut Exchange, failure: Failure) -> Ended {
    if let Some(refusal) = proxy::refusal(failure, exchange) {
        return refuse(session, answer, exchange, refusal.into()).await;
    }
    answer.reset(match failure {
        Failure::Client(_) => Reason::CANCEL,
        Failure::BrokenOff
        | Failure::Connect
        | Failure::Timeout
        | Failure::NoAnswer
        | Failure::Stale
        | Failure::TooLarge
        | Failure::Replaced(_) => Reason::INTERNAL_ERROR,
    });
    Ended::Broken
}
