//! Names of functions, types, constants and modules do not use the private words that the project has replaced by standard ones.
//!
//! Only words that are wrong in every context are listed, so not `pass`, `window`, `outcome` or `traffic`.

use std::path::Path;

use acceptance::binaries::workspace;
use proc_macro2::{TokenStream, TokenTree};

/// Words, or words joined by `_`, and their replacement.
const REPLACED: &[(&str, &str)] = &[
    ("shelf", "batch inputs"),
    ("ledger", "row counts"),
    ("tally", "row counts"),
    ("ahead", "prefetch"),
    ("stranger", "unknown"),
    ("strangers", "unknown"),
    ("patiently", "retry"),
    ("patience", "timeout"),
    ("told", "log, report, record, warn"),
    ("tell", "log, report, record, warn"),
    ("tells", "logs, reports, records, warns"),
    ("telling", "log, report, record, warn"),
    ("trouble", "error, fault"),
    ("mend", "fix"),
    ("mended", "fixed"),
    ("believe", "trust"),
    ("believed", "trusted"),
    ("beside", "next to, in addition to"),
    ("whoever", "users"),
    ("nobody", "none, unused"),
    ("somebody", "a user, a program"),
    ("give_up", "cancel, abandon"),
    ("gave_up", "cancelled, abandoned"),
    ("given_up", "cancelled, abandoned"),
    ("fall_over", "panic"),
    ("last_words", "termination message"),
    ("so_many", "N"),
    ("stands_in", "is in"),
    ("do_again", "recheck"),
    ("goes_away", "unreachable"),
    ("is_away", "unreachable"),
    ("of_its_own", "dedicated"),
];

/// The words of a name in lower case: `BatchInputs` and `batch_inputs` are both `["batch", "inputs"]`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for character in name.chars() {
        if character == '_' || (character.is_uppercase() && after_lower) {
            words.push(String::new());
        }
        if character != '_' {
            words.last_mut().unwrap().extend(character.to_lowercase());
        }
        after_lower = character.is_lowercase() || character.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The replacement for the first replaced word in a name.
fn replacement(name: &str) -> Option<&'static str> {
    let joined = format!("_{}_", words(name).join("_"));
    REPLACED.iter().find(|(word, _)| joined.contains(&format!("_{word}_"))).map(|(_, instead)| *instead)
}

/// The names that a source declares. Local variables and fields do not count.
fn declared(tokens: TokenStream, found: &mut Vec<String>) {
    let mut declares = false;
    let mut is_lifetime = false;
    for token in tokens {
        // `'static` is a quote and an identifier.
        if std::mem::replace(&mut is_lifetime, matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\'')) {
            continue;
        }
        match token {
            TokenTree::Ident(ident) => {
                let ident = ident.to_string();
                if declares {
                    found.push(ident.clone());
                }
                declares = ["fn", "struct", "enum", "trait", "type", "mod", "const", "static", "union"]
                    .contains(&ident.as_str());
            }
            TokenTree::Group(group) => {
                declares = false;
                declared(group.stream(), found);
            }
            _ => declares = false,
        }
    }
}

#[test]
fn names_use_standard_words() {
    let mut wrong = Vec::new();
    for path in super::all_files().iter().filter(|path| path.extension().is_some_and(|end| end == "rs")) {
        let relative = path.strip_prefix(workspace()).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut names: Vec<_> =
            relative.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
        declared(tokens, &mut names);
        for name in names {
            if let Some(instead) = replacement(&name) {
                wrong.push(format!("{}: {name}; use {instead}", Path::new(relative).display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} names:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn names_are_split_into_words() {
    assert_eq!(words("BatchInputs2D_x"), ["batch", "inputs2", "d", "x"]);
    assert_eq!(words("RAW_FILE"), ["raw", "file"]);
    assert!(replacement("RowTally").is_some() && replacement("runs_are_told").is_some());
    assert!(replacement("must_give_up_soon").is_some());
    assert!(
        replacement("retold").is_none() && replacement("StoneAge").is_none() && replacement("giver_upper").is_none()
    );
}

#[test]
fn declared_names_are_found() {
    let source = r#"
        // fn comment() {}
        pub(crate) struct Shelf { told: u8 }
        impl Shelf { async fn inner(self) -> &'static str { let local = "fn text"; const DEEP: u8 = 1; local } }
        mod tests { #[test] fn statement() {} }
        type F = fn(u8) -> u8;
    "#;
    let mut found = Vec::new();
    declared(source.parse().unwrap(), &mut found);
    assert_eq!(found, ["Shelf", "inner", "DEEP", "tests", "statement", "F"]);
}
