import type {
  ModelFile,
  RefFile,
  RefTraits,
  ShapeFile,
  ShapeType,
  TimestampFormat,
  XmlNamespace,
} from './model-file.ts';

/** A member with its shape and how it stands on the wire. */
export interface Member {
  /** The name handlers use. */
  readonly name: string;
  readonly shape: Shape;
  /** The name in JSON and XML. */
  readonly wireName: string;
  readonly traits: Omit<RefTraits, 'shape'>;
  readonly flattened: boolean;
  readonly required: boolean;
  readonly timestampFormat: TimestampFormat | undefined;
  readonly xmlNamespace: XmlNamespace | undefined;
}

/** A shape with its references resolved; shapes may contain themselves. */
export class Shape {
  readonly name: string;
  readonly type: ShapeType;
  readonly file: ShapeFile;
  /** In the model's order. */
  members: readonly Member[] = [];
  byName: ReadonlyMap<string, Member> = new Map();
  byWireName: ReadonlyMap<string, Member> = new Map();
  /** Of a list. */
  member: Member | undefined;
  /** Of a map. */
  key: Member | undefined;
  value: Member | undefined;
  /** The member that is the whole HTTP body. */
  payload: Member | undefined;
  private compiledPattern: RegExp | undefined;

  constructor(name: string, file: ShapeFile) {
    this.name = name;
    this.type = file.type;
    this.file = file;
  }

  /** Matches whole values only. Undefined where AWS's pattern uses what JavaScript has not. */
  get pattern(): RegExp | undefined {
    if (this.compiledPattern === undefined && this.file.pattern !== undefined) {
      this.compiledPattern = compilePattern(this.file.pattern);
    }
    return this.compiledPattern;
  }
}

/** What Java writes otherwise. Without `u`, `\p{Print}` would be the letters of that name in JavaScript. */
const JAVA_FORMS: readonly (readonly [java: string, javaScript: string])[] = [
  ['\\p{IsLetter}', '\\p{L}'],
  ['\\p{Print}', '[\\x20-\\x7E]'],
  ['\\z', '$'],
  ['\\A', '^'],
];

/** AWS's patterns are Java's: character classes such as `\p{L}` need `u`, lone hyphens and escapes must not have it. */
function compilePattern(pattern: string): RegExp {
  let translated = pattern;
  for (const [java, javaScript] of JAVA_FORMS) translated = translated.replaceAll(java, javaScript);
  const source = `^(?:${translated})$`;
  for (const flags of ['u', '']) {
    try {
      return new RegExp(source, flags);
    } catch {
      // The next flags, or no check at all.
    }
  }
  return /^[\s\S]*$/;
}

/** Resolves all shapes of a model. */
export function linkShapes(model: ModelFile): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const [name, file] of Object.entries(model.shapes)) shapes.set(name, new Shape(name, file));
  const link = (name: string, ref: RefFile, required: boolean): Member => {
    const traits: RefTraits = typeof ref === 'string' ? { shape: ref } : ref;
    const shape = shapes.get(traits.shape)!;
    const namespace = traits.xmlNamespace ?? shape.file.xmlNamespace;
    return {
      name,
      shape,
      wireName: traits.locationName ?? name,
      traits,
      flattened: traits.flattened ?? shape.file.flattened ?? false,
      required,
      timestampFormat: traits.timestampFormat ?? shape.file.timestampFormat,
      xmlNamespace: typeof namespace === 'string' ? { uri: namespace } : namespace,
    };
  };
  for (const shape of shapes.values()) {
    const { file } = shape;
    const required = new Set(file.required);
    shape.members = Object.entries(file.members ?? {}).map(([name, ref]) =>
      link(name, ref, required.has(name)),
    );
    shape.byName = new Map(shape.members.map((member) => [member.name, member]));
    shape.byWireName = new Map(shape.members.map((member) => [member.wireName, member]));
    if (file.member !== undefined) shape.member = link('member', file.member, false);
    if (file.key !== undefined) shape.key = link('key', file.key, true);
    if (file.value !== undefined) shape.value = link('value', file.value, false);
    if (file.payload !== undefined) shape.payload = shape.byName.get(file.payload);
  }
  return shapes;
}
