/** Filters of ListSecrets and BatchGetSecretValue. Source: their user guide page, "Find secrets". */
import type { Filter } from '@aws-sdk/client-secrets-manager';
import type { SecretRecord } from './secret-record.ts';
import { invalidParameter } from './secrets-errors.ts';

type Matches = (record: SecretRecord, value: string) => boolean;

const MATCHES: Readonly<Record<string, Matches>> = {
  name: ({ name }, value) => name.startsWith(value),
  description: ({ description }, value) =>
    description?.toLowerCase().startsWith(value.toLowerCase()) ?? false,
  'tag-key': ({ tags = {} }, value) => Object.keys(tags).some((key) => key.startsWith(value)),
  'tag-value': ({ tags = {} }, value) => Object.values(tags).some((each) => each.startsWith(value)),
  'primary-region': ({ region }, value) => region.startsWith(value),
  // Other services keep no secrets here.
  'owning-service': () => false,
  all: (record, value) => wordsOf(value).every((word) => textsOf(record).some((text) => text.includes(word))),
};

/** Those that every filter lets through; a filter does where one of its values matches. */
export function matching(
  records: readonly SecretRecord[],
  filters: readonly Filter[] | undefined = [],
): SecretRecord[] {
  for (const { Key, Values } of filters)
    if (Key === undefined || Values === undefined || MATCHES[Key] === undefined)
      throw invalidParameter('A filter needs a Key and Values.');
  return records.filter((record) => filters.every((filter) => passes(record, filter)));
}

function passes(record: SecretRecord, { Key: key, Values: values }: Filter): boolean {
  const matches = MATCHES[key!]!;
  return values!.some((value) =>
    value.startsWith('!') ? !matches(record, value.slice(1)) : matches(record, value),
  );
}

function textsOf({ name, description = '', tags = {}, region }: SecretRecord): string[] {
  return [name, description, region, ...Object.entries(tags).flat()].map((text) => text.toLowerCase());
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}
