import type { MessageAttributeValue } from '@aws-sdk/client-sns';
import { AwsError } from '../../core/errors.ts';
import { invalidAttribute } from './sns-errors.ts';

/** `value` of a binary attribute is in base64. */
export interface MessageAttribute {
  readonly dataType: string;
  readonly value: string;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

const MAX_NAME_LENGTH = 256;
const DATA_TYPE = /^(String|Number|Binary)(\.[^\s]+)?$/;
const CHARACTER = /[^A-Za-z0-9_.-]/;

/**
 * `path` is where the attributes are, for errors of the shape. Throws `ParameterValueInvalid` and
 * `ValidationError` as recorded for "empty_or_wrong_message_attributes".
 */
export function messageAttributes(
  given: Readonly<Record<string, MessageAttributeValue>> | undefined,
  path = 'messageAttributes',
): MessageAttributes {
  return Object.fromEntries(
    Object.entries(given ?? {}).map(([name, value]) => [name, messageAttribute(name, value, path)]),
  );
}

function messageAttribute(name: string, given: MessageAttributeValue, path: string): MessageAttribute {
  const { DataType: dataType, StringValue: text, BinaryValue: binary } = given;
  if (dataType === undefined) {
    throw new AwsError(
      'ValidationError',
      `1 validation error detected: Value null at '${path}.${name}.member.dataType' failed to satisfy constraint: Member must not be null`,
      {},
      400,
    );
  }
  checkName(name);
  const type = DATA_TYPE.exec(dataType)?.[1];
  if (type === undefined) {
    throw invalidAttribute(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  const [wanted, other] = type === 'Binary' ? [binary?.length, text] : [text?.length, binary?.length];
  if (!wanted && other) {
    const field = type === 'Binary' ? 'Binary' : 'String';
    throw invalidAttribute(
      `The message attribute '${name}' with type '${dataType}' must use field '${field}'.`,
    );
  }
  if (!wanted) {
    throw invalidAttribute(
      `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${dataType}'.`,
    );
  }
  if (type === 'Number' && !Number.isFinite(Number(text))) {
    throw invalidAttribute(`Could not cast message attribute '${name}' value to number.`);
  }
  return { dataType, value: type === 'Binary' ? Buffer.from(binary!).toString('base64') : text! };
}

function checkName(name: string): void {
  if (name.length > MAX_NAME_LENGTH) {
    throw invalidAttribute('Length of message attribute name must be less than 256 bytes.');
  }
  const strange = CHARACTER.exec(name)?.[0];
  if (strange !== undefined) {
    const code = strange.charCodeAt(0).toString(16).toUpperCase();
    throw invalidAttribute(
      `Invalid non-alphanumeric character '#x${code}' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.`,
    );
  }
  if (name.startsWith('.')) {
    throw invalidAttribute("Invalid message attribute name starting with character '.' was found.");
  }
  if (name.endsWith('.')) {
    throw invalidAttribute("Invalid message attribute name ending with character '.' was found.");
  }
  if (name.includes('..')) {
    throw invalidAttribute("Message attribute name can not have successive '.' character.");
  }
}

/** Names, types and values, in bytes: they count like the message. */
export function attributesBytes(attributes: MessageAttributes): number {
  let bytes = 0;
  for (const [name, { dataType, value }] of Object.entries(attributes)) {
    const encoding = dataType.startsWith('Binary') ? 'base64' : 'utf8';
    bytes += Buffer.byteLength(name) + Buffer.byteLength(dataType) + Buffer.byteLength(value, encoding);
  }
  return bytes;
}

/** As they stand in notifications. */
export function notifiedAttributes(attributes: MessageAttributes) {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { dataType, value }]) => [name, { Type: dataType, Value: value }]),
  );
}
