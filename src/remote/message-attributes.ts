import type { Delivery, TypedAttribute } from '../ports/delivery.ts';

/** SQS and SNS have the same form. */
export interface RemoteAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: Uint8Array;
}

/** Attributes of a delivery as members of a request. */
export function messageAttributes({ attributes = {} }: Delivery): Record<string, RemoteAttribute> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      typeof value === 'object'
        ? typedAttribute(value)
        : { DataType: typeof value === 'number' ? 'Number' : 'String', StringValue: String(value) },
    ]),
  );
}

function typedAttribute({ dataType, text, binary }: TypedAttribute): RemoteAttribute {
  return {
    DataType: dataType,
    ...(text === undefined ? {} : { StringValue: text }),
    ...(binary === undefined ? {} : { BinaryValue: Buffer.from(binary, 'base64') }),
  };
}
