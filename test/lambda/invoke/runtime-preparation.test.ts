import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Placement } from '../../../src/lambda/invoke/placement.ts';
import type { FunctionRecord } from '../../../src/lambda/records/function-record.ts';
import type { RuntimeInstallation, RuntimeResolution } from '../../../src/ports/environment.ts';
import { FakeSandbox } from './fake-sandbox.ts';
import { functionRecord } from './fixtures.ts';

type Change = (before: FunctionRecord | undefined, after: FunctionRecord | undefined) => void;

class PreparingSandbox extends FakeSandbox {
  readonly prepared: string[] = [];

  override async prepare({ runtime }: RuntimeInstallation): Promise<void> {
    this.prepared.push(runtime);
  }
}

function installed(runtime: string): RuntimeResolution {
  return {
    available: true,
    installation: { runtime, family: 'nodejs', directories: [], origin: 'the test' },
  };
}

/** A placement over `stored` functions; nothing of it that environments need is there. */
function newPlacement(
  stored: readonly FunctionRecord[],
  resolve: (runtime: string) => Promise<RuntimeResolution>,
) {
  const sandbox = new PreparingSandbox();
  let change: Change = () => {};
  const placement = new Placement({
    sandbox,
    endpoint: () => 'http://127.0.0.1:4566',
    catalog: { resolve, list: async () => [] },
    directory: {
      find: () => undefined,
      all: () => stored,
      onChange: (listener: Change) => {
        change = listener;
      },
    },
  } as never);
  return { placement, sandbox, create: (record: FunctionRecord) => change(undefined, record) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a runtime is made ready when its first function is created, once', async () => {
  const { sandbox, create } = newPlacement([], async (runtime) => installed(runtime));
  create(functionRecord({ functionName: 'f', runtime: 'nodejs24.x' }));
  create(functionRecord({ functionName: 'g', runtime: 'nodejs24.x' }));
  create(functionRecord({ functionName: 'h', runtime: 'nodejs22.x' }));
  await turn();
  assert.deepEqual(sandbox.prepared, ['nodejs24.x', 'nodejs22.x']);
});

test('after a restart the runtimes of stored functions are made ready', async () => {
  const { placement, sandbox } = newPlacement([functionRecord({ runtime: 'nodejs24.x' })], async (runtime) =>
    installed(runtime),
  );
  placement.prepareRuntimes();
  await turn();
  assert.deepEqual(sandbox.prepared, ['nodejs24.x']);
});

test('a runtime that comes after the end is not made ready any more', async () => {
  const arrival = Promise.withResolvers<RuntimeResolution>();
  const { placement, sandbox, create } = newPlacement([], () => arrival.promise);
  create(functionRecord({ runtime: 'nodejs26.x' }));
  await placement.close();
  arrival.resolve(installed('nodejs26.x'));
  await turn();
  assert.deepEqual(sandbox.prepared, []);
});
