/** A server for `rootless.ci.ts`, which runs it as an ordinary user: says where it is, and closes at the end of its input. */
import { once } from 'node:events';
import { openPlatform } from '../../kit/started-platform.ts';

const platform = await openPlatform({
  isolation: 'namespaces',
  logLevel: 'warn',
  // The interpreter that runs other tests may be in a home that this user may not enter.
  nearestRuntime: true,
});
console.log(JSON.stringify({ origin: platform.origin }));
process.stdin.resume();
await once(process.stdin, 'end');
await platform.close();
