//! Where a path written for Windows lies on this machine.

use std::path::{Path, PathBuf};

use crate::diagnostic::{Complaint, Findings};
use crate::effective::Effective;
use crate::home::Home;

/// What stands for the variables that IIS files use. They are fixed: a configuration means the same whoever starts the
/// server, so the process environment is never asked.
const VARIABLES: &[(&str, &str)] = &[
    ("SystemDrive", "C:"),
    ("SystemRoot", "C:\\Windows"),
    ("windir", "C:\\Windows"),
    ("ProgramFiles", "C:\\Program Files"),
    ("ProgramFiles(x86)", "C:\\Program Files (x86)"),
    ("ProgramData", "C:\\ProgramData"),
    ("PUBLIC", "C:\\Users\\Public"),
    ("TEMP", "C:\\Windows\\Temp"),
    ("TMP", "C:\\Windows\\Temp"),
    ("IIS_BIN", "C:\\Program Files\\IIS Express"),
    ("IIS_USER_HOME", "C:\\Users\\Public\\Documents\\IISExpress"),
    ("IIS_SITES_HOME", "C:\\Users\\Public\\Documents\\My Web Sites"),
];

/// The drives, maps and variables of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathMap {
    drives: PathBuf,
    config_folder: PathBuf,
    /// Segments of a Windows path in lower case, drive first → folder; longest first.
    maps: Vec<(Vec<String>, PathBuf)>,
}

/// A path on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedPath {
    /// The path to open.
    pub path: PathBuf,
    /// Names between percent signs that mean nothing here; they stay in the path as written.
    pub unknown_variables: Vec<String>,
}

impl PathMap {
    /// The maps of `doorward/paths`, over the drives of `home`.
    pub(crate) fn read(section: &Effective, home: &Home, findings: &mut Findings) -> Self {
        let mut paths = Self::unmapped(home);
        for entry in &section.entries {
            let (from, to) = (entry.text("from"), PathBuf::from(entry.text("to")));
            let segments = windows_segments(&expand(&from).0);
            match (segments, &entry.origin) {
                (Some(segments), _) if to.is_absolute() => paths.maps.push((lower(&segments), to)),
                (segments, Some(origin)) => {
                    let (name, text) = if segments.is_none() { ("from", from) } else { ("to", entry.text("to")) };
                    let message = format!("The '{name}' attribute is invalid.  '{text}' is not an absolute path");
                    let hint = "write from=\"C:\\inetpub\" to=\"/srv/www\"";
                    findings.error(origin, Complaint::new("value", message).hint(hint));
                }
                (_, None) => {}
            }
        }
        paths.maps.sort_by_key(|(segments, _)| std::cmp::Reverse(segments.len()));
        paths
    }

    /// The drives alone, for what is read before any map.
    pub(crate) fn unmapped(home: &Home) -> Self {
        let config_folder = home.config_file.parent().unwrap_or(Path::new("")).to_path_buf();
        Self { drives: home.drives.clone(), config_folder, maps: Vec::new() }
    }

    /// Finds `written` on this machine. A Unix path stays as it is, a relative one is relative to the folder of the
    /// configuration file; drive `X:` is a folder of the home unless a map says otherwise, and `..` never leaves it.
    pub fn resolve(&self, written: &str) -> ResolvedPath {
        if written.starts_with('/') {
            return ResolvedPath { path: PathBuf::from(written), unknown_variables: Vec::new() };
        }
        let (text, unknown_variables) = expand(written);
        let path = match windows_segments(&text) {
            Some(segments) => self.on_drive(&segments),
            None => self.config_folder.join(text.replace('\\', "/")),
        };
        ResolvedPath { path, unknown_variables }
    }

    fn on_drive(&self, segments: &[String]) -> PathBuf {
        let compared = lower(segments);
        if let Some((from, to)) = self.maps.iter().find(|(from, _)| compared.starts_with(from)) {
            return segments[from.len()..].iter().fold(to.clone(), |path, segment| path.join(segment));
        }
        let mut path = self.drives.clone();
        for (index, segment) in segments.iter().enumerate() {
            // The drive's own folder is its lower-case letter; what is below keeps its case.
            path.push(if index == 0 { compared[0].trim_end_matches(':') } else { segment });
        }
        path
    }
}

fn lower(segments: &[String]) -> Vec<String> {
    segments.iter().map(|segment| segment.to_lowercase()).collect()
}

/// Replaces `%name%` where the name is known; says which names are not.
fn expand(text: &str) -> (String, Vec<String>) {
    let (mut result, mut unknown) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(start) = rest.find('%') {
        let Some(length) = rest[start + 1..].find('%') else { break };
        let name = &rest[start + 1..start + 1 + length];
        let known = VARIABLES.iter().find(|(variable, _)| variable.eq_ignore_ascii_case(name));
        result.push_str(&rest[..start]);
        if let Some((_, value)) = known {
            result.push_str(value);
            rest = &rest[start + length + 2..];
        } else {
            if !name.is_empty() {
                unknown.push(name.to_owned());
            }
            result.push('%');
            result.push_str(name);
            result.push('%');
            rest = &rest[start + length + 2..];
        }
    }
    result.push_str(rest);
    (result, unknown)
}

/// Segments of an absolute Windows path, the drive (`c:`) or `unc` first; `None` for any other path.
fn windows_segments(text: &str) -> Option<Vec<String>> {
    let plain = text.strip_prefix(r"\\?\").unwrap_or(text);
    let bytes = plain.as_bytes();
    let (drive, rest) = if bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' {
        (&plain[..2], &plain[2..])
    } else if let Some(share) = plain.strip_prefix(r"\\") {
        ("unc", share)
    } else if plain.starts_with('\\') {
        ("C:", plain)
    } else {
        return None;
    };
    let mut segments = vec![drive.to_owned()];
    for segment in rest.split(['\\', '/']) {
        match segment {
            "" | "." => {}
            ".." => segments.truncate(segments.len().saturating_sub(1).max(1)),
            name => segments.push(name.to_owned()),
        }
    }
    Some(segments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map() -> PathMap {
        PathMap {
            drives: PathBuf::from("/h/drives"),
            config_folder: PathBuf::from("/h/config"),
            maps: vec![
                (vec!["c:".into(), "inetpub".into(), "shop".into()], PathBuf::from("/srv/shop")),
                (vec!["c:".into(), "inetpub".into()], PathBuf::from("/srv/www")),
            ],
        }
    }

    fn check(written: &str, path: &str, unknown: &[&str]) {
        let resolved = map().resolve(written);
        assert_eq!(resolved.path, Path::new(path), "{written}");
        assert_eq!(resolved.unknown_variables, unknown, "{written}");
    }

    #[test]
    fn windows_paths() {
        check(r"D:\Sites\Shop", "/h/drives/d/Sites/Shop", &[]);
        check("D:", "/h/drives/d", &[]);
        check("D:/a/b", "/h/drives/d/a/b", &[]);
        check(r"%SystemDrive%\inetpub\wwwroot", "/srv/www/wwwroot", &[]);
        check(r"%SYSTEMDRIVE%\InetPub\Shop\a", "/srv/shop/a", &[]);
        check(r"C:\inetpub2", "/h/drives/c/inetpub2", &[]);
        check(r"%windir%\x", "/h/drives/c/Windows/x", &[]);
        check(r"\\?\C:\x", "/h/drives/c/x", &[]);
        check(r"\\files\share\x", "/h/drives/unc/files/share/x", &[]);
        check(r"\x", "/h/drives/c/x", &[]);
        check(r"C:\..\..\etc\passwd", "/h/drives/c/etc/passwd", &[]);
        check(r"C:\inetpub\..\..\..\etc", "/h/drives/c/etc", &[]);
    }

    #[test]
    fn other_paths_and_unknown_variables() {
        check("/srv/a\\b/../c", "/srv/a\\b/../c", &[]);
        check("www", "/h/config/www", &[]);
        check(r"..\..\src\Web", "/h/config/../../src/Web", &[]);
        check(r"%LAUNCHER%\x", "/h/config/%LAUNCHER%/x", &["LAUNCHER"]);
        check(r"C:\100%\x", "/h/drives/c/100%/x", &[]);
        check("%%", "/h/config/%%", &[]);
    }

    proptest! {
        #[test]
        fn a_drive_is_never_left(tail in r"[a-c.\\/%]{0,30}") {
            let resolved = map().resolve(&format!("D:\\{tail}"));
            prop_assert!(resolved.path.starts_with("/h/drives/d"), "{}", resolved.path.display());
            prop_assert!(!resolved.path.components().any(|c| c == std::path::Component::ParentDir));
        }
    }
}
