const HIDDEN = new Set([
  'time',
  'level',
  'msg',
  'event',
  'component',
  'instance',
  'version',
  'pid',
  'hostname',
  'tree',
]);

/** Said by the message of a problem in a file, which begins with the place and ends with the code. */
const IN_MESSAGE = new Set(['error_code', 'file', 'line', 'column']);

/**
 * One line of authplane's JSON log as people read it: time, level, message, and the other fields as `key=value`.
 * Fields that the message already has are left out. A line that is not JSON is returned as it is; undefined for levels
 * below info.
 */
export function formatLogLine(line: string): string | undefined {
  let entry: Readonly<Record<string, unknown>>;
  try {
    entry = JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return line;
  }
  const { time, level, msg } = entry;
  if (level === 'debug' || level === 'trace') return undefined;
  const clock = typeof time === 'string' ? time.slice(11, 19) : '';
  const said = typeof msg === 'string' && msg.endsWith(`[${String(entry['error_code'])}]`);
  const fields = Object.entries(entry)
    .filter(([key]) => !HIDDEN.has(key) && !(said && IN_MESSAGE.has(key)))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [clock, String(level), typeof msg === 'string' ? msg : '', ...fields].join(' ');
}
