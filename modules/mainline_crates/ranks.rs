// SPDX-License-Identifier: GPL-2.0
//! A proc macro: it runs in the compiler, on the machine that builds.

use proc_macro::TokenStream;

/// An array of the words that it is given, as strings, each with its place before it.
#[proc_macro]
pub fn ranked(words: TokenStream) -> TokenStream {
    let ranked = words.into_iter().zip(1..);
    let strings: String = ranked
        .map(|(word, rank)| format!("\"{rank}. {word}\","))
        .collect();
    format!("[{strings}]").parse().expect("this is Rust")
}
