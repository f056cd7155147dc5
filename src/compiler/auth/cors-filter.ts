import { diagnosticAt } from '../resource-group.ts';
import { durationMs } from './auth-spec.ts';
import type { ChainContext } from './chain-context.ts';
import { escapeRegex, regex } from './matchers.ts';
import { httpFilter, NO_PART, typed, type ChainPart } from './nested-filter.ts';

/** Answers preflight requests (Envoy's cors). Its policy is a matter of each route, under the name of the nested filter. */
export function corsFilter({ chain }: ChainContext): ChainPart {
  const { cors, name } = chain.spec;
  if (cors === undefined) return NO_PART;
  const filterName = `${name}/cors`;
  const methods = cors.methods.length === 0 ? ['GET', 'HEAD', 'POST'] : cors.methods;
  const policy = typed('envoy.extensions.filters.http.cors.v3.CorsPolicy', {
    allow_origin_string_match: cors.origins.map(originMatch),
    allow_methods: methods.join(', '),
    allow_headers: cors.headers.join(', '),
    expose_headers: cors.exposeHeaders.join(', '),
    allow_credentials: cors.credentials,
    ...(cors.maxAge === undefined ? {} : { max_age: String(Math.round(durationMs(cors.maxAge, 0) / 1000)) }),
  });
  const isOpen = cors.credentials && cors.origins.includes('*');
  const message = 'any origin may not send cookies: name the origins';
  return {
    filters: [httpFilter(filterName, 'cors.v3.Cors')],
    perRoute: { [filterName]: policy },
    diagnostics: isOpen
      ? [diagnosticAt(chain.at(['cors', 'origins']), undefined, { code: 'AP1928', message })]
      : [],
  };
}

function originMatch(origin: string) {
  if (origin === '*') return regex('.*');
  if (!origin.includes('*')) return { exact: origin };
  return regex(origin.split('*').map(escapeRegex).join('[^./]+'));
}
