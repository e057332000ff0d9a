import { probeIsolation } from '../../src/sandbox/sandboxes.ts';
import { testFunctionsWithLayers } from './layer-functions-suite.ts';

testFunctionsWithLayers('process');

const { namespaces } = await probeIsolation();
if (namespaces.available) testFunctionsWithLayers('namespaces');
else console.log(`Functions with layers in namespaces are not tested: ${namespaces.reason}`);
