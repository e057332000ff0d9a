/** The input of an operation as the form of awsQuery: fields whose names are paths; `protocols/query-codec` reads them. */
import type { Member, Shape } from '../model/shape.ts';
import { scalarToText } from '../protocols/xml-codec.ts';

export function queryForm(shape: Shape | undefined, input: object): [name: string, value: string][] {
  const fields: [string, string][] = [];
  if (shape !== undefined) addStructure(fields, '', shape, input);
  return fields;
}

function addStructure(fields: [string, string][], prefix: string, shape: Shape, value: object): void {
  for (const member of shape.members) {
    const held = (value as Record<string, unknown>)[member.name];
    if (held !== undefined && held !== null) addMember(fields, prefix + fieldName(member), member, held);
  }
}

/** The items' own name takes the place of a flattened list's. */
function fieldName({ flattened, shape, wireName }: Member): string {
  return (flattened && shape.type === 'list' ? shape.member!.traits.locationName : undefined) ?? wireName;
}

function addMember(fields: [string, string][], name: string, member: Member, value: unknown): void {
  const { shape, flattened } = member;
  switch (shape.type) {
    case 'structure':
      addStructure(fields, `${name}.`, shape, value as object);
      return;
    case 'list': {
      const inner = shape.member!;
      const items = flattened ? name : `${name}.${inner.traits.locationName ?? 'member'}`;
      const held = value as readonly unknown[];
      // An empty list is said by the name alone.
      if (held.length === 0) fields.push([name, '']);
      for (const [index, item] of held.entries()) addMember(fields, `${items}.${index + 1}`, inner, item);
      return;
    }
    case 'map': {
      const entries = flattened ? name : `${name}.entry`;
      const [keyName, valueName] = [
        shape.key!.traits.locationName ?? 'key',
        shape.value!.traits.locationName ?? 'value',
      ];
      for (const [index, [key, item]] of Object.entries(value as object).entries()) {
        fields.push([`${entries}.${index + 1}.${keyName}`, key]);
        addMember(fields, `${entries}.${index + 1}.${valueName}`, shape.value!, item);
      }
      return;
    }
    default:
      fields.push([name, scalarToText(shape, value, member)]);
  }
}
