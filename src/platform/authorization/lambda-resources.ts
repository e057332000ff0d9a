/** Resources and condition keys of Lambda's operations. */
import type { ConditionFacts } from '../../core/policy/condition-context.ts';
import type { ResourceQuestion } from './resource-question.ts';

const FUNCTION_ARN = /^arn:aws[a-z-]*:lambda:([a-z0-9-]+):(\d{12}):function:([^:]+)(?::(.+))?$/;
const PARTIAL_ARN = /^(?:(\d{12}):)?(?:function:)?([^:]+)(?::(.+))?$/;

interface FunctionPlace {
  readonly region: string;
  readonly accountId: string;
}

/** A name, a partial or a whole ARN, as its whole ARN; with the qualifier if there is one. */
export function wholeFunctionArn(named: string, qualifier: unknown, place: FunctionPlace): string {
  const whole = FUNCTION_ARN.exec(named);
  const partial = whole === null ? PARTIAL_ARN.exec(named) : null;
  const region = whole?.[1] ?? place.region;
  const accountId = whole?.[2] ?? partial?.[1] ?? place.accountId;
  const name = whole?.[3] ?? partial?.[2] ?? named;
  const ending = whole?.[4] ?? partial?.[3] ?? (typeof qualifier === 'string' ? qualifier : undefined);
  return `arn:aws:lambda:${region}:${accountId}:function:${name}${ending === undefined ? '' : `:${ending}`}`;
}

/** Operations on event source mappings: `lambda:FunctionArn` tells the function. */
const MAPPING_OPERATION = /EventSourceMapping/;

/** The resource of a call; undefined for actions that have none. */
export function functionResource(question: ResourceQuestion): string | undefined {
  const { operation, input, region, accountId } = question;
  const { FunctionName: name, LayerName: layer, VersionNumber: version, UUID: uuid } = input;
  const regional = `arn:aws:lambda:${region}:${accountId}`;
  if (MAPPING_OPERATION.test(operation))
    return typeof uuid === 'string' ? `${regional}:event-source-mapping:${uuid}` : undefined;
  if (typeof name === 'string') return wholeFunctionArn(name, input['Qualifier'], question);
  if (typeof layer === 'string') {
    const arn = layer.startsWith('arn:') ? layer : `${regional}:layer:${layer}`;
    return version === undefined ? arn : `${arn}:${String(version)}`;
  }
  for (const member of ['Arn', 'Resource', 'ResourceArn', 'CodeSigningConfigArn'])
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
