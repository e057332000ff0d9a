/** Numbers of up to 38 digits, as text. */
import { validationError } from './engine/item-checks.ts';

/** Source: "Supported data types": 38 digits, from 1E-130 to 9.9999999999999999999999999999999999999E+125. */
const MAX_DIGITS = 38;
const MAX_POWER = 125;
const MIN_POWER = -130;

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
/** What most numbers are already. */
const SMALL_INTEGER = /^(?:0|-?[1-9]\d{0,14})$/;

/** The number without an exponent, and without zeros that say nothing. Throws `ValidationException`. */
export function canonicalNumber(text: string): string {
  if (SMALL_INTEGER.test(text)) return text;
  if (text === '') throw validationError('The parameter cannot be converted to a numeric value');
  const [, sign = '', whole = '', fraction = '', power = '0'] = NUMBER.exec(text) ?? [];
  if (whole === '' && fraction === '') {
    throw validationError(`The parameter cannot be converted to a numeric value: ${text}`);
  }
  const all = whole + fraction;
  const head = all.replace(/^0+/, '');
  const digits = head.replace(/0+$/, '');
  if (digits === '') return '0';
  // The number is d.ddd times ten to this power.
  const exponent = whole.length - (all.length - head.length) - 1 + Number(power);
  checkRange(exponent, digits.length);
  return (sign === '-' ? '-' : '') + plain(digits, exponent);
}

function checkRange(exponent: number, digits: number): void {
  if (exponent > MAX_POWER) {
    throw validationError(
      'Number overflow. Attempting to store a number with magnitude larger than supported range',
    );
  }
  if (exponent < MIN_POWER) {
    throw validationError(
      'Number underflow. Attempting to store a number with magnitude smaller than supported range',
    );
  }
  if (digits > MAX_DIGITS) {
    throw validationError(`Attempting to store more than ${MAX_DIGITS} significant digits in a Number`);
  }
}

function plain(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, '0');
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}
