import type { Timer } from '../../core/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { ListPage, ListRange, ObjectVersion } from '../../ports/object-table.ts';
import type { BucketRecord } from './bucket-record.ts';
import { putMarker, removeVersion } from './deletions.ts';
import type { LifecycleRule } from './lifecycle-rules.ts';
import { daysAfter, expiryOf, matchesObject, prefixOf } from './lifecycle-rules.ts';
import type { ObjectChange, Requester } from './object-events.ts';
import type { S3Context } from './s3-context.ts';

const DAY_MS = 24 * 3_600_000;
/** Entries read at once. */
const PAGE = 1_000;

const EXPIRED: ObjectChange = { name: 'LifecycleExpiration:Delete', reason: 'Lifecycle Expiration' };
const MARKED: ObjectChange = {
  name: 'LifecycleExpiration:DeleteMarkerCreated',
  reason: 'Lifecycle Expiration',
};

/** Does every midnight (UTC) what the rules of all buckets ask for, as AWS does once a day. */
export class LifecycleWork {
  private readonly s3: S3Context;
  private readonly log: Log;
  private timer: Timer | undefined;
  private isClosed = false;

  constructor(s3: S3Context, log: Log) {
    this.s3 = s3;
    this.log = log;
  }

  /** Waits for the next midnight if there are rules. To be called when there may be some. */
  begin(): void {
    const { buckets, clock } = this.s3;
    if (this.isClosed || this.timer !== undefined) return;
    if (!buckets.all().some(({ lifecycle }) => lifecycle !== undefined)) return;
    const midnightMs = (Math.floor(clock.now() / DAY_MS) + 1) * DAY_MS;
    this.timer = clock.at(midnightMs, async () => {
      this.timer = undefined;
      await this.run();
      this.begin();
    });
  }

  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
  }

  private async run(): Promise<void> {
    for (const bucket of this.s3.buckets.all()) {
      const rules = (bucket.lifecycle?.rules ?? []).filter(({ Status }) => Status === 'Enabled');
      if (rules.length === 0) continue;
      try {
        await this.expireObjects(bucket, rules);
        await this.expireVersions(bucket, rules);
        await this.abortUploads(bucket, rules);
      } catch (error) {
        // What is left is looked at again the next midnight.
        this.log.error({ bucket: bucket.name, err: error }, 'the rules of a bucket could not be carried out');
      }
    }
  }

  private async expireObjects(bucket: BucketRecord, rules: readonly LifecycleRule[]): Promise<void> {
    const { objects, clock } = this.s3;
    for await (const object of pages(bucket, (range) => objects.list(range))) {
      const expiry = expiryOf(rules, object);
      if (expiry === undefined || expiry.atMs > clock.now() || this.isClosed) continue;
      const requester = this.requester();
      const { key } = object;
      // Only what was looked at: somebody may have written the key anew meanwhile.
      const condition = { ifMatch: object.etag };
      if (bucket.versioning !== undefined)
        await putMarker(this.s3, bucket, { key, condition, change: MARKED, requester });
      else
        await removeVersion(this.s3, bucket, {
          key,
          versionId: 'null',
          condition,
          change: EXPIRED,
          requester,
        });
    }
  }

  /** Versions that others have taken the place of, and markers behind which nothing is left. */
  private async expireVersions(bucket: BucketRecord, rules: readonly LifecycleRule[]): Promise<void> {
    if (bucket.versioning === undefined) return;
    const { objects } = this.s3;
    let versions: ObjectVersion[] = [];
    for await (const version of pages(bucket, (range) => objects.listVersions(range))) {
      if (versions[0] !== undefined && versions[0].key !== version.key) {
        await this.expireOfKey(bucket, rules, versions);
        versions = [];
      }
      versions.push(version);
    }
    if (versions.length > 0) await this.expireOfKey(bucket, rules, versions);
  }

  /** `versions`: all of one key, the newest first. */
  private async expireOfKey(
    bucket: BucketRecord,
    rules: readonly LifecycleRule[],
    versions: readonly ObjectVersion[],
  ): Promise<void> {
    const now = this.s3.clock.now();
    const expired = versions.filter((version, index) => {
      if (index === 0) return versions.length === 1 && isExpiredMarker(rules, version, now);
      const supersededMs = versions[index - 1]!.modifiedMs;
      return rules.some((rule) => {
        const { NoncurrentDays: days, NewerNoncurrentVersions: kept = 0 } =
          rule.NoncurrentVersionExpiration ?? {};
        if (days === undefined || index <= kept || !matchesObject(rule, version)) return false;
        return daysAfter(supersededMs, days) <= now;
      });
    });
    for (const { key, versionId } of expired) {
      if (this.isClosed) return;
      const requester = this.requester();
      await removeVersion(this.s3, bucket, { key, versionId, change: EXPIRED, requester });
    }
  }

  private async abortUploads(bucket: BucketRecord, rules: readonly LifecycleRule[]): Promise<void> {
    const { objects, contents, clock } = this.s3;
    const aborting = rules.filter((rule) => rule.AbortIncompleteMultipartUpload !== undefined);
    if (aborting.length === 0) return;
    for await (const { key, uploadId, startedMs } of pages(bucket, (range) => objects.listUploads(range))) {
      const isDue = aborting.some(
        (rule) =>
          key.startsWith(prefixOf(rule)) &&
          daysAfter(startedMs, rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation ?? 0) <= clock.now(),
      );
      if (!isDue || this.isClosed) continue;
      await contents.remove((await objects.removeUpload(uploadId)) ?? []);
    }
  }

  private requester(): Requester {
    return { requestId: this.s3.ids.uuid(), requester: 's3.amazonaws.com' };
  }
}

function isExpiredMarker(rules: readonly LifecycleRule[], version: ObjectVersion, now: number): boolean {
  return (
    version.isDeleteMarker &&
    rules.some((rule) => {
      if (!version.key.startsWith(prefixOf(rule))) return false;
      const { ExpiredObjectDeleteMarker: isAsked, Days: days } = rule.Expiration ?? {};
      // Days remove a marker that is alone as well. Source: user guide, "Lifecycle rule elements".
      return isAsked === true || (days !== undefined && daysAfter(version.modifiedMs, days) <= now);
    })
  );
}

interface Entry {
  readonly key: string;
  readonly sequence: number;
}

/** All entries of a bucket; those that go meanwhile do not matter. */
async function* pages<T extends Entry>(
  bucket: BucketRecord,
  list: (range: ListRange) => Promise<ListPage<T>>,
): AsyncGenerator<T> {
  let last: T | undefined;
  for (;;) {
    const range = { bucket: bucket.name, prefix: '', delimiter: '', after: last?.key ?? '', limit: PAGE };
    const page: ListPage<T> = await list({ ...range, ...(last && { afterSequence: last.sequence }) });
    for (const entry of page.entries) {
      if (typeof entry === 'string') continue;
      yield entry;
      last = entry;
    }
    if (!page.isTruncated) return;
  }
}
