//! How long and how deep code may be.

use std::ops::Range;

use crate::rust_text::{Function, RustFile};
use crate::tree::{Finding, Tree};

/// A function fits on one screen.
const FUNCTION_LINES_MAX: usize = 70;
/// A file without its tests is one behaviour.
const FILE_LINES_MAX: usize = 400;
/// Levels inside a function; its own body is the first.
const LEVELS_MAX: usize = 5;
const LEVEL_COLUMNS: usize = 4;

/// Tables are data: a path that contains one of these may be longer than a file of code.
const TABLES: &[&str] = &["/schema/sections", "/builtin_mime"];

/// No function is longer than [`FUNCTION_LINES_MAX`] lines.
pub fn functions(tree: &Tree) -> Vec<Finding> {
    let all = tree.rust.iter().flat_map(|file| file.functions.iter().map(move |function| (file, function)));
    let long = all.filter(|(_, f)| f.lines.len() > FUNCTION_LINES_MAX);
    long.map(|(file, f)| {
        let text =
            format!("`{}` has {} lines, {FUNCTION_LINES_MAX} at most: split it by what it does", f.name, f.lines.len());
        Finding::new(&file.path, f.lines.start + 1, text)
    })
    .collect()
}

/// No file is longer than [`FILE_LINES_MAX`] lines, tests not counted.
pub fn files(tree: &Tree) -> Vec<Finding> {
    let code = tree.rust.iter().filter(|f| !f.is_test_file && !TABLES.iter().any(|t| f.path.contains(t)));
    let counted = code.map(|f| (f, lines_without_tests(f)));
    counted
        .filter(|(_, count)| *count > FILE_LINES_MAX)
        .map(|(f, count)| {
            let text =
                format!("{count} lines without tests, {FILE_LINES_MAX} at most: give each behaviour its own file");
            Finding::new(&f.path, 1, text)
        })
        .collect()
}

fn lines_without_tests(file: &RustFile) -> usize {
    file.code.len() - file.tests.iter().map(Range::len).sum::<usize>()
}

/// No line of a function lies deeper than [`LEVELS_MAX`] levels.
pub fn indentation(tree: &Tree) -> Vec<Finding> {
    let all = tree.rust.iter().flat_map(|file| file.functions.iter().filter_map(move |f| deepest(file, f)));
    all.collect()
}

fn deepest(file: &RustFile, function: &Function) -> Option<Finding> {
    let outer = columns(&file.code[function.lines.start]);
    let code = function.lines.clone().filter(|i| !file.code[*i].trim().is_empty() && !file.begins_in_literal[*i]);
    let levels = code.map(|i| (columns(&file.code[i]).saturating_sub(outer) / LEVEL_COLUMNS, i));
    let (level, line) = levels.max_by_key(|(level, i)| (*level, usize::MAX - i))?;
    let text = format!("{level} levels deep in `{}`, {LEVELS_MAX} at most: return early or name a part", function.name);
    (level > LEVELS_MAX).then(|| Finding::new(&file.path, line + 1, text))
}

fn columns(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check_sample;

    fn function_of(lines: usize) -> String {
        format!("fn a() {{\n{}}}\n", "    b();\n".repeat(lines - 2))
    }

    #[test]
    fn a_long_function_is_found() {
        check_sample(functions, &[("a.rs", &function_of(70))], &[]);
        check_sample(functions, &[("a.rs", &format!("\n{}", function_of(71)))], &["a.rs:2"]);
    }

    #[test]
    fn a_long_file_is_found() {
        let long = "use a;\n".repeat(401);
        check_sample(files, &[("src/a.rs", &long)], &["src/a.rs:1"]);
        check_sample(files, &[("src/schema/sections/a.rs", &long), ("tests/a.rs", &long)], &[]);
        let tested = format!("{}#[cfg(test)]\nmod tests {{\n{long}}}\n", "use a;\n".repeat(400));
        check_sample(files, &[("src/a.rs", &tested)], &[]);
    }

    fn nested(levels: usize) -> String {
        let line = |level: usize| format!("{}{{\n", " ".repeat(4 * level));
        let opened: String = (1..=levels).map(line).collect();
        format!("fn a() {{\n{opened}{}}}\n", "}".repeat(levels))
    }

    #[test]
    fn deep_code_is_found() {
        check_sample(indentation, &[("a.rs", &nested(5))], &[]);
        check_sample(indentation, &[("a.rs", &nested(6))], &["a.rs:7"]);
        let text = format!("fn a() {{\n    b(\"x\n{}y\");\n}}\n", " ".repeat(40));
        check_sample(indentation, &[("a.rs", &text)], &[]);
    }
}
