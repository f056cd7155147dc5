/** Who may import whom: ARCHITECTURE.md, "Layers". Each rule says what to do instead. */
const pure = '^src/(resources|protocol|compiler|publishing|posture|certificates|policy|tokens)/';
const edges = ['loader', 'jwks', 'transport', 'endpoints', 'admin', 'storage'];

export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Move what both need into a third file.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'pure-folders-do-no-io',
      severity: 'error',
      comment: 'Pass the bytes or the time in as an argument; only edges and platform touch the system.',
      from: { path: pure },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer|net|path/posix|zlib)$' },
    },
    {
      name: 'pure-folders-import-only-pure',
      severity: 'error',
      comment: 'Pure code knows resources, generated code and errors, nothing else of ours.',
      from: { path: pure },
      to: { path: '^src/', pathNot: [pure, '^src/gen/', '^src/platform/errors\\.ts$'] },
    },
    {
      name: 'protocol-knows-resources-only',
      severity: 'error',
      comment: 'The state machine must not know the compiler or the wire format.',
      from: { path: '^src/protocol/' },
      to: { path: '^src/', pathNot: ['^src/(protocol|resources)/'] },
    },
    {
      name: 'resources-know-nothing',
      severity: 'error',
      comment: 'The vocabulary has no dependencies of ours.',
      from: { path: '^src/resources/' },
      to: { path: '^src/', pathNot: ['^src/resources/'] },
    },
    ...edges.map(edge => ({
      name: `${edge}-stays-apart-from-other-edges`,
      severity: 'error',
      comment: 'Edges meet in app.ts: declare an interface here and let app.ts connect it.',
      from: { path: `^src/${edge}/` },
      to: { path: `^src/(${edges.filter(other => other !== edge).join('|')})/` },
    })),
    {
      name: 'nobody-imports-the-top',
      severity: 'error',
      comment: 'Move what is shared below app, cli and main.',
      from: { path: '^src/', pathNot: '^src/(main|app)\\.ts$|^src/(cli|composition)/' },
      to: { path: '^src/(main|app)\\.ts$|^src/(cli|composition)/' },
    },
    {
      name: 'src-never-imports-test',
      severity: 'error',
      comment: 'Test support stays in test/support.',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'one-watcher',
      severity: 'error',
      comment: 'Two chokidar watchers in one process lose events: subscribe to platform/watch-files.',
      from: { path: '^src/', pathNot: '^src/platform/watch-files\\.ts$' },
      to: { path: 'node_modules/chokidar' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/gen/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
