/** Entry of the thread that hashes one large content. */
import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { invariant } from '../../core/errors.ts';
import type { HashMessage } from './stream-hash.ts';

const port = parentPort;
invariant(port, 'the hash worker must be started as a worker thread');

const hash = createHash('sha256');
port.on('message', (message: HashMessage) => {
  if (message === 'end') port.postMessage(hash.digest('hex'));
  else hash.update(message);
});
