//! Values of a site's custom log fields (IIS reference §6.4).

use std::borrow::Cow;

use doorward_logs::{CustomField, CustomSource, SiteLog};
use doorward_plan::Content;

use crate::exchange::Exchange;

type Value<'e> = Option<Cow<'e, [u8]>>;

/// Whether a response's head has to be kept for the log.
pub(crate) fn need_response(log: &SiteLog) -> bool {
    log.settings().custom_fields.iter().any(|field| field.source == CustomSource::ResponseHeader)
}

/// One value per field, in the order of the settings.
pub(crate) fn values<'e>(log: &'e SiteLog, exchange: &'e Exchange) -> Vec<Value<'e>> {
    log.settings().custom_fields.iter().map(|field| value(field, exchange)).collect()
}

fn value<'e>(field: &'e CustomField, exchange: &'e Exchange) -> Value<'e> {
    match field.source {
        CustomSource::RequestHeader => request_field(exchange, &field.source_name),
        CustomSource::ResponseHeader => response_field(&exchange.response_head, &field.source_name),
        CustomSource::ServerVariable => server_variable(exchange, &field.source_name),
    }
    .map(|value| shortened(value, field.bytes_max))
}

/// A value cut at `maxCustomFieldLength`.
fn shortened(value: Cow<'_, [u8]>, bytes_max: usize) -> Cow<'_, [u8]> {
    match value {
        Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[..bytes.len().min(bytes_max)]),
        Cow::Owned(mut bytes) => {
            bytes.truncate(bytes_max);
            Cow::Owned(bytes)
        }
    }
}

/// Several lines of a field are one value, as RFC 9110 5.2 joins them. People write `X_FORWARDED_FOR` for the header as
/// often as `X-Forwarded-For`.
fn request_field<'e>(exchange: &'e Exchange, name: &str) -> Value<'e> {
    let named = |wanted: &str| {
        let fields = exchange.request.fields().filter(|(own, _)| own.eq_ignore_ascii_case(wanted));
        joined(fields.map(|(_, value)| value))
    };
    named(name).or_else(|| named(&name.replace('_', "-")))
}

/// A field of a head as it was sent.
fn response_field<'e>(head: &'e [u8], name: &str) -> Value<'e> {
    let dashed = name.replace('_', "-");
    joined(head.split(|byte| *byte == b'\n').skip(1).filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let own = &line[..colon];
        let is_named = own.eq_ignore_ascii_case(name.as_bytes()) || own.eq_ignore_ascii_case(dashed.as_bytes());
        is_named.then(|| line[colon + 1..].trim_ascii())
    }))
}

fn joined<'e>(lines: impl Iterator<Item = &'e [u8]>) -> Value<'e> {
    lines.fold(None, |known, line| match known {
        None => Some(Cow::Borrowed(line)),
        Some(before) => Some(Cow::Owned([&*before, b", ", line].concat())),
    })
}

/// The variables of IIS that say something here; an unknown one is `-` in the log.
fn server_variable<'e>(exchange: &'e Exchange, name: &str) -> Value<'e> {
    let request = &exchange.request;
    let text = |text: String| Some(Cow::Owned(text.into_bytes()));
    let borrowed = |text: &'e str| Some(Cow::Borrowed(text.as_bytes()));
    match name {
        "REQUEST_METHOD" => borrowed(request.method()),
        "URL" | "SCRIPT_NAME" | "PATH_INFO" => borrowed(&exchange.path),
        "QUERY_STRING" => borrowed(request.query()?),
        "HTTP_VERSION" | "SERVER_PROTOCOL" => borrowed(exchange.version_text()),
        "UNENCODED_URL" | "HTTP_URL" => borrowed(request.target()),
        "SERVER_NAME" => borrowed(request.host()),
        "SERVER_SOFTWARE" => borrowed("Doorward"),
        "GATEWAY_INTERFACE" => borrowed("CGI/1.1"),
        "REMOTE_ADDR" | "REMOTE_HOST" => text(doorward_limiter::canonical(exchange.peer()).to_string()),
        "REMOTE_PORT" => text(exchange.ends.peer.port().to_string()),
        "LOCAL_ADDR" => text(doorward_limiter::canonical(exchange.ends.local.ip()).to_string()),
        "SERVER_PORT" => text(exchange.ends.local.port().to_string()),
        "INSTANCE_ID" => text(exchange.site.as_ref()?.id.to_string()),
        "CONTENT_TYPE" => request_field(exchange, "Content-Type"),
        "CONTENT_LENGTH" => request_field(exchange, "Content-Length"),
        "PATH_TRANSLATED" => text(translated(exchange)?),
        other => request_field(exchange, other.strip_prefix("HTTP_")?),
    }
}

/// Where the path lies on the disk.
fn translated(exchange: &Exchange) -> Option<String> {
    let (directory, rest) = exchange.site.as_ref()?.directories.locate(&exchange.path)?;
    match &directory.content {
        Content::Folder(folder) => Some(folder.join(rest.trim_start_matches('/')).to_string_lossy().into_owned()),
        Content::Welcome => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{exchange, request};

    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nVia: a\r\nVIA: b\r\n\r\n";

    fn check(source: CustomSource, name: &str, expected: Option<&str>) {
        let request = request(
            "GET /a%20b?c=d HTTP/1.1\r\nHost: shop:80\r\nX-Forwarded-For: 1\r\nX-Forwarded-For: 2\r\nContent-Type: t\r\n\r\n",
        );
        let mut exchange = exchange(request);
        exchange.path.push_str("/a b");
        exchange.response_head.extend_from_slice(HEAD);
        let field = CustomField { name: "x".into(), source_name: name.into(), source, bytes_max: 12 };
        let found = value(&field, &exchange);
        assert_eq!(found.as_deref().map(|bytes| std::str::from_utf8(bytes).unwrap()), expected, "{source:?} {name}");
    }

    #[test]
    fn values_of_every_source() {
        check(CustomSource::RequestHeader, "x-forwarded-for", Some("1, 2"));
        check(CustomSource::RequestHeader, "X_FORWARDED_FOR", Some("1, 2"));
        check(CustomSource::RequestHeader, "X-None", None);
        check(CustomSource::ResponseHeader, "Content-Type", Some("text/plain"));
        check(CustomSource::ResponseHeader, "content_type", Some("text/plain"));
        check(CustomSource::ResponseHeader, "Via", Some("a, b"));
        check(CustomSource::ResponseHeader, "HTTP/1.1 200 OK", None);
        check(CustomSource::ServerVariable, "URL", Some("/a b"));
        check(CustomSource::ServerVariable, "QUERY_STRING", Some("c=d"));
        check(CustomSource::ServerVariable, "UNENCODED_URL", Some("/a%20b?c=d"));
        check(CustomSource::ServerVariable, "REMOTE_ADDR", Some("127.0.0.9"));
        check(CustomSource::ServerVariable, "SERVER_PORT", Some("8080"));
        check(CustomSource::ServerVariable, "HTTP_X_FORWARDED_FOR", Some("1, 2"));
        check(CustomSource::ServerVariable, "CONTENT_TYPE", Some("t"));
        check(CustomSource::ServerVariable, "LOGON_USER", None);
    }

    #[test]
    fn long_values_are_cut() {
        assert_eq!(&*shortened(Cow::Borrowed(b"abcdef"), 3), b"abc");
        assert_eq!(&*shortened(Cow::Owned(b"abcdef".to_vec()), 9), b"abcdef");
    }
}
