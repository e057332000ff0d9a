/** Resources of Secrets Manager. Source: its Service Authorization Reference. */
import type { ResourceLookup, ResourceQuestion } from './resource-question.ts';

/** In place of the characters that a secret's ARN ends with, where there is no secret yet. */
const NO_SUFFIX = '??????';

/** The whole ARN of a secret however it is named; `*` where an operation is about none. */
export async function secretResource(question: ResourceQuestion, lookup: ResourceLookup): Promise<string> {
  const { input, region, accountId } = question;
  const id = input['SecretId'] ?? input['Name'];
  if (typeof id !== 'string') return '*';
  const known = await lookup.secretArn(accountId, region, id);
  if (known !== undefined || id.startsWith('arn:')) return known ?? id;
  return `arn:aws:secretsmanager:${region}:${accountId}:secret:${id}-${NO_SUFFIX}`;
}
