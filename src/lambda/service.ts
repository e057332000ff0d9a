/** Lambda as one service: the control plane's operations and the ways to invoke. */
import type { Service } from '../ports/service.ts';
import type { FunctionControl } from './control/function-control.ts';
import type { Invoker } from './invoke/invoke.ts';
import { invokeBodyLimit } from './invoke/invoke.ts';
import { streamingInvoke } from './invoke/streaming-invoke.ts';

export function lambdaService(control: FunctionControl, invoker: Invoker): Service {
  return {
    name: 'lambda',
    operations: {
      ...control.operations,
      Invoke: invoker.invoke,
      InvokeWithResponseStream: streamingInvoke(invoker),
    },
    endpoints: control.endpoints,
    bodyLimits: { ...control.bodyLimits, Invoke: invokeBodyLimit, InvokeWithResponseStream: invokeBodyLimit },
  };
}
