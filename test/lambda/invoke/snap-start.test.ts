import { hostProblem } from '../../sandbox/snapshot/snapshot-host.ts';
import { snapStartTests } from './snap-start-suite.ts';

const problem = await hostProblem();
if (problem === undefined) snapStartTests();
else console.log(`SnapStart is not tested: ${problem}`);
