/** A function that tells what it sees and fails in every way; events say which. */
import type { CreateFunctionCommandInput, InvokeCommandInput, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateFunctionCommand, InvokeCommand } from '@aws-sdk/client-lambda';
import { zipOf } from '../../kit/zip.ts';
import { PASS_GATE } from './gate.ts';

const HANDLER = `
const fs = require('node:fs');
const answers = {
  echo: (event) => event,
  count: () => (globalThis.count = (globalThis.count ?? 0) + 1),
  writeTmp: ({ text }) => fs.writeFileSync(require('node:os').tmpdir() + '/kept', text),
  readTmp: () => {
    const file = require('node:os').tmpdir() + '/kept';
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null;
  },
  variable: ({ name }) => process.env[name] ?? null,
  print: ({ lines }) => lines.forEach((line) => console.log(line)),
  exit: ({ code }) => process.exit(code),
  signal: ({ signal }) => { process.kill(process.pid, signal); return new Promise(() => setInterval(() => {}, 1000)); },
  hang: () => new Promise(() => setInterval(() => {}, 1000)),
  fail: ({ message }) => { throw new RangeError(message); },
  // Says at the gate that it is here, and goes on when that lets it.
  pass: async ({ gate, value }) => { await (${PASS_GATE})(gate); return value ?? null; },
  // Goes on when the server takes no more requests.
  outlast: async ({ gate, value }) => { await (${PASS_GATE})(gate).catch(() => {}); return value; },
  big: ({ bytes }) => 'x'.repeat(bytes - 2),
  look: ({ paths }) => paths.map((path) => { try { return fs.readdirSync(path).sort(); } catch (error) { return error.code; } }),
  write: ({ paths }) => paths.map((path) => { try { fs.writeFileSync(path, 'x'); fs.unlinkSync(path); return 'written'; } catch (error) { return error.code; } }),
  processes: () => fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length,
  context: (event, context) => ({ ...context, remaining: context.getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID }),
};
exports.handler = async (event, context) => answers[event?.action ?? 'echo'](event, context);
`;

export const ROLE = 'arn:aws:iam::000000000000:role/test';

let archive: Promise<Buffer> | undefined;

/** The deployment package. */
export function probePackage(): Promise<Buffer> {
  archive ??= zipOf({ 'index.js': HANDLER });
  return archive;
}

/** Creates the function; it may be Pending still, which Invoke waits for. */
export async function createProbe(
  lambda: LambdaClient,
  name: string,
  change: Partial<CreateFunctionCommandInput> = {},
): Promise<void> {
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: ROLE,
      Timeout: 30,
      MemorySize: 1769,
      Code: { ZipFile: await probePackage() },
      ...change,
    }),
  );
}

export interface ProbeAnswer<Payload> {
  readonly functionError: string | undefined;
  readonly executedVersion: string | undefined;
  readonly requestId: string;
  readonly payload: Payload;
  /** The log tail, where it was asked for. */
  readonly log: string;
}

export async function invokeProbe<Payload = unknown>(
  lambda: LambdaClient,
  name: string,
  event: unknown,
  more: Partial<InvokeCommandInput> = {},
): Promise<ProbeAnswer<Payload>> {
  const output = await lambda.send(
    new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event), ...more }),
  );
  return {
    functionError: output.FunctionError,
    executedVersion: output.ExecutedVersion,
    requestId: output.$metadata.requestId!,
    payload: JSON.parse(Buffer.from(output.Payload!).toString()) as Payload,
    log: Buffer.from(output.LogResult ?? '', 'base64').toString(),
  };
}
