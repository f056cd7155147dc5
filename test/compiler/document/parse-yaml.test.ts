import { expect } from 'chai';
import { parseYaml, type ParsedDocument } from '../../../src/compiler/document/parse-yaml.ts';
import type { Diagnostic } from '../../../src/resources/diagnostic.ts';

function parsed(text: string): ParsedDocument {
  const result = parseYaml({ path: 'a.yaml', text });
  if (result.kind === 'failed') throw new Error(result.diagnostics[0]?.message);
  return result;
}

function failure(text: string): Diagnostic {
  const result = parseYaml({ path: 'a.yaml', text });
  expect(result.kind).to.equal('failed');
  const [diagnostic] = result.kind === 'failed' ? result.diagnostics : [];
  if (diagnostic === undefined) throw new Error('no diagnostic');
  return diagnostic;
}

function bomb(levels: number): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < levels; i++)
    lines.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    );
  return lines.join('\n');
}

describe('parseYaml', () => {
  it('reads the YAML 1.2 core schema: no booleans from yes and no, no dates, no octal numbers', () => {
    const { json } = parsed('a: yes\nb: no\nc: 2026-01-31\nd: 010\ne: true\nf: ~\ng: 1.5\nh: 0x10\n');
    expect(json).to.deep.equal({
      a: 'yes',
      b: 'no',
      c: '2026-01-31',
      d: 10,
      e: true,
      f: null,
      g: 1.5,
      h: 16,
    });
  });

  it('keeps integers that a double cannot hold as digits', () => {
    expect(
      parsed('a: 18446744073709551615\nb: -9223372036854775808\nc: 9007199254740991').json,
    ).to.deep.equal({
      a: '18446744073709551615',
      b: '-9223372036854775808',
      c: 9007199254740991,
    });
  });

  it('merges keys and follows aliases', () => {
    const { json } = parsed('base: &b {x: 1, y: 2}\nitem:\n  <<: *b\n  y: 3\nsame: *b\n');
    expect(json['item']).to.deep.equal({ x: 1, y: 3 });
    expect(json['same']).to.deep.equal({ x: 1, y: 2 });
  });

  it('reads JSON, a byte order mark and CRLF', () => {
    expect(parsed('\uFEFF{\r\n\t"a": [1]\r\n}').json).to.deep.equal({ a: [1] });
  });

  it('keeps a key that is called __proto__ as a key', () => {
    expect(Object.keys(parsed('__proto__: {a: 1}').json)).to.deep.equal(['__proto__']);
  });

  for (const [what, text] of [
    ['nothing', ''],
    ['a comment', '# nothing\n'],
    ['a document marker', '---\n'],
    ['null', 'null\n'],
    ['an empty mapping', '{}\n'],
  ] as const) {
    it(`refuses a file that holds only ${what}`, () => {
      expect(failure(text)).to.include({ code: 'AP1002', line: 1, severity: 'error', file: 'a.yaml' });
    });
  }

  for (const [what, text] of [
    ['a list', '- a\n'],
    ['a text', 'hello'],
    ['a number', '5'],
  ] as const) {
    it(`refuses a document that is ${what}`, () => {
      expect(failure(text)).to.include({
        code: 'AP1007',
        message: `the document is not a mapping but ${what}`,
      });
    });
  }

  it('names the line, column and key of a duplicate key', () => {
    const diagnostic = failure('clusters:\n- name: a\n  type: EDS\n  "name": b\n');
    expect(diagnostic).to.include({ code: 'AP1001', line: 4, column: 3 });
    expect(diagnostic.message).to.include('duplicated mapping key "name"');
  });

  it('refuses a second document and says where it begins', () => {
    expect(failure('a: 1\n---\nb: 2\n')).to.include({ code: 'AP1001', line: 3, column: 1 });
  });

  for (const [what, text, line] of [
    ['a tab as indentation', 'a:\n\tb: 1\n', 2],
    ['an open bracket', 'a: [1, 2\n', 2],
    ['an unknown alias', 'a: *nothing\n', 1],
    ['a binary tag', 'a: !!binary aGk=\n', 1],
    ['a tag of a language', 'a: !ruby/object {}\n', 1],
    ['a mapping as a key', '? {a: b}\n: c\n', 1],
    ['a control character', 'a: "\u0007"\n', 1],
  ] as const) {
    it(`refuses ${what} with its line`, () => {
      expect(failure(text)).to.include({ code: 'AP1001', line });
    });
  }

  it('refuses a YAML bomb without expanding it', () => {
    const start = performance.now();
    expect(failure(bomb(30))).to.include({ code: 'AP1006' });
    expect(performance.now() - start).to.be.lessThan(1000);
  });

  it('refuses an alias that contains itself', () => {
    const diagnostic = failure('a: &x\n  b: *x\n');
    expect(diagnostic.code).to.equal('AP1006');
    expect(diagnostic.message).to.include('contains itself');
  });

  it('refuses nesting that is too deep, written out or by aliases', () => {
    expect(failure(`a: ${'['.repeat(200)}${']'.repeat(200)}`).code).to.equal('AP1006');
    const chain = ['a0: &a0 {k: 1}'];
    for (let i = 1; i < 150; i++) chain.push(`a${i}: &a${i} {k: *a${i - 1}}`);
    expect(failure(chain.join('\n')).code).to.equal('AP1006');
  });

  it('refuses a document with too many values and a file with too many bytes', () => {
    expect(failure(`a: [${'1,'.repeat(2_000_001)}]`).code).to.equal('AP1006');
    expect(failure(`a: ${'x'.repeat(33 * 1024 * 1024)}`).code).to.equal('AP1003');
  });
});

describe('positions', () => {
  const text = [
    '# the edge',
    'clusters:',
    '- name: one',
    '  "connectTimeout": 5s',
    '-',
    '  name: two',
    '  load_assignment: {endpoints: [{lb_endpoints: []}, {priority: 1}]}',
    '  metadata: &m',
    '    filter_metadata:',
    '      envoy.lb: {a.b: 1}',
    '- <<: [{type: EDS}, &base {lb_policy: MAGLEV}]',
    '  metadata: *m',
    'listeners: []',
  ].join('\n');
  const cases: [(string | number)[], number, number][] = [
    [[], 1, 1],
    [['clusters'], 2, 1],
    [['clusters', 0], 3, 3],
    [['clusters', 0, 'name'], 3, 3],
    [['clusters', 0, 'connect_timeout'], 4, 3],
    [['clusters', 1], 6, 3],
    [['clusters', 1, 'load_assignment', 'endpoints', 1, 'priority'], 7, 54],
    [['clusters', 1, 'metadata', 'filter_metadata', 'envoy.lb', 'a.b'], 10, 18],
    [['clusters', 2, 'type'], 11, 9],
    [['clusters', 2, 'lb_policy'], 11, 28],
    [['clusters', 2, 'metadata', 'filter_metadata'], 9, 5],
    [['listeners'], 13, 1],
  ];

  for (const [path, line, column] of cases) {
    it(`finds ${JSON.stringify(path)}`, () => {
      expect(parsed(text).positionOf(path)).to.deep.equal({ line, column });
    });
  }

  it('finds keys of a large mapping, again and behind a merge key', () => {
    const keys = Array.from({ length: 200 }, (_, i) => `k${i}: ${i}`);
    const { positionOf } = parsed(['base: &b {deep: 1}', '<<: *b', ...keys].join('\n'));
    for (let round = 0; round < 2; round++) {
      expect(positionOf(['k150'])).to.deep.equal({ line: 153, column: 1 });
      expect(positionOf(['deep'])).to.deep.equal({ line: 1, column: 11 });
      expect(positionOf(['missing'])).to.deep.equal({ line: 1, column: 1 });
    }
  });

  it('falls back to the nearest ancestor that is in the text', () => {
    const { positionOf } = parsed(text);
    expect(positionOf(['clusters', 0, 'missing', 'deeper', 3])).to.deep.equal({ line: 3, column: 3 });
    expect(positionOf(['clusters', 9])).to.deep.equal({ line: 2, column: 1 });
    expect(positionOf(['nowhere'])).to.deep.equal({ line: 1, column: 1 });
    expect(positionOf([0, 'x'])).to.deep.equal({ line: 1, column: 1 });
  });
});
