import {
  fromJson,
  type DescField,
  type DescMessage,
  type DescOneof,
  type JsonObject,
  type JsonValue,
} from '@bufbuild/protobuf';
import type { DocumentPath } from '../../resources/diagnostic.ts';
import { messageNameOf, TYPE_URL_PREFIX } from '../../resources/type-url.ts';
import { actualForm, expectedForm, messageForm } from './expectation.ts';
import { ANY, isWellKnown } from './message-parts.ts';
import { nearName } from './near-name.ts';
import { pathTail } from './path-tail.ts';
import { messageOfTypeUrl, type Schema } from './registry.ts';
import type { Issue } from './visitor.ts';

/** Duration in proto3 JSON: seconds with up to nine fractional digits and the suffix `s`. */
export const DURATION = /^-?\d+(\.\d{1,9})?s$/;

/**
 * Lists every place where a JSON value does not fit a message, in the order of the document: unknown fields
 * (AP1101), values of another form (AP1102), unknown or missing `@type` (AP1103). For values that `fromJson` refused; it
 * tells where, which protobuf-es does not.
 */
export function locateProblems(
  schema: Schema,
  desc: DescMessage,
  json: JsonValue,
  path: DocumentPath,
): readonly Issue[] {
  const locator = new Locator(schema);
  locator.message(desc, json, path);
  return locator.issues;
}

/** Problems listed of one value; more than this nobody reads. */
const MAX_ISSUES = 1000;

/** Of these, the first ones get a guess at what was meant: a guess takes a look at every known name. */
const MAX_GUESSES = 100;

class Locator {
  readonly issues: Issue[] = [];
  readonly #schema: Schema;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  message(desc: DescMessage, json: JsonValue, path: DocumentPath, field?: DescField): void {
    if (this.issues.length >= MAX_ISSUES) return;
    if (desc.typeName === ANY) this.#any(json, path);
    else if (isWellKnown(desc)) this.#leaf(desc, json, path, field);
    else if (isObject(json)) this.#fields(desc, json, path);
    else this.#wrongForm(path, messageForm(desc), actualForm(field, json));
  }

  #any(json: JsonValue, path: DocumentPath): void {
    if (!isObject(json)) {
      this.#wrongForm(path, 'a mapping with "@type"', actualForm(undefined, json));
      return;
    }
    const { '@type': type, ...rest } = json;
    const desc = typeof type === 'string' ? messageOfTypeUrl(this.#schema, type) : undefined;
    if (desc === undefined) this.#unknownType(type, path);
    else if (isWellKnown(desc) && 'value' in rest)
      this.message(desc, rest['value'] ?? null, [...path, 'value']);
    else this.message(desc, rest, path);
  }

  #unknownType(type: JsonValue | undefined, path: DocumentPath): void {
    if (type === undefined) {
      this.#report('AP1103', path, `"${pathTail(path)}" has no "@type"`);
      return;
    }
    const at = [...path, '@type'];
    if (typeof type !== 'string') {
      this.#report('AP1103', at, `"@type" must be a text, not ${actualForm(undefined, type)}`);
      return;
    }
    const near = this.issues.length < MAX_GUESSES ? nearType(this.#schema, type) : undefined;
    this.#report(
      'AP1103',
      at,
      `unknown @type "${type.slice(0, 200)}"${near === undefined ? '' : `, did you mean "${near}"?`}`,
    );
  }

  #fields(desc: DescMessage, json: JsonObject, path: DocumentPath): void {
    const keys = new Map<DescField, string>();
    const members = new Map<DescOneof, string>();
    for (const [key, value] of Object.entries(json)) {
      if (this.issues.length >= MAX_ISSUES) return;
      const field = fieldOf(desc, key);
      const at = [...path, key];
      if (field === undefined) {
        this.#unknownField(desc, key, at);
        continue;
      }
      const otherSpelling = keys.get(field);
      keys.set(field, key);
      if (otherSpelling !== undefined) {
        this.#report('AP1102', at, `"${key}" and "${otherSpelling}" are the same field; write it once`);
        continue;
      }
      const otherMember = field.oneof === undefined ? undefined : members.get(field.oneof);
      if (field.oneof !== undefined && !(value === null && field.fieldKind === 'scalar')) {
        members.set(field.oneof, otherMember ?? key);
        if (otherMember !== undefined)
          this.#report('AP1102', at, `"${key}" and "${otherMember}" exclude each other; write one of them`);
      }
      if (value !== null) this.#field(field, value, at);
      else if (!acceptsNull(desc, key)) this.#wrongForm(at, expectedForm(field), 'null');
    }
  }

  #unknownField(desc: DescMessage, key: string, path: DocumentPath): void {
    const near = nearName(
      key,
      desc.fields.flatMap(field => [field.name, field.jsonName]),
    );
    const guess = near === undefined ? '' : `, did you mean "${near}"?`;
    this.#report('AP1101', path, `unknown field "${key.slice(0, 100)}" in ${desc.typeName}${guess}`);
  }

  #field(field: DescField, value: JsonValue, path: DocumentPath): void {
    if (field.fieldKind === 'list') {
      if (!Array.isArray(value)) this.#wrongForm(path, 'a list', actualForm(field, value));
      else value.forEach((item, index) => this.#item(field, item, [...path, index]));
    } else if (field.fieldKind === 'map') {
      if (!isObject(value)) this.#wrongForm(path, 'a mapping', actualForm(field, value));
      else for (const [key, item] of Object.entries(value)) this.#entry(field, key, item, [...path, key]);
    } else if (field.fieldKind === 'message') {
      this.message(field.message, value, path, field);
    } else if (!decodes(this.#schema, field.parent, { [field.name]: value })) {
      this.#wrongForm(path, expectedForm(field), actualForm(field, value));
    }
  }

  #item(field: DescField & { fieldKind: 'list' }, item: JsonValue, path: DocumentPath): void {
    if (field.message !== undefined && item !== null) this.message(field.message, item, path, field);
    else if (!decodes(this.#schema, field.parent, { [field.name]: [item] }))
      this.#wrongForm(path, expectedForm(field), actualForm(field, item));
  }

  #entry(field: DescField & { fieldKind: 'map' }, key: string, item: JsonValue, path: DocumentPath): void {
    if (field.message !== undefined && item !== null) {
      this.message(field.message, item, path, field);
    } else if (!decodes(this.#schema, field.parent, { [field.name]: { [key]: item } })) {
      this.#wrongForm(path, expectedForm(field), actualForm(field, item));
    }
  }

  /** A message with a JSON form of its own. */
  #leaf(desc: DescMessage, json: JsonValue, path: DocumentPath, field?: DescField): void {
    const loose =
      desc.typeName === 'google.protobuf.Duration' && typeof json === 'string' && !DURATION.test(json);
    if (loose || !decodes(this.#schema, desc, json))
      this.#wrongForm(path, messageForm(desc), actualForm(field, json));
  }

  #wrongForm(path: DocumentPath, expected: string, actual: string): void {
    const quote =
      expected === 'a text' && /^a (number|boolean|negative number)/.test(actual) ? '; put it in quotes' : '';
    this.#report('AP1102', path, `"${pathTail(path)}" must be ${expected}, found ${actual}${quote}`);
  }

  #report(code: Issue['code'], path: DocumentPath, message: string): void {
    this.issues.push({ code, severity: 'error', path, message });
  }
}

function isObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function fieldOf(desc: DescMessage, key: string): DescField | undefined {
  return desc.fields.find(field => field.name === key || field.jsonName === key);
}

function acceptsNull(desc: DescMessage, key: string): boolean {
  try {
    fromJson(desc, { [key]: null });
    return true;
  } catch {
    return false;
  }
}

function decodes(schema: Schema, desc: DescMessage, json: JsonValue): boolean {
  try {
    fromJson(desc, json, { registry: schema.registry });
    return true;
  } catch {
    return false;
  }
}

/** The known type URL that a wrong one is most likely a misspelling of; the last part of the name decides first. */
function nearType(schema: Schema, typeUrl: string): string | undefined {
  const wanted = messageNameOf(typeUrl).slice(0, 200);
  const last = nearName(lastPart(wanted), schema.messageNames.map(lastPart));
  if (last === undefined) return undefined;
  const candidates = schema.messageNames.filter(name => lastPart(name) === last);
  const near = candidates.length === 1 ? candidates[0] : nearName(wanted, candidates);
  return near === undefined ? undefined : `${TYPE_URL_PREFIX}${near}`;
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
