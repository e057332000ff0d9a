import type { BrokerAddresses } from '../../core/broker-address.ts';
import { BROKER_ADDRESS_FORMS, parseBrokerAddress } from '../../core/broker-address.ts';
import type { UrlDomains } from '../../platform/url-domains.ts';
import { URL_DOMAIN_FORM, urlTarget } from '../../platform/url-domains.ts';

/** How the value of a setting is written: as text (flags and variables) and in the configuration file. */
export interface SettingValue<T> {
  /** For people: what is accepted. */
  readonly expected: string;
  /** Undefined when the text is not accepted. */
  fromText(text: string): T | undefined;
  fromJson(value: unknown): T | undefined;
}

export const TEXT: SettingValue<string> = {
  expected: 'a text that is not empty',
  fromText: (text) => (text === '' ? undefined : text),
  fromJson: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
};

export function wholeNumber(max: number): SettingValue<number> {
  const fromJson = (value: unknown): number | undefined =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max ? value : undefined;
  return {
    expected: `a whole number from 0 to ${max}`,
    fromText: (text) => (/^\d{1,9}$/.test(text) ? fromJson(Number(text)) : undefined),
    fromJson,
  };
}

export const SWITCH: SettingValue<boolean> = {
  expected: 'true or false',
  fromText: (text) => ({ true: true, '1': true, on: true, false: false, '0': false, off: false })[text],
  fromJson: (value) => (typeof value === 'boolean' ? value : undefined),
};

export const HTTP_URL: SettingValue<string> = {
  expected: 'a URL such as http://127.0.0.1:4566',
  fromText(text) {
    const url = URL.parse(text);
    return url?.protocol === 'http:' || url?.protocol === 'https:' ? text.replace(/\/+$/, '') : undefined;
  },
  fromJson: (value) => (typeof value === 'string' ? HTTP_URL.fromText(value) : undefined),
};

/** `orders=amqp://127.0.0.1:5672`, several with semicolons between: lists of addresses have commas. */
export const BROKERS: SettingValue<BrokerAddresses> = {
  expected: `names or ARNs of brokers with addresses, such as orders=amqp://127.0.0.1:5672; an address is ${BROKER_ADDRESS_FORMS}`,
  fromText: (text) => BROKERS.fromJson(Object.fromEntries(text.split(';').map(namedValue))),
  fromJson(value) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const valid = Object.entries(value).every(
      ([name, address]) =>
        name !== '' && typeof address === 'string' && parseBrokerAddress(address) !== undefined,
    );
    return valid ? (value as BrokerAddresses) : undefined;
  },
};

/** `api.example.test=orders:live`, several with commas between. */
export const URL_DOMAINS: SettingValue<UrlDomains> = {
  expected: URL_DOMAIN_FORM,
  fromText: (text) => URL_DOMAINS.fromJson(Object.fromEntries(text.split(',').map(namedValue))),
  fromJson(value) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const valid = Object.entries(value).every(
      ([domain, target]) => typeof target === 'string' && urlTarget(domain, target) !== undefined,
    );
    return valid ? (value as UrlDomains) : undefined;
  },
};

function namedValue(part: string): [name: string, value: string] {
  const equals = part.indexOf('=');
  return [part.slice(0, Math.max(0, equals)).trim(), part.slice(equals + 1).trim()];
}

/** `sqs=https://sqs.eu-west-1.amazonaws.com`, several with commas between. */
export const ENDPOINTS: SettingValue<Readonly<Record<string, string>>> = {
  expected: 'names of services with URLs, such as sqs=https://sqs.eu-west-1.amazonaws.com',
  fromText: (text) => ENDPOINTS.fromJson(Object.fromEntries(text.split(',').map(namedValue))),
  fromJson(value) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const entries = Object.entries(value).map(([name, url]) => [name, HTTP_URL.fromJson(url)]);
    const valid = entries.every(([name, url]) => name !== '' && url !== undefined);
    return valid ? (Object.fromEntries(entries) as Readonly<Record<string, string>>) : undefined;
  },
};

/** `python3.12=/opt/python/bin/python3`, several with commas between. */
export const RUNTIMES: SettingValue<Readonly<Record<string, string>>> = {
  expected: 'runtime names with absolute paths of interpreters, such as python3.12=/opt/python/bin/python3',
  fromText(text) {
    return RUNTIMES.fromJson(Object.fromEntries(text.split(',').map(namedValue)));
  },
  fromJson(value) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const entries = Object.entries(value);
    const valid = entries.every(
      ([name, path]) => /^[a-z]+[\w.]*$/.test(name) && typeof path === 'string' && path.startsWith('/'),
    );
    return valid ? (value as Readonly<Record<string, string>>) : undefined;
  },
};

export function oneOf<const T extends string>(values: readonly T[]): SettingValue<T> {
  const find = (value: unknown): T | undefined => values.find((candidate) => candidate === value);
  return { expected: `one of ${values.join(', ')}`, fromText: find, fromJson: find };
}
