"""Write indented lines, comments and scalars for the emitter.

Source: go.yaml.in/yaml/v3 v3.0.5 emitterc.go, put to yaml_emitter_write_indicator, yaml_emitter_process_head_comment to
yaml_emitter_process_foot_comment, and yaml_emitter_write_plain_scalar to yaml_emitter_write_comment.
"""

import re

from kmanifest.engines.kustomize.goyaml.analysis import SPECIAL
from kmanifest.model.deadline import checked
from kmanifest.startup.typing import Final
from kmanifest.yaml.scalars import escape

INDENT: Final = 2
_BREAKS: Final = "\r\n\x85\u2028\u2029"
_LINE_OR_BREAK: Final = re.compile(f"[{_BREAKS}]|[^{_BREAKS}]+")
_TO_ESCAPE: Final = re.compile(f'[\t\n\r"\\\\\u2028\u2029{SPECIAL}]')


class Writer:
    """The output so far, the position in the current line, and the comments that are not yet written.

    `_indention` is true if the line has only indentation and dashes so far. `_whitespace` is true if the last
    character is a blank. `_foot_indent` is the indentation of the last foot, or -1: a blank line separates the foot
    from a line with the same indentation.
    """

    def __init__(self) -> None:
        self.out: list[str] = []
        self._indent = -1
        self._foot_indent = -1
        self._column = 0
        self._whitespace = True
        self._indention = True
        self._head = self._line = self._foot = self._tail = ""

    def _put(self, text: str) -> None:
        self.out.append(text)
        self._column += len(text)

    def _put_break(self, char: str = "\n") -> None:
        self.out.append(char)
        self._column = 0
        self._indention = True

    def _write_indent(self) -> None:
        indent = max(self._indent, 0)
        if (
            not self._indention
            or self._column > indent
            or (self._column == indent and not self._whitespace)
        ):
            self._put_break()
        if self._foot_indent == indent:
            self._put_break()
        if self._column < indent:
            self._put(" " * (indent - self._column))
        self._whitespace = True
        self._foot_indent = -1

    def _write_indicator(
        self, indicator: str, *, space: bool, whitespace: bool = False, indention: bool = False
    ) -> None:
        """Write an indicator.

        With `space`, a space is written before it unless one is there. With `whitespace` or `indention`, the
        indicator itself counts as whitespace or indentation.
        """
        if space and not self._whitespace:
            indicator = " " + indicator
        self._put(indicator)
        self._whitespace = whitespace
        self._indention = self._indention and indention

    def _write_text(self, text: str) -> None:
        self._put(text)
        self._whitespace = self._indention = False

    # Comments

    def _process_head_comment(self) -> None:
        if self._tail:
            self._write_indent()
            self._write_comment(self._tail)
            self._tail = ""
            self._foot_indent = max(self._indent, 0)
        if self._head:
            self._write_indent()
            self._write_comment(self._head)
            self._head = ""

    def _process_line_comment(self, *, line_break: bool = False) -> None:
        if not self._line:
            if line_break:
                self._put_break()
            return
        if not self._whitespace:
            self._put(" ")
        self._write_comment(self._line)
        self._line = ""

    def _process_foot_comment(self) -> None:
        if self._foot:
            self._write_indent()
            self._write_comment(self._foot)
            self._foot = ""
            self._foot_indent = max(self._indent, 0)

    def _write_comment(self, comment: str) -> None:
        is_after_break = False
        for part in checked(_LINE_OR_BREAK.findall(comment)):
            if part in _BREAKS:
                self._put_break(part)
                is_after_break = True
                continue
            if is_after_break:
                self._write_indent()
            self._put(part if part.startswith("#") else "# " + part)
            self._indention = is_after_break = False
        if not is_after_break:
            self._put_break()
        self._whitespace = True

    def _has_trailing_comment(self) -> bool:
        return bool(self._line or self._foot or self._tail)

    # Scalars

    def _write_scalar(self, text: str, style: str) -> None:
        if style == '"':
            self._write_indicator('"', space=True)
            self._write_text(_escape_text(text) + '"')
        elif style == "'":
            self._write_indicator("'", space=True)
            self._write_lines(text.replace("'", "''"), quoted=True)
            self._write_text("'")
        elif style == "|":
            self._write_block_header(text, style)
            self._write_lines(text, quoted=False)
        elif style == ">":
            self._write_block_header(text, style)
            self._write_folded(text)
        else:
            if text:
                self._put(text if self._whitespace else " " + text)
                self._whitespace = False
            self._indention = False

    def _write_lines(self, text: str, *, quoted: bool) -> None:
        """Write text of several lines. In single quotes, the first of consecutive line breaks is doubled."""
        is_after_break = not quoted
        for part in checked(_LINE_OR_BREAK.findall(text)):
            if part in _BREAKS:
                if quoted and not is_after_break and part == "\n":
                    self._put_break()
                self._put_break(part)
                is_after_break = True
                continue
            if is_after_break:
                self._write_indent()
            self._put(part)
            self._indention = is_after_break = False

    def _write_block_header(self, text: str, style: str) -> None:
        self._write_indicator(style, space=True)
        if text[0] in " " + _BREAKS:
            self._write_indicator(str(INDENT), space=False)
        chomping = _chomping_indicator(text)
        if chomping:
            self._write_indicator(chomping, space=False)
        self._process_line_comment(line_break=True)
        self._whitespace = True

    def _write_folded(self, text: str) -> None:
        is_after_break = starts_with_blank = True
        # go-yaml tests the start of the whole text here, not the text after the line break.
        text_starts_with_blank = text.lstrip(_BREAKS)[:1] in ("", " ", "\t")
        for part in checked(_LINE_OR_BREAK.findall(text)):
            if part in _BREAKS:
                if (
                    not is_after_break
                    and not starts_with_blank
                    and part == "\n"
                    and not text_starts_with_blank
                ):
                    self._put_break()
                self._put_break(part)
                is_after_break = True
                continue
            if is_after_break:
                self._write_indent()
                starts_with_blank = part[0] in " \t"
            self._put(part)
            self._indention = is_after_break = False


def _chomping_indicator(text: str) -> str:
    """Return the indicator for the line breaks at the end: `-`, `+` or empty."""
    if text[-1] not in _BREAKS:
        return "-"
    return "+" if len(text) == 1 or text[-2] in _BREAKS else ""


def _escape_text(text: str) -> str:
    if text.startswith("\ufeff"):
        # For each character, go-yaml calls is_bom on the start of the whole text. So it escapes all characters.
        return "".join(map(escape, text))
    return _TO_ESCAPE.sub(lambda match: escape(match.group()), text)
