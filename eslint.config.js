import tseslint from 'typescript-eslint';

const pureFolders = [
  'resources',
  'protocol',
  'compiler',
  'posture',
  'publishing',
  'certificates',
  'policy',
  'tokens',
];

/** Holds everywhere; flat config replaces rather than merges, so the override below repeats it. */
const noEnumsOrDefaultExports = [
  { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' },
  { selector: 'ExportDefaultDeclaration', message: 'Use a named export.' },
  { selector: 'ExportAllDeclaration', message: 'No barrels: import from the file that defines it.' },
];

const noClockOrChance = [
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Take the time as an argument.',
  },
  {
    selector: "MemberExpression[object.name='Date'][property.name='now']",
    message: 'Take the time as an argument.',
  },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: 'Take randomness as an argument.',
  },
];

export default tseslint.config(
  { ignores: ['node_modules', '.cache', 'coverage', 'src/gen', 'proto'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', '.dependency-cruiser.mjs'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/unified-signatures': 'off',
      eqeqeq: 'error',
      complexity: ['error', 16],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', ...noEnumsOrDefaultExports],
    },
  },
  {
    files: [`src/{${pureFolders.join(',')}}/**/*.ts`],
    rules: {
      'no-restricted-syntax': ['error', ...noEnumsOrDefaultExports, ...noClockOrChance],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'node:net',
              allowImportNames: ['BlockList', 'isIP'],
              message: 'Only edges use the network.',
            },
            { name: 'node:zlib', allowImportNames: ['crc32'], message: 'Only checksums are needed here.' },
            {
              name: 'node:crypto',
              importNames: ['randomBytes', 'randomUUID', 'randomInt'],
              message: 'Take randomness as an argument.',
            },
          ],
        },
      ],
      'no-restricted-globals': ['error', 'setTimeout', 'setInterval', 'setImmediate', 'fetch', 'process'],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      // chai's assertions are expressions.
      '@typescript-eslint/no-unused-expressions': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    ...tseslint.configs.disableTypeChecked,
    rules: { ...tseslint.configs.disableTypeChecked.rules, 'no-restricted-syntax': 'off' },
  },
);
