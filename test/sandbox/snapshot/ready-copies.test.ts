import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadyCopies } from '../../../src/sandbox/snapshot/ready-copies.ts';

class FakeCopy {
  ended = false;

  end(): void {
    this.ended = true;
  }
}

/** What waits to be made is made: a moment passes, and the loop turns. */
async function made(tick: (ms: number) => void): Promise<void> {
  tick(1_000);
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('one copy of each snapshot waits, and that of the one used last stays where there is no room', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const tick = (ms: number): void => context.mock.timers.tick(ms);
  const copies = new ReadyCopies<FakeCopy>(2);
  const started: FakeCopy[] = [];
  const start = async (): Promise<FakeCopy> => {
    const copy = new FakeCopy();
    started.push(copy);
    return copy;
  };
  const snapshots = [{}, {}, {}];
  for (const snapshot of [snapshots[0]!, snapshots[0]!, snapshots[1]!, snapshots[2]!]) {
    copies.expect(snapshot, start);
    await made(tick);
  }
  assert.equal(started.length, 3);
  assert.deepEqual(
    started.map(({ ended }) => ended),
    [true, false, false],
  );
  assert.equal(copies.size, 2);
  assert.equal(copies.take(snapshots[0]!), undefined);
  assert.equal(copies.take(snapshots[2]!), started[2]);
  assert.equal(copies.take(snapshots[2]!), undefined);
});

test('what ends before it is taken is not given to anyone, and a start that fails is tried again', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const tick = (ms: number): void => context.mock.timers.tick(ms);
  const copies = new ReadyCopies<FakeCopy>(1);
  const snapshot = {};
  copies.expect(snapshot, () => Promise.reject(new Error('no')));
  await made(tick);
  let exit = (): void => {};
  copies.expect(snapshot, async (onExit) => {
    exit = onExit;
    return new FakeCopy();
  });
  await made(tick);
  assert.equal(copies.size, 1);
  exit();
  assert.equal(copies.take(snapshot), undefined);
});

test('with a limit of none nothing is made ahead', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const copies = new ReadyCopies<FakeCopy>(0);
  copies.expect({}, async () => new FakeCopy());
  await made((ms) => context.mock.timers.tick(ms));
  assert.equal(copies.size, 0);
});
