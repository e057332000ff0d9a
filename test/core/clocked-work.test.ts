import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClockedWork } from '../../src/core/clocked-work.ts';
import { frozenClock } from '../lambda/invoke/fixtures.ts';

test('a clock waits until the last of the tasks under way has ended, also where one fails', async () => {
  const waitedFor: Promise<unknown>[] = [];
  const work = new ClockedWork({ ...frozenClock, during: (begun) => void waitedFor.push(begun) });
  await work.ended();
  const [one, two] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const failing = work.run(() => one.promise);
  void work.run(() => two.promise);
  assert.equal(waitedFor.length, 1, 'as one');
  let isOver = false;
  void waitedFor[0]!.then(() => {
    isOver = true;
  });
  one.reject(new Error('of the task'));
  await assert.rejects(failing, /of the task/);
  assert.equal(isOver, false);
  two.resolve();
  await work.ended();
  await waitedFor[0];
  await work.run(async () => {});
  assert.equal(waitedFor.length, 2, 'what begins later is waited for anew');
});
