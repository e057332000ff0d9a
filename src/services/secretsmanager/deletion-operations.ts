import type { SecretRecord } from './secret-record.ts';
import { MS_PER_DAY, named } from './secret-record.ts';
import type { SecretsContext, SecretsOperations } from './secrets-context.ts';
import { requireLive } from './secrets-context.ts';
import { invalidParameter } from './secrets-errors.ts';

/** Days between marking and deletion. Source: DeleteSecret. */
const DEFAULT_WINDOW_DAYS = 30;
const MIN_WINDOW_DAYS = 7;
const MAX_WINDOW_DAYS = 30;

type Names = 'DeleteSecret' | 'RestoreSecret';

interface DeleteInput {
  readonly RecoveryWindowInDays?: number | undefined;
  readonly ForceDeleteWithoutRecovery?: boolean | undefined;
}

export function deletionOperations(context: SecretsContext): Required<Pick<SecretsOperations, Names>> {
  const { secrets, deletions, rotations, clock } = context;
  const remove = async (known: SecretRecord): Promise<void> => {
    await secrets.decide(known, (record) => (record?.suffix === known.suffix ? undefined : record));
    deletions.forget(known);
    rotations.forget(known);
  };
  return {
    async DeleteSecret(input, caller) {
      checkWindow(input);
      const nowMs = clock.now();
      if (input.ForceDeleteWithoutRecovery === true) {
        const known = secrets.find(input.SecretId!, caller);
        if (known !== undefined) await remove(known);
        // What is not there may be forced away too. Source: DeleteSecret.
        const gone = input.SecretId!.startsWith('arn:')
          ? { ARN: input.SecretId! }
          : { Name: input.SecretId! };
        return { ...(known === undefined ? gone : named(known)), DeletionDate: new Date(nowMs) };
      }
      const dueMs = nowMs + (input.RecoveryWindowInDays ?? DEFAULT_WINDOW_DAYS) * MS_PER_DAY;
      const record = await secrets.change(input.SecretId!, caller, (known) => ({
        ...requireLive(known),
        deletion: { markedMs: nowMs, dueMs },
      }));
      deletions.follow(record);
      rotations.follow(record);
      return { ...named(record), DeletionDate: new Date(dueMs) };
    },

    /** One that is not marked is left as it is, as on AWS. */
    async RestoreSecret(input, caller) {
      const record = await secrets.change(input.SecretId!, caller, (known) => {
        if (known.deletion === undefined) return known;
        const { deletion: _, ...restored } = known;
        return restored;
      });
      deletions.follow(record);
      rotations.follow(record);
      return named(record);
    },
  };
}

/** Words by moto, which has taken them from AWS. */
function checkWindow({
  RecoveryWindowInDays: days,
  ForceDeleteWithoutRecovery: isForced,
}: DeleteInput): void {
  if (days === undefined) return;
  if (isForced === true)
    throw invalidParameter(
      "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
    );
  if (days < MIN_WINDOW_DAYS || days > MAX_WINDOW_DAYS)
    throw invalidParameter(
      `The RecoveryWindowInDays value must be between ${MIN_WINDOW_DAYS} and ${MAX_WINDOW_DAYS} days (inclusive).`,
    );
}
