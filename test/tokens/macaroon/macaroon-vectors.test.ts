import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect } from 'chai';
import { writeBinaryV2 } from '../../../src/tokens/macaroon/binary-v2.ts';
import { readJsonV2, writeJsonV2 } from '../../../src/tokens/macaroon/json-v2.ts';
import { readBundle } from '../../../src/tokens/macaroon/macaroon-format.ts';
import {
  addCaveat,
  addThirdPartyCaveat,
  bindDischarge,
  mintMacaroon,
  type Macaroon,
} from '../../../src/tokens/macaroon/macaroon.ts';
import { verifyMacaroon } from '../../../src/tokens/macaroon/verify-macaroon.ts';
import { ensurePymacaroons } from '../../../scripts/pymacaroons.ts';

interface Recipe {
  readonly version: 1 | 2;
  readonly location: string;
  readonly identifier: string;
  readonly key: string;
  readonly caveats: readonly { readonly id: string; readonly location?: string; readonly key?: string }[];
  readonly discharges?: readonly Recipe[];
}

interface Minted {
  readonly binary: readonly string[];
  readonly json: string;
  readonly signature: string;
}

/** Asks pymacaroons all questions in one process. */
async function askOracle(commands: readonly object[]): Promise<readonly unknown[]> {
  const { python, path } = await ensurePymacaroons();
  const script = join(import.meta.dirname, 'oracle.py');
  const output = await new Promise<string>((resolve, reject) => {
    const env = { ...process.env, PYTHONPATH: path };
    const child = execFile(python, [script], { env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(stderr));
    });
    child.stdin?.end(commands.map(command => JSON.stringify(command)).join('\n'));
  });
  return output
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as unknown);
}

function mint({ key, identifier, location, caveats }: Recipe): Macaroon {
  return caveats.reduce<Macaroon>(
    (macaroon, { id, location: place, key: rootKey }) =>
      place === undefined
        ? addCaveat(macaroon, bytes(id))
        : addThirdPartyCaveat(
            macaroon,
            { location: place, identifier: bytes(id), rootKey: bytes(rootKey ?? '') },
            randomBytes(24),
          ),
    mintMacaroon(bytes(key), bytes(identifier), location),
  );
}

const bytes = (text: string): Buffer => Buffer.from(text);

const base: Recipe = {
  version: 2,
  location: 'https://auth.example',
  identifier: 'id-1',
  key: 'a root key of any length',
  caveats: [],
};
const third = { id: 'asked of the gate', location: 'https://gate.example', key: 'shared with the gate' };
const discharge: Recipe = {
  ...base,
  location: 'https://gate.example',
  identifier: third.id,
  key: third.key,
  caveats: [{ id: 'exp 2000000000' }],
};
const RECIPES: readonly Recipe[] = [
  base,
  { ...base, identifier: 'ünïcödé', caveats: [{ id: 'exp 2000000000' }] },
  { ...base, caveats: Array.from({ length: 12 }, (_, index) => ({ id: `project ${index}` })) },
  { ...base, caveats: [{ id: 'method GET' }, third, { id: 'aud api' }], discharges: [discharge] },
  { ...base, key: 'k'.repeat(200), caveats: [{ id: 'path /' + 'x'.repeat(300) }] },
];

describe('macaroons and pymacaroons', function () {
  this.timeout(120_000);

  it('agree on signatures and on the binary and JSON forms of each other', async () => {
    // pymacaroons counts characters, not bytes, for version 1.
    const ascii = RECIPES.filter(({ identifier }) => /^[ -~]*$/.test(identifier));
    const recipes = [...RECIPES, ...ascii.map(recipe => ({ ...recipe, version: 1 as const }))];
    const minted = (await askOracle(recipes.map(recipe => ({ do: 'mint', ...recipe })))) as readonly Minted[];
    recipes.forEach((recipe, index) => {
      const { binary, json, signature } = minted[index] as Minted;
      const bundles = binary.map(text => readBundle(text).macaroon);
      const [macaroon, ...discharges] = bundles;
      if (macaroon === undefined) throw new Error('nothing was minted');
      expect(Buffer.from(macaroon.signature).toString('hex')).to.equal(signature);
      expect(macaroon.location).to.equal(recipe.location);
      const verdict = verifyMacaroon(bytes(recipe.key), { macaroon, discharges });
      const ids = recipe.caveats.flatMap(({ id, location }) =>
        location === undefined ? [id] : discharge.caveats.map(caveat => caveat.id),
      );
      expect(verdict).to.deep.equal({ kind: 'genuine', conditions: ids.map(bytes) });
      const isSimple = recipe.caveats.every(({ location }) => location === undefined);
      if (isSimple) expect(mint(recipe).signature).to.deep.equal(macaroon.signature);
      if (recipe.version === 2) {
        expect(writeBinaryV2(macaroon).toString('base64url')).to.equal(binary[0]?.replace(/=+$/, ''));
        expect(readJsonV2(json)).to.deep.equal(macaroon);
        expect(readJsonV2(JSON.stringify(writeJsonV2(macaroon)))).to.deep.equal(macaroon);
      }
    });
  });

  it('verify what we mint, and refuse what was changed', async () => {
    const commands = RECIPES.flatMap(recipe => {
      const macaroon = mint(recipe);
      const discharges = (recipe.discharges ?? []).map(made => bindDischarge(macaroon, mint(made)));
      const binary = [macaroon, ...discharges].map(one => writeBinaryV2(one).toString('base64url'));
      const narrowed = addCaveat(macaroon, bytes('added by its holder'));
      const widened = { ...narrowed, caveats: macaroon.caveats };
      return [
        { do: 'verify', key: recipe.key, binary },
        { do: 'verify', key: 'another key', binary },
        {
          do: 'verify',
          key: recipe.key,
          binary: [writeBinaryV2(widened).toString('base64url'), ...binary.slice(1)],
        },
      ];
    });
    const answers = (await askOracle(commands)) as readonly { readonly genuine: boolean }[];
    expect(answers.map(({ genuine }) => genuine)).to.deep.equal(RECIPES.flatMap(() => [true, false, false]));
  });
});
