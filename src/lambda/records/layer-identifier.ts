/** The ways to name a layer: its name or its ARN; and a version of it by ARN. */
import { parseArn } from '../../core/arn.ts';
import { invariant } from '../../core/errors.ts';

export interface LayerIdentifier {
  readonly accountId: string;
  readonly region: string;
  readonly layerName: string;
}

export interface LayerVersionIdentifier extends LayerIdentifier {
  readonly version: number;
}

/** `name` is what the model's pattern let through: a name, or an ARN without a version. */
export function parseLayerIdentifier(
  name: string,
  caller: { readonly accountId: string; readonly region: string },
): LayerIdentifier {
  const arn = parseArn(name);
  if (arn === undefined) return { accountId: caller.accountId, region: caller.region, layerName: name };
  const [, layerName] = arn.resource.split(':');
  invariant(layerName !== undefined, `the model's pattern let ${JSON.stringify(name)} through`);
  return { accountId: arn.accountId, region: arn.region, layerName };
}

/** Undefined for what is no ARN of a version: AWS's own layers have ARNs of another form. */
export function parseLayerVersionArn(text: string): LayerVersionIdentifier | undefined {
  const arn = parseArn(text);
  const [kind, layerName, version, ...rest] = arn?.resource.split(':') ?? [];
  if (arn?.service !== 'lambda' || kind !== 'layer' || rest.length > 0) return undefined;
  if (layerName === undefined || version === undefined || !/^\d+$/.test(version)) return undefined;
  return { accountId: arn.accountId, region: arn.region, layerName, version: Number(version) };
}

export function layerArn({ accountId, region, layerName }: LayerIdentifier): string {
  return `arn:aws:lambda:${region}:${accountId}:layer:${layerName}`;
}

export function layerVersionArn(identifier: LayerVersionIdentifier): string {
  return `${layerArn(identifier)}:${identifier.version}`;
}
