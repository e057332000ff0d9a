/** Exact sums of numbers. */
import { canonicalNumber } from '../number-text.ts';

/** Numbers in canonical form, as is the sum. Throws `ValidationException` for one that DynamoDB cannot hold. */
export function addNumbers(left: string, right: string): string {
  const [one, two] = [decimalOf(left), decimalOf(right)];
  const places = Math.max(one.places, two.places);
  const sum = scaled(one, places) + scaled(two, places);
  return canonicalNumber(`${sum}e${-places}`);
}

export function subtractNumbers(left: string, right: string): string {
  return addNumbers(left, right.startsWith('-') ? right.slice(1) : `-${right}`);
}

/** `digits` divided by ten to the power of `places`. */
interface Decimal {
  readonly digits: bigint;
  readonly places: number;
}

function decimalOf(text: string): Decimal {
  const [whole = '', fraction = ''] = text.split('.');
  return { digits: BigInt(whole + fraction), places: fraction.length };
}

function scaled({ digits, places }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(to - places);
}
