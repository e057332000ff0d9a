/** AssumeRoleWithWebIdentity over the wire, with authorization: nobody signs it, and the role decides by the token. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  AddClientIDToOpenIDConnectProviderCommand,
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  DeleteOpenIDConnectProviderCommand,
  IAMClient,
  ListRolesCommand,
  PutRolePolicyCommand,
  RemoveClientIDFromOpenIDConnectProviderCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import type { AssumeRoleWithWebIdentityCommandInput } from '@aws-sdk/client-sts';
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { fromWebToken } from '@aws-sdk/credential-providers';
import type { Platform } from '../../../src/index.ts';
import { openPlatform } from '../../kit/started-platform.ts';
import { allow, document, refusal, settingsOf } from '../iam/iam-clients.ts';
import type { TestProvider } from './identity-provider.ts';
import { newKey, openProvider } from './identity-provider.ts';

const ACCOUNT = '000000000000';
const RoleArn = `arn:aws:iam::${ACCOUNT}:role/ci`;
const RSA = newKey('RS256', 'rsa');
const EC = newKey('ES384', 'ec');

let platform: Platform;
let provider: TestProvider;
let iam: IAMClient;
let sts: STSClient;
let providerArn: string;

before(async () => {
  platform = await openPlatform({ authorization: true });
  provider = await openProvider([RSA, EC]);
  iam = new IAMClient(settingsOf(platform));
  // Credentials of nobody: the SDK does not sign this call.
  sts = new STSClient({
    ...settingsOf(platform),
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
  });
  const { OpenIDConnectProviderArn } = await iam.send(
    new CreateOpenIDConnectProviderCommand({ Url: provider.issuer, ClientIDList: ['app'] }),
  );
  providerArn = OpenIDConnectProviderArn!;
  await iam.send(new CreateRoleCommand({ RoleName: 'ci', AssumeRolePolicyDocument: trust() }));
  await iam.send(
    new PutRolePolicyCommand({ RoleName: 'ci', PolicyName: 'p', PolicyDocument: allow('iam:ListRoles') }),
  );
});

after(async () => {
  for (const client of [iam, sts]) client.destroy();
  provider.close();
  await platform.close();
});

function trust(
  actions: readonly string[] = ['sts:AssumeRoleWithWebIdentity'],
  conditions: object = subject('alice'),
) {
  return document({
    Effect: 'Allow',
    Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/${provider.name}` },
    Action: actions,
    Condition: conditions,
  });
}

function subject(sub: string) {
  return { StringEquals: { [`${provider.name}:sub`]: sub, [`${provider.name}:aud`]: 'app' } };
}

const setTrust = (policy: string) =>
  iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'ci', PolicyDocument: policy }));

const assume = (WebIdentityToken: string, more: Partial<AssumeRoleWithWebIdentityCommandInput> = {}) =>
  sts.send(
    new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: 'job', WebIdentityToken, ...more }),
  );

const invalid = (message: string | RegExp) => refusal('InvalidIdentityTokenException', message, 400);
const DENIED = refusal('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', 403);

test('a token that the role trusts is taken for credentials of a session, which may do what the role may', async () => {
  for (const key of [RSA, EC]) {
    const answer = await assume(provider.token({}, key));
    assert.equal(answer.SubjectFromWebIdentityToken, 'alice');
    assert.equal(answer.Audience, 'app');
    assert.equal(answer.Provider, providerArn);
    assert.equal(answer.AssumedRoleUser!.Arn, `arn:aws:sts::${ACCOUNT}:assumed-role/ci/job`);
  }
  const credentials = fromWebToken({
    roleArn: RoleArn,
    roleSessionName: 'sdk',
    webIdentityToken: provider.token(),
    clientConfig: { endpoint: platform.origin, region: 'us-east-1' },
  });
  const client = new IAMClient({ ...settingsOf(platform), credentials });
  assert.equal((await client.send(new ListRolesCommand({}))).Roles!.length, 1);
  client.destroy();
});

test('what a token lacks is said in AWS’s words', async () => {
  const now = Math.floor(Date.now() / 1_000);
  await assert.rejects(
    assume('not-a-token'),
    invalid('The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)'),
  );
  const elsewhere = 'https://elsewhere.example.test';
  await assert.rejects(
    assume(provider.token({ iss: elsewhere })),
    invalid(`No OpenIDConnect provider found in your account for ${elsewhere}`),
  );
  for (const claims of [{ aud: 'other' }, { aud: ['x', 'y'] }, { azp: 'other' }])
    await assert.rejects(assume(provider.token(claims)), invalid('Incorrect token audience'));
  await assert.rejects(
    assume(provider.token({ exp: now - 1 })),
    refusal(
      'ExpiredTokenException',
      /^Token expired: current date\/time \d+ must be before the expiration date\/time \d+$/,
      400,
    ),
  );
  await assert.rejects(assume(provider.token({ nbf: now + 600 })), invalid(/^Token is not yet valid/));
});

test('a token of another key, of a changed body or without a signature is none of the provider’s', async () => {
  const foreign = [newKey('ES384', 'ec'), newKey('ES384', 'unknown')];
  const [head = '', body = '', signature = ''] = provider.token().split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'bob' })).toString('base64url');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  for (const key of foreign)
    await assert.rejects(assume(provider.token({}, key)), invalid('Token signature invalid'));
  await assert.rejects(assume(`${head}.${changed}.${signature}`), invalid('Token signature invalid'));
  for (const token of [`${none}.${body}.`, `${none}.${body}.${signature}`])
    await assert.rejects(assume(token), invalid(/is not a valid JWT/));
});

test('the role decides by what the token says, and tags need more of its trust', async () => {
  await assert.rejects(assume(provider.token({ sub: 'bob' })), DENIED);
  await assert.rejects(assume(provider.token(), { RoleArn: `${RoleArn}-none` }), DENIED);
  await setTrust(trust(['sts:AssumeRole']));
  await assert.rejects(assume(provider.token()), DENIED);
  const tagged = provider.token({
    'https://aws.amazon.com/tags': { principal_tags: { team: ['blue'] }, transitive_tag_keys: ['team'] },
    'https://aws.amazon.com/source_identity': 'alice@example.test',
  });
  await setTrust(trust());
  await assert.rejects(
    assume(tagged),
    refusal('AccessDenied', 'Not authorized to perform sts:TagSession', 403),
  );
  const team = { StringEquals: { 'aws:RequestTag/team': 'blue' } };
  await setTrust(trust(['sts:AssumeRoleWithWebIdentity', 'sts:TagSession', 'sts:SetSourceIdentity'], team));
  assert.equal((await assume(tagged)).SourceIdentity, 'alice@example.test');
  await setTrust(trust());
});

test('audiences come and go, and without the provider its tokens are worth nothing', async () => {
  const other = provider.token({ aud: ['app', 'other'], azp: 'other' });
  const named = { OpenIDConnectProviderArn: providerArn, ClientID: 'other' };
  await assert.rejects(assume(other), invalid('Incorrect token audience'));
  await iam.send(new AddClientIDToOpenIDConnectProviderCommand(named));
  await assert.rejects(assume(other), DENIED, 'the role wants the audience app');
  await iam.send(new RemoveClientIDFromOpenIDConnectProviderCommand(named));
  await assert.rejects(assume(other), invalid('Incorrect token audience'));
  const gone = await openProvider([EC]);
  const Url = gone.issuer;
  const created = await iam.send(new CreateOpenIDConnectProviderCommand({ Url, ClientIDList: ['app'] }));
  gone.close();
  await assert.rejects(
    assume(gone.token()),
    invalid(/^Couldn't retrieve verification key from your identity/),
  );
  const { OpenIDConnectProviderArn } = created;
  await iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
  await assert.rejects(
    assume(gone.token()),
    invalid(`No OpenIDConnect provider found in your account for ${Url}`),
  );
});

test('nothing else goes without a signature, whatever its form says', async () => {
  const version = 'Version=2011-06-15';
  const named = `RoleArn=${RoleArn}&RoleSessionName=job&WebIdentityToken=none`;
  for (const body of [
    `Action=GetCallerIdentity&${version}`,
    `Action=AssumeRoleWithWebIdentity&Action=GetCallerIdentity&${version}&${named}`,
    `Action=GetCallerIdentity&Action=AssumeRoleWithWebIdentity&${version}&${named}`,
    `Action=AssumeRole&${version}&${named}`,
  ]) {
    const response = await fetch(platform.origin, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    const text = await response.text();
    assert.ok([400, 403].includes(response.status), `${body}: ${response.status} ${text}`);
    assert.match(text, /MissingAuthenticationToken|InvalidIdentityToken/);
    assert.doesNotMatch(text, /GetCallerIdentityResult|<Credentials>/);
  }
  await assert.rejects(sts.send(new GetCallerIdentityCommand({})), { name: 'InvalidClientTokenId' });
  const asked = new AssumeRoleCommand({ RoleArn, RoleSessionName: 'job' });
  await assert.rejects(sts.send(asked), { name: 'InvalidClientTokenId' });
});
