import { testFunctionsWithLayers } from './layer-functions-suite.ts';

testFunctionsWithLayers('process');
