/** The resource that a call is about, as the Service Authorization Reference writes its ARN. */
import { providerName } from '../../services/iam/oidc-provider.ts';
import { eventsResources } from './events-resources.ts';
import { keyResource } from './key-resources.ts';
import { functionResource } from './lambda-resources.ts';
import { logGroupResources } from './log-resources.ts';
import { queueResource } from './queue-permissions.ts';
import { repositoryResources } from './repository-resources.ts';
import type { ResourceLookup, ResourceQuestion } from './resource-question.ts';
import { schedulerResource } from './scheduler-resources.ts';
import { secretResource } from './secret-resources.ts';
import { streamResource } from './stream-resources.ts';

/** Members that hold a whole ARN, wherever they appear. */
const ARN_MEMBERS = [
  'ResourceArn',
  'ResourceARN',
  'resourceArn',
  'TopicArn',
  'TargetArn',
  'StreamARN',
  'StreamArn',
  'stateMachineArn',
  'executionArn',
  'activityArn',
];

/** Members that name a resource, with the ARN's last part; tried in order. */
const TEMPLATES: Readonly<Record<string, readonly (readonly [member: string, resource: string])[]>> = {
  firehose: [['DeliveryStreamName', 'deliverystream/*']],
  sns: [['Name', '*']],
  ssm: [['Name', 'parameter/*']],
  stepfunctions: [['name', 'stateMachine:*']],
  pipes: [['Name', 'pipe/*']],
  s3control: [['JobId', 'job/*']],
};

const ARN_SERVICES: Readonly<Record<string, string>> = { stepfunctions: 'states', s3control: 's3' };

/** One at least, `*` where the action has no resource; the caller must be allowed it for each. */
export async function resourceArns(question: ResourceQuestion, lookup: ResourceLookup): Promise<string[]> {
  const { service } = question;
  if (service === 'logs') return logGroupResources(question);
  if (service === 'ecr') return repositoryResources(question);
  if (service === 'events') return eventsResources(question);
  return [await resourceArn(question, lookup)];
}

async function resourceArn(question: ResourceQuestion, lookup: ResourceLookup): Promise<string> {
  const { service, input, region, accountId } = question;
  switch (service) {
    case 'lambda':
      return functionResource(question) ?? '*';
    case 'sqs':
      return queueResource(question);
    case 'iam':
      return iamResource(question, lookup);
    case 'sts':
      return typeof input['Name'] === 'string'
        ? `arn:aws:sts::${accountId}:federated-user/${input['Name']}`
        : '*';
    case 'kms':
      return keyResource(question, lookup);
    case 'kinesis':
      return streamResource(question);
    case 'secretsmanager':
      return secretResource(question, lookup);
    case 'scheduler':
      return schedulerResource(question);
    case 'apigateway':
    case 'apigatewayv2':
      return `arn:aws:apigateway:${region}::${question.path}`;
    default:
      return namedResource(question);
  }
}

function namedResource({ service, input, region, accountId }: ResourceQuestion): string {
  for (const member of ARN_MEMBERS) if (typeof input[member] === 'string') return input[member];
  for (const [member, template] of TEMPLATES[service] ?? []) {
    const name = input[member];
    if (typeof name !== 'string') continue;
    if (name.startsWith('arn:')) return name;
    const resource = template.replace('*', () => (template.endsWith('/*') ? name.replace(/^\//, '') : name));
    return `arn:aws:${ARN_SERVICES[service] ?? service}:${region}:${accountId}:${resource}`;
  }
  return '*';
}

/** A role that is put into a profile is named beside it. */
const IAM_NAMES = [
  ['InstanceProfileName', 'instance-profile'],
  ['RoleName', 'role'],
  ['GroupName', 'group'],
  ['UserName', 'user'],
  ['PolicyName', 'policy'],
] as const;

/** Operations that are about the calling user where they name none. */
const OF_THE_CALLER = /^(?:GetUser|(?:Create|List|Update|Delete)AccessKeys?)$/;

const RENAMES = [
  ['UserName', 'NewUserName', 'user'],
  ['GroupName', 'NewGroupName', 'group'],
] as const;

/** What a user or group would be named and where it would be; undefined where a call changes neither. */
export function renamedArn({ input, accountId }: ResourceQuestion, { iamArn }: ResourceLookup) {
  const { NewPath: newPath } = input;
  for (const [member, newMember, type] of RENAMES) {
    const [name, newName] = [input[member], input[newMember]];
    if (typeof name !== 'string' || (newName === undefined && newPath === undefined)) continue;
    const now = iamArn(accountId, type, name) ?? '';
    const path = newPath ?? now.slice(now.indexOf('/'), now.lastIndexOf('/') + 1);
    return `arn:aws:iam::${accountId}:${type}${String(path)}${String(newName ?? name)}`;
  }
  return undefined;
}

function iamResource(question: ResourceQuestion, { iamArn }: ResourceLookup): string {
  const { operation, input, accountId, callerArn } = question;
  for (const [member, type] of IAM_NAMES) {
    const name = input[member];
    if (typeof name !== 'string') continue;
    const path = typeof input['Path'] === 'string' ? input['Path'] : '/';
    return iamArn(accountId, type, name) ?? `arn:aws:iam::${accountId}:${type}${path}${name}`;
  }
  const arn = input['PolicyArn'] ?? input['PolicySourceArn'] ?? input['OpenIDConnectProviderArn'];
  if (typeof arn === 'string') return arn;
  if (OF_THE_CALLER.test(operation)) return callerArn;
  if (operation === 'CreateOpenIDConnectProvider')
    return `arn:aws:iam::${accountId}:oidc-provider/${providerName(String(input['Url'])) ?? '*'}`;
  const listed = /^List(User|Role|Group|InstanceProfile)s$/.exec(operation)?.[1];
  if (listed === undefined) return '*';
  const type = listed === 'InstanceProfile' ? 'instance-profile' : listed.toLowerCase();
  return `arn:aws:iam::${accountId}:${type}/`;
}
