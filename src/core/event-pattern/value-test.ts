/** One item of a pattern's list: a plain value, or an object with one comparison. */
import { BlockList, isIP } from 'node:net';

export interface ValueTest {
  matches(value: unknown): boolean;
  /** Whether it holds where the event has no such field. */
  readonly absent: boolean;
}

type Refuse = (message: string) => Error;
type Compare = (value: unknown) => boolean;

export function valueTest(item: unknown, refuse: Refuse): ValueTest {
  if (typeof item !== 'object' || item === null) return present((value) => value === item);
  const [entry, ...others] = Object.entries(item);
  if (Array.isArray(item) || entry === undefined || others.length > 0) {
    throw refuse('Only one key allowed in match expression');
  }
  const [operator, operand] = entry;
  if (operator === 'exists') return exists(operand, refuse);
  return present(comparison(operator, operand, refuse));
}

function present(matches: Compare): ValueTest {
  return { matches, absent: false };
}

function exists(operand: unknown, refuse: Refuse): ValueTest {
  if (typeof operand !== 'boolean') throw refuse('exists match pattern must be either true or false.');
  return { matches: () => operand, absent: !operand };
}

function comparison(operator: string, operand: unknown, refuse: Refuse): Compare {
  switch (operator) {
    case 'prefix':
    case 'suffix':
      return affix(operator, operand, refuse);
    case 'equals-ignore-case': {
      const wanted = text(operand, operator, refuse).toLowerCase();
      return (value) => typeof value === 'string' && value.toLowerCase() === wanted;
    }
    case 'wildcard':
      return wildcard(text(operand, operator, refuse), refuse);
    case 'numeric':
      return numeric(operand, refuse);
    case 'cidr':
      return cidr(text(operand, 'prefix', refuse), refuse);
    case 'anything-but':
      return anythingBut(operand, refuse);
    default:
      throw refuse(`Unrecognized match type ${operator}`);
  }
}

function affix(operator: 'prefix' | 'suffix', operand: unknown, refuse: Refuse): Compare {
  const ignoringCase = isObject(operand) ? operand['equals-ignore-case'] : undefined;
  const wanted = text(ignoringCase ?? operand, operator, refuse);
  const folded = ignoringCase === undefined ? wanted : wanted.toLowerCase();
  return (value) => {
    if (typeof value !== 'string') return false;
    const held = ignoringCase === undefined ? value : value.toLowerCase();
    return operator === 'prefix' ? held.startsWith(folded) : held.endsWith(folded);
  };
}

/** One of these, with one value or a list of them. Source: "Anything-but matching". */
const BUT_OPERATORS = ['prefix', 'suffix', 'equals-ignore-case', 'wildcard'];
const BUT_FORM = 'Value of anything-but must be an array or single string/number value.';

function anythingBut(operand: unknown, refuse: Refuse): Compare {
  if (isObject(operand)) return noneOf(operand, refuse);
  if (operand === null || typeof operand === 'boolean') throw refuse(BUT_FORM);
  const excluded = listed(operand);
  if (excluded.length === 0) throw refuse('Empty arrays are not allowed');
  if (excluded.some((one) => typeof one !== 'string' && typeof one !== 'number'))
    throw refuse('Inside anything but list, start|null|boolean is not supported.');
  return (value) => !excluded.includes(value);
}

function noneOf(operand: Readonly<Record<string, unknown>>, refuse: Refuse): Compare {
  const [entry, ...others] = Object.entries(operand);
  if (entry === undefined || others.length > 0) throw refuse('Only one key allowed in match expression');
  const [operator, wanted] = entry;
  if (!BUT_OPERATORS.includes(operator)) throw refuse(`Unsupported anything-but pattern: ${operator}`);
  const isAffix = operator === 'prefix' || operator === 'suffix';
  if (isAffix && isObject(wanted)) throw refuse(BUT_FORM);
  const compares = listed(wanted).map((one) => {
    if (typeof one !== 'string') throw refuse(notText(operator));
    if (isAffix && one === '') throw refuse('Null prefix/suffix not allowed');
    return comparison(operator, one, refuse);
  });
  // Values that are no strings are something else than any string.
  return (value) => !compares.some((compare) => compare(value));
}

function notText(operator: string): string {
  if (operator === 'equals-ignore-case')
    return 'Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.';
  return `${operator === 'wildcard' ? operator : 'prefix/suffix'} match pattern must be a string`;
}

const NUMERIC: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

/** An operator and a number, or two such pairs that make a range. */
function numeric(operand: unknown, refuse: Refuse): Compare {
  if (!Array.isArray(operand)) throw refuse('Value of numeric must be an array.');
  const parts = operand as unknown[];
  const checks: ((value: number) => boolean)[] = [];
  for (let index = 0; index < parts.length; index += 2) {
    const [operator, bound] = [parts[index], parts[index + 1]];
    const compare = typeof operator === 'string' ? NUMERIC[operator] : undefined;
    // A range has one bound below and one above.
    const isSecondBelow = index === 2 && !String(operator).startsWith('<');
    if (compare === undefined || index > 2 || isSecondBelow)
      throw refuse(`Bad numeric range operator: ${String(operator)}`);
    if (typeof bound !== 'number') throw refuse(`Value of ${String(operator)} must be numeric`);
    checks.push((value) => compare(value, bound));
  }
  if (checks.length === 0) throw refuse('Invalid member in numeric match: ]');
  return (value) => typeof value === 'number' && checks.every((check) => check(value));
}

function cidr(block: string, refuse: Refuse): Compare {
  const [address = '', bits, ...rest] = block.split('/');
  if (bits === undefined || rest.length > 0) throw refuse("Malformed CIDR, one '/' required");
  const version = isIP(address);
  if (version === 0) throw refuse(`Nonstandard IP address: ${address}`);
  const prefix = Number(bits);
  if (bits === '' || !Number.isInteger(prefix)) throw refuse('Malformed CIDR, mask bits must be an integer');
  if (prefix < 0 || prefix > (version === 4 ? 32 : 128))
    throw refuse('Malformed CIDR, mask bits must not be negative and not too large');
  const addresses = new BlockList();
  addresses.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6');
  return (value) => {
    if (typeof value !== 'string') return false;
    const held = isIP(value);
    return held !== 0 && addresses.check(value, held === 4 ? 'ipv4' : 'ipv6');
  };
}

/** `*` stands for any characters, `\*` and `\\` for themselves; two stars in a row are refused. */
function wildcard(pattern: string, refuse: Refuse): Compare {
  const pieces: string[] = [''];
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index]!;
    if (character === '*') {
      if (pattern[index + 1] === '*') throw refuse(`Consecutive wildcard characters at pos ${index}`);
      pieces.push('');
      continue;
    }
    if (character === '\\') {
      index += 1;
      if (pattern[index] !== '*' && pattern[index] !== '\\')
        throw refuse(`Invalid escape character at pos ${index - 1}`);
    }
    pieces[pieces.length - 1] += pattern[index]!;
  }
  return (value) => typeof value === 'string' && matchesPieces(value, pieces);
}

/** Without regular expressions, so that no pattern takes longer than the value is long, for each piece. */
function matchesPieces(value: string, pieces: readonly string[]): boolean {
  const [first = '', ...rest] = pieces;
  const last = rest.pop();
  if (last === undefined) return value === first;
  if (!value.startsWith(first)) return false;
  let from = first.length;
  for (const piece of rest) {
    const found = value.indexOf(piece, from);
    if (found < 0) return false;
    from = found + piece.length;
  }
  return value.length - last.length >= from && value.endsWith(last);
}

function text(operand: unknown, operator: string, refuse: Refuse): string {
  if (typeof operand !== 'string') throw refuse(`${operator} match pattern must be a string`);
  return operand;
}

function listed(operand: unknown): readonly unknown[] {
  return Array.isArray(operand) ? operand : [operand];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
