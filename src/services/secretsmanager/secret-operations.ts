/** Secrets themselves: made, changed, described. Shapes as recorded for "TestSecretsManager". */
import type { RequestContext } from '../../ports/service.ts';
import { describedRotation } from './rotation-rules.ts';
import type { Scope, SecretRecord } from './secret-record.ts';
import { CURRENT, MS_PER_DAY, named, PENDING, PREVIOUS } from './secret-record.ts';
import { givenValue, requireToken, withValue } from './secret-values.ts';
import type { SecretsContext, SecretsOperations } from './secrets-context.ts';
import { requireLive } from './secrets-context.ts';
import { invalidName, nameScheduledForDeletion, notImplemented, secretExists } from './secrets-errors.ts';
import { checkTags } from './tag-operations.ts';

const NAME = /^[\w/+=.@!-]+$/;
const SUFFIX_LENGTH = 6;
const SUFFIX_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Versions that another key is taken for at once. Source: UpdateSecret, `KmsKeyId`. */
const RESEALED_STAGES = [CURRENT, PENDING, PREVIOUS];

type Names = 'CreateSecret' | 'UpdateSecret' | 'DescribeSecret';

export function secretOperations(context: SecretsContext): Required<Pick<SecretsOperations, Names>> {
  const { secrets, clock } = context;
  return {
    async CreateSecret(input, caller) {
      refuseUnimplemented(input);
      const name = input.Name!;
      if (!NAME.test(name)) throw invalidName();
      const token = requireToken(input);
      const value = givenValue(input);
      const tags = input.Tags === undefined ? {} : { tags: checkTags({}, input.Tags) };
      const record = await secrets.decide({ ...scopeOf(caller), name }, async (known) => {
        if (known?.deletion !== undefined) throw nameScheduledForDeletion();
        if (known !== undefined) return repeated(context, known, token, value);
        const made = { ...newSecret(context, caller, name), ...settingsOf(input), ...tags };
        return value === undefined ? made : withValue(context, made, { token, value, stages: [CURRENT] });
      });
      return { ...named(record!), ...(value === undefined ? {} : { VersionId: token }) };
    },

    async UpdateSecret(input, caller) {
      refuseUnimplemented(input);
      const value = givenValue(input);
      const token = value === undefined ? undefined : requireToken(input);
      const record = await secrets.change(input.SecretId!, caller, async (known) => {
        const settings = { ...requireLive(known), ...settingsOf(input), changedMs: clock.now() };
        const resealed =
          settings.kmsKeyId === known.kmsKeyId ? settings : await reseal(context, known, settings);
        if (value === undefined || token === undefined) return resealed;
        return withValue(context, resealed, { token, value, stages: [CURRENT] });
      });
      return { ...named(record), ...(token === undefined ? {} : { VersionId: token }) };
    },

    async DescribeSecret(input, caller) {
      const record = secrets.get(input.SecretId!, caller);
      const stages = stagesOf(record);
      return {
        ...described(record),
        ...(stages === undefined ? {} : { VersionIdsToStages: stages }),
      };
    },
  };
}

/** What DescribeSecret and ListSecrets have in common. */
export function described(record: SecretRecord) {
  const { description, kmsKeyId, tags, accessedMs, deletion, rotation } = record;
  return {
    ...named(record),
    ...(description === undefined ? {} : { Description: description }),
    ...(kmsKeyId === undefined ? {} : { KmsKeyId: kmsKeyId }),
    LastChangedDate: new Date(record.changedMs),
    ...(accessedMs === undefined ? {} : { LastAccessedDate: new Date(accessedMs) }),
    ...(deletion === undefined ? {} : { DeletedDate: new Date(deletion.markedMs) }),
    ...(tags === undefined ? {} : { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }),
    CreatedDate: new Date(record.createdMs),
    ...(rotation === undefined ? {} : describedRotation(rotation)),
  };
}

/** Of the versions that have any; undefined where none has. */
export function stagesOf({ versions }: SecretRecord): Record<string, string[]> | undefined {
  const staged = versions.filter(({ stages }) => stages.length > 0);
  if (staged.length === 0) return undefined;
  return Object.fromEntries(staged.map(({ id, stages }) => [id, [...stages]]));
}

/** The day of a time: what AWS shows of accesses. */
export function dayOf(timeMs: number): number {
  return timeMs - (timeMs % MS_PER_DAY);
}

/** The same request again is answered again; another one finds its name taken. */
async function repeated(
  context: SecretsContext,
  known: SecretRecord,
  token: string,
  value: ReturnType<typeof givenValue>,
): Promise<SecretRecord> {
  if (value === undefined || known.versions.every(({ id }) => id !== token)) throw secretExists(known.name);
  return withValue(context, known, { token, value, stages: [CURRENT] });
}

function newSecret({ ids, clock }: SecretsContext, caller: RequestContext, name: string): SecretRecord {
  const nowMs = clock.now();
  const letter = () => SUFFIX_CHARACTERS[Math.floor(ids.random() * SUFFIX_CHARACTERS.length)]!;
  return {
    ...scopeOf(caller),
    name,
    suffix: Array.from({ length: SUFFIX_LENGTH }, letter).join(''),
    versions: [],
    createdMs: nowMs,
    changedMs: nowMs,
  };
}

async function reseal({ cipher }: SecretsContext, before: SecretRecord, after: SecretRecord) {
  const versions = after.versions.map(async (version) => {
    const isKept = !RESEALED_STAGES.some((stage) => version.stages.includes(stage));
    if (isKept || version.value === undefined) return version;
    const value = await cipher.open(before, version.id, version.value);
    return { ...version, value: await cipher.seal(after, version.id, value) };
  });
  return { ...after, versions: await Promise.all(versions) };
}

function settingsOf({
  Description: description,
  KmsKeyId: kmsKeyId,
}: {
  readonly Description?: string | undefined;
  readonly KmsKeyId?: string | undefined;
}) {
  return {
    ...(description === undefined ? {} : { description }),
    ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
  };
}

function scopeOf({ accountId, region }: RequestContext): Scope {
  return { accountId, region };
}

function refuseUnimplemented(input: {
  readonly AddReplicaRegions?: object | undefined;
  readonly Type?: string | undefined;
}): void {
  if (input.AddReplicaRegions !== undefined) throw notImplemented('replication');
  if (input.Type !== undefined) throw notImplemented('managed external secrets (Type)');
}
