//! Properties of the machines over whole streams: how the bytes arrive makes no difference, and nothing panics.

#![cfg(test)]

use doorward_wire::{ClientMachine, Event, HeadLimits, Malformed, Request, Response, ServerMachine};
use proptest::prelude::*;

/// What a stream meant, with the pieces of each body joined.
#[derive(Debug, Default, PartialEq)]
struct Meaning {
    messages: Vec<(Vec<u8>, Vec<u8>, u64)>,
    ended: bool,
    fault: Option<Malformed>,
    /// The request line that a refused head leaves.
    target: String,
}

/// Feeds `input` so that each piece ends at one of `cuts` (rising, the last is the end of the input).
fn served(input: &[u8], cuts: &[usize]) -> Meaning {
    let (mut machine, mut request) = (ServerMachine::new(limits()), Request::new());
    let (mut meaning, mut used) = (Meaning::default(), 0);
    for end in cuts {
        loop {
            let before = request.raw_head().to_vec();
            let (bytes, event) = match machine.read(&input[used..*end], &mut request) {
                Ok(outcome) => outcome,
                Err(fault) => {
                    return Meaning { fault: Some(fault), target: request.target().to_owned(), ..meaning };
                }
            };
            used += bytes;
            if event != Event::Head {
                assert_eq!(request.raw_head(), before, "only a head may write the request");
            }
            match event {
                Event::NeedMore => break,
                Event::Head => meaning.messages.push((request.raw_head().to_vec(), Vec::new(), 0)),
                Event::Body(piece) => meaning.messages.last_mut().unwrap().1.extend_from_slice(piece),
                Event::BodyEnd => meaning.messages.last_mut().unwrap().2 = machine.wire_bytes(),
            }
        }
        assert!(end - used < limits().request_bytes_max, "what is kept back is bounded");
    }
    meaning.ended = machine.is_idle();
    meaning
}

/// The same for the responses to GET requests, one after the other.
fn answered(input: &[u8], cuts: &[usize]) -> Meaning {
    let (mut machine, mut response) = (ClientMachine::new(limits()), Response::new());
    let (mut meaning, mut used) = (Meaning::default(), 0);
    machine.begin(false);
    for end in cuts {
        loop {
            let (bytes, event) = match machine.read(&input[used..*end], &mut response) {
                Ok(outcome) => outcome,
                Err(fault) => return Meaning { fault: Some(fault), ..meaning },
            };
            used += bytes;
            match event {
                Event::NeedMore => break,
                Event::Head => meaning.messages.push((response.raw_head().to_vec(), Vec::new(), 0)),
                Event::Body(piece) => meaning.messages.last_mut().unwrap().1.extend_from_slice(piece),
                Event::BodyEnd => machine.begin(false),
            }
        }
    }
    meaning.ended = machine.end_of_stream().is_ok();
    meaning
}

/// Small, so that short streams meet them.
fn limits() -> HeadLimits {
    HeadLimits {
        request_bytes_max: 150,
        field_bytes_max: 40,
        fields_max: 5,
        url_bytes_max: 30,
        segment_bytes_max: 10,
        segments_max: 6,
    }
}

/// Pieces of messages, right and wrong ones, in any order.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "GET / HTTP/1.1\r\n",
        "POST /a?b HTTP/1.1\r\n",
        "GET http://h/x HTTP/1.0\r\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 304 x\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "Host: h\r\n",
        "Host: h h\r\n",
        "Content-Length: 3\r\n",
        "Content-Length: x\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Connection: close\r\n",
        "Expect: 100-continue\r\n",
        "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n",
        "X: y\r\n",
        "\r\n",
        "\r\n",
        "\r\n",
        "\n",
        "\r",
        "abc",
        "3\r\nabc\r\n",
        "2;a=\"b\"\r\n",
        "0\r\n\r\n",
        "0\r\nT: u\r\n\r\n",
        " ",
        "\0",
        "GET /1234567890123456789012345678901234567890 HTTP/1.1\r\n",
        "GET /a/a/a/a/a/a/a/a HTTP/1.1\r\n",
        "METHOD",
        ":",
        "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
        "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ]);
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat().into_bytes())
}

fn cuts(raw: &[prop::sample::Index], length: usize) -> Vec<usize> {
    let mut cuts: Vec<usize> = raw.iter().map(|cut| cut.index(length + 1)).collect();
    cuts.push(length);
    cuts.sort_unstable();
    cuts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requests_mean_the_same_however_they_arrive(
        input in stream(),
        raw in proptest::collection::vec(any::<prop::sample::Index>(), 0..9),
    ) {
        let whole = served(&input, &[input.len()]);
        prop_assert_eq!(&served(&input, &cuts(&raw, input.len())), &whole);
        prop_assert_eq!(&served(&input, &(0..=input.len()).collect::<Vec<_>>()), &whole);
    }

    #[test]
    fn responses_mean_the_same_however_they_arrive(
        input in stream(),
        raw in proptest::collection::vec(any::<prop::sample::Index>(), 0..9),
    ) {
        let whole = answered(&input, &[input.len()]);
        prop_assert_eq!(&answered(&input, &cuts(&raw, input.len())), &whole);
        prop_assert_eq!(&answered(&input, &(0..=input.len()).collect::<Vec<_>>()), &whole);
    }

    #[test]
    fn any_bytes_are_answered(
        input in proptest::collection::vec(any::<u8>(), 0..300),
        raw in proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let cuts = cuts(&raw, input.len());
        served(&input, &cuts);
        answered(&input, &cuts);
    }
}

#[test]
fn a_pipeline_of_all_kinds_is_read_in_order() {
    let parts = [
        "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
        "PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n2\r\nyz\r\n0\r\nT: u\r\n\r\n",
        "GET /d HTTP/1.1\r\nHost: h\r\n\r\n",
    ];
    let input = parts.concat();
    let meaning = served(input.as_bytes(), &[input.len()]);
    let bodies: Vec<&[u8]> = meaning.messages.iter().map(|message| &message.1[..]).collect();
    assert_eq!(bodies, [&b""[..], b"abc", b"xyz", b""]);
    let lengths: Vec<u64> = meaning.messages.iter().map(|message| message.2).collect();
    assert_eq!(lengths, parts.map(|part| part.len() as u64));
    assert!(meaning.ended);
}
