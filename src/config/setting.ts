/** What an operator may write as a setting's value, and what the program gets. */
interface SettingValues {
  /** A file or directory. From the settings file: relative to it; otherwise relative to the working directory. */
  readonly path: string;
  /** One line, taken as it is. */
  readonly text: string;
  /** `host:port`; port 0 takes a free one. */
  readonly address: Address;
  /** `250ms`, `5s`, `30m`, `1h` -> milliseconds. */
  readonly duration: number;
  /** `512KiB`, `4MiB`, `1GiB` or a plain number of bytes -> bytes. */
  readonly size: number;
  /** A whole number, 1 or more. */
  readonly count: number;
  readonly boolean: boolean;
}

/** A host and a port to listen on or connect to. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

interface Common {
  /** The flag without dashes: `drain-delay`. The environment variable and the key in the file follow from it. */
  readonly name: string;
  /** One line for the help and the documentation. */
  readonly doc: string;
  /** Heading in the documentation and the help. */
  readonly section:
    | 'Files'
    | 'xDS server'
    | 'Admin server'
    | 'Certificate authority'
    | 'Token service'
    | 'Start and stop'
    | 'Limits';
}

/** One setting, defined once: flags, environment, file keys, help and docs/configuration.md are made from it. */
export type Setting =
  | (Common & {
      readonly kind: keyof SettingValues;
      /** As an operator would write it; absent: the setting is unset unless somebody sets it. */
      readonly default?: string;
    })
  | (Common & {
      readonly kind: 'choice';
      readonly choices: readonly string[];
      readonly default: string;
    });

type ValueOf<S extends Setting> = S extends {
  readonly kind: 'choice';
  readonly choices: readonly (infer C)[];
}
  ? C
  : S['kind'] extends keyof SettingValues
    ? S extends { readonly default: string }
      ? SettingValues[S['kind']]
      : SettingValues[S['kind']] | undefined
    : never;

/** The values of a table of settings. */
export type ValuesOf<Table extends Readonly<Record<string, Setting>>> = {
  readonly [Key in keyof Table]: ValueOf<Table[Key]>;
};

/** `drain-delay` -> `AUTHPLANE_DRAIN_DELAY`. */
export function environmentName(setting: Setting): string {
  return `AUTHPLANE_${setting.name.replaceAll('-', '_').toUpperCase()}`;
}

/** `drain-delay` -> `drain_delay`. */
export function fileKey(setting: Setting): string {
  return setting.name.replaceAll('-', '_');
}
