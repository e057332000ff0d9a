/** AWS Secrets Manager: secrets in versions with staging labels, sealed under keys of KMS. */
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import { parsePolicy } from '../../core/policy/parse.ts';
import type { Call } from '../../ports/call.ts';
import type { Log } from '../../ports/log.ts';
import type { Service } from '../../ports/service.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { deletionOperations } from './deletion-operations.ts';
import { Deletions } from './deletions.ts';
import { listOperations } from './list-operations.ts';
import { passwordOperations } from './password-operations.ts';
import { policyOperations } from './policy-operations.ts';
import { rotationOperations } from './rotation-operations.ts';
import { Rotations } from './rotations.ts';
import { SecretCipher } from './secret-cipher.ts';
import { secretOperations } from './secret-operations.ts';
import { SecretTable } from './secret-table.ts';
import type { SecretsContext, SecretsOperations } from './secrets-context.ts';
import { stageOperations } from './stage-operations.ts';
import { tagOperations } from './tag-operations.ts';
import { valueOperations } from './value-operations.ts';

export interface SecretsManagerDependencies {
  readonly state: StateStore;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
  /** Reaches KMS, and functions that rotate secrets. */
  readonly call: Call;
}

export interface SecretsManager {
  readonly service: Service;
  /** To be called when functions can be called. */
  begin(): void;
  close(): void;
}

export async function openSecretsManager(dependencies: SecretsManagerDependencies): Promise<SecretsManager> {
  const { state, clock, ids, call, log } = dependencies;
  const secrets = await SecretTable.open(state);
  const deletions = new Deletions(secrets, clock);
  for (const record of secrets.all()) deletions.follow(record);
  const rotations = new Rotations({ secrets, call, clock, ids, log });
  const cipher = new SecretCipher(call, ids);
  const context: SecretsContext = { secrets, deletions, rotations, cipher, clock, ids };
  const operations: SecretsOperations = {
    ...secretOperations(context),
    ...valueOperations(context),
    ...stageOperations(context),
    ...listOperations(context),
    ...deletionOperations(context),
    ...tagOperations(context),
    ...policyOperations(context),
    ...passwordOperations(context),
    ...rotationOperations(context, call),
  };
  return {
    service: {
      name: 'secretsmanager',
      operations: operations as Service['operations'],
      resourcePolicy: async (arn) => {
        const [, , , region = '', accountId = ''] = arn.split(':');
        const policy = secrets.find(arn, { accountId, region })?.policy;
        return policy === undefined ? undefined : parsePolicy(policy);
      },
    },
    begin() {
      for (const record of secrets.all()) rotations.follow(record);
    },
    close() {
      deletions.close();
      rotations.close();
    },
  };
}
