/**
 * User ids of the host that are given to environments: numbers that nobody else has. Each server on a host takes one
 * block of them; a group id of the same number goes with each.
 */
import { once } from 'node:events';
import type { Server } from 'node:net';
import { createServer } from 'node:net';
import { PlatformError } from '../../core/errors.ts';

/** systemd's "Users, Groups, UIDs and GIDs" leaves 0x70000000 to 0x7fffffff to nobody; below are accounts and containers. */
export const FIRST_UID = 0x7000_0000;

/** As many environments as a server has networks for. */
export const BLOCK_SIZE = 1024;
export const BLOCK_COUNT = 64;

/** Of each block the first is lent to no environment: for what runs before there is one. */
export const RESERVED_INDEX = 0;

export interface UserBlock {
  readonly firstUid: number;
  release(): Promise<void>;
}

/**
 * Takes a free block. The mark of its being taken is a socket with an abstract name, which the kernel gives to one
 * process and takes back when that ends, however it does.
 */
export async function claimUserBlock(): Promise<UserBlock> {
  for (let block = 0; block < BLOCK_COUNT; block += 1) {
    const mark = await listening(`\0selfsame-users-${block}`);
    if (mark === undefined) continue;
    return {
      firstUid: FIRST_UID + block * BLOCK_SIZE,
      release: async () => {
        mark.close();
        await once(mark, 'close');
      },
    };
  }
  throw new PlatformError('All user ids for functions are taken.', 'Stop another selfsame server.');
}

async function listening(name: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy()).listen(name);
  try {
    await once(server, 'listening');
  } catch {
    return undefined;
  }
  return server.unref();
}
