/** What all expressions are made of: paths, values, calls. Limits: service quotas, "Expression parameters". */
import type { OperandSyntax, PathPart, PathSyntax, ValueSyntax } from './syntax.ts';
import type { TokenReader } from './tokens.ts';

const MAX_OPERATORS = 300;
const MAX_INDEX = 2 ** 31 - 1;

export class OperandParser {
  readonly tokens: TokenReader;
  readonly refuse: (reason: string) => Error;
  private operators = 0;

  constructor(tokens: TokenReader, refuse: (reason: string) => Error) {
    this.tokens = tokens;
    this.refuse = refuse;
  }

  /** Counts one more operator or function. */
  countOperator(): void {
    this.operators += 1;
    if (this.operators <= MAX_OPERATORS) return;
    throw this.refuse(`The expression contains too many operators; operator count: ${this.operators}`);
  }

  path(): PathSyntax {
    const parts: PathPart[] = [this.name()];
    for (;;) {
      if (this.tokens.takeSymbol('.')) parts.push(this.name());
      else if (this.tokens.takeSymbol('[')) parts.push(this.index());
      else return { kind: 'path', parts };
    }
  }

  value(): ValueSyntax {
    if (this.tokens.current.kind !== 'value') throw this.tokens.syntaxError();
    return { kind: 'value', key: this.tokens.next().text };
  }

  /** A path, a value, or a call of a function with such. */
  operand(): OperandSyntax {
    if (this.tokens.isCall()) return this.call(() => this.operand());
    return this.tokens.current.kind === 'value' ? this.value() : this.path();
  }

  /** `operand` reads each operand of the function. */
  call(operand: () => OperandSyntax): OperandSyntax {
    this.countOperator();
    const name = this.tokens.next().text;
    this.tokens.expectSymbol('(');
    const operands = this.tokens.list(operand);
    this.tokens.expectSymbol(')');
    return { kind: 'call', name, operands };
  }

  private name(): PathPart {
    const { kind, text } = this.tokens.current;
    if (kind !== 'name' && kind !== 'alias') throw this.tokens.syntaxError();
    this.tokens.next();
    return kind === 'name' ? { name: text } : { alias: text };
  }

  private index(): PathPart {
    const { kind, text } = this.tokens.current;
    if (kind !== 'index') throw this.tokens.syntaxError();
    this.tokens.next();
    const index = Number(text);
    if (index > MAX_INDEX) {
      throw this.refuse(`List index is not within the allowable range; index: [${text}]`);
    }
    this.tokens.expectSymbol(']');
    return { index };
  }
}
