/** Cold starts in environments that were started ahead, where this host can hold *namespaces*. */
import { probeIsolation } from '../../../src/sandbox/sandboxes.ts';
import { testPooledEnvironments } from './pooled-environments-suite.ts';

const { namespaces } = await probeIsolation();

if (namespaces.available) testPooledEnvironments({ isolation: 'namespaces' });
