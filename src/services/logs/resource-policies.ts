/** Policies that let AWS services write to log groups: EventBridge, Route 53 and others. */

import { parsePolicy } from '../../core/policy/parse.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { StoredRecords } from '../../records/stored-records.ts';
import type { GroupScope } from './groups.ts';

export interface ResourcePolicyRecord {
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  readonly document: string;
  readonly updatedMs: number;
}

const TABLE = 'logs.resource-policies';

export class ResourcePolicies {
  readonly #records: StoredRecords<ResourcePolicyRecord>;

  private constructor(records: StoredRecords<ResourcePolicyRecord>) {
    this.#records = records;
  }

  static async open(state: StateStore): Promise<ResourcePolicies> {
    return new ResourcePolicies(await StoredRecords.open<ResourcePolicyRecord>(state, TABLE));
  }

  find(scope: GroupScope, name: string): ResourcePolicyRecord | undefined {
    return this.#records.get(keyOf(scope, name));
  }

  /** Of an account in a region, by name. */
  list(scope: GroupScope): ResourcePolicyRecord[] {
    return this.#records.list(keyOf(scope, ''));
  }

  /** The statements of all of them, which together decide. */
  document(scope: GroupScope): PolicyDocument | undefined {
    const documents = this.list(scope).map(({ document }) => parsePolicy(document));
    const [first] = documents;
    return first && { ...first, statements: documents.flatMap(({ statements }) => statements) };
  }

  async save(record: ResourcePolicyRecord): Promise<void> {
    await this.#records.put(keyOf(record, record.name), record);
  }

  async remove(record: ResourcePolicyRecord): Promise<void> {
    await this.#records.remove(keyOf(record, record.name));
  }
}

function keyOf({ accountId, region }: GroupScope, name: string): string {
  return `${accountId}/${region}/${name}`;
}
