import { probeIsolation } from '../../../src/sandbox/sandboxes.ts';
import { testEnvironments } from './environments-suite.ts';

const { namespaces } = await probeIsolation();
// `npm test` uses bubblewrap where the host has it; the longer checks demand it.
if (namespaces.available) testEnvironments('namespaces');
else console.log(`Environments in namespaces are not tested: ${namespaces.reason}`);
