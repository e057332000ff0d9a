/** What the control plane has stored, opened in the order in which it refers to one another. */
import { Turns } from '../../core/turns.ts';
import { AliasTable } from '../records/alias-table.ts';
import { CapacityProviderTable } from '../records/capacity-provider-table.ts';
import { CodeSigningConfigTable } from '../records/code-signing-config-table.ts';
import { ConcurrencySettings } from '../records/concurrency-settings.ts';
import type { EventInvokeConfig, EventInvokeConfigTable } from '../records/event-invoke-config.ts';
import { EVENT_INVOKE_CONFIGS } from '../records/event-invoke-config.ts';
import type { FunctionScaling } from '../records/function-capacity.ts';
import { FunctionPolicyTable } from '../records/function-policy-table.ts';
import { FunctionTable } from '../records/function-table.ts';
import { FunctionUrlTable } from '../records/function-url-table.ts';
import { LayerVersionTable } from '../records/layer-version-table.ts';
import { MappingTable } from '../records/mapping-table.ts';
import { QualifiedTable } from '../records/qualified-table.ts';
import type { FunctionControlDependencies } from './function-control-dependencies.ts';

export interface ControlTables {
  readonly table: FunctionTable;
  readonly aliases: AliasTable;
  readonly eventInvokeConfigs: EventInvokeConfigTable;
  readonly policies: FunctionPolicyTable;
  readonly urls: FunctionUrlTable;
  readonly codeSigning: CodeSigningConfigTable;
  /** Functions whose recursion config is Allow; that of all others is Terminate, AWS's default. */
  readonly loopingFunctions: QualifiedTable<true>;
  readonly concurrency: ConcurrencySettings;
  /** By account and region. */
  readonly concurrencyTurns: Turns;
  readonly layers: LayerVersionTable;
  readonly mappings: MappingTable;
  readonly capacityProviders: CapacityProviderTable;
  /** Of published versions on managed instances. */
  readonly scaling: QualifiedTable<FunctionScaling>;
}

export async function openControlTables({
  state,
  ids,
  environmentCipher,
}: FunctionControlDependencies): Promise<ControlTables> {
  const table = await FunctionTable.open(state, environmentCipher);
  return {
    table,
    aliases: await AliasTable.openAliases(state, table, () => ids.random()),
    eventInvokeConfigs: await QualifiedTable.open<EventInvokeConfig>(state, table, EVENT_INVOKE_CONFIGS),
    policies: await FunctionPolicyTable.openPolicies(state, table),
    urls: await FunctionUrlTable.openUrls(state, table),
    codeSigning: await CodeSigningConfigTable.open(state, table),
    loopingFunctions: await QualifiedTable.open<true>(state, table, 'lambda.looping-function'),
    concurrency: await ConcurrencySettings.open(state, table),
    concurrencyTurns: new Turns(),
    layers: await LayerVersionTable.open(state),
    mappings: await MappingTable.open(state),
    capacityProviders: await CapacityProviderTable.open(state),
    scaling: await QualifiedTable.open<FunctionScaling>(state, table, 'lambda.function-scaling'),
  };
}
