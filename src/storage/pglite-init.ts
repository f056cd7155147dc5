// Makes an embedded database in the directory that is its argument. Run as a process of its own by pglite-database.ts.
import { PGlite } from '@electric-sql/pglite';

const [, , directory] = process.argv;
if (directory === undefined) throw new TypeError('a directory is needed');
const engine = await PGlite.create({ dataDir: directory });
await engine.close();
