import type { SecretRecord } from './secret-record.ts';
import { CURRENT, named, staged, versionOf } from './secret-record.ts';
import type { SecretsContext, SecretsOperations } from './secrets-context.ts';
import { requireLive } from './secrets-context.ts';
import { invalidParameter } from './secrets-errors.ts';
import { withStage } from './version-stages.ts';

/** Labels a version may have. Source: "AWS Secrets Manager quotas". */
const MAX_STAGES = 20;

interface StageMove {
  readonly VersionStage?: string | undefined;
  readonly RemoveFromVersionId?: string | undefined;
  readonly MoveToVersionId?: string | undefined;
}

export function stageOperations({
  secrets,
  clock,
}: SecretsContext): Required<Pick<SecretsOperations, 'UpdateSecretVersionStage'>> {
  return {
    async UpdateSecretVersionStage(input, caller) {
      const record = await secrets.change(input.SecretId!, caller, (known) => {
        const moved = withMove(requireLive(known), input);
        return moved === known ? known : { ...moved, changedMs: clock.now() };
      });
      return named(record);
    },
  };
}

/** Words of the third and fourth by moto and floci, which say they are AWS's; of the others by the API reference. */
function withMove(
  record: SecretRecord,
  { VersionStage, RemoveFromVersionId: from, MoveToVersionId: to }: StageMove,
) {
  const stage = VersionStage!;
  for (const id of [from, to])
    if (id !== undefined && versionOf(record, id) === undefined)
      throw invalidParameter(`Not a valid version: ${id}`);
  const holder = staged(record, stage)?.id;
  if (to === undefined && stage === CURRENT)
    throw invalidParameter(
      "You can't remove the staging label AWSCURRENT, but only move it to another version.",
    );
  if (from === undefined && holder !== undefined && holder !== to)
    throw invalidParameter(
      `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
    );
  if (from !== undefined && from !== holder)
    throw invalidParameter(
      `When you move staging label ${stage}, if you specify RemoveFromVersionId, it must be set to the version that currently has the staging label ${stage}.`,
    );
  if (to !== undefined && holder !== to && versionOf(record, to)!.stages.length >= MAX_STAGES)
    throw invalidParameter(`A version can have at most ${MAX_STAGES} staging labels.`);
  return withStage(record, stage, to);
}
