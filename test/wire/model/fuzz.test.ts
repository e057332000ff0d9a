import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SERVICES } from '../../../tools/gen-model/services.ts';
import { fuzzService } from './fuzz.ts';
import { fuzzByClient } from './fuzz-by-client.ts';

/** Its SDK package is older than the schemas that the other ones carry. */
const WITHOUT_SCHEMAS = new Set(['codeguruprofiler']);

const seed = Number(process.env['SELFSAME_SEED'] ?? Date.now() % 1_000_000);

describe(`every operation reads and writes what the AWS SDK does (SELFSAME_SEED=${seed})`, () => {
  for (const name of Object.keys(SERVICES)) {
    if (WITHOUT_SCHEMAS.has(name)) continue;
    test(name, async () => {
      const { inputs, outputs, errors, failures } = await fuzzService(name, seed);
      assert.deepEqual(failures, []);
      assert.ok(inputs > 0 && outputs > 0 && errors >= 0);
    });
  }

  for (const name of WITHOUT_SCHEMAS) {
    test(`${name}, through its client`, async () => {
      assert.ok((await fuzzByClient(name, await import(`@aws-sdk/${SERVICES[name]}`))) > 0);
    });
  }
});
