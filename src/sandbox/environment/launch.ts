/** What to run for a runtime family, with paths as the process will see them. */
import { dirname, join } from 'node:path';
import type { EnvironmentSpec } from '../../ports/environment.ts';
import { credentialVariables } from '../runtime-api/credentials-route.ts';
import { COMPILED_VARIABLE } from './compiled-code.ts';
import { wrapped } from './exec-wrapper.ts';
import { javaArguments } from './java-arguments.ts';
import type { Launch, Layout } from './layout.ts';
import { nodeArguments } from './node-arguments.ts';
import { rubyVariables } from './ruby-variables.ts';

export type { Launch, Layout } from './layout.ts';

export function launchOf(spec: EnvironmentSpec, layout: Layout, bootstrap: 'task' | 'opt'): Launch {
  return wrapped(spec, layout, runtimeLaunch(spec, layout, bootstrap));
}

function runtimeLaunch(spec: EnvironmentSpec, layout: Layout, bootstrap: 'task' | 'opt'): Launch {
  // Frames carry no ids: several events at once come over the HTTP runtime API.
  const isFramed = spec.maxConcurrency === undefined;
  switch (spec.installation.family) {
    case 'nodejs':
      return {
        command: layout.interpreter!,
        args: [
          ...nodeArguments(spec.installation.version, spec.memoryMb, spec.variables['NODE_OPTIONS']),
          join(layout.runtimeDirectory, isFramed ? 'bootstrap.cjs' : 'concurrent.cjs'),
        ],
        framed: isFramed,
      };
    case 'python':
      return {
        command: layout.interpreter!,
        args: [join(layout.runtimeDirectory, 'bootstrap.py')],
        framed: isFramed,
      };
    case 'ruby':
      return {
        command: layout.interpreter!,
        args: [join(layout.runtimeDirectory, 'bootstrap.rb')],
        framed: true,
      };
    case 'java':
      return {
        command: layout.interpreter!,
        args: javaArguments({
          runtime: spec.installation.runtime,
          memoryMb: spec.memoryMb,
          runtimeDirectory: layout.runtimeDirectory,
          handler: spec.handler,
        }),
        framed: false,
      };
    case 'provided':
      return {
        command: join(bootstrap === 'task' ? layout.taskRoot : layout.optDirectory, 'bootstrap'),
        args: [],
        framed: false,
      };
  }
}

/** Variables that depend on where things are; the function's own may not override them but PATH and the like. */
export function locationVariables(
  spec: EnvironmentSpec,
  layout: Layout,
  runtimeApi: string,
  framed: boolean,
): Record<string, string> {
  const { family, runtime } = spec.installation;
  // AWS has these on every image of Amazon Linux 2023, whether something is there or not.
  const hasLang = layout.interpreter !== undefined || runtime === 'provided.al2023';
  // The system's own interpreter is on the path anyway.
  const { interpreter } = layout;
  const interpreterDirectory =
    interpreter === undefined || interpreter.startsWith('/usr/bin/') ? '/var/lang/bin' : dirname(interpreter);
  const lang = hasLang ? '/var/lang/lib:' : '';
  const opt = layout.optDirectory;
  const variables: Record<string, string> = {
    PATH: `${hasLang ? `${interpreterDirectory}:` : ''}/usr/local/bin:/usr/bin/:/bin:${opt}/bin`,
    LD_LIBRARY_PATH: `${lang}/lib64:/usr/lib64:${layout.runtimeDirectory}:${layout.runtimeDirectory}/lib:${layout.taskRoot}:${layout.taskRoot}/lib:${opt}/lib`,
    // Left behind by the shell script that starts AWS's managed runtimes.
    ...(family === 'provided' ? {} : { PWD: layout.taskRoot, SHLVL: '0' }),
    AWS_ENDPOINT_URL: spec.endpoint,
    ...spec.variables,
    LAMBDA_TASK_ROOT: layout.taskRoot,
    LAMBDA_RUNTIME_DIR: layout.runtimeDirectory,
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    ...credentialVariables(spec.credentials, runtimeApi),
  };
  if (layout.temporaryDirectory !== undefined) variables['TMPDIR'] ??= layout.temporaryDirectory;
  if (family === 'nodejs') {
    const major = /^nodejs(\d+)/.exec(runtime)?.[1] ?? '';
    variables['NODE_PATH'] ??= [
      `${opt}/nodejs/node${major}/node_modules`,
      `${opt}/nodejs/node_modules`,
      ...layout.packageDirectories,
      layout.runtimeDirectory,
      layout.taskRoot,
    ].join(':');
  }
  if (family === 'python') {
    variables['PYTHONPATH'] ??= [...layout.packageDirectories, layout.runtimeDirectory].join(':');
    if (opt !== '/opt') variables['SELFSAME_LAYERS_ROOT'] = opt;
  }
  if (family === 'ruby') {
    for (const [name, value] of Object.entries(rubyVariables(spec.installation, layout)))
      variables[name] ??= value;
  }
  // A function's own would be taken for the server's.
  delete variables['SELFSAME_POOLED'];
  delete variables[COMPILED_VARIABLE];
  delete variables['SELFSAME_SNAPSHOT_FD'];
  if (framed) variables['SELFSAME_CHANNEL_FD'] = '3';
  return variables;
}
