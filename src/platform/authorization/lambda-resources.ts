/** Resources and condition keys of Lambda's operations. */
import type { ConditionFacts } from '../../core/policy/condition-context.ts';
import { functionArn, namedFunction } from '../../lambda/records/function-identifier.ts';
import { layerArn, parseLayerIdentifier } from '../../lambda/records/layer-identifier.ts';
import type { ResourceQuestion } from './resource-question.ts';

interface FunctionPlace {
  readonly region: string;
  readonly accountId: string;
}

/** A function in whichever form it is named, as its whole ARN; with the qualifier if there is one. */
function wholeFunctionArn(name: string, beside: unknown, place: FunctionPlace): string {
  const {
    region = place.region,
    accountId = place.accountId,
    functionName = name,
    qualifier = textOf(beside),
  } = namedFunction(name) ?? {};
  return functionArn({ region, accountId, functionName, qualifier });
}

/** Operations on event source mappings: `lambda:FunctionArn` tells the function. */
const MAPPING_OPERATION = /EventSourceMapping/;

/** The resource of a call; undefined for actions that have none. */
export function functionResource(question: ResourceQuestion): string | undefined {
  const { operation, input, region, accountId } = question;
  const { FunctionName: name, LayerName: layer, VersionNumber: version, UUID: uuid } = input;
  const provider = input['CapacityProviderName'];
  const regional = `arn:aws:lambda:${region}:${accountId}`;
  if (MAPPING_OPERATION.test(operation))
    return typeof uuid === 'string' ? `${regional}:event-source-mapping:${uuid}` : undefined;
  if (typeof name === 'string') return wholeFunctionArn(name, input['Qualifier'], question);
  if (typeof layer === 'string') {
    const arn = layerArn(parseLayerIdentifier(layer, question));
    return version === undefined ? arn : `${arn}:${String(version)}`;
  }
  if (typeof provider === 'string')
    return provider.includes(':') ? provider : `${regional}:capacity-provider:${provider}`;
  for (const member of ['Arn', 'Resource', 'ResourceArn', 'CodeSigningConfigArn', 'DurableExecutionArn'])
    if (typeof input[member] === 'string') return input[member];
  return undefined;
}

/** Condition keys of Lambda's own that a request sets. */
export function lambdaFacts(question: ResourceQuestion): ConditionFacts {
  const { operation, input } = question;
  const { FunctionName: name, Layers: layers, VpcConfig: vpc } = input;
  const isMapping = MAPPING_OPERATION.test(operation) && typeof name === 'string';
  const authType = /FunctionUrlConfig|Permission$/.test(operation)
    ? (input['AuthType'] ?? input['FunctionUrlAuthType'])
    : undefined;
  const { SubnetIds, SecurityGroupIds } = (vpc ?? {}) as Readonly<Record<string, readonly string[]>>;
  return {
    'lambda:FunctionArn': isMapping ? wholeFunctionArn(name, undefined, question) : undefined,
    'lambda:Layer': layers as readonly string[] | undefined,
    'lambda:SubnetIds': SubnetIds,
    'lambda:SecurityGroupIds': SecurityGroupIds,
    'lambda:CodeSigningConfigArn': textOf(input['CodeSigningConfigArn']),
    'lambda:FunctionUrlAuthType': textOf(authType),
    'lambda:Principal': textOf(operation.endsWith('Permission') ? input['Principal'] : undefined),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
