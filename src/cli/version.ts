import { buildCommand } from '@stricli/core';
import { version } from '../platform/version.ts';
import type { CliContext } from './cli-context.ts';
import { jsonFlag } from './settings/setting-flags.ts';
import { printJson } from './terminal/json-output.ts';

export const versionCommand = buildCommand({
  docs: { brief: 'Print the version of selfsame and of the Node.js it runs on' },
  parameters: { flags: { json: jsonFlag } },
  func(this: CliContext, { json }: { readonly json: boolean }) {
    const facts = { version: version(), node: process.versions.node };
    if (json) printJson(this, facts);
    else this.process.stdout.write(`selfsame ${facts.version} (Node.js ${facts.node})\n`);
  },
});
