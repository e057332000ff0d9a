/** What a server that was killed leaves behind, and what the next one makes of it. */
import { describe, test } from 'node:test';
import type { IsolationLevel } from '../../src/ports/environment.ts';
import { testLeftovers } from './leftovers-suite.ts';

const LEVELS: readonly IsolationLevel[] = ['process', 'namespaces'];

describe('after kill -9 of the server', () => {
  for (const level of LEVELS) {
    test(`the next one ends its environments at ${level} and works on`, (context) =>
      testLeftovers(context, level));
  }
});
