import { examples, type CommandContext } from './command.ts';

/** `authplane schema`: the JSON Schema of snapshot files. */
export function registerSchema({ program, io, run }: CommandContext): void {
  program
    .command('schema')
    .description('print the JSON Schema of snapshot files, for completion and checks in editors')
    .addHelpText(
      'after',
      examples(
        'authplane schema > authplane.schema.json',
        '# first line of a snapshot file, for editors with a YAML language server:',
        '# yaml-language-server: $schema=../authplane.schema.json',
      ),
    )
    .action(
      run(async () => {
        const [{ snapshotFileJsonSchema }, { loadSchema }, { readDescriptorImage }] = await Promise.all([
          import('../compiler/schema/json-schema.ts'),
          import('../compiler/schema/registry.ts'),
          import('../platform/descriptor-image.ts'),
        ]);
        io.stdout(`${JSON.stringify(snapshotFileJsonSchema(loadSchema(readDescriptorImage())), null, 1)}\n`);
        return 'ok';
      }),
    );
}
