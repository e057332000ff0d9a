/** One item of a pattern's list: a plain value, or an object with one comparison. */
import { BlockList, isIP } from 'node:net';

export interface ValueTest {
  matches(value: unknown): boolean;
  /** Whether it holds where the event has no such field. */
  readonly absent: boolean;
}

type Refuse = (message: string) => Error;
type Compare = (value: unknown) => boolean;

export function valueTest(item: unknown, name: string, refuse: Refuse): ValueTest {
  if (typeof item !== 'object' || item === null) return present((value) => value === item);
  const [entry, ...others] = Object.entries(item);
  if (Array.isArray(item) || entry === undefined || others.length > 0) {
    throw refuse(`A comparison of "${name}" must be an object with one operator.`);
  }
  const [operator, operand] = entry;
  if (operator === 'exists') return exists(operand, name, refuse);
  return present(comparison(operator, operand, name, refuse));
}

function present(matches: Compare): ValueTest {
  return { matches, absent: false };
}

function exists(operand: unknown, name: string, refuse: Refuse): ValueTest {
  if (typeof operand !== 'boolean') throw refuse(`"exists" of "${name}" must be true or false.`);
  return { matches: () => operand, absent: !operand };
}

function comparison(operator: string, operand: unknown, name: string, refuse: Refuse): Compare {
  switch (operator) {
    case 'prefix':
    case 'suffix':
      return affix(operator, operand, name, refuse);
    case 'equals-ignore-case': {
      const wanted = text(operand, operator, name, refuse).toLowerCase();
      return (value) => typeof value === 'string' && value.toLowerCase() === wanted;
    }
    case 'wildcard':
      return wildcard(text(operand, operator, name, refuse), refuse);
    case 'numeric':
      return numeric(operand, name, refuse);
    case 'cidr':
      return cidr(text(operand, operator, name, refuse), refuse);
    case 'anything-but':
      return anythingBut(operand, name, refuse);
    default:
      throw refuse(`Unrecognized match type ${operator} of "${name}".`);
  }
}

function affix(operator: 'prefix' | 'suffix', operand: unknown, name: string, refuse: Refuse): Compare {
  const ignoringCase = isObject(operand) ? operand['equals-ignore-case'] : undefined;
  const wanted = text(ignoringCase ?? operand, operator, name, refuse);
  const folded = ignoringCase === undefined ? wanted : wanted.toLowerCase();
  return (value) => {
    if (typeof value !== 'string') return false;
    const held = ignoringCase === undefined ? value : value.toLowerCase();
    return operator === 'prefix' ? held.startsWith(folded) : held.endsWith(folded);
  };
}

/** One of these, or a list of values. Source: "Anything-but matching". */
const BUT_OPERATORS = ['prefix', 'suffix', 'equals-ignore-case', 'wildcard'];

function anythingBut(operand: unknown, name: string, refuse: Refuse): Compare {
  if (isObject(operand)) {
    const [entry, ...others] = Object.entries(operand);
    if (entry === undefined || others.length > 0 || !BUT_OPERATORS.includes(entry[0])) {
      throw refuse(`"anything-but" of "${name}" has an operator that it does not take.`);
    }
    const [operator, wanted] = entry;
    const compares = listed(wanted).map((one) => comparison(operator, one, name, refuse));
    // Values that are no strings are something else than any string.
    return (value) => !compares.some((compare) => compare(value));
  }
  const excluded = listed(operand);
  if (excluded.length === 0 || excluded.some((one) => typeof one !== 'string' && typeof one !== 'number')) {
    throw refuse(`"anything-but" of "${name}" must be strings or numbers.`);
  }
  return (value) => !excluded.includes(value);
}

const NUMERIC: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

/** An operator and a number, or two such pairs that make a range. */
function numeric(operand: unknown, name: string, refuse: Refuse): Compare {
  const parts = Array.isArray(operand) ? (operand as unknown[]) : [];
  const checks: ((value: number) => boolean)[] = [];
  for (let index = 0; index + 1 < parts.length; index += 2) {
    const [operator, bound] = [parts[index], parts[index + 1]];
    const compare = typeof operator === 'string' ? NUMERIC[operator] : undefined;
    if (compare === undefined || typeof bound !== 'number') break;
    checks.push((value) => compare(value, bound));
  }
  if (checks.length === 0 || checks.length > 2 || checks.length * 2 !== parts.length) {
    throw refuse(`"numeric" of "${name}" must be one or two operators, each with a number.`);
  }
  return (value) => typeof value === 'number' && checks.every((check) => check(value));
}

function cidr(block: string, refuse: Refuse): Compare {
  const [address = '', bits = ''] = block.split('/');
  const version = isIP(address);
  const prefix = Number(bits);
  if (
    version === 0 ||
    bits === '' ||
    !Number.isInteger(prefix) ||
    prefix < 0 ||
    prefix > (version === 4 ? 32 : 128)
  ) {
    throw refuse(`Malformed CIDR: ${block}.`);
  }
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
      if (pattern[index + 1] === '*') throw refuse('Consecutive wildcard characters are not supported.');
      pieces.push('');
      continue;
    }
    if (character === '\\') {
      index += 1;
      if (pattern[index] !== '*' && pattern[index] !== '\\') throw refuse('Invalid escape character.');
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

function text(operand: unknown, operator: string, name: string, refuse: Refuse): string {
  if (typeof operand !== 'string') throw refuse(`"${operator}" of "${name}" must be a string.`);
  return operand;
}

function listed(operand: unknown): readonly unknown[] {
  return Array.isArray(operand) ? operand : [operand];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
