import { InvalidArgumentError } from 'commander';

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30m`, `12h`, `7d` in milliseconds. @throws InvalidArgumentError for anything else. */
export function parseLifetime(text: string): number {
  const match = /^(?<number>[1-9]\d{0,5})(?<unit>[mhd])$/.exec(text);
  const unitMs = UNITS_MS[match?.groups?.['unit'] ?? ''];
  if (unitMs === undefined)
    throw new InvalidArgumentError('Write a number and m, h or d, such as 12h or 7d.');
  return Number(match?.groups?.['number']) * unitMs;
}
