/** PartiQL statements as tokens. */
import { validationError } from '../engine/item-checks.ts';

export interface StatementToken {
  readonly kind: 'word' | 'identifier' | 'string' | 'number' | 'parameter' | 'symbol' | 'end';
  /** Of identifiers and strings, without their quotes. */
  readonly text: string;
}

const TOKEN =
  /(?<word>[a-zA-Z_$][\w$]*)|"(?<identifier>(?:[^"]|"")*)"|'(?<string>(?:[^']|'')*)'|(?<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(?<parameter>\?)|(?<symbol><<|>>|<>|!=|<=|>=|\S)/gu;

/** They shape statements, and are names only in quotes. */
const KEYWORDS: ReadonlySet<string> = new Set(
  'SELECT FROM WHERE ORDER BY AND OR NOT IN BETWEEN IS SET REMOVE RETURNING INSERT INTO VALUE UPDATE DELETE'.split(
    ' ',
  ),
);

/** `reason`: as AWS's parser gives it. */
export function malformed(reason: string): Error {
  return validationError(`Statement wasn't well formed, can't be processed: ${reason}`);
}

/** Goes through the tokens of a statement. */
export class StatementReader {
  private readonly tokens: readonly StatementToken[];
  private position = 0;

  constructor(statement: string) {
    this.tokens = [...statement.matchAll(TOKEN)].map((match): StatementToken => {
      const [kind, text] = Object.entries(match.groups!).find(([, part]) => part !== undefined)!;
      if (kind === 'identifier') return { kind, text: text.replaceAll('""', '"') };
      if (kind === 'string') return { kind, text: text.replaceAll("''", "'") };
      return { kind: kind as StatementToken['kind'], text };
    });
  }

  get current(): StatementToken {
    return this.tokens[this.position] ?? { kind: 'end', text: '' };
  }

  next(): StatementToken {
    const token = this.current;
    this.position += 1;
    return token;
  }

  isSymbol(...texts: readonly string[]): boolean {
    return this.current.kind === 'symbol' && texts.includes(this.current.text);
  }

  isWord(...words: readonly string[]): boolean {
    return this.current.kind === 'word' && words.includes(this.current.text.toUpperCase());
  }

  /** Whether this is a name that an opening parenthesis follows. */
  isCall(): boolean {
    const after = this.tokens[this.position + 1];
    return this.current.kind === 'word' && after?.kind === 'symbol' && after.text === '(';
  }

  takeSymbol(text: string): boolean {
    if (!this.isSymbol(text)) return false;
    this.position += 1;
    return true;
  }

  takeWord(word: string): boolean {
    if (!this.isWord(word)) return false;
    this.position += 1;
    return true;
  }

  expectSymbol(text: string, reason: string): void {
    if (!this.takeSymbol(text)) throw malformed(reason);
  }

  expectWord(word: string): void {
    if (!this.takeWord(word)) throw malformed(`Expected ${word}`);
  }

  /** Of a table, an index or an attribute: quoted, or a word that has no other use. */
  name(): string {
    const { kind, text } = this.current;
    if (kind !== 'identifier' && (kind !== 'word' || KEYWORDS.has(text.toUpperCase()))) {
      throw malformed('Expected identifier');
    }
    this.position += 1;
    return text;
  }

  /** Things with commas between; `close` ends them, and may end them at once. */
  listUntil<T>(close: string, part: () => T): T[] {
    const parts: T[] = [];
    if (this.takeSymbol(close)) return parts;
    do parts.push(part());
    while (this.takeSymbol(','));
    this.expectSymbol(close, `Expected ${close}`);
    return parts;
  }
}
