/**
 * Compares an answer with a recorded one. A numbered placeholder, `<uuid:1>`, stands for one value
 * wherever it has that number and for another value for another number; one without a number, and
 * `date`, for any value; `<a:len(3)>` for `aaa`.
 */

/** What AWS's answers have instead of this account, partition and region. */
export interface Surroundings {
  readonly accountId: string;
  readonly region: string;
}

const RECORDED_ACCOUNT = '111111111111';
/** Recorded in place of values, unlike the other placeholders without brackets or for a whole answer that AWS failed to give. */
const ANY_VALUE = new Set(['date', 'datetime', 'lambda-url', '<aws_internal_failure>']);
const PLACEHOLDER = /<([a-z][a-zA-Z0-9_-]*)(?::(?:len\((\d+)\)|(\d+)))?>/g;

export class Unifier {
  private readonly surroundings: Surroundings;
  /** Values by placeholder, `uuid:1`. */
  private readonly bound = new Map<string, string>();

  constructor(surroundings: Surroundings) {
    this.surroundings = surroundings;
  }

  /** Every difference, with its path; empty when the answer agrees. */
  differences(recorded: unknown, actual: unknown, path = ''): string[] {
    if (typeof recorded === 'string') return this.text(recorded, actual, path);
    if (Array.isArray(recorded)) return this.list(recorded, actual, path);
    if (typeof recorded === 'object' && recorded !== null) return this.object(recorded, actual, path);
    return Object.is(recorded, actual) ? [] : [differs(path, recorded, actual)];
  }

  private text(recorded: string, actual: unknown, path: string): string[] {
    if (ANY_VALUE.has(recorded)) {
      return actual === undefined ? [differs(path, recorded, actual)] : [];
    }
    if (typeof actual === 'number' && /^<[^<>]+>$/.test(recorded)) return [];
    if (typeof actual !== 'string') return [differs(path, recorded, actual)];
    const { pattern, names } = this.compile(recorded);
    const match = pattern.exec(actual);
    if (match === null) return [differs(path, recorded, actual)];
    for (const [index, name] of names.entries()) {
      const value = match[index + 1]!;
      const kind = name.slice(0, name.indexOf(':'));
      for (const [other, held] of this.bound) {
        if (held === value && other !== name && other.startsWith(`${kind}:`)) {
          return [`${path}: <${name}> and <${other}> are both ${JSON.stringify(value)}`];
        }
      }
      this.bound.set(name, value);
    }
    return [];
  }

  /** A pattern of the recorded text; a numbered placeholder without a value yet is a group of it. */
  private compile(recorded: string): { readonly pattern: RegExp; readonly names: readonly string[] } {
    const names: string[] = [];
    let pattern = '';
    let end = 0;
    for (const match of recorded.matchAll(PLACEHOLDER)) {
      pattern += this.literal(recorded.slice(end, match.index));
      pattern += this.placeholder(match[1]!, match[2], match[3], names);
      end = match.index + match[0].length;
    }
    return { pattern: new RegExp(`^${pattern}${this.literal(recorded.slice(end))}$`, 'su'), names };
  }

  private placeholder(
    name: string,
    length: string | undefined,
    number: string | undefined,
    names: string[],
  ): string {
    if (length !== undefined) return escaped(name.repeat(Number(length)));
    if (name === 'partition') return 'aws';
    if (name === 'region') return escaped(this.surroundings.region);
    if (number === undefined) return '.*?';
    const numbered = `${name}:${number}`;
    const held = this.bound.get(numbered);
    if (held !== undefined) return escaped(held);
    const earlier = names.indexOf(numbered);
    if (earlier >= 0) return `\\${earlier + 1}`;
    names.push(numbered);
    return '(.+?)';
  }

  private literal(text: string): string {
    return escaped(text.replaceAll(RECORDED_ACCOUNT, this.surroundings.accountId));
  }

  private list(recorded: readonly unknown[], actual: unknown, path: string): string[] {
    // A recorded list of member names where the answer has an object: its keys.
    const values = isObject(actual) ? Object.keys(actual).sort() : actual;
    if (!Array.isArray(values)) return [differs(path, recorded, actual)];
    if (values.length !== recorded.length) return [differs(path, recorded, values)];
    return recorded.flatMap((item, index) => this.differences(item, values[index], `${path}[${index}]`));
  }

  private object(recorded: object, answered: unknown, path: string): string[] {
    // A policy is text in an answer, and was recorded parsed.
    const isText = typeof answered === 'string' && answered.startsWith('{');
    const actual: unknown = isText ? JSON.parse(answered) : answered;
    if (!isObject(actual)) return [differs(path, recorded, actual)];
    const found: string[] = [];
    for (const [key, value] of Object.entries(recorded)) {
      const at = path === '' ? key : `${path}.${key}`;
      if (!(key in actual)) found.push(`${at}: missing, recorded ${JSON.stringify(value)}`);
      else found.push(...this.differences(value, actual[key], at));
    }
    for (const key of Object.keys(actual)) {
      if (key in recorded) continue;
      found.push(
        `${path === '' ? key : `${path}.${key}`}: not recorded, here ${JSON.stringify(actual[key])}`,
      );
    }
    return found;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

const SHOWN_CHARACTERS = 600;

function differs(path: string, recorded: unknown, actual: unknown): string {
  const show = (value: unknown): string => String(JSON.stringify(value)).slice(0, SHOWN_CHARACTERS);
  return `${path}: recorded ${show(recorded)}, here ${show(actual)}`;
}
