/** Length of every symmetric key that is given in a file. */
export const KEY_BYTES = 32;

/** A key of 32 bytes as it is, or as 64 hexadecimal digits or base64, with or without a line break; undefined for anything else. */
export function keyBytes(content: Uint8Array): Uint8Array | undefined {
  if (content.length === KEY_BYTES) return content;
  const text = Buffer.from(content).toString('latin1').trim();
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex');
  const decoded = /^[A-Za-z0-9+/]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  return decoded?.length === KEY_BYTES ? decoded : undefined;
}
