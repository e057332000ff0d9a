/** A request is that of the credentials it is signed with, whatever others it names beside them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Platform } from '../../../src/index.ts';
import { NodeSha256 } from '../../kit/node-sha256.ts';
import { startedPlatform } from '../../kit/started-platform.ts';
import type { KeyPair } from '../../services/iam/iam-clients.ts';
import { settingsOf, trust } from '../../services/iam/iam-clients.ts';

const ACCOUNT = '000000000000';
const WHO_AM_I = '/?Action=GetCallerIdentity&Version=2011-06-15';

async function newSession(platform: Platform, RoleName: string): Promise<KeyPair> {
  const iam = new IAMClient(settingsOf(platform));
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust({ AWS: ACCOUNT }) }));
  const RoleArn = `arn:aws:iam::${ACCOUNT}:role/${RoleName}`;
  const { Credentials } = await new STSClient(settingsOf(platform)).send(
    new AssumeRoleCommand({ RoleArn, RoleSessionName: 'job' }),
  );
  return {
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  };
}

/** The URL of a request to STS, for the caller's identity if for nothing else, signed in its query. */
async function presigned(
  platform: Platform,
  credentials: KeyPair,
  Action = 'GetCallerIdentity',
): Promise<string> {
  const { hostname, port } = new URL(platform.origin);
  const signer = new SignatureV4({
    service: 'sts',
    region: 'us-east-1',
    credentials,
    sha256: NodeSha256,
  });
  const request = {
    method: 'GET',
    protocol: 'http:',
    hostname,
    port: Number(port),
    path: '/',
    query: { Action, Version: '2011-06-15' },
    headers: { host: `${hostname}:${port}` },
  };
  const { query } = await signer.presign(request, { expiresIn: 60 });
  const pairs = Object.entries(query ?? {}).map(
    ([name, value]) => `${name}=${encodeURIComponent(String(value))}`,
  );
  return `${platform.origin}/?${pairs.join('&')}`;
}

async function twoSessions(context: TestContext) {
  const platform = await startedPlatform(context, { authorization: true });
  return { platform, own: await newSession(platform, 'own'), other: await newSession(platform, 'other') };
}

test('a request presigned with temporary credentials is that of their session', async (context) => {
  const { platform, own } = await twoSessions(context);
  const answer = await fetch(await presigned(platform, own));
  assert.match(await answer.text(), /<Arn>arn:aws:sts::000000000000:assumed-role\/own\/job<\/Arn>/);
});

test('a session makes no further one, wherever its token is', async (context) => {
  const { platform, own } = await twoSessions(context);
  const answer = await fetch(await presigned(platform, own, 'GetSessionToken'));
  assert.match(await answer.text(), /Cannot call GetSessionToken with session credentials/);
  assert.equal(answer.status, 403);
});

test('the token of another session in a header does not change who has signed', async (context) => {
  const { platform, own, other } = await twoSessions(context);
  const url = await presigned(platform, own);
  const answer = await fetch(url, { headers: { 'x-amz-security-token': other.sessionToken! } });
  assert.doesNotMatch(await answer.text(), /:root|\/other\//);
  const named = await fetch(url, { headers: { 'x-amz-security-token': 'nobody' } });
  assert.doesNotMatch(await named.text(), /:root/);
});

test('the key of the root user in the header needs its signature, whatever the query is signed with', async (context) => {
  const { platform, own } = await twoSessions(context);
  const authorization =
    'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=00';
  const url = await presigned(platform, own);
  const answer = await fetch(url, { headers: { authorization } });
  assert.equal(answer.status >= 400, true);
  const unsigned = await fetch(`${platform.origin}${WHO_AM_I}`, { headers: { authorization } });
  assert.equal(unsigned.status >= 400, true);
});
