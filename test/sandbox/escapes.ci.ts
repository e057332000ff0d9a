/** The escape suite at the levels that isolate. It needs bubblewrap, runc, ip, nft and root. */
import { testEscapes } from './escapes-suite.ts';

testEscapes('namespaces');
testEscapes('oci');
