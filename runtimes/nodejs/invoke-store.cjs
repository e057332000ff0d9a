'use strict';
// What belongs to the event that the running code is for, where one thread has several. AWS's SDK and libraries look for
// it at `awslambda.InvokeStore`, by the names of `@aws/lambda-invoke-store`.
const { AsyncLocalStorage } = require('node:async_hooks');

const REQUEST_ID = Symbol.for('_AWS_LAMBDA_REQUEST_ID');
const X_RAY_TRACE_ID = Symbol.for('_AWS_LAMBDA_X_RAY_TRACE_ID');
const TENANT_ID = Symbol.for('_AWS_LAMBDA_TENANT_ID');
const PROTECTED = new Set([REQUEST_ID, X_RAY_TRACE_ID, TENANT_ID]);

const storage = new AsyncLocalStorage();

const invokeStore = {
  run: (context, work) => storage.run(context, work),
  getContext: () => storage.getStore(),
  hasContext: () => storage.getStore() !== undefined,
  get: (key) => storage.getStore()?.[key],
  set(key, value) {
    if (PROTECTED.has(key)) throw new Error(`Cannot modify protected Lambda context field: ${String(key)}`);
    const context = storage.getStore();
    if (context === undefined) throw new Error('No context available');
    context[key] = value;
  },
  getRequestId: () => invokeStore.get(REQUEST_ID) ?? '-',
  getXRayTraceId: () => invokeStore.get(X_RAY_TRACE_ID),
  getTenantId: () => invokeStore.get(TENANT_ID),
};

/** What `run` takes for an event. */
function contextOf({ requestId, traceId, tenantId }) {
  return { [REQUEST_ID]: requestId, [X_RAY_TRACE_ID]: traceId, [TENANT_ID]: tenantId };
}

module.exports = { contextOf, invokeStore };
