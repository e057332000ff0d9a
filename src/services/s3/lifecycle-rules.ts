/** Rules by which objects of a bucket expire. Words as recorded for "test_put_bucket_lifecycle_conf_exc". */
import type { LifecycleRule as GivenRule, LifecycleRuleFilter, Tag } from '@aws-sdk/client-s3';
import { AwsError } from '../../core/errors.ts';
import type { ObjectVersion } from '../../ports/object-table.ts';
import { settingsOf } from './object-attributes.ts';
import { invalidArgument, invalidRequest, malformedXml, notImplemented } from './s3-errors.ts';

const DAY_MS = 24 * 3_600_000;

/** Source: user guide, "Examples of S3 Lifecycle configurations". */
const MAX_RULES = 1_000;
/** Source: API reference of LifecycleRule. */
const MAX_ID_CHARACTERS = 255;

/** As it was given, with an id; a date is text once the record has been stored. */
export type LifecycleRule = GivenRule & { readonly ID: string };

export interface Lifecycle {
  readonly rules: readonly LifecycleRule[];
  readonly transitionMinimum: 'all_storage_classes_128K' | 'varies_by_storage_class';
}

/** Throws where AWS would not take them, `NotImplemented` for what is not done here. */
export function checkedRules(given: readonly GivenRule[] | undefined, newId: () => string): LifecycleRule[] {
  if (given === undefined || given.length === 0 || given.length > MAX_RULES) throw malformedXml();
  const rules = given.map((rule) => ({ ...rule, ID: rule.ID || newId() }));
  for (const rule of rules) checkRule(rule);
  if (new Set(rules.map(({ ID }) => ID)).size < rules.length)
    throw invalidArgument('Rule ID must be unique. Found same ID for more than one rule', 'ID');
  return rules;
}

function checkRule(rule: LifecycleRule): void {
  if (rule.ID.length > MAX_ID_CHARACTERS)
    throw invalidArgument('ID length should not exceed allowed limit of 255', 'ID', rule.ID);
  if (rule.Status !== 'Enabled' && rule.Status !== 'Disabled') throw malformedXml();
  if ((rule.Filter === undefined) === (rule.Prefix === undefined)) throw malformedXml();
  for (const name of ['Transitions', 'NoncurrentVersionTransitions'] as const)
    if (rule[name] !== undefined) throw notImplemented('PutBucketLifecycleConfiguration', name);
  const { Expiration, NoncurrentVersionExpiration, AbortIncompleteMultipartUpload } = rule;
  if (!Expiration && !NoncurrentVersionExpiration && !AbortIncompleteMultipartUpload)
    throw invalidRequest('At least one action needs to be specified in a rule.');
  checkFilter(rule.Filter ?? {}, Expiration?.ExpiredObjectDeleteMarker, AbortIncompleteMultipartUpload);
  checkExpiration(Expiration);
  if (NoncurrentVersionExpiration?.NoncurrentDays === undefined && NoncurrentVersionExpiration !== undefined)
    throw malformedXml();
  const days = [NoncurrentVersionExpiration?.NoncurrentDays, Expiration?.Days];
  for (const count of [...days, AbortIncompleteMultipartUpload?.DaysAfterInitiation])
    if (count !== undefined && (!Number.isInteger(count) || count < 1))
      throw invalidArgument(`'Days' for Expiration action must be a positive integer`, 'Days', count);
}

function checkExpiration(expiration: GivenRule['Expiration']): void {
  if (expiration === undefined) return;
  const chosen = [expiration.Days, expiration.Date, expiration.ExpiredObjectDeleteMarker];
  if (chosen.filter((part) => part !== undefined).length !== 1) throw malformedXml();
  if (expiration.Date !== undefined && expiration.Date.getTime() % DAY_MS !== 0)
    throw invalidArgument("'Date' must be at midnight GMT", 'Date', expiration.Date.toISOString());
}

function checkFilter(filter: LifecycleRuleFilter, marker: boolean | undefined, abort: unknown): void {
  const { And: and, ...one } = filter;
  const named = Object.values(one).filter((part) => part !== undefined).length;
  if (named > 1 || (and !== undefined && named > 0)) throw malformedXml();
  const parts = Object.entries(and ?? {}).flatMap(([name, part]) =>
    part === undefined ? [] : name === 'Tags' ? (part as Tag[]) : [part],
  );
  if (and !== undefined && parts.length < 2) throw malformedXml();
  const tags = tagsOf(filter);
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length)
    throw new AwsError('InvalidRequest', 'Duplicate Tag Keys are not allowed.', {}, 400);
  // Neither a marker nor an upload under way has tags. Source: API reference of LifecycleRule.
  if (tags.length > 0 && marker !== undefined)
    throw invalidRequest('ExpiredObjectDeleteMarker cannot be specified with tags.');
  if (tags.length > 0 && abort !== undefined)
    throw invalidRequest('AbortIncompleteMultipartUpload cannot be specified with tags.');
}

function tagsOf({ Tag, And }: LifecycleRuleFilter): readonly Tag[] {
  return Tag === undefined ? (And?.Tags ?? []) : [Tag];
}

export function shownRule({ Expiration, ...rule }: LifecycleRule): LifecycleRule {
  if (Expiration?.Date === undefined) return Expiration === undefined ? rule : { ...rule, Expiration };
  return { ...rule, Expiration: { ...Expiration, Date: new Date(Expiration.Date) } };
}

export function prefixOf({ Prefix, Filter }: LifecycleRule): string {
  return Prefix ?? Filter?.Prefix ?? Filter?.And?.Prefix ?? '';
}

export function matchesObject(rule: LifecycleRule, object: ObjectVersion): boolean {
  if (rule.Status !== 'Enabled' || !object.key.startsWith(prefixOf(rule))) return false;
  const { Filter: filter = {} } = rule;
  const least = filter.ObjectSizeGreaterThan ?? filter.And?.ObjectSizeGreaterThan;
  const most = filter.ObjectSizeLessThan ?? filter.And?.ObjectSizeLessThan;
  if (least !== undefined && object.sizeBytes <= least) return false;
  if (most !== undefined && object.sizeBytes >= most) return false;
  const tags = settingsOf(object).tags ?? [];
  return tagsOf(filter).every((wanted) =>
    tags.some((tag) => tag.Key === wanted.Key && tag.Value === wanted.Value),
  );
}

/** The midnight (UTC) after so many whole days: AWS rounds up to it. */
export function daysAfter(ms: number, days: number): number {
  return Math.ceil((ms + days * DAY_MS) / DAY_MS) * DAY_MS;
}

export interface Expiry {
  readonly atMs: number;
  readonly ruleId: string;
}

/** When the latest version of an object expires, by the rule that comes first; undefined for never. */
export function expiryOf(rules: readonly LifecycleRule[], object: ObjectVersion): Expiry | undefined {
  if (object.isDeleteMarker) return undefined;
  let first: Expiry | undefined;
  for (const rule of rules) {
    const { Days: days, Date: date } = rule.Expiration ?? {};
    if ((days === undefined && date === undefined) || !matchesObject(rule, object)) continue;
    const atMs = days === undefined ? new Date(date!).getTime() : daysAfter(object.modifiedMs, days);
    if (first === undefined || atMs < first.atMs) first = { atMs, ruleId: rule.ID };
  }
  return first;
}

/** The member `Expiration` of answers about the latest version. */
export function expirationMember(
  rules: readonly LifecycleRule[] | undefined,
  object: ObjectVersion,
): { Expiration?: string } {
  const expiry = rules && expiryOf(rules, object);
  if (expiry === undefined) return {};
  const date = new Date(expiry.atMs).toUTCString();
  return { Expiration: `expiry-date="${date}", rule-id="${encodeURIComponent(expiry.ruleId)}"` };
}
