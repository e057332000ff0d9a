/** A network without root that cannot be made whole gives back what it had. Needs iproute2 and util-linux. */
import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { PlatformError } from '../../../src/core/errors.ts';
import { RootlessNetwork } from '../../../src/sandbox/network/rootless-network.ts';
import { scratchDirectory } from '../../storage/scratch.ts';
import { listening } from '../open-descriptors.ts';

/** Says that it is ready, and ends as slirp4netns does: when its server lets go of descriptor 4. */
const SLIRP = '#!/bin/sh\necho 1 >&3\nread -r _ <&4\n';

/** The listener gets a second port that is none, so that it fails when it has handed over the first socket. */
const NSENTER = `#!/bin/sh
case "$*" in
  *inside-listener*)
    while [ "$1" != -- ]; do shift; done
    exec "$2" "$3" 127.0.0.1 0 no-port;;
esac
exec nsenter "$@"
`;

async function program(directory: string, name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  await chmod(path, 0o755);
  return path;
}

test('the sockets that a listener has handed over before it failed are closed', async (context) => {
  const directory = await scratchDirectory(context);
  const slirp = await program(directory, 'slirp4netns', SLIRP);
  const nsenter = await program(directory, 'nsenter', NSENTER);
  const before = await listening();
  await assert.rejects(
    RootlessNetwork.make({ slirp, nsenter }, () => new URL('http://127.0.0.1:1')),
    PlatformError,
  );
  assert.equal(await listening(), before);
});
