/** Lambda's control plane: what is wanted of functions, and the work that makes it so. */
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import type { BodyLimit, Endpoint } from '../../ports/service.ts';
import type { AliasTable } from '../records/alias-table.ts';
import type { CapacityProviderTable } from '../records/capacity-provider-table.ts';
import type { ConcurrencySettings } from '../records/concurrency-settings.ts';
import type { EventInvokeConfigTable } from '../records/event-invoke-config.ts';
import type { FunctionScaling } from '../records/function-capacity.ts';
import type { FunctionPolicyTable } from '../records/function-policy-table.ts';
import type { FunctionDirectory, FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { FunctionUrlTable } from '../records/function-url-table.ts';
import type { MappingTable } from '../records/mapping-table.ts';
import type { FunctionName, QualifiedTable } from '../records/qualified-table.ts';
import { aliasOperations } from './alias-operations.ts';
import { arnPolicy } from './arn-policies.ts';
import { capacityProviderOperations } from './capacity-provider-operations.ts';
import { CodeLinks } from './code-links.ts';
import { codeSigningOperations } from './code-signing-operations.ts';
import { concurrencyOperations } from './concurrency-operations.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { MAX_CODE_REQUEST_BYTES } from './control-limits.ts';
import { openControlTables } from './control-tables.ts';
import { createFunctionOperation } from './create-function.ts';
import { eventInvokeConfigOperations } from './event-invoke-config-operations.ts';
import { functionCodeSigning } from './function-code-signing.ts';
import type { FunctionControlDependencies } from './function-control-dependencies.ts';
import { functionPermissions } from './function-permissions.ts';
import { functionRecursion } from './function-recursion.ts';
import { functionScalingOperations } from './function-scaling-operations.ts';
import { functionUrlOperations } from './function-url-operations.ts';
import { tooLarge } from './lambda-errors.ts';
import { layerOperations } from './layer-operations.ts';
import { layerPermissions } from './layer-permissions.ts';
import { provisionedConcurrencyOperations } from './provisioned-concurrency-operations.ts';
import { readOperations } from './read-operations.ts';
import { Reconciler } from './reconciler.ts';
import { resourcePolicyOperations } from './resource-policy-operations.ts';
import { runtimeManagement } from './runtime-management.ts';
import { tagOperations } from './tag-operations.ts';
import { updateFunctionOperations } from './update-function.ts';
import { versionOperations } from './version-operations.ts';

export type { FunctionControlDependencies } from './function-control-dependencies.ts';

export interface FunctionControl {
  readonly operations: LambdaOperations;
  readonly endpoints: readonly Endpoint[];
  readonly bodyLimits: Readonly<Record<string, BodyLimit>>;
  readonly directory: FunctionDirectory;
  /** The record with its variables as they can be read now, or with why not. */
  readable(record: FunctionRecord): Promise<FunctionRecord>;
  readonly aliases: AliasTable;
  readonly eventInvokeConfigs: EventInvokeConfigTable;
  /** Who is let in by the policies of functions. */
  readonly policies: Pick<FunctionPolicyTable, 'documentOf'>;
  /** The policy of whatever an ARN of Lambda's names. */
  resourcePolicy(arn: string): PolicyDocument | undefined;
  /** Function URLs, found by the id in their host. */
  readonly urls: Pick<FunctionUrlTable, 'find' | 'get'>;
  /** Whether the function's recursion config lets it go on in a loop. */
  mayLoop(name: FunctionName): boolean;
  readonly concurrency: ConcurrencySettings;
  readonly mappings: MappingTable;
  readonly capacityProviders: Pick<CapacityProviderTable, 'find'>;
  /** Of published versions on managed instances. */
  readonly scaling: QualifiedTable<FunctionScaling>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

export async function openFunctionControl(
  dependencies: FunctionControlDependencies,
): Promise<FunctionControl> {
  const tables = await openControlTables(dependencies);
  const { table, layers, aliases, policies, loopingFunctions } = tables;
  const links = new CodeLinks(dependencies.blobs, dependencies.clock, dependencies.ids);
  const context: ControlContext = { ...dependencies, ...tables, links };
  const reconciler = new Reconciler(context);
  reconciler.resume();
  return {
    operations: controlOperations(context),
    endpoints: [links.endpoint],
    bodyLimits: {
      CreateFunction: codeLimit('CreateFunction'),
      UpdateFunctionCode: codeLimit('UpdateFunctionCode'),
      PublishLayerVersion: codeLimit('PublishLayerVersion'),
    },
    directory: table,
    readable: (record) => table.readable(record),
    aliases,
    eventInvokeConfigs: tables.eventInvokeConfigs,
    policies,
    resourcePolicy: (arn) => arnPolicy({ policies, layers }, arn),
    urls: tables.urls,
    mayLoop: (name) => loopingFunctions.get(name, LATEST) === true,
    concurrency: tables.concurrency,
    mappings: tables.mappings,
    capacityProviders: tables.capacityProviders,
    scaling: tables.scaling,
    close: () => reconciler.close(),
  };
}

function controlOperations(context: ControlContext): LambdaOperations {
  return {
    ...createFunctionOperation(context),
    ...updateFunctionOperations(context),
    ...readOperations(context),
    ...versionOperations(context),
    ...aliasOperations(context),
    ...functionPermissions(context),
    ...resourcePolicyOperations(context),
    ...functionUrlOperations(context),
    ...codeSigningOperations(context),
    ...functionCodeSigning(context),
    ...functionRecursion(context),
    ...runtimeManagement(context),
    ...concurrencyOperations(context),
    ...provisionedConcurrencyOperations(context),
    ...eventInvokeConfigOperations(context),
    ...layerOperations(context),
    ...layerPermissions(context),
    ...tagOperations(context),
    ...capacityProviderOperations(context),
    ...functionScalingOperations(context),
  };
}

function codeLimit(operation: string): BodyLimit {
  return {
    maxBytes: MAX_CODE_REQUEST_BYTES,
    error: () =>
      tooLarge(`Request must be smaller than ${MAX_CODE_REQUEST_BYTES} bytes for the ${operation} operation`),
  };
}
