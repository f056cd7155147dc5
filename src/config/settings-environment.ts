import { messageOf } from '../platform/errors.ts';
import { parseValue, type SettingValue } from './parse-value.ts';
import { environmentName, type Setting } from './setting.ts';
import type { FoundSettings } from './settings-file.ts';
import { suggestion } from './suggest.ts';

const ENVIRONMENT_PREFIX = 'AUTHPLANE_';

/**
 * Variables with the prefix that are no settings of `serve`: the settings file, the server that clients ask, and the key-encryption key, which no flag may
 * show to all users of the machine.
 */
const OTHER_VARIABLES: readonly string[] = ['AUTHPLANE_CONFIG', 'AUTHPLANE_SERVER', 'AUTHPLANE_KEK'];

/**
 * Kubernetes sets these in every pod beside a Service whose name starts with `authplane` (enableServiceLinks):
 * AUTHPLANE_SERVICE_HOST, AUTHPLANE_XDS_PORT_18000_TCP_ADDR and the like.
 */
const SERVICE_LINK = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$/;

/** Reads the settings among environment variables; unknown names with our prefix are problems. */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  settings: readonly Setting[],
): FoundSettings {
  const values = new Map<string, SettingValue>();
  const problems: string[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (text === undefined || !name.startsWith(ENVIRONMENT_PREFIX) || OTHER_VARIABLES.includes(name))
      continue;
    const setting = settings.find(candidate => environmentName(candidate) === name);
    if (setting === undefined) {
      if (SERVICE_LINK.test(name)) continue;
      const known = [...settings.map(environmentName), ...OTHER_VARIABLES];
      problems.push(`environment: error unknown variable ${name}${suggestion(name, known)}`);
      continue;
    }
    try {
      values.set(setting.name, parseValue(setting, text));
    } catch (thrown) {
      problems.push(`environment: error ${name} ${messageOf(thrown)}`);
    }
  }
  return { values, problems };
}
