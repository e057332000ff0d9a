/** AWS Secrets Manager: secrets in versions with staging labels, sealed under keys of KMS. */
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import { parsePolicy } from '../../core/policy/parse.ts';
import type { Call } from '../../ports/call.ts';
import type { Service } from '../../ports/service.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { deletionOperations } from './deletion-operations.ts';
import { Deletions } from './deletions.ts';
import { listOperations } from './list-operations.ts';
import { passwordOperations } from './password-operations.ts';
import { policyOperations } from './policy-operations.ts';
import { SecretCipher } from './secret-cipher.ts';
import { secretOperations } from './secret-operations.ts';
import { SecretTable } from './secret-table.ts';
import type { SecretsContext, SecretsOperations } from './secrets-context.ts';
import { stageOperations } from './stage-operations.ts';
import { tagOperations } from './tag-operations.ts';
import { valueOperations } from './value-operations.ts';

export interface SecretsManagerDependencies {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Reaches KMS. */
  readonly call: Call;
}

export interface SecretsManager {
  readonly service: Service;
  close(): void;
}

export async function openSecretsManager(dependencies: SecretsManagerDependencies): Promise<SecretsManager> {
  const { state, clock, ids, call } = dependencies;
  const secrets = await SecretTable.open(state);
  const deletions = new Deletions(secrets, clock);
  for (const record of secrets.all()) deletions.follow(record);
  const context: SecretsContext = { secrets, deletions, cipher: new SecretCipher(call, ids), clock, ids };
  const operations: SecretsOperations = {
    ...secretOperations(context),
    ...valueOperations(context),
    ...stageOperations(context),
    ...listOperations(context),
    ...deletionOperations(context),
    ...tagOperations(context),
    ...policyOperations(context),
    ...passwordOperations(context),
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
    close: () => deletions.close(),
  };
}
