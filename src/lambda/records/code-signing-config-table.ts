/** Stored code signing configs, and which function has which. */
import { Turns } from '../../core/turns.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { FunctionTable } from './function-table.ts';
import type { FunctionName } from './qualified-table.ts';
import { QualifiedTable } from './qualified-table.ts';
import { storedRecords } from './stored-records.ts';

const CONFIGS = 'lambda.code-signing-config';
const ATTACHMENTS = 'lambda.function-code-signing';

export interface CodeSigningConfigRecord {
  readonly accountId: string;
  readonly region: string;
  /** `csc-` and 17 letters and digits. */
  readonly id: string;
  readonly arn: string;
  readonly description?: string;
  /** ARNs of versions of signing profiles. */
  readonly allowedPublishers: readonly string[];
  readonly untrustedArtifactOnDeployment: 'Warn' | 'Enforce';
  readonly tags: Readonly<Record<string, string>>;
  /** Service time, epoch milliseconds. */
  readonly lastModifiedMs: number;
}

/** That a function has a config, by the config's ARN. */
export interface CodeSigningAttachment extends FunctionName {
  readonly configArn: string;
}

export class CodeSigningConfigTable {
  /** One a function, under `$LATEST`. */
  readonly attachments: QualifiedTable<CodeSigningAttachment>;
  private readonly state: StateStore;
  private readonly configs = new Map<string, CodeSigningConfigRecord>();
  private readonly turns = new Turns();

  private constructor(state: StateStore, attachments: QualifiedTable<CodeSigningAttachment>) {
    this.state = state;
    this.attachments = attachments;
  }

  static async open(state: StateStore, functions: FunctionTable): Promise<CodeSigningConfigTable> {
    const attachments = await QualifiedTable.open<CodeSigningAttachment>(state, functions, ATTACHMENTS);
    const table = new CodeSigningConfigTable(state, attachments);
    for await (const { value } of storedRecords<CodeSigningConfigRecord>(state, CONFIGS))
      table.configs.set(value.arn, value);
    return table;
  }

  find(arn: string): CodeSigningConfigRecord | undefined {
    return this.configs.get(arn);
  }

  /** Those of an account in a region, by ARN in order. */
  list(accountId: string, region: string): CodeSigningConfigRecord[] {
    return [...this.configs.values()]
      .filter((config) => config.accountId === accountId && config.region === region)
      .sort((a, b) => (a.arn < b.arn ? -1 : 1));
  }

  /** Functions that have the config, in no order. */
  functionsOf(arn: string): CodeSigningAttachment[] {
    return [...this.attachments.all()].filter(({ configArn }) => configArn === arn);
  }

  /** Does what must not meet a change of the config: changing it, and attaching it to a function. */
  whileUnchanged<T>(arn: string, work: () => Promise<T>): Promise<T> {
    return this.turns.run(arn, work);
  }

  /** Called within `whileUnchanged`. */
  async put(config: CodeSigningConfigRecord): Promise<void> {
    await this.state.commit([{ table: CONFIGS, key: config.arn, value: config }]);
    this.configs.set(config.arn, config);
  }

  /** Called within `whileUnchanged`. */
  async remove(arn: string): Promise<void> {
    await this.state.commit([{ table: CONFIGS, key: arn, delete: true }]);
    this.configs.delete(arn);
  }
}
