/** Environments at the level *oci*, by runc: a host without it fails. */
import { testEnvironments } from './environments-suite.ts';

testEnvironments('oci');
