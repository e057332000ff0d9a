/** Tokens that hold where a listing goes on; opaque to clients, as on AWS. */
import { AwsError } from '../../core/errors.ts';
import type { EventPosition } from '../../ports/stream-log.ts';

export function encodeListToken(place: Readonly<Record<string, string | number>>): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

export function decodeListToken(token: string): Record<string, unknown> {
  try {
    const place: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (typeof place === 'object' && place !== null) return place as Record<string, unknown>;
  } catch {
    // Falls through: not a token of ours.
  }
  throw invalidToken();
}

export function invalidToken(): AwsError {
  return new AwsError('InvalidParameterException', 'The specified nextToken is invalid.');
}

// Event ids and tokens of AWS have 56 decimal digits; ours hold time, write, and place within the write.
const TIME_DIGITS = 16;
const SEQUENCE_DIGITS = 20;
const INDEX_DIGITS = 20;

function digits(position: EventPosition): string {
  return (
    String(position.timestampMs).padStart(TIME_DIGITS, '0') +
    String(position.sequence).padStart(SEQUENCE_DIGITS, '0') +
    // One more, since the boundary before an event (index -1) has a token too.
    String(position.index + 1).padStart(INDEX_DIGITS, '0')
  );
}

export function eventId(position: EventPosition): string {
  return digits(position);
}

export interface EventToken {
  readonly order: 'forward' | 'backward';
  readonly position: EventPosition;
}

/** `f/…` goes on after the position, `b/…` before it. */
export function encodeEventToken(token: EventToken): string {
  return `${token.order === 'forward' ? 'f' : 'b'}/${digits(token.position)}/s`;
}

export function decodeEventToken(token: string): EventToken {
  const match = /^([fb])\/(\d{16})(\d{20})(\d{20})\/s$/.exec(token);
  if (!match) throw invalidToken();
  return {
    order: match[1] === 'f' ? 'forward' : 'backward',
    position: { timestampMs: Number(match[2]), sequence: Number(match[3]), index: Number(match[4]) - 1 },
  };
}
