/** What is secret: put and read. */
import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import { matching } from './secret-filters.ts';
import { dayOf } from './secret-operations.ts';
import type { SecretRecord, SecretVersion } from './secret-record.ts';
import { CURRENT, named, staged, versionOf } from './secret-record.ts';
import { givenValue, requireToken, withValue } from './secret-values.ts';
import type { SecretsContext, SecretsOperations } from './secrets-context.ts';
import { liveSecret, numberedPage, requireLive } from './secrets-context.ts';
import { invalidParameter, invalidRequest, stageNotFound, versionNotFound } from './secrets-errors.ts';

/** Secrets of a batch. Source: BatchGetSecretValue, `MaxResults`. */
const BATCH_ITEMS = 20;

type Names = 'GetSecretValue' | 'BatchGetSecretValue' | 'PutSecretValue';

interface WantedVersion {
  readonly VersionId?: string | undefined;
  readonly VersionStage?: string | undefined;
}

export function valueOperations(context: SecretsContext): Required<Pick<SecretsOperations, Names>> {
  const { secrets } = context;
  const read = async (id: string, caller: RequestContext, wanted: WantedVersion = {}) => {
    const record = liveSecret(context, id, caller);
    const version = wantedVersion(record, wanted);
    if (version.value === undefined) throw versionNotFound(version.id);
    const value = await context.cipher.open(record, version.id, version.value);
    await noteAccess(context, record, version);
    return {
      ...named(record),
      VersionId: version.id,
      ...('text' in value ? { SecretString: value.text } : { SecretBinary: value.bytes }),
      // Left out where there are none: recorded nowhere, by the shape's minimum of one.
      ...(version.stages.length === 0 ? {} : { VersionStages: [...version.stages] }),
      CreatedDate: new Date(version.createdMs),
    };
  };
  return {
    GetSecretValue: (input, caller) => read(input.SecretId!, caller, input),

    async BatchGetSecretValue(input, caller) {
      const { SecretIdList: ids, Filters: filters } = input;
      // Words by moto.
      if ((ids === undefined) === (filters === undefined))
        throw invalidParameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.");
      const found = ids ?? matching(secrets.of(caller).filter(isReadable), filters).map(({ name }) => name);
      const page = numberedPage(found, { MaxResults: BATCH_ITEMS, ...input });
      const answers = await Promise.all(
        page.items.map((id) => read(id, caller).catch((error: unknown) => refusal(id, error))),
      );
      return {
        SecretValues: answers.filter((answer) => 'ARN' in answer),
        Errors: answers.filter((answer) => 'ErrorCode' in answer),
        ...page.next,
      };
    },

    async PutSecretValue(input, caller) {
      const token = requireToken(input);
      const value = givenValue(input);
      if (value === undefined) throw invalidRequest('You must provide either SecretString or SecretBinary.');
      const record = await secrets.change(input.SecretId!, caller, (known) => {
        const { RotationToken: rotationToken } = input;
        if (rotationToken !== undefined && rotationToken !== known.rotation?.pending?.rotationToken)
          throw invalidParameter('The RotationToken is none of a rotation of this secret.');
        const stages = input.VersionStages ?? [CURRENT];
        // Source: PutSecretValue, "automatically attaches the staging label AWSCURRENT to the first version".
        const given = requireLive(known).versions.length === 0 ? [CURRENT, ...stages] : stages;
        return withValue(context, known, { token, value, stages: [...new Set(given)] });
      });
      const stages = versionOf(record, token)!.stages;
      return { ...named(record), VersionId: token, VersionStages: [...stages] };
    },
  };
}

/** The version that a request is for: AWSCURRENT where it does not say. */
function wantedVersion(
  record: SecretRecord,
  { VersionId: id, VersionStage: stage }: WantedVersion,
): SecretVersion {
  if (id === undefined) {
    const version = staged(record, stage ?? CURRENT);
    if (version === undefined) throw stageNotFound(stage ?? CURRENT);
    return version;
  }
  const version = versionOf(record, id);
  if (version === undefined) throw versionNotFound(id);
  if (stage !== undefined && !version.stages.includes(stage))
    throw invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.');
  return version;
}

/** Days are noted, so that a secret that is read often is written once a day. */
async function noteAccess(
  { secrets, clock }: SecretsContext,
  record: SecretRecord,
  { id }: SecretVersion,
): Promise<void> {
  const accessedMs = dayOf(clock.now());
  const isNoted = (known: SecretRecord): boolean =>
    known.accessedMs === accessedMs && versionOf(known, id)?.accessedMs === accessedMs;
  if (isNoted(record)) return;
  await secrets.decide(record, (known) => {
    if (known === undefined || known.suffix !== record.suffix || isNoted(known)) return known;
    const versions = known.versions.map((each) => (each.id === id ? { ...each, accessedMs } : each));
    return { ...known, accessedMs, versions };
  });
}

function isReadable(record: SecretRecord): boolean {
  return record.deletion === undefined && staged(record, CURRENT) !== undefined;
}

function refusal(SecretId: string, error: unknown) {
  if (!(error instanceof AwsError)) throw error;
  return { SecretId, ErrorCode: error.code, Message: error.message };
}
