/** The keys that AWS's services keep in an account: `alias/aws/<service>`, made when first asked for. */
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import { Turns } from '../../core/turns.ts';
import { newMaterial } from './key-material.ts';
import type { KeyRecord, Scope } from './key-record.ts';
import { aliasArn, defaultKeyPolicy, MS_PER_DAY, ROTATION_PERIOD_DAYS } from './key-record.ts';
import type { KeyTable } from './key-table.ts';
import type { RootKey } from './root-key.ts';

/** Services whose keys may be asked for, with AWS's descriptions of the keys. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  lambda: 'Default key that protects my Lambda functions when no other key is defined',
  sqs: 'Default key that protects my SQS messages when no other key is defined',
  sns: 'Default key that protects my SNS data when no other key is defined',
  s3: 'Default key that protects my S3 objects when no other key is defined',
  dynamodb: 'Default key that protects my DynamoDB data when no other key is defined',
  kinesis: 'Default key that protects my Kinesis data when no other key is defined',
  secretsmanager: 'Default key that protects my Secrets Manager data when no other key is defined',
  ssm: 'Default key that protects my SSM data when no other key is defined',
};

const NAME = /^(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:)?(alias\/aws\/([a-z0-9]+))$/;

export interface ManagedKeysDependencies {
  readonly keys: KeyTable;
  readonly root: RootKey;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly onCreated: (record: KeyRecord) => void;
}

export class ManagedKeys {
  private readonly deps: ManagedKeysDependencies;
  private readonly turns = new Turns();

  constructor(dependencies: ManagedKeysDependencies) {
    this.deps = dependencies;
  }

  /** Makes the key where `identifier` is the alias of one that is not there yet. */
  async ensure(identifier: string, caller: Scope): Promise<void> {
    const [, alias, service] = NAME.exec(identifier) ?? [];
    if (alias === undefined || service === undefined || !Object.hasOwn(DESCRIPTIONS, service)) return;
    const { accountId, region } = caller;
    if (this.deps.keys.alias({ accountId, region }, alias) !== undefined) return;
    await this.turns.run(aliasArn(caller, alias), async () => {
      if (this.deps.keys.alias(caller, alias) === undefined)
        await this.create({ accountId, region }, alias, service);
    });
  }

  private async create(scope: Scope, alias: string, service: string): Promise<void> {
    const { keys, root, clock, ids } = this.deps;
    const createdMs = clock.now();
    const keyId = ids.uuid();
    const record: KeyRecord = {
      ...scope,
      keyId,
      description: DESCRIPTIONS[service]!,
      keySpec: 'SYMMETRIC_DEFAULT',
      keyUsage: 'ENCRYPT_DECRYPT',
      manager: 'AWS',
      state: 'Enabled',
      createdMs,
      materials: [
        { id: ids.hex(32), sealed: root.seal(await newMaterial('SYMMETRIC_DEFAULT'), keyId), createdMs },
      ],
      policy: defaultKeyPolicy(scope.accountId),
      tags: {},
      rotation: { periodDays: ROTATION_PERIOD_DAYS, nextMs: createdMs + ROTATION_PERIOD_DAYS * MS_PER_DAY },
      grants: [],
    };
    await keys.put(record);
    await keys.changeAlias(scope, alias, () => ({
      ...scope,
      name: alias,
      targetKeyId: keyId,
      createdMs,
      updatedMs: createdMs,
    }));
    this.deps.onCreated(record);
  }
}
