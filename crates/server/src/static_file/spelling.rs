//! Names in another case (D23): content that comes from Windows asks for `Logo.PNG` and holds `logo.png`.

use std::os::fd::OwnedFd;

use rustix::fs::Dir;

use super::open::{Opened, open_beneath};

/// At most so many entries of one folder are looked at.
const ENTRIES_MAX: usize = 50_000;

/// The path below `root` as the disk has it, segment by segment: the exact name wins, otherwise the first by the
/// alphabet of those that differ in case alone. `None` when there is none.
pub(super) fn on_disk(root: &OwnedFd, relative: &str) -> Option<String> {
    let mut spelled = String::with_capacity(relative.len());
    for segment in relative.trim_end_matches('/').split('/') {
        let name = in_folder(root, &spelled, segment)?;
        spelled.push_str(&name);
        spelled.push('/');
    }
    if !relative.ends_with('/') {
        spelled.pop();
    }
    Some(spelled)
}

fn in_folder(root: &OwnedFd, folder: &str, segment: &str) -> Option<String> {
    let Ok(Opened::Folder(folder)) = open_beneath(root, if folder.is_empty() { "." } else { folder }) else {
        return None;
    };
    let wanted = segment.to_lowercase();
    let entries = Dir::read_from(&folder).ok()?.take(ENTRIES_MAX).filter_map(Result::ok);
    let names = entries.filter_map(|entry| entry.file_name().to_str().ok().map(str::to_owned));
    let alike = names.filter(|name| name.to_lowercase() == wanted);
    alike.min_by_key(|name| (name != segment, name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn check(asked: &str, expected: Option<&str>) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("Images/Old")).unwrap();
        for name in ["Images/Logo.PNG", "Images/both.txt", "Images/BOTH.txt", "Ünder.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let root = OwnedFd::from(fs::File::open(folder.path()).unwrap());
        assert_eq!(on_disk(&root, asked).as_deref(), expected, "{asked}");
    }

    #[test]
    fn each_segment_in_its_own_case() {
        check("images/logo.png", Some("Images/Logo.PNG"));
        check("IMAGES/old/", Some("Images/Old/"));
        check("images/both.txt", Some("Images/both.txt"));
        check("images/Both.txt", Some("Images/BOTH.txt"));
        check("üNDER.TXT", Some("Ünder.txt"));
        check("images/none.png", None);
        check("images/logo.png/x", None);
        check("../images", None);
        check("", None);
    }
}
