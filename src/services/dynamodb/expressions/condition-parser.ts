/** Conditions as trees. Precedence, the strongest first: comparisons, NOT, AND, OR. */
import { OperandParser } from './operand-parser.ts';
import type { ConditionSyntax, OperandSyntax } from './syntax.ts';
import { TokenReader } from './tokens.ts';

type Part = OperandSyntax | ConditionSyntax;

/** More parentheses or negations within each other than there may be operators: some are in vain. */
const MAX_DEPTH = 300;
const COMPARATORS = ['=', '<>', '<', '<=', '>', '>='] as const;
/** They stand between operands or before conditions, and are not names. */
const WORDS: ReadonlySet<string> = new Set(['AND', 'OR', 'NOT', 'BETWEEN', 'IN']);

export function conditionSyntax(text: string, refuse: (reason: string) => Error): ConditionSyntax {
  const tokens = new TokenReader(text, refuse);
  const parser = new ConditionParser(new OperandParser(tokens, refuse));
  return parser.whole();
}

class ConditionParser {
  private readonly operands: OperandParser;
  private depth = 0;
  private readonly parenthesised = new WeakSet<Part>();
  private hasRedundant = false;

  constructor(operands: OperandParser) {
    this.operands = operands;
  }

  whole(): ConditionSyntax {
    const condition = this.condition(this.disjunction());
    if (this.operands.tokens.current.kind !== 'end') throw this.operands.tokens.syntaxError();
    if (this.hasRedundant) throw this.redundantParentheses();
    return condition;
  }

  /** May also be an operand alone, which parentheses can be around. */
  private disjunction(): Part {
    let left = this.conjunction();
    while (this.operands.tokens.isWord('OR')) left = this.joined('or', left, () => this.conjunction());
    return left;
  }

  private conjunction(): Part {
    let left = this.negation();
    while (this.operands.tokens.isWord('AND')) left = this.joined('and', left, () => this.negation());
    return left;
  }

  private joined(kind: 'and' | 'or', left: Part, next: () => Part): ConditionSyntax {
    const first = this.condition(left);
    this.operands.tokens.next();
    this.operands.countOperator();
    return { kind, conditions: [first, this.condition(next())] };
  }

  private negation(): Part {
    if (!this.operands.tokens.takeWord('NOT')) return this.comparison();
    this.operands.countOperator();
    return this.deeper(() => ({ kind: 'not', conditions: [this.condition(this.negation())] }));
  }

  private comparison(): Part {
    const left = this.primary();
    const { tokens } = this.operands;
    if (!isOperand(left)) return left;
    if (tokens.isSymbol(...COMPARATORS)) {
      this.operands.countOperator();
      const operator = tokens.next().text;
      return { kind: 'compare', operator, operands: [left, this.operand()] };
    }
    if (tokens.takeWord('BETWEEN')) {
      this.operands.countOperator();
      const low = this.operand();
      if (!tokens.takeWord('AND')) throw tokens.syntaxError();
      return { kind: 'between', operator: 'BETWEEN', operands: [left, low, this.operand()] };
    }
    if (tokens.takeWord('IN')) {
      this.operands.countOperator();
      tokens.expectSymbol('(');
      const choices = tokens.list(() => this.operand());
      tokens.expectSymbol(')');
      return { kind: 'in', operator: 'IN', operands: [left, ...choices] };
    }
    return left;
  }

  private operand(): OperandSyntax {
    const part = this.primary();
    if (!isOperand(part)) throw this.operands.tokens.syntaxError();
    return part;
  }

  private primary(): Part {
    const { tokens } = this.operands;
    if (tokens.takeSymbol('(')) {
      const part = this.deeper(() => this.disjunction());
      tokens.expectSymbol(')');
      if (this.parenthesised.has(part)) this.hasRedundant = true;
      this.parenthesised.add(part);
      return part;
    }
    if (WORDS.has(tokens.current.text.toUpperCase())) throw tokens.syntaxError();
    return tokens.isCall() ? this.operands.call(() => this.operand()) : this.operands.operand();
  }

  private condition(part: Part): ConditionSyntax {
    if (part.kind === 'path' || part.kind === 'value') throw this.operands.tokens.syntaxError();
    return part;
  }

  private deeper<T>(parse: () => T): T {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw this.redundantParentheses();
    const parsed = parse();
    this.depth -= 1;
    return parsed;
  }

  private redundantParentheses(): Error {
    return this.operands.refuse('The expression has redundant parentheses;');
  }
}

function isOperand(part: Part): part is OperandSyntax {
  return part.kind === 'path' || part.kind === 'value' || part.kind === 'call';
}
