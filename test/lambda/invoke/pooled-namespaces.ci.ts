/** Cold starts in sandboxes that were started ahead. Needs bubblewrap. */
import { testPooledEnvironments } from './pooled-environments-suite.ts';

testPooledEnvironments({ isolation: 'namespaces' });
