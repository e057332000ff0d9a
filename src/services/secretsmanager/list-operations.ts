import { matching } from './secret-filters.ts';
import { described, stagesOf } from './secret-operations.ts';
import type { SecretRecord, SecretVersion } from './secret-record.ts';
import { named } from './secret-record.ts';
import type { SecretsContext, SecretsOperations } from './secrets-context.ts';
import { numberedPage } from './secrets-context.ts';

/** What AWS calls the key that it keeps. Recorded. */
const DEFAULT_KEY = 'DefaultEncryptionKey';

type Order = (a: SecretRecord, b: SecretRecord) => number;

const ORDERS: Readonly<Record<string, Order>> = {
  'created-date': (a, b) => a.createdMs - b.createdMs,
  'last-accessed-date': (a, b) => (a.accessedMs ?? 0) - (b.accessedMs ?? 0),
  'last-changed-date': (a, b) => a.changedMs - b.changedMs,
  name: (a, b) => (a.name < b.name ? -1 : 1),
};

type Names = 'ListSecrets' | 'ListSecretVersionIds';

export function listOperations({ secrets }: SecretsContext): Required<Pick<SecretsOperations, Names>> {
  return {
    async ListSecrets(input, caller) {
      const shown = secrets
        .of(caller)
        .filter(({ deletion }) => deletion === undefined || input.IncludePlannedDeletion === true);
      const order = ORDERS[input.SortBy ?? 'created-date']!;
      const direction = input.SortOrder === 'desc' ? -1 : 1;
      const sorted = matching(shown, input.Filters).sort((a, b) => direction * order(a, b));
      const page = numberedPage(sorted, input);
      return { SecretList: page.items.map(listed), ...page.next };
    },

    async ListSecretVersionIds(input, caller) {
      const record = secrets.get(input.SecretId!, caller);
      const versions = record.versions.filter(
        ({ stages }) => stages.length > 0 || input.IncludeDeprecated === true,
      );
      const page = numberedPage(versions, input);
      return { ...named(record), Versions: page.items.map(listedVersion), ...page.next };
    },
  };
}

function listed(record: SecretRecord) {
  const stages = stagesOf(record);
  return { ...described(record), ...(stages === undefined ? {} : { SecretVersionsToStages: stages }) };
}

function listedVersion({ id, stages, createdMs, accessedMs, value }: SecretVersion) {
  return {
    VersionId: id,
    ...(stages.length === 0 ? {} : { VersionStages: [...stages] }),
    ...(accessedMs === undefined ? {} : { LastAccessedDate: new Date(accessedMs) }),
    CreatedDate: new Date(createdMs),
    KmsKeyIds: [value?.kmsKeyArn ?? DEFAULT_KEY],
  };
}
