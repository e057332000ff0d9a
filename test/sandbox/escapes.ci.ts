/** The escape suite at the levels that isolate. It needs bubblewrap, runc, runsc, ip, nft and root. */
import { testEscapes } from './escapes-suite.ts';

testEscapes({ level: 'namespaces' });
testEscapes({ level: 'oci', ociRuntime: 'runc' });
testEscapes({
  level: 'oci',
  ociRuntime: 'runsc',
  // As seen of the version of 2022.
  ownKernel: {
    sys: ['block', 'bus', 'class', 'dev', 'devices', 'firmware', 'fs', 'kernel', 'module', 'power'],
    harmless: ['make a device'],
  },
});
