/** Lambda as one service: the control plane's operations and the ways to invoke. */
import type { Service } from '../ports/service.ts';
import type { LambdaOperations } from './control/control-context.ts';
import type { FunctionControl } from './control/function-control.ts';
import type { AsynchronousInvocation } from './events/asynchronous-invocation.ts';
import type { Invoker } from './invoke/invoke.ts';
import { invokeBodyLimit } from './invoke/invoke-checks.ts';
import { streamingInvoke } from './invoke/streaming-invoke.ts';
import type { FunctionUrls } from './urls/function-urls.ts';

export function lambdaService(
  control: FunctionControl,
  invoker: Invoker,
  events: AsynchronousInvocation,
  durable: LambdaOperations,
  urls: FunctionUrls,
): Service {
  return {
    name: 'lambda',
    operations: {
      ...control.operations,
      ...durable,
      Invoke: events.invoke,
      InvokeAsync: events.invokeAsync,
      InvokeWithResponseStream: streamingInvoke(invoker),
    },
    receive: (target, delivery) => events.receive(target, delivery),
    resourcePolicy: async (arn) => control.resourcePolicy(arn),
    endpoints: [...control.endpoints, urls.endpoint],
    bodyLimits: {
      ...control.bodyLimits,
      Invoke: invokeBodyLimit,
      InvokeAsync: invokeBodyLimit,
      InvokeWithResponseStream: invokeBodyLimit,
    },
  };
}
