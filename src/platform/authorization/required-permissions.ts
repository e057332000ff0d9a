/** What a call needs to be allowed: its own action, and what it does beside, such as passing a role on. */
import type { ConditionFacts } from '../../core/policy/condition-context.ts';
import { actionName } from './action-names.ts';
import { aliasPermissions, destinationKey, encryptionFacts, keyFacts } from './key-resources.ts';
import { lambdaFacts } from './lambda-resources.ts';
import { objectPermissions } from './object-permissions.ts';
import { passedRoles } from './passed-roles.ts';
import type { Permission } from './permission.ts';
import { moveTaskPermissions } from './queue-permissions.ts';
import { renamedArn, resourceArns } from './resource-arns.ts';
import type { ResourceLookup, ResourceQuestion } from './resource-question.ts';
import { batchPermissions } from './secret-resources.ts';
import { tablePermissions } from './table-permissions.ts';

/** Everyone who has signed may ask these, by STS's reference; who takes a role is that role's own to decide. */
const FREE: ReadonlySet<string> = new Set([
  'sts:GetCallerIdentity',
  'sts:GetSessionToken',
  'sts:AssumeRole',
  'sts:AssumeRoleWithWebIdentity',
]);

export async function requiredPermissions(
  question: ResourceQuestion & { readonly method: string },
  lookup: ResourceLookup,
): Promise<Permission[]> {
  const { service, operation, method, input } = question;
  const name = `${service}:${operation}`;
  if (FREE.has(name)) return [];
  const action = actionName(service, operation, method);
  if (service === 's3') return objectPermissions(operation, action, input);
  if (service === 'dynamodb' || service === 'dynamodbstreams') {
    const facts = tagFacts(input);
    return tablePermissions(question, action).map((permission) => ({ ...permission, facts }));
  }
  const facts = {
    ...tagFacts(input),
    ...(service === 'lambda' ? lambdaFacts(question) : {}),
    ...(service === 'iam' ? iamFacts(input) : {}),
    ...(service === 'kms' ? keyFacts(question) : {}),
  };
  const resources = await resourceArns(question, lookup);
  return [
    ...resources.map((resource) => ({ action, resource, facts })),
    ...(await besides(question, action, lookup)),
  ];
}

/** What a call does beside what it is named for. */
async function besides(
  question: ResourceQuestion,
  action: string,
  lookup: ResourceLookup,
): Promise<Permission[]> {
  const { service, operation, input } = question;
  const name = `${service}:${operation}`;
  switch (service) {
    case 'kms':
      return [
        ...(await reEncryptTo(question, lookup)),
        ...(await aliasPermissions(question, action, lookup)),
      ];
    case 'secretsmanager':
      return batchPermissions(question, lookup);
    case 'sqs':
      return moveTaskPermissions(question);
    case 'iam':
      return renamed(question, action, lookup);
    default:
      return [
        ...passRole(name, input),
        ...usedLayers(name, input),
        ...usedProvider(name, input),
        ...readCode(name, input),
      ];
  }
}

/** Who renames or moves a user or group must be allowed it for what it was and for what it will be. */
function renamed(question: ResourceQuestion, action: string, lookup: ResourceLookup): Permission[] {
  const resource = renamedArn(question, lookup);
  return resource === undefined ? [] : [{ action, resource, facts: {} }];
}

function passRole(name: string, input: Readonly<Record<string, unknown>>): Permission[] {
  return passedRoles(name, input).map(({ arn: resource, service }) => ({
    action: 'iam:PassRole',
    resource,
    facts: { 'iam:PassedToService': service },
  }));
}

/** ReEncrypt uses two keys; the one of its ciphertext is asked for as `kms:ReEncryptFrom`. */
async function reEncryptTo(question: ResourceQuestion, lookup: ResourceLookup): Promise<Permission[]> {
  const resource = await destinationKey(question, lookup);
  if (resource === undefined) return [];
  const facts = encryptionFacts(question.input['DestinationEncryptionContext']);
  return [{ action: 'kms:ReEncryptTo', resource, facts }];
}

/** A function's maker must be allowed to have the layers. */
function usedLayers(name: string, input: Readonly<Record<string, unknown>>): Permission[] {
  if (name !== 'lambda:CreateFunction' && name !== 'lambda:UpdateFunctionConfiguration') return [];
  const layers = (input['Layers'] ?? []) as readonly string[];
  return layers.map((resource) => ({ action: 'lambda:GetLayerVersion', resource, facts: {} }));
}

/** A capacity provider is handed on to the function, as a role is. Source: SAR of Lambda, `PassCapacityProvider`. */
function usedProvider(name: string, input: Readonly<Record<string, unknown>>): Permission[] {
  if (name !== 'lambda:CreateFunction' && name !== 'lambda:UpdateFunctionConfiguration') return [];
  const { LambdaManagedInstancesCapacityProviderConfig: managed } = (input['CapacityProviderConfig'] ??
    {}) as { readonly LambdaManagedInstancesCapacityProviderConfig?: { CapacityProviderArn?: unknown } };
  const resource = managed?.CapacityProviderArn;
  return typeof resource === 'string' ? [{ action: 'lambda:PassCapacityProvider', resource, facts: {} }] : [];
}

/** Who has a package read from S3 must be allowed to read it. */
function readCode(name: string, input: Readonly<Record<string, unknown>>): Permission[] {
  const member = CODE_MEMBERS[name];
  if (member === undefined) return [];
  const code = (member === '' ? input : (input[member] ?? {})) as Readonly<Record<string, unknown>>;
  const { S3Bucket: bucket, S3Key: key, S3ObjectVersion: version } = code;
  if (typeof bucket !== 'string') return [];
  const action = version === undefined ? 's3:GetObject' : 's3:GetObjectVersion';
  return [{ action, resource: `arn:aws:s3:::${bucket}/${String(key)}`, facts: {} }];
}

/** Where each operation has the package; empty for the input itself. */
const CODE_MEMBERS: Readonly<Record<string, string>> = {
  'lambda:CreateFunction': 'Code',
  'lambda:UpdateFunctionCode': '',
  'lambda:PublishLayerVersion': 'Content',
};

/** Tags that a request would set or take away, whichever form the service has for them. */
function tagFacts(input: Readonly<Record<string, unknown>>): ConditionFacts {
  const tags = input['Tags'] ?? input['tags'];
  const pairs = Array.isArray(tags)
    ? tags.map((tag: Readonly<Record<string, string>>) => [
        tag['Key'] ?? tag['key'] ?? tag['TagKey'],
        tag['Value'] ?? tag['value'] ?? tag['TagValue'],
      ])
    : Object.entries((tags ?? {}) as Readonly<Record<string, string>>);
  const removed = (input['TagKeys'] ?? input['tagKeys'] ?? []) as readonly string[];
  const keys = [...pairs.map(([key]) => key!), ...removed];
  return {
    ...Object.fromEntries(pairs.map(([key, value]) => [`aws:RequestTag/${key}`, value])),
    'aws:TagKeys': keys.length === 0 ? undefined : keys,
  };
}

function iamFacts({ PolicyArn, PermissionsBoundary }: Readonly<Record<string, unknown>>): ConditionFacts {
  return {
    'iam:PolicyARN': typeof PolicyArn === 'string' ? PolicyArn : undefined,
    'iam:PermissionsBoundary': typeof PermissionsBoundary === 'string' ? PermissionsBoundary : undefined,
  };
}
