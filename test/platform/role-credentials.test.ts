import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { randomIds } from '../../src/platform/random-ids.ts';
import { RoleCredentialIssuer } from '../../src/platform/role-credentials.ts';
import { SessionTokens, TOKEN_KEY_BYTES } from '../../src/services/sts/session-tokens.ts';

const ACCOUNT = '123456789012';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/r`;
const F = { accountId: ACCOUNT, role: ROLE, functionName: 'f' };
const HOUR_MS = 3_600_000;

function openIssuer() {
  const time = { nowMs: 0 };
  const roles = new Map<string, { id: string }>();
  const tokens = new SessionTokens(randomBytes(TOKEN_KEY_BYTES), randomIds, () => time.nowMs);
  return { issuer: new RoleCredentialIssuer({ tokens, role: (arn) => roles.get(arn) }), tokens, time, roles };
}

test('a function keeps its credentials, and another one has others', () => {
  const { issuer, tokens } = openIssuer();
  const credentials = issuer.credentialsFor(F);
  assert.equal(issuer.credentialsFor(F), credentials);
  const session = tokens.session(credentials.sessionToken)!;
  assert.equal(session.arn, `arn:aws:sts::${ACCOUNT}:assumed-role/r/f`);
  assert.equal(session.accessKeyId, credentials.accessKeyId);
  const others = issuer.credentialsFor({ ...F, functionName: 'g' });
  assert.notEqual(others.accessKeyId, credentials.accessKeyId);
  assert.equal(tokens.session(others.sessionToken)?.userId.endsWith(':g'), true);
});

test('credentials are renewed when half their life is over', () => {
  const { issuer, time } = openIssuer();
  const first = issuer.credentialsFor(F);
  time.nowMs = 6 * HOUR_MS - 1;
  assert.equal(issuer.credentialsFor(F), first);
  time.nowMs = 6 * HOUR_MS;
  const second = issuer.credentialsFor(F);
  assert.notEqual(second.accessKeyId, first.accessKeyId);
  assert.equal(second.expiresMs, 18 * HOUR_MS);
});

test('a role made anew is another role', () => {
  const { issuer, tokens, roles } = openIssuer();
  const userId = (): string => tokens.session(issuer.credentialsFor(F).sessionToken)!.userId;
  assert.match(userId(), /^AROA[A-Z2-7]{17}:f$/, 'one that is only a name has an id, too');
  roles.set(ROLE, { id: 'AROAFIRST' });
  assert.equal(userId(), 'AROAFIRST:f');
  roles.set(ROLE, { id: 'AROASECOND' });
  assert.equal(userId(), 'AROASECOND:f');
});
