/** S3's host names: which bucket a virtual-hosted request addresses. */
import { serviceLabels } from './host-name.ts';

export interface S3Host {
  /** Empty for path-style requests. */
  readonly bucket: string;
  readonly region: string | undefined;
  readonly control: boolean;
}

const DUALSTACK = 'dualstack';

/** Takes `s3`, `bucket.s3`, `bucket.s3.us-east-1`, `b.s3-us-west-2`, `123456789012.s3-control.us-east-1` apart. */
export function parseS3Host(name: string): S3Host | undefined {
  const labels = serviceLabels(name);
  if (labels === undefined) return undefined;
  // From the right, since a bucket's name may hold a label `s3`.
  for (let index = labels.length - 1; index >= 0; index -= 1) {
    const label = labels[index]!;
    if (!isS3Label(label)) continue;
    const after = labels.slice(index + 1).filter((part) => part !== DUALSTACK);
    if (after.length > 1) return undefined;
    const before = labels.slice(0, index).join('.');
    const control = label === 's3-control';
    return { bucket: control ? '' : before, region: after[0] ?? legacyRegion(label), control };
  }
  return undefined;
}

/**
 * The bucket of a request that is known to be S3's. Clients given `http://localhost:4566` as their
 * endpoint put the bucket straight before it: `bucket.localhost:4566`.
 */
export function bucketOf(name: string): string {
  const host = parseS3Host(name);
  if (host !== undefined) return host.bucket;
  if (!name.endsWith('.localhost') && !name.endsWith('.localhost.localstack.cloud')) return '';
  return serviceLabels(name)?.join('.') ?? '';
}

function isS3Label(label: string): boolean {
  if (label === 's3' || label === 's3-control') return true;
  return label.startsWith('s3-') && (label === 's3-accelerate' || isRegion(label.slice(3)));
}

function legacyRegion(label: string): string | undefined {
  return label.startsWith('s3-') && isRegion(label.slice(3)) ? label.slice(3) : undefined;
}

/** The form of a region's name, `us-gov-west-1`; new ones need no new release. */
export function isRegion(label: string): boolean {
  const parts = label.split('-');
  if (parts.length < 3 || parts[0]!.length !== 2) return false;
  const last = parts.at(-1)!;
  return last.length === 1 && last >= '1' && last <= '9';
}
