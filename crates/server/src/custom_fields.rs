//! Values of a site's custom log fields (IIS reference §6.4).

use doorward_logs::{CustomField, CustomSource};

use crate::exchange::Exchange;

/// One value per field, in the order of the settings. Response fields are not kept after they are
/// sent, so they are not known here yet.
pub(crate) fn values<'e>(fields: &[CustomField], exchange: &'e Exchange) -> Vec<Option<&'e [u8]>> {
    fields
        .iter()
        .map(|field| match field.source {
            CustomSource::RequestHeader => header(exchange, &field.source_name),
            CustomSource::ServerVariable => server_variable(exchange, &field.source_name),
            CustomSource::ResponseHeader => None,
        })
        .collect()
}

/// People write `X_FORWARDED_FOR` for the header as often as `X-Forwarded-For`.
fn header<'e>(exchange: &'e Exchange, name: &str) -> Option<&'e [u8]> {
    exchange.request.field(name).or_else(|| exchange.request.field(&name.replace('_', "-")))
}

fn server_variable<'e>(exchange: &'e Exchange, name: &str) -> Option<&'e [u8]> {
    match name {
        "REQUEST_METHOD" => Some(exchange.request.method().as_bytes()),
        "URL" | "SCRIPT_NAME" | "PATH_INFO" => Some(exchange.path.as_bytes()),
        "QUERY_STRING" => exchange.request.query().map(str::as_bytes),
        "HTTP_VERSION" | "SERVER_PROTOCOL" => Some(exchange.version_text().as_bytes()),
        "UNENCODED_URL" => Some(exchange.request.target().as_bytes()),
        "SERVER_NAME" => Some(exchange.request.host().as_bytes()),
        other => header(exchange, other.strip_prefix("HTTP_")?),
    }
}
