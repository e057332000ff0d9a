import { testFunctionsWithLayers } from './layer-functions-suite.ts';

testFunctionsWithLayers('namespaces');
testFunctionsWithLayers('oci');
