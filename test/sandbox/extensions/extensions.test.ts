import { testExtensions } from './extensions-suite.ts';

testExtensions('process');
