/** A foreign registry that wants to know who asks: Debian's, with a file of passwords. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import { pushImage } from '../kit/container-image.ts';
import { startedPlatform } from '../kit/started-platform.ts';
import { scratchDirectory } from '../storage/scratch.ts';
import { debianRegistry, functionsOf, goImage } from './image-functions.ts';

const AUTH = Buffer.from('puller:the-password').toString('base64');
/** Of that user: bcrypt, the only form that this registry reads. */
const PASSWORDS = 'puller:$2b$05$abcdefghijklmnopqrstuu.znb4r.2SiHQeF.pCKpDSFBaTOrRZqq\n';

test('a private registry gives its images to the server that has been told the password', async (context) => {
  const directory = await scratchDirectory(context);
  const passwords = join(directory, 'htpasswd');
  await writeFile(passwords, PASSWORDS);
  const registry = await debianRegistry(context, { auth: { htpasswd: { realm: 'basic', path: passwords } } });
  const headers = { authorization: `Basic ${AUTH}` };
  await pushImage(`http://${registry}`, 'team/app', 'v1', await goImage(), headers);
  const registryAuth = join(directory, 'config.json');
  await writeFile(registryAuth, '{"auths":{}}');
  const platform = await startedPlatform(context, { isolation: 'namespaces', registryAuth });
  const { lambda, create, invoke } = functionsOf(context, platform);
  const uri = `${registry}/team/app:v1`;
  await assert.rejects(create('f', uri), {
    name: 'AccessDeniedException',
    message: 'Lambda does not have permission to access the ECR image. Check the ECR permissions.',
  });
  await writeFile(registryAuth, JSON.stringify({ auths: { [registry]: { auth: AUTH } } }));
  await create('f', uri);
  assert.deepEqual((await invoke('f', { action: 'echo' })).payload, { action: 'echo' });
  const described = JSON.stringify(await lambda.send(new GetFunctionCommand({ FunctionName: 'f' })));
  assert.ok(!described.includes('the-password') && !described.includes(AUTH));
});
