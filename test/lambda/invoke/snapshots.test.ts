/** How long the snapshots of versions live. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EnvironmentLog } from '../../../src/lambda/invoke/environment-log.ts';
import { Snapshots } from '../../../src/lambda/invoke/snapshots.ts';
import type { FunctionRecord } from '../../../src/lambda/records/function-record.ts';
import { randomIds } from '../../../src/platform/random-ids.ts';
import type { EnvironmentListener, EnvironmentSpec, Snapshot } from '../../../src/ports/environment.ts';
import { NOBODY, specBelow } from '../../sandbox/nobody.ts';
import { FakeRuntime } from './fake-sandbox.ts';
import { frozenClock, functionRecord, MemoryLogSink } from './fixtures.ts';

class FakeSnapshot implements Snapshot {
  readonly listener: EnvironmentListener;
  readonly copies: FakeRuntime[] = [];
  closed = 0;

  constructor(listener: EnvironmentListener) {
    this.listener = listener;
  }

  async restore(spec: EnvironmentSpec, listener: EnvironmentListener): Promise<FakeRuntime> {
    const copy = new FakeRuntime(spec, listener);
    this.copies.push(copy);
    return copy;
  }

  async close(): Promise<void> {
    if (this.closed === 0) this.listener.exit({ code: null, signal: 'SIGKILL' });
    this.closed += 1;
  }
}

const SPEC = specBelow('/code');

function opened(options: { readonly problem?: string; readonly isReady?: boolean } = {}) {
  const started: FakeSnapshot[] = [];
  let released = 0;
  let isCurrent = true;
  const snapshots = new Snapshots({
    clock: frozenClock,
    ids: randomIds,
    isCurrent: () => isCurrent,
    sandbox: {
      level: 'namespaces',
      snapshotProblem: async () => options.problem,
      startSnapshot: async (_spec, listener) => {
        const snapshot = new FakeSnapshot(listener);
        started.push(snapshot);
        if (options.isReady !== false) setImmediate(() => listener.ready());
        return snapshot;
      },
    },
    prepare: async (record: FunctionRecord) => ({
      spec: SPEC,
      log: new EnvironmentLog(new MemoryLogSink(), frozenClock, record, 'stream', 'snap-start'),
      initTimeoutMs: 1_000_000,
      release: () => {
        released += 1;
      },
    }),
  });
  const forget = (): void => {
    isCurrent = false;
  };
  return { snapshots, started, released: () => released, forget };
}

const RECORD = functionRecord({ version: '1', snapStartApplyOn: 'PublishedVersions' });

test('one snapshot serves all environments of a version, and its code is kept for it', async () => {
  const { snapshots, started, released } = opened();
  assert.deepEqual(await Promise.all([snapshots.take(RECORD), snapshots.take(RECORD)]), [
    undefined,
    undefined,
  ]);
  await snapshots.source(RECORD).restore(SPEC, NOBODY);
  await snapshots.source(RECORD).restore(SPEC, NOBODY);
  assert.equal(started.length, 1);
  assert.equal(started[0]!.copies.length, 2);
  assert.equal(released(), 0);
  await snapshots.close();
  assert.equal(released(), 1);
  assert.equal((await snapshots.take(RECORD))?.kind, 'interrupted');
});

test('the snapshot of a version that is deleted ends with its last environment', async () => {
  const { snapshots, started, released, forget } = opened();
  await snapshots.take(RECORD);
  await snapshots.source(RECORD).restore(SPEC, NOBODY);
  forget();
  snapshots.retire(RECORD.generation);
  assert.equal(started[0]!.closed, 0);
  await assert.rejects(snapshots.source(RECORD).restore(SPEC, NOBODY), /has no snapshot/);
  await started[0]!.copies[0]!.kill();
  assert.equal(started[0]!.closed, 1);
  await Promise.resolve();
  assert.equal(released(), 1);
  assert.equal(started.length, 1);
});

test('a server that closes does not wait for an init', async () => {
  const { snapshots, started, released } = opened({ isReady: false });
  const taking = snapshots.take(RECORD);
  while (started.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await snapshots.close();
  assert.equal((await taking)?.kind, 'interrupted');
  assert.ok(started[0]!.closed > 0);
  assert.equal(released(), 1);
});

test('what two environments find lost is taken anew once', async () => {
  const { snapshots, started } = opened();
  const sources = [snapshots.source(RECORD), snapshots.source(RECORD)];
  for (const source of sources) await source.restore(SPEC, NOBODY);
  for (const source of sources) {
    await source.discard();
    await source.restore(SPEC, NOBODY);
  }
  assert.equal(started.length, 2);
  await snapshots.close();
});

test('where the host can have none it says why, and starts nothing', async () => {
  const { snapshots, started, released } = opened({ problem: 'It cannot.' });
  assert.deepEqual(await snapshots.take(RECORD), { kind: 'host', reason: 'It cannot.' });
  assert.equal(started.length, 0);
  await Promise.resolve();
  assert.equal(released(), 1);
});

test('environments of a version have one token for their credentials', () => {
  const { snapshots } = opened();
  const token = snapshots.credentialToken(RECORD);
  assert.match(token, /^[0-9a-f]{64}$/);
  assert.equal(snapshots.credentialToken(RECORD), token);
  assert.notEqual(snapshots.credentialToken({ ...RECORD, generation: 'other' }), token);
});
