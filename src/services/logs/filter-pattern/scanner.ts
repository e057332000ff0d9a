import { AwsError } from '../../../core/errors.ts';

/** A position in a pattern, with the readings that its three kinds share. */
export class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The next character, empty at the end. */
  peek(): string {
    return this.#text.charAt(this.#at);
  }

  skipSpace(): void {
    while (/\s/.test(this.peek())) this.#at += 1;
  }

  /** Takes `literal` if it comes next. */
  take(literal: string): boolean {
    if (!this.#text.startsWith(literal, this.#at)) return false;
    this.#at += literal.length;
    return true;
  }

  /** Takes what matches from here on; `expression` must be sticky. Empty when nothing does. */
  match(expression: RegExp): string {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  /** The text between `quote` and the next unescaped one; the opening one has been taken. */
  until(quote: '"' | '%' | "'"): string {
    let content = '';
    for (;;) {
      if (this.done) throw invalidPattern();
      const character = this.#text.charAt(this.#at++);
      if (character === quote) return content;
      if (character === '\\' && !this.done) {
        const escaped = this.#text.charAt(this.#at++);
        content += quote === '%' && escaped !== '%' ? `\\${escaped}` : escaped;
      } else {
        content += character;
      }
    }
  }
}

export function invalidPattern(detail = 'Invalid filter pattern'): AwsError {
  return new AwsError('InvalidParameterException', detail);
}
