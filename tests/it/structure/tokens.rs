//! Rust source as words, signs and groups: what paths are made of. Comments, texts and numbers are left out.

use std::iter::Peekable;
use std::str::Chars;

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
    let mut source = Source { rest: text.chars().peekable(), line: 1 };
    let tokens = source.group();
    assert!(source.rest.peek().is_none(), "a bracket too many in line {}", source.line);
    tokens
}

struct Source<'s> {
    rest: Peekable<Chars<'s>>,
    line: usize,
}

impl Source<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.line += usize::from(next == Some('\n'));
        next
    }

    /// Up to the bracket that closes it, or the end of the file.
    fn group(&mut self) -> Vec<Token> {
        let mut tokens = Vec::new();
        while let Some(next) = self.rest.peek().copied() {
            match next {
                ')' | ']' | '}' => break,
                '/' => tokens.extend(self.slash()),
                '"' => self.text(0, true),
                '\'' => self.quote(),
                _ if next.is_alphanumeric() || next == '_' => tokens.extend(self.word()),
                _ if next.is_whitespace() => _ = self.next(),
                '(' | '[' | '{' => {
                    self.next();
                    tokens.push(Token::Group(next, self.group()));
                    self.next().expect("a closing bracket");
                }
                _ => tokens.extend(self.next().map(Token::Sign)),
            }
        }
        tokens
    }

    /// A comment, or the sign.
    fn slash(&mut self) -> Option<Token> {
        self.next();
        match self.rest.peek() {
            Some('/') => while self.next().is_some_and(|next| next != '\n') {},
            Some('*') => {
                let mut before = ' ';
                while let Some(next) = self.next() {
                    if (before, next) == ('*', '/') {
                        break;
                    }
                    before = next;
                }
            }
            _ => return Some(Token::Sign('/')),
        }
        None
    }

    /// The rest of a text that ends with a quote and so many `#`; the first quote has not been read.
    fn text(&mut self, hashes: usize, escapes: bool) {
        self.next();
        while let Some(next) = self.next() {
            if next == '\\' && escapes {
                self.next();
            }
            if next == '"' {
                let ends = self.rest.clone().take(hashes).filter(|it| *it == '#').count() == hashes;
                if ends {
                    (0..hashes).for_each(|_| _ = self.next());
                    return;
                }
            }
        }
    }

    /// A character or a lifetime.
    fn quote(&mut self) {
        self.next();
        match self.next() {
            Some('\\') => {
                self.next();
                while self.next().is_some_and(|next| next != '\'') {}
            }
            _ if self.rest.peek() == Some(&'\'') => _ = self.next(),
            _ => {}
        }
    }

    /// A word; none where it is a number, or the prefix of a text.
    fn word(&mut self) -> Option<Token> {
        let line = self.line;
        let mut word = String::new();
        while let Some(next) = self.rest.next_if(|next| next.is_alphanumeric() || *next == '_') {
            word.push(next);
        }
        let raw = matches!(word.as_str(), "r" | "br" | "cr");
        let hashes = self.rest.clone().take_while(|next| *next == '#').count();
        match self.rest.clone().nth(if raw { hashes } else { 0 }) {
            Some('"') if raw => {
                (0..hashes).for_each(|_| _ = self.next());
                self.text(hashes, false);
            }
            Some('"') if matches!(word.as_str(), "b" | "c") => self.text(0, true),
            _ if word.starts_with(|first: char| first.is_ascii_digit()) => {}
            _ => return Some(Token::Word(word, line)),
        }
        None
    }
}
