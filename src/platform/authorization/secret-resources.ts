/** Resources of Secrets Manager. Source: its Service Authorization Reference. */
import type { Permission } from './permission.ts';
import type { ResourceLookup, ResourceQuestion } from './resource-question.ts';

/** In place of the characters that a secret's ARN ends with, where there is no secret yet. */
const NO_SUFFIX = '??????';

/** The whole ARN of a secret however it is named; `*` where an operation is about none. */
export async function secretResource(question: ResourceQuestion, lookup: ResourceLookup): Promise<string> {
  const id = question.input['SecretId'] ?? question.input['Name'];
  return typeof id === 'string' ? namedSecret(id, question, lookup) : '*';
}

/**
 * What BatchGetSecretValue needs of the secrets themselves. Source: its reference. AWS leaves out those that the caller
 * may not read; here all of them have to be allowed, and everything where filters find them.
 */
export async function batchPermissions(
  question: ResourceQuestion,
  lookup: ResourceLookup,
): Promise<Permission[]> {
  const { operation, input } = question;
  if (operation !== 'BatchGetSecretValue') return [];
  const ids = (input['SecretIdList'] ?? []) as readonly string[];
  const listing =
    input['Filters'] === undefined
      ? []
      : [{ action: 'secretsmanager:ListSecrets', resource: '*', facts: {} }];
  const resources =
    listing.length > 0 ? ['*'] : await Promise.all(ids.map((id) => namedSecret(id, question, lookup)));
  const reading = resources.map((resource) => ({
    action: 'secretsmanager:GetSecretValue',
    resource,
    facts: {},
  }));
  return [...listing, ...reading];
}

async function namedSecret(
  id: string,
  { region, accountId }: ResourceQuestion,
  lookup: ResourceLookup,
): Promise<string> {
  const known = await lookup.secretArn(accountId, region, id);
  if (known !== undefined || id.startsWith('arn:')) return known ?? id;
  return `arn:aws:secretsmanager:${region}:${accountId}:secret:${id}-${NO_SUFFIX}`;
}
