import { text } from 'node:stream/consumers';
import { AuthplaneError } from '../../platform/errors.ts';

/** The token of an argument, or, for `-` or none, of standard input: arguments can be seen by all users. @throws AuthplaneError USAGE when there is none. */
export async function readToken(argument: string | undefined): Promise<string> {
  const token = (argument === undefined || argument === '-' ? await text(process.stdin) : argument).trim();
  if (token === '') throw new AuthplaneError('USAGE', 'a token is needed');
  return token;
}
