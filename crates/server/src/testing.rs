//! What the tests of several modules need.

use doorward_wire::{Event, HeadLimits, Request, ServerMachine};

use crate::exchange::Exchange;
use crate::stream::Ends;
use crate::tls::ClientCertificate;

/// A request as the wire crate reads it.
pub(crate) fn request(text: &str) -> Request {
    let mut request = Request::new();
    let mut machine = ServerMachine::new(HeadLimits::default());
    match machine.read(text.as_bytes(), &mut request) {
        Ok((_, Event::Head)) => request,
        other => panic!("not a head: {other:?}"),
    }
}

/// An exchange with this request, between two loopback addresses, with no site yet.
pub(crate) fn exchange(request: Request) -> Exchange {
    let ends = Ends {
        peer: ([127, 0, 0, 9], 50_000).into(),
        local: ([127, 0, 0, 2], 8080).into(),
        secure: false,
        certificate: ClientCertificate::Absent,
    };
    Exchange { request, ..Exchange::new(ends) }
}
