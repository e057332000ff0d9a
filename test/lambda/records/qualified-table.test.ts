/** Aliases and policies as they are stored: what is on disk after a change, and what a start finds. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import type { ServiceAccess } from '../../../src/core/policy/service-access.ts';
import { policyAllowsService } from '../../../src/core/policy/service-access.ts';
import { AliasTable } from '../../../src/lambda/records/alias-table.ts';
import { EnvironmentCipher } from '../../../src/lambda/records/environment-cipher.ts';
import type { FunctionIdentifier } from '../../../src/lambda/records/function-identifier.ts';
import { FunctionPolicyTable } from '../../../src/lambda/records/function-policy-table.ts';
import { FunctionTable } from '../../../src/lambda/records/function-table.ts';
import { FunctionUrlTable } from '../../../src/lambda/records/function-url-table.ts';
import { createServerLog } from '../../../src/platform/server-log.ts';
import { openSqliteStateStore } from '../../../src/storage/sqlite/state-store.ts';
import { scratchDirectory } from '../../storage/scratch.ts';
import { functionRecord } from '../invoke/fixtures.ts';

const NAME = { accountId: '000000000000', region: 'us-east-1', functionName: 'echo' };
const LIVE: FunctionIdentifier = { ...NAME, qualifier: 'live' };
const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:echo:live';

const NO_VARIABLES = new EnvironmentCipher(async () => assert.fail('the function has no variables'));

interface Tables {
  readonly functions: FunctionTable;
  readonly aliases: AliasTable;
  readonly policies: FunctionPolicyTable;
  readonly urls: FunctionUrlTable;
  /** Of numbers that choose between versions. */
  next: number;
  close(): Promise<void>;
}

/** Closed at the end of the test where the test has not closed it: its thread would hold up a test that fails. */
async function opened(context: TestContext, file: string): Promise<Tables> {
  const onFatal = (error: Error): never => assert.fail(error);
  const state = await openSqliteStateStore({ file, log: createServerLog('error'), onFatal });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= state.close();
    return closing;
  };
  context.after(close);
  const functions = await FunctionTable.open(state, NO_VARIABLES);
  const tables: Tables = {
    functions,
    aliases: await AliasTable.openAliases(state, functions, () => tables.next),
    policies: await FunctionPolicyTable.openPolicies(state, functions),
    urls: await FunctionUrlTable.openUrls(state, functions),
    next: 0,
    close,
  };
  return tables;
}

async function stateFile(context: TestContext): Promise<string> {
  return join(await scratchDirectory(context), 'records.db');
}

/** A function with two versions, and an alias of both with a policy. */
async function fill({ functions, aliases, policies }: Tables, statement: object = {}): Promise<void> {
  const alias = {
    name: 'live',
    functionVersion: '1',
    description: '',
    additional: { version: '2', weight: 0.25 },
    revisionId: 'r',
  };
  const Statement = [
    { Effect: 'Allow', Principal: '*', Action: 'lambda:InvokeFunction', Resource: ARN, ...statement },
  ];
  const policy = { document: { Version: '2012-10-17', Statement }, revisionId: 'r' };
  await functions.change(NAME.accountId, NAME.region, NAME.functionName, () => ({
    put: ['$LATEST', '1', '2'].map((version) => functionRecord({ version })),
    joined: [aliases.put(NAME, 'live', alias), policies.put(NAME, 'live', policy)],
  }));
}

const changed = ({ functions }: Tables, change: object): Promise<void> =>
  functions.change(NAME.accountId, NAME.region, NAME.functionName, () => change);

describe('what is stored beside a function', () => {
  test('is there after a restart', async (context) => {
    const file = await stateFile(context);
    const before = await opened(context, file);
    await fill(before);
    await before.close();
    const after = await opened(context, file);
    assert.deepEqual(after.aliases.get(NAME, 'live'), before.aliases.get(NAME, 'live'));
    assert.deepEqual(after.policies.get(NAME, 'live'), before.policies.get(NAME, 'live'));
    assert.equal(after.aliases.get(NAME, 'live')!.functionVersion, '1');
  });

  test('goes with the alias, and all of it with the function, in memory and on disk', async (context) => {
    for (const change of [{ removeAliases: ['live'] }, { remove: ['$LATEST', '1', '2'] }]) {
      const file = await stateFile(context);
      const before = await opened(context, file);
      await fill(before);
      await changed(before, change);
      assert.deepEqual([before.aliases.of(NAME), before.policies.of(NAME)], [[], []]);
      await before.close();
      const after = await opened(context, file);
      assert.deepEqual([after.aliases.of(NAME), after.policies.of(NAME)], [[], []]);
      await after.close();
    }
  });

  test('is found by the id of its URL, as long as it has that URL', async (context) => {
    const file = await stateFile(context);
    const before = await opened(context, file);
    await fill(before);
    const url = {
      ...NAME,
      authType: 'NONE',
      invokeMode: 'BUFFERED',
      createdMs: 1,
      lastModifiedMs: 1,
    } as const;
    await changed(before, { joined: [before.urls.put(NAME, '$LATEST', { ...url, urlId: 'old' })] });
    await changed(before, { joined: [before.urls.put(NAME, '$LATEST', { ...url, urlId: 'new' })] });
    assert.equal(before.urls.find('old'), undefined);
    await before.close();
    const after = await opened(context, file);
    assert.equal(after.urls.find('new')!.functionName, 'echo');
    await changed(after, { remove: ['$LATEST', '1', '2'] });
    assert.equal(after.urls.find('new'), undefined);
  });

  test('stays as it was where the change is not stored', async (context) => {
    const tables = await opened(context, await stateFile(context));
    await fill(tables);
    const refused = tables.functions.change(NAME.accountId, NAME.region, NAME.functionName, () => {
      throw new Error('refused');
    });
    await assert.rejects(refused, /refused/);
    assert.equal(tables.aliases.of(NAME).length, 1);
  });
});

test('a weighted alias chooses the second version for numbers below its weight', async (context) => {
  const tables = await opened(context, await stateFile(context));
  await fill(tables);
  const chosen = (next: number): string | undefined => {
    tables.next = next;
    return tables.aliases.chooseVersion(NAME, 'live');
  };
  assert.deepEqual([chosen(0), chosen(0.249), chosen(0.25), chosen(0.999)], ['2', '2', '1', '1']);
  assert.equal(tables.aliases.chooseVersion(NAME, 'other'), undefined);
});

test('a policy lets in whom it names, for its actions, under its conditions, and for its own resource', async (context) => {
  const tables = await opened(context, await stateFile(context));
  const source = 'arn:aws:s3:::a-bucket';
  await fill(tables, {
    Principal: { Service: 's3.amazonaws.com' },
    Condition: { ArnLike: { 'AWS:SourceArn': source } },
  });
  const service = 's3.amazonaws.com';
  const access = { service, action: 'lambda:InvokeFunction', resource: ARN, sourceArn: source };
  const asks = (change: Partial<ServiceAccess>, identifier: FunctionIdentifier = LIVE): boolean =>
    policyAllowsService(tables.policies.documentOf(identifier), { ...access, ...change });
  assert.equal(asks({}), true);
  assert.equal(asks({ service: 'sns.amazonaws.com' }), false);
  assert.equal(asks({ action: 'lambda:GetFunction' }), false);
  assert.equal(asks({ sourceArn: 'arn:aws:s3:::another' }), false);
  assert.equal(asks({}, { ...NAME, qualifier: undefined }), false);
  assert.equal(asks({}, { ...NAME, qualifier: '1' }), false);
});
