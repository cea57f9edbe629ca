//! Replaces a job in the cluster tests and ends as the variable `ENDING` requests, for exits that the jobs do not produce on demand.
//!
//! `exit:<code>` exits with that code, `panic` panics (101), `memory` allocates until it is killed; anything else exits with 0.

#![allow(clippy::panic, clippy::print_stderr, reason = "its purpose is to fail")]

fn main() {
    let ending = std::env::var("ENDING").unwrap_or_default();
    eprintln!("ending as requested: {ending}");
    match ending.split_once(':').unwrap_or((&ending, "")) {
        ("exit", code) => std::process::exit(code.parse().unwrap_or(1)),
        ("panic", _) => panic!("panic requested by ENDING"),
        ("memory", _) => {
            let mut held: Vec<Vec<u8>> = Vec::new();
            loop {
                // Non-zero bytes: the kernel commits memory only when it is written.
                held.push(vec![1; 16 << 20]);
                std::hint::black_box(&held);
            }
        }
        _ => std::process::exit(0),
    }
}
