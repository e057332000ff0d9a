import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Turns } from '../../core/turns.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { RuntimeCatalog } from '../../ports/environment.ts';
import type { ImageStore } from '../../ports/image-store.ts';
import type { Log } from '../../ports/log.ts';
import type { PackageStore } from '../../ports/package-store.ts';
import type { Operations, RequestContext } from '../../ports/service.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { AliasTable } from '../records/alias-table.ts';
import type { CodeSigningConfigTable } from '../records/code-signing-config-table.ts';
import type { ConcurrencySettings } from '../records/concurrency-settings.ts';
import type { EnvironmentCipher } from '../records/environment-cipher.ts';
import type { EventInvokeConfigTable } from '../records/event-invoke-config.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { functionNotFound, parseFunctionIdentifier } from '../records/function-identifier.ts';
import type { FunctionPolicyTable } from '../records/function-policy-table.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { FunctionTable } from '../records/function-table.ts';
import type { FunctionUrlTable } from '../records/function-url-table.ts';
import type { LayerVersionTable } from '../records/layer-version-table.ts';
import type { MappingTable } from '../records/mapping-table.ts';
import type { ProvisionedStatus } from '../records/provisioned-status.ts';
import type { FunctionName, QualifiedTable } from '../records/qualified-table.ts';
import type { SnapshotProblem } from '../records/snapshot-problem.ts';
import type { CodeLinks } from './code-links.ts';

export interface FunctionControlDependencies {
  readonly state: StateStore;
  readonly environmentCipher: EnvironmentCipher;
  readonly blobs: BlobStore;
  readonly packages: PackageStore;
  readonly images: ImageStore;
  readonly catalog: RuntimeCatalog;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Takes the snapshot of a version with SnapStart; resolves with why there can be none. */
  readonly takeSnapshot: (record: FunctionRecord) => Promise<SnapshotProblem | undefined>;
  /** How far what is provisioned for a version or an alias has come. */
  readonly provisionedStatus: (name: FunctionName, qualifier: string) => ProvisionedStatus;
}

/** What the operations of the control plane share. */
export interface ControlContext extends FunctionControlDependencies {
  readonly table: FunctionTable;
  readonly aliases: AliasTable;
  readonly eventInvokeConfigs: EventInvokeConfigTable;
  readonly policies: FunctionPolicyTable;
  readonly urls: FunctionUrlTable;
  readonly codeSigning: CodeSigningConfigTable;
  readonly loopingFunctions: QualifiedTable<true>;
  readonly concurrency: ConcurrencySettings;
  /** By account and region. */
  readonly concurrencyTurns: Turns;
  readonly layers: LayerVersionTable;
  readonly mappings: MappingTable;
  readonly links: CodeLinks;
}

export type LambdaOperations = Operations<typeof import('@aws-sdk/client-lambda')>;

/** The function a request names, of an alias the version that it points to; throws AWS's error when there is none. */
export function findFunction(
  { table, aliases }: ControlContext,
  name: string | undefined,
  requested: string | undefined,
  caller: Pick<RequestContext, 'accountId' | 'region'>,
): { readonly identifier: FunctionIdentifier; readonly record: FunctionRecord } {
  const identifier = parseFunctionIdentifier(name ?? '', requested, caller);
  const { accountId, region, functionName } = identifier;
  const qualifier = identifier.qualifier ?? LATEST;
  const version = aliases.get(identifier, qualifier)?.functionVersion ?? qualifier;
  const record = table.find(accountId, region, functionName, version);
  if (record === undefined) throw functionNotFound(identifier);
  return { identifier, record };
}
