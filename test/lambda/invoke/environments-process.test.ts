import { testEnvironments } from './environments-suite.ts';

testEnvironments('process');
