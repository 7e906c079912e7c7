//! A Rust file read as far as the rules need: code without comments and literals, its functions, and which lines are tests.

use std::ops::Range;

/// One Rust file. Line indexes count from 0.
pub struct RustFile {
    pub path: String,
    /// The lines of code, with comments and the insides of literals turned into blanks.
    pub code: Vec<String>,
    /// Lines that begin inside a literal that spans lines: their indentation is data.
    pub begins_in_literal: Vec<bool>,
    pub functions: Vec<Function>,
    /// Lines that belong to `#[cfg(test)]` items.
    pub tests: Vec<Range<usize>>,
    /// The whole file is tests: it lies in a `tests` folder or is called `tests.rs`.
    pub is_test_file: bool,
}

/// One function with a body: the lines from `fn` to its closing brace.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub lines: Range<usize>,
}

/// One word or one sign of code, and the line it stands on.
struct Token<'a> {
    text: &'a str,
    line: usize,
}

impl RustFile {
    pub fn read(path: &str, text: &str) -> Self {
        let (blanked, begins_in_literal) = Blanker::new(text).run();
        let code: Vec<String> = blanked.lines().map(str::to_owned).collect();
        let tokens = tokens(&code);
        let is_test_file =
            path.split('/').any(|part| matches!(part, "tests" | "benches" | "fuzz")) || path.ends_with("/tests.rs");
        let (functions, tests) = (functions(&tokens), tests(&tokens));
        Self { path: path.to_owned(), functions, tests, begins_in_literal, is_test_file, code }
    }

    /// Whether a line is part of a test.
    pub fn is_test(&self, line: usize) -> bool {
        self.is_test_file || self.tests.iter().any(|range| range.contains(&line))
    }

    /// The lines of code outside tests, with their numbers counted from 1.
    pub fn lines_outside_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.code.iter().enumerate().filter(|(i, _)| !self.is_test(*i));
        numbered.map(|(i, line)| (i + 1, line.as_str()))
    }

    /// Where the files of `#[cfg(test)] mod name;` would lie.
    pub fn files_of_test_modules(&self) -> Vec<String> {
        let (folder, file) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        let folder = match file {
            "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
            other => format!("{folder}/{}", other.trim_end_matches(".rs")),
        };
        let declared = |range: &Range<usize>| {
            let text = self.code[range.clone()].join(" ");
            let name = text.strip_suffix(';').unwrap_or(&text).rsplit_once("mod ")?.1.to_owned();
            (!name.contains('{')).then_some(name)
        };
        let names = self.tests.iter().filter_map(declared);
        names.flat_map(|n| [format!("{folder}/{n}.rs"), format!("{folder}/{n}/mod.rs")]).collect()
    }
}

/// Turns comments and the insides of literals into blanks, keeping every line where it was.
struct Blanker {
    chars: Vec<char>,
    at: usize,
    out: String,
    begins_in_literal: Vec<bool>,
}

impl Blanker {
    fn new(text: &str) -> Self {
        Self {
            chars: text.chars().collect(),
            at: 0,
            out: String::with_capacity(text.len()),
            begins_in_literal: vec![false],
        }
    }

    fn run(mut self) -> (String, Vec<bool>) {
        while let Some(c) = self.peek(0) {
            match (c, self.peek(1)) {
                ('/', Some('/')) => self.blank_while(|c| c != '\n'),
                ('/', Some('*')) => self.block_comment(),
                ('"', _) => self.string(),
                ('r', Some('"' | '#')) if !self.follows_word() => self.raw_string(),
                ('\'', Some(next)) if self.is_char_literal(next) => self.char_literal(),
                _ => self.keep(),
            }
        }
        (self.out, self.begins_in_literal)
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn keep(&mut self) {
        self.push(self.chars[self.at], false);
    }

    fn blank(&mut self) {
        let c = self.chars[self.at];
        self.push(if c == '\n' { c } else { ' ' }, true);
    }

    fn push(&mut self, c: char, in_literal: bool) {
        if c == '\n' {
            self.begins_in_literal.push(in_literal);
        }
        self.out.push(c);
        self.at += 1;
    }

    fn blank_while(&mut self, wanted: fn(char) -> bool) {
        while self.peek(0).is_some_and(wanted) {
            self.blank();
        }
    }

    fn blank_count(&mut self, count: usize) {
        for _ in 0..count.min(self.chars.len() - self.at) {
            self.blank();
        }
    }

    fn follows_word(&self) -> bool {
        // `br"…"` and `cr"…"` are raw literals too; any other letter before the r makes it part of a name.
        let before = |n: usize| self.at.checked_sub(n).map(|i| self.chars[i]);
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        if matches!(before(1), Some('b' | 'c')) { is_word(before(2)) } else { is_word(before(1)) }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(c) = self.peek(0) {
            match (c, self.peek(1)) {
                ('/', Some('*')) => depth += 1,
                ('*', Some('/')) => depth -= 1,
                _ => {
                    self.blank();
                    continue;
                }
            }
            self.blank_count(2);
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.keep();
        while let Some(c) = self.peek(0) {
            match c {
                '"' => return self.keep(),
                '\\' => self.blank_count(2),
                _ => self.blank(),
            }
        }
    }

    fn raw_string(&mut self) {
        let hashes = self.chars[self.at + 1..].iter().take_while(|c| **c == '#').count();
        if self.peek(1 + hashes) != Some('"') {
            return self.keep(); // `r#name`, a raw identifier.
        }
        self.keep(); // The r stays, so that the line keeps its indentation.
        self.blank_count(hashes + 1);
        while let Some(c) = self.peek(0) {
            let closes = c == '"' && (1..=hashes).all(|n| self.peek(n) == Some('#'));
            self.blank();
            if closes {
                return self.blank_count(hashes);
            }
        }
    }

    fn is_char_literal(&self, next: char) -> bool {
        next == '\\' || self.peek(2) == Some('\'')
    }

    fn char_literal(&mut self) {
        let is_escape = self.peek(1) == Some('\\');
        self.keep();
        self.blank_count(if is_escape { 2 } else { 1 });
        self.blank_while(|c| c != '\'' && c != '\n');
        self.blank_count(1);
    }
}

fn tokens(code: &[String]) -> Vec<Token<'_>> {
    let in_line =
        |(line, text): (usize, &'_ String)| words_and_signs(text).map(move |range| (line, range)).collect::<Vec<_>>();
    let places = code.iter().enumerate().flat_map(in_line);
    places.map(|(line, range)| Token { text: &code[line][range], line }).collect()
}

fn words_and_signs(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = chars.by_ref().find(|(_, c)| !c.is_whitespace())?;
        let mut end = start + first.len_utf8();
        while let Some((at, c)) = chars.next_if(|(_, c)| is_word(first) && is_word(*c)) {
            end = at + c.len_utf8();
        }
        Some(start..end)
    })
}

fn functions(tokens: &[Token]) -> Vec<Function> {
    let heads = tokens.windows(2).enumerate().filter(|(_, pair)| pair[0].text == "fn" && is_name(pair[1].text));
    let bodies = heads.filter_map(|(at, pair)| {
        let end = item_end(tokens, at)?;
        let has_body = tokens[end].text == "}";
        let lines = pair[0].line..tokens[end].line + 1;
        has_body.then(|| Function { name: pair[1].text.to_owned(), lines })
    });
    bodies.collect()
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The token that ends the item at `start`: its `;` or its closing brace.
fn item_end(tokens: &[Token], start: usize) -> Option<usize> {
    let (mut brackets, mut braces) = (0_i32, 0_i32);
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.text {
            "(" | "[" => brackets += 1,
            ")" | "]" => brackets -= 1,
            "{" => braces += 1,
            "}" => braces -= 1,
            _ => {}
        }
        let ends = token.text == ";" || token.text == "}";
        if ends && brackets == 0 && braces == 0 {
            return Some(at);
        }
    }
    None
}

fn tests(tokens: &[Token]) -> Vec<Range<usize>> {
    let attributes = tokens.windows(4).enumerate().filter(|(_, w)| w.iter().map(|t| t.text).eq(["#", "[", "cfg", "("]));
    let spans = attributes.filter_map(|(at, w)| {
        let close = at + tokens[at..].iter().position(|t| t.text == "]")?;
        let words: Vec<&str> = tokens[at..close].iter().map(|t| t.text).collect();
        let only_in_tests = words.contains(&"test") && !words.contains(&"not");
        let end = item_end(tokens, close + 1)?;
        only_in_tests.then(|| w[0].line..tokens[end].line + 1)
    });
    spans.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_code(text: &str, expected: &str) {
        assert_eq!(RustFile::read("a.rs", text).code.join("\n"), expected, "code of {text:?}");
    }

    #[test]
    fn comments_and_literals_are_blank() {
        check_code("a // b", "a     ");
        check_code("a /* { /* } */ \n */ b", "a              \n    b");
        check_code(r#"f("{ \" }", 1)"#, r#"f("      ", 1)"#);
        check_code("r#\"{\"# + br\"}\" + r#type", "r      + br    + r#type");
        check_code("f('{', '\\'', b'}', 'a: loop {}, \"x\")", "f('  , '   , b'  , 'a: loop {}, \" \")");
        check_code("&'static str, '\\u{7b}'", "&'static str, '       ");
    }

    #[test]
    fn a_line_inside_a_literal_is_known() {
        let file = RustFile::read("a.rs", "let a = \"x\n    y\n\";\nlet b = 1;\n");
        assert_eq!(file.begins_in_literal[..4], [false, true, true, false]);
    }

    fn check_functions(text: &str, expected: &[(&str, Range<usize>)]) {
        let found = RustFile::read("a.rs", text).functions;
        let found: Vec<(&str, Range<usize>)> = found.iter().map(|f| (f.name.as_str(), f.lines.clone())).collect();
        assert_eq!(found, expected, "functions of {text:?}");
    }

    #[test]
    fn functions_are_found_with_their_bodies() {
        check_functions("fn a() {}\n", &[("a", 0..1)]);
        check_functions("fn a(\n b: [u8; 3],\n) -> X\nwhere\n T: Y,\n{\n if b { c }\n}\n", &[("a", 0..8)]);
        check_functions("trait T { fn a(); fn b() {\n} }", &[("b", 0..2)]);
        check_functions("type F = fn(u8) -> u8;\nfn a() { \"}\"; }", &[("a", 1..2)]);
    }

    fn check_tests(text: &str, expected: &[(usize, usize)]) {
        let found: Vec<(usize, usize)> = RustFile::read("a.rs", text).tests.iter().map(|r| (r.start, r.end)).collect();
        assert_eq!(found, expected, "tests of {text:?}");
    }

    #[test]
    fn items_for_tests_are_found() {
        check_tests("fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() {}\n}\nfn c() {}", &[(1, 5)]);
        check_tests("#[cfg(test)]\n#[allow(x)]\nmod tests;\nfn a() {}", &[(0, 3)]);
        check_tests("#[cfg(all(test, unix))]\nuse a::{b, c};\n", &[(0, 2)]);
        check_tests("#[cfg(not(test))]\nfn a() {}", &[]);
    }
}
