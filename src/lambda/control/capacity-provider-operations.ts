/** Capacity providers of Lambda Managed Instances. */
import type {
  CapacityProvider,
  CreateCapacityProviderRequest,
  UpdateCapacityProviderRequest,
} from '@aws-sdk/client-lambda';
import type { CapacityProviderRecord } from '../records/capacity-provider-table.ts';
import { functionArn } from '../records/function-identifier.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { pageByKey } from './keyed-page.ts';
import { lambdaDate } from './lambda-date.ts';
import { conflict, invalidParameter, notFound, notImplemented } from './lambda-errors.ts';
import { checkTags } from './resource-tags.ts';

type CapacityProviderOperations = Required<
  Pick<
    LambdaOperations,
    | 'CreateCapacityProvider'
    | 'GetCapacityProvider'
    | 'UpdateCapacityProvider'
    | 'DeleteCapacityProvider'
    | 'ListCapacityProviders'
    | 'ListFunctionVersionsByCapacityProvider'
  >
>;

/** Source: API reference, CapacityProviderScalingConfig: `MaxVCpuCount`, and "Capacity providers": 400 by default. */
const DEFAULT_MAX_VCPUS = 400;

interface Caller {
  readonly accountId: string;
  readonly region: string;
}

export function capacityProviderOperations(context: ControlContext): CapacityProviderOperations {
  const { capacityProviders: providers, clock } = context;
  return {
    async CreateCapacityProvider(input, caller) {
      const provider = newProvider(input, caller, clock.now());
      await providers.whileUnchanged(provider.arn, async () => {
        if (providers.find(provider.arn) !== undefined)
          throw conflict(`Capacity provider already exists: ${provider.arn}`);
        await providers.put(provider);
      });
      return { CapacityProvider: shown(provider) };
    },

    async GetCapacityProvider(input, caller) {
      return { CapacityProvider: shown(existingProvider(context, input.CapacityProviderName, caller)) };
    },

    async UpdateCapacityProvider(input, caller) {
      refuseParts('UpdateCapacityProvider', input);
      const arn = providerArn(input.CapacityProviderName, caller);
      return providers.whileUnchanged(arn, async () => {
        const known = existingProvider(context, arn, caller);
        const maxVcpus = input.CapacityProviderScalingConfig?.MaxVCpuCount ?? known.maxVcpus;
        const provider = { ...known, maxVcpus, lastModifiedMs: clock.now() };
        await providers.put(provider);
        return { CapacityProvider: shown(provider) };
      });
    },

    async DeleteCapacityProvider(input, caller) {
      const arn = providerArn(input.CapacityProviderName, caller);
      return providers.whileUnchanged(arn, async () => {
        const provider = existingProvider(context, arn, caller);
        const users = functionsOf(context, arn).length;
        if (users > 0)
          throw conflict(
            `Capacity provider ${arn} is in use by ${users} function version(s), $LATEST included.`,
          );
        await providers.remove(arn);
        return { CapacityProvider: { ...shown(provider), State: 'Deleting' } };
      });
    },

    async ListCapacityProviders(input, { accountId, region }) {
      // One exists only while it is Active: the host that it stands for is there, and nothing of it has to end.
      const isListed = input.State === undefined || input.State === 'Active';
      const listed = isListed ? providers.list(accountId, region) : [];
      const { page, next } = pageByKey(
        listed,
        ({ name }) => name,
        ({ name }, key) => name > key,
        input,
      );
      return { CapacityProviders: page.map(shown), ...next };
    },

    async ListFunctionVersionsByCapacityProvider(input, caller) {
      const { arn } = existingProvider(context, input.CapacityProviderName, caller);
      const versions = functionsOf(context, arn)
        .filter(({ version }) => version !== LATEST)
        .map((record) => ({
          FunctionArn: functionArn({ ...record, qualifier: record.version }),
          State: record.state,
        }))
        .sort((a, b) => (a.FunctionArn < b.FunctionArn ? -1 : 1));
      const { page, next } = pageByKey(
        versions,
        ({ FunctionArn }) => FunctionArn,
        ({ FunctionArn }, key) => FunctionArn > key,
        input,
      );
      return { CapacityProviderArn: arn, FunctionVersions: [...page], ...next };
    },
  };
}

/** Recorded for tags: the words of an ARN that names no capacity provider. */
export function existingProvider(
  { capacityProviders }: ControlContext,
  nameOrArn: string | undefined,
  caller: Caller,
): CapacityProviderRecord {
  const arn = providerArn(nameOrArn, caller);
  const provider = capacityProviders.find(arn);
  if (provider === undefined) throw notFound(`Capacity provider not found: ${arn}`);
  return provider;
}

function providerArn(nameOrArn: string | undefined, { accountId, region }: Caller): string {
  const given = nameOrArn ?? '';
  return given.includes(':') ? given : `arn:aws:lambda:${region}:${accountId}:capacity-provider:${given}`;
}

function functionsOf({ table }: ControlContext, arn: string): FunctionRecord[] {
  return [...table.all()].filter(({ capacity }) => capacity?.providerArn === arn);
}

function newProvider(
  input: CreateCapacityProviderRequest,
  caller: Caller,
  lastModifiedMs: number,
): CapacityProviderRecord {
  refuseParts('CreateCapacityProvider', input);
  if (input.KmsKeyArn !== undefined) throw notImplemented('CreateCapacityProvider', 'KmsKeyArn');
  checkTags(input.Tags ?? {});
  const arn = providerArn(input.CapacityProviderName, caller);
  const { accountId, region } = caller;
  if (!arn.startsWith(`arn:aws:lambda:${region}:${accountId}:`))
    throw invalidParameter(`The capacity provider ${arn} is of another account or region.`);
  const required = input.InstanceRequirements;
  if (required?.AllowedInstanceTypes?.length && required.ExcludedInstanceTypes?.length)
    throw invalidParameter('AllowedInstanceTypes and ExcludedInstanceTypes cannot be specified together.');
  return {
    accountId,
    region,
    name: arn.slice(arn.lastIndexOf(':') + 1),
    arn,
    vpcConfig: {
      subnetIds: input.VpcConfig?.SubnetIds ?? [],
      securityGroupIds: input.VpcConfig?.SecurityGroupIds ?? [],
    },
    operatorRoleArn: input.PermissionsConfig?.CapacityProviderOperatorRoleArn ?? '',
    architecture: required?.Architectures?.[0] ?? 'x86_64',
    ...(required?.AllowedInstanceTypes === undefined
      ? {}
      : { allowedInstanceTypes: required.AllowedInstanceTypes }),
    ...(required?.ExcludedInstanceTypes === undefined
      ? {}
      : { excludedInstanceTypes: required.ExcludedInstanceTypes }),
    maxVcpus: input.CapacityProviderScalingConfig?.MaxVCpuCount ?? DEFAULT_MAX_VCPUS,
    tags: input.Tags ?? {},
    lastModifiedMs,
  };
}

/** What would do nothing on instances that are this host. */
function refuseParts(
  operation: string,
  input: Pick<
    CreateCapacityProviderRequest & UpdateCapacityProviderRequest,
    'CapacityProviderScalingConfig' | 'PropagateTags' | 'TelemetryConfig'
  >,
): void {
  const { CapacityProviderScalingConfig: scaling, PropagateTags: propagated, TelemetryConfig } = input;
  if (scaling?.ScalingMode === 'Manual' || scaling?.ScalingPolicies !== undefined)
    throw notImplemented(operation, 'CapacityProviderScalingConfig (ScalingMode Manual)');
  if (propagated?.Mode === 'Explicit') throw notImplemented(operation, 'PropagateTags (Mode Explicit)');
  if (TelemetryConfig !== undefined) throw notImplemented(operation, 'TelemetryConfig');
}

function shown(provider: CapacityProviderRecord): CapacityProvider {
  const { vpcConfig, allowedInstanceTypes: allowed, excludedInstanceTypes: excluded } = provider;
  return {
    CapacityProviderArn: provider.arn,
    State: 'Active',
    VpcConfig: {
      SubnetIds: [...vpcConfig.subnetIds],
      SecurityGroupIds: [...vpcConfig.securityGroupIds],
    },
    PermissionsConfig: { CapacityProviderOperatorRoleArn: provider.operatorRoleArn },
    InstanceRequirements: {
      Architectures: [provider.architecture],
      ...(allowed === undefined ? {} : { AllowedInstanceTypes: [...allowed] }),
      ...(excluded === undefined ? {} : { ExcludedInstanceTypes: [...excluded] }),
    },
    CapacityProviderScalingConfig: { MaxVCpuCount: provider.maxVcpus, ScalingMode: 'Auto' },
    LastModified: lambdaDate(provider.lastModifiedMs),
  };
}
