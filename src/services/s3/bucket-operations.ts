/** Buckets themselves: made, found, listed, deleted, given versions. */
import type { CreateBucketCommandInput } from '@aws-sdk/client-s3';
import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import { checkBucketName } from './bucket-name.ts';
import type { BucketRecord } from './bucket-record.ts';
import { bucketArn } from './bucket-record.ts';
import { bucketTags } from './object-tags.ts';
import type { S3Context, S3Operations } from './s3-context.ts';
import { bucketOf, nowInSeconds, ownerId } from './s3-context.ts';
import { invalidArgument, malformedXml, notImplemented } from './s3-errors.ts';

/** The region of which AWS writes and takes nothing as a location. */
const FIRST_REGION = 'us-east-1';
/** Source: API reference of ListBuckets. */
const MAX_BUCKETS = 10_000;

type BucketOperations = Required<
  Pick<
    S3Operations,
    | 'CreateBucket'
    | 'HeadBucket'
    | 'ListBuckets'
    | 'DeleteBucket'
    | 'GetBucketLocation'
    | 'GetBucketVersioning'
    | 'PutBucketVersioning'
  >
>;

export function bucketOperations(s3: S3Context): BucketOperations {
  const { buckets, contents } = s3;
  return {
    async CreateBucket(input, caller) {
      const name = input.Bucket ?? '';
      checkBucketName(name);
      refuseUnimplemented(input);
      const region = regionOf(input, caller);
      const created: BucketRecord = {
        name,
        accountId: caller.accountId,
        region,
        createdMs: nowInSeconds(s3),
        ...tagsOf(input),
      };
      await buckets.change(name, (known) => {
        if (known === undefined) return created;
        if (known.accountId !== caller.accountId) throw bucketTaken(name);
        // Recorded: a second creation is an error, but not in the region where buckets began.
        if (known.region !== FIRST_REGION || region !== FIRST_REGION) throw bucketOwned(name);
        return known;
      });
      const Location = region === FIRST_REGION ? `/${name}` : `${caller.origin.replace('//', `//${name}.`)}/`;
      return { Location, BucketArn: bucketArn(name) };
    },

    async HeadBucket(input) {
      const { name, region } = bucketOf(s3, input);
      return { BucketRegion: region, AccessPointAlias: false, BucketArn: bucketArn(name) };
    },

    async ListBuckets(input, caller) {
      const { Prefix: prefix = '', BucketRegion: region, ContinuationToken: token } = input;
      const max = input.MaxBuckets ?? MAX_BUCKETS;
      if (max < 1 || max > MAX_BUCKETS) {
        const range = `Argument max-buckets must be an integer between 1 and ${MAX_BUCKETS}`;
        throw invalidArgument(range, 'max-buckets', max);
      }
      const after = token === undefined ? '' : bucketOfToken(token);
      const found = buckets
        .of(caller.accountId)
        .filter(
          (bucket) =>
            bucket.name > after &&
            bucket.name.startsWith(prefix) &&
            (region === undefined || bucket.region === region),
        );
      const page = found.slice(0, max);
      return {
        Buckets: page.map((bucket) => ({
          Name: bucket.name,
          CreationDate: new Date(bucket.createdMs),
          BucketRegion: bucket.region,
          BucketArn: bucketArn(bucket.name),
        })),
        Owner: { ID: ownerId(caller.accountId) },
        ...(found.length > max
          ? { ContinuationToken: Buffer.from(page.at(-1)!.name).toString('base64url') }
          : {}),
        ...(prefix === '' ? {} : { Prefix: prefix }),
      };
    },

    async DeleteBucket(input) {
      const { name } = bucketOf(s3, input);
      const { isRemoved, superseded } = await buckets.remove(name);
      if (!isRemoved) throw notEmpty(name);
      await contents.remove(superseded);
      return {};
    },

    async GetBucketLocation(input) {
      const { region } = bucketOf(s3, input);
      return region === FIRST_REGION ? {} : { LocationConstraint: region as 'eu-west-1' };
    },

    async GetBucketVersioning(input) {
      const { versioning } = bucketOf(s3, input);
      return versioning === undefined ? {} : { Status: versioning };
    },

    async PutBucketVersioning(input) {
      const { name } = bucketOf(s3, input);
      const { Status: status, MFADelete } = input.VersioningConfiguration ?? {};
      if (MFADelete === 'Enabled') throw notImplemented('PutBucketVersioning', 'MFADelete');
      if (status !== 'Enabled' && status !== 'Suspended') throw malformedXml();
      await buckets.change(name, () => ({ ...buckets.get(name), versioning: status }));
      return {};
    },
  };
}

/** Recorded: each endpoint takes its own region only, the first one those of all others. */
function regionOf({ CreateBucketConfiguration }: CreateBucketCommandInput, caller: RequestContext): string {
  const asked: string | undefined = CreateBucketConfiguration?.LocationConstraint;
  const { region } = caller;
  if (region === FIRST_REGION) {
    if (asked === undefined || asked === '') return region;
    if (asked === 'EU') return 'eu-west-1';
    if (asked !== FIRST_REGION && isRegion(asked)) return asked;
    throw new AwsError(
      'InvalidLocationConstraint',
      'The specified location-constraint is not valid',
      { LocationConstraint: asked },
      400,
    );
  }
  if (asked === region) return region;
  throw new AwsError(
    'IllegalLocationConstraintException',
    `The ${asked ?? 'unspecified'} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    {},
    400,
  );
}

function isRegion(text: string): boolean {
  return /^[a-z]{2}(-[a-z]+){1,3}-\d$/.test(text);
}

/** Settings at creation that are not here yet: a bucket must not seem to have them. */
function refuseUnimplemented(input: CreateBucketCommandInput): void {
  const { Location, Bucket } = input.CreateBucketConfiguration ?? {};
  if (Location !== undefined || Bucket !== undefined)
    throw notImplemented('CreateBucket', 'directory buckets');
  if (input.ObjectLockEnabledForBucket === true)
    throw notImplemented('CreateBucket', 'ObjectLockEnabledForBucket');
  for (const [member, isHere] of Object.entries(AS_HERE)) {
    const value = input[member as keyof typeof AS_HERE];
    if (value !== undefined && value !== isHere) throw notImplemented('CreateBucket', `${member} ${value}`);
  }
  for (const name of GRANTS) if (input[name] !== undefined) throw notImplemented('CreateBucket', name);
}

const GRANTS = ['GrantFullControl', 'GrantRead', 'GrantReadACP', 'GrantWrite', 'GrantWriteACP'] as const;

/** Members whose one value says how every bucket is here: whoever has one has all objects in it, without ACLs. */
const AS_HERE = {
  ACL: 'private',
  ObjectOwnership: 'BucketOwnerEnforced',
  BucketNamespace: 'global',
} as const;

function tagsOf({ CreateBucketConfiguration: chosen }: CreateBucketCommandInput): Pick<BucketRecord, 'tags'> {
  return chosen?.Tags === undefined ? {} : { tags: bucketTags(chosen.Tags) };
}

function bucketOfToken(token: string): string {
  const name = Buffer.from(token, 'base64url').toString();
  if (name === '')
    throw invalidArgument('The continuation token provided is incorrect', 'continuation-token');
  return name;
}

function bucketTaken(name: string): AwsError {
  return new AwsError(
    'BucketAlreadyExists',
    'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
    { BucketName: name },
    409,
  );
}

function bucketOwned(name: string): AwsError {
  return new AwsError(
    'BucketAlreadyOwnedByYou',
    'Your previous request to create the named bucket succeeded and you already own it.',
    { BucketName: name },
    409,
  );
}

function notEmpty(name: string): AwsError {
  return new AwsError(
    'BucketNotEmpty',
    'The bucket you tried to delete is not empty',
    { BucketName: name },
    409,
  );
}
