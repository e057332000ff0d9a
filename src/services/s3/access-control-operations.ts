/**
 * Who may reach a bucket beside its policy: the owner of objects, lists of grants, Block Public Access. Buckets are
 * as AWS makes them since 2023, without ACLs: the account of the bucket has every object in it.
 */
import { AwsError } from '../../core/errors.ts';
import type { BucketRecord } from './bucket-record.ts';
import { bucketPolicy } from './policy-operations.ts';
import { blockOf, isPublic } from './public-access.ts';
import type { S3Context, S3Operations } from './s3-context.ts';
import { bucketOf, ownerId } from './s3-context.ts';
import { invalidArgument, malformedXml, notConfigured, notImplemented } from './s3-errors.ts';
import { findObject } from './stored-version.ts';

/** Where ACLs are disabled the owner of the bucket has all rights, and nobody else is named. */
const OWNERSHIP = 'BucketOwnerEnforced';
const OTHER_OWNERSHIPS = ['BucketOwnerPreferred', 'ObjectWriter'];
/** Source: user guide, "Canned ACL". */
const CANNED_ACLS = [
  'private',
  'public-read',
  'public-read-write',
  'aws-exec-read',
  'authenticated-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
  'log-delivery-write',
];

type AccessControlOperations = Required<
  Pick<
    S3Operations,
    | 'GetBucketOwnershipControls'
    | 'PutBucketOwnershipControls'
    | 'GetBucketAcl'
    | 'PutBucketAcl'
    | 'GetObjectAcl'
    | 'PutObjectAcl'
    | 'GetPublicAccessBlock'
    | 'PutPublicAccessBlock'
    | 'DeletePublicAccessBlock'
    | 'GetBucketPolicyStatus'
  >
>;

export function accessControlOperations(s3: S3Context): AccessControlOperations {
  const { buckets } = s3;
  return {
    async GetBucketOwnershipControls(input) {
      bucketOf(s3, input);
      return { OwnershipControls: { Rules: [{ ObjectOwnership: OWNERSHIP }] } };
    },

    async PutBucketOwnershipControls(input) {
      bucketOf(s3, input);
      const { Rules: rules = [] } = input.OwnershipControls ?? {};
      const ownership = rules[0]?.ObjectOwnership;
      const isKnown = ownership === OWNERSHIP || OTHER_OWNERSHIPS.includes(ownership ?? '');
      if (rules.length !== 1 || !isKnown) throw malformedXml();
      if (ownership !== OWNERSHIP)
        throw notImplemented('PutBucketOwnershipControls', `ObjectOwnership ${ownership}`);
      return {};
    },

    async GetBucketAcl(input) {
      return ownersGrant(bucketOf(s3, input));
    },

    async PutBucketAcl(input) {
      bucketOf(s3, input);
      checkCannedAcl(input.ACL);
      throw aclNotSupported();
    },

    async GetObjectAcl(input, caller) {
      const bucket = bucketOf(s3, input);
      await findObject(s3, bucket, input, caller, 'GET');
      return ownersGrant(bucket);
    },

    async PutObjectAcl(input, caller) {
      const bucket = bucketOf(s3, input);
      await findObject(s3, bucket, input, caller, 'PUT');
      checkCannedAcl(input.ACL);
      throw aclNotSupported();
    },

    async GetPublicAccessBlock(input) {
      const bucket = bucketOf(s3, input);
      const block = blockOf(bucket);
      if (block === undefined) throw noPublicAccessBlock(bucket.name);
      return { PublicAccessBlockConfiguration: { ...block } };
    },

    async PutPublicAccessBlock(input) {
      const { name } = bucketOf(s3, input);
      const given = input.PublicAccessBlockConfiguration ?? {};
      // Recorded: what is not named is false.
      const publicAccessBlock = {
        BlockPublicAcls: given.BlockPublicAcls ?? false,
        IgnorePublicAcls: given.IgnorePublicAcls ?? false,
        BlockPublicPolicy: given.BlockPublicPolicy ?? false,
        RestrictPublicBuckets: given.RestrictPublicBuckets ?? false,
      };
      await buckets.change(name, () => ({ ...buckets.get(name), publicAccessBlock }));
      return {};
    },

    async DeletePublicAccessBlock(input) {
      const { name } = bucketOf(s3, input);
      await buckets.change(name, () => ({ ...buckets.get(name), publicAccessBlock: 'none' as const }));
      return {};
    },

    async GetBucketPolicyStatus(input) {
      const bucket = bucketOf(s3, input);
      const policy = bucketPolicy(bucket);
      if (policy === undefined)
        throw notConfigured('NoSuchBucketPolicy', 'The bucket policy does not exist', bucket.name);
      return { PolicyStatus: { IsPublic: isPublic(policy) } };
    },
  };
}

/** Members by which a request that writes an object names grants. */
interface GrantInput {
  readonly ACL?: string | undefined;
  readonly GrantFullControl?: string | undefined;
  readonly GrantRead?: string | undefined;
  readonly GrantReadACP?: string | undefined;
  readonly GrantWriteACP?: string | undefined;
}

/** Takes the one canned ACL that says what is so without it. Source: user guide, "Disabling ACLs". */
export function checkObjectGrants(input: GrantInput): void {
  const { ACL: acl, GrantFullControl, GrantRead, GrantReadACP, GrantWriteACP } = input;
  const hasGrants = [GrantFullControl, GrantRead, GrantReadACP, GrantWriteACP].some(
    (grant) => grant !== undefined,
  );
  checkCannedAcl(acl);
  if (hasGrants || (acl !== undefined && acl !== 'bucket-owner-full-control')) throw aclNotSupported();
}

/** Recorded for "test_s3_object_acl_exceptions". */
function checkCannedAcl(acl: string | undefined): void {
  if (acl !== undefined && !CANNED_ACLS.includes(acl)) throw invalidArgument('', 'x-amz-acl', acl);
}

function ownersGrant({ accountId }: BucketRecord) {
  const owner = { ID: ownerId(accountId) };
  return {
    Owner: owner,
    Grants: [{ Grantee: { ...owner, Type: 'CanonicalUser' as const }, Permission: 'FULL_CONTROL' as const }],
  };
}

/** Source: API reference of PutObject, for buckets whose ACLs are disabled. */
function aclNotSupported(): AwsError {
  return new AwsError('AccessControlListNotSupported', 'The bucket does not allow ACLs', {}, 400);
}

function noPublicAccessBlock(name: string): AwsError {
  return notConfigured(
    'NoSuchPublicAccessBlockConfiguration',
    'The public access block configuration was not found',
    name,
  );
}
