//! Parses the text of one action into a node, which does not depend on the position of the action.
//!
//! Rust version of `kmanifest/engines/helm/gotemplate/actions.py`. `nodes.py` documents the codes and forms of nodes.

use std::collections::HashSet;

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use super::error::{ParseError, ParseResult};
use super::lexer::{read_tokens, Keyword, Token, TokenKind};
use super::literals::{parse_character, parse_number, unquote};
use super::names::Names;
use super::template_parts::without_trim_mark;

// The codes of nodes, as in `nodes.py`.
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

/// How deep parentheses may be nested here. The Python parser allows a few more.
const MAX_NESTED: usize = 100;

/// What an action does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    Print,
    /// Declares or assigns variables, and prints nothing.
    Set,
    /// `template`
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

/// A parsed action. Variables are represented by their numbers in `Names`.
pub struct Action {
    pub kind: ActionKind,
    pub node: Py<PyAny>,
    /// The name of the template that it includes or defines.
    pub name: Option<Py<PyString>>,
    /// The variables that must be declared before it.
    pub uses: Vec<usize>,
    /// The variables that it declares or assigns.
    pub declares: Vec<usize>,
    /// The names of the variables that its pipeline sets.
    pub variables: Py<PyTuple>,
    /// Whether it calls a suspending function.
    pub is_suspending: bool,
}

/// Parse the text of an action. A text with an unknown function is left to the Python parser.
pub fn read_action(
    py: Python<'_>,
    text: &str,
    names: &mut Names,
    tokens: &mut Vec<Token>,
) -> ParseResult<Action> {
    let text = without_trim_mark(text).unwrap_or(text);
    read_tokens(text, tokens)?;
    let parser = ActionParser {
        py,
        text,
        tokens,
        names,
        index: 0,
        depth: 0,
        uses: vec![],
        declared: HashSet::new(),
        is_suspending: false,
    };
    parser.parse_action()
}

struct ActionParser<'a, 'py> {
    py: Python<'py>,
    text: &'a str,
    tokens: &'a [Token],
    names: &'a mut Names,
    /// The index of the next token.
    index: usize,
    /// The number of open parentheses.
    depth: usize,
    uses: Vec<usize>,
    declared: HashSet<usize>,
    /// Whether the action calls a suspending function.
    is_suspending: bool,
}

/// A node, and the properties that the node around it needs.
struct Node<'py> {
    tuple: Bound<'py, PyTuple>,
    /// Whether it is a constant, or a command whose first operand is one.
    is_constant: bool,
    /// The names of the variables that it sets, if it is a pipeline.
    variables: Option<Bound<'py, PyTuple>>,
}

enum Operand<'py> {
    /// The position and the name of a function. As the first operand it takes the others as arguments.
    Call(usize, Bound<'py, PyString>),
    Node(Node<'py>),
}

/// The syntax that a pipeline is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Action,
    Range,
    /// `template` or `block`. Errors may quote the text of its pipeline.
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

impl<'a, 'py> ActionParser<'a, 'py> {
    fn parse_action(mut self) -> ParseResult<Action> {
        let TokenKind::Keyword(keyword) = self.peek().kind else {
            let node = self.parse_pipeline(Context::Action)?;
            let is_set = node.variables.as_ref().is_some_and(|names| !names.is_empty());
            return Ok(self.finish(
                if is_set { ActionKind::Set } else { ActionKind::Print },
                Some(node),
                None,
            ));
        };
        self.index += 1;
        let kind = match keyword {
            Keyword::Break | Keyword::Continue => return self.parse_loop_exit(keyword),
            Keyword::Block | Keyword::Define | Keyword::Template => {
                return self.parse_named(keyword)
            }
            Keyword::Else => return self.parse_else(),
            Keyword::End => {
                self.expect_end()?;
                return Ok(self.finish(ActionKind::End, None, None));
            }
            Keyword::If => ActionKind::If,
            Keyword::With => ActionKind::With,
            Keyword::Range => ActionKind::Range,
        };
        let context = if kind == ActionKind::Range { Context::Range } else { Context::Action };
        let node = self.parse_pipeline(context)?;
        Ok(self.finish(kind, Some(node), None))
    }

    /// The action with this kind, node and name, and the variables that were variables.
    fn finish(
        self,
        kind: ActionKind,
        node: Option<Node<'py>>,
        name: Option<Bound<'py, PyString>>,
    ) -> Action {
        let (node, variables) = match node {
            Some(node) => (node.tuple.into_any().unbind(), node.variables),
            None => (self.py.None(), None),
        };
        Action {
            kind,
            node,
            name: name.map(Bound::unbind),
            uses: self.uses,
            declares: self.declared.into_iter().collect(),
            variables: variables.unwrap_or_else(|| PyTuple::empty(self.py)).unbind(),
            is_suspending: self.is_suspending,
        }
    }

    /// Parse `break` or `continue`.
    fn parse_loop_exit(mut self, keyword: Keyword) -> ParseResult<Action> {
        let (kind, text) = match keyword {
            Keyword::Break => (ActionKind::Break, "break"),
            _ => (ActionKind::Continue, "continue"),
        };
        // A function with this name is called instead.
        if self.names.function(self.py, text).is_some() {
            return Err(ParseError::LeftToPython);
        }
        self.expect_end()?;
        Ok(self.finish(kind, None, None))
    }

    /// Parse `else`, `else if` or `else with`.
    fn parse_else(mut self) -> ParseResult<Action> {
        let kind = match self.next().kind {
            TokenKind::End => return Ok(self.finish(ActionKind::Else, None, None)),
            TokenKind::Keyword(Keyword::If) => ActionKind::ElseIf,
            TokenKind::Keyword(Keyword::With) => ActionKind::ElseWith,
            _ => return Err(ParseError::LeftToPython),
        };
        let node = self.parse_pipeline(Context::Action)?;
        Ok(self.finish(kind, Some(node), None))
    }

    /// Parse `define`, `block` or `template`: a name, and for the last two a pipeline.
    fn parse_named(mut self, keyword: Keyword) -> ParseResult<Action> {
        let token = self.next();
        if token.kind != TokenKind::String {
            return Err(ParseError::LeftToPython);
        }
        let value = unquote(self.token_text(token)).ok_or(ParseError::LeftToPython)?;
        let name = self.names.string(self.py, &value);
        let kind = match keyword {
            Keyword::Define => {
                self.expect_end()?;
                return Ok(self.finish(ActionKind::Define, None, Some(name)));
            }
            Keyword::Block => ActionKind::Block,
            _ => ActionKind::Include,
        };
        let pipeline = if kind == ActionKind::Block || self.peek().kind != TokenKind::End {
            Some(self.parse_pipeline(Context::Clause)?.tuple)
        } else {
            None
        };
        let tuple = (TEMPLATE, token.position, &name, pipeline).into_pyobject(self.py)?;
        Ok(self.finish(kind, Some(Node::plain(tuple)), Some(name)))
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

    fn expect_end(&mut self) -> ParseResult<()> {
        if self.next().kind == TokenKind::End {
            Ok(())
        } else {
            Err(ParseError::LeftToPython)
        }
    }

    fn token_text(&self, token: Token) -> &'a str {
        &self.text[token.start..token.end]
    }

    // --- pipelines ---

    /// Parse a pipeline and the token that ends it.
    ///
    /// In the same cases as in the Python parser, the result for a single command is the node of the command.
    fn parse_pipeline(&mut self, context: Context) -> ParseResult<Node<'py>> {
        let position = self.peek().position;
        let (variables, assigns) = self.parse_declarations(context)?;
        let mut commands = Vec::with_capacity(1);
        while starts_operand(self.peek().kind) {
            let command = self.parse_command()?;
            if command.is_constant && !commands.is_empty() {
                return Err(ParseError::LeftToPython);
            }
            commands.push(command);
        }
        let in_parentheses = context == Context::Parentheses;
        let end = if in_parentheses { TokenKind::RightParen } else { TokenKind::End };
        if self.next().kind != end {
            return Err(ParseError::LeftToPython);
        }
        let first = commands.first().ok_or(ParseError::LeftToPython)?;
        let is_plain = context != Context::Clause || first.variables.is_none();
        if commands.len() == 1 && variables.is_empty() && !in_parentheses && is_plain {
            return commands.pop().ok_or(ParseError::LeftToPython);
        }
        let commands = PyTuple::new(self.py, commands.into_iter().map(|command| command.tuple))?;
        let tuple = (PIPE, position, commands, &variables, assigns).into_pyobject(self.py)?;
        Ok(Node { tuple, is_constant: false, variables: Some(variables) })
    }

    /// Parse the variables that a pipeline sets. Return their names and whether it assigns, not declares, them.
    fn parse_declarations(&mut self, context: Context) -> ParseResult<(Bound<'py, PyTuple>, bool)> {
        let mut variables = Vec::new();
        let mut assigns = false;
        while self.peek().kind == TokenKind::Variable {
            let after = self.tokens[self.index + 1].kind;
            if !matches!(after, TokenKind::Declare | TokenKind::Assign | TokenKind::Comma) {
                break;
            }
            let token = self.next();
            self.index += 1;
            let name = self.token_text(token);
            self.declared.insert(self.names.variable(name));
            variables.push(self.names.string(self.py, name));
            if after != TokenKind::Comma {
                assigns = after == TokenKind::Assign;
                break;
            }
            let is_next = matches!(
                self.peek().kind,
                TokenKind::Variable | TokenKind::End | TokenKind::RightParen
            );
            if context != Context::Range || variables.len() > 1 || !is_next {
                return Err(ParseError::LeftToPython);
            }
        }
        Ok((PyTuple::new(self.py, variables)?, assigns))
    }

    /// Parse a command and a `|` after it.
    fn parse_command(&mut self) -> ParseResult<Node<'py>> {
        let position = self.peek().position;
        let first = self.parse_operand()?.ok_or(ParseError::LeftToPython)?;
        let mut arguments = Vec::new();
        while self.peek().has_space_before {
            let Some(operand) = self.parse_operand()? else { break };
            arguments.push(self.operand_node(operand)?.tuple);
        }
        match self.peek().kind {
            TokenKind::Bar => self.index += 1,
            TokenKind::End | TokenKind::RightParen => {}
            _ => return Err(ParseError::LeftToPython),
        }
        match first {
            first if arguments.is_empty() => self.operand_node(first),
            Operand::Call(position, name) => self.call_node(position, name, arguments),
            Operand::Node(first) => {
                let arguments = PyTuple::new(self.py, arguments)?;
                let tuple = (INVOKE, position, first.tuple, arguments).into_pyobject(self.py)?;
                Ok(Node { is_constant: first.is_constant, ..Node::plain(tuple) })
            }
        }
    }

    /// The node of an operand. A function alone is called without arguments.
    fn operand_node(&self, operand: Operand<'py>) -> ParseResult<Node<'py>> {
        match operand {
            Operand::Node(node) => Ok(node),
            Operand::Call(position, name) => self.call_node(position, name, Vec::new()),
        }
    }

    /// The node for a call.
    fn call_node(
        &self,
        position: usize,
        name: Bound<'py, PyString>,
        arguments: Vec<Bound<'py, PyTuple>>,
    ) -> ParseResult<Node<'py>> {
        let arguments = PyTuple::new(self.py, arguments)?;
        Ok(Node::plain((CALL, position, name, arguments).into_pyobject(self.py)?))
    }

    // --- operands ---

    /// Parse the next operand and the fields after it. None if there is no operand.
    fn parse_operand(&mut self) -> ParseResult<Option<Operand<'py>>> {
        let token = self.peek();
        if !starts_operand(token.kind) {
            return Ok(None);
        }
        self.index += 1;
        let node = match token.kind {
            TokenKind::Field => Node::plain(self.parse_field(token)?),
            TokenKind::Variable => Node::plain(self.parse_variable(token)?),
            TokenKind::Name => {
                let (name, is_suspending) = self
                    .names
                    .function(self.py, self.token_text(token))
                    .ok_or(ParseError::LeftToPython)?;
                self.is_suspending |= is_suspending;
                let Some((position, fields)) = self.parse_fields()? else {
                    return Ok(Some(Operand::Call(token.position, name)));
                };
                let node = self.call_node(token.position, name, Vec::new())?;
                Node::plain((CHAIN, position, node.tuple, fields).into_pyobject(self.py)?)
            }
            TokenKind::LeftParen => {
                let node = self.parse_parenthesized()?;
                match self.parse_fields()? {
                    None => node,
                    Some((position, fields)) => {
                        Node::plain((CHAIN, position, node.tuple, fields).into_pyobject(self.py)?)
                    }
                }
            }
            // A field after a constant is an error, which `parse_command` finds.
            _ => Node::constant(self.parse_constant(token)?),
        };
        Ok(Some(Operand::Node(node)))
    }

    fn parse_field(&mut self, token: Token) -> ParseResult<Bound<'py, PyTuple>> {
        let names = self.field_names(token)?;
        // In Go a chain of fields has the position of its second field.
        let second = self.text[token.start + 1..token.end].find('.').map_or(0, |dot| dot + 1);
        Ok((FIELD, token.position + second, names).into_pyobject(self.py)?)
    }

    fn parse_variable(&mut self, token: Token) -> ParseResult<Bound<'py, PyTuple>> {
        let text = self.token_text(token);
        let number = self.names.variable(text);
        if !self.declared.contains(&number) {
            self.uses.push(number);
        }
        let name = self.names.string(self.py, text);
        let (position, fields) =
            self.parse_fields()?.unwrap_or_else(|| (token.position, PyTuple::empty(self.py)));
        Ok((VARIABLE, position, name, fields).into_pyobject(self.py)?)
    }

    /// Parse the fields directly after an operand. Return their position and their names.
    fn parse_fields(&mut self) -> ParseResult<Option<(usize, Bound<'py, PyTuple>)>> {
        let token = self.peek();
        if token.kind != TokenKind::Field || token.has_space_before {
            return Ok(None);
        }
        self.index += 1;
        Ok(Some((token.position, self.field_names(token)?)))
    }

    /// The names in a chain of fields.
    fn field_names(&mut self, token: Token) -> ParseResult<Bound<'py, PyTuple>> {
        let parts = self.text[token.start + 1..token.end].split('.');
        let names: Vec<_> = parts.map(|part| self.names.string(self.py, part)).collect();
        Ok(PyTuple::new(self.py, names)?)
    }

    fn parse_parenthesized(&mut self) -> ParseResult<Node<'py>> {
        if self.depth >= MAX_NESTED {
            return Err(ParseError::LeftToPython);
        }
        self.depth += 1;
        let node = self.parse_pipeline(Context::Parentheses)?;
        self.depth -= 1;
        Ok(node)
    }

    fn parse_constant(&mut self, token: Token) -> ParseResult<Bound<'py, PyTuple>> {
        let py = self.py;
        let position = token.position;
        let text = self.token_text(token);
        let text_object = self.names.string(py, text);
        let none = py.None();
        Ok(match token.kind {
            TokenKind::Dot => (DOT, position).into_pyobject(py)?,
            TokenKind::Nil => (NIL, position).into_pyobject(py)?,
            TokenKind::True => (CONSTANT, position, true, text_object, none).into_pyobject(py)?,
            TokenKind::False => (CONSTANT, position, false, text_object, none).into_pyobject(py)?,
            TokenKind::String => {
                let value = unquote(text).ok_or(ParseError::LeftToPython)?;
                let value = self.names.string(py, &value);
                (CONSTANT, position, value, text_object, none).into_pyobject(py)?
            }
            TokenKind::Char => {
                let code = u32::from(parse_character(text).ok_or(ParseError::LeftToPython)?);
                let number = (code, code, f64::from(code), none);
                (CONSTANT, position, code, text_object, number).into_pyobject(py)?
            }
            _ => {
                let number = parse_number(text).ok_or(ParseError::LeftToPython)?;
                let types = (number.int, number.unsigned, number.float, none);
                if number.is_real {
                    (CONSTANT, position, number.float, text_object, types).into_pyobject(py)?
                } else {
                    (CONSTANT, position, number.int, text_object, types).into_pyobject(py)?
                }
            }
        })
    }
}

/// Whether an operand can begin with a token of this kind.
fn starts_operand(kind: TokenKind) -> bool {
    use TokenKind::{
        Char, Dot, False, Field, LeftParen, Name, Nil, Number, String, True, Variable,
    };
    matches!(
        kind,
        Char | Dot | False | Field | LeftParen | Name | Nil | Number | String | True | Variable
    )
}
