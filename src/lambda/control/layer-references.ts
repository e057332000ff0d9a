/** The layers that a function is configured with: found, allowed, and not too large together. */
import { parseArn } from '../../core/arn.ts';
import type { FunctionLayer } from '../records/function-layer.ts';
import type { CodeReference } from '../records/function-record.ts';
import type { LayerVersionIdentifier } from '../records/layer-identifier.ts';
import { layerArn, parseLayerVersionArn } from '../records/layer-identifier.ts';
import type { ControlContext } from './control-context.ts';
import { MAX_LAYERS, MAX_UNZIPPED_BYTES } from './control-limits.ts';
import { invalidParameter } from './lambda-errors.ts';
import { readableLayerVersion } from './layer-access.ts';

interface Owner {
  readonly accountId: string;
  readonly region: string;
}

/**
 * Finds the versions that a request names and keeps their packages until `use` has stored the record
 * that refers to them; undefined where the request names none. Throws AWS's errors.
 */
export async function withLayers<T>(
  context: ControlContext,
  arns: readonly string[] | undefined,
  owner: Owner,
  use: (layers: readonly FunctionLayer[] | undefined) => Promise<T>,
): Promise<T> {
  if (arns === undefined) return use(undefined);
  const layers = findLayers(context, arns, owner);
  for (const { blob } of layers) context.packages.retain(blob);
  try {
    return await use(layers);
  } finally {
    for (const { blob } of layers) context.packages.release(blob);
  }
}

/** AWS's quota is for code and layers together. */
export function checkCombinedSize(code: CodeReference, layers: readonly FunctionLayer[]): void {
  if (layers.length === 0) return;
  const ofLayers = layers.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0);
  // Seen with layers that are too large without any code.
  if (ofLayers > MAX_UNZIPPED_BYTES)
    throw invalidParameter(`Layers consume more than the available size of ${MAX_UNZIPPED_BYTES} bytes`);
  // Code that was stored before its size was: it has at least the bytes of its zip.
  const together = ofLayers + (code.unpackedBytes ?? code.sizeBytes);
  if (together > MAX_UNZIPPED_BYTES) {
    throw invalidParameter(
      `Function code combined with layers exceeds the maximum allowed size of ${MAX_UNZIPPED_BYTES} bytes. ` +
        `The actual size is ${together} bytes.`,
    );
  }
}

function findLayers(context: ControlContext, arns: readonly string[], owner: Owner): FunctionLayer[] {
  if (arns.length > MAX_LAYERS) throw invalidParameter(`Cannot reference more than ${MAX_LAYERS} layers.`);
  const identifiers = arns.map((arn) => identify(arn, owner.region));
  checkDifferent(arns, identifiers);
  return arns.map((arn, index) => {
    const record = readableLayerVersion(context, identifiers[index]!, owner.accountId);
    if (record === undefined) throw doesNotExist(arn);
    const { blob, sizeBytes, unpackedBytes } = record.code;
    return { arn, blob, sizeBytes, unpackedBytes };
  });
}

function identify(arn: string, region: string): LayerVersionIdentifier {
  const named = parseArn(arn)?.region ?? '';
  if (named !== '' && named !== region) {
    throw invalidParameter(
      `Layers are not in the same region as the function. Layers are expected to be in region ${region}.`,
    );
  }
  const identifier = parseLayerVersionArn(arn);
  // AWS's own layers, `arn:aws:lambda:::awslayer:…`, are not here.
  if (identifier === undefined) throw doesNotExist(arn);
  return identifier;
}

/** Recorded with these words also where both are the same version. */
function checkDifferent(arns: readonly string[], identifiers: readonly LayerVersionIdentifier[]): void {
  const seen = new Map<string, string>();
  for (const [index, identifier] of identifiers.entries()) {
    const earlier = seen.get(layerArn(identifier));
    if (earlier !== undefined) {
      throw invalidParameter(
        'Two different versions of the same layer are not allowed to be referenced in the same function. ' +
          `${earlier} and ${arns[index]!} are versions of the same layer.`,
      );
    }
    seen.set(layerArn(identifier), arns[index]!);
  }
}

function doesNotExist(arn: string): Error {
  return invalidParameter(`Layer version ${arn} does not exist.`);
}
