/** Resources and condition keys of KMS's operations. */
import type { ConditionFacts } from '../../core/policy/condition-context.ts';
import type { Permission } from './permission.ts';
import type { ResourceLookup, ResourceQuestion } from './resource-question.ts';

/** The key that a call is about: the one it names, or else the one that its ciphertext is of. */
export async function keyResource(question: ResourceQuestion, lookup: ResourceLookup): Promise<string> {
  const { input } = question;
  const id = input['KeyId'] ?? input['TargetKeyId'] ?? input['SourceKeyId'] ?? input['AliasName'];
  if (typeof id === 'string') return namedKey(id, question, lookup);
  const ciphertext = input['CiphertextBlob'];
  return (ciphertext instanceof Uint8Array ? lookup.ciphertextKeyArn(ciphertext) : undefined) ?? '*';
}

/** The key that ReEncrypt encrypts with; undefined for every other operation. */
export async function destinationKey(
  question: ResourceQuestion,
  lookup: ResourceLookup,
): Promise<string | undefined> {
  const { service, operation, input } = question;
  const id = input['DestinationKeyId'];
  if (service !== 'kms' || operation !== 'ReEncrypt' || typeof id !== 'string') return undefined;
  return namedKey(id, question, lookup);
}

async function namedKey(
  id: string,
  { region, accountId }: ResourceQuestion,
  lookup: ResourceLookup,
): Promise<string> {
  const found = await lookup.keyArn(accountId, region, id);
  if (found !== undefined || id.startsWith('arn:')) return found ?? id;
  return `arn:aws:kms:${region}:${accountId}:${id.startsWith('alias/') ? id : `key/${id}`}`;
}

/**
 * Who makes, moves or deletes an alias must be allowed it for the alias and for each key that it is or was of.
 * Source: KMS developer guide, "Controlling access to aliases".
 */
export async function aliasPermissions(
  question: ResourceQuestion,
  action: string,
  lookup: ResourceLookup,
): Promise<Permission[]> {
  const { input, region, accountId } = question;
  const { AliasName: alias, TargetKeyId: target } = input;
  if (typeof alias !== 'string') return [];
  // Without another key it is asked for already, see `keyResource`.
  const key = target === undefined ? undefined : await lookup.keyArn(accountId, region, alias);
  const resources = [`arn:aws:kms:${region}:${accountId}:${alias}`, ...(key === undefined ? [] : [key])];
  return resources.map((resource) => ({ action, resource, facts: {} }));
}

/** Of the encryption context that the key is used with, and of the grant that is asked for. */
export function keyFacts({ operation, input }: ResourceQuestion): ConditionFacts {
  const operations = input['Operations'];
  return {
    ...encryptionFacts(input['EncryptionContext'] ?? input['SourceEncryptionContext']),
    ...(operation === 'CreateGrant' && Array.isArray(operations)
      ? { 'kms:GrantOperations': operations as string[] }
      : {}),
  };
}

/** `context` is the member of a request, as its model has it. */
export function encryptionFacts(context: unknown): ConditionFacts {
  const pairs = Object.entries((context ?? {}) as Readonly<Record<string, string>>);
  if (pairs.length === 0) return {};
  return {
    ...Object.fromEntries(pairs.map(([key, value]) => [`kms:EncryptionContext:${key}`, value])),
    'kms:EncryptionContextKeys': pairs.map(([key]) => key),
  };
}
