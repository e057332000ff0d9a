import type { EnvironmentListener, EnvironmentSpec } from '../../ports/environment.ts';
import type { Log } from '../../ports/log.ts';

/** Says at every start, to the operator and in the function's own log, that another version stands in. */
export function warnOfSubstitute(spec: EnvironmentSpec, listener: EnvironmentListener, log: Log): void {
  const { runtime, version, substituteFor } = spec.installation;
  if (substituteFor === undefined) return;
  const message = `This host has no interpreter for ${runtime}; version ${version} stands in for ${substituteFor}.`;
  log.warn({ runtime, version, function: spec.variables['AWS_LAMBDA_FUNCTION_NAME'] }, message);
  const timestamp = new Date().toISOString();
  const text =
    spec.logFormat === 'json'
      ? JSON.stringify({ timestamp, level: 'WARN', message })
      : `${timestamp}\tWARN\t${message}`;
  listener.output({ text, level: 'WARN' });
}
