//! Folders of `processor` import in one direction, without circles.
//!
//! [`imports`] reads a source file as tokens, so that comments, strings and the layout of `use` groups do not matter, and resolves `crate::`
//! and `super::` paths to the folder that they reach. Code under `#[cfg(test)]` does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use acceptance::binaries::workspace;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The folders and files at the top of `processor/src`, from the top layer to the bottom. A folder may import from the layers below its own
/// and from other folders of its layer.
const LAYERS: &[&[&str]] = &[
    &["main"],
    &["lib"],
    &["command", "fuzzed"],
    &["pipeline"],
    &["config"],
    &["args"],
    &["publish"],
    &["document"],
    &["history"],
    &["indicator"],
    &["cells"],
    &["source"],
    &["scan", "input"],
    &[
        "calendar",
        "holidays",
        "city",
        "geo",
        "parameters",
        "quality",
        "draft",
        "raw_file",
        "order",
        "context",
        "telemetry",
        "transit_line",
        "units",
        "crc",
    ],
];

/// The first segments of all `crate::` paths of a file, also of paths that reach the crate root through `super::`.
struct Imports {
    /// The modules that enclose the code: `["command", "check"]` for `command/check.rs`.
    module: Vec<String>,
    folders: BTreeSet<String>,
    /// Modules that the file declares under `#[cfg(test)]`.
    test_modules: BTreeSet<String>,
}

fn imports(module: &[&str], source: &str) -> Imports {
    let tokens: TokenStream = source.parse().unwrap_or_else(|error| panic!("{}: {error}", module.join("::")));
    let module = module.iter().map(|&name| name.to_owned()).collect();
    let mut found = Imports { module, folders: BTreeSet::new(), test_modules: BTreeSet::new() };
    found.read(&tokens.into_iter().collect::<Vec<_>>());
    found
}

fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

fn ident(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    }
}

fn group(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<Vec<TokenTree>> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group.stream().into_iter().collect()),
        _ => None,
    }
}

/// The tokens behind a `::` at this place.
fn after_colons(tokens: &[TokenTree], at: usize) -> Option<usize> {
    (is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')).then_some(at + 2)
}

/// Whether an attribute at this place is `#[cfg(test)]`.
fn is_cfg_test(tokens: &[TokenTree], at: usize) -> bool {
    let attribute = is_punct(tokens.get(at), '#').then(|| group(tokens.get(at + 1), Delimiter::Bracket)).flatten();
    attribute.is_some_and(|attribute| {
        attribute.into_iter().collect::<TokenStream>().to_string().replace(' ', "") == "cfg(test)"
    })
}

impl Imports {
    fn read(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        while at < tokens.len() {
            if is_cfg_test(tokens, at) {
                at = self.skip_item(tokens, at);
                continue;
            }
            // `name::crate` does not exist, and in `a::super::b` the path began earlier.
            let begins_path = at < 2 || after_colons(tokens, at - 2).is_none();
            match ident(tokens.get(at)).as_deref() {
                Some("crate") if begins_path => self.read_path(&[], tokens, at + 1),
                Some("super" | "self") if begins_path => {
                    let module = self.module.clone();
                    // The keyword itself is a segment.
                    self.read_segments(&module, &tokens[at..]);
                }
                // The binary reaches the library by its name.
                Some("processor") if begins_path && self.module == ["main"] => self.read_path(&[], tokens, at + 1),
                Some("mod") => {
                    if let (Some(name), Some(body)) =
                        (ident(tokens.get(at + 1)), group(tokens.get(at + 2), Delimiter::Brace))
                    {
                        self.module.push(name);
                        self.read(&body);
                        self.module.pop();
                        at += 3;
                        continue;
                    }
                }
                _ => {}
            }
            if let Some(TokenTree::Group(group)) = tokens.get(at) {
                self.read(&group.stream().into_iter().collect::<Vec<_>>());
            }
            at += 1;
        }
    }

    /// Reads `::segments` at this place; `base` is the module before it. Without `::`, as in `pub(crate)`, there is no path.
    fn read_path(&mut self, base: &[String], tokens: &[TokenTree], at: usize) {
        if let Some(next) = after_colons(tokens, at) {
            self.read_segments(base, &tokens[next..]);
        }
    }

    /// Reads the segments of a path, or of each path in braces, relative to `base`.
    fn read_segments(&mut self, base: &[String], tokens: &[TokenTree]) {
        if let Some(alternatives) = group(tokens.first(), Delimiter::Brace) {
            for path in alternatives.split(|token| is_punct(Some(token), ',')) {
                self.read_segments(base, path);
            }
            return;
        }
        match ident(tokens.first()).as_deref() {
            Some("self") => self.read_path(base, tokens, 1),
            Some("super") => self.read_path(&base[..base.len().saturating_sub(1)], tokens, 1),
            Some(name) => drop(self.folders.insert(base.first().map_or(name, String::as_str).to_owned())),
            // A glob.
            None if is_punct(tokens.first(), '*') && base.is_empty() => drop(self.folders.insert("*".to_owned())),
            None => {}
        }
    }

    /// The place behind the item that follows the attribute at this place.
    fn skip_item(&mut self, tokens: &[TokenTree], mut at: usize) -> usize {
        while is_punct(tokens.get(at), '#') {
            at += 2;
        }
        let mut braces_end_it = true;
        let is_item = |word: &str| {
            ["fn", "mod", "struct", "enum", "impl", "trait", "union", "macro_rules", "extern"].contains(&word)
        };
        let mut is_member = true;
        while let Some(token) = tokens.get(at) {
            match ident(Some(token)).as_deref() {
                Some("mod") => {
                    self.test_modules.extend(ident(tokens.get(at + 1)));
                    is_member = false;
                }
                Some("use" | "const" | "static" | "type" | "let") => {
                    braces_end_it = false;
                    is_member = false;
                }
                Some(word) if is_item(word) => is_member = false,
                _ => {}
            }
            at += 1;
            let ends = is_punct(Some(token), ';')
                || (is_member && is_punct(Some(token), ','))
                || (braces_end_it && group(Some(token), Delimiter::Brace).is_some());
            if ends {
                break;
            }
        }
        at
    }
}

fn layer(layers: &[&[&str]], folder: &str) -> Option<usize> {
    layers.iter().position(|layer| layer.contains(&folder))
}

/// The violations in a tree of source files: path relative to `src` → text.
fn violations(layers: &[&[&str]], files: &BTreeMap<String, String>) -> Vec<String> {
    let module = |path: &str| path.trim_end_matches(".rs").split('/').map(str::to_owned).collect::<Vec<_>>();
    let read = |(path, text): (&String, &String)| {
        let module = module(path);
        let found = imports(&module.iter().map(String::as_str).collect::<Vec<_>>(), text);
        (path.clone(), found)
    };
    let all: BTreeMap<String, Imports> = files.iter().map(read).collect();
    let declares_as_test = |module: &[String], child: &String| {
        let parent = all.get(&format!("{}.rs", module.join("/")));
        parent.is_some_and(|parent| parent.test_modules.contains(child))
    };
    let is_test = |path: &str| {
        let module = module(path);
        (1..module.len()).any(|depth| declares_as_test(&module[..depth], &module[depth]))
    };
    let mut wrong = Vec::new();
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, found) in all.iter().filter(|(path, _)| !is_test(path)) {
        let folder = module(path)[0].clone();
        let Some(own) = layer(layers, &folder) else {
            wrong.push(format!("{path}: {folder} has no place in the table of layers"));
            continue;
        };
        for imported in found.folders.iter().filter(|imported| **imported != folder) {
            match layer(layers, imported) {
                Some(layer) if layer >= own => {}
                Some(_) => wrong.push(format!("{path} imports {imported}")),
                None => wrong.push(format!("{path} imports {imported}, which has no place in the table of layers")),
            }
            graph.entry(folder.clone()).or_default().insert(imported.clone());
        }
    }
    wrong.extend(circle(graph).map(|folders| format!("circle between folders: {}", folders.join(", "))));
    wrong
}

/// The folders that are left after all without an import, or that nobody imports, have been removed again and again.
fn circle(mut graph: BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    loop {
        let importing: BTreeSet<_> = graph.keys().cloned().collect();
        let imported: BTreeSet<_> = graph.values().flatten().cloned().collect();
        let before = graph.clone();
        graph.retain(|folder, _| imported.contains(folder));
        graph.values_mut().for_each(|targets| targets.retain(|target| importing.contains(target)));
        graph.retain(|_, targets| !targets.is_empty());
        if graph.is_empty() {
            return None;
        }
        if graph == before {
            return Some(graph.into_keys().collect());
        }
    }
}

#[test]
fn imports_in_processor_point_down_the_layers() {
    let src = workspace().join("jobs/processor/src");
    let mut paths = Vec::new();
    super::files(&src, &mut paths);
    let relative = |path: &Path| path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
    let sources = paths.iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let files: BTreeMap<_, _> = sources.map(|path| (relative(path), std::fs::read_to_string(path).unwrap())).collect();
    assert!(files.len() > 50, "only {} source files in {}", files.len(), src.display());
    let wrong = violations(LAYERS, &files);
    assert!(wrong.is_empty(), "{} wrong imports:\n{}", wrong.len(), wrong.join("\n"));
}

fn folders(module: &[&str], source: &str) -> Vec<String> {
    imports(module, source).folders.into_iter().collect()
}

#[test]
fn use_groups_and_inline_paths_are_read() {
    let source = r#"
        use crate::{a, b::c, d::{e, f::{g}}};
        use crate::h::*;
        pub(crate) fn x() -> crate::i::Y { println!("{}", crate::j::z()); Vec::<crate::k::T>::new() }
        pub(in crate::l) struct S;
    "#;
    assert_eq!(folders(&["m", "n"], source), ["a", "b", "d", "h", "i", "j", "k", "l"]);
}

#[test]
fn comments_strings_and_names_are_not_imports() {
    let source = r##"
        //! [`crate::a`]
        /// crate::b::c
        /* use crate::d; */
        const X: &str = "crate::e::f"; const Y: &str = r#"use crate::g;"#;
        pub(crate) fn crate_h() { krate::i::j(); 'crate_k: loop {} }
    "##;
    assert_eq!(folders(&["m"], source), [""; 0]);
}

#[test]
fn super_paths_are_resolved_from_the_module_of_the_file() {
    let source = "use super::{sibling, super::a::x}; use super::super::{b::y, self}; use self::own::z; use super::super::super::c;";
    assert_eq!(folders(&["m", "n"], source), ["a", "b", "c", "m"]);
    assert_eq!(folders(&["m"], "use super::d::e;"), ["d"]);
    assert_eq!(folders(&["m"], "mod inner { use super::own; use super::super::f; }"), ["f", "m"]);
}

#[test]
fn test_code_is_not_read() {
    let source = "
        #[cfg(test)] use crate::{a::x, b};
        #[cfg(test)]
        #[allow(clippy::unwrap_used)]
        mod tests { use crate::c; fn x() { crate::d::y() } }
        #[cfg(test)] mod more;
        #[cfg(test)] const X: crate::e::T = crate::e::T { y: 1 };
        struct S { #[cfg(test)] probe: crate::f::T, real: crate::g::T }
        #[cfg(not(test))] use crate::h;
    ";
    let found = imports(&["m"], source);
    assert_eq!(found.folders.into_iter().collect::<Vec<_>>(), ["g", "h"]);
    assert_eq!(found.test_modules.into_iter().collect::<Vec<_>>(), ["more", "tests"]);
}

fn tree(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn imports_of_an_upper_layer_are_violations() {
    let layers: &[&[&str]] = &[&["main"], &["top"], &["low", "ground"]];
    let files = [
        ("main.rs", "use processor::top::x;"),
        ("top.rs", "use crate::low::a; #[cfg(test)] mod tests;"),
        ("top/tests.rs", "use crate::main::x;"),
        ("low.rs", "use crate::ground::x;"),
        ("low/child.rs", "use super::super::top::x; use super::other; use crate::low::y;"),
        ("ground.rs", ""),
    ];
    assert_eq!(violations(layers, &tree(&files)), ["low/child.rs imports top", "circle between folders: low, top"]);
    let unknown = [("top.rs", "use crate::Thing;"), ("new/part.rs", "")];
    assert_eq!(
        violations(layers, &tree(&unknown)),
        [
            "new/part.rs: new has no place in the table of layers",
            "top.rs imports Thing, which has no place in the table of layers"
        ]
    );
}

#[test]
fn circles_within_a_layer_are_violations() {
    let layers: &[&[&str]] = &[&["top"], &["a", "b", "c", "d"]];
    let mut files = vec![
        ("top.rs", "use crate::a;"),
        ("a.rs", "use crate::b;"),
        ("b/x.rs", "use crate::c;"),
        ("c.rs", "use crate::d;"),
        ("d.rs", ""),
    ];
    assert_eq!(violations(layers, &tree(&files)), [""; 0]);
    files[3] = ("c.rs", "fn x() { crate::a::y(); crate::d::z(); }");
    assert_eq!(violations(layers, &tree(&files)), ["circle between folders: a, b, c"]);
}
