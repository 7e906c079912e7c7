//! The page that lists a folder (`directoryBrowse`): sorted by a click on a column's name, without a script.

use std::cmp::Ordering;
use std::fmt::Write as _;

use doorward_plan::Browse;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::listing::{Entry, Listing};
use crate::outcome::{Body, FieldLines, Response, field_line};
use crate::render::escape_path;
use crate::stage::error_page::escape;

const STYLE: &str = include_str!("listing.css");

/// What the folder is sorted by, as the query says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Order {
    column: Column,
    descends: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    Modified,
    Size,
}

impl Order {
    /// `sort=name|modified|size`, `order=desc`; whatever else the query holds does not matter.
    fn of(query: &str) -> Self {
        let has = |wanted: &str| query.split('&').any(|pair| pair == wanted);
        let column = if has("sort=size") {
            Column::Size
        } else if has("sort=modified") {
            Column::Modified
        } else {
            Column::Name
        };
        Self { column, descends: has("order=desc") }
    }

    /// Folders come first whichever way; equals by name.
    fn compare(self, a: &Entry, b: &Entry) -> Ordering {
        let by_name = || a.name.to_lowercase().cmp(&b.name.to_lowercase()).then_with(|| a.name.cmp(&b.name));
        let own = match self.column {
            Column::Name => by_name(),
            Column::Modified => a.modified_unix_s.cmp(&b.modified_unix_s),
            Column::Size if a.is_folder => Ordering::Equal,
            Column::Size => a.length.cmp(&b.length),
        };
        let own = if self.descends { own.reverse() } else { own };
        b.is_folder.cmp(&a.is_folder).then(own).then_with(by_name)
    }
}

/// The answer for a folder at this URL path.
pub(crate) fn respond(mut listing: Listing, path: &str, query: Option<&str>, browse: Browse) -> Response {
    let order = Order::of(query.unwrap_or_default());
    listing.entries.sort_by(|a, b| order.compare(a, b));
    let mut fields = Vec::with_capacity(192);
    field_line(&mut fields, "Content-Type", b"text/html; charset=utf-8");
    field_line(&mut fields, "Cache-Control", b"no-cache");
    // A name on the disk can hold anything; should one slip through, nothing in the page may run.
    field_line(&mut fields, "Content-Security-Policy", b"default-src 'none'; style-src 'unsafe-inline'");
    Response::new(200, FieldLines::Own(fields), Body::Bytes(page(&listing, path, order, browse).into_bytes().into()))
}

fn page(listing: &Listing, path: &str, order: Order, browse: Browse) -> String {
    let mut page = String::with_capacity(2048 + 256 * listing.entries.len());
    let _infallible = write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<style>{STYLE}</style></head>\n\
         <body><main>\n<h1>{}</h1>\n<table><thead><tr>",
        escape(path),
        trail(path)
    );
    heading(&mut page, order, (Column::Name, "name", "Name"));
    if browse.date() || browse.time() {
        heading(&mut page, order, (Column::Modified, "modified", "Modified (UTC)"));
    }
    if browse.size() {
        heading(&mut page, order, (Column::Size, "size", "Size"));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    if path != "/" {
        page.push_str(
            "<tr class=\"up\"><td class=\"name\" colspan=\"3\"><a href=\"../\">Parent folder</a></td></tr>\n",
        );
    }
    for entry in &listing.entries {
        row(&mut page, entry, browse);
    }
    page.push_str("</tbody></table>\n");
    summary(&mut page, listing);
    page.push_str("</main></body></html>\n");
    page
}

/// The path as links to the folders on the way.
fn trail(path: &str) -> String {
    let mut trail = String::from("<a href=\"/\">root</a>");
    let mut target = String::from("/");
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let _infallible = write!(target, "{}/", escape_path(segment));
        let _infallible = write!(trail, "<span>/</span><a href=\"{target}\">{}</a>", escape(segment));
    }
    trail
}

/// A column's name: a click sorts by it, a second one the other way round.
fn heading(page: &mut String, order: Order, (column, word, text): (Column, &str, &str)) {
    let is_present = order.column == column;
    let (class, mark, sorted) = match (is_present, order.descends) {
        (false, _) => ("", "", "none"),
        (true, false) => (" on", " \u{25b4}", "ascending"),
        (true, true) => (" on", " \u{25be}", "descending"),
    };
    let next = if is_present && !order.descends { "&amp;order=desc" } else { "" };
    let _infallible = write!(
        page,
        "<th class=\"{word}{class}\" aria-sort=\"{sorted}\"><a href=\"?sort={word}{next}\">{text}{mark}</a></th>"
    );
}

fn row(page: &mut String, entry: &Entry, browse: Browse) {
    let (class, slash) = if entry.is_folder { ("folder", "/") } else { ("file", "") };
    let shown = match entry.name.rsplit_once('.') {
        Some((stem, _)) if !browse.extension() && !entry.is_folder && !stem.is_empty() => stem,
        Some(_) | None => &entry.name,
    };
    let _infallible = write!(
        page,
        // The leading dot keeps a name such as `javascript:x` from being read as a scheme.
        "<tr class=\"{class}\"><td class=\"name\"><a href=\"./{}{slash}\">{}{slash}</a></td>",
        escape_path(&entry.name),
        escape(shown)
    );
    if browse.date() || browse.time() {
        let _infallible = write!(page, "<td class=\"modified\">{}</td>", moment(entry.modified_unix_s, browse));
    }
    match (browse.size(), entry.is_folder) {
        (true, true) => page.push_str("<td class=\"size\"></td>"),
        (true, false) => {
            let _infallible =
                write!(page, "<td class=\"size\" title=\"{} bytes\">{}</td>", entry.length, size(entry.length));
        }
        (false, _) => {}
    }
    page.push_str("</tr>\n");
}

fn moment(unix_s: i64, browse: Browse) -> String {
    let Ok(time) = Timestamp::from_second(unix_s) else { return String::new() };
    let date = if browse.long_date() { "%A, %-d %B %Y" } else { "%Y-%m-%d" };
    let form = match (browse.date(), browse.time()) {
        (true, true) => format!("{date} %H:%M"),
        (true, false) => date.to_owned(),
        (false, _) => "%H:%M".to_owned(),
    };
    let zoned = time.to_zoned(TimeZone::UTC);
    format!("<time datetime=\"{}\">{}</time>", zoned.strftime("%Y-%m-%dT%H:%M:%SZ"), zoned.strftime(&form))
}

fn summary(page: &mut String, listing: &Listing) {
    let folders = listing.entries.iter().filter(|entry| entry.is_folder).count();
    let files = listing.entries.len() - folders;
    let length: u64 = listing.entries.iter().filter(|entry| !entry.is_folder).map(|entry| entry.length).sum();
    let more = if listing.is_cut { ", and more that are not shown" } else { "" };
    let counted = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let _infallible = writeln!(
        page,
        "<p class=\"summary\">{}, {}, {}{more}</p>",
        counted(folders, "folder"),
        counted(files, "file"),
        size(length)
    );
}

/// A length as people read it, with three digits at most.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let (mut whole, mut tenths, mut unit) = (bytes, 0, 0);
    while whole >= 1000 {
        (whole, tenths, unit) = (whole / 1000, whole % 1000 / 100, unit + 1);
    }
    let unit = UNITS[unit - 1];
    if whole < 100 { format!("{whole}.{tenths} {unit}") } else { format!("{whole} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: u32 = 2 | 4 | 8 | 16;

    fn entry(name: &str, is_folder: bool, length: u64, modified_unix_s: i64) -> Entry {
        Entry { name: name.into(), is_folder, length, modified_unix_s }
    }

    fn html(query: &str, flags: u32) -> String {
        let entries = vec![
            entry("b.txt", false, 10, 30),
            entry("A.txt", false, 2_345_678, 20),
            entry("z", true, 4096, 10),
            entry("<x> javascript:y.txt", false, 1, 0),
        ];
        let response = respond(Listing { entries, is_cut: false }, "/a b/", Some(query), Browse::from_bits(flags));
        String::from_utf8(response.body.bytes().unwrap().to_vec()).unwrap()
    }

    fn check_order(query: &str, expected: &str) {
        let page = html(query, ALL);
        let mut at: Vec<_> =
            ["z/", "A.txt", "b.txt", "&lt;x&gt;"].map(|name| (page.find(&format!(">{name}")), name)).into();
        at.sort_unstable();
        assert_eq!(at.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(" "), expected, "{query}");
    }

    #[test]
    fn sorted_by_any_column() {
        check_order("", "z/ &lt;x&gt; A.txt b.txt");
        check_order("order=desc", "z/ b.txt A.txt &lt;x&gt;");
        check_order("sort=size", "z/ &lt;x&gt; b.txt A.txt");
        check_order("sort=size&order=desc", "z/ A.txt b.txt &lt;x&gt;");
        check_order("sort=modified", "z/ &lt;x&gt; A.txt b.txt");
        check_order("sort=nonsense&x", "z/ &lt;x&gt; A.txt b.txt");
    }

    #[test]
    fn flags_choose_the_columns() {
        let has = |flags: u32| {
            let page = html("", flags);
            ["1970-01-01", "00:00", "10 B", "A.txt<", "Thursday, 1 January 1970"]
                .map(|text| page.contains(&format!(">{text}")) || page.contains(&format!(" {text}<")))
        };
        assert_eq!(has(0), [false; 5]);
        assert_eq!(has(2), [true, false, false, false, false]);
        assert_eq!(has(2 | 4), [true, true, false, false, false]);
        assert_eq!(has(8 | 16), [false, false, true, true, false]);
        assert_eq!(has(32), [false, false, false, false, true]);
    }

    #[test]
    fn names_are_harmless() {
        let page = html("", ALL);
        assert!(page.contains("<a href=\"./%3Cx%3E%20javascript:y.txt\">&lt;x&gt; javascript:y.txt</a>"), "{page}");
        assert!(page.contains("<a href=\"/a%20b/\">a b</a>"), "{page}");
    }

    #[test]
    fn sizes_are_short() {
        let shown = [0, 999, 1000, 1234, 99_999, 100_000, 4_294_967_296, u64::MAX].map(size);
        assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "1.2 kB", "99.9 kB", "100 kB", "4.2 GB", "18.4 EB"]);
    }
}
