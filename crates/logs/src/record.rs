//! What is logged about one exchange or one refused connection.

use std::net::{IpAddr, SocketAddr};

/// One finished request. Everything is borrowed: formatting copies straight into the thread's buffer.
///
/// Byte strings come from the client and may hold anything; the writers of each format make them harmless.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// When the response was complete, in milliseconds since 1970 UTC. Decides the file of the line.
    pub time_unix_ms: u64,
    /// Local address and port of the connection (`s-ip`, `s-port`).
    pub server: SocketAddr,
    /// Request method as received (`cs-method`).
    pub method: &'a [u8],
    /// Path without the query, already decoded and canonical (`cs-uri-stem`); it is not decoded again.
    pub stem: &'a [u8],
    /// Query as received, without `?` (`cs-uri-query`).
    pub query: Option<&'a [u8]>,
    /// Authenticated user (`cs-username`); `None` is anonymous.
    pub user_name: Option<&'a [u8]>,
    /// TCP counterpart (`c-ip`), also in proxy mode (D19).
    pub peer: IpAddr,
    /// Protocol version as logged: `HTTP/1.1`, `HTTP/2`.
    pub version: &'a str,
    /// `User-Agent` header.
    pub user_agent: Option<&'a [u8]>,
    /// `Cookie` header.
    pub cookie: Option<&'a [u8]>,
    /// `Referer` header.
    pub referer: Option<&'a [u8]>,
    /// `Host` header (`cs-host`).
    pub host: Option<&'a [u8]>,
    /// Status code sent.
    pub status: u16,
    /// IIS substatus, such as 502 for the request rate.
    pub substatus: u16,
    /// Win32 error code; 0 is success.
    pub win32_status: u32,
    /// Bytes sent, with headers (`sc-bytes`).
    pub bytes_sent: u64,
    /// Bytes received, with headers (`cs-bytes`).
    pub bytes_received: u64,
    /// From the first byte received to the end of the last send, in milliseconds.
    pub time_taken_ms: u64,
    /// Values of the site's custom fields, in the order of its settings.
    pub custom: &'a [Option<&'a [u8]>],
    /// Whom the limiter held responsible (JSON only).
    pub client: IpAddr,
    /// Decision of the limiter, such as `allow` or `deny-rate` (JSON only).
    pub decision: Option<&'a str>,
    /// Requests of the client in progress at the decision (JSON only).
    pub in_progress: u32,
    /// Requests of the client within the rate window at the decision (JSON only).
    pub in_window: u32,
}

/// One HTTPERR line: what never became a request of a site (IIS reference §6.6, D11).
#[derive(Clone, Copy, Debug)]
pub struct ErrorRecord<'a> {
    /// When it happened, in milliseconds since 1970 UTC.
    pub time_unix_ms: u64,
    /// TCP counterpart (`c-ip`, `c-port`).
    pub peer: Option<SocketAddr>,
    /// Local address and port (`s-ip`, `s-port`).
    pub server: Option<SocketAddr>,
    /// Protocol version (`cs-version`).
    pub version: Option<&'a str>,
    /// Request method, cut at 255 bytes.
    pub method: Option<&'a [u8]>,
    /// Path and query joined by `?`, cut at 4096 bytes.
    pub uri: Option<&'a [u8]>,
    /// HTTP/2 stream of the request (`streamid`).
    pub stream_id: Option<u32>,
    /// Status sent, if any.
    pub status: Option<u16>,
    /// Site that was chosen, if any.
    pub site_id: Option<u32>,
    /// Reason word, such as `Hostname`, `Timer_HeaderWait` or `AbortRequest_501`.
    pub reason: &'a str,
    /// Queue of the request: the application pool.
    pub queue: Option<&'a str>,
}
