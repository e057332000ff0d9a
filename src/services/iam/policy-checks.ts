/**
 * What IAM demands of documents beyond their grammar, in its words: those of CreatePolicy and PutRolePolicy,
 * CreateRole and UpdateAssumeRolePolicy as many tools quote them.
 */
import { AwsError } from '../../core/errors.ts';
import { PolicySyntaxError, parsePolicy } from '../../core/policy/parse.ts';
import type { PolicyDocument, Statement } from '../../core/policy/policy-document.ts';
import { POLICY_VERSION } from '../../core/policy/policy-document.ts';

const SID = /^[0-9A-Za-z]*$/;
const ACTION = /^(?:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$/;
const VENDOR = /^[A-Za-z0-9-]+$/;

/** A policy that says what its holder may do. Throws `MalformedPolicyDocument`. */
export function identityPolicy(text: string): PolicyDocument {
  const document = parsed(text);
  if (document.version !== POLICY_VERSION)
    throw malformed('Policy document must be version 2012-10-17 or greater.');
  const sids = new Set<string>();
  for (const statement of document.statements) {
    if (statement.principal !== undefined || statement.notPrincipal !== undefined)
      throw malformed('Policy document should not specify a principal.');
    checkSid(statement, sids);
    checkActions(statement);
    checkResources(statement);
  }
  return document;
}

/** A policy that says who may take a role. Throws `MalformedPolicyDocument`. */
export function trustPolicy(text: string): PolicyDocument {
  const document = parsed(text);
  for (const {
    principal,
    notPrincipal,
    actions,
    notActions,
    resources,
    notResources,
  } of document.statements) {
    if (resources !== undefined || notResources !== undefined)
      throw malformed('Has prohibited field Resource');
    if (notPrincipal !== undefined) throw malformed('Has prohibited field NotPrincipal');
    if (principal === undefined) throw malformed('Missing required field Principal');
    if (notActions !== undefined) throw malformed('Has prohibited field NotAction');
    if (actions === undefined) throw malformed('Missing required field Action');
    const other = actions.some((action) => action !== '*' && !/^sts:/i.test(action));
    if (other) throw malformed('AssumeRole policy may only specify STS AssumeRole actions.');
    for (const service of principal === '*' ? [] : (principal.Service ?? []))
      if (!service.includes('.')) throw malformed(`Invalid principal in policy: "SERVICE":"${service}"`);
    for (const name of principal === '*' ? [] : (principal.AWS ?? []))
      if (!isAccountPrincipal(name)) throw malformed(`Invalid principal in policy: "AWS":"${name}"`);
  }
  return document;
}

function isAccountPrincipal(name: string): boolean {
  return (
    name === '*' ||
    /^\d{12}$/.test(name) ||
    /^A(?:ID|RO)A[A-Z0-9]+$/.test(name) ||
    /^arn:aws[a-z-]*:(?:iam|sts)::\d{12}:(?:root|(?:user|role|assumed-role|federated-user)\/.+)$/.test(name)
  );
}

function parsed(text: string): PolicyDocument {
  try {
    return parsePolicy(text);
  } catch (error) {
    if (error instanceof PolicySyntaxError) throw malformed(error.message);
    throw error;
  }
}

function checkSid({ sid }: Statement, seen: Set<string>): void {
  if (sid === undefined || sid === '') return;
  if (!SID.test(sid)) {
    throw malformed(
      'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
    );
  }
  if (seen.has(sid)) throw malformed('Statement IDs (SID) in a single policy must be unique.');
  seen.add(sid);
}

function checkActions({ actions, notActions }: Statement): void {
  const names = actions ?? notActions ?? [];
  if (names.length === 0) throw malformed('Policy statement must contain actions.');
  for (const name of names) {
    if (ACTION.test(name)) continue;
    const colon = name.indexOf(':');
    if (colon < 0)
      throw malformed('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.');
    const vendor = name.slice(0, colon);
    throw malformed(
      VENDOR.test(vendor) ? 'The policy failed legacy parsing' : `Vendor ${vendor} is not valid`,
    );
  }
}

function checkResources({ resources, notResources }: Statement): void {
  const names = resources ?? notResources ?? [];
  if (names.length === 0) throw malformed('Policy statement must contain resources.');
  for (const name of names) {
    if (name === '*') continue;
    if (!name.startsWith('arn:')) throw malformed(`Resource ${name} must be in ARN format or "*".`);
    if (name.split(':').length < 6) throw malformed('The policy failed legacy parsing');
  }
}

function malformed(message: string): AwsError {
  return new AwsError('MalformedPolicyDocument', message);
}

/** Characters of a document that count against quotas: those that are not white space. */
export function policySize(text: string): number {
  return text.replace(/\s/g, '').length;
}

/** As IAM gives documents out. */
export function encodedDocument(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
