/** Expressions as tokens. */
export interface Token {
  readonly kind: 'name' | 'alias' | 'value' | 'index' | 'symbol' | 'end';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** What a name of an attribute, of an alias or of a value is made of; anything else is a symbol of one character. */
const TOKEN = /(?<name>[a-zA-Z]\w*)|(?<alias>#\w+)|(?<value>:\w+)|(?<index>\d+)|(?<symbol><>|<=|>=|\S)/gu;

export function tokensOf(text: string): Token[] {
  const tokens = [...text.matchAll(TOKEN)].map((match): Token => {
    const [kind] = Object.entries(match.groups!).find(([, part]) => part !== undefined)!;
    const [part] = match;
    return { kind: kind as Token['kind'], text: part, start: match.index, end: match.index + part.length };
  });
  return [...tokens, { kind: 'end', text: '<EOF>', start: text.length, end: text.length }];
}

/** Goes through the tokens of an expression, and says where it is not one. */
export class TokenReader {
  private readonly source: string;
  private readonly tokens: readonly Token[];
  private readonly refuse: (reason: string) => Error;
  private position = 0;

  /** `refuse` makes an error of a reason. */
  constructor(source: string, refuse: (reason: string) => Error) {
    this.source = source;
    this.tokens = tokensOf(source);
    this.refuse = refuse;
  }

  get current(): Token {
    return this.tokens[this.position]!;
  }

  isSymbol(...texts: readonly string[]): boolean {
    return this.current.kind === 'symbol' && texts.includes(this.current.text);
  }

  isWord(word: string): boolean {
    return this.current.kind === 'name' && this.current.text.toUpperCase() === word;
  }

  /** Whether this is a name that an opening parenthesis follows. */
  isCall(): boolean {
    return this.current.kind === 'name' && this.tokens[this.position + 1]!.text === '(';
  }

  next(): Token {
    const token = this.current;
    if (token.kind !== 'end') this.position += 1;
    return token;
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

  expectSymbol(text: string): void {
    if (!this.takeSymbol(text)) throw this.syntaxError();
  }

  /** Things of one kind with commas between. */
  list<T>(part: () => T): T[] {
    const parts = [part()];
    while (this.takeSymbol(',')) parts.push(part());
    return parts;
  }

  /** Tells the token that is not understood, with those before and after it, in DynamoDB's form. */
  syntaxError(): Error {
    const before = this.tokens[this.position - 1] ?? this.current;
    const after = this.tokens[this.position + 1] ?? this.current;
    const near = this.source.slice(before.start, after.end);
    return this.refuse(`Syntax error; token: "${this.current.text}", near: "${near}"`);
  }
}
