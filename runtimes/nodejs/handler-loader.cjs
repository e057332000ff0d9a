'use strict';
// Finds the function that a handler string such as `src/index.api.handler` names.
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { pathToFileURL } = require('node:url');
const { RuntimeFailure } = require('./failures.cjs');

/** Callback handlers ended with Node.js 24. Source: AWS, "Node.js 24 runtime now available". */
const FIRST_MAJOR_WITHOUT_CALLBACKS = 24;

async function loadHandler(root, handlerString) {
  if (handlerString.includes('..')) {
    throw new RuntimeFailure(
      'Runtime.MalformedHandlerName',
      `'${handlerString}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const { directory, moduleName, exportPath } = splitHandler(handlerString);
  let loaded;
  try {
    loaded = await loadModule(root, directory, moduleName);
  } catch (error) {
    if (error instanceof RuntimeFailure) throw error;
    if (error instanceof SyntaxError) throw renamed('Runtime.UserCodeSyntaxError', error);
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      throw renamed('Runtime.ImportModuleError', error);
    }
    throw error;
  }
  const handler = exportPath.split('.').reduce((found, name) => found?.[name], loaded);
  if (handler === undefined || handler === null) {
    throw new RuntimeFailure('Runtime.HandlerNotFound', `${handlerString} is undefined or not exported`);
  }
  if (typeof handler !== 'function') {
    throw new RuntimeFailure('Runtime.HandlerNotFound', `${handlerString} is not a function`);
  }
  if (handler.length >= 3 && Number(process.versions.node.split('.')[0]) >= FIRST_MAJOR_WITHOUT_CALLBACKS) {
    throw new RuntimeFailure(
      'Runtime.CallbackHandlerDeprecated',
      'AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.',
    );
  }
  return handler;
}

function splitHandler(handlerString) {
  const directory = handlerString.slice(0, handlerString.lastIndexOf('/') + 1);
  const name = handlerString.slice(directory.length);
  const dot = name.indexOf('.');
  if (dot <= 0 || dot === name.length - 1)
    throw new RuntimeFailure('Runtime.MalformedHandlerName', 'Bad handler');
  return { directory, moduleName: name.slice(0, dot), exportPath: name.slice(dot + 1) };
}

/** Files next to the code first, as `name`, `name.js`, `name.mjs`, `name.cjs`; then as a package. */
async function loadModule(root, directory, moduleName) {
  const base = path.resolve(root, directory, moduleName);
  // Handlers are resolved by a module inside the package, so that the require stack names its files.
  const require = createRequire(path.join(root, 'bootstrap.js'));
  if (isFile(base)) return require(base);
  if (isFile(`${base}.js`))
    return isModulePackage(path.dirname(base), root) ? importFile(`${base}.js`) : require(`${base}.js`);
  if (isFile(`${base}.mjs`)) return importFile(`${base}.mjs`);
  if (isFile(`${base}.cjs`)) return require(`${base}.cjs`);
  return require(require.resolve(`./${path.join(directory, moduleName)}`, { paths: [root] }));
}

/** ES modules do not look at NODE_PATH by themselves; where the AWS SDK and layers are, they must. */
async function importFile(file) {
  registerNodePath();
  return import(pathToFileURL(file).href);
}

function registerNodePath() {
  const directories = (process.env.NODE_PATH ?? '').split(path.delimiter).filter(Boolean);
  const nodeModule = require('node:module');
  if (directories.length === 0 || typeof nodeModule.registerHooks !== 'function') return;
  const bare = /^(?!\.{0,2}\/|[a-z][a-z0-9+.-]+:)/i;
  nodeModule.registerHooks({
    resolve(specifier, context, nextResolve) {
      try {
        return nextResolve(specifier, context);
      } catch (error) {
        if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !bare.test(specifier)) throw error;
        for (const directory of directories) {
          // A package is looked up in the `node_modules` beside its importer; NODE_PATH names that very folder.
          const parent = path.basename(directory) === 'node_modules' ? path.dirname(directory) : directory;
          try {
            return nextResolve(specifier, {
              ...context,
              parentURL: pathToFileURL(path.join(parent, 'index.mjs')).href,
            });
          } catch {
            // The next directory may have it.
          }
        }
        throw error;
      }
    },
  });
}

function isModulePackage(directory, root) {
  for (let at = directory; ; at = path.dirname(at)) {
    const manifest = path.join(at, 'package.json');
    if (isFile(manifest)) {
      try {
        return JSON.parse(fs.readFileSync(manifest, 'utf8')).type === 'module';
      } catch {
        return false;
      }
    }
    if (at === root || at === path.dirname(at)) return false;
  }
}

function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

/** AWS keeps the original's text behind its name: `Error: Cannot find module 'x'`. */
function renamed(name, error) {
  const failure = new RuntimeFailure(name, `${error.name}: ${error.message}`);
  failure.stack = `${name}: ${error.stack ?? failure.message}`;
  return failure;
}

module.exports = { loadHandler };
