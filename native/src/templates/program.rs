//! Parses a template file into its templates, as flat programs.
//!
//! Blocks become jumps. The open blocks are in a list, so blocks can be nested without a limit and without recursion.
//!
//! Rust version of `kmanifest/engines/helm/gotemplate/parser.py`. `nodes.py` documents the codes and forms of
//! operations.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::action_cache::ActionCache;
use super::actions::{Action, ActionKind};
use super::error::{ParseError, ParseResult};
use super::template_parts::{CharCounter, TemplateParts};

// The codes of operations, as in `nodes.py`.
const ACTION: usize = 0;
const IF: usize = 1;
const JUMP: usize = 2;
const SET: usize = 3;
const WITH: usize = 4;
const UNNEST: usize = 5;
const UNSCOPE: usize = 6;
const RANGE: usize = 7;
const NEXT: usize = 8;
const INCLUDE: usize = 9;
const LEAVE: usize = 10;
const STOP: usize = 11;
/// Added to the code of an operation that calls a suspending function.
const SUSPENDING: usize = 16;

/// The templates in `text`, in the form of `Parsed.trees`. The template of the file itself has the name `name`.
pub fn read_trees<'py>(
    name: &Bound<'py, PyString>,
    text: &str,
    action_cache: &mut ActionCache,
) -> ParseResult<Bound<'py, PyTuple>> {
    let py = name.py();
    let dollar = action_cache.names.variable("$");
    let mut builder = FileBuilder {
        py,
        dollar,
        template: TemplateBuilder::new(name.clone(), dollar),
        outer: Vec::new(),
        trees: PyDict::new(py),
    };
    let mut parts = TemplateParts::new(text);
    let mut counter = CharCounter::new(text);
    while let Some(part) = parts.next()? {
        builder.add_text(part.text);
        if let Some((start, body)) = part.action {
            let action = action_cache.get_or_parse(py, body)?;
            builder.add_action(action, counter.chars_before(start))?;
        }
    }
    builder.finish()
}

/// The number that is added to the code of the operation for an action.
fn code_base(action: &Action) -> usize {
    if action.is_suspending {
        SUSPENDING
    } else {
        0
    }
}

/// The state while a file is parsed: the current template, and those around it.
struct FileBuilder<'py> {
    py: Python<'py>,
    /// The number of the variable `$`, which each template begins with.
    dollar: usize,
    template: TemplateBuilder<'py>,
    outer: Vec<TemplateBuilder<'py>>,
    trees: Bound<'py, PyDict>,
}

/// A template that is being parsed.
struct TemplateBuilder<'py> {
    name: Bound<'py, PyString>,
    /// The operations. None for those that are created when their block ends.
    operations: Vec<Option<Bound<'py, PyAny>>>,
    blocks: Vec<Block<'py>>,
    /// The indexes of the blocks that are loops, for `break` and `continue`.
    loops: Vec<usize>,
    /// The visible variables, in the order of their declaration.
    declared: Vec<usize>,
    /// How often each variable is in `declared`.
    declaration_counts: HashMap<usize, usize>,
    /// Whether it contains only white space.
    is_blank: bool,
}

/// An open block. The targets of its operations are known when it ends.
struct Block<'py> {
    kind: ActionKind,
    /// SUSPENDING or 0, which is added to the code of its first operation.
    code_base: usize,
    /// The start of its first action in the file.
    offset: usize,
    node: Bound<'py, PyAny>,
    variables: Bound<'py, PyTuple>,
    /// The index of its first operation.
    start: usize,
    /// The number of variables that were visible before it.
    declared: usize,
    /// Whether it belongs to an `else if` or `else with`, so that the block around it ends with it.
    is_chained: bool,
    /// The index of the operation that ends its first branch or, in a loop, a round.
    jump: usize,
    /// The index of the first operation of its `else`.
    else_start: Option<usize>,
    breaks: Vec<LoopExit>,
    continues: Vec<LoopExit>,
}

/// A `break` or `continue`.
struct LoopExit {
    /// The index of its operation.
    index: usize,
    /// The start of its text in the file.
    offset: usize,
}

impl<'py> TemplateBuilder<'py> {
    fn new(name: Bound<'py, PyString>, dollar: usize) -> TemplateBuilder<'py> {
        TemplateBuilder {
            name,
            operations: Vec::new(),
            blocks: Vec::new(),
            loops: Vec::new(),
            declared: vec![dollar],
            declaration_counts: HashMap::from([(dollar, 1)]),
            is_blank: true,
        }
    }

    fn declare(&mut self, variables: &[usize]) {
        self.declared.extend(variables);
        for variable in variables {
            *self.declaration_counts.entry(*variable).or_default() += 1;
        }
    }

    /// Drop all variables after the first `count`.
    fn drop_variables(&mut self, count: usize) {
        for variable in self.declared.drain(count..) {
            if let Some(occurrences) = self.declaration_counts.get_mut(&variable) {
                *occurrences -= 1;
            }
        }
    }

    fn is_declared(&self, variable: usize) -> bool {
        self.declaration_counts.get(&variable).is_some_and(|occurrences| *occurrences > 0)
    }
}

impl<'py> FileBuilder<'py> {
    fn add_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.template.operations.push(Some(PyString::new(self.py, text).into_any()));
        self.template.is_blank = self.template.is_blank && text.chars().all(char::is_whitespace);
    }

    /// Add an action whose text begins at `offset`. An action that is not allowed there is left to the Python parser.
    fn add_action(&mut self, action: &Action, offset: usize) -> ParseResult<()> {
        if !action.uses.iter().all(|variable| self.template.is_declared(*variable)) {
            return Err(ParseError::LeftToPython);
        }
        match action.kind {
            ActionKind::Print => self.add_node(ACTION, action, offset),
            ActionKind::Set => self.add_node(SET, action, offset),
            ActionKind::Include => self.add_node(INCLUDE, action, offset),
            ActionKind::Block => {
                self.add_node(INCLUDE, action, offset)?;
                self.define(action)
            }
            ActionKind::Define if !self.outer.is_empty() || !self.template.blocks.is_empty() => {
                Err(ParseError::LeftToPython)
            }
            ActionKind::Define => self.define(action),
            ActionKind::If | ActionKind::With | ActionKind::Range => {
                self.open(action.kind, action, offset, false)
            }
            ActionKind::Else => self.start_else(),
            ActionKind::ElseIf => self.open_chained(ActionKind::If, action, offset),
            ActionKind::ElseWith => self.open_chained(ActionKind::With, action, offset),
            ActionKind::End => self.end(),
            ActionKind::Break | ActionKind::Continue => self.add_loop_exit(action.kind, offset),
        }
    }

    fn add_node(&mut self, code: usize, action: &Action, offset: usize) -> ParseResult<()> {
        self.template.is_blank = false;
        self.template.declare(&action.declares);
        let code = code + code_base(action);
        let operation = (code, offset, action.node.bind(self.py)).into_pyobject(self.py)?;
        self.template.operations.push(Some(operation.into_any()));
        Ok(())
    }

    /// Begin the template that `define` or `block` defines.
    fn define(&mut self, action: &Action) -> ParseResult<()> {
        let name = action.name.as_ref().ok_or(ParseError::LeftToPython)?.bind(self.py).clone();
        let template = TemplateBuilder::new(name, self.dollar);
        self.outer.push(std::mem::replace(&mut self.template, template));
        Ok(())
    }

    // --- blocks ---

    /// Open a block.
    fn open(
        &mut self,
        kind: ActionKind,
        action: &Action,
        offset: usize,
        is_chained: bool,
    ) -> ParseResult<()> {
        let template = &mut self.template;
        template.is_blank = false;
        if kind == ActionKind::Range {
            template.loops.push(template.blocks.len());
        }
        template.blocks.push(Block {
            kind,
            code_base: code_base(action),
            offset,
            node: action.node.bind(self.py).clone(),
            variables: action.variables.bind(self.py).clone(),
            start: template.operations.len(),
            declared: template.declared.len(),
            is_chained,
            jump: 0,
            else_start: None,
            breaks: Vec::new(),
            continues: Vec::new(),
        });
        template.declare(&action.declares);
        template.operations.push(None);
        Ok(())
    }

    /// Add a `break` or `continue` to the innermost loop.
    fn add_loop_exit(&mut self, kind: ActionKind, offset: usize) -> ParseResult<()> {
        let template = &mut self.template;
        let index = *template.loops.last().ok_or(ParseError::LeftToPython)?;
        let exit = LoopExit { index: template.operations.len(), offset };
        let block = &mut template.blocks[index];
        let exits =
            if kind == ActionKind::Break { &mut block.breaks } else { &mut block.continues };
        exits.push(exit);
        template.operations.push(None);
        Ok(())
    }

    /// Add the `else` of the innermost block.
    fn start_else(&mut self) -> ParseResult<()> {
        let template = &mut self.template;
        let block = template.blocks.last_mut().ok_or(ParseError::LeftToPython)?;
        if block.else_start.is_some() {
            return Err(ParseError::LeftToPython);
        }
        block.jump = template.operations.len();
        block.else_start = Some(template.operations.len() + 1);
        template.operations.push(None);
        if block.kind == ActionKind::Range {
            self.close_loop()?;
        }
        Ok(())
    }

    /// Add an `else if` or `else with`, which must match the kind of the innermost block.
    fn open_chained(
        &mut self,
        kind: ActionKind,
        action: &Action,
        offset: usize,
    ) -> ParseResult<()> {
        if self.template.blocks.last().is_none_or(|block| block.kind != kind) {
            return Err(ParseError::LeftToPython);
        }
        self.start_else()?;
        self.open(kind, action, offset, true)
    }

    /// Set the target of each `continue` of the innermost loop: the operation that begins its next round.
    fn close_loop(&mut self) -> ParseResult<()> {
        let template = &mut self.template;
        template.loops.pop();
        let Some(block) = template.blocks.last_mut() else { return Err(ParseError::LeftToPython) };
        let jump = block.jump;
        let continues = std::mem::take(&mut block.continues);
        self.set_targets(&continues, jump)
    }

    /// Create the operations of some `break` or `continue` actions.
    fn set_targets(&mut self, exits: &[LoopExit], target: usize) -> ParseResult<()> {
        for exit in exits {
            let operation = (LEAVE, exit.offset, target).into_pyobject(self.py)?;
            self.template.operations[exit.index] = Some(operation.into_any());
        }
        Ok(())
    }

    /// End the innermost block or, if there is none, the template.
    fn end(&mut self) -> ParseResult<()> {
        if self.template.blocks.is_empty() {
            let outer = self.outer.pop().ok_or(ParseError::LeftToPython)?;
            let template = std::mem::replace(&mut self.template, outer);
            return self.add_template(template);
        }
        while self.close()? {}
        Ok(())
    }

    /// Create the operations of the innermost block. Return whether the block around it ends as well.
    fn close(&mut self) -> ParseResult<bool> {
        let is_loop_without_else = self
            .template
            .blocks
            .last()
            .is_some_and(|block| block.kind == ActionKind::Range && block.else_start.is_none());
        if is_loop_without_else {
            if let Some(block) = self.template.blocks.last_mut() {
                block.jump = self.template.operations.len();
            }
            self.template.operations.push(None);
            self.close_loop()?;
        }
        let Some(block) = self.template.blocks.pop() else { return Ok(false) };
        let end = self.template.operations.len();
        let else_start = block.else_start.unwrap_or(end);
        let is_scoped = self.template.declared.len() > block.declared;
        self.template.drop_variables(block.declared);
        let Block { code_base, offset, node, variables, .. } = &block;
        let start = match block.kind {
            ActionKind::If => {
                (code_base + IF, *offset, node, else_start, is_scoped).into_pyobject(self.py)?
            }
            ActionKind::With => {
                (code_base + WITH, *offset, node, else_start).into_pyobject(self.py)?
            }
            _ => {
                (code_base + RANGE, *offset, node, else_start, variables).into_pyobject(self.py)?
            }
        };
        self.template.operations[block.start] = Some(start.into_any());
        if block.kind == ActionKind::Range {
            let weight = block.jump - block.start;
            let next = (NEXT, block.start + 1, end, variables, weight).into_pyobject(self.py)?;
            self.template.operations[block.jump] = Some(next.into_any());
            self.set_targets(&block.breaks, end)?;
        } else if block.else_start.is_some() {
            self.template.operations[block.jump] =
                Some((JUMP, end).into_pyobject(self.py)?.into_any());
        }
        if block.kind != ActionKind::If || is_scoped {
            let code = if block.kind == ActionKind::If { UNSCOPE } else { UNNEST };
            self.template.operations.push(Some((code, 0).into_pyobject(self.py)?.into_any()));
        }
        Ok(block.is_chained)
    }

    // --- the ends of templates ---

    /// Add a template to those of the file. It replaces a blank one with the same name.
    ///
    /// A blank one does not replace one that is not blank.
    fn add_template(&mut self, template: TemplateBuilder<'py>) -> ParseResult<()> {
        let previous = self.trees.get_item(&template.name)?;
        if let Some(previous) = &previous {
            let is_blank: bool = previous.get_item(2)?.extract()?;
            if !is_blank {
                // Two templates that are not blank are an error.
                return if template.is_blank { Ok(()) } else { Err(ParseError::LeftToPython) };
            }
            self.trees.del_item(&template.name)?;
        }
        let mut operations = template
            .operations
            .into_iter()
            .collect::<Option<Vec<_>>>()
            .ok_or(ParseError::LeftToPython)?;
        operations.push((STOP, 0).into_pyobject(self.py)?.into_any());
        let program = PyTuple::new(self.py, operations)?;
        let tree = (&template.name, program, template.is_blank).into_pyobject(self.py)?;
        self.trees.set_item(&template.name, tree)?;
        Ok(())
    }

    /// The templates of the file, after its last part.
    fn finish(mut self) -> ParseResult<Bound<'py, PyTuple>> {
        if !self.template.blocks.is_empty() || !self.outer.is_empty() {
            return Err(ParseError::LeftToPython);
        }
        let template = std::mem::replace(
            &mut self.template,
            TemplateBuilder::new(PyString::new(self.py, ""), 0),
        );
        self.add_template(template)?;
        Ok(self.trees.values().to_tuple())
    }
}
