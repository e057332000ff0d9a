/** Reads IAM JSON policies by the grammar of the IAM User Guide ("Grammar of the IAM JSON policy language"). */
import { conditionOperator } from './condition-operators.ts';
import type {
  ConditionBlock,
  Effect,
  PolicyDocument,
  PrincipalElement,
  PrincipalSets,
  Statement,
} from './policy-document.ts';
import { FIRST_POLICY_VERSION, POLICY_VERSION } from './policy-document.ts';

/** A document that is no policy. The message is IAM's; other services have words and codes of their own. */
export class PolicySyntaxError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PolicySyntaxError';
  }
}

type Fields = Readonly<Record<string, unknown>>;

const DOCUMENT_ELEMENTS = new Set(['Version', 'Id', 'Statement']);
const STATEMENT_ELEMENTS = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]);
const PRINCIPAL_TYPES = new Set(['AWS', 'Service', 'Federated', 'CanonicalUser']);

/** Throws `PolicySyntaxError`. What a kind of policy demands beyond the grammar is its owner's to check. */
export function parsePolicy(text: string): PolicyDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // As IAM answers CreateRole; recorded from AWS.
    throw new PolicySyntaxError('This policy contains invalid Json');
  }
  return policyOf(value);
}

/** As `parsePolicy`, of what `JSON.parse` has made of a document. */
export function policyOf(value: unknown): PolicyDocument {
  const document = fieldsOf(value);
  requireElements(document, DOCUMENT_ELEMENTS);
  const { Version: version = FIRST_POLICY_VERSION, Id: id, Statement: statement } = document;
  if (version !== POLICY_VERSION && version !== FIRST_POLICY_VERSION) throw syntaxError();
  if (id !== undefined && typeof id !== 'string') throw syntaxError();
  if (statement === undefined) throw syntaxError();
  const statements = (Array.isArray(statement) ? statement : [statement]).map(statementOf);
  if (statements.length === 0) throw syntaxError();
  return { version, ...(id === undefined ? {} : { id }), statements };
}

function statementOf(value: unknown): Statement {
  const fields = fieldsOf(value);
  requireElements(fields, STATEMENT_ELEMENTS);
  for (const name of ['Principal', 'Action', 'Resource'])
    if (fields[name] !== undefined && fields[`Not${name}`] !== undefined) throw syntaxError();
  const { Sid: sid, Effect: effect } = fields;
  if (sid !== undefined && typeof sid !== 'string') throw syntaxError();
  const statement: { -readonly [Name in keyof Statement]: Statement[Name] } = { effect: effectOf(effect) };
  if (sid !== undefined) statement.sid = sid;
  if (fields['Principal'] !== undefined) statement.principal = principalOf(fields['Principal']);
  if (fields['NotPrincipal'] !== undefined) statement.notPrincipal = principalOf(fields['NotPrincipal']);
  if (fields['Action'] !== undefined) statement.actions = textsOf(fields['Action']);
  if (fields['NotAction'] !== undefined) statement.notActions = textsOf(fields['NotAction']);
  if (fields['Resource'] !== undefined) statement.resources = textsOf(fields['Resource']);
  if (fields['NotResource'] !== undefined) statement.notResources = textsOf(fields['NotResource']);
  if (fields['Condition'] !== undefined) statement.conditions = conditionsOf(fields['Condition']);
  return statement;
}

function effectOf(value: unknown): Effect {
  if (value !== 'Allow' && value !== 'Deny') throw syntaxError();
  return value;
}

function principalOf(value: unknown): PrincipalElement {
  if (value === '*') return '*';
  const fields = fieldsOf(value);
  requireElements(fields, PRINCIPAL_TYPES);
  const sets: Record<string, readonly string[]> = {};
  for (const [type, names] of Object.entries(fields)) sets[type] = textsOf(names);
  if (Object.keys(sets).length === 0) throw syntaxError();
  return sets as PrincipalSets;
}

function conditionsOf(value: unknown): ConditionBlock {
  const block: Record<string, Record<string, readonly string[]>> = {};
  for (const [operator, keys] of Object.entries(fieldsOf(value))) {
    if (conditionOperator(operator) === undefined) throw syntaxError();
    // Not by assignment: a key may have any name, `__proto__` too.
    block[operator] = Object.fromEntries(
      Object.entries(fieldsOf(keys)).map(([key, wanted]) => [key, scalarsOf(wanted)]),
    );
  }
  return block;
}

function requireElements(fields: Fields, known: ReadonlySet<string>): void {
  for (const name of Object.keys(fields)) if (!known.has(name)) throw syntaxError();
}

function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw syntaxError();
  return value as Fields;
}

function textsOf(value: unknown): string[] {
  const texts: unknown[] = Array.isArray(value) ? value : [value];
  return texts.map((text) => {
    if (typeof text !== 'string') throw syntaxError();
    return text;
  });
}

/** Values of conditions may be written as JSON numbers and booleans too. */
function scalarsOf(value: unknown): string[] {
  const scalars: unknown[] = Array.isArray(value) ? value : [value];
  return scalars.map((scalar) => {
    if (typeof scalar !== 'string' && typeof scalar !== 'number' && typeof scalar !== 'boolean')
      throw syntaxError();
    return String(scalar);
  });
}

function syntaxError(): PolicySyntaxError {
  return new PolicySyntaxError('Syntax errors in policy.');
}
