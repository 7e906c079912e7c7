//! What the tests of several modules need.

use doorward_wire::{Event, HeadLimits, Request, ServerMachine};

/// A request as the wire crate reads it.
pub(crate) fn request(text: &str) -> Request {
    let mut request = Request::new();
    let mut machine = ServerMachine::new(HeadLimits::default());
    match machine.read(text.as_bytes(), &mut request) {
        Ok((_, Event::Head)) => request,
        other => panic!("not a head: {other:?}"),
    }
}
