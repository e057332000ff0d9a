/** A small, strict reader of the XML that AWS clients send: elements, attributes, text, CDATA. No DTDs, no entities but the five. */
import { serializationError } from './serialization-error.ts';

export interface XmlElement {
  /** Local name, without prefix. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

/** Elements inside one another; deeper input is refused instead of exhausting the stack. */
const MAX_DEPTH = 200;

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export function parseXml(source: string): XmlElement {
  const reader = new Reader(source);
  const root = reader.document();
  return root;
}

/** What stands for itself nowhere in XML: markup, line ends that parsers fold, and controls. */
const UNSAFE = /[&<>"'\p{Cc}\u2028]/u;
const EVERY_UNSAFE = new RegExp(UNSAFE.source, 'gu');

export function escapeXml(text: string): string {
  if (!UNSAFE.test(text)) return text;
  return text.replace(EVERY_UNSAFE, (character) => {
    switch (character) {
      case '&':
        return '&amp;';
      case '<':
        return '&lt;';
      case '>':
        return '&gt;';
      case '"':
        return '&quot;';
      case "'":
        return '&apos;';
      default:
        return `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`;
    }
  });
}

class Reader {
  private readonly source: string;
  private at = 0;

  constructor(source: string) {
    this.source = source.charCodeAt(0) === 0xfeff ? source.slice(1) : source;
  }

  document(): XmlElement {
    this.skipMisc();
    if (this.source[this.at] !== '<') throw malformed('the document has no root element');
    const root = this.element(0);
    this.skipMisc();
    if (this.at < this.source.length) throw malformed('there is content after the root element');
    return root;
  }

  private element(depth: number): XmlElement {
    if (depth > MAX_DEPTH) throw malformed(`elements are nested more than ${MAX_DEPTH} deep`);
    this.at += 1;
    const name = this.name();
    const attributes: Record<string, string> = {};
    for (;;) {
      this.skipSpace();
      const character = this.source[this.at];
      if (character === '>') {
        this.at += 1;
        break;
      }
      if (character === '/' && this.source[this.at + 1] === '>') {
        this.at += 2;
        return { name: local(name), attributes, children: [], text: '' };
      }
      if (character === undefined) throw malformed(`the tag <${name}> is not closed`);
      this.attribute(attributes);
    }
    const children: XmlElement[] = [];
    let text = '';
    for (;;) {
      const next = this.source.indexOf('<', this.at);
      if (next < 0) throw malformed(`the element <${name}> is not closed`);
      text += unescapeXml(this.source.slice(this.at, next));
      this.at = next;
      if (this.source.startsWith('</', next)) {
        this.at += 2;
        const closing = this.name();
        if (closing !== name) throw malformed(`<${name}> is closed by </${closing}>`);
        this.skipSpace();
        if (this.source[this.at] !== '>') throw malformed(`the tag </${closing}> is not closed`);
        this.at += 1;
        return { name: local(name), attributes, children, text };
      }
      if (this.source.startsWith('<![CDATA[', next)) text += this.cdata();
      else if (this.source.startsWith('<!--', next)) this.skipTo('-->');
      else if (this.source.startsWith('<?', next)) this.skipTo('?>');
      else if (this.source.startsWith('<!', next)) throw malformed('declarations are not accepted');
      else children.push(this.element(depth + 1));
    }
  }

  private cdata(): string {
    const end = this.source.indexOf(']]>', this.at);
    if (end < 0) throw malformed('a CDATA section is not closed');
    const text = this.source.slice(this.at + '<![CDATA['.length, end);
    this.at = end + 3;
    return text;
  }

  private attribute(attributes: Record<string, string>): void {
    const name = this.name();
    this.skipSpace();
    if (this.source[this.at] !== '=') throw malformed(`the attribute ${name} has no value`);
    this.at += 1;
    this.skipSpace();
    const quote = this.source[this.at];
    if (quote !== '"' && quote !== "'") throw malformed(`the value of ${name} is not quoted`);
    const end = this.source.indexOf(quote, this.at + 1);
    if (end < 0) throw malformed(`the value of ${name} is not closed`);
    attributes[name] = unescapeXml(this.source.slice(this.at + 1, end));
    this.at = end + 1;
  }

  private name(): string {
    const start = this.at;
    while (this.at < this.source.length && !/[\s/>=<"']/.test(this.source[this.at]!)) this.at += 1;
    if (this.at === start) throw malformed('a name is missing');
    return this.source.slice(start, this.at);
  }

  private skipSpace(): void {
    while (/\s/.test(this.source[this.at] ?? '')) this.at += 1;
  }

  private skipMisc(): void {
    for (;;) {
      this.skipSpace();
      if (this.source.startsWith('<?', this.at)) this.skipTo('?>');
      else if (this.source.startsWith('<!--', this.at)) this.skipTo('-->');
      else if (this.source.startsWith('<!', this.at)) throw malformed('declarations are not accepted');
      else return;
    }
  }

  private skipTo(mark: string): void {
    const end = this.source.indexOf(mark, this.at);
    if (end < 0) throw malformed(`${mark} is missing`);
    this.at = end + mark.length;
  }
}

function local(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(colon + 1);
}

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(#x[0-9a-fA-F]+|#\d+|\w+);/g, (whole, entity: string) => {
    if (entity.startsWith('#x')) return String.fromCodePoint(Number.parseInt(entity.slice(2), 16));
    if (entity.startsWith('#')) return String.fromCodePoint(Number(entity.slice(1)));
    const known = ENTITIES[entity];
    if (known === undefined) throw malformed(`the entity ${whole} is unknown`);
    return known;
  });
}

function malformed(detail: string): Error {
  return serializationError(`The XML you provided was not well-formed: ${detail}`);
}
