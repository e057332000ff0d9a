/** Updates: sections of `SET`, `REMOVE`, `ADD` and `DELETE`. */
import { OperandParser } from './operand-parser.ts';
import type { OperandSyntax, UpdateActionSyntax, UpdateSyntax } from './syntax.ts';
import { TokenReader } from './tokens.ts';

type Section = UpdateActionSyntax['kind'];

const SECTIONS: readonly Section[] = ['SET', 'REMOVE', 'ADD', 'DELETE'];
/** A sum of two, in parentheses that are not in vain, is nowhere deeper. */
const MAX_DEPTH = 300;

export function updateSyntax(text: string, refuse: (reason: string) => Error): UpdateSyntax {
  return new UpdateParser(new OperandParser(new TokenReader(text, refuse), refuse)).whole();
}

class UpdateParser {
  private readonly operands: OperandParser;
  private depth = 0;

  constructor(operands: OperandParser) {
    this.operands = operands;
  }

  whole(): UpdateSyntax {
    const { tokens } = this.operands;
    const sections: Section[] = [];
    const actions: UpdateActionSyntax[] = [];
    do {
      const section = SECTIONS.find((word) => tokens.takeWord(word));
      if (section === undefined) throw tokens.syntaxError();
      sections.push(section);
      actions.push(...tokens.list(() => this.action(section)));
    } while (tokens.current.kind !== 'end');
    return { sections, actions };
  }

  private action(kind: Section): UpdateActionSyntax {
    const { tokens } = this.operands;
    if (SECTIONS.some((word) => tokens.isWord(word))) throw tokens.syntaxError();
    const path = this.operands.path();
    if (kind === 'REMOVE') return { kind, path };
    this.operands.countOperator();
    if (kind !== 'SET') return { kind, path, value: this.operands.value() };
    tokens.expectSymbol('=');
    return { kind, path, value: this.sum() };
  }

  /** An operand, or a sum or difference of two. */
  private sum(): OperandSyntax {
    const left = this.term();
    const { tokens } = this.operands;
    if (!tokens.isSymbol('+', '-') || isSum(left)) return left;
    this.operands.countOperator();
    const name = tokens.next().text;
    const right = this.term();
    if (isSum(right)) throw tokens.syntaxError();
    return { kind: 'call', name, operands: [left, right] };
  }

  private term(): OperandSyntax {
    const { tokens } = this.operands;
    if (tokens.takeSymbol('(')) {
      this.depth += 1;
      if (this.depth > MAX_DEPTH) throw tokens.syntaxError();
      const sum = this.sum();
      this.depth -= 1;
      tokens.expectSymbol(')');
      return sum;
    }
    if (SECTIONS.some((word) => tokens.isWord(word))) throw tokens.syntaxError();
    return tokens.isCall() ? this.operands.call(() => this.term()) : this.operands.operand();
  }
}

function isSum({ kind, ...operand }: OperandSyntax): boolean {
  return kind === 'call' && 'name' in operand && (operand.name === '+' || operand.name === '-');
}
