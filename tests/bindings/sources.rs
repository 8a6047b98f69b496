//! What a binding calls, found in its sources. The rule, in words, is in `bindings/README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    TypeScript,
    Python,
    Go,
    Zig,
}

impl Language {
    fn folder(self) -> &'static str {
        match self {
            Self::TypeScript => "bindings/typescript",
            Self::Python => "bindings/python",
            Self::Go => "bindings/go",
            Self::Zig => "bindings/zig",
        }
    }

    pub(crate) fn directory(self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(self.folder())
    }

    fn is_source(self, path: &Path) -> bool {
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        let in_folder = |folder: &str| path.starts_with(self.directory().join(folder));
        match self {
            Self::TypeScript => in_folder("src") && extension == "ts",
            Self::Python => in_folder("worldstate") && extension == "py",
            Self::Go => {
                let tests = path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("_test"));
                ["go", "h", "c"].contains(&extension) && !tests && !in_folder("examples")
            }
            Self::Zig => in_folder("src") && extension == "zig",
        }
    }

    /// Path and text of each source; empty where the binding is not there.
    pub(crate) fn sources(self) -> Vec<(PathBuf, String)> {
        let mut paths = Vec::new();
        files(&self.directory(), &mut paths);
        paths.sort();
        let sources = paths.into_iter().filter(|path| self.is_source(path));
        sources.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
    }

    /// Those of the functions that the sources call.
    pub(crate) fn called(self, sources: &[(PathBuf, String)], functions: &BTreeSet<String>) -> BTreeSet<String> {
        let mut called = BTreeSet::new();
        let mut wrappers = BTreeMap::new();
        for (path, text) in sources {
            let text = without_comments(text, if self == Self::Python { "#" } else { "//" });
            if path.extension().is_some_and(|extension| extension == "h" || extension == "c") {
                wrappers.extend(wrapped(&text));
                continue;
            }
            for (before, word, after) in words(&text) {
                if self.calls(before, after) {
                    called.insert(word.to_owned());
                }
            }
        }
        follow(&wrappers, &mut called);
        called.intersection(functions).cloned().collect()
    }

    /// Whether a name between these two texts stands where it is called or passed on, not where it is declared.
    fn calls(self, before: &str, after: &str) -> bool {
        match self {
            Self::TypeScript | Self::Python => {
                let member = before.ends_with('.') && !after.starts_with(".argtypes") && !after.starts_with(".restype");
                let argument = before.strip_suffix(['"', '\'']).is_some_and(|before| before.ends_with('('));
                member || argument
            }
            Self::Go => before.ends_with("C."),
            Self::Zig => before.ends_with('.') || after.starts_with('(') && !before.ends_with("fn "),
        }
    }
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            found.push(path);
        } else if path.file_name().is_none_or(|name| name != "node_modules") {
            files(&path, found);
        }
    }
}

/// Without the lines that are nothing but comment.
fn without_comments(text: &str, line_comment: &str) -> String {
    let is_comment = |line: &&str| {
        let line = line.trim_start();
        [line_comment, "/*", "* ", "*/"].iter().any(|start| line.starts_with(start))
    };
    text.lines().filter(|line| !is_comment(line)).fold(String::new(), |text, line| text + line + "\n")
}

/// Each word with what stands before and behind it.
fn words(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut end = 0;
    std::iter::from_fn(move || {
        let start = end + text[end..].find(is_word)?;
        end = text[start..].find(|c| !is_word(c)).map_or(text.len(), |length| start + length);
        Some((&text[..start], &text[start..end], &text[end..]))
    })
}

/// The functions that C code defines as `static inline`, each with the names that its body calls.
fn wrapped(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let calls = |text: &str| -> Vec<String> {
        words(text).filter(|(_, _, after)| after.starts_with('(')).map(|(_, word, _)| word.to_owned()).collect()
    };
    let definitions = text.split("static inline").skip(1).filter_map(|definition| {
        let mut calls = calls(definition).into_iter();
        Some((calls.next()?, calls.collect()))
    });
    definitions.collect()
}

/// Adds what the wrappers call that are called themselves.
fn follow(wrappers: &BTreeMap<String, BTreeSet<String>>, called: &mut BTreeSet<String>) {
    let mut open: Vec<String> = called.iter().cloned().collect();
    while let Some(name) = open.pop() {
        for inner in wrappers.get(&name).into_iter().flatten() {
            if called.insert(inner.clone()) {
                open.push(inner.clone());
            }
        }
    }
}

/// The functions that the header declares.
pub(crate) fn exported() -> BTreeSet<String> {
    const PREFIXES: [&str; 5] = ["worldstate_", "state_manager_", "fork_backend_", "fork_reply_", "evm_"];
    let header = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/worldstate.h");
    let header = without_comments(&std::fs::read_to_string(header).unwrap(), "//");
    let declared = words(&header)
        .filter(|(_, word, after)| after.starts_with('(') && PREFIXES.iter().any(|prefix| word.starts_with(prefix)));
    declared.map(|(_, word, _)| word.to_owned()).collect()
}

#[test]
fn a_declaration_is_no_call() {
    let names = ["evm_abort", "evm_discard", "evm_stats"];
    let functions: BTreeSet<String> = names.map(str::to_owned).into();
    let called = |language: Language, files: &[(&str, &str)]| {
        let sources: Vec<_> = files.iter().map(|(path, text)| (path.into(), (*text).to_owned())).collect();
        language.called(&sources, &functions).into_iter().collect::<Vec<_>>().join(" ")
    };
    let typescript =
        "  evm_abort: [\"h\", \"i\"],\n// calls.evm_abort\n * calls.evm_discard(\n  calls.evm_stats(handle)\n";
    assert_eq!(called(Language::TypeScript, &[("a.ts", typescript)]), "evm_stats");
    let python =
        "P = {\n\"evm_abort\": [],\n}\nlib.evm_discard.restype = c_int\n# lib.evm_discard()\nfast(\"evm_stats\")\n";
    assert_eq!(called(Language::Python, &[("a.py", python)]), "evm_stats");
    let shim = "static inline int ws_abort(int e) { return evm_abort(e); }\n\
                static inline int ws_inner(int e) { return evm_stats(e); }\n\
                static inline int ws_outer(int e) { return ws_inner(e); }\n";
    let go = "\tC.ws_outer(e)\n// C.ws_abort(e)\n\tC.evm_discard(e)\n";
    assert_eq!(called(Language::Go, &[("shim.h", shim), ("a.go", go)]), "evm_discard evm_stats");
    let zig = "pub extern fn evm_abort(handle: Evm) c_int;\n/// evm_discard(handle)\n_ = c.evm_stats(handle);\n";
    assert_eq!(called(Language::Zig, &[("a.zig", zig)]), "evm_stats");
}
