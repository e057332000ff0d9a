import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import type { FunctionControl } from '../../../src/lambda/control/function-control.ts';
import { openFunctionControl } from '../../../src/lambda/control/function-control.ts';
import { EnvironmentCipher } from '../../../src/lambda/records/environment-cipher.ts';
import { randomIds } from '../../../src/platform/random-ids.ts';
import type { RuntimeResolution } from '../../../src/ports/environment.ts';
import type { RequestContext } from '../../../src/ports/service.ts';
import { openFileBlobStore } from '../../../src/storage/files/blob-store.ts';
import { openImageStore } from '../../../src/storage/images/image-store.ts';
import { openPackageStore } from '../../../src/storage/packages/package-store.ts';
import { openSqliteStateStore } from '../../../src/storage/sqlite/state-store.ts';
import { zipOf } from '../../kit/zip.ts';
import { SettableClock } from '../../services/settable-clock.ts';
import { RecordedLog } from '../../storage/recorded-log.ts';
import { scratchDirectory } from '../../storage/scratch.ts';
import { functionNamed } from './lambda-server.ts';

const CALLER: RequestContext = {
  requestId: 'r',
  region: 'us-east-1',
  accountId: '000000000000',
  accessKeyId: undefined,
  headers: {},
  origin: 'http://127.0.0.1',
  signal: new AbortController().signal,
  answerHeaders: {},
};

const FOUND = (runtime: string): RuntimeResolution => ({
  available: true,
  installation: {
    runtime,
    family: runtime.startsWith('provided') ? 'provided' : 'nodejs',
    directories: [],
    origin: 'a test',
  },
});

class GatedCatalog {
  private readonly waiting: (() => void)[] = [];
  isOpen = false;

  async resolve(runtime: string): Promise<RuntimeResolution> {
    if (!this.isOpen) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return FOUND(runtime);
  }

  open(): void {
    this.isOpen = true;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  async list(): Promise<never[]> {
    return [];
  }
}

interface Opened {
  readonly control: FunctionControl;
  readonly catalog: GatedCatalog;
  readonly log: RecordedLog;
  create(name: string, rest?: object): Promise<FunctionConfiguration>;
  get(name: string): Promise<FunctionConfiguration>;
  /** Resolves when the function is neither Pending nor being updated. */
  settled(name: string): Promise<FunctionConfiguration>;
}

async function opened(context: TestContext): Promise<Opened> {
  const root = await scratchDirectory(context);
  const log = new RecordedLog();
  const state = await openSqliteStateStore({ file: join(root, 'records.db'), log });
  context.after(() => state.close());
  const blobs = await openFileBlobStore({ directory: join(root, 'blobs') });
  await mkdir(join(root, 'packages'));
  const packages = await openPackageStore({ directory: join(root, 'packages'), blobs });
  context.after(() => packages.close());
  const images = await openImageStore({
    directory: await scratchDirectory(context),
    accessTo: () => ({}),
    bootId: async () => undefined,
  });
  const catalog = new GatedCatalog();
  const clock = new SettableClock(Date.UTC(2026, 0, 1));
  const control = await openFunctionControl({
    state,
    takeSnapshot: async () => undefined,
    startManaged: async () => undefined,
    provisionedStatus: () => ({ status: 'IN_PROGRESS', allocated: 0 }),
    environmentCipher: new EnvironmentCipher(async () => {
      throw new Error('no function here has variables');
    }),
    call: async () => {
      throw new Error('no package here is in S3');
    },
    blobs,
    packages,
    images,
    catalog,
    clock,
    ids: randomIds,
    log,
  });
  context.after(() => control.close());
  const get = async (FunctionName: string): Promise<FunctionConfiguration> =>
    control.operations.GetFunctionConfiguration!({ FunctionName }, CALLER);
  return {
    control,
    catalog,
    log,
    get,
    create: (name, rest = {}) => control.operations.CreateFunction!(functionNamed(name, rest), CALLER),
    async settled(name) {
      for (;;) {
        const found = await get(name);
        if (found.State !== 'Pending' && found.LastUpdateStatus !== 'InProgress') return found;
        await nextTurn();
      }
    },
  };
}

test('a function that is deleted while it is prepared stays deleted', async (context) => {
  const { control, catalog, create, get } = await opened(context);
  await create('short-lived');
  await control.operations.DeleteFunction!({ FunctionName: 'short-lived' }, CALLER);
  catalog.open();
  await control.close();
  await assert.rejects(get('short-lived'), { name: 'ResourceNotFoundException' });
});

test('a function made anew while its predecessor is prepared is prepared for itself', async (context) => {
  const { control, catalog, create, settled } = await opened(context);
  await create('again', { Description: 'first' });
  await control.operations.DeleteFunction!({ FunctionName: 'again' }, CALLER);
  await create('again', { Description: 'second' });
  catalog.open();
  const { State, Description } = await settled('again');
  assert.deepEqual([State, Description], ['Active', 'second']);
});

test('a version published with the code becomes Active with it and keeps its revision', async (context) => {
  const { control, catalog, create, settled } = await opened(context);
  catalog.open();
  await create('shipped');
  await settled('shipped');
  const ZipFile = await zipOf({ 'index.js': 'new' });
  const update = { FunctionName: 'shipped', ZipFile, Publish: true };
  const published = await control.operations.UpdateFunctionCode!(update, CALLER);
  assert.deepEqual([published.Version, published.State], ['1', 'Pending']);
  const version = await settled('shipped:1');
  assert.deepEqual([version.State, version.RevisionId], ['Active', published.RevisionId]);
});

test('a package that cannot be extracted makes a function Failed, not the server', async (context) => {
  const { catalog, create, settled } = await opened(context);
  catalog.open();
  await create('unwritable', { Code: { ZipFile: await zipOf({ ['n'.repeat(300)]: 'x' }) } });
  const { State, StateReasonCode, StateReason } = await settled('unwritable');
  assert.deepEqual([State, StateReasonCode], ['Failed', 'InternalError']);
  assert.match(StateReason!, /could not be extracted: ENAMETOOLONG/);
  await create('well');
  assert.equal((await settled('well')).State, 'Active');
});

test('a runtime of its own for another architecture is warned of', async (context) => {
  const { catalog, create, settled, log } = await opened(context);
  catalog.open();
  const [here, elsewhere] =
    process.arch === 'arm64' ? (['arm64', 'x86_64'] as const) : (['x86_64', 'arm64'] as const);
  await create('native', { Runtime: 'provided.al2023', Architectures: [here] });
  await create('portable', { Architectures: [elsewhere] });
  await Promise.all([settled('native'), settled('portable')]);
  const warned = (): string[] => log.warnings.filter((line) => line.includes('another architecture'));
  assert.deepEqual(warned(), []);
  await create('foreign', { Runtime: 'provided.al2023', Architectures: [elsewhere] });
  await settled('foreign');
  assert.equal(warned().length, 1);
});

test('closing waits for what is being prepared', async (context) => {
  const { control, catalog, create, get } = await opened(context);
  await create('last');
  let isClosed = false;
  const closed = control.close().then(() => {
    isClosed = true;
  });
  await nextTurn();
  assert.equal(isClosed, false);
  catalog.open();
  await closed;
  assert.equal((await get('last')).State, 'Active');
});
