/**
 * The checks that AWS's front ends make from the model, in their words:
 * `1 validation error detected: Value 'x' at 'functionName' failed to satisfy constraint: Member must …`.
 */
import type { Member, Shape } from './shape.ts';

export interface ConstraintOptions {
  /** Prefix of every path, as some services say `createRestApiInput.endpointConfiguration`. Default none. */
  readonly root?: string;
  /** Members of the input that the operation checks in words of its own. */
  readonly unchecked?: ReadonlySet<string> | undefined;
}

/** The whole message, or undefined when every constraint holds. */
export function violatedConstraints(
  shape: Shape,
  value: unknown,
  options: ConstraintOptions = {},
): string | undefined {
  const violations: string[] = [];
  const members = value as Record<string, unknown>;
  const root = options.root ?? '';
  // What is part of the path comes last: recorded of Lambda, with `qualifier` before `functionName`.
  for (const isInPath of [false, true]) {
    for (const member of shape.members) {
      if ((member.traits.location === 'uri') !== isInPath || options.unchecked?.has(member.name)) continue;
      checkMember(member, members[member.name], root, violations);
    }
  }
  if (violations.length === 0) return undefined;
  const errors = violations.length === 1 ? '1 validation error' : `${violations.length} validation errors`;
  return `${errors} detected: ${violations.join('; ')}`;
}

function checkMember(member: Member, held: unknown, path: string, violations: string[]): void {
  const at = path === '' ? lowerFirst(member.name) : `${path}.${lowerFirst(member.name)}`;
  if (held !== undefined && held !== null) check(member.shape, held, at, violations);
  else if (member.required) {
    violations.push(`Value null at '${at}' failed to satisfy constraint: Member must not be null`);
  }
}

function check(shape: Shape, value: unknown, at: string, violations: string[]): void {
  for (const rule of brokenRules(shape, value)) {
    violations.push(`Value ${shown(value, shape)} at '${at}' failed to satisfy constraint: ${rule}`);
  }
  if (shape.type === 'structure') {
    if (shape.file.document !== true && shape.file.eventstream !== true) {
      for (const member of shape.members) {
        checkMember(member, (value as Record<string, unknown>)[member.name], at, violations);
      }
    }
  } else if (shape.type === 'list') checkList(shape, value as unknown[], at, violations);
  else if (shape.type === 'map') checkMap(shape, value as Record<string, unknown>, at, violations);
}

function checkList(shape: Shape, values: readonly unknown[], at: string, violations: string[]): void {
  const inner = shape.member!.shape;
  if (isScalar(inner)) {
    if (values.some((value) => brokenRules(inner, value).length > 0)) {
      violations.push(
        `Value ${shown(values, shape)} at '${at}' failed to satisfy constraint: Member must satisfy constraint: [${allRules(inner).join(', ')}]`,
      );
    }
    return;
  }
  for (const [index, value] of values.entries()) check(inner, value, `${at}.${index + 1}.member`, violations);
}

function checkMap(shape: Shape, values: Record<string, unknown>, at: string, violations: string[]): void {
  const keys = shape.key!.shape;
  const inner = shape.value!.shape;
  if (Object.keys(values).some((key) => brokenRules(keys, key).length > 0)) {
    violations.push(
      `Value ${shown(values, shape)} at '${at}' failed to satisfy constraint: Map keys must satisfy constraint: [${allRules(keys).join(', ')}]`,
    );
  }
  if (isScalar(inner)) {
    if (Object.values(values).some((value) => brokenRules(inner, value).length > 0)) {
      violations.push(
        `Value ${shown(values, shape)} at '${at}' failed to satisfy constraint: Map value must satisfy constraint: [${allRules(inner).join(', ')}]`,
      );
    }
    return;
  }
  for (const [key, value] of Object.entries(values)) check(inner, value, `${at}.${key}.member`, violations);
}

function isScalar(shape: Shape): boolean {
  return shape.type !== 'structure' && shape.type !== 'list' && shape.type !== 'map';
}

/** The rules of a shape that a value breaks, in the order AWS was seen to list them: upper bound first. */
function brokenRules(shape: Shape, value: unknown): string[] {
  const { min, max, enum: allowed, pattern } = shape.file;
  if (min === undefined && max === undefined && allowed === undefined && pattern === undefined) return NONE;
  const broken: string[] = [];
  const size = sizeOf(shape, value);
  if (size !== undefined) {
    if (max !== undefined && size > max) broken.push(boundRule(shape, 'less', max));
    if (min !== undefined && size < min) broken.push(boundRule(shape, 'greater', min));
  }
  if (typeof value === 'string') {
    if (pattern !== undefined && shape.pattern?.test(value) === false) broken.push(patternRule(pattern));
    if (allowed !== undefined && !allowed.includes(value)) broken.push(enumRule(allowed));
  }
  return broken;
}

const NONE: string[] = [];

/** Strings whose list says also that they must not be null: recorded for layers, and not for subnets. */
const SAID_NOT_NULL = new Set(['LayerVersionArn']);

/** All rules of an element, which AWS lists together when one is broken. */
function allRules(shape: Shape): string[] {
  const { min, max, enum: allowed, pattern } = shape.file;
  return [
    ...(max === undefined ? [] : [boundRule(shape, 'less', max)]),
    ...(min === undefined ? [] : [boundRule(shape, 'greater', min)]),
    ...(pattern === undefined ? [] : [patternRule(pattern)]),
    ...(allowed === undefined ? [] : [enumRule(allowed), 'Member must not be null']),
    ...(shape.type === 'double' || shape.type === 'float' || SAID_NOT_NULL.has(shape.name)
      ? ['Member must not be null']
      : []),
  ];
}

function boundRule(shape: Shape, side: 'less' | 'greater', bound: number): string {
  const fraction = (shape.type === 'double' || shape.type === 'float') && Number.isInteger(bound) ? '.0' : '';
  const what = isNumber(shape) ? 'value' : 'length';
  return `Member must have ${what} ${side} than or equal to ${bound}${fraction}`;
}

function patternRule(pattern: string): string {
  return `Member must satisfy regular expression pattern: ${pattern}`;
}

function enumRule(allowed: readonly string[]): string {
  return `Member must satisfy enum value set: [${allowed.join(', ')}]`;
}

function isNumber(shape: Shape): boolean {
  return (
    shape.type === 'integer' || shape.type === 'long' || shape.type === 'double' || shape.type === 'float'
  );
}

function sizeOf(shape: Shape, value: unknown): number | undefined {
  switch (shape.type) {
    case 'string':
    case 'character':
      return (value as string).length;
    case 'integer':
    case 'long':
    case 'double':
    case 'float':
      return Number(value);
    case 'blob':
      return value instanceof Uint8Array ? value.byteLength : undefined;
    case 'list':
      return (value as unknown[]).length;
    case 'map':
      return Object.keys(value as object).length;
    default:
      return undefined;
  }
}

/** Values as Java prints them. */
function shown(value: unknown, shape: Shape): string {
  return `'${java(value, shape)}'`;
}

function java(value: unknown, shape: Shape): string {
  if (value === undefined || value === null) return 'null';
  if (value instanceof Uint8Array) {
    return `java.nio.HeapByteBuffer[pos=0 lim=${value.byteLength} cap=${value.byteLength}]`;
  }
  if (Array.isArray(value)) return `[${value.map((item) => java(item, shape.member!.shape)).join(', ')}]`;
  if (typeof value === 'object' && shape.type === 'map') {
    const entries = Object.entries(value).map(([key, item]) => `${key}=${java(item, shape.value!.shape)}`);
    return `{${entries.join(', ')}}`;
  }
  if (typeof value === 'object' && shape.type === 'structure') {
    const members = shape.members.map(
      (member: Member) =>
        `${lowerFirst(member.name)}=${java((value as Record<string, unknown>)[member.name], member.shape)}`,
    );
    return `${shape.name}(${members.join(', ')})`;
  }
  if (
    typeof value === 'number' &&
    (shape.type === 'double' || shape.type === 'float') &&
    Number.isInteger(value)
  ) {
    return `${value}.0`;
  }
  return String(value);
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
