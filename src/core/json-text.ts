/** Members of outputs that are at hand as JSON text, so that what is stored so goes out without being read. */

interface TextMember {
  readonly name: string;
  readonly text: Uint8Array | string;
}

const TEXT_MEMBER = Symbol('a member at hand as JSON text');

/**
 * `output` with one more member. `text` is its JSON in the form of the wire, bytes in UTF-8; a codec of another form,
 * and whoever calls the operation in process, reads the member, whose value is parsed then.
 */
export function withJsonText<Output extends object, const Name extends string, Value>(
  output: Output,
  name: Name,
  text: Uint8Array | string,
  parse: (text: string) => Value,
): Output & Readonly<Record<Name, Value>> {
  let value: { readonly parsed: Value } | undefined;
  const get = (): Value => {
    value ??= { parsed: parse(typeof text === 'string' ? text : Buffer.from(text).toString()) };
    return value.parsed;
  };
  const member: TextMember = { name, text };
  // Copies of the output have the value alone: they may be changed.
  Object.defineProperty(output, TEXT_MEMBER, { value: member, enumerable: false });
  return Object.defineProperty(output, name, { get, enumerable: true, configurable: true }) as Output &
    Record<Name, Value>;
}

/** The member that was given as text, if one was. */
export function jsonTextOf(output: object): TextMember | undefined {
  return (output as { readonly [TEXT_MEMBER]?: TextMember })[TEXT_MEMBER];
}
