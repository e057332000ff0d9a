/** Policies of buckets, which decide under authorization together with those of callers. */

import { parseArn } from '../../core/arn.ts';
import { AwsError } from '../../core/errors.ts';
import { PolicySyntaxError, parsePolicy } from '../../core/policy/parse.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import { rootPrincipal } from '../../core/policy/principal.ts';
import type { BucketRecord } from './bucket-record.ts';
import type { Buckets } from './buckets.ts';
import { checkPublicPolicy, restrictedPolicy } from './public-access.ts';
import type { S3Context, S3Operations } from './s3-context.ts';
import { bucketOf } from './s3-context.ts';
import { notConfigured } from './s3-errors.ts';

/** Source: user guide, "Bucket policies". */
const MAX_POLICY_BYTES = 20 * 1024;

export function policyOperations(
  s3: S3Context,
): Required<Pick<S3Operations, 'PutBucketPolicy' | 'GetBucketPolicy' | 'DeleteBucketPolicy'>> {
  const { buckets } = s3;
  return {
    async PutBucketPolicy(input, caller) {
      const bucket = bucketOf(s3, input);
      const { name } = bucket;
      const { Policy: policy = '' } = input;
      const document = checkedPolicy(policy, name);
      checkPublicPolicy(
        bucket,
        document,
        (caller.identity?.principal ?? rootPrincipal(caller.accountId)).arn,
      );
      await buckets.change(name, () => ({ ...buckets.get(name), policy }));
      return {};
    },

    async GetBucketPolicy(input) {
      const { name, policy } = bucketOf(s3, input);
      if (policy === undefined)
        throw notConfigured('NoSuchBucketPolicy', 'The bucket policy does not exist', name);
      return { Policy: policy };
    },

    async DeleteBucketPolicy(input) {
      const { name } = bucketOf(s3, input);
      await buckets.change(name, () => {
        const { policy: _policy, ...others } = buckets.get(name);
        return others;
      });
      return {};
    },
  };
}

/** The bucket that an ARN of S3 is in, or is of; it has no account in it, since names of buckets are one space. */
export function bucketIn(buckets: Buckets, arn: string): BucketRecord | undefined {
  const name = parseArn(arn)?.resource.split('/')[0];
  return name === undefined ? undefined : buckets.find(name);
}

/** As it was given. */
export function bucketPolicy({ policy }: BucketRecord): PolicyDocument | undefined {
  return policy === undefined ? undefined : parsePolicy(policy);
}

/** The policy of the bucket that an ARN of S3 is in, as it decides. */
export function decidingPolicy(buckets: Buckets, arn: string): PolicyDocument | undefined {
  const bucket = bucketIn(buckets, arn);
  const policy = bucket && bucketPolicy(bucket);
  return policy && restrictedPolicy(bucket, policy);
}

/** Words as recorded for "test_bucket_policy_exc". */
function checkedPolicy(policy: string, bucket: string): PolicyDocument {
  if (!policy.startsWith('{')) throw malformed("Policies must be valid JSON and the first byte must be '{'");
  if (Buffer.byteLength(policy) > MAX_POLICY_BYTES) throw malformed('Policies must be 20480 bytes or less');
  try {
    const { Statement } = JSON.parse(policy) as { Statement?: unknown };
    if (Statement === undefined) throw malformed('Missing required field Statement');
    const document = parsePolicy(policy);
    checkResources([Statement].flat(), bucket);
    return document;
  } catch (error) {
    if (error instanceof PolicySyntaxError) throw malformed(error.message);
    if (error instanceof SyntaxError) throw malformed('This policy contains invalid Json');
    throw error;
  }
}

function checkResources(statements: readonly unknown[], bucket: string): void {
  for (const statement of statements as { Resource?: string | string[]; Principal?: unknown }[]) {
    if (statement.Principal === undefined) throw malformed('Missing required field Principal');
    for (const resource of [statement.Resource ?? []].flat()) {
      const [name] = parseArn(resource)?.resource.split('/') ?? [];
      if (name !== bucket && resource !== '*') throw malformed('Policy has invalid resource');
    }
  }
}

function malformed(message: string): AwsError {
  return new AwsError('MalformedPolicy', message, {}, 400);
}
