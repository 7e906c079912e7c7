//! A line of netsh: whatever it is, it ends with 0 or 1 and says something; a refusal has written nothing, and what was
//! written is a file that can be used.

use std::path::Path;

use doorward_config::Home;
use doorward_doors::{Installation as _, netsh};

use super::memory::Memory;

/// Words are split at blanks, as a shell would.
pub fn run(input: &[u8]) {
    let Ok(line) = std::str::from_utf8(input) else { return };
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let mut memory = Memory::new(Home::under(Path::new("/no/such/home")), HOST);
    let outcome = netsh(&words, &mut memory);
    assert!(outcome.exit_code <= 1, "{line:?} ends with {}", outcome.exit_code);
    assert!(!outcome.output.is_empty(), "{line:?} says nothing");
    if outcome.exit_code != 0 {
        assert!(memory.made == 0, "{line:?} is refused and has written");
    }
    let read = memory.configuration();
    assert!(read.is_ok(), "{line:?} has made a file that cannot be used: {read:?}");
}

const HOST: &str = r#"<configuration><system.applicationHost><sites><site name="ä" id="1">
<application path="/" applicationPool="p"><virtualDirectory path="/" physicalPath="/x" /></application>
<application path="/A"><virtualDirectory path="/" physicalPath="/x" /></application>
<bindings><binding protocol="http" bindingInformation="127.0.0.2:80:" /></bindings>
</site></sites></system.applicationHost></configuration>"#;
