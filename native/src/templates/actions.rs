//! The text of one action → a node, without its place.
//!
//! The Rust version of `kmanifest/engines/helm/gotemplate/actions.py`; the codes and forms of nodes are told in `nodes.py`.

use std::collections::HashSet;

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use super::error::{Stop, Sure};
use super::lexer::{read_tokens, Keyword, Kind, Token};
use super::literals::{character, number, unquoted};
use super::names::Names;
use super::template_parts::without_mark;

const FIELD: usize = 0;
const VARIABLE: usize = 1;
const CONSTANT: usize = 2;
const DOT: usize = 4;
const NIL: usize = 5;
const CALL: usize = 6;
const CHAIN: usize = 7;
const INVOKE: usize = 8;
const PIPE: usize = 9;
const TEMPLATE: usize = 10;

/// How deep parentheses may nest here; the twin takes a few more.
const MAX_NESTED: usize = 100;

/// What an action does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Print,
    /// Gives a value to variables, and prints nothing.
    Set,
    Include,
    Block,
    Define,
    If,
    With,
    Range,
    Else,
    ElseIf,
    ElseWith,
    End,
    Break,
    Continue,
}

/// A parsed action. Variables are the numbers that `Names` gives them.
pub struct Action {
    pub verb: Verb,
    pub node: Py<PyAny>,
    /// Of the template that it includes or defines.
    pub name: Option<Py<PyString>>,
    /// The variables that it takes from before it, and those that it leaves.
    pub uses: Vec<usize>,
    pub declares: Vec<usize>,
    /// The names of the variables of its pipeline.
    pub variables: Py<PyTuple>,
}

/// The action with this text; a doubt where a function is not known.
pub fn read_action(
    py: Python<'_>,
    text: &str,
    names: &mut Names,
    tokens: &mut Vec<Token>,
) -> Sure<Action> {
    let text = without_mark(text).unwrap_or(text);
    read_tokens(text, tokens)?;
    let parser = Parser {
        py,
        text,
        tokens,
        names,
        index: 0,
        depth: 0,
        uses: vec![],
        declared: HashSet::new(),
    };
    parser.action()
}

struct Parser<'a, 'py> {
    py: Python<'py>,
    text: &'a str,
    tokens: &'a [Token],
    names: &'a mut Names,
    index: usize,
    depth: usize,
    uses: Vec<usize>,
    declared: HashSet<usize>,
}

/// A node, and what the one around it must know.
struct Node<'py> {
    tuple: Bound<'py, PyTuple>,
    /// Nothing can be done with it but give its value; a command with arguments counts by its first word.
    is_constant: bool,
    /// The names of its variables, if it is a pipeline.
    variables: Option<Bound<'py, PyTuple>>,
}

enum Operand<'py> {
    /// The name of a function, which takes the operands after it where it is the first.
    Call(usize, Bound<'py, PyString>),
    Node(Node<'py>),
}

/// What a pipeline is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Action,
    Range,
    /// `template` and `block`, whose pipeline's text may be told.
    Clause,
    Parentheses,
}

impl<'py> Node<'py> {
    fn plain(tuple: Bound<'py, PyTuple>) -> Node<'py> {
        Node { tuple, is_constant: false, variables: None }
    }

    fn constant(tuple: Bound<'py, PyTuple>) -> Node<'py> {
        Node { is_constant: true, ..Node::plain(tuple) }
    }
}

impl<'a, 'py> Parser<'a, 'py> {
    fn action(mut self) -> Sure<Action> {
        let Kind::Keyword(word) = self.peek().kind else {
            let node = self.pipeline(Context::Action)?;
            let is_set = node.variables.as_ref().is_some_and(|names| !names.is_empty());
            return Ok(self.made(if is_set { Verb::Set } else { Verb::Print }, Some(node), None));
        };
        self.index += 1;
        let verb = match word {
            Keyword::Break | Keyword::Continue => return self.loop_word(word),
            Keyword::Block | Keyword::Define | Keyword::Template => return self.named(word),
            Keyword::Else => return self.otherwise(),
            Keyword::End => {
                self.expect_end()?;
                return Ok(self.made(Verb::End, None, None));
            }
            Keyword::If => Verb::If,
            Keyword::With => Verb::With,
            Keyword::Range => Verb::Range,
        };
        let context = if verb == Verb::Range { Context::Range } else { Context::Action };
        let node = self.pipeline(context)?;
        Ok(self.made(verb, Some(node), None))
    }

    fn made(
        self,
        verb: Verb,
        node: Option<Node<'py>>,
        name: Option<Bound<'py, PyString>>,
    ) -> Action {
        let (node, variables) = match node {
            Some(node) => (node.tuple.into_any().unbind(), node.variables),
            None => (self.py.None(), None),
        };
        Action {
            verb,
            node,
            name: name.map(Bound::unbind),
            uses: self.uses,
            declares: self.declared.into_iter().collect(),
            variables: variables.unwrap_or_else(|| PyTuple::empty(self.py)).unbind(),
        }
    }

    fn loop_word(mut self, word: Keyword) -> Sure<Action> {
        let (verb, text) = match word {
            Keyword::Break => (Verb::Break, "break"),
            _ => (Verb::Continue, "continue"),
        };
        // A function of that name is called.
        if self.names.function(self.py, text).is_some() {
            return Err(Stop::Doubt);
        }
        self.expect_end()?;
        Ok(self.made(verb, None, None))
    }

    fn otherwise(mut self) -> Sure<Action> {
        let verb = match self.next().kind {
            Kind::Right => return Ok(self.made(Verb::Else, None, None)),
            Kind::Keyword(Keyword::If) => Verb::ElseIf,
            Kind::Keyword(Keyword::With) => Verb::ElseWith,
            _ => return Err(Stop::Doubt),
        };
        let node = self.pipeline(Context::Action)?;
        Ok(self.made(verb, Some(node), None))
    }

    /// `define`, `block` and `template`: a name, and a pipeline after the last two.
    fn named(mut self, word: Keyword) -> Sure<Action> {
        let token = self.next();
        if token.kind != Kind::String {
            return Err(Stop::Doubt);
        }
        let value = unquoted(self.text_of(token)).ok_or(Stop::Doubt)?;
        let name = self.names.string(self.py, &value);
        let verb = match word {
            Keyword::Define => {
                self.expect_end()?;
                return Ok(self.made(Verb::Define, None, Some(name)));
            }
            Keyword::Block => Verb::Block,
            _ => Verb::Include,
        };
        let pipeline = if verb == Verb::Block || self.peek().kind != Kind::Right {
            Some(self.pipeline(Context::Clause)?.tuple)
        } else {
            None
        };
        let tuple = (TEMPLATE, token.position, &name, pipeline).into_pyobject(self.py)?;
        Ok(self.made(verb, Some(Node::plain(tuple)), Some(name)))
    }

    // --- tokens ---

    fn peek(&self) -> Token {
        self.tokens[self.index.min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Token {
        let token = self.peek();
        self.index += 1;
        token
    }

    fn expect_end(&mut self) -> Sure<()> {
        if self.next().kind == Kind::Right {
            Ok(())
        } else {
            Err(Stop::Doubt)
        }
    }

    fn text_of(&self, token: Token) -> &'a str {
        &self.text[token.start..token.end]
    }

    // --- pipelines ---

    /// A pipeline to its end, which is read too; a command alone is given back as itself where the twin does.
    fn pipeline(&mut self, context: Context) -> Sure<Node<'py>> {
        let position = self.peek().position;
        let (variables, assigns) = self.declarations(context)?;
        let mut commands = Vec::with_capacity(1);
        while is_term(self.peek().kind) {
            let command = self.command()?;
            if command.is_constant && !commands.is_empty() {
                return Err(Stop::Doubt);
            }
            commands.push(command);
        }
        let in_parentheses = context == Context::Parentheses;
        let end = if in_parentheses { Kind::RightParen } else { Kind::Right };
        if self.next().kind != end {
            return Err(Stop::Doubt);
        }
        let first = commands.first().ok_or(Stop::Doubt)?;
        let is_plain = context != Context::Clause || first.variables.is_none();
        if commands.len() == 1 && variables.is_empty() && !in_parentheses && is_plain {
            return commands.pop().ok_or(Stop::Doubt);
        }
        let commands = PyTuple::new(self.py, commands.into_iter().map(|command| command.tuple))?;
        let tuple = (PIPE, position, commands, &variables, assigns).into_pyobject(self.py)?;
        Ok(Node { tuple, is_constant: false, variables: Some(variables) })
    }

    /// The variables that a pipeline gives its value to, and whether they must be there.
    fn declarations(&mut self, context: Context) -> Sure<(Bound<'py, PyTuple>, bool)> {
        let mut found = Vec::new();
        let mut assigns = false;
        while self.peek().kind == Kind::Variable {
            let after = self.tokens[self.index + 1].kind;
            if !matches!(after, Kind::Declare | Kind::Assign | Kind::Comma) {
                break;
            }
            let token = self.next();
            self.index += 1;
            let name = self.text_of(token);
            self.declared.insert(self.names.variable(name));
            found.push(self.names.string(self.py, name));
            if after != Kind::Comma {
                assigns = after == Kind::Assign;
                break;
            }
            let is_next =
                matches!(self.peek().kind, Kind::Variable | Kind::Right | Kind::RightParen);
            if context != Context::Range || found.len() > 1 || !is_next {
                return Err(Stop::Doubt);
            }
        }
        Ok((PyTuple::new(self.py, found)?, assigns))
    }

    fn command(&mut self) -> Sure<Node<'py>> {
        let position = self.peek().position;
        let first = self.operand()?.ok_or(Stop::Doubt)?;
        let mut arguments = Vec::new();
        while self.peek().spaced {
            let Some(operand) = self.operand()? else { break };
            arguments.push(self.node_of(operand)?.tuple);
        }
        match self.peek().kind {
            Kind::Bar => self.index += 1,
            Kind::Right | Kind::RightParen => {}
            _ => return Err(Stop::Doubt),
        }
        match first {
            first if arguments.is_empty() => self.node_of(first),
            Operand::Call(position, name) => self.call(position, name, arguments),
            Operand::Node(first) => {
                let arguments = PyTuple::new(self.py, arguments)?;
                let tuple = (INVOKE, position, first.tuple, arguments).into_pyobject(self.py)?;
                Ok(Node { is_constant: first.is_constant, ..Node::plain(tuple) })
            }
        }
    }

    fn node_of(&self, operand: Operand<'py>) -> Sure<Node<'py>> {
        match operand {
            Operand::Node(node) => Ok(node),
            Operand::Call(position, name) => self.call(position, name, Vec::new()),
        }
    }

    fn call(
        &self,
        position: usize,
        name: Bound<'py, PyString>,
        arguments: Vec<Bound<'py, PyTuple>>,
    ) -> Sure<Node<'py>> {
        let arguments = PyTuple::new(self.py, arguments)?;
        Ok(Node::plain((CALL, position, name, arguments).into_pyobject(self.py)?))
    }

    // --- operands ---

    /// The operand that comes next, with the fields that are taken of it; None where there is none.
    fn operand(&mut self) -> Sure<Option<Operand<'py>>> {
        let token = self.peek();
        if !is_term(token.kind) {
            return Ok(None);
        }
        self.index += 1;
        let node = match token.kind {
            Kind::Field => Node::plain(self.field(token)?),
            Kind::Variable => Node::plain(self.variable(token)?),
            Kind::Name => {
                let name = self.names.function(self.py, self.text_of(token)).ok_or(Stop::Doubt)?;
                let Some((place, fields)) = self.fields()? else {
                    return Ok(Some(Operand::Call(token.position, name)));
                };
                let node = self.call(token.position, name, Vec::new())?;
                Node::plain((CHAIN, place, node.tuple, fields).into_pyobject(self.py)?)
            }
            Kind::Left => {
                let node = self.parenthesized()?;
                match self.fields()? {
                    None => node,
                    Some((place, fields)) => {
                        Node::plain((CHAIN, place, node.tuple, fields).into_pyobject(self.py)?)
                    }
                }
            }
            // A field of it is an error, which `command` sees.
            _ => Node::constant(self.constant(token)?),
        };
        Ok(Some(Operand::Node(node)))
    }

    fn field(&mut self, token: Token) -> Sure<Bound<'py, PyTuple>> {
        let names = self.names_of(token)?;
        // Go gives a chain of fields the place of its second one.
        let second = self.text[token.start + 1..token.end].find('.').map_or(0, |dot| dot + 1);
        Ok((FIELD, token.position + second, names).into_pyobject(self.py)?)
    }

    fn variable(&mut self, token: Token) -> Sure<Bound<'py, PyTuple>> {
        let text = self.text_of(token);
        let number = self.names.variable(text);
        if !self.declared.contains(&number) {
            self.uses.push(number);
        }
        let name = self.names.string(self.py, text);
        let (place, fields) =
            self.fields()?.unwrap_or_else(|| (token.position, PyTuple::empty(self.py)));
        Ok((VARIABLE, place, name, fields).into_pyobject(self.py)?)
    }

    /// The fields that follow an operand at once, and their place.
    fn fields(&mut self) -> Sure<Option<(usize, Bound<'py, PyTuple>)>> {
        let token = self.peek();
        if token.kind != Kind::Field || token.spaced {
            return Ok(None);
        }
        self.index += 1;
        Ok(Some((token.position, self.names_of(token)?)))
    }

    /// The names in a chain of fields.
    fn names_of(&mut self, token: Token) -> Sure<Bound<'py, PyTuple>> {
        let parts = self.text[token.start + 1..token.end].split('.');
        let names: Vec<_> = parts.map(|part| self.names.string(self.py, part)).collect();
        Ok(PyTuple::new(self.py, names)?)
    }

    fn parenthesized(&mut self) -> Sure<Node<'py>> {
        if self.depth >= MAX_NESTED {
            return Err(Stop::Doubt);
        }
        self.depth += 1;
        let node = self.pipeline(Context::Parentheses)?;
        self.depth -= 1;
        Ok(node)
    }

    fn constant(&mut self, token: Token) -> Sure<Bound<'py, PyTuple>> {
        let py = self.py;
        let place = token.position;
        let written = self.text_of(token);
        let text = self.names.string(py, written);
        let nothing = py.None();
        Ok(match token.kind {
            Kind::Dot => (DOT, place).into_pyobject(py)?,
            Kind::Nil => (NIL, place).into_pyobject(py)?,
            Kind::True => (CONSTANT, place, true, text, nothing).into_pyobject(py)?,
            Kind::False => (CONSTANT, place, false, text, nothing).into_pyobject(py)?,
            Kind::String => {
                let value = unquoted(written).ok_or(Stop::Doubt)?;
                let value = self.names.string(py, &value);
                (CONSTANT, place, value, text, nothing).into_pyobject(py)?
            }
            Kind::Char => {
                let code = u32::from(character(written).ok_or(Stop::Doubt)?);
                let number = (code, code, f64::from(code), nothing);
                (CONSTANT, place, code, text, number).into_pyobject(py)?
            }
            _ => {
                let number = number(written).ok_or(Stop::Doubt)?;
                let types = (number.int, number.unsigned, number.float, nothing);
                if number.is_real {
                    (CONSTANT, place, number.float, text, types).into_pyobject(py)?
                } else {
                    (CONSTANT, place, number.int, text, types).into_pyobject(py)?
                }
            }
        })
    }
}

/// Whether an operand begins with it.
fn is_term(kind: Kind) -> bool {
    use Kind::{Char, Dot, False, Field, Left, Name, Nil, Number, String, True, Variable};
    matches!(
        kind,
        Char | Dot | False | Field | Left | Name | Nil | Number | String | True | Variable
    )
}
