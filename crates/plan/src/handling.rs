//! What may be done at a path, and by which handler (`handlers`), and how much of it at a time (`serverRuntime`).

use doorward_config::{Handler, Handlers, ServerRuntime};

/// `serverRuntime` at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runtime {
    /// Whether requests are handled at all.
    pub enabled: bool,
    /// Requests of one application in progress.
    pub app_requests_max: u32,
    /// The body of a request, in bytes.
    pub request_bytes_max: u64,
    /// The host name in redirects of our own, in place of the client's.
    pub alternate_host: Option<String>,
}

impl Default for Runtime {
    /// No limits.
    fn default() -> Self {
        Self { enabled: true, app_requests_max: u32::MAX, request_bytes_max: u64::MAX, alternate_host: None }
    }
}

impl Runtime {
    /// Takes the section.
    pub fn new(section: &ServerRuntime) -> Self {
        Self {
            enabled: section.enabled,
            app_requests_max: section.app_requests_max,
            request_bytes_max: section.request_bytes_max.map_or(u64::MAX, u64::from),
            alternate_host: Some(section.alternate_host_name.clone()).filter(|host| !host.is_empty()),
        }
    }
}

/// What makes the answers of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    /// Files, default documents and listings.
    Files,
    /// What OPTIONS and TRACE get.
    Protocol,
    /// A program that is not there.
    Missing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    paths: Vec<String>,
    /// Empty for all.
    verbs: Vec<String>,
    maker: Maker,
    resource_type: u32,
    require_access: u32,
}

/// The handlers at a path, and what the access policy allows there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerMap {
    access: u32,
    rules: Vec<Rule>,
    /// Every file may be read, by anybody: nothing has to be asked.
    is_open: bool,
}

impl Default for HandlerMap {
    /// Files for everybody.
    fn default() -> Self {
        Self { access: READ, rules: Vec::new(), is_open: true }
    }
}

const READ: u32 = 1;
const EXECUTE: u32 = 4;
const SCRIPT: u32 = 512;
const NO_REMOTE_READ: u32 = 4096;
const FILE_MODULES: [&str; 3] = ["StaticFileModule", "DefaultDocumentModule", "DirectoryListingModule"];
/// A handler without a program of its own: it hands the request to the application again.
const TRANSFER: &str = "System.Web.Handlers.TransferRequestHandler";

impl HandlerMap {
    /// Takes the section.
    pub fn new(section: &Handlers) -> Self {
        let access = section.access_policy;
        let rules: Vec<Rule> =
            section.handlers.iter().filter(|handler| handler.managed_type != TRANSFER).map(Rule::new).collect();
        let reads_all = access & (READ | NO_REMOTE_READ) == READ;
        let is_open = reads_all && rules.first().is_some_and(Rule::serves_any_file);
        Self { access, rules, is_open }
    }

    /// Asks whether files may answer this method at this path; else the status and substatus of the refusal. The first
    /// handler that fits decides.
    pub fn allow(&self, path: &str, method: &str, is_local: bool) -> Result<(), (u16, u16)> {
        if self.is_open {
            return Ok(());
        }
        let mut at_path = self.rules.iter().filter(|rule| rule.is_for(path)).peekable();
        if at_path.peek().is_none() {
            return Err((404, 4));
        }
        let Some(rule) = at_path.find(|rule| rule.verbs.is_empty() || rule.verbs.iter().any(|verb| verb == method))
        else {
            return Err((405, 0));
        };
        self.access_for(rule, is_local)?;
        if rule.maker == Maker::Missing { Err((500, 21)) } else { Ok(()) }
    }

    /// `requireAccess` against `accessPolicy` (IIS reference §4.4).
    fn access_for(&self, rule: &Rule, is_local: bool) -> Result<(), (u16, u16)> {
        let has = |bits: u32| self.access & bits != 0;
        match rule.require_access {
            1 if !has(READ) || (has(NO_REMOTE_READ) && !is_local) => Err((403, 2)),
            2 if !has(2) || (has(1024) && !is_local) => Err((403, 3)),
            3 if !has(SCRIPT | EXECUTE) || (has(16384) && !is_local) => Err((403, 1)),
            4 if !has(EXECUTE) || (has(8192) && !is_local) => Err((403, 1)),
            _ => Ok(()),
        }
    }
}

impl Rule {
    fn new(handler: &Handler) -> Self {
        let verbs = words(&handler.verb);
        let modules = words(&handler.modules);
        let has = |known: &[&str]| modules.iter().any(|module| known.contains(&module.as_str()));
        let maker = if has(&FILE_MODULES) {
            Maker::Files
        } else if has(&["ProtocolSupportModule"]) {
            Maker::Protocol
        } else {
            Maker::Missing
        };
        Self {
            paths: words(&handler.path),
            verbs: if verbs.iter().any(|verb| verb == "*") { Vec::new() } else { verbs },
            maker,
            resource_type: handler.resource_type,
            require_access: handler.require_access,
        }
    }

    fn serves_any_file(&self) -> bool {
        let any_path = self.paths.iter().any(|path| path == "*");
        any_path
            && self.verbs.is_empty()
            && self.maker == Maker::Files
            && self.resource_type > 1
            && self.require_access < 2
    }

    fn is_for(&self, path: &str) -> bool {
        let fits = match self.resource_type {
            0 => !path.ends_with('/'),
            1 => path.ends_with('/'),
            _ => true,
        };
        fits && self.paths.iter().any(|pattern| is_named(pattern, path))
    }
}

fn words(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Whether a handler's path is for this URL path: one with a slash is the whole path, another its last segment.
fn is_named(pattern: &str, path: &str) -> bool {
    let whole = pattern.contains('/');
    let text = if whole { path } else { path.rsplit('/').next().unwrap_or(path) };
    let pattern = if whole { format!("/{}", pattern.trim_start_matches('/')) } else { pattern.to_owned() };
    globs(pattern.to_ascii_lowercase().as_bytes(), text.to_ascii_lowercase().as_bytes())
}

/// `*` stands for any bytes.
fn globs(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where the last star stands, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, from));
            at += 1;
        } else if pattern.get(at) == Some(&text[from]) {
            at += 1;
            from += 1;
        } else if let Some((place, taken)) = star {
            star = Some((place, taken + 1));
            (at, from) = (place + 1, taken + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handler(path: &str, verb: &str, modules: &str, require_access: u32) -> Handler {
        Handler {
            path: path.to_owned(),
            verb: verb.to_owned(),
            modules: modules.to_owned(),
            managed_type: String::new(),
            resource_type: 3,
            require_access,
        }
    }

    /// The stock list behind what a folder of an application adds.
    fn check(access_policy: u32, own: &[Handler], asked: (&str, &str), expected: Result<(), (u16, u16)>) {
        let stock = [
            handler("*", "TRACE", "ProtocolSupportModule", 0),
            handler("*", "OPTIONS", "ProtocolSupportModule", 0),
            handler("*.asp", "GET,HEAD,POST", "IsapiModule", 3),
            Handler { resource_type: 2, ..handler("*", "*", "StaticFileModule,DefaultDocumentModule", 1) },
        ];
        let handlers = own.iter().chain(&stock).cloned().collect();
        let map = HandlerMap::new(&Handlers { access_policy, handlers });
        assert_eq!(map.allow(asked.0, asked.1, false), expected, "{access_policy} {own:?} {asked:?}");
    }

    const STOCK: u32 = READ | SCRIPT;

    #[test]
    fn the_first_handler_that_fits_decides() {
        check(STOCK, &[], ("/a.html", "GET"), Ok(()));
        check(STOCK, &[], ("/", "POST"), Ok(()));
        check(STOCK, &[], ("/a.ASP", "GET"), Err((500, 21)));
        check(STOCK, &[], ("/a.asp", "PUT"), Ok(()));
        check(STOCK, &[handler("*", "*", "AspNetCoreModuleV2", 3)], ("/appsettings.json", "GET"), Err((500, 21)));
        let files = handler("*", "*", "StaticFileModule", 1);
        check(STOCK, &[files, handler("*", "*", "AspNetCoreModuleV2", 3)], ("/a.json", "GET"), Ok(()));
        let transfer = Handler { managed_type: TRANSFER.to_owned(), ..handler("*.", "*", "", 3) };
        check(STOCK, &[transfer], ("/readme", "GET"), Ok(()));
    }

    #[test]
    fn the_access_policy_is_asked() {
        check(READ, &[], ("/a.asp", "GET"), Err((403, 1)));
        check(SCRIPT, &[], ("/a.html", "GET"), Err((403, 2)));
        check(0, &[], ("/a.html", "OPTIONS"), Ok(()));
        check(READ | NO_REMOTE_READ, &[], ("/a.html", "GET"), Err((403, 2)));
        check(SCRIPT, &[handler("*.x", "*", "CgiModule", 4)], ("/a.x", "GET"), Err((403, 1)));
        check(EXECUTE, &[handler("*.x", "*", "StaticFileModule", 3)], ("/a.x", "GET"), Ok(()));
    }

    #[test]
    fn no_handler_and_no_method() {
        let only = |handlers: Vec<Handler>| HandlerMap::new(&Handlers { access_policy: STOCK, handlers });
        assert_eq!(only(Vec::new()).allow("/a", "GET", false), Err((404, 4)));
        let text = only(vec![handler("*.txt, /data/*", "GET", "StaticFileModule", 1)]);
        for (path, method, expected) in [
            ("/a.txt", "GET", Ok(())),
            ("/x/a.TXT", "GET", Ok(())),
            ("/a.txt", "PUT", Err((405, 0))),
            ("/a.html", "GET", Err((404, 4))),
            ("/data/x.html", "GET", Ok(())),
            ("/x/data/x.html", "GET", Err((404, 4))),
        ] {
            assert_eq!(text.allow(path, method, false), expected, "{method} {path}");
        }
    }

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("*.a*", "x.ab", true),
            ("**b*", "ab", true),
            ("ab", "abc", false),
        ] {
            assert_eq!(globs(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
