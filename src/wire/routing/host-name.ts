/** What a request's Host header says: who is addressed, and whether this server may answer to it. */
import { GATEWAY_ADDRESS } from '../../core/gateway-address.ts';

/** Names below which AWS's own host names live, and their local forms; the longest first. */
const SERVICE_SUFFIXES = ['.amazonaws.com.cn', '.localhost.localstack.cloud', '.amazonaws.com', '.localhost'];

/**
 * Names whose owners could not point them at this machine for an attack: AWS's, and the name that
 * tools made for the common local AWS port use, which its owner resolves to 127.0.0.1.
 */
const TRUSTED_SUFFIXES = [...SERVICE_SUFFIXES, '.api.aws', '.on.aws', '.cloudfront.net'];
const LOOPBACK_NAMES = new Set(['localhost', 'localhost.localstack.cloud', '::1', '0:0:0:0:0:0:0:1']);

/** The host without its port, in lower case and without brackets. */
export function hostName(header: string): string {
  let end = header.length;
  if (header.charCodeAt(0) === 0x5b /* [ */) {
    const close = header.indexOf(']');
    return close < 0 ? header.toLowerCase() : header.slice(1, close).toLowerCase();
  }
  const colon = header.lastIndexOf(':');
  if (colon >= 0 && header.indexOf(':') === colon) end = colon;
  const name = header.slice(0, end).toLowerCase();
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/** True for names and addresses that reach only this machine, however they are looked up. */
export function isLoopback(name: string): boolean {
  return LOOPBACK_NAMES.has(name) || isLoopbackAddress(name);
}

/** An address of 127.0.0.0/8, written as four numbers, or as the IPv6 form of one. */
function isLoopbackAddress(name: string): boolean {
  const text = name.startsWith('::ffff:') ? name.slice(7) : name;
  if (!text.startsWith('127.')) return false;
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => part !== '' && Number(part) >= 0 && Number(part) <= 255);
}

/**
 * Whether a server bound to loopback may answer to this name. A web page can make a browser resolve
 * the page's own host name to 127.0.0.1 and so talk to local servers (DNS rebinding); such requests
 * carry the page's host name.
 */
export function isTrustedHost(name: string): boolean {
  // Functions name the server by the gateway's address, which nobody can point elsewhere.
  return (
    isLoopback(name) || name === GATEWAY_ADDRESS || TRUSTED_SUFFIXES.some((suffix) => name.endsWith(suffix))
  );
}

/** The labels before AWS's (or the local) domain: `['bucket', 's3', 'us-east-1']`; undefined for other names. */
export function serviceLabels(name: string): string[] | undefined {
  for (const suffix of SERVICE_SUFFIXES) {
    if (name.endsWith(suffix)) return name.slice(0, -suffix.length).split('.');
  }
  return undefined;
}
