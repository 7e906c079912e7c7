//! A command line of appcmd ends with an answer: text in whole lines, a code that is told in the guide, and nothing changed where it
//! fails.

use std::cell::RefCell;

use doorward_doors::appcmd;

use super::disk::Disk;
use super::memory::Memory;

const HOST: &str = r#"<configuration><system.applicationHost>
<applicationPools><add name="Pool"/></applicationPools>
<sites><site name="Default Web Site" id="1"><application path="/" applicationPool="Pool">
<virtualDirectory path="/" physicalPath="/nowhere"/></application>
<bindings><binding protocol="http" bindingInformation="127.0.0.2:80:"/></bindings></site></sites></system.applicationHost>
<system.webServer><defaultDocument><files><add value="a"/></files></defaultDocument></system.webServer></configuration>"#;
/// Codes that the guide names.
const CODES: [u32; 13] = [0, 1, 3, 5, 13, 33, 50, 87, 112, 183, 1062, 1168, 4312];

thread_local! {
    /// A folder of this process, for commands that look at files.
    static PLACE: RefCell<Option<(Disk, Memory)>> = const { RefCell::new(None) };
}

/// Checks one line: words separated by line feeds, then what stands on standard input behind a zero.
pub(super) fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (line, given) = text.split_once('\0').unwrap_or((&text, ""));
    let words: Vec<String> = line.split('\n').map(str::to_owned).collect();
    let names = |part: &str| words.iter().any(|word| word.to_lowercase().contains(part));
    // These would write files: whatever is named, and one for each name.
    if names("apphostconfig") || names("backup") {
        return;
    }
    PLACE.with_borrow_mut(|place| {
        let (_, place) = place.get_or_insert_with(begin);
        place.forget();
        let outcome = appcmd(&words, &mut || given.to_owned(), place);
        assert!(CODES.contains(&outcome.exit_code), "{outcome:?}");
        assert!(outcome.output.is_empty() || outcome.output.ends_with('\n'), "{outcome:?}");
        // A module is installed in two sections, and what stands on standard input is taken one by one.
        let is_one = given.is_empty() && !names("install");
        assert!(outcome.exit_code == 0 || place.made == 0 || !is_one, "{outcome:?}");
    });
}

/// What edits begin with is on the disk.
fn begin() -> (Disk, Memory) {
    let disk = Disk::new("appcmd");
    disk.write(HOST.as_bytes());
    let memory = Memory::new(disk.home().clone(), HOST);
    (disk, memory)
}
