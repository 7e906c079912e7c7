//! The request on its way to the upstream: head, then body as it comes.

use std::io::ErrorKind;

use tokio::net::TcpStream;

use super::Progress;
use super::sides::{Broken, Gathered, Source, put_end};

/// Sends the head and the whole body, unless it becomes too long.
pub(super) async fn run<S: Source>(
    source: &mut S,
    link: &TcpStream,
    (head, chunked): (Vec<u8>, bool),
    (progress, body_bytes_max): (&Progress, u64),
) -> Result<(), Broken> {
    let mut out = head;
    if progress.body_ended.get() {
        // Another try: the body, which was empty, is not there a second time.
        put_end(&mut out, chunked);
        return write(link, &out, progress).await;
    }
    loop {
        let gathered = source.gather(&mut out, chunked, progress)?;
        if progress.body_bytes.get() > body_bytes_max {
            return Err(Broken::TooLarge);
        }
        match gathered {
            Gathered::End => {
                progress.body_ended.set(true);
                return write(link, &out, progress).await;
            }
            Gathered::Full => write(link, &out, progress).await?,
            Gathered::Hungry => {
                write(link, &out, progress).await?;
                source.receive().await.map_err(Broken::Client)?;
            }
        }
        out.clear();
    }
}

async fn write(link: &TcpStream, bytes: &[u8], progress: &Progress) -> Result<(), Broken> {
    let mut written = 0;
    while written < bytes.len() {
        match link.try_write(&bytes[written..]) {
            Ok(count) => {
                written += count;
                progress.passed_bytes.set(progress.passed_bytes.get() + count as u64);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                link.writable().await.map_err(|_| Broken::Upstream)?;
            }
            Err(_) => return Err(Broken::Upstream),
        }
    }
    Ok(())
}
