//! Listening sockets: one per exact address, shared by the threads.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::task::spawn_local;

use crate::connection::Connection;
use crate::stream::Ends;
use crate::tls::ClientCertificate;
use crate::worker::{OpenListener, Worker};

/// Connections the kernel keeps for us until they are accepted; it caps this at `net.core.somaxconn`.
const BACKLOG: i32 = 4096;
/// Bytes that the kernel takes for a client beyond what is on its way: enough for a full line, and little enough that a
/// thousand slow readers cost neither memory nor time.
pub(crate) const UNSENT_BYTES: u32 = 128 * 1024;
/// When there are too few descriptors for another connection: long enough not to spin, short enough not to be noticed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Clients that the only thread accepts at a time before others get their turn. Where there are more threads each takes one
/// and looks again, so that the next one may be another's: else the first to wake takes a whole burst, and keeps it.
const ACCEPTED_MAX: usize = 64;
/// An error of one connection is that connection's; want of descriptors or memory is ours, and passes.
const EXHAUSTED: [Errno; 4] = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];

/// Opens a listening socket on exactly this address. Never with `SO_REUSEPORT`: then a second
/// program could take half of the connections, and the kernel would not tell anybody.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Connections of an earlier listener that linger in TIME_WAIT do not hold the address.
    socket.set_reuse_address(true)?;
    // Accepted sockets inherit both, which saves a system call for each.
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

impl Worker {
    /// Accepts the clients that wait at a listener, each served as far as that is possible at once.
    pub(crate) fn accept(self: &Rc<Self>, number: u64) {
        let errors = &self.shared.totals.accept_errors;
        let accepted_max = if self.shared.threads > 1 { 1 } else { ACCEPTED_MAX };
        for _ in 0..accepted_max {
            let Some((listener, accepted)) = self.next_client(number) else { return };
            match accepted {
                Ok((tcp, peer)) => {
                    let crowded = self.shared.headroom.is_reached_by(&tcp);
                    if let Some(peer) = peer.and_then(|peer| peer.try_into().ok()) {
                        self.admit(&listener, tcp.into(), peer);
                    }
                    if crowded {
                        errors.fetch_add(1, Ordering::Relaxed);
                        return self.pause(number);
                    }
                }
                Err(Errno::WOULDBLOCK) => return,
                Err(error) => {
                    errors.fetch_add(1, Ordering::Relaxed);
                    if EXHAUSTED.contains(&error) {
                        return self.pause(number);
                    }
                }
            }
        }
    }

    fn admit(self: &Rc<Self>, listener: &Rc<OpenListener>, tcp: TcpStream, peer: SocketAddr) {
        let local = if listener.address.ip().is_unspecified() {
            // The peer may be gone already.
            let Ok(local) = tcp.local_addr() else { return };
            local
        } else {
            listener.address
        };
        let totals = &self.shared.totals;
        totals.connections.fetch_add(1, Ordering::Relaxed);
        totals.open_connections.fetch_add(1, Ordering::Relaxed);
        let ends = Ends { peer, local, secure: listener.secure, certificate: ClientCertificate::Absent };
        Self::meet(Box::new(Connection::new(self, listener, tcp, ends)));
    }

    /// Accepts nobody at this listener until there are descriptors and memory again.
    fn pause(self: &Rc<Self>, number: u64) {
        self.listen_on(number, false);
        let worker = Rc::clone(self);
        spawn_local(async move {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            while !worker.shared.headroom.is_there() {
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
            worker.listen_on(number, true);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::SockRef;

    #[test]
    fn accepted_sockets_have_the_options_of_their_listener() {
        let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        listener.set_nonblocking(false).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let accepted = SockRef::from(&accepted);
        assert!(accepted.tcp_nodelay().unwrap());
        assert_eq!(accepted.tcp_notsent_lowat().unwrap(), UNSENT_BYTES);
    }
}
