// SPDX-License-Identifier: GPL-2.0
//! A proc macro: it runs in the compiler, on the machine that builds.

use proc_macro::{Delimiter, TokenStream, TokenTree};
use spelling::spelled;

/// Gives an enum without data a `name`: how each variant is called.
#[proc_macro_derive(Names)]
pub fn names(item: TokenStream) -> TokenStream {
    let mut tokens = item.into_iter().skip_while(|token| !is_enum(token)).skip(1);
    let name = tokens.next().expect("an enum has a name");
    let body = tokens.find_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
        _ => None,
    });
    let arms: String = body
        .into_iter()
        .flatten()
        .filter_map(|token| match token {
            TokenTree::Ident(variant) => Some(variant.to_string()),
            _ => None,
        })
        .map(|variant| {
            format!(
                "Self::{variant} => {:?},",
                spelled(&variant).collect::<String>()
            )
        })
        .collect();
    let text = format!(
        "impl {name} {{ pub fn name(&self) -> &'static str {{ match self {{ {arms} }} }} }}"
    );
    text.parse().expect("this is Rust")
}

fn is_enum(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(word) if word.to_string() == "enum")
}
