/**
 * The policy of a form: until when it may be sent and what its fields may say. Source: user guide, "POST policy";
 * words as recorded for "TestS3PresignedPost".
 */
import { AwsError } from '../../core/errors.ts';

/** Bytes of the file. */
export interface SizeRange {
  readonly min: number;
  readonly max: number;
}

/** Fields that a policy need not speak of. */
const FREE_FIELDS = new Set(['file', 'policy', 'awsaccesskeyid', 'signature', 'x-amz-signature']);

type Condition = Readonly<Record<string, unknown>> | readonly unknown[];

/**
 * Throws where the fields are not what the policy allows. `fields` by name in lower case, the bucket among them.
 * Resolves to the size the file may have, where the policy says so.
 */
export function checkPolicy(
  policy: string,
  fields: ReadonlyMap<string, string>,
  now: number,
): SizeRange | undefined {
  const { expiration, conditions } = parsePolicy(policy);
  if (expiration <= now) throw violated('Policy expired.');
  const named = new Set<string>();
  let range: SizeRange | undefined;
  for (const condition of conditions) {
    const [operator, name, value] = partsOf(condition);
    if (operator === 'content-length-range') {
      range = sizeRange(condition, name, value);
      continue;
    }
    const field = String(name).replace(/^\$/, '').toLowerCase();
    named.add(field);
    if (!holds(operator, String(name), String(value), fields.get(field))) throw failed(condition);
  }
  const extra = [...fields.keys()].filter((field) => needsCondition(field) && !named.has(field));
  if (extra.length > 0) throw violated(`Extra input fields: ${extra.join(', ')}`);
  return range;
}

function parsePolicy(policy: string): { expiration: number; conditions: readonly Condition[] } {
  let document: { expiration?: unknown; conditions?: unknown };
  try {
    document = JSON.parse(Buffer.from(policy, 'base64').toString()) as typeof document;
  } catch {
    throw invalid('Invalid JSON.');
  }
  if (typeof document?.expiration !== 'string') throw invalid('Policy missing expiration.');
  const expiration = Date.parse(document.expiration);
  if (Number.isNaN(expiration)) throw invalid(`Invalid 'expiration' value: '${document.expiration}'`);
  if (!Array.isArray(document.conditions)) throw invalid('Policy missing conditions.');
  return { expiration, conditions: document.conditions as Condition[] };
}

/** `{field: value}` says the same as `["eq", "$field", value]`. */
function partsOf(condition: Condition): readonly [operator: string, name: unknown, value: unknown] {
  if (Array.isArray(condition)) {
    const [operator, name, value] = condition as readonly unknown[];
    return [String(operator).toLowerCase(), name, value];
  }
  const entries = Object.entries(condition ?? {});
  if (entries.length !== 1) {
    throw invalid('Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.');
  }
  return ['eq', `$${entries[0]![0]}`, entries[0]![1]];
}

function holds(operator: string, name: string, wanted: string, given: string | undefined): boolean {
  // Recorded: a name without its mark names nothing.
  if (!name.startsWith('$') || given === undefined) return false;
  if (operator === 'eq') return given === wanted;
  return operator === 'starts-with' && given.startsWith(wanted);
}

function sizeRange(condition: Condition, min: unknown, max: unknown): SizeRange {
  const range = { min: Number(min), max: Number(max) };
  if (!Number.isInteger(range.min) || !Number.isInteger(range.max)) throw failed(condition);
  return range;
}

function needsCondition(field: string): boolean {
  return !FREE_FIELDS.has(field) && !field.startsWith('x-ignore-') && field !== 'bucket';
}

function failed(condition: Condition): AwsError {
  const [operator, name, value] = partsOf(condition);
  const shown = [operator, name, value].map((part) => JSON.stringify(String(part))).join(', ');
  return violated(`Policy Condition failed: [${shown}]`);
}

function violated(reason: string): AwsError {
  return new AwsError('AccessDenied', `Invalid according to Policy: ${reason}`, {}, 403);
}

function invalid(reason: string): AwsError {
  return new AwsError('InvalidPolicyDocument', `Invalid Policy: ${reason}`, {}, 400);
}
