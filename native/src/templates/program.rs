//! A text → its templates as flat programs: blocks become jumps, and the open ones are a list, so they nest as they like.
//!
//! The Rust version of `kmanifest/engines/helm/gotemplate/parser.py`; the codes and forms of operations are told in `nodes.py`.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::action_cache::ActionCache;
use super::actions::{Action, Verb};
use super::error::{Stop, Sure};
use super::template_parts::{Counter, TemplateParts};

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

/// The templates in `text`, whose own is called `name`, as `Parsed.trees` has them.
pub fn read_trees<'py>(
    name: &Bound<'py, PyString>,
    text: &str,
    action_cache: &mut ActionCache,
) -> Sure<Bound<'py, PyTuple>> {
    let py = name.py();
    let dollar = action_cache.names.variable("$");
    let mut reader = Reader {
        py,
        dollar,
        tree: Tree::new(name.clone(), dollar),
        outer: Vec::new(),
        trees: PyDict::new(py),
    };
    let mut parts = TemplateParts::new(text);
    let mut counter = Counter::new(text);
    while let Some(part) = parts.next()? {
        reader.add_text(part.text);
        if let Some((place, body)) = part.action {
            let action = action_cache.action(py, body)?;
            reader.add(action, counter.chars_before(place))?;
        }
    }
    reader.finish()
}

/// A text in the making: the template at hand, and those around it.
struct Reader<'py> {
    py: Python<'py>,
    /// The variable that each template begins with.
    dollar: usize,
    tree: Tree<'py>,
    outer: Vec<Tree<'py>>,
    trees: Bound<'py, PyDict>,
}

/// A template in the making.
struct Tree<'py> {
    name: Bound<'py, PyString>,
    /// None where the operation is made when its block ends.
    code: Vec<Option<Bound<'py, PyAny>>>,
    blocks: Vec<Block<'py>>,
    /// Which of the blocks are loops that `break` and `continue` can leave.
    loops: Vec<usize>,
    /// Variables in the order in which they were declared, and how often each is among them.
    declared: Vec<usize>,
    variables: HashMap<usize, usize>,
    is_blank: bool,
}

/// An open block, and the operations whose targets are known when it ends.
struct Block<'py> {
    verb: Verb,
    offset: usize,
    node: Bound<'py, PyAny>,
    variables: Bound<'py, PyTuple>,
    start: usize,
    /// How many variables there were before it.
    declared: usize,
    is_chained: bool,
    jump: usize,
    /// Where its `else` begins.
    otherwise: Option<usize>,
    breaks: Vec<Leave>,
    continues: Vec<Leave>,
}

/// Where a `break` or `continue` stands in the program, and in the text.
struct Leave {
    index: usize,
    offset: usize,
}

impl<'py> Tree<'py> {
    fn new(name: Bound<'py, PyString>, dollar: usize) -> Tree<'py> {
        Tree {
            name,
            code: Vec::new(),
            blocks: Vec::new(),
            loops: Vec::new(),
            declared: vec![dollar],
            variables: HashMap::from([(dollar, 1)]),
            is_blank: true,
        }
    }

    fn declare(&mut self, variables: &[usize]) {
        self.declared.extend(variables);
        for variable in variables {
            *self.variables.entry(*variable).or_default() += 1;
        }
    }

    /// Drop all variables but the first ones.
    fn forget(&mut self, height: usize) {
        for variable in self.declared.drain(height..) {
            if let Some(count) = self.variables.get_mut(&variable) {
                *count -= 1;
            }
        }
    }

    fn knows(&self, variable: usize) -> bool {
        self.variables.get(&variable).is_some_and(|count| *count > 0)
    }
}

impl<'py> Reader<'py> {
    fn add_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.tree.code.push(Some(PyString::new(self.py, text).into_any()));
        self.tree.is_blank = self.tree.is_blank && text.chars().all(char::is_whitespace);
    }

    /// Add an action whose text begins at `offset`; a doubt where it can't stand.
    fn add(&mut self, action: &Action, offset: usize) -> Sure<()> {
        if !action.uses.iter().all(|variable| self.tree.knows(*variable)) {
            return Err(Stop::Doubt);
        }
        match action.verb {
            Verb::Print => self.add_node(ACTION, action, offset),
            Verb::Set => self.add_node(SET, action, offset),
            Verb::Include => self.add_node(INCLUDE, action, offset),
            Verb::Block => {
                self.add_node(INCLUDE, action, offset)?;
                self.define(action)
            }
            Verb::Define if !self.outer.is_empty() || !self.tree.blocks.is_empty() => {
                Err(Stop::Doubt)
            }
            Verb::Define => self.define(action),
            Verb::If | Verb::With | Verb::Range => self.open(action.verb, action, offset, false),
            Verb::Else => self.otherwise(),
            Verb::ElseIf => self.otherwise_open(Verb::If, action, offset),
            Verb::ElseWith => self.otherwise_open(Verb::With, action, offset),
            Verb::End => self.end(),
            Verb::Break | Verb::Continue => self.leave(action.verb, offset),
        }
    }

    fn add_node(&mut self, code: usize, action: &Action, offset: usize) -> Sure<()> {
        self.tree.is_blank = false;
        self.tree.declare(&action.declares);
        let operation = (code, offset, action.node.bind(self.py)).into_pyobject(self.py)?;
        self.tree.code.push(Some(operation.into_any()));
        Ok(())
    }

    fn define(&mut self, action: &Action) -> Sure<()> {
        let name = action.name.as_ref().ok_or(Stop::Doubt)?.bind(self.py).clone();
        let tree = Tree::new(name, self.dollar);
        self.outer.push(std::mem::replace(&mut self.tree, tree));
        Ok(())
    }

    // --- blocks ---

    fn open(&mut self, verb: Verb, action: &Action, offset: usize, is_chained: bool) -> Sure<()> {
        let tree = &mut self.tree;
        tree.is_blank = false;
        if verb == Verb::Range {
            tree.loops.push(tree.blocks.len());
        }
        tree.blocks.push(Block {
            verb,
            offset,
            node: action.node.bind(self.py).clone(),
            variables: action.variables.bind(self.py).clone(),
            start: tree.code.len(),
            declared: tree.declared.len(),
            is_chained,
            jump: 0,
            otherwise: None,
            breaks: Vec::new(),
            continues: Vec::new(),
        });
        tree.declare(&action.declares);
        tree.code.push(None);
        Ok(())
    }

    fn leave(&mut self, verb: Verb, offset: usize) -> Sure<()> {
        let tree = &mut self.tree;
        let index = *tree.loops.last().ok_or(Stop::Doubt)?;
        let leave = Leave { index: tree.code.len(), offset };
        let block = &mut tree.blocks[index];
        let leaves = if verb == Verb::Break { &mut block.breaks } else { &mut block.continues };
        leaves.push(leave);
        tree.code.push(None);
        Ok(())
    }

    fn otherwise(&mut self) -> Sure<()> {
        let tree = &mut self.tree;
        let block = tree.blocks.last_mut().ok_or(Stop::Doubt)?;
        if block.otherwise.is_some() {
            return Err(Stop::Doubt);
        }
        block.jump = tree.code.len();
        block.otherwise = Some(tree.code.len() + 1);
        tree.code.push(None);
        if block.verb == Verb::Range {
            self.close_loop()?;
        }
        Ok(())
    }

    /// An `else if` or `else with`, which has to be of the kind of its block.
    fn otherwise_open(&mut self, verb: Verb, action: &Action, offset: usize) -> Sure<()> {
        if self.tree.blocks.last().is_none_or(|block| block.verb != verb) {
            return Err(Stop::Doubt);
        }
        self.otherwise()?;
        self.open(verb, action, offset, true)
    }

    /// Lead each `continue` of the innermost block to what begins its next round.
    fn close_loop(&mut self) -> Sure<()> {
        let tree = &mut self.tree;
        tree.loops.pop();
        let Some(block) = tree.blocks.last_mut() else { return Err(Stop::Doubt) };
        let jump = block.jump;
        let continues = std::mem::take(&mut block.continues);
        self.lead(&continues, jump)
    }

    fn lead(&mut self, leaves: &[Leave], target: usize) -> Sure<()> {
        for leave in leaves {
            let operation = (LEAVE, leave.offset, target).into_pyobject(self.py)?;
            self.tree.code[leave.index] = Some(operation.into_any());
        }
        Ok(())
    }

    fn end(&mut self) -> Sure<()> {
        if self.tree.blocks.is_empty() {
            let around = self.outer.pop().ok_or(Stop::Doubt)?;
            let tree = std::mem::replace(&mut self.tree, around);
            return self.keep(tree);
        }
        while self.close()? {}
        Ok(())
    }

    /// Make the operations of the innermost block; gives whether the one around it ends as well.
    fn close(&mut self) -> Sure<bool> {
        let is_open_loop =
            self.tree.blocks.last().is_some_and(|b| b.verb == Verb::Range && b.otherwise.is_none());
        if is_open_loop {
            if let Some(block) = self.tree.blocks.last_mut() {
                block.jump = self.tree.code.len();
            }
            self.tree.code.push(None);
            self.close_loop()?;
        }
        let Some(block) = self.tree.blocks.pop() else { return Ok(false) };
        let here = self.tree.code.len();
        let otherwise = block.otherwise.unwrap_or(here);
        let is_scoped = self.tree.declared.len() > block.declared;
        self.tree.forget(block.declared);
        let Block { offset, node, variables, .. } = &block;
        let first = match block.verb {
            Verb::If => (IF, *offset, node, otherwise, is_scoped).into_pyobject(self.py)?,
            Verb::With => (WITH, *offset, node, otherwise).into_pyobject(self.py)?,
            _ => (RANGE, *offset, node, otherwise, variables).into_pyobject(self.py)?,
        };
        self.tree.code[block.start] = Some(first.into_any());
        if block.verb == Verb::Range {
            let weight = block.jump - block.start;
            let next = (NEXT, block.start + 1, here, variables, weight).into_pyobject(self.py)?;
            self.tree.code[block.jump] = Some(next.into_any());
            self.lead(&block.breaks, here)?;
        } else if block.otherwise.is_some() {
            self.tree.code[block.jump] = Some((JUMP, here).into_pyobject(self.py)?.into_any());
        }
        if block.verb != Verb::If || is_scoped {
            let code = if block.verb == Verb::If { UNSCOPE } else { UNNEST };
            self.tree.code.push(Some((code, 0).into_pyobject(self.py)?.into_any()));
        }
        Ok(block.is_chained)
    }

    // --- ends ---

    /// Add a template to those of the text: the last of a name counts, but an empty one never.
    fn keep(&mut self, tree: Tree<'py>) -> Sure<()> {
        let known = self.trees.get_item(&tree.name)?;
        if let Some(known) = &known {
            let is_blank: bool = known.get_item(2)?.extract()?;
            if !is_blank {
                // Two that are not empty are an error.
                return if tree.is_blank { Ok(()) } else { Err(Stop::Doubt) };
            }
            self.trees.del_item(&tree.name)?;
        }
        let mut code = tree.code.into_iter().collect::<Option<Vec<_>>>().ok_or(Stop::Doubt)?;
        code.push((STOP, 0).into_pyobject(self.py)?.into_any());
        let program = PyTuple::new(self.py, code)?;
        let made = (&tree.name, program, tree.is_blank).into_pyobject(self.py)?;
        self.trees.set_item(&tree.name, made)?;
        Ok(())
    }

    fn finish(mut self) -> Sure<Bound<'py, PyTuple>> {
        if !self.tree.blocks.is_empty() || !self.outer.is_empty() {
            return Err(Stop::Doubt);
        }
        let tree = std::mem::replace(&mut self.tree, Tree::new(PyString::new(self.py, ""), 0));
        self.keep(tree)?;
        Ok(self.trees.values().to_tuple())
    }
}
