/** Two services, `web` and `api`; web calls api over HTTP, gRPC and TCP. */
export interface MeshOptions {
  /** Ports of the sidecars of api: HTTP, HTTP/2, TCP. */
  readonly inbound: readonly [number, number, number];
  /** Port of the sidecar of web. */
  readonly web: number;
  /** Ports of api itself. */
  readonly app: readonly [number, number, number];
  /** Ports behind which web calls it. */
  readonly local: readonly [number, number, number];
  /** Directory of the CA. */
  readonly caDir: string;
  /** Default: `[web]`. */
  readonly callers?: readonly string[];
  /** Of the HTTP port of api. */
  readonly permissive?: object;
}

/** Files of the snapshot directory by name; certificates are `certs/SERVICE.pem`. */
export function meshFiles(options: MeshOptions): Readonly<Record<string, object>> {
  const { inbound, web, app, local, caDir, callers = ['web'], permissive } = options;
  const names = ['http', 'grpc', 'raw'] as const;
  const protocols = ['http', 'http2', 'tcp'] as const;
  const ports = names.map((name, index) => ({
    name,
    port: inbound[index],
    app_port: app[index],
    protocol: protocols[index],
    ...(name === 'http' && permissive !== undefined ? { permissive } : {}),
  }));
  const identity = (name: string): object => ({
    certificates: [{ name, certificate_chain: `certs/${name}.pem`, private_key: `certs/${name}.key` }],
    trust_bundles: [{ name: 'mesh-ca', trusted_ca: `${caDir}/trust.pem`, crl: `${caDir}/revoked.crl` }],
  });
  return {
    'services.yaml': {
      services: [
        { name: 'api', spiffe_id: 'spiffe://mesh.test/api', addresses: ['127.0.0.1'], ports, callers },
        {
          name: 'web',
          spiffe_id: 'spiffe://mesh.test/web',
          addresses: ['127.0.0.1'],
          ports: [{ name: 'http', port: web, app_port: app[0], protocol: 'http', callers: ['api'] }],
        },
      ],
    },
    'api.yaml': {
      node: { clusters: ['api'] },
      sidecar: { service: 'api', certificate: 'api', trust: 'mesh-ca', address: '127.0.0.1' },
      ...identity('api'),
    },
    'web.yaml': {
      node: { clusters: ['web'] },
      sidecar: {
        service: 'web',
        certificate: 'web',
        trust: 'mesh-ca',
        address: '127.0.0.1',
        calls: names.map((port, index) => ({ service: 'api', port, local_port: local[index] })),
      },
      ...identity('web'),
    },
  };
}
