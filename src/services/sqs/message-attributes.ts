/** Message attributes: what they may be, their size, and the digest by which clients verify them. */
import { createHash, hash } from 'node:crypto';
import type { MessageAttributeValue } from '@aws-sdk/client-sqs';
import type { StoredAttribute } from './message.ts';
import { invalidParameter } from './sqs-errors.ts';

export type StoredAttributes = Readonly<Record<string, StoredAttribute>>;

/** Source: "Amazon SQS message metadata". */
const MAX_ATTRIBUTES = 10;
const MAX_NAME_LENGTH = 256;
const NAME = /^[A-Za-z0-9_.-]+$/;
const DATA_TYPE = /^(String|Number|Binary)(\.[^\s]+)?$/;

/** Throws `InvalidParameterValue` in AWS's words. */
export function storedAttributes(
  given: Readonly<Record<string, MessageAttributeValue>>,
): StoredAttributes | undefined {
  const entries = Object.entries(given);
  if (entries.length === 0) return undefined;
  if (entries.length > MAX_ATTRIBUTES) {
    throw invalidParameter(
      `Number of message attributes [${entries.length}] exceeds the allowed maximum [${MAX_ATTRIBUTES}].`,
    );
  }
  return Object.fromEntries(entries.map(([name, value]) => [name, storedAttribute(name, value)]));
}

function storedAttribute(name: string, value: MessageAttributeValue): StoredAttribute {
  if (name.length > MAX_NAME_LENGTH) {
    throw invalidParameter(`Message (user) attribute name must be shorter than ${MAX_NAME_LENGTH} bytes.`);
  }
  if (!NAME.test(name) || /^\.|\.$|\.\.|^(aws|amazon)\./i.test(name)) {
    throw invalidParameter(
      `The message attribute name '${name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters.`,
    );
  }
  const { DataType: dataType = '', StringValue: text, BinaryValue: binary } = value;
  if (dataType === '') {
    throw invalidParameter(
      `The message attribute '${name}' must contain a non-empty message attribute type.`,
    );
  }
  const type = DATA_TYPE.exec(dataType)?.[1];
  if (type === undefined) {
    throw invalidParameter(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  if (type === 'Binary' ? !binary?.length : !text) {
    throw invalidParameter(
      `The message attribute '${name}' must contain a non-empty message attribute value for message attribute type '${dataType}'.`,
    );
  }
  if (type === 'Number' && !Number.isFinite(Number(text))) {
    throw invalidParameter(`Can't cast the value of message (user) attribute '${name}' to a number.`);
  }
  return type === 'Binary'
    ? { dataType, binary: Buffer.from(binary!).toString('base64') }
    : { dataType, text: text! };
}

export function wireAttribute({ dataType, text, binary }: StoredAttribute): MessageAttributeValue {
  return binary === undefined
    ? { StringValue: text ?? '', DataType: dataType }
    : { BinaryValue: Buffer.from(binary, 'base64'), DataType: dataType };
}

/** Names, types and values, in bytes: they count like the body. */
export function attributesSize(attributes: StoredAttributes): number {
  let bytes = 0;
  for (const [name, { dataType, text = '', binary = '' }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(dataType) + Buffer.byteLength(text);
    bytes += Buffer.byteLength(binary, 'base64');
  }
  return bytes;
}

const STRING_VALUE = 1;
const BINARY_VALUE = 2;

/** Source: "Calculating the MD5 message digest for message attributes". */
export function attributesDigest(attributes: StoredAttributes): string {
  const md5 = createHash('md5');
  const update = (bytes: Buffer): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    md5.update(length).update(bytes);
  };
  for (const name of Object.keys(attributes).sort()) {
    const { dataType, text, binary } = attributes[name]!;
    update(Buffer.from(name));
    update(Buffer.from(dataType));
    md5.update(Buffer.from([binary === undefined ? STRING_VALUE : BINARY_VALUE]));
    update(binary === undefined ? Buffer.from(text ?? '') : Buffer.from(binary, 'base64'));
  }
  return md5.digest('hex');
}

export function bodyDigest(body: string): string {
  return hash('md5', body);
}
