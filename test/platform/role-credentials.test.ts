import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomIds } from '../../src/platform/random-ids.ts';
import { DEFAULT_ACCOUNT_ID, RoleCredentialIssuer } from '../../src/platform/role-credentials.ts';

const ROLE = 'arn:aws:iam::000000000000:role/r';

test('a function keeps its credentials, and another one has others', () => {
  const issuer = new RoleCredentialIssuer(randomIds);
  const f = { accountId: DEFAULT_ACCOUNT_ID, role: ROLE, functionName: 'f' };
  const credentials = issuer.credentialsFor(f);
  assert.deepEqual(issuer.credentialsFor(f), credentials);
  assert.notEqual(issuer.credentialsFor({ ...f, functionName: 'g' }).accessKeyId, credentials.accessKeyId);
  assert.equal(issuer.session(credentials.sessionToken)?.sessionName, 'f');
  assert.equal(issuer.session('made up'), undefined);
});

test('functions of an account that is named by its key share key and secret, each with a session of its own', () => {
  const issuer = new RoleCredentialIssuer(randomIds);
  const accountId = '123456789012';
  const f = issuer.credentialsFor({ accountId, role: ROLE, functionName: 'f' });
  const g = issuer.credentialsFor({ accountId, role: ROLE, functionName: 'g' });
  assert.equal(g.accessKeyId, accountId);
  assert.equal(g.secretAccessKey, f.secretAccessKey);
  assert.equal(issuer.find(accountId, g.sessionToken)?.sessionToken, g.sessionToken);
  assert.equal(issuer.find(accountId, f.sessionToken)?.sessionToken, f.sessionToken);
  assert.equal(issuer.session(g.sessionToken)?.sessionName, 'g');
});
