/** Longest redacted reason, in characters. */
export const MAX_REASON_LENGTH = 500;

/** Only so much is read: Envoy cuts its texts at about 4 kB. */
const MAX_READ = 65_536;

/** Longest name in single quotes that is kept. */
const MAX_QUOTED_NAME = 128;

const GAP = '…';

/** What is kept in single quotes: names, addresses and types, as Envoy quotes them in its sentences. */
const QUOTED_NAME = /^[\w.:/*@-]*$/;

/** Text proto fields before the first mark, ending with the name of the field that the mark belongs to. */
const FIELDS_BEFORE_QUOTE = /(\b[a-z]\w{0,60}: [\w.+-]{1,40}\s+){0,8}\b[a-z]\w{0,60}:\s{0,2}$/;
const FIELDS_BEFORE_BRACE = /(\b[a-z]\w{0,60}: [\w.+-]{1,40}\s+){0,8}\b[a-z]\w{0,60}:?\s{0,2}$/;

/** Followed by a value that is dropped even if it looks harmless. */
const SENSITIVE_KEY =
  /(passw(or)?d|passphrase|token|api[_-]?key|private[_-]?key|client[_-]?secret|hmac[_-]?secret|authorization|credentials?|cookie)["']?[:=]$|^(bearer|basic)$/i;

/** `key=value` in one word. */
const SENSITIVE_PAIR =
  /(passw(or)?d|passphrase|token|secret|key|authorization|credentials?|cookie)["']?[:=]./i;

/**
 * The useful sentence of a NACK. Envoy's `error_detail` may be the whole rejected configuration as text proto, cut off
 * anywhere, with inline keys, JWKS and tokens in it; other clients quote what they could not parse. So nothing passes
 * because it looks good as a whole: all from the first brace, double quote or PEM mark to the last one is dropped, to
 * the end of the text when one of them stays open; of the words outside only those pass that cannot be keys, tokens
 * or hashes. Linear in the length of the text.
 * @returns at most 500 characters on one line.
 */
export function redactReason(text: string): string {
  const words: string[] = [];
  let sensitive = false;
  for (const word of dropUnusualQuotes(dropConfiguration(text.slice(0, MAX_READ))).split(/\s+/)) {
    if (word === '') continue;
    const kept = sensitive || !isHarmless(word) ? GAP : word;
    // A scheme between key and value (`authorization: Bearer x`) is itself a sensitive key.
    sensitive = SENSITIVE_KEY.test(word);
    if (kept !== GAP || words.at(-1) !== GAP) words.push(kept);
  }
  const reason = words.join(' ');
  return reason.length <= MAX_REASON_LENGTH ? reason : `${reason.slice(0, MAX_REASON_LENGTH - 1)}${GAP}`;
}

/**
 * Drops from the first mark of text proto, JSON or PEM to the last. Pairs are not matched one by one: a quote too many,
 * as a cut leaves behind, would turn what is inside strings into what is outside.
 */
function dropConfiguration(text: string): string {
  const start = text.search(/["{]|-----BEGIN/);
  if (start < 0) return text;
  const end = endOfConfiguration(text);
  const fields = text.charAt(start) === '{' ? FIELDS_BEFORE_BRACE : FIELDS_BEFORE_QUOTE;
  // The pattern looks at a bounded tail only: it would be slow on a long run of fields.
  const tail = Math.max(0, start - 500);
  const before = text.slice(0, tail) + text.slice(tail, start).replace(fields, '');
  return `${before} ${GAP} ${text.slice(end).replace(/^:/, '')}`;
}

/** Index behind the last mark; the end of the text when something stays open. */
function endOfConfiguration(text: string): number {
  const lastQuote = text.lastIndexOf('"');
  const open =
    countOf(text, '"') % 2 === 1 ||
    // An opening quote clings to what it quotes, a closing one does not.
    (lastQuote >= 0 && /[^\s,:;.)}\]]/.test(text.charAt(lastQuote + 1))) ||
    countOf(text, '{') > countOf(text, '}') ||
    text.lastIndexOf('-----BEGIN') > text.lastIndexOf('-----END');
  if (open) return text.length;
  const pemEnd = text.lastIndexOf('-----END');
  const afterPem = pemEnd < 0 ? 0 : text.indexOf('-----', pemEnd + '-----END'.length);
  if (afterPem < 0) return text.length;
  return Math.max(lastQuote + 1, text.lastIndexOf('}') + 1, pemEnd < 0 ? 0 : afterPem + '-----'.length);
}

function countOf(text: string, character: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) count += 1;
  return count;
}

/** Keeps `'ghost'`, drops what is no name; an opening without its end drops the rest. */
function dropUnusualQuotes(text: string): string {
  let out = '';
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf("'", at);
    if (open < 0) return out + text.slice(at);
    out += text.slice(at, open);
    at = open + 1;
    // An apostrophe: doesn't.
    if (/\w/.test(text.charAt(open - 1))) {
      out += "'";
      continue;
    }
    const close = text.indexOf("'", at);
    if (close < 0) return out + GAP;
    const quoted = text.slice(at, close);
    out += isQuotedName(quoted) ? `'${quoted}'` : GAP;
    at = close + 1;
  }
  return out;
}

function isQuotedName(quoted: string): boolean {
  return quoted.length <= MAX_QUOTED_NAME && QUOTED_NAME.test(quoted) && isHarmless(quoted);
}

/** False for what could be a key, a token, a hash or encoded data. */
function isHarmless(word: string): boolean {
  if (word.length > 256 || /debugonly|debugstr|goo\.gle/.test(word) || SENSITIVE_PAIR.test(word))
    return false;
  // Base64 has slashes too, so between them only what paths and type URLs are made of passes.
  if (word.includes('/') && !word.split(/[./:,;'()[\]…]+/).every(isPathPart)) return false;
  // Separators of names, types and addresses; what is between them is judged part by part.
  return word.split(/[./:,;'()[\]…|=@*]+/).every(isHarmlessPart);
}

function isPathPart(part: string): boolean {
  return /^[a-z0-9_*?-]*$/.test(part) || /^([A-Z][a-z]+)+$/.test(part);
}

function isHarmlessPart(part: string): boolean {
  if (/^eyJ/.test(part) || /[+\\%]/.test(part) || /^gl[a-z]{2,6}-/.test(part)) return false;
  if (part.length < 12) return true;
  if (/^[0-9a-fA-F-]+$/.test(part) && /\d/.test(part)) return false;
  // Words in snake_case or kebab-case, each short or without digits.
  if (/^[a-z0-9]+([_-][a-z0-9]+)*$/.test(part)) return part.split(/[_-]/).every(isPlainWord);
  return isCamelCase(part);
}

function isPlainWord(word: string): boolean {
  return word.length < 12 || (/^[a-z]+[0-9]{0,2}$/.test(word) && word.length <= 24);
}

/** `HttpConnectionManagerValidationError`, `OAuth2Config`: at most two digits together, humps of two letters or more. */
function isCamelCase(part: string): boolean {
  return (
    part.length <= 64 && /^[a-z]*([A-Z]{1,5}[a-z]{2,}[0-9]{0,2})+[A-Z]{0,4}$/.test(part) && humps(part) >= 3
  );
}

/** Letters for each capital: random text of mixed case has two, words have more. */
function humps(part: string): number {
  const capitals = part.replace(/[^A-Z]/g, '').length;
  return part.length / Math.max(1, capitals);
}
