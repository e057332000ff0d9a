/** Patterns that AWS was recorded to refuse, with its words; a record quotes the pattern. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventPatternError, parseEventPattern } from '../../../src/core/event-pattern/event-pattern.ts';
import { recordedJson } from '../../kit/recorded.ts';

interface Refusal {
  readonly exception_message?: { readonly Error: { readonly Message: string; readonly MessageRaw: string } };
}

/** Whether a pattern with wildcards is too complex is a matter of AWS's matcher; here none is. */
const TAKEN = 'content_wildcard_complex_EXC';

test('patterns are refused as AWS refuses them', (context) => {
  const cases = recordedJson('events/events_patterns.json') as Record<string, Record<string, Refusal>>;
  let compared = 0;
  for (const answers of Object.values(cases)) {
    for (const [name, { exception_message: refusal }] of Object.entries(answers)) {
      const quoted = /\[Source: \(String\)"(.*)"; line/s.exec(refusal?.Error.MessageRaw ?? '')?.[1];
      if (quoted === undefined || name === TAKEN) continue;
      const words = refusal!.Error.Message.replace('Event pattern is not valid. Reason: ', '');
      const pattern = quoted.replaceAll(/<[a-z-]+>/g, 'x');
      // Long ones are cut off in the record.
      if (!isJson(pattern)) continue;
      // A position in the text moves with what placeholders stand for.
      const withoutPlace = (text: string) => text.replace(/ at pos \d+$/, '');
      assert.throws(
        () => parseEventPattern(pattern),
        (error: Error) => {
          assert.ok(error instanceof EventPatternError, `${name}: ${error.message}`);
          assert.equal(withoutPlace(error.message), withoutPlace(words), name);
          return true;
        },
        `${name} is taken`,
      );
      compared += 1;
    }
  }
  context.diagnostic(`${compared} refusals compared`);
  assert.ok(compared > 15, 'the records are there');
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
