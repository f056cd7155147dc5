import type { NodeIdentity } from './node.ts';

/**
 * Which name in a client certificate belongs to which node. The template has `{id}` and `{cluster}` once each, as a whole path segment
 * of a SPIFFE ID (`spiffe://example.org/{cluster}/{id}`) or as a whole label of a DNS name (`{id}.{cluster}.example.org`), so that
 * one name can stand for one node only.
 */
export interface IdentityRule {
  readonly kind: 'spiffe' | 'dns';
  readonly template: string;
}

/** The subject alternative names of a certificate that a CA of the server has signed. */
export interface CertifiedNames {
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
}

const PLACEHOLDERS = ['{id}', '{cluster}'] as const;
/** SPIFFE-ID, section 2: trust domain and path segments. */
const TRUST_DOMAIN = /^[a-z0-9._-]+$/;
const SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/;
/** RFC 1123, section 2.1; lower case, since node ids are compared as they are and names in certificates are not. */
const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;

/** What is wrong with the template of a rule; undefined: nothing. */
export function templateProblem({ kind, template }: IdentityRule): string | undefined {
  const example = kind === 'spiffe' ? 'spiffe://example.org/{cluster}/{id}' : '{id}.{cluster}.example.org';
  const wanted = `${kind} needs a template such as ${example}`;
  if (template === '') return wanted;
  const parts = partsOf({ kind, template });
  if (parts === undefined) return `"${template}" is not a SPIFFE ID: ${wanted}`;
  for (const placeholder of PLACEHOLDERS) {
    const whole = parts.filter(part => part === placeholder).length;
    if (whole !== 1 || template.split(placeholder).length !== 2) {
      return `"${template}" must have ${placeholder} once, as a whole ${kind === 'spiffe' ? 'path segment' : 'label'}: ${wanted}`;
    }
  }
  const fixed = parts.filter(part => part !== '{id}' && part !== '{cluster}');
  const bad = fixed.find(part => !patternOf(kind).test(part));
  return bad === undefined ? undefined : `"${template}": "${bad}" cannot be part of such a name: ${wanted}`;
}

/** Why the holder of these names is not that node; undefined: it is. The text names no other node. */
export function identityProblem(
  rule: IdentityRule,
  names: CertifiedNames,
  node: Pick<NodeIdentity, 'id' | 'cluster'>,
): string | undefined {
  for (const [field, value] of Object.entries({ 'node.id': node.id, 'node.cluster': node.cluster })) {
    if (!patternOf(rule.kind).test(value)) return `${field} cannot be part of a ${rule.kind} name`;
  }
  const expected = rule.template.replace(/\{(id|cluster)\}/g, (_, key: 'id' | 'cluster') => node[key]);
  if (rule.kind === 'dns') {
    const isNamed = names.dnsNames.some(name => name.toLowerCase() === expected);
    return isNamed ? undefined : 'the client certificate is not for this node.id and node.cluster';
  }
  // X509-SVID, section 2: a certificate with several URIs is no SVID.
  if (names.uris.length !== 1) return 'the client certificate must have exactly one URI, its SPIFFE ID';
  return names.uris[0] === expected
    ? undefined
    : 'the client certificate is not for this node.id and node.cluster';
}

function patternOf(kind: IdentityRule['kind']): RegExp {
  return kind === 'spiffe' ? SEGMENT : LABEL;
}

function partsOf({ kind, template }: IdentityRule): readonly string[] | undefined {
  if (kind === 'dns') return template.split('.');
  const match = /^spiffe:\/\/([^/]+)\/(.+)$/.exec(template);
  if (match?.[1] === undefined || match[2] === undefined || !TRUST_DOMAIN.test(match[1])) return undefined;
  return match[2].split('/');
}
