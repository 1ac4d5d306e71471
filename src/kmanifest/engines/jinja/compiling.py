"""Compile templates to Python with calls of the bounds in it.

jinja2 writes a Python module for each template. These subclasses of its code generator write the same module, except
that loops, `~`, comparisons and printed values call a method of the environment first, and that nothing is computed
while a template is compiled. `BoundedGenerator` is for renders; `TracingGenerator` also keeps each piece of text apart,
so that the line that wrote it is known.
"""

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame, operators

from kmanifest.startup.typing import Any

_CONSTANTS = (nodes.TemplateData, nodes.Const)


class BoundedGenerator(CodeGenerator):
    """The code generator of renders."""

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802 - jinja2's name
        iterable = node.iter
        # No parser of jinja2 itself makes this node, so it can mark the iterables of loops.
        node.iter = nodes.MarkSafe(iterable, lineno=iterable.lineno)
        super().visit_For(node, frame)
        node.iter = iterable

    def visit_MarkSafe(self, node: nodes.MarkSafe, frame: Frame) -> None:  # noqa: N802
        self._write_call("bounded", node.expr, frame)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802
        self.write(f"{_choose(frame, 'join_strings', 'join_escaped')}((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802
        self.write("(")
        self._write_comparable(node.expr, frame)
        for operand in node.ops:
            self.visit(operand, frame)
        self.write(")")

    def visit_Operand(self, node: nodes.Operand, frame: Frame) -> None:  # noqa: N802
        self.write(f" {operators[node.op]} ")
        self._write_comparable(node.expr, frame)

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802
        self.write("{")
        for item in node.items:
            if isinstance(item.key, nodes.Const):
                self.visit(item.key, frame)
            else:
                self._write_call("budget.hashable", item.key, frame)
            self.write(": ")
            self.visit(item.value, frame)
            self.write(", ")
        self.write("}")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802
        if not isinstance(node.arg, nodes.Slice):
            super().visit_Getitem(node, frame)
            return
        self._write_call("sliceable", node.node, frame)
        self.write("[")
        self.visit(node.arg, frame)
        self.write("]")

    def _write_comparable(self, node: nodes.Expr, frame: Frame) -> None:
        if isinstance(node, nodes.Const):
            self.visit(node, frame)
        else:
            self._write_call("comparable", node, frame)

    def _write_call(self, method: str, node: nodes.Expr, frame: Frame) -> None:
        self.write(f"environment.{method}(")
        self.visit(node, frame)
        self.write(")")

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        if not isinstance(node, _CONSTANTS):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        del node, finalize
        self.write(f"{_choose(frame, 'to_text', 'to_escaped')}(")


def _choose(frame: Frame, plain: str, escaping: str) -> str:
    """Return the method to call, by whether `{% autoescape %}` is on, which may be known only at run time."""
    if frame.eval_ctx.volatile:
        return f"(environment.{escaping} if context.eval_ctx.autoescape else environment.{plain})"
    return f"environment.{escaping if frame.eval_ctx.autoescape else plain}"


class TracingGenerator(BoundedGenerator):
    """The code generator that finds the line of a template that wrote a line of the output."""

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802
        for child in node.nodes:
            self.newline(child)
            super().visit_Output(nodes.Output([child], lineno=child.lineno), frame)
