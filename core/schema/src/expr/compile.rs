//! Text → parsed tree (crate `cel`) → checked tree. Here: reading the text, its limits and its
//! numbers; the checks by kind of part are in `check`, `operator`, `call` and `aggregate`.

use cel::parser::Expression;
use cel::{Env, ParseErrors};
use fondaco_values::limits::EXPRESSION_BYTES_MAX;

use super::check::Checker;
use super::{Expr, Type};
use crate::{Model, Schema};

/// Reads and checks an expression that stands in `model`. With `expect`, its value must fit there.
/// The message of a refusal is for the author: it names the part and suggests what may be meant.
pub fn compile(
    source: &str,
    model: &Model,
    schema: &Schema,
    expect: Option<&Type>,
) -> Result<Expr, String> {
    let parsed = parse(source)?;
    let checker = &mut Checker::new(schema, model);
    let mut node = checker.value(&parsed)?;
    if let Some(wanted) = expect {
        node = super::operator::coerce(node, wanted)?;
        let ty = node.ty();
        if !ty.fits(wanted) {
            let hint = match (&ty, wanted) {
                (Type::Decimal, Type::Int) => ": round(x), floor(x) and ceil(x) make an integer",
                _ => "",
            };
            return Err(format!("gives {ty} where {wanted} is wanted{hint}"));
        }
    }
    let ty = node.ty();
    Ok(Expr { source: source.to_owned(), node, ty })
}

fn parse(source: &str) -> Result<Expression, String> {
    if source.trim().is_empty() {
        return Err("is empty; an expression is wanted, such as true".to_owned());
    }
    if source.len() > EXPRESSION_BYTES_MAX {
        return Err(format!("is longer than {EXPRESSION_BYTES_MAX} bytes"));
    }
    if brackets(source) > BRACKETS_MAX {
        return Err(format!("has brackets inside brackets more than {BRACKETS_MAX} deep"));
    }
    refuse_long_decimals(source)?;
    let parsed = if source.len() <= INLINE_BYTES_MAX && brackets(source) <= INLINE_BRACKETS_MAX {
        parse_here(source)
    } else {
        parse_on_a_stack_of_its_own(source)
    };
    parsed.map_err(|errors| match errors.errors.first() {
        Some(error) => {
            let message = error.msg.trim_start_matches("Syntax error: ");
            let message = message.split(" expecting ").next().unwrap_or(message);
            format!("cannot be read at character {}: {message}", error.pos.1.max(1))
        }
        None => "cannot be read".to_owned(),
    })
}

/// What the parser takes on the caller's stack: it needs up to 150 KiB for each bracket inside
/// another, and 2 KiB for each operator in a row.
const INLINE_BRACKETS_MAX: usize = 4;
const INLINE_BYTES_MAX: usize = 256;
const BRACKETS_MAX: usize = 24;
const STACK_BYTES: usize = 32 * 1024 * 1024;

fn parse_here(source: &str) -> Result<Expression, ParseErrors> {
    // An environment without macros leaves `lines.exists(l, …)` as it is written.
    Env::default().with_optional_support(false).parser().parse(source)
}

/// Long and nested texts come from strangers too (filters), and must not overflow a worker's stack.
fn parse_on_a_stack_of_its_own(source: &str) -> Result<Expression, ParseErrors> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(STACK_BYTES);
        let parsed = builder.spawn_scoped(scope, || parse_here(source)).map(|thread| thread.join());
        match parsed {
            Ok(Ok(parsed)) => parsed,
            Ok(Err(_)) | Err(_) => Err(ParseErrors { errors: Vec::new() }),
        }
    })
}

/// How deep brackets stand inside brackets.
fn brackets(source: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for letter in source.chars() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// The parser reads numbers with a point as binary floating point, exact to 15 digits.
fn refuse_long_decimals(source: &str) -> Result<(), String> {
    const DIGITS_MAX: usize = 15;
    for number in numbers(source) {
        let mantissa = number.split(['e', 'E']).next().unwrap_or(number);
        let digits = mantissa.chars().filter(char::is_ascii_digit).collect::<String>();
        let is_decimal = number.contains(['.', 'e', 'E']) && !number.starts_with("0x");
        if is_decimal && digits.trim_start_matches('0').len() > DIGITS_MAX {
            return Err(format!(
                "the number {number} has more than {DIGITS_MAX} digits; write decimal(\"{number}\")"
            ));
        }
    }
    Ok(())
}

/// The number literals of a text, those inside quotes left out.
fn numbers(source: &str) -> Vec<&str> {
    let bytes = source.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            quote @ (b'"' | b'\'') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                at += bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
            }
            byte if byte.is_ascii_digit() => {
                let part = |byte: &&u8| is_word(**byte) || **byte == b'.';
                at += bytes[at..].iter().take_while(part).count();
                found.push(&source[start..at]);
            }
            _ => at += 1,
        }
    }
    found
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
