//! A folder's own file that cannot be used: 500.19 below that folder, and nowhere else (IIS reference §3.8, D20).

use std::fmt::Write as _;
use std::sync::Arc;

use doorward_plan::ConfigFault;

use crate::exchange::Exchange;
use crate::outcome::{Refusal, SiteRefusal};
use crate::stage::error_page::{escape, is_local};

/// Refuses a request for a path whose configuration cannot be used.
pub(crate) fn refuse(exchange: &Exchange) -> Result<(), Refusal> {
    match exchange.effective.as_ref().and_then(|effective| effective.fault.as_ref()) {
        None => Ok(()),
        Some(fault) => {
            let refusal = SiteRefusal::new(500, 19, fault.win32());
            Err(SiteRefusal { fault: Some(Arc::clone(fault)), ..refusal }.into())
        }
    }
}

/// The rows of IIS's page. The file and its text are for clients on this machine alone (D24): they may hold secrets.
pub(crate) fn details(page: &mut String, fault: &ConfigFault, exchange: &Exchange) {
    let mut rows = vec![
        ("Module", "Doorward".to_owned()),
        ("Notification", "BeginRequest".to_owned()),
        ("Handler", "Not yet determined".to_owned()),
        ("Error Code", format!("0x{:08x}", fault.hresult)),
        ("Config Error", fault.message.clone()),
    ];
    let local = is_local(exchange);
    if local {
        rows.extend(fault.hint.as_ref().map(|hint| ("Hint", hint.clone())));
        let line = fault.line.map(|line| format!(" line {line}")).unwrap_or_default();
        rows.push(("Config File", format!("\\\\?\\{}{line}", fault.file)));
    }
    page.push_str("<dl>");
    for (term, text) in rows {
        let _infallible = write!(page, "<dt>{term}</dt><dd>{}</dd>", escape(&text));
    }
    page.push_str("</dl>\n");
    if local && !fault.excerpt.is_empty() {
        page.push_str("<p><b>Config Source</b></p>\n<pre>");
        for (number, line) in &fault.excerpt {
            let shown: String = line.chars().take(LINE_CHARACTERS_MAX).collect();
            let _infallible = writeln!(page, "{number:>6}: {}", escape(&shown));
        }
        page.push_str("</pre>\n");
    }
}

/// A line is cut here: real files have lines of many kilobytes.
const LINE_CHARACTERS_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{exchange, request};

    fn page(head: &str) -> String {
        let fault = ConfigFault {
            hresult: 0x8007_000d,
            message: "Unrecognized attribute '<x>'".to_owned(),
            hint: None,
            file: "/srv/a/web.config".to_owned(),
            line: Some(2),
            excerpt: vec![(1, "<configuration>".to_owned()), (2, format!("  <b {}/>", "y".repeat(500)))],
        };
        let mut page = String::new();
        details(&mut page, &fault, &exchange(request(head)));
        page
    }

    #[test]
    fn a_local_client_sees_file_line_and_source() {
        let page = page("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        for part in [
            "0x8007000d",
            "Unrecognized attribute &#39;&lt;x&gt;&#39;",
            "\\\\?\\/srv/a/web.config line 2",
            "     1: &lt;configuration&gt;",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(!page.contains(&"y".repeat(LINE_CHARACTERS_MAX)), "a long line is cut");
    }

    #[test]
    fn others_see_neither_file_nor_source() {
        let page = page("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
        assert!(
            page.contains("Unrecognized attribute") && !page.contains("web.config") && !page.contains("<pre>"),
            "{page}"
        );
    }
}
