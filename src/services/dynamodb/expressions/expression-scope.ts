/** The names and values that the expressions of one request share. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../../../core/errors.ts';
import { checkedValue } from '../attribute-values.ts';
import { validationError } from '../engine/item-checks.ts';
import type { DocumentPath } from './document-path.ts';
import { isReserved } from './reserved-words.ts';
import type { PathSyntax } from './syntax.ts';

export interface ScopeParameters {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined;
}

const NAME_KEY = /^#\w+$/;
const VALUE_KEY = /^:\w+$/;
/** Source: service quotas, "Nested attribute depth". */
const MAX_PATH_DEPTH = 32;

export class ExpressionScope {
  private readonly names: ReadonlyMap<string, string>;
  private readonly values: ReadonlyMap<string, AttributeValue>;
  private readonly used = new Set<string>();

  /** Throws `ValidationException` for keys and values that cannot be. */
  constructor({ ExpressionAttributeNames: names, ExpressionAttributeValues: values }: ScopeParameters) {
    checkKeys('ExpressionAttributeNames', names, NAME_KEY);
    checkKeys('ExpressionAttributeValues', values, VALUE_KEY);
    this.names = new Map(Object.entries(names ?? {}));
    this.values = new Map(
      Object.entries(values ?? {}).map(([key, value]) => [key, checkedParameter(key, value)]),
    );
  }

  path({ parts }: PathSyntax, refuse: (reason: string) => Error): DocumentPath {
    const path = parts.map((part) => {
      if ('index' in part) return part.index;
      return 'name' in part ? part.name : this.name(part.alias, refuse);
    });
    if (path.length > MAX_PATH_DEPTH) {
      throw refuse(`The document path has too many nesting levels; nesting levels: ${path.length}`);
    }
    return path;
  }

  value(key: string, refuse: (reason: string) => Error): AttributeValue {
    const value = this.values.get(key);
    if (value === undefined) {
      throw refuse(
        `An expression attribute value used in expression is not defined; attribute value: ${key}`,
      );
    }
    this.used.add(key);
    return value;
  }

  /** Throws `ValidationException` for names and values that no expression of the request has used. */
  checkUsed(): void {
    this.checkAllUsed('ExpressionAttributeNames', this.names.keys());
    this.checkAllUsed('ExpressionAttributeValues', this.values.keys());
  }

  private name(alias: string, refuse: (reason: string) => Error): string {
    const name = this.names.get(alias);
    if (name === undefined) {
      throw refuse(
        `An expression attribute name used in the document path is not defined; attribute name: ${alias}`,
      );
    }
    this.used.add(alias);
    return name;
  }

  private checkAllUsed(parameter: string, keys: Iterable<string>): void {
    const unused = [...keys].filter((key) => !this.used.has(key));
    if (unused.length === 0) return;
    throw validationError(
      `Value provided in ${parameter} unused in expressions: keys: {${unused.join(', ')}}`,
    );
  }
}

/** Throws for a path that names an attribute by a reserved word. */
export function checkReserved({ parts }: PathSyntax, refuse: (reason: string) => Error): void {
  for (const part of parts) {
    if ('name' in part && isReserved(part.name)) {
      throw refuse(`Attribute name is a reserved keyword; reserved keyword: ${part.name}`);
    }
  }
}

function checkKeys(
  parameter: string,
  held: Readonly<Record<string, unknown>> | undefined,
  form: RegExp,
): void {
  if (held === undefined) return;
  const keys = Object.keys(held);
  if (keys.length === 0) throw validationError(`${parameter} must not be empty`);
  const wrong = keys.find((key) => !form.test(key));
  if (wrong !== undefined) {
    throw validationError(`${parameter} contains invalid key: Syntax error; key: "${wrong}"`);
  }
}

function checkedParameter(key: string, value: AttributeValue): AttributeValue {
  try {
    return checkedValue(value);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw validationError(
      `ExpressionAttributeValues contains invalid value: ${error.message} for key ${key}`,
    );
  }
}
