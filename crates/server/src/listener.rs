//! Listening sockets: one per exact address, shared by the threads.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::task::spawn_local;

use crate::connection::{Connection, serve};
use crate::stream::{Ends, Stream};
use crate::tls::ClientCertificate;
use crate::worker::{OpenListener, Worker};

/// Connections the kernel keeps for us until they are accepted; it caps this at `net.core.somaxconn`.
const BACKLOG: i32 = 4096;
/// Bytes that the kernel takes for a client beyond what is on its way: enough for a full line, and little enough that a
/// thousand slow readers cost neither memory nor time.
const UNSENT_BYTES: u32 = 128 * 1024;
/// When there are too few descriptors for another connection: long enough not to spin, short enough not to be noticed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Opens a listening socket on exactly this address. Never with `SO_REUSEPORT`: then a second
/// program could take half of the connections, and the kernel would not tell anybody.
pub fn bind(address: SocketAddr) -> io::Result<StdListener> {
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

/// Accepts connections until the listener is closed, then frees the address and says so.
pub(crate) async fn accept(worker: Rc<Worker>, listener: Rc<OpenListener>, socket: TcpListener) {
    let headroom = worker.shared.headroom;
    let mut crowded = false;
    loop {
        tokio::select! {
            biased;
            () = listener.closing.notified() => break,
            () = tokio::time::sleep(ACCEPT_PAUSE), if crowded => crowded = !headroom.is_there(),
            accepted = socket.accept(), if !crowded => match accepted {
                Ok((tcp, peer)) => {
                    crowded = headroom.is_reached_by(&tcp);
                    worker.shared.totals.accept_errors.fetch_add(u64::from(crowded), Ordering::Relaxed);
                    admit(&worker, &listener, tcp, peer);
                }
                Err(error) => failed(&worker, &error).await,
            },
        }
    }
    drop(socket);
    if let Some(gone) = listener.gone.borrow_mut().take() {
        let _control_gone = gone.send(());
    }
}

fn admit(worker: &Rc<Worker>, listener: &Rc<OpenListener>, tcp: tokio::net::TcpStream, peer: SocketAddr) {
    let local = if listener.address.ip().is_unspecified() {
        // The peer may be gone already.
        let Ok(local) = tcp.local_addr() else { return };
        local
    } else {
        listener.address
    };
    let totals = &worker.shared.totals;
    totals.connections.fetch_add(1, Ordering::Relaxed);
    totals.open_connections.fetch_add(1, Ordering::Relaxed);
    let ends = Ends { peer, local, secure: listener.secure, certificate: ClientCertificate::Absent };
    let connection = Connection::new(worker, listener, Stream::plain(tcp), ends);
    spawn_local(serve(connection));
}

/// An error of one connection is that connection's; want of descriptors or memory is ours, and passes.
async fn failed(worker: &Worker, error: &io::Error) {
    worker.shared.totals.accept_errors.fetch_add(1, Ordering::Relaxed);
    let exhausted = error.raw_os_error().is_some_and(|code| {
        use rustix::io::Errno;
        [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM].contains(&Errno::from_raw_os_error(code))
    });
    if exhausted {
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::SockRef;
    use std::net::TcpStream;

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
