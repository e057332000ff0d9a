/** A storage thread of the tests that answers until it is asked to crash. */
import { serve } from '../../src/storage/worker-loop.ts';

serve<string>(() => ({
  handle: (requests) =>
    requests.map((request) => {
      if (request === 'crash') throw new Error('the disk caught fire');
      if (request === 'how many') return { reply: String(requests.length) };
      return { reply: request.toUpperCase() };
    }),
  close: () => undefined,
}));
