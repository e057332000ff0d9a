/** Values in PartiQL statements: literals, and parameters in their order. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { checkedValue } from '../attribute-values.ts';
import { validationError } from '../engine/item-checks.ts';
import type { DocumentPath } from '../expressions/document-path.ts';
import type { StatementReader } from './statement-tokens.ts';
import { malformed } from './statement-tokens.ts';

/** Source: service quotas, "Nested attribute depth". */
const MAX_DEPTH = 32;
const MAX_INDEX = 2 ** 31 - 1;

export class ValueParser {
  readonly tokens: StatementReader;
  private readonly parameters: readonly AttributeValue[];
  private used = 0;
  private depth = 0;

  constructor(tokens: StatementReader, parameters: readonly AttributeValue[] | undefined) {
    this.tokens = tokens;
    this.parameters = (parameters ?? []).map((value) => checkedValue(value));
  }

  /** Throws `ValidationException` unless each parameter has its place. */
  checkParameters(): void {
    if (this.used !== this.parameters.length) throw mismatch();
  }

  isValue(): boolean {
    const { kind } = this.tokens.current;
    return (
      kind === 'string' ||
      kind === 'number' ||
      kind === 'parameter' ||
      this.tokens.isSymbol('-', '+', '[', '{', '<<') ||
      this.tokens.isWord('TRUE', 'FALSE', 'NULL')
    );
  }

  value(): AttributeValue {
    return checkedValue(this.part());
  }

  path(): DocumentPath {
    const path: (string | number)[] = [this.tokens.name()];
    for (;;) {
      if (this.tokens.takeSymbol('.')) path.push(this.tokens.name());
      else if (this.tokens.takeSymbol('[')) path.push(this.member());
      else return path;
    }
  }

  /** In brackets: a place in a list, or a name in quotes. */
  private member(): string | number {
    const isNegative = this.tokens.takeSymbol('-');
    const { kind, text } = this.tokens.next();
    this.tokens.expectSymbol(']', 'Expected ]');
    if (kind === 'string') return text;
    if (kind !== 'number' || !/^\d+$/.test(text)) throw malformed('Unexpected path component');
    const index = Number(text);
    if (index <= MAX_INDEX && !(isNegative && index > 0)) return index;
    throw validationError(
      `List index is not within the allowable range; index: [${isNegative ? '-' : ''}${text}]`,
    );
  }

  private part(): AttributeValue {
    this.depth += 1;
    if (this.depth > MAX_DEPTH + 1) throw validationError('Nesting Levels have exceeded supported limits');
    const value = this.tokens.isSymbol('[', '{', '<<') ? this.collection() : this.scalar();
    this.depth -= 1;
    return value;
  }

  private scalar(): AttributeValue {
    const sign = this.tokens.isSymbol('-', '+') ? this.tokens.next().text : '';
    const { kind, text } = this.tokens.next();
    if (kind === 'number') return { N: `${sign}${text}` };
    if (sign !== '') throw malformed('Unexpected term');
    if (kind === 'string') return { S: text };
    if (kind === 'parameter') return this.parameter();
    switch (text.toUpperCase()) {
      case 'TRUE':
        return { BOOL: true };
      case 'FALSE':
        return { BOOL: false };
      case 'NULL':
        return { NULL: true };
      default:
        throw malformed('Unexpected term');
    }
  }

  private collection(): AttributeValue {
    switch (this.tokens.next().text) {
      case '[':
        return { L: this.tokens.listUntil(']', () => this.part()) };
      case '{':
        return { M: this.map() };
      default:
        return this.set();
    }
  }

  private map(): Record<string, AttributeValue> {
    const members = this.tokens.listUntil('}', (): [string, AttributeValue] => {
      const { kind, text } = this.tokens.next();
      if (kind !== 'string') throw malformed('Expected string as key of tuple');
      this.tokens.expectSymbol(':', 'Expected :');
      return [text, this.part()];
    });
    const twice = members.find(([name], place) => members.findIndex(([other]) => other === name) < place);
    if (twice !== undefined) throw validationError(`Duplicate keys in tuple. Key: ${twice[0]} under root`);
    return Object.fromEntries(members);
  }

  /** A bag of strings or of numbers. */
  private set(): AttributeValue {
    const members = this.tokens.listUntil('>>', () => this.part());
    if (members.length === 0) throw validationError('Empty bags are not supported');
    if (members.every(({ S }) => S !== undefined)) return { SS: members.map(({ S }) => S!) };
    if (members.every(({ N }) => N !== undefined)) return { NS: members.map(({ N }) => N!) };
    throw validationError(
      'Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags',
    );
  }

  private parameter(): AttributeValue {
    const value = this.parameters[this.used];
    if (value === undefined) throw mismatch();
    this.used += 1;
    return value;
  }
}

function mismatch(): Error {
  return validationError("Number of parameters in request and statement don't match.");
}
