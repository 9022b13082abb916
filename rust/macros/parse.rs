// SPDX-License-Identifier: GPL-2.0

//! Reading a macro's tokens, and errors that point at them.

use proc_macro::{
    token_stream, Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree,
};
use std::iter::Peekable;

/// What is wrong with the macro's input, and where.
pub(crate) struct Error {
    span: Span,
    message: String,
}

impl Error {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        let message = message.into();
        Error { span, message }
    }

    /// `::core::compile_error!("message");` with all tokens at the error's place.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let punct = |char, spacing| TokenTree::Punct(Punct::new(char, spacing));
        let ident = |name| TokenTree::Ident(Ident::new(name, self.span));
        let message = TokenTree::Literal(Literal::string(&self.message));
        let at = |mut token: TokenTree| {
            token.set_span(self.span);
            token
        };
        [
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            ident("core"),
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            ident("compile_error"),
            punct('!', Spacing::Alone),
            TokenTree::Group(Group::new(Delimiter::Parenthesis, at(message).into())),
            punct(';', Spacing::Alone),
        ]
        .into_iter()
        .map(at)
        .collect()
    }
}

/// The value of a `b"..."` literal, free of NUL bytes.
pub(crate) struct ByteString {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl ByteString {
    /// The literal again, at its place.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let mut literal = Literal::byte_string(self.text.as_bytes());
        literal.set_span(self.span);
        TokenTree::Literal(literal).into()
    }
}

/// The tokens of a macro, read one after another.
pub(crate) struct Cursor {
    tokens: Peekable<token_stream::IntoIter>,
    /// Where the token before was: the place of "something is missing here".
    last: Span,
}

impl Cursor {
    pub(crate) fn new(tokens: TokenStream) -> Self {
        Cursor {
            tokens: tokens.into_iter().peekable(),
            last: Span::call_site(),
        }
    }

    pub(crate) fn at_end(&mut self) -> bool {
        self.tokens.peek().is_none()
    }

    /// Refuses what is left.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        match self.tokens.next() {
            None => Ok(()),
            Some(token) => Err(Error::new(
                token.span(),
                format!("expected nothing more, found `{token}`"),
            )),
        }
    }

    fn next(&mut self, wanted: &str) -> Result<TokenTree, Error> {
        match self.tokens.next() {
            Some(token) => {
                self.last = token.span();
                Ok(token)
            }
            None => Err(Error::new(
                self.last,
                format!("expected {wanted} after this"),
            )),
        }
    }

    pub(crate) fn ident(&mut self, wanted: &str) -> Result<Ident, Error> {
        match self.next(wanted)? {
            TokenTree::Ident(ident) => Ok(ident),
            token => Err(Error::new(
                token.span(),
                format!("expected {wanted}, found `{token}`"),
            )),
        }
    }

    pub(crate) fn punct(&mut self, wanted: char) -> Result<(), Error> {
        match self.next(&format!("`{wanted}`"))? {
            TokenTree::Punct(punct) if punct.as_char() == wanted => Ok(()),
            token => Err(Error::new(
                token.span(),
                format!("expected `{wanted}`, found `{token}`"),
            )),
        }
    }

    /// A group in `delimiter`s, to be read on its own.
    pub(crate) fn group(&mut self, delimiter: Delimiter, wanted: &str) -> Result<Cursor, Error> {
        match self.next(wanted)? {
            TokenTree::Group(group) if group.delimiter() == delimiter => Ok(Cursor {
                tokens: group.stream().into_iter().peekable(),
                last: group.span_open(),
            }),
            token => Err(Error::new(
                token.span(),
                format!("expected {wanted}, found `{token}`"),
            )),
        }
    }

    /// All tokens up to the next comma.
    pub(crate) fn expression(&mut self, wanted: &str) -> Result<TokenStream, Error> {
        self.expression_up_to(',', wanted)
    }

    /// All tokens up to the next `end`, of which there is at least one.
    pub(crate) fn expression_up_to(
        &mut self,
        end: char,
        wanted: &str,
    ) -> Result<TokenStream, Error> {
        let is_end =
            |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == end);
        let mut tokens = Vec::new();
        while tokens.is_empty() || self.tokens.peek().is_some_and(|token| !is_end(token)) {
            let token = self.next(wanted)?;
            if is_end(&token) {
                return Err(Error::new(
                    token.span(),
                    format!("expected {wanted}, found `{token}`"),
                ));
            }
            tokens.push(token);
        }
        Ok(tokens.into_iter().collect())
    }

    /// All tokens up to the next comma that stands outside of `<...>`.
    pub(crate) fn type_path(&mut self) -> Result<TokenStream, Error> {
        let first = self.next("a type")?;
        if matches!(&first, TokenTree::Punct(punct) if punct.as_char() == ',') {
            return Err(Error::new(first.span(), "expected a type, found `,`"));
        }
        let mut path = vec![first];
        let mut depth = 0;
        while let Some(token) = self.tokens.peek() {
            if let TokenTree::Punct(punct) = token {
                match punct.as_char() {
                    ',' if depth == 0 => break,
                    '<' => depth += 1,
                    '>' => depth -= 1,
                    _ => (),
                }
            }
            path.push(self.next("a type")?);
        }
        Ok(path.into_iter().collect())
    }

    /// The text of a literal, and where it stands.
    pub(crate) fn literal(&mut self, wanted: &str) -> Result<(String, Span), Error> {
        let mut token = self.next(wanted)?;
        // A fragment that `macro_rules!` passes on (`$name:literal`) comes in an invisible group.
        while let TokenTree::Group(group) = &token {
            match group.stream().into_iter().next() {
                Some(inner) if group.delimiter() == Delimiter::None => token = inner,
                _ => break,
            }
        }
        match &token {
            TokenTree::Literal(literal) => Ok((literal.to_string(), literal.span())),
            _ => Err(Error::new(
                token.span(),
                format!("expected {wanted}, found `{token}`"),
            )),
        }
    }

    /// A `b"..."` literal. `key` is named in the errors.
    pub(crate) fn byte_string(&mut self, key: &str) -> Result<ByteString, Error> {
        let wanted = format!("a byte string (`{key}: b\"...\"`)");
        let (source, span) = self.literal(&wanted)?;
        let quoted = source
            .strip_prefix("b\"")
            .and_then(|rest| rest.strip_suffix('"'));
        match quoted {
            Some(quoted) => Ok(ByteString {
                text: unescape(quoted)
                    .map_err(|message| Error::new(span, format!("`{key}` {message}")))?,
                span,
            }),
            None => Err(Error::new(
                span,
                format!("expected {wanted}, found `{source}`"),
            )),
        }
    }
}

/// The text of a byte string literal whose escapes rustc has checked already.
fn unescape(quoted: &str) -> Result<String, &'static str> {
    let mut text = String::new();
    let mut chars = quoted.chars();
    while let Some(char) = chars.next() {
        text.push(match char {
            '\\' => match chars.next() {
                Some(quote @ ('\\' | '"' | '\'')) => quote,
                Some('n') => '\n',
                Some('t') => '\t',
                _ => return Err("may hold no escapes but `\\\\`, `\\\"`, `\\'`, `\\n` and `\\t`"),
            },
            char => char,
        });
    }
    Ok(text)
}

/// `code` with each identifier that is named replaced. What it is replaced by keeps its place in the
/// author's source.
pub(crate) fn substitute(code: TokenStream, names: &[(&str, &TokenStream)]) -> TokenStream {
    code.into_iter()
        .flat_map(|token| match token {
            TokenTree::Ident(ident) => {
                let word = ident.to_string();
                match names.iter().find(|(name, _)| *name == word) {
                    Some((_, tokens)) => (*tokens).clone(),
                    None => TokenTree::Ident(ident).into(),
                }
            }
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), substitute(group.stream(), names));
                inner.set_span(group.span());
                TokenTree::Group(inner).into()
            }
            token => token.into(),
        })
        .collect()
}
