/**
 * What calls of S3 need. Source: S3 user guide, "Required permissions for Amazon S3 API operations": versions
 * have actions of their own, a copy needs its source as well, and DeleteObjects each of its objects.
 */
import type { ConditionFacts } from '../../core/policy/condition-context.ts';
import { namedSource } from '../../services/s3/copy-source.ts';
import type { Permission } from './permission.ts';

type Members = Readonly<Record<string, unknown>>;

/** Actions where a request names a version. */
const OF_VERSIONS: Readonly<Record<string, string>> = {
  's3:GetObject': 's3:GetObjectVersion',
  's3:DeleteObject': 's3:DeleteObjectVersion',
  's3:GetObjectAttributes': 's3:GetObjectVersionAttributes',
  's3:GetObjectTagging': 's3:GetObjectVersionTagging',
  's3:PutObjectTagging': 's3:PutObjectVersionTagging',
  's3:DeleteObjectTagging': 's3:DeleteObjectVersionTagging',
};

/**
 * `action` as the operation is named where no version is. DeleteObjects is refused as a whole where one of its
 * objects may not be deleted; AWS answers with an error for each of those.
 */
export function objectPermissions(operation: string, action: string, input: Members): Permission[] {
  const { Bucket: bucket, Key: key, VersionId: version, CopySource: source } = input;
  if (operation === 'DeleteObjects') return deletions(bucket, input['Delete']);
  const resource = objectArn(bucket, key);
  const facts = { ...listFacts(input), 's3:VersionId': textOf(version) };
  const needed: Permission[] = [{ action: versioned(action, version), resource, facts }];
  if (operation === 'GetObjectAttributes')
    needed.push({ action: versioned('s3:GetObject', version), resource, facts });
  if (action === 's3:PutObject' && input['Tagging'] !== undefined)
    needed.push({ action: 's3:PutObjectTagging', resource, facts });
  if (typeof source === 'string') needed.push(readable(source));
  return needed;
}

/** An object, or a bucket; `*` for neither. A bucket may be named by the ARN of an access point. */
function objectArn(bucket: unknown, key: unknown): string {
  if (typeof bucket !== 'string') return '*';
  if (bucket.startsWith('arn:')) return bucket;
  return `arn:aws:s3:::${bucket}${typeof key === 'string' ? `/${key}` : ''}`;
}

function deletions(bucket: unknown, wanted: unknown): Permission[] {
  const { Objects: objects = [] } = (wanted ?? {}) as { readonly Objects?: readonly Members[] };
  return objects.map(({ Key: key, VersionId: version }) => ({
    action: versioned('s3:DeleteObject', version),
    resource: objectArn(bucket, key),
    facts: { 's3:VersionId': textOf(version) },
  }));
}

function readable(source: string): Permission {
  const { name, Key: key, VersionId: version } = namedSource(source);
  return { action: versioned('s3:GetObject', version), resource: objectArn(name, key), facts: {} };
}

function versioned(action: string, version: unknown): string {
  return version === undefined ? action : (OF_VERSIONS[action] ?? action);
}

/** Condition keys of lists. */
function listFacts({ Prefix: prefix, Delimiter: delimiter, MaxKeys: maxKeys }: Members): ConditionFacts {
  return {
    's3:prefix': textOf(prefix),
    's3:delimiter': textOf(delimiter),
    's3:max-keys': typeof maxKeys === 'number' ? String(maxKeys) : undefined,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
