//! The request on its way to the upstream: head, then body as it comes.

use std::io::ErrorKind;

use tokio::net::TcpStream;

use super::Progress;
use super::sides::{Broken, Gathered, Source};

/// Sends the head and the whole body.
pub(super) async fn run<S: Source>(
    source: &mut S,
    link: &TcpStream,
    (head, chunked): (Vec<u8>, bool),
    progress: &Progress,
) -> Result<(), Broken> {
    let mut out = head;
    loop {
        match source.gather(&mut out, chunked, progress)? {
            Gathered::End => return write(link, &out).await,
            Gathered::Full => write(link, &out).await?,
            Gathered::Hungry => {
                write(link, &out).await?;
                source.receive().await.map_err(Broken::Client)?;
            }
        }
        out.clear();
    }
}

async fn write(link: &TcpStream, bytes: &[u8]) -> Result<(), Broken> {
    let mut written = 0;
    while written < bytes.len() {
        match link.try_write(&bytes[written..]) {
            Ok(count) => written += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                link.writable().await.map_err(|_| Broken::Upstream)?;
            }
            Err(_) => return Err(Broken::Upstream),
        }
    }
    Ok(())
}
