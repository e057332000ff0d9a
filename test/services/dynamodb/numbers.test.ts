/** Sums and order of numbers, against whole numbers without bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addNumbers, subtractNumbers } from '../../../src/services/dynamodb/values/arithmetic.ts';
import { compareNumbers } from '../../../src/services/dynamodb/values/comparison.ts';
import { SeededRandom } from '../../faults/seeded-random.ts';

const ROUNDS = 2_000;
const MAX_DIGITS = 38;

/** A number with up to 18 digits before and after the point, and ten to the power of 18 times it. */
function numberOf(random: SeededRandom): { text: string; scaled: bigint } {
  const digits = (most: number): string =>
    Array.from({ length: Math.floor(random.next() * (most + 1)) }, () => Math.floor(random.next() * 10)).join(
      '',
    );
  const [whole, fraction] = [BigInt(`0${digits(18)}`).toString(), digits(18).replace(/0+$/, '')];
  const size = BigInt(whole + fraction.padEnd(18, '0'));
  const isNegative = random.next() < 0.5 && size > 0n;
  return {
    text: `${isNegative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`,
    scaled: isNegative ? -size : size,
  };
}

function textOf(scaled: bigint): string {
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(19, '0');
  const fraction = digits.slice(-18).replace(/0+$/, '');
  return `${scaled < 0n ? '-' : ''}${digits.slice(0, -18)}${fraction === '' ? '' : `.${fraction}`}`;
}

test('numbers are added, subtracted and ordered as whole numbers are', () => {
  const random = new SeededRandom();
  for (let round = 0; round < ROUNDS; round += 1) {
    const [one, two] = [numberOf(random), numberOf(random)];
    const shown = `seed ${random.seed}: ${one.text}, ${two.text}`;
    assert.ok(one.text.replace(/\D/g, '').length <= MAX_DIGITS);
    assert.equal(addNumbers(one.text, two.text), textOf(one.scaled + two.scaled), shown);
    assert.equal(subtractNumbers(one.text, two.text), textOf(one.scaled - two.scaled), shown);
    const order = one.scaled < two.scaled ? -1 : one.scaled > two.scaled ? 1 : 0;
    assert.equal(Math.sign(compareNumbers(one.text, two.text)), order, shown);
  }
});

test('numbers are exact to 38 digits and no further', () => {
  assert.equal(addNumbers('0.1', '0.2'), '0.3');
  assert.equal(addNumbers(`${'9'.repeat(37)}8`, '1'), '9'.repeat(38));
  assert.equal(addNumbers('9'.repeat(38), '1'), `1${'0'.repeat(38)}`);
  assert.equal(subtractNumbers('5', '5'), '0');
  const refused = (sum: () => string, message: string): void =>
    assert.throws(sum, { name: 'ValidationException', message });
  refused(
    () => addNumbers('9'.repeat(38), '0.1'),
    'Attempting to store more than 38 significant digits in a Number',
  );
  const largest = `${'9'.repeat(38)}${'0'.repeat(88)}`;
  refused(
    () => addNumbers(largest, largest),
    'Number overflow. Attempting to store a number with magnitude larger than supported range',
  );
});
