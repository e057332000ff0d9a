/** The hash that AWS's signer for JavaScript asks for, by Node.js. */
import type { Hash } from 'node:crypto';
import { createHash, createHmac } from 'node:crypto';
import type { Checksum, SourceData } from '@smithy/types';

export class NodeSha256 implements Checksum {
  private readonly hash: Hash;

  constructor(secret?: SourceData) {
    this.hash = (
      secret === undefined ? createHash('sha256') : createHmac('sha256', Buffer.from(secret as Uint8Array))
    ) as Hash;
  }

  update(data: Uint8Array): void {
    this.hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }

  reset(): void {
    throw new Error('a hash is used once');
  }
}
