//! Documents with sections of the operator's own schema files: read without a change of a byte, edited where they must
//! be, and bounds of the files themselves.

#![allow(clippy::disallowed_methods, reason = "tests lay out the files that are read")]
#![allow(clippy::unwrap_used, reason = "an installation that cannot be laid out is a failed test")]

use doorward_config::{
    Action, ConfigFile, Deed, Edit, EditError, Home, Position, SectionChange, Step, edit, load, load_text_at_start,
    save,
};
use proptest::prelude::*;

const SCHEMA: &str = r#"<configSchema><sectionSchema name="contoso/banner">
    <attribute name="text" type="string" /><attribute name="lines" type="uint" />
    <element name="days"><collection addElement="add" removeElement="remove" clearElement="clear">
        <attribute name="name" type="string" required="true" isUniqueKey="true" /><attribute name="open" type="bool" />
    </collection></element>
</sectionSchema></configSchema>"#;

struct Place {
    home: Home,
    _folder: tempfile::TempDir,
}

fn place(schema: &[(&str, &str)], text: &str) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::under(folder.path());
    std::fs::create_dir_all(home.config_file.parent().unwrap()).unwrap();
    std::fs::create_dir_all(&home.schema).unwrap();
    for (name, text) in schema {
        std::fs::write(home.schema.join(name), text).unwrap();
    }
    std::fs::write(&home.config_file, text).unwrap();
    Place { home, _folder: folder }
}

fn change(location: &str, deed: Deed, at: &[&str]) -> Edit {
    let at = at.iter().map(|name| Step::Element((*name).to_owned())).collect();
    Edit::Change(SectionChange {
        file: ConfigFile::ApplicationHost,
        location: location.to_owned(),
        section: "contoso/banner".to_owned(),
        actions: vec![Action { at, deed }],
    })
}

fn set(name: &str, text: &str) -> Deed {
    Deed::Set { attribute: name.to_owned(), text: text.to_owned() }
}

/// What the folder's files are complained about: the first error.
fn check(schema: &[(&str, &str)], expected: &str) {
    let place = place(schema, "<configuration/>");
    let found = load_text_at_start("<configuration/>", &place.home.config_file, None, &place.home).unwrap().findings;
    let errors: Vec<String> = found.iter().map(ToString::to_string).filter(|text| text.contains("error[")).collect();
    let first = errors.first().map_or("none", String::as_str);
    let first = first.strip_prefix(&place.home.schema.display().to_string()).unwrap_or(first);
    assert!(first.starts_with(expected), "{first:?}, not {expected:?}");
}

fn sections(count: usize, inner: &str) -> String {
    let section = |number| format!("<sectionSchema name=\"t/s{number}\">{inner}</sectionSchema>");
    format!("<configSchema>{}</configSchema>", (0..count).map(section).collect::<Vec<_>>().concat())
}

#[test]
fn files_are_bounded() {
    check(&[("a.xml", &sections(256, ""))], "none");
    check(&[("a.xml", &sections(257, ""))], "/a.xml:1:");
    let attribute = |number| format!("<attribute name=\"a{number}\" type=\"bool\"/>");
    let attributes = |count| (0..count).map(attribute).collect::<Vec<_>>().concat();
    check(&[("a.xml", &sections(1, &attributes(1024)))], "none");
    check(&[("a.xml", &sections(1, &attributes(1025)))], "/a.xml:1:");
    let nested = |depth| "<element name=\"e\">".repeat(depth) + &"</element>".repeat(depth);
    check(&[("a.xml", &sections(1, &nested(15)))], "none");
    check(&[("a.xml", &sections(1, &nested(16)))], "/a.xml:1:");
    let large = format!("<configSchema><!--{}--></configSchema>", "x".repeat(1 << 20));
    check(&[("a.xml", &large)], "/a.xml:1:1: error[limit]: the file's size is 1048612 bytes; at most 1048576 are read");
    let names: Vec<String> = (0..65).map(|number| format!("{number}.xml")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "<configSchema/>")).collect();
    check(&files[..64], "none");
    check(&files, ":1:1: error[limit]: there are 65 schema files; at most 64 are read");
}

#[test]
fn what_is_no_schema_file_is_left_alone_and_what_cannot_be_read_is_told() {
    check(&[(".#a.xml", "<"), ("a.xml~", "<"), ("README", "<"), ("a.xml.bak", "<")], "none");
    check(&[("A.XML", "<")], "/A.XML:1:2: error[xml]");
    let place = place(&[], "<configuration/>");
    std::fs::create_dir(place.home.schema.join("folder.xml")).unwrap();
    std::fs::write(place.home.schema.join("latin1.xml"), b"<!-- \xe9 -->").unwrap();
    let error = load(&place.home).unwrap_err().to_string();
    for expected in ["folder.xml is not a regular file", "latin1.xml is not UTF-8 text (byte 5"] {
        assert!(error.contains(expected), "{error}");
    }
    std::fs::remove_dir_all(&place.home.schema).unwrap();
    assert!(load(&place.home).is_ok(), "no folder is no fault");
    std::fs::write(&place.home.schema, "in the way").unwrap();
    let error = load(&place.home).unwrap_err().to_string();
    assert!(error.contains("schema:1:1: error[file]: the schema files cannot be read"), "{error}");
}

#[test]
fn an_edit_is_refused_while_a_schema_file_is_broken_and_writes_nothing() {
    let place = place(&[("a.xml", SCHEMA), ("b.xml", "<configSchema><x/></configSchema>")], "<configuration/>");
    let refused = edit(&place.home, &change("", set("text", "x"), &[])).unwrap_err();
    assert!(matches!(refused, EditError::Invalid(_)) && refused.to_string().contains("b.xml:1:15"), "{refused}");
    assert_eq!(std::fs::read_to_string(&place.home.config_file).unwrap(), "<configuration/>");
}

/// A document with the section in it, in one of several hands.
fn document(text: &str, crlf: bool, quote: char, comment: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;").replace('\'', "&apos;");
    let document = format!(
        "\u{feff}<configuration>\n\t<!--{comment}-->\n\t<contoso>\n\t\t<banner   lines={quote}3{quote}\n\t\t\ttext = \
         {quote}{escaped}{quote} >\n\t\t\t<days>\n\t\t\t\t<!-- {comment} -->\n\t\t\t\t<add   name='Sunday'/>\n\t\t\t</days>\n\t\t</banner>\n\t</contoso>\n\
         </configuration>\n"
    );
    if crlf { document.replace('\n', "\r\n") } else { document }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn an_edit_of_such_a_section_changes_its_bytes_alone_and_its_inverse_restores_them(
        text in "[ -~éß]{0,12}",
        crlf in any::<bool>(),
        quote in prop_oneof![Just('"'), Just('\'')],
        comment in "[a-z ]{0,12}",
        (lines, kind) in (0..9_u32, 0..3_u8),
    ) {
        let start = document(&text, crlf, quote, &comment);
        let place = place(&[("contoso.xml", SCHEMA)], &start);
        let read = load(&place.home).unwrap();
        let values = read.values_at("", "", "contoso/banner");
        prop_assert_eq!(&values.iter().find(|value| value.name == "text").unwrap().text, &text);
        let entry = |name: &str| vec![("name".to_owned(), name.to_owned())];
        let (there, back, at): (Deed, Deed, &[&str]) = match kind {
            0 => (set("lines", &lines.to_string()), set("lines", "3"), &[]),
            1 => (Deed::Add { attributes: entry("Monday"), position: Position::End }, Deed::Remove { keys: entry("Monday") }, &["days"]),
            _ => (Deed::Unset { attribute: "lines".to_owned() }, set("lines", "3"), &[]),
        };
        let made = edit(&place.home, &change("", there, at)).unwrap();
        save(&made).unwrap();
        prop_assert!(load(&place.home).is_ok());
        let made_back = edit(&place.home, &change("", back, at)).unwrap();
        // An attribute that was taken away comes back behind the others.
        if kind != 2 {
            prop_assert_eq!(&made_back.text, &start);
        }
        // Nothing to change is nothing changed: what is written is what was read.
        std::fs::write(&place.home.config_file, &start).unwrap();
        let same = edit(&place.home, &change("", set("lines", "3"), &[])).unwrap();
        prop_assert_eq!(&same.text, &start);
    }

    #[test]
    fn any_text_is_a_schema_or_is_refused(text in "(<(configSchema|sectionSchema|attribute|element|collection|enum|/)( (name|type|addElement|validationType|defaultValue)=\"[a-z0-9,/]{0,5}\"){0,3}/?>){0,12}") {
        let text = format!("<configSchema>{text}</configSchema>");
        let place = place(&[("a.xml", &text)], "<configuration/>");
        let read = load_text_at_start("<configuration/>", &place.home.config_file, None, &place.home);
        prop_assert!(read.is_ok());
    }
}
