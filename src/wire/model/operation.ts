import type { RestBindings } from '../protocols/rest-bindings.ts';
import { restBindings } from '../protocols/rest-bindings.ts';
import type { OperationFile, RefFile } from './model-file.ts';
import type { Member, Shape } from './shape.ts';

/** An operation with everything its requests and answers need, made once when the service is opened. */
export interface OperationModel {
  readonly name: string;
  readonly file: OperationFile;
  readonly input: Shape | undefined;
  readonly output: Shape | undefined;
  readonly inputBindings: RestBindings;
  readonly outputBindings: RestBindings;
  /** Names of query parameters in the operation's URI. */
  readonly routeQuery: ReadonlySet<string>;
  readonly streamsInput: boolean;
  /** The member that is an event stream, in the output. */
  readonly eventStream: Member | undefined;
  /** Trait of the reference to the input: the root element of an XML body, and its namespace. */
  readonly outputRef: Exclude<RefFile, string> | undefined;
}

export function operationModel(
  name: string,
  file: OperationFile,
  shapes: ReadonlyMap<string, Shape>,
): OperationModel {
  const input = shapeOf(file.input, shapes);
  const output = shapeOf(file.output, shapes);
  const payload = input?.payload;
  const query = file.uri.split('?')[1] ?? '';
  return {
    name,
    file,
    input,
    output,
    inputBindings: restBindings(input),
    outputBindings: restBindings(output),
    routeQuery: new Set(query.split('&').map((pair) => pair.split('=')[0]!)),
    streamsInput:
      payload?.shape.type === 'blob' &&
      (payload.traits.streaming === true || payload.shape.file.streaming === true),
    eventStream: output?.members.find(({ shape }) => shape.file.eventstream === true),
    outputRef: typeof file.output === 'string' ? undefined : file.output,
  };
}

function shapeOf(ref: RefFile | undefined, shapes: ReadonlyMap<string, Shape>): Shape | undefined {
  return ref === undefined ? undefined : shapes.get(typeof ref === 'string' ? ref : ref.shape);
}
