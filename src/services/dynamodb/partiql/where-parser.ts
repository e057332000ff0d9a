/** What follows WHERE: the conditions of expressions in PartiQL's form. */
import { validationError } from '../engine/item-checks.ts';
import {
  CONDITION_FUNCTIONS,
  checkCall,
  checkComparison,
  checkCount,
  checkSize,
} from '../expressions/condition-checks.ts';
import type { Comparator, Condition, ConditionFunction, Operand } from '../expressions/parsed.ts';
import { malformed } from './statement-tokens.ts';
import type { ValueParser } from './value-parser.ts';

const COMPARATORS: Readonly<Record<string, Comparator>> = {
  '=': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
/** By the names of PartiQL. */
const TYPES: Readonly<Record<string, string>> = {
  NULL: 'NULL',
  BOOLEAN: 'BOOL',
  BLOB: 'B',
  STRING: 'S',
  NUMERIC: 'N',
  STRUCT: 'M',
  TUPLE: 'M',
  LIST: 'L',
};
/** Deeper ones no statement needs. */
const MAX_DEPTH = 300;

export class WhereParser {
  private readonly values: ValueParser;
  private depth = 0;

  constructor(values: ValueParser) {
    this.values = values;
  }

  condition(): Condition {
    return this.joined('or', () => this.joined('and', () => this.negation()));
  }

  private joined(kind: 'and' | 'or', part: () => Condition): Condition {
    const conditions = [part()];
    while (this.values.tokens.takeWord(kind.toUpperCase())) conditions.push(part());
    return conditions.length === 1 ? conditions[0]! : { kind, conditions };
  }

  private negation(): Condition {
    const { tokens } = this.values;
    if (tokens.takeWord('NOT')) return this.deeper(() => ({ kind: 'not', condition: this.negation() }));
    if (!tokens.takeSymbol('(')) return this.comparison();
    const condition = this.deeper(() => this.condition());
    tokens.expectSymbol(')', 'Expected RIGHT_PAREN');
    return condition;
  }

  private deeper(parse: () => Condition): Condition {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw malformed('Too deep');
    const condition = parse();
    this.depth -= 1;
    return condition;
  }

  private comparison(): Condition {
    const { tokens } = this.values;
    if (tokens.isCall() && tokens.current.text.toLowerCase() !== 'size') return this.call();
    const left = this.operand();
    const { kind, text } = tokens.current;
    const comparator = kind === 'symbol' && Object.hasOwn(COMPARATORS, text) ? COMPARATORS[text] : undefined;
    if (comparator !== undefined) {
      tokens.next();
      return checked({ kind: 'compare', operator: comparator, operands: [left, this.operand()] });
    }
    if (tokens.takeWord('BETWEEN')) {
      const low = this.operand();
      tokens.expectWord('AND');
      return checked({ kind: 'between', operands: [left, low, this.operand()] });
    }
    if (tokens.takeWord('IS')) return this.type(left);
    const isNegated = tokens.takeWord('NOT');
    if (tokens.takeWord('IN')) {
      const condition = checked({ kind: 'in', operand: left, choices: this.choices() });
      return isNegated ? { kind: 'not', condition } : condition;
    }
    throw validationError('WHERE clause must contain an expression that resolves to a boolean');
  }

  private choices(): Operand[] {
    const { tokens } = this.values;
    const close = tokens.takeSymbol('[') ? ']' : ')';
    if (close === ')') tokens.expectSymbol('(', 'Expected [');
    const choices = tokens.listUntil(close, () => this.operand());
    if (choices.length > 0) return choices;
    throw validationError(
      'IN operator must have a left hand argument of type Variable Reference and right hand argument of type Seq with at least one member',
    );
  }

  private type(operand: Operand): Condition {
    const { tokens } = this.values;
    if (operand.kind === 'size') {
      throw validationError(
        'The left hand side argument to IS must be a Variable Reference, Literal, or Path',
      );
    }
    const isNegated = tokens.takeWord('NOT');
    const name = tokens.next().text.toUpperCase();
    let condition: Condition = { kind: 'call', name: 'attribute_not_exists', operands: [operand] };
    if (name !== 'MISSING') {
      const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
      if (type === undefined) {
        throw validationError(
          `Unsupported data type for IS operator: ${name}. Supported data types are [MISSING, NULL, BOOLEAN, BLOB, STRING, NUMERIC, STRUCT, TUPLE, LIST]`,
        );
      }
      const value: Operand = { kind: 'value', value: { S: type } };
      condition = { kind: 'call', name: 'attribute_type', operands: [operand, value] };
    }
    return isNegated ? { kind: 'not', condition } : condition;
  }

  private call(): Condition {
    const { tokens } = this.values;
    const name = tokens.next().text.toLowerCase() as ConditionFunction;
    if (!Object.hasOwn(CONDITION_FUNCTIONS, name)) throw validationError(`Unrecognized function: ${name}`);
    tokens.expectSymbol('(', 'Expected LEFT_PAREN');
    const operands = tokens.listUntil(')', () => this.operand());
    checkCount(name, operands.length, CONDITION_FUNCTIONS[name], validationError);
    checkCall(name, operands, validationError);
    return { kind: 'call', name, operands };
  }

  private operand(): Operand {
    const { tokens } = this.values;
    if (tokens.isWord('SIZE') && tokens.isCall()) {
      tokens.next();
      tokens.next();
      const of = this.operand();
      tokens.expectSymbol(')', 'Expected RIGHT_PAREN');
      checkSize(of, validationError);
      return { kind: 'size', of };
    }
    if (tokens.isWord('MISSING')) throw validationError('MISSING must be compared using IS operator');
    if (this.values.isValue()) return { kind: 'value', value: this.values.value() };
    return { kind: 'path', path: this.values.path() };
  }
}

function checked(condition: Extract<Condition, { readonly kind: 'compare' | 'between' | 'in' }>): Condition {
  checkComparison(condition, validationError);
  return condition;
}
