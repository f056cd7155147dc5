/** Largest count in `{n,m}`, and largest product of nested ones (RE2, `kMaxRepeat`). */
const MAX_REPEAT = 1000;
/** Groups nested deeper than this are refused, long before the stack ends. */
const MAX_DEPTH = 1000;
const POSIX_CLASS =
  /^\[:\^?(alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]/;
const UNICODE_CLASS = /^(?:[pP][A-Z]|[pP]\{\^?[A-Za-z_]+\})/;

const CLASSES = /[dswDSW]/;
const ASSERTIONS = /[bBAzC]/;
/** Control characters, and everything that is no letter or digit. */
const LITERAL_ESCAPES = /[afnrtv]|[^A-Za-z0-9]/;

/**
 * Why RE2, the engine of Envoy, does not take a regular expression; undefined when it does. A parser of RE2's syntax
 * (https://github.com/google/re2/wiki/Syntax), because JavaScript's own is another one: no look-around and no back references here, but flags
 * such as `(?i)`, `\A`, `\Q..\E` and `[[:alpha:]]`. Names of Unicode classes and the memory limit of RE2 are not checked.
 */
export function regularExpressionError(pattern: string): string | undefined {
  try {
    const parser = new Parser(pattern);
    parser.parse();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof SyntaxProblem) return thrown.message;
    throw thrown;
  }
}

class SyntaxProblem extends Error {}

class Parser {
  readonly #pattern: string;
  readonly #names = new Set<string>();
  #at = 0;
  #depth = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  parse(): void {
    this.#alternation();
    if (this.#at < this.#pattern.length) throw new SyntaxProblem('unexpected )');
  }

  get #rest(): string {
    return this.#pattern.slice(this.#at);
  }

  #next(): string | undefined {
    return this.#pattern[this.#at];
  }

  /** Returns the largest product of counts inside. */
  #alternation(): number {
    let largest = this.#sequence();
    while (this.#next() === '|') {
      this.#at++;
      largest = Math.max(largest, this.#sequence());
    }
    return largest;
  }

  #sequence(): number {
    let largest = 1;
    let isRepeatable = false;
    for (;;) {
      const next = this.#next();
      if (next === undefined || next === '|' || next === ')') return largest;
      const operator = this.#repetition();
      if (operator === undefined) {
        isRepeatable = true;
        largest = Math.max(largest, this.#repeated(this.#atom()));
      } else if (isRepeatable) {
        throw new SyntaxProblem(`bad repetition operator: ${operator}`);
      } else {
        throw new SyntaxProblem(`no argument for repetition operator: ${operator}`);
      }
    }
  }

  /** Reads the operator behind an atom and returns the product of counts. */
  #repeated(inside: number): number {
    const operator = this.#repetition();
    if (operator === undefined) return inside;
    this.#at += operator.length;
    const count = /^\{(\d+)(?:,(\d*))?\}/.exec(operator);
    if (this.#next() === '?') this.#at++;
    const stacked = this.#repetition();
    if (stacked !== undefined) throw new SyntaxProblem(`bad repetition operator: ${operator}${stacked}`);
    if (count === null) return inside;
    const low = Number(count[1]);
    const high = count[2] === undefined || count[2] === '' ? low : Number(count[2]);
    if (low > MAX_REPEAT || high > MAX_REPEAT || (count[2] !== undefined && count[2] !== '' && high < low)) {
      throw new SyntaxProblem(`invalid repetition size: ${operator}`);
    }
    const product = inside * Math.max(low, high, 1);
    if (product > MAX_REPEAT) throw new SyntaxProblem(`invalid repetition size: ${operator}`);
    return product;
  }

  /** The repetition operator that stands here; a `{` that is none is a letter. */
  #repetition(): string | undefined {
    const next = this.#next();
    if (next === '*' || next === '+' || next === '?') return next;
    if (next !== '{') return undefined;
    return /^\{\d+(?:,\d*)?\}/.exec(this.#rest)?.[0];
  }

  /** Returns the largest product of counts inside. */
  #atom(): number {
    const next = this.#next();
    if (next === '(') return this.#group();
    if (next === '[') this.#characterClass();
    else if (next === '\\') this.#escape(false);
    else this.#at++;
    return 1;
  }

  #group(): number {
    if (++this.#depth > MAX_DEPTH) throw new SyntaxProblem('nested too deeply');
    const start = this.#at;
    this.#at++;
    if (this.#next() === '?' && this.#groupFlags(start)) {
      this.#depth--;
      return 1;
    }
    const largest = this.#alternation();
    if (this.#next() !== ')') throw new SyntaxProblem(`missing ): ${this.#pattern.slice(start)}`);
    this.#at++;
    this.#depth--;
    return largest;
  }

  /** Reads `?...` behind a parenthesis. Returns true when the group ends with it, as `(?i)` does. */
  #groupFlags(start: number): boolean {
    const named = /^\?P?<([A-Za-z0-9_]+)>/.exec(this.#rest);
    if (named?.[1] !== undefined) {
      if (this.#names.has(named[1])) throw new SyntaxProblem(`duplicate capture group name: ${named[1]}`);
      this.#names.add(named[1]);
      this.#at += named[0].length;
      return false;
    }
    const flags = /^\?(?:[imsU]*(?:-[imsU]+)?)([:)])/.exec(this.#rest);
    if (flags === null) {
      throw new SyntaxProblem(`invalid or unsupported Perl syntax: ${this.#pattern.slice(start, start + 4)}`);
    }
    this.#at += flags[0].length;
    return flags[1] === ')';
  }

  #characterClass(): void {
    const start = this.#at;
    this.#at++;
    if (this.#next() === '^') this.#at++;
    for (let isFirst = true; isFirst || this.#next() !== ']'; isFirst = false) {
      if (this.#next() === undefined) throw new SyntaxProblem(`missing ]: ${this.#pattern.slice(start)}`);
      this.#classItem();
    }
    this.#at++;
  }

  #classItem(): void {
    const posix = POSIX_CLASS.exec(this.#rest);
    if (posix !== null) {
      this.#at += posix[0].length;
      return;
    }
    if (/^\[:\^?\w*:\]/.test(this.#rest)) throw new SyntaxProblem('invalid character class range');
    const low = this.#classCharacter();
    if (this.#next() !== '-' || this.#pattern[this.#at + 1] === ']' || low === undefined) return;
    if (this.#at + 1 >= this.#pattern.length) return;
    this.#at++;
    const high = this.#classCharacter();
    if (high === undefined || high < low) throw new SyntaxProblem('invalid character class range');
  }

  /** The code point of one character; undefined for a class such as `\d`. */
  #classCharacter(): number | undefined {
    if (this.#next() === '\\') return this.#escape(true);
    const point = this.#pattern.codePointAt(this.#at) ?? 0;
    this.#at += point > 0xffff ? 2 : 1;
    return point;
  }

  /** Reads an escape. Returns the code point that it stands for, or undefined for a class or an assertion. */
  #escape(isInClass: boolean): number | undefined {
    const start = this.#at;
    this.#at++;
    const letter = this.#next();
    if (letter === undefined) throw new SyntaxProblem('trailing \\');
    if (letter === 'Q' && !isInClass) {
      this.#quoted();
      return undefined;
    }
    const escape = numericEscape(this.#rest);
    const unicode = UNICODE_CLASS.exec(this.#rest)?.[0];
    this.#at += escape?.length ?? unicode?.length ?? 1;
    if (escape !== undefined && escape.point <= 0x10ffff) return escape.point;
    if (unicode !== undefined || isSpecial(letter, isInClass)) return undefined;
    if (escape === undefined && LITERAL_ESCAPES.test(letter)) return letter.codePointAt(0);
    throw new SyntaxProblem(`invalid escape sequence: ${this.#pattern.slice(start, this.#at)}`);
  }

  /** `\Q...\E`; the end may be missing. */
  #quoted(): void {
    const end = this.#pattern.indexOf('\\E', this.#at);
    this.#at = end < 0 ? this.#pattern.length : end + 2;
  }
}

/** `\x41`, `\x{41}` and octal numbers, without the backslash. A single digit from 1 would be a back reference. */
function numericEscape(text: string): { readonly length: number; readonly point: number } | undefined {
  const hex = /^x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(text);
  if (hex !== null) return { length: hex[0].length, point: Number.parseInt(hex[1] ?? hex[2] ?? '', 16) };
  const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(text);
  return octal === null ? undefined : { length: octal[0].length, point: Number.parseInt(octal[0], 8) };
}

function isSpecial(letter: string, isInClass: boolean): boolean {
  return CLASSES.test(letter) || (!isInClass && ASSERTIONS.test(letter));
}
