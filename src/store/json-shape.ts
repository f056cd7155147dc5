import { corrupt } from './sealed-file.ts';

/** Reads decoded JSON of one file; what does not fit is STATE_CORRUPT, without quoting it. */
export class JsonShape {
  readonly #file: string;

  /** `file` is for messages. */
  constructor(file: string) {
    this.#file = file;
  }

  /** @throws AuthplaneError STATE_CORRUPT when the text is not a JSON object. */
  parse(text: string): Readonly<Record<string, unknown>> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // The message of the parser quotes the text.
      throw corrupt(this.#file, 'its description is not JSON');
    }
    return this.object(value, 'description');
  }

  object(value: unknown, what: string): Readonly<Record<string, unknown>> {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
    throw this.#misfit(what);
  }

  text(value: unknown, what: string): string {
    if (typeof value === 'string') return value;
    throw this.#misfit(what);
  }

  /** Undefined when absent. */
  optionalText(value: unknown, what: string): string | undefined {
    return value === undefined ? undefined : this.text(value, what);
  }

  /** A whole number, not negative. */
  count(value: unknown, what: string): number {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.#misfit(what);
  }

  list<T>(value: unknown, what: string, read: (entry: unknown) => T): readonly T[] {
    if (Array.isArray(value)) return value.map(read);
    throw this.#misfit(what);
  }

  texts(value: unknown, what: string): readonly string[] {
    return this.list(value, what, entry => this.text(entry, what));
  }

  #misfit(what: string): Error {
    return corrupt(this.#file, `its ${what} does not have the expected form`);
  }
}
