/** What CreateJob takes. Refuses what is not here by name, so that no setting seems to be in force that is not. */
import type {
  CreateJobCommandInput,
  JobManifest,
  JobReport,
  LambdaInvokeOperation,
  S3CopyObjectOperation,
} from '@aws-sdk/client-s3-control';
import type { JobSettings } from './job-record.ts';
import { invalidRequest, notImplemented } from './s3control-errors.ts';

const CSV_MANIFEST = 'S3BatchOperations_CSV_20180820';
const OPERATIONS: ReadonlySet<string> = new Set([
  'LambdaInvoke',
  'S3PutObjectCopy',
  'S3PutObjectTagging',
  'S3DeleteObjectTagging',
]);
/** Of a copy; the rest is refused. */
const COPY_MEMBERS: ReadonlySet<string> = new Set([
  'TargetResource',
  'TargetKeyPrefix',
  'MetadataDirective',
  'NewObjectTagging',
  'StorageClass',
]);
/** Source: API reference of CreateJob and LambdaInvokeOperation. */
const MAX_PRIORITY = 2_147_483_647;
const MAX_DESCRIPTION_CHARACTERS = 256;
const SCHEMA_VERSIONS: ReadonlySet<string> = new Set(['1.0', '2.0']);
const MAX_USER_ARGUMENTS = 10;
const MAX_ARGUMENT_NAME_CHARACTERS = 64;
const MAX_ARGUMENT_CHARACTERS = 1024;

const BUCKET_ARN = /^arn:aws[a-z-]*:s3:::([^/]+)$/;
const OBJECT_ARN = /^arn:aws[a-z-]*:s3:::([^/]+)\/(.+)$/;
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/;

/** Throws `InvalidRequest` where the job cannot be, `NotImplemented` for what is not here. */
export function checkedSettings(input: CreateJobCommandInput): JobSettings {
  const { Operation, Report, Manifest, RoleArn = '', Description, ConfirmationRequired = false } = input;
  if (input.ManifestGenerator !== undefined) throw notImplemented('ManifestGenerator');
  if (!ROLE_ARN.test(RoleArn)) throw invalidRequest('Invalid role ARN.');
  if ((Description?.length ?? 0) > MAX_DESCRIPTION_CHARACTERS) throw invalidRequest('Invalid description.');
  checkManifest(Manifest);
  checkReport(Report);
  checkOperation(Operation);
  return {
    Operation,
    Report,
    Manifest,
    RoleArn,
    ConfirmationRequired,
    ...(Description === undefined ? {} : { Description }),
  };
}

export function checkedPriority(priority: number | undefined): number {
  if (priority !== undefined && priority >= 0 && priority <= MAX_PRIORITY) return priority;
  throw invalidRequest('Invalid priority.');
}

function checkManifest(manifest: JobManifest | undefined): void {
  const { Spec, Location } = manifest ?? {};
  if (Spec?.Format === undefined) throw invalidRequest('Invalid manifest.');
  if (Spec.Format !== CSV_MANIFEST) throw notImplemented(`manifests of the format ${Spec.Format}`);
  const missing = (['Bucket', 'Key'] as const).filter((field) => !Spec.Fields?.includes(field));
  // Source: user guide, "Troubleshooting S3 Batch Operations", which has it of jobs that fail.
  if (missing.length > 0)
    throw invalidRequest(`Required fields are missing in the schema: ${missing.join(', ')}`);
  if (Location === undefined || !OBJECT_ARN.test(Location.ObjectArn ?? ''))
    throw invalidRequest('Invalid manifest location.');
  if (!Location.ETag) throw invalidRequest('Missing manifest ETag.');
}

function checkReport(report: JobReport | undefined): void {
  if (report?.Enabled === undefined) throw invalidRequest('Invalid report.');
  if (!report.Enabled) return;
  if (report.ExpectedBucketOwner !== undefined) throw notImplemented('Report.ExpectedBucketOwner');
  if (!BUCKET_ARN.test(report.Bucket ?? '')) throw invalidRequest('Invalid report bucket.');
  if (report.Format !== 'Report_CSV_20180820') throw invalidRequest('Invalid report format.');
  if (report.ReportScope !== 'AllTasks' && report.ReportScope !== 'FailedTasksOnly')
    throw invalidRequest('Invalid report scope.');
}

function checkOperation(operation: CreateJobCommandInput['Operation']): void {
  const names = Object.keys(operation ?? {});
  if (operation === undefined || names.length !== 1)
    throw invalidRequest('Exactly one operation is required.');
  const name = names[0]!;
  if (!OPERATIONS.has(name)) throw notImplemented(name);
  if (operation.LambdaInvoke !== undefined) checkInvocation(operation.LambdaInvoke);
  if (operation.S3PutObjectCopy !== undefined) checkCopy(operation.S3PutObjectCopy);
  const tagging = operation.S3PutObjectTagging;
  if (tagging !== undefined && tagging.TagSet === undefined) throw invalidRequest('Missing tag set.');
}

function checkInvocation(invocation: LambdaInvokeOperation): void {
  const { FunctionArn, InvocationSchemaVersion: version = '1.0', UserArguments } = invocation;
  if (!FunctionArn) throw invalidRequest('Missing function ARN.');
  if (!SCHEMA_VERSIONS.has(version)) throw invalidRequest('Invalid invocation schema version.');
  if (UserArguments === undefined) return;
  if (version !== '2.0') throw invalidRequest('User arguments require the invocation schema version 2.0.');
  const entries = Object.entries(UserArguments);
  const isLong = ([name, value]: readonly [string, string]): boolean =>
    name.length > MAX_ARGUMENT_NAME_CHARACTERS || value.length > MAX_ARGUMENT_CHARACTERS;
  if (entries.length > MAX_USER_ARGUMENTS || entries.some(isLong))
    throw invalidRequest('Invalid user arguments.');
}

function checkCopy(copy: S3CopyObjectOperation): void {
  for (const [name, value] of Object.entries(copy))
    if (value !== undefined && !COPY_MEMBERS.has(name)) throw notImplemented(`S3PutObjectCopy.${name}`);
  if (copy.MetadataDirective === 'REPLACE') throw notImplemented('S3PutObjectCopy.MetadataDirective REPLACE');
  bucketOfArn(copy.TargetResource);
}

/** Throws `InvalidRequest`. */
export function bucketOfArn(arn: string | undefined): string {
  const [, bucket] = BUCKET_ARN.exec(arn ?? '') ?? [];
  if (bucket === undefined) throw invalidRequest('Invalid bucket ARN.');
  return bucket;
}

export interface ManifestObject {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId?: string;
}

export function manifestObject({ Location }: JobManifest): ManifestObject {
  const [, Bucket = '', Key = ''] = OBJECT_ARN.exec(Location?.ObjectArn ?? '') ?? [];
  const version = Location?.ObjectVersionId;
  return { Bucket, Key, ...(version === undefined ? {} : { VersionId: version }) };
}
