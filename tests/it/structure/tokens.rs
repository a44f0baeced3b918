//! Rust source as words, signs and groups: what paths are made of. Texts and numbers are left out.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A piece of source.
#[derive(Clone, Debug)]
pub enum Token {
    /// A name or keyword, and its line.
    Word(String, usize),
    Sign(char),
    /// What an opening bracket holds.
    Group(char, Vec<Token>),
}

impl Token {
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word, _) => Some(word),
            _ => None,
        }
    }

    pub fn is(&self, sign: char) -> bool {
        matches!(self, Self::Sign(own) if *own == sign)
    }

    pub fn braces(&self) -> Option<&[Token]> {
        match self {
            Self::Group('{', tokens) => Some(tokens),
            _ => None,
        }
    }
}

/// The tokens of a file.
pub fn tokens(text: &str) -> Vec<Token> {
    listed(text.parse().expect("Rust"))
}

fn listed(stream: TokenStream) -> Vec<Token> {
    stream.into_iter().filter_map(token).collect()
}

fn token(tree: TokenTree) -> Option<Token> {
    Some(match tree {
        TokenTree::Ident(word) => Token::Word(word.to_string(), word.span().start().line),
        TokenTree::Punct(sign) => Token::Sign(sign.as_char()),
        TokenTree::Literal(_) => return None,
        TokenTree::Group(group) => {
            let bracket = match group.delimiter() {
                Delimiter::Parenthesis => '(',
                Delimiter::Brace => '{',
                Delimiter::Bracket => '[',
                Delimiter::None => return None,
            };
            Token::Group(bracket, listed(group.stream()))
        }
    })
}
