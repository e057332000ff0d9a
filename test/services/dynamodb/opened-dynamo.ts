/** DynamoDB without a server around it, for its seams. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { PlatformError } from '../../../src/core/errors.ts';
import { randomIds } from '../../../src/platform/random-ids.ts';
import { ServiceClock } from '../../../src/platform/service-clock.ts';
import type { RequestContext } from '../../../src/ports/service.ts';
import type { Dynamo } from '../../../src/services/dynamodb/dynamodb.ts';
import { openDynamo } from '../../../src/services/dynamodb/dynamodb.ts';
import type { EngineReply, EngineRequest } from '../../../src/services/dynamodb/engine/requests.ts';
import { ITEM_ENGINE_MODULE } from '../../../src/services/dynamodb/item-engine.ts';
import { openSqliteItemStore } from '../../../src/storage/items/item-store.ts';
import { openSqliteStateStore } from '../../../src/storage/sqlite/state-store.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const CALLER = { accountId: '000000000000', region: 'us-east-1', origin: '' } as RequestContext;

export interface OpenedDynamo {
  readonly dynamo: Dynamo;
  readonly clock: ServiceClock;
  call(operation: string, input: object): Promise<unknown>;
  /** As a server that stops. Idempotent. */
  close(): Promise<void>;
}

export interface OpenedDynamoOptions {
  /** Whether the disk refuses what a request would change. What fails by it is expected to. */
  readonly refuses?: (request: EngineRequest) => boolean;
}

/** In `directory`, or in one of its own. */
export async function openedDynamo(
  context: TestContext,
  directory?: string,
  { refuses }: OpenedDynamoOptions = {},
): Promise<OpenedDynamo> {
  const path = directory ?? (await scratchDirectory(context));
  const state = await openSqliteStateStore({ file: join(path, 'state.db'), log });
  const file = join(path, 'items.db');
  const items = await openSqliteItemStore<EngineRequest, EngineReply>({
    file,
    log,
    engine: ITEM_ENGINE_MODULE,
  });
  const clock = new ServiceClock({
    offsetMs: 0,
    saveOffset: async () => {},
    onTaskError: refuses === undefined ? assert.ifError : () => {},
    frozen: true,
  });
  const asked: typeof items = {
    ...items,
    ask: async (request) => {
      if (refuses?.(request) === true) throw new PlatformError('no space left', 'Free some.');
      return items.ask(request);
    },
  };
  const dynamo = await openDynamo({ state, items: asked, clock, ids: randomIds, log });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      await dynamo.close();
      clock.close();
      await items.close();
      await state.close();
    })();
    return closing;
  };
  context.after(close);
  const [{ operations }] = dynamo.services as [Dynamo['services'][number]];
  return {
    dynamo,
    clock,
    close,
    call: async (operation, input) => operations[operation]!(input as never, CALLER),
  };
}
