//! Reads one `${…}`: a Pratt parser over the tokens.
//!
//! The tree's height is counted while it grows, because a long chain such as `a+a+a` is read in a loop but
//! walked by recursion later.

use std::ops::Range;

use crate::errors::{Problem, ProblemKind};
use crate::lexer::{Lexer, Token, TokenKind};
use crate::syntax::{
    Ast, AstKind, BinaryOperator, Callee, DEPTH_MAX, EXPRESSION_BYTES_MAX, LogicOperator, RESERVED,
    UnaryOperator,
};
use crate::value::Value;

/// Reads the expression whose inside begins at byte `start`; also yields the byte after its `}`.
pub(crate) fn parse(text: &str, start: usize) -> Result<(Ast, usize), Problem> {
    let mut parser = Parser::new(text, start)?;
    let ast = parser.expression(0)?;
    let end = parser.token.range.end;
    if parser.token.kind != TokenKind::Symbol("}") {
        return Err(parser.unexpected("an operator or `}`"));
    }
    if end - start > EXPRESSION_BYTES_MAX {
        let message = format!("the expression is longer than {EXPRESSION_BYTES_MAX} bytes");
        return Err(Problem::new(start..end, ProblemKind::TooLarge, message));
    }
    Ok((ast, end))
}

/// Where a text goes on after an expression that cannot be read: behind its `}`, as far as one can tell.
pub(crate) fn end_of_broken(text: &str, start: usize) -> usize {
    let mut lexer = Lexer::new(text, start);
    loop {
        match lexer.next() {
            Ok(Token { kind: TokenKind::Symbol("}"), range }) => return range.end,
            Ok(_) => {}
            Err(_) => {
                let from = lexer.position();
                return text[from..].find('}').map_or(text.len(), |offset| from + offset + 1);
            }
        }
    }
}

/// How strongly the condition of `? :` binds; every binary operator binds more strongly.
const CONDITIONAL_STRENGTH: u8 = 1;

struct Parser<'t> {
    lexer: Lexer<'t>,
    /// The token that is looked at.
    token: Token<'t>,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, start: usize) -> Result<Parser<'t>, Problem> {
        let mut lexer = Lexer::new(text, start);
        let token = lexer.next()?;
        Ok(Parser { lexer, token, depth: 0 })
    }

    fn advance(&mut self) -> Result<Token<'t>, Problem> {
        // Nothing follows the closing brace, so nothing is read beyond it.
        if self.token.kind == TokenKind::Symbol("}") {
            return Ok(self.token.clone());
        }
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    /// Reads operands and the operators that bind more strongly than `strength`.
    fn expression(&mut self, strength: u8) -> Result<Ast, Problem> {
        self.depth += 1;
        self.check_depth(self.depth, self.token.range.clone())?;
        let mut left = self.unary()?;
        loop {
            if let Some((operator, binds)) = binary_operator(&self.token.kind) {
                if binds <= strength {
                    break;
                }
                self.advance()?;
                let right = self.expression(binds)?;
                left = self.join(operator, left, right)?;
            } else if self.token.kind == TokenKind::Symbol("?") && strength < CONDITIONAL_STRENGTH {
                left = self.conditional(left)?;
            } else {
                break;
            }
        }
        self.depth -= 1;
        Ok(left)
    }

    fn join(&self, operator: Operator, left: Ast, right: Ast) -> Result<Ast, Problem> {
        let range = left.range.start..right.range.end;
        let height = left.height.max(right.height);
        match (operator, left) {
            (Operator::Binary(operator), left) => {
                self.node(range, height, AstKind::Binary(operator, Box::new(left), Box::new(right)))
            }
            // One more operand of a list of the same kind is no level more.
            (Operator::Logic(operator), Ast { kind: AstKind::Logic(same, mut operands), height, .. })
                if same == operator =>
            {
                let below = (height - 1).max(right.height);
                operands.push(right);
                self.node(range, below, AstKind::Logic(operator, operands))
            }
            (Operator::Logic(operator), left) => {
                self.node(range, height, AstKind::Logic(operator, vec![left, right]))
            }
        }
    }

    fn conditional(&mut self, condition: Ast) -> Result<Ast, Problem> {
        self.advance()?;
        let yes = self.expression(0)?;
        self.expect(":")?;
        let no = self.expression(0)?;
        let height = condition.height.max(yes.height).max(no.height);
        let range = condition.range.start..no.range.end;
        self.node(range, height, AstKind::Conditional(Box::new([condition, yes, no])))
    }

    fn unary(&mut self) -> Result<Ast, Problem> {
        let operator = match self.token.kind {
            TokenKind::Symbol("-") => UnaryOperator::Negate,
            TokenKind::Symbol("!") | TokenKind::Word("not") => UnaryOperator::Not,
            TokenKind::Word("empty") => UnaryOperator::Empty,
            _ => return self.path(),
        };
        self.depth += 1;
        self.check_depth(self.depth, self.token.range.clone())?;
        let start = self.advance()?.range.start;
        let operand = self.unary()?;
        self.depth -= 1;
        self.node(start..operand.range.end, operand.height, AstKind::Unary(operator, Box::new(operand)))
    }

    /// A value and what is looked up in it.
    fn path(&mut self) -> Result<Ast, Problem> {
        let mut base = self.primary()?;
        loop {
            base = match self.token.kind {
                TokenKind::Symbol(".") => self.member(base)?,
                TokenKind::Symbol("[") => self.element(base)?,
                _ => return Ok(base),
            };
        }
    }

    fn member(&mut self, base: Ast) -> Result<Ast, Problem> {
        self.advance()?;
        let TokenKind::Word(name) = self.token.kind else {
            return Err(self.unexpected("the name of a property or method"));
        };
        let range = self.advance()?.range;
        let start = base.range.start;
        if self.token.kind != TokenKind::Symbol("(") {
            let height = base.height;
            return self.node(start..range.end, height, AstKind::Property(Box::new(base), name.to_owned()));
        }
        let (arguments, height, end) = self.arguments()?;
        let callee = Callee { name: name.to_owned(), range };
        let height = height.max(base.height);
        self.node(start..end, height, AstKind::Method(Box::new(base), callee, arguments))
    }

    fn element(&mut self, base: Ast) -> Result<Ast, Problem> {
        self.advance()?;
        let key = self.expression(0)?;
        let end = self.expect("]")?.end;
        let height = base.height.max(key.height);
        self.node(base.range.start..end, height, AstKind::Index(Box::new(base), Box::new(key)))
    }

    fn primary(&mut self) -> Result<Ast, Problem> {
        let range = self.token.range.clone();
        let literal = match &mut self.token.kind {
            TokenKind::Integer(number) => Value::Integer(*number),
            TokenKind::Decimal(number) => Value::Decimal(*number),
            TokenKind::Text(text) => Value::owned_text(std::mem::take(text)),
            TokenKind::Word("true") => Value::Bool(true),
            TokenKind::Word("false") => Value::Bool(false),
            TokenKind::Word("null") => Value::Null,
            TokenKind::Symbol("(") => return self.group(),
            TokenKind::Word(word) if RESERVED.contains(word) => {
                let message = format!("`{word}` is a reserved word");
                return Err(Problem::new(range, ProblemKind::Syntax, message)
                    .help("a value is expected here; quote the word to use it as text"));
            }
            TokenKind::Word(name) => {
                let name = (*name).to_owned();
                return self.name(name);
            }
            TokenKind::Symbol(_) => return Err(self.unexpected("a value")),
        };
        self.advance()?;
        self.node(range, 0, AstKind::Literal(literal))
    }

    fn group(&mut self) -> Result<Ast, Problem> {
        let start = self.advance()?.range.start;
        let mut inner = self.expression(0)?;
        inner.range = start..self.expect(")")?.end;
        Ok(inner)
    }

    fn name(&mut self, name: String) -> Result<Ast, Problem> {
        let range = self.advance()?.range;
        if self.token.kind != TokenKind::Symbol("(") {
            return self.node(range, 0, AstKind::Name(name));
        }
        let (arguments, height, end) = self.arguments()?;
        let start = range.start;
        self.node(start..end, height, AstKind::Call(Callee { name, range }, arguments))
    }

    /// The arguments, the height of the highest, and the byte after the closing bracket.
    fn arguments(&mut self) -> Result<(Vec<Ast>, usize, usize), Problem> {
        self.advance()?;
        let mut arguments = Vec::new();
        let mut height = 0;
        while self.token.kind != TokenKind::Symbol(")") {
            if !arguments.is_empty() {
                if self.token.kind != TokenKind::Symbol(",") {
                    return Err(self.unexpected("`,` or `)`"));
                }
                self.advance()?;
            }
            let argument = self.expression(0)?;
            height = height.max(argument.height);
            arguments.push(argument);
        }
        let end = self.advance()?.range.end;
        Ok((arguments, height, end))
    }

    fn expect(&mut self, symbol: &'static str) -> Result<Range<usize>, Problem> {
        if self.token.kind == TokenKind::Symbol(symbol) {
            return Ok(self.advance()?.range);
        }
        Err(self.unexpected(&format!("`{symbol}`")))
    }

    fn unexpected(&self, wanted: &str) -> Problem {
        let found = match &self.token.kind {
            TokenKind::Word(word) => format!("`{word}`"),
            TokenKind::Integer(_) | TokenKind::Decimal(_) => "a number".to_owned(),
            TokenKind::Text(_) => "a text".to_owned(),
            TokenKind::Symbol("}") => "the end of the expression".to_owned(),
            TokenKind::Symbol(symbol) => format!("`{symbol}`"),
        };
        Problem::new(
            self.token.range.clone(),
            ProblemKind::Syntax,
            format!("expected {wanted}, found {found}"),
        )
    }

    fn node(&self, range: Range<usize>, below: usize, kind: AstKind) -> Result<Ast, Problem> {
        self.check_depth(below + 1, range.clone())?;
        Ok(Ast { kind, range, height: below + 1 })
    }

    fn check_depth(&self, depth: usize, range: Range<usize>) -> Result<(), Problem> {
        if depth <= DEPTH_MAX {
            return Ok(());
        }
        let message = format!("the expression is nested more than {DEPTH_MAX} levels deep");
        Err(Problem::new(range, ProblemKind::TooLarge, message))
    }
}

#[derive(Clone, Copy)]
enum Operator {
    Binary(BinaryOperator),
    Logic(LogicOperator),
}

/// The operator that a token stands for, and how strongly it binds.
fn binary_operator(token: &TokenKind<'_>) -> Option<(Operator, u8)> {
    let word = match token {
        TokenKind::Word(word) => *word,
        TokenKind::Symbol(symbol) => *symbol,
        _ => return None,
    };
    let (operator, strength) = match word {
        "||" | "or" => return Some((Operator::Logic(LogicOperator::Or), 2)),
        "&&" | "and" => return Some((Operator::Logic(LogicOperator::And), 3)),
        "==" | "eq" => (BinaryOperator::Equal, 4),
        "!=" | "ne" => (BinaryOperator::NotEqual, 4),
        "<" | "lt" => (BinaryOperator::Less, 5),
        ">" | "gt" => (BinaryOperator::Greater, 5),
        "<=" | "le" => (BinaryOperator::LessOrEqual, 5),
        ">=" | "ge" => (BinaryOperator::GreaterOrEqual, 5),
        "+" => (BinaryOperator::Add, 6),
        "-" => (BinaryOperator::Subtract, 6),
        "*" => (BinaryOperator::Multiply, 7),
        "/" | "div" => (BinaryOperator::Divide, 7),
        "%" | "mod" => (BinaryOperator::Remainder, 7),
        _ => return None,
    };
    Some((Operator::Binary(operator), strength))
}
