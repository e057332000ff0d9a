/** Resources and condition keys of KMS's operations. */
import type { ConditionFacts } from '../../core/policy/condition-context.ts';
import type { ResourceLookup, ResourceQuestion } from './resource-question.ts';

/** The key that a call is about: the one it names, or else the one that its ciphertext is of. */
export async function keyResource(question: ResourceQuestion, lookup: ResourceLookup): Promise<string> {
  const { input } = question;
  const id = input['KeyId'] ?? input['TargetKeyId'] ?? input['SourceKeyId'];
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
  return found ?? (id.startsWith('arn:') ? id : `arn:aws:kms:${region}:${accountId}:key/${id}`);
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
