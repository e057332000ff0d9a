/** A server with IAM, and clients that call it as whoever has a key. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import type { Platform, StartOptions } from '../../../src/index.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Settings of a client that signs with a key pair. */
export function settingsOf(platform: Platform, credentials?: KeyPair) {
  const settings = clientSettings(platform);
  return credentials === undefined ? settings : { ...settings, credentials };
}

export async function openIamClient(context: TestContext, options: StartOptions = {}) {
  const platform = await startedPlatform(context, options);
  return { platform, iam: new IAMClient(settingsOf(platform)) };
}

export const allow = (
  Action: string | readonly string[],
  Resource: string | readonly string[] = '*',
  rest = {},
) => document({ Effect: 'Allow', Action, Resource, ...rest });

export function document(...Statement: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

export const trust = (Principal: unknown, rest = {}) =>
  document({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...rest });

/** Makes a user with an inline policy, if one is given, and a key. */
export async function newUser(iam: IAMClient, UserName: string, policy?: string): Promise<KeyPair> {
  await iam.send(new CreateUserCommand({ UserName }));
  if (policy !== undefined)
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'inline', PolicyDocument: policy }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
}

/** What `assert.rejects` holds an error of the SDK against. */
export const refusal = (name: string, message: string | RegExp, status?: number) => (error: unknown) => {
  const refused = error as Error & { readonly $metadata: { readonly httpStatusCode?: number } };
  assert.equal(refused.name, name, refused.message);
  if (typeof message === 'string') assert.equal(refused.message, message);
  else assert.match(refused.message, message);
  if (status !== undefined) assert.equal(refused.$metadata.httpStatusCode, status);
  return true;
};
