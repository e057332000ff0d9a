/** Block Public Access: what of a bucket's policy counts as public, and what is left of it where that is restricted. */
import { AwsError } from '../../core/errors.ts';
import type { PolicyDocument, PrincipalElement, Statement } from '../../core/policy/policy-document.ts';
import type { BucketRecord, PublicAccessBlock } from './bucket-record.ts';

/** How buckets are made since April 2023; recorded for "test_crud_public_access_block". */
export const DEFAULT_BLOCK: PublicAccessBlock = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

/** Undefined where it has been taken away. Buckets that were stored before there was one have the default. */
export function blockOf({ publicAccessBlock }: BucketRecord): PublicAccessBlock | undefined {
  return publicAccessBlock === 'none' ? undefined : (publicAccessBlock ?? DEFAULT_BLOCK);
}

/**
 * Keys of conditions that make a statement for everyone one for somebody, where their values have no wildcards.
 * Source: S3 user guide, "Blocking public access to your Amazon S3 storage", "The meaning of public".
 */
const FIXING_KEYS = new Set([
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:principalaccount',
  'aws:principalarn',
  'aws:sourcearn',
  'aws:sourceaccount',
  'aws:sourceorgid',
  'aws:sourceowner',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  's3:dataaccesspointaccount',
  's3:dataaccesspointarn',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
  'aws:sourceip',
]);

/** Source: as above; wider ranges than /8 (IPv4) and /32 (IPv6) are public. */
const WIDEST_PREFIX = { v4: 8, v6: 32 } as const;

export function isPublic({ statements }: PolicyDocument): boolean {
  return statements.some(isPublicStatement);
}

/** Throws as PutBucketPolicy does where a policy for everyone is kept out. */
export function checkPublicPolicy(bucket: BucketRecord, policy: PolicyDocument, callerArn: string): void {
  if (blockOf(bucket)?.BlockPublicPolicy !== true || !isPublic(policy)) return;
  const resource = `arn:aws:s3:::${bucket.name}`;
  throw new AwsError(
    'AccessDenied',
    `User: ${callerArn} is not authorized to perform: s3:PutBucketPolicy on resource: "${resource}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`,
    {},
    403,
  );
}

/** The policy as it decides: where public ones are restricted, for the bucket's own account and AWS's services only. */
export function restrictedPolicy(bucket: BucketRecord, policy: PolicyDocument): PolicyDocument {
  if (blockOf(bucket)?.RestrictPublicBuckets !== true || !isPublic(policy)) return policy;
  return {
    ...policy,
    statements: policy.statements.flatMap((statement) =>
      statement.effect === 'Allow'
        ? [
            withCondition(statement, 'StringEquals', 'aws:PrincipalAccount', bucket.accountId),
            withCondition(statement, 'Bool', 'aws:PrincipalIsAWSService', 'true'),
          ]
        : [statement],
    ),
  };
}

function withCondition(statement: Statement, operator: string, key: string, value: string): Statement {
  const { conditions = {} } = statement;
  const { [operator]: block = {} } = conditions;
  // Where it has such a condition already both have to hold: for the one value, or for none.
  const given = Object.keys(block).find((name) => name.toLowerCase() === key.toLowerCase());
  const values = given === undefined ? [value] : block[given]!.filter((one) => one === value);
  return { ...statement, conditions: { ...conditions, [operator]: { ...block, [given ?? key]: values } } };
}

function isPublicStatement({ effect, principal, notPrincipal, conditions = {} }: Statement): boolean {
  if (effect !== 'Allow') return false;
  if (notPrincipal === undefined && !isEveryone(principal)) return false;
  return !Object.entries(conditions).some(([operator, block]) =>
    Object.entries(block).some(([key, values]) => fixesCaller(operator, key, values)),
  );
}

function isEveryone(principal: PrincipalElement | undefined): boolean {
  return principal === '*' || principal?.AWS?.includes('*') === true;
}

function fixesCaller(operator: string, key: string, values: readonly string[]): boolean {
  if (/IfExists$|^ForAllValues:|Not/.test(operator) || !FIXING_KEYS.has(key.toLowerCase())) return false;
  if (key.toLowerCase() === 'aws:sourceip') return values.every((range) => !isWideRange(range));
  return values.every((value) => !/[*?]|\$\{/.test(value));
}

function isWideRange(range: string): boolean {
  const [address = '', prefix] = range.split('/');
  const [narrow, widest] = address.includes(':') ? [128, WIDEST_PREFIX.v6] : [32, WIDEST_PREFIX.v4];
  return Number(prefix ?? narrow) < widest;
}
