//! The messages of errors: go-jsonnet's words where its cases are the same.

use rsjsonnet_lang::ast::{BinaryOp, UnaryOp};
use rsjsonnet_lang::lexer::LexError;
use rsjsonnet_lang::parser::{ActualToken, ParseError};
use rsjsonnet_lang::program::{
    AnalyzeError, EvalErrorKind, EvalErrorValueType, EvalStackTraceItem, LoadError,
};
use rsjsonnet_lang::span::SpanId;

/// The message and the location of a source that can't be read.
pub fn load_error(error: &LoadError) -> (String, SpanId) {
    match error {
        LoadError::Lex(error) => lex_error(error),
        LoadError::Parse(ParseError::Expected { span, instead, .. }) => {
            (format!("Unexpected: {}", token(instead)), *span)
        }
        LoadError::Analyze(error) => analyze_error(error),
    }
}

/// Whether the error is at the end of a text block. go-jsonnet reports the location of its start.
pub fn is_unfinished_text_block(error: &LoadError) -> bool {
    matches!(error, LoadError::Lex(LexError::InvalidTextBlockTermination { .. }))
}

fn token(token: &ActualToken) -> String {
    match token {
        ActualToken::EndOfFile => "end of file".into(),
        ActualToken::Simple(kind) => format!("{kind:?}").trim_end_matches('_').to_lowercase(),
        ActualToken::OtherOp(text) => format!("(OPERATOR, \"{text}\")"),
        ActualToken::Ident(name) => format!("(IDENTIFIER, \"{name}\")"),
        ActualToken::Number => "number".into(),
        ActualToken::String | ActualToken::TextBlock => "string".into(),
    }
}

fn lex_error(error: &LexError) -> (String, SpanId) {
    match error {
        LexError::InvalidChar { span, chr } => {
            (format!("Could not lex the character {chr:?}"), *span)
        }
        LexError::InvalidUtf8 { span, .. } => ("invalid UTF-8".into(), *span),
        LexError::UnfinishedMultilineComment { span } => {
            ("Multi-line comment has no terminator".into(), *span)
        }
        LexError::LeadingZeroInNumber { span } => {
            ("Couldn't lex number, leading zero".into(), *span)
        }
        LexError::MissingFracDigits { span } => {
            ("Couldn't lex number, junk after decimal point".into(), *span)
        }
        LexError::MissingExpDigits { span } => {
            ("Couldn't lex number, junk after 'E'".into(), *span)
        }
        LexError::MissingDigitAfterUnderscore { span } => {
            ("Couldn't lex number, junk after '_'".into(), *span)
        }
        LexError::ExpOverflow { span } => ("number is too large".into(), *span),
        LexError::InvalidEscapeInString { span, chr } => {
            (format!("Unknown escape sequence in string literal: {chr:?}"), *span)
        }
        LexError::IncompleteUnicodeEscape { span } => {
            ("Truncated unicode escape sequence in string literal".into(), *span)
        }
        LexError::InvalidUtf16EscapeSequence { span, .. } => {
            ("Invalid unicode escape sequence in string literal".into(), *span)
        }
        LexError::UnfinishedString { span } => ("Unterminated String".into(), *span),
        LexError::MissingLineBreakAfterTextBlockStart { span } => {
            ("Text block requires new line after |||.".into(), *span)
        }
        LexError::MissingWhitespaceTextBlockStart { span } => {
            ("Text block's first line must start with whitespace".into(), *span)
        }
        LexError::InvalidTextBlockTermination { span } => {
            ("Text block not terminated with |||".into(), *span)
        }
    }
}

fn analyze_error(error: &AnalyzeError) -> (String, SpanId) {
    match error {
        AnalyzeError::UnknownVariable { span, name } => {
            (format!("Unknown variable: {name}"), *span)
        }
        AnalyzeError::SelfOutsideObject { self_span } => {
            ("Can't use self outside of an object.".into(), *self_span)
        }
        AnalyzeError::SuperOutsideObject { super_span } => {
            ("Can't use super outside of an object.".into(), *super_span)
        }
        AnalyzeError::DollarOutsideObject { dollar_span } => {
            ("No top-level object found.".into(), *dollar_span)
        }
        AnalyzeError::RepeatedLocalName { repeated_span, name, .. } => {
            (format!("Duplicate local var: {name}"), *repeated_span)
        }
        AnalyzeError::RepeatedFieldName { repeated_span, name, .. } => {
            (format!("Duplicate field: {name}"), *repeated_span)
        }
        AnalyzeError::RepeatedParamName { repeated_span, name, .. } => {
            (format!("Duplicate function parameter: {name}"), *repeated_span)
        }
        AnalyzeError::PositionalArgAfterNamed { arg_span } => {
            ("Positional argument after a named argument is not allowed".into(), *arg_span)
        }
        AnalyzeError::TextBlockAsImportPath { span } => {
            ("Block string literals not allowed in imports".into(), *span)
        }
        AnalyzeError::ComputedImportPath { span } => {
            ("Computed imports are not allowed".into(), *span)
        }
    }
}

/// The location of a line of a stack trace, if it has one, and its description.
pub fn trace_item(item: &EvalStackTraceItem) -> (Option<SpanId>, String) {
    match item {
        EvalStackTraceItem::Expr { span } => (Some(*span), String::new()),
        EvalStackTraceItem::Call { span, name } => {
            let name = name.as_deref().unwrap_or("anonymous");
            (*span, format!("function <{name}>"))
        }
        EvalStackTraceItem::Variable { span, name } => (Some(*span), format!("thunk <{name}>")),
        EvalStackTraceItem::ArrayItem { span, index } => (*span, format!("Array element {index}")),
        EvalStackTraceItem::ObjectField { span, name } => (*span, format!("Field \"{name}\"")),
        EvalStackTraceItem::CompareArrayItem { index } => (None, format!("Array element {index}")),
        EvalStackTraceItem::CompareObjectField { name } => (None, format!("Field \"{name}\"")),
        EvalStackTraceItem::ManifestArrayItem { index } => (None, format!("Array element {index}")),
        EvalStackTraceItem::ManifestObjectField { name } => (None, format!("Field \"{name}\"")),
        EvalStackTraceItem::Import { span } => (Some(*span), String::new()),
    }
}

fn type_name(value_type: EvalErrorValueType) -> &'static str {
    match value_type {
        EvalErrorValueType::Null => "null",
        EvalErrorValueType::Bool => "boolean",
        EvalErrorValueType::Number => "number",
        EvalErrorValueType::String => "string",
        EvalErrorValueType::Array => "array",
        EvalErrorValueType::Object => "object",
        EvalErrorValueType::Function => "function",
    }
}

fn unexpected(got: EvalErrorValueType, expected: &str) -> String {
    format!("Unexpected type {}, expected {expected}", type_name(got))
}

fn unary(op: UnaryOp) -> &'static str {
    match op {
        UnaryOp::Minus => "-",
        UnaryOp::Plus => "+",
        UnaryOp::BitwiseNot => "~",
        UnaryOp::LogicNot => "!",
    }
}

fn binary(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::In => "in",
        BinaryOp::BitwiseAnd => "&",
        BinaryOp::BitwiseOr => "|",
        BinaryOp::BitwiseXor => "^",
        BinaryOp::LogicAnd => "&&",
        BinaryOp::LogicOr => "||",
    }
}

/// The message of a failed evaluation, and the location of the expression that failed, if it is known.
pub fn eval_error(kind: &EvalErrorKind) -> (String, Option<SpanId>) {
    use EvalErrorKind as Kind;
    match kind {
        Kind::StackOverflow => ("max stack frames exceeded.".into(), None),
        Kind::InfiniteRecursion => ("infinite recursion: max stack frames exceeded.".into(), None),
        Kind::InvalidIndexedType { span, got_type } => {
            (format!("Value non indexable: {}", type_name(*got_type)), Some(*span))
        }
        Kind::InvalidSlicedType { span, got_type } => (
            format!("std.slice accepts a string or an array, but got: {}", type_name(*got_type)),
            Some(*span),
        ),
        Kind::SliceIndexOrStepIsNotNumber { span, got_type }
        | Kind::StringIndexIsNotNumber { span, got_type }
        | Kind::ArrayIndexIsNotNumber { span, got_type } => {
            (unexpected(*got_type, "number"), Some(*span))
        }
        Kind::NumericIndexIsNotValid { span, index } => {
            (format!("{index} is not a valid index"), Some(*span))
        }
        Kind::NumericIndexOutOfRange { span, index, length } => {
            (format!("Index {index} out of bounds, not within [0, {length})"), Some(*span))
        }
        Kind::ObjectIndexIsNotString { span, got_type } => {
            (unexpected(*got_type, "string"), Some(*span))
        }
        Kind::RepeatedFieldName { span, name } => {
            (format!("Duplicate field name: \"{name}\""), Some(*span))
        }
        Kind::FieldNameIsNotString { span, got_type } => {
            (format!("Field name must be string, got {}", type_name(*got_type)), Some(*span))
        }
        Kind::UnknownObjectField { span, field_name } => {
            (format!("Field does not exist: {field_name}"), Some(*span))
        }
        Kind::FieldOfNonObject { span } => ("Unexpected type, expected object".into(), Some(*span)),
        Kind::SuperWithoutSuperObject { span } => {
            ("Attempt to use super when there is no super class.".into(), Some(*span))
        }
        Kind::ForSpecValueIsNotArray { span, got_type } => {
            (unexpected(*got_type, "array"), Some(*span))
        }
        Kind::CondIsNotBool { span, got_type } => (unexpected(*got_type, "boolean"), Some(*span)),
        Kind::CalleeIsNotFunction { span, got_type } => (unexpected(*got_type, "function"), *span),
        Kind::TooManyCallArgs { span, num_params } => {
            (format!("Too many arguments, the function has {num_params} parameter(s)"), *span)
        }
        Kind::UnknownCallParam { span, param_name } => {
            (format!("function has no parameter {param_name}"), *span)
        }
        Kind::RepeatedCallParam { span, param_name } => {
            (format!("Argument {param_name} already provided"), *span)
        }
        Kind::CallParamNotBound { span, param_name } => {
            (format!("Missing argument: {param_name}"), *span)
        }
        Kind::NativeCallFailed => ("a native function failed".into(), None),
        Kind::InvalidUnaryOpType { span, op, rhs_type } => {
            let message =
                format!("Unexpected type {} for the operator {}", type_name(*rhs_type), unary(*op));
            (message, Some(*span))
        }
        Kind::InvalidBinaryOpTypes { span, op, lhs_type, rhs_type } => {
            let (left, right) = (type_name(*lhs_type), type_name(*rhs_type));
            let message =
                format!("Unexpected types {left} and {right} for the operator {}", binary(*op));
            (message, *span)
        }
        Kind::NumberNotBitwiseSafe { span } => {
            ("numeric value outside safe integer range for bitwise operation".into(), *span)
        }
        Kind::NumberOverflow { span } => ("Overflow".into(), *span),
        Kind::NumberNan { span } => ("Not a number".into(), *span),
        Kind::DivByZero { span } => ("Division by zero.".into(), *span),
        Kind::ShiftByNegative { span } => ("Shift by negative exponent.".into(), *span),
        Kind::InvalidStdFuncArgType { expected_types, got_type, .. } => {
            let expected: Vec<_> = expected_types.iter().map(|each| type_name(*each)).collect();
            (unexpected(*got_type, &expected.join(" or ")), None)
        }
        Kind::AssertFailed { span, message } => {
            (message.clone().unwrap_or_else(|| "Object assertion failed.".into()), Some(*span))
        }
        Kind::AssertEqualFailed { lhs, rhs } => (format!("Assertion failed. {lhs} != {rhs}"), None),
        Kind::ExplicitError { span, message } => (message.clone(), Some(*span)),
        Kind::ImportFailed { span, path } => {
            (format!("couldn't open import {path:?}"), Some(*span))
        }
        Kind::UnknownExtVar { name } => (format!("Undefined external variable: {name}"), None),
        Kind::ManifestFunction => ("couldn't manifest function as JSON".into(), None),
        Kind::CompareNullInequality => unordered("null"),
        Kind::CompareBooleanInequality => unordered("boolean"),
        Kind::CompareObjectInequality => unordered("object"),
        Kind::CompareFunctions => ("Cannot test equality of functions".into(), None),
        Kind::CompareDifferentTypesInequality { lhs_type, rhs_type } => {
            (unexpected(*rhs_type, type_name(*lhs_type)), None)
        }
        Kind::PrimitiveEqualsNonPrimitive { got_type } => (
            format!("primitiveEquals operates on primitive types, got {}", type_name(*got_type)),
            None,
        ),
        Kind::Other { span, message } => (message.clone(), *span),
    }
}

fn unordered(name: &str) -> (String, Option<SpanId>) {
    (format!("values of type {name} can't be ordered"), None)
}
