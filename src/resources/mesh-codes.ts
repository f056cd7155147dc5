import type { DiagnosticCodeEntry } from './diagnostic-code-entry.ts';

/** Services and sidecars (20xx). */
export const MESH_CODES = {
  AP2001: {
    title: 'A service, port or caller that does not exist',
    reason: 'The sidecar would not know whom to call, or whom to let in.',
    hint: 'Correct the name, or define it; callers are names of services, or SPIFFE IDs beginning with spiffe://.',
  },
  AP2002: {
    title: 'A service, an identity or a port is defined twice',
    reason: 'Which of the two is meant would depend on the order of files.',
    hint: 'Remove or rename one of the two; each service has an identity of its own.',
  },
  AP2003: {
    title: 'Two sidecars in one node group',
    reason: 'A proxy is the sidecar of one service.',
    hint: 'Give the files different `node` matchers.',
  },
  AP2004: {
    title: 'A call that the other service does not allow',
    reason: 'Its sidecar would refuse every request.',
    hint: 'Add this service to the `callers` of the other one, or remove the call.',
  },
  AP2005: {
    title: 'Plaintext is no longer taken',
    reason: '`permissive` has expired; only callers with mutual TLS get through.',
    hint: 'Remove `permissive`, or write a later date if the move into the mesh is not done.',
  },
  AP2006: {
    title: '`permissive` on a TCP port',
    reason: 'Envoy cannot end it by itself at its date, so it could stay open for ever.',
    hint: 'Move TCP callers into the mesh at once, or give them a port of their own outside it.',
  },
  AP2007: {
    title: 'A service that is called has no address',
    reason: 'Every call would fail.',
    hint: 'Add `addresses` to the service.',
  },
  AP2008: {
    title: 'A port that nobody may call',
    reason: 'Its sidecar refuses everybody.',
    hint: 'Write who may call it into `callers`.',
  },
  AP2009: {
    title: 'A port takes plaintext',
    reason: 'Whoever reaches it is let in without an identity, until the date of `permissive`.',
    hint: 'Remove `permissive` when every caller has a sidecar.',
  },
  AP2010: {
    title: 'The certificate of a sidecar has another identity',
    reason: 'Callers take the service for its SPIFFE ID and for no other: all of them would refuse it.',
    hint: 'Issue the certificate with exactly the SPIFFE ID of the service, or correct one of the two.',
  },
} as const satisfies Record<string, DiagnosticCodeEntry>;
