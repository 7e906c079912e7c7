//! A new connection to an upstream.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use doorward_plan::Upstream;
use tokio::net::TcpStream;

use super::Failure;

/// Connects, trying each address of the host in turn, within the configured time.
pub(super) async fn connect(upstream: &Upstream) -> Result<TcpStream, Failure> {
    let within = Duration::from_millis(upstream.connect_timeout_ms);
    match tokio::time::timeout(within, any_address(upstream)).await {
        Ok(Ok(link)) => {
            // Without it the last small piece of a request would wait for an acknowledgement.
            let _works_without = link.set_nodelay(true);
            Ok(link)
        }
        Ok(Err(_)) => Err(Failure::Connect),
        Err(_) => Err(Failure::Timeout),
    }
}

async fn any_address(upstream: &Upstream) -> std::io::Result<TcpStream> {
    if let Ok(address) = upstream.host.parse::<IpAddr>() {
        return TcpStream::connect(SocketAddr::new(address, upstream.port)).await;
    }
    TcpStream::connect((upstream.host.as_str(), upstream.port)).await
}
