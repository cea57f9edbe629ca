//! A program that ends as `ENDING` says, in place of a job: for the ends that the jobs themselves do not come to when asked.
//!
//! `exit:<code>`, `panic` (101), `memory` (takes all that it may, and is killed).

#![allow(clippy::panic, clippy::print_stderr, reason = "that is what it is for")]

fn main() {
    let ending = std::env::var("ENDING").unwrap_or_default();
    eprintln!("ending as told: {ending}");
    match ending.split_once(':').unwrap_or((&ending, "")) {
        ("exit", code) => std::process::exit(code.parse().unwrap_or(1)),
        ("panic", _) => panic!("as told"),
        ("memory", _) => {
            let mut held: Vec<Vec<u8>> = Vec::new();
            loop {
                // Written to, or it would be a promise of memory only.
                held.push(vec![1; 16 << 20]);
                std::hint::black_box(&held);
            }
        }
        _ => std::process::exit(0),
    }
}
