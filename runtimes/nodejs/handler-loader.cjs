'use strict';
// Finds the function that a handler string such as `src/index.api.handler` names, and makes the `context` that it is
// called with. (One file, as each costs every cold start half a millisecond.)
const fs = require('node:fs');
const path = require('node:path');
const nodeModule = require('node:module');
const { pathToFileURL } = require('node:url');

/** How `awslambda.streamifyResponse` marks a handler; wrappers of handlers know these names. */
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');
const STREAM_RESPONSE = 'response';

/** Resolves with `{handler, isStreaming}`; rejects with what AWS's runtime reports as the init error. */
async function loadHandler(env, isCallbackEra) {
  const handlerString = env._HANDLER ?? '';
  if (handlerString.includes('..')) {
    throw runtimeFailure(
      'Runtime.MalformedHandlerName',
      `'${handlerString}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const { directory, moduleName, exportPath } = splitHandler(handlerString);
  if (!['1', 'true'].includes(env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) defineGlobal();
  letModulesUseNodePath(env.NODE_PATH);
  let loaded;
  try {
    loaded = await loadModule(env, directory, moduleName);
  } catch (error) {
    throw loadFailure(error, isCallbackEra);
  }
  const handler = exported(loaded, exportPath, isCallbackEra);
  if (!handler)
    throw runtimeFailure('Runtime.HandlerNotFound', `${handlerString} is undefined or not exported`);
  if (typeof handler !== 'function')
    throw runtimeFailure('Runtime.HandlerNotFound', `${handlerString} is not a function`);
  const isStreaming = isMarkedStreaming(handler);
  if (!isCallbackEra && !isStreaming && handler.length >= 3) throw callbackRefusal();
  return { handler, isStreaming };
}

function splitHandler(handlerString) {
  const name = path.basename(handlerString);
  const parts = /^([^.]*)\.(.*)$/.exec(name);
  if (parts === null) throw runtimeFailure('Runtime.MalformedHandlerName', 'Bad handler');
  return {
    directory: handlerString.slice(0, handlerString.indexOf(name)),
    moduleName: parts[1],
    exportPath: parts[2],
  };
}

/** The file is loaded by those who fail only. */
function runtimeFailure(name, message) {
  const { RuntimeFailure } = require('./failures.cjs');
  return new RuntimeFailure(name, message);
}

/** A name in the module, or since nodejs24.x in its default export. */
function exported(loaded, exportPath, isCallbackEra) {
  const inside = (object) => exportPath.split('.').reduce((found, name) => found?.[name], object);
  return inside(loaded) || (isCallbackEra ? undefined : inside(loaded?.default));
}

function isMarkedStreaming(handler) {
  const mark = handler[STREAMING];
  if (!mark) return false;
  if (mark === STREAM_RESPONSE) return true;
  throw runtimeFailure('Runtime.MalformedStreamingHandler', 'Only response streaming is supported.');
}

/** Decided by the number of parameters alone, an async handler's too. Source: aws-lambda-ric 4.0.2. */
function callbackRefusal() {
  return runtimeFailure(
    'Runtime.CallbackHandlerDeprecated',
    'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.',
  );
}

/** Files next to the code first, as `name`, `name.js`, `name.mjs`, `name.cjs`; then as a package. */
async function loadModule(env, directory, moduleName) {
  const root = env.LAMBDA_TASK_ROOT;
  const base = path.resolve(root, directory, moduleName);
  // The require stack of an error names AWS's own entry file.
  const require = nodeModule.createRequire(path.join(env.LAMBDA_RUNTIME_DIR, 'index.mjs'));
  if (isFile(base)) return require(base);
  if (isFile(`${base}.js`))
    return isModulePackage(path.dirname(base), root) ? importFile(`${base}.js`) : require(`${base}.js`);
  if (isFile(`${base}.mjs`)) return importFile(`${base}.mjs`);
  if (isFile(`${base}.cjs`)) return require(`${base}.cjs`);
  return require(require.resolve(moduleName, { paths: [root, path.join(root, directory)] }));
}

function importFile(file) {
  return import(pathToFileURL(file).href);
}

/** An ES module's missing import keeps Node.js's own error, as on AWS: its code has another name. */
function loadFailure(error, isCallbackEra) {
  if (error instanceof SyntaxError) {
    const failure = runtimeFailure('Runtime.UserCodeSyntaxError', error);
    if (!isCallbackEra) failure.stack = error.stack;
    return failure;
  }
  if (error?.code === 'MODULE_NOT_FOUND') return runtimeFailure('Runtime.ImportModuleError', error);
  return error;
}

/** `globalThis.awslambda`, by which handlers become streaming ones. */
function defineGlobal() {
  globalThis.awslambda = {
    ...globalThis.awslambda,
    streamifyResponse: (handler, options) => {
      handler[STREAMING] = STREAM_RESPONSE;
      if (typeof options?.highWaterMark === 'number')
        handler[HIGH_WATER_MARK] = Math.trunc(options.highWaterMark);
      return handler;
    },
    get HttpResponseStream() {
      return require('./http-response-stream.cjs').HttpResponseStream;
    },
  };
}

/**
 * Lets `import` find what `require` finds by NODE_PATH (layers and the AWS SDK), as on AWS. Node.js asks this
 * hook in the same thread, for 0.05 ms a start; before 22.15 it has no such hook, and imports stay as they were.
 */
function letModulesUseNodePath(nodePath) {
  // A package is looked up in the `node_modules` beside its importer; other folders `import` cannot search.
  const parents = (nodePath ?? '')
    .split(path.delimiter)
    .filter((directory) => path.basename(directory) === 'node_modules')
    .map((directory) => pathToFileURL(path.join(path.dirname(directory), 'index.mjs')).href);
  if (parents.length === 0 || typeof nodeModule.registerHooks !== 'function') return;
  nodeModule.registerHooks({
    resolve(specifier, context, nextResolve) {
      try {
        return nextResolve(specifier, context);
      } catch (error) {
        if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !isBare(specifier)) throw error;
        for (const parentURL of parents) {
          try {
            return nextResolve(specifier, { ...context, parentURL });
          } catch {
            // The next directory may have it.
          }
        }
        throw error;
      }
    },
  });
}

/** A package's name, not a path and not a URL. */
function isBare(specifier) {
  return !/^(\.{0,2}\/|[a-z][a-z0-9+.-]*:)/i.test(specifier);
}

function isModulePackage(directory, root) {
  for (let at = directory; ; at = path.dirname(at)) {
    const manifest = path.join(at, 'package.json');
    if (isFile(manifest)) {
      try {
        return JSON.parse(fs.readFileSync(manifest, 'utf8')).type === 'module';
      } catch (error) {
        console.warn(
          `${manifest} cannot be read, it will be ignored for ES module detection purposes.`,
          error,
        );
        return false;
      }
    }
    if (at === root || at === path.dirname(at)) return false;
  }
}

function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

/** The part of the `context` object that both generations have. */
function invokeContext(header) {
  const env = process.env;
  return {
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed(header.clientContext, 'ClientContext'),
    identity: parsed(header.cognitoIdentity, 'CognitoIdentity'),
    invokedFunctionArn: header.invokedFunctionArn,
    awsRequestId: header.requestId,
    tenantId: header.tenantId,
    getRemainingTimeInMillis: () => header.deadlineMs - Date.now(),
  };
}

function parsed(text, name) {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Cannot parse ${name} as json: ${error}`);
  }
}

module.exports = { HIGH_WATER_MARK, invokeContext, loadHandler };
