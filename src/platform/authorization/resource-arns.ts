/** The resource that a call is about, as the Service Authorization Reference writes its ARN. */
import { parseArn } from '../../core/arn.ts';
import { keyResource } from './key-resources.ts';
import { functionResource } from './lambda-resources.ts';
import type { ResourceLookup, ResourceQuestion } from './resource-question.ts';

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
  ecr: [['repositoryName', 'repository/*']],
  dynamodb: [['TableName', 'table/*']],
  kinesis: [['StreamName', 'stream/*']],
  firehose: [['DeliveryStreamName', 'deliverystream/*']],
  sns: [['Name', '*']],
  events: [
    ['EventBusName', 'event-bus/*'],
    ['Rule', 'rule/*'],
  ],
  secretsmanager: [
    ['SecretId', 'secret:*'],
    ['Name', 'secret:*'],
  ],
  ssm: [['Name', 'parameter/*']],
  stepfunctions: [['name', 'stateMachine:*']],
  scheduler: [['Name', 'schedule/default/*']],
  pipes: [['Name', 'pipe/*']],
};

const ARN_SERVICES: Readonly<Record<string, string>> = { stepfunctions: 'states' };

/** `*` where the action has no resource. */
export async function resourceArn(question: ResourceQuestion, lookup: ResourceLookup): Promise<string> {
  const { service, input, region, accountId } = question;
  switch (service) {
    case 'lambda':
      return functionResource(question) ?? '*';
    case 'sqs':
      return queueArn(question) ?? '*';
    case 'logs':
      return logGroupArn(question);
    case 'iam':
      return iamResource(question, lookup);
    case 'sts':
      return typeof input['Name'] === 'string'
        ? `arn:aws:sts::${accountId}:federated-user/${input['Name']}`
        : '*';
    case 's3':
      return objectArn(input);
    case 'kms':
      return keyResource(question, lookup);
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

function queueArn({ input, region, accountId }: ResourceQuestion): string | undefined {
  const { QueueUrl: url, QueueName: name, QueueOwnerAWSAccountId: owner, SourceArn: source } = input;
  if (typeof source === 'string') return source;
  if (typeof name === 'string') return `arn:aws:sqs:${region}:${String(owner ?? accountId)}:${name}`;
  if (typeof url !== 'string') return undefined;
  const [account, queue] = url.split('/').slice(-2);
  return `arn:aws:sqs:${region}:${account}:${queue}`;
}

/** Without a stream, AWS names an empty one: policies with `log-group:name:*` match it. So quoted from its refusals. */
function logGroupArn({ input, region, accountId }: ResourceQuestion): string {
  const whole = input['resourceArn'] ?? input['logGroupIdentifier'];
  if (typeof whole === 'string' && whole.startsWith('arn:')) return whole;
  const name = input['logGroupName'] ?? whole ?? input['logGroupNamePrefix'] ?? '';
  const group = `arn:aws:logs:${region}:${accountId}:log-group:${String(name)}`;
  const stream = input['logStreamName'];
  return `${group}:log-stream:${typeof stream === 'string' ? stream : ''}`;
}

const IAM_NAMES = [
  ['RoleName', 'role'],
  ['GroupName', 'group'],
  ['UserName', 'user'],
  ['InstanceProfileName', 'instance-profile'],
  ['PolicyName', 'policy'],
] as const;

/** Operations that are about the calling user where they name none. */
const OF_THE_CALLER = /^(?:GetUser|(?:Create|List|Update|Delete)AccessKeys?)$/;

function iamResource(question: ResourceQuestion, { iamArn }: ResourceLookup): string {
  const { operation, input, accountId, callerArn } = question;
  for (const [member, type] of IAM_NAMES) {
    const name = input[member];
    if (typeof name !== 'string') continue;
    const path = typeof input['Path'] === 'string' ? input['Path'] : '/';
    return iamArn(accountId, type, name) ?? `arn:aws:iam::${accountId}:${type}${path}${name}`;
  }
  const arn = input['PolicyArn'] ?? input['PolicySourceArn'];
  if (typeof arn === 'string') return arn;
  if (OF_THE_CALLER.test(operation)) return callerArn;
  const listed = /^List(User|Role|Group|InstanceProfile)s$/.exec(operation)?.[1];
  if (listed === undefined) return '*';
  const type = listed === 'InstanceProfile' ? 'instance-profile' : listed.toLowerCase();
  return `arn:aws:iam::${accountId}:${type}/`;
}

function objectArn({ Bucket: bucket, Key: key }: Readonly<Record<string, unknown>>): string {
  if (typeof bucket !== 'string') return '*';
  const name = parseArn(bucket)?.resource ?? bucket;
  return `arn:aws:s3:::${name}${typeof key === 'string' ? `/${key}` : ''}`;
}
