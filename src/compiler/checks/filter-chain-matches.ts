import {
  messagesField,
  numberField,
  stringField,
  stringsField,
  type PlainMessage,
} from '../schema/plain-message.ts';

/** More combinations than this are not compared: Envoy itself would take long to build them. */
const MAX_COMBINATIONS = 100_000;

/**
 * Pairs of filter chains (by index; also one with itself) whose criteria have a combination in common, which Envoy refuses:
 * it looks for one value of each criterion in a fixed order, and a combination may lead to one chain only.
 */
export function overlappingMatches(
  matches: readonly (PlainMessage | undefined)[],
): readonly { readonly first: number; readonly second: number }[] {
  const owners = new Map<string, number>();
  const found: { first: number; second: number }[] = [];
  for (const [second, match] of matches.entries()) {
    const combinations = combinationsOf(match === undefined ? [] : criteriaOf(match));
    for (const combination of combinations) {
      const first = owners.get(combination);
      if (first === undefined) {
        owners.set(combination, second);
        continue;
      }
      found.push({ first, second });
      break;
    }
    if (owners.size > MAX_COMBINATIONS) break;
  }
  return found;
}

function criteriaOf(match: PlainMessage): readonly (readonly string[])[] {
  return [
    [String(numberField(match, 'destinationPort') ?? '')],
    rangesOf(match, 'prefixRanges'),
    stringsField(match, 'serverNames').map(name => name.toLowerCase()),
    [stringField(match, 'transportProtocol')],
    stringsField(match, 'applicationProtocols'),
    rangesOf(match, 'directSourcePrefixRanges'),
    [String(numberField(match, 'sourceType') ?? 0)],
    rangesOf(match, 'sourcePrefixRanges'),
    (match['sourcePorts'] as readonly number[] | undefined)?.map(String) ?? [],
  ];
}

function rangesOf(match: PlainMessage, field: string): readonly string[] {
  return messagesField(match, field).map(range => {
    const length = numberField(range, 'prefixLen') ?? 0;
    return `${stringField(range, 'addressPrefix')}/${length}`;
  });
}

/** One text for each way to choose a value of every criterion; a criterion without values has one choice: anything. */
function combinationsOf(criteria: readonly (readonly string[])[]): readonly string[] {
  let texts: readonly string[] = [''];
  for (const values of criteria) {
    const choices = values.length === 0 ? ['*'] : values;
    if (texts.length * choices.length > MAX_COMBINATIONS) return texts;
    texts = texts.flatMap(text => choices.map(choice => `${text}|${choice}`));
  }
  return texts;
}
