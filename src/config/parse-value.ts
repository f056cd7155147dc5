import { AuthplaneError } from '../platform/errors.ts';
import type { Address, Setting } from './setting.ts';
import { suggestion } from './suggest.ts';

/** A value after parsing, of any kind of setting. */
export type SettingValue = string | number | boolean | Address;

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};
const MAX_DURATION_MS = 24 * 3_600_000;

/**
 * Parses what an operator wrote for a setting.
 * @throws AuthplaneError SETTINGS_INVALID that says what was expected, without naming where the value stands.
 */
export function parseValue(setting: Setting, text: string): SettingValue {
  switch (setting.kind) {
    case 'path':
      if (text === '') throw invalid('must not be empty');
      return text;
    case 'text':
      return text;
    case 'address':
      return parseAddress(text);
    case 'duration':
      return parseDuration(text);
    case 'size':
      return parseSize(text);
    case 'count':
      return parseCount(text);
    case 'boolean':
      return parseBoolean(text);
    case 'choice':
      return parseChoice(text, setting.choices);
  }
}

function parseChoice(text: string, choices: readonly string[]): string {
  if (choices.includes(text)) return text;
  throw invalid(`is "${text}" but must be one of ${choices.join(', ')}${suggestion(text, choices)}`);
}

/** `127.0.0.1:18000`, `[::1]:18000`, `localhost:0`. @throws AuthplaneError SETTINGS_INVALID */
export function parseAddress(text: string): Address {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:.%]+)\]|(?<host>[^\s:[\]/]+)):(?<port>\d{1,5})$/.exec(text);
  const host = match?.groups?.['v6'] ?? match?.groups?.['host'];
  const port = Number(match?.groups?.['port']);
  if (host === undefined || port > 65_535) {
    throw invalid(`is "${text}" but must be HOST:PORT, such as 127.0.0.1:18000 or [::1]:18000`);
  }
  return { host, port };
}

/** The reverse of `parseAddress`. */
export function formatAddress(address: Address): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** `250ms`, `5s`, `1.5m`, `0s`; at most a day. Result in milliseconds. @throws AuthplaneError SETTINGS_INVALID */
export function parseDuration(text: string): number {
  const match = /^(?<number>\d+(?:\.\d+)?)(?<unit>ms|s|m|h)$/.exec(text);
  const unitMs = DURATION_UNITS[match?.groups?.['unit'] ?? 'none'];
  const ms = Math.round(Number(match?.groups?.['number']) * (unitMs ?? NaN));
  if (Number.isNaN(ms))
    throw invalid(`is "${text}" but must be a duration with its unit, such as 250ms, 5s or 30m`);
  if (ms > MAX_DURATION_MS) throw invalid(`is "${text}" but must be at most 24h`);
  return ms;
}

function parseSize(text: string): number {
  const match = /^(?<number>\d+)\s?(?<unit>B|KiB|MiB|GiB)?$/.exec(text);
  const bytes = Number(match?.groups?.['number']) * (SIZE_UNITS[match?.groups?.['unit'] ?? ''] ?? NaN);
  if (!Number.isSafeInteger(bytes) || bytes < 1) {
    throw invalid(`is "${text}" but must be a size, such as 512KiB, 4MiB or a number of bytes`);
  }
  return bytes;
}

function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(count) || count < 1)
    throw invalid(`is "${text}" but must be a whole number, 1 or more`);
  return count;
}

function parseBoolean(text: string): boolean {
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw invalid(`is "${text}" but must be true or false`);
}

function invalid(message: string): AuthplaneError {
  return new AuthplaneError('SETTINGS_INVALID', message);
}
