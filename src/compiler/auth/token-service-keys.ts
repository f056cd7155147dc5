/**
 * What stands in a compiled chain for the keys of authplane's own token service. What proxies get has the real ones in its place (`overlayTokenState`): keys and
 * revocations change often, and must reach proxies also while files have errors or come from an earlier run.
 *
 * The key is a point on the curve that was found by hashing, so nobody has its private half: should this ever reach a proxy, it refuses every token.
 * x is SHA-256 of "authplane: no one has the private half of this key 0".
 */
export const TOKEN_SERVICE_KEYS = JSON.stringify({
  keys: [
    {
      kty: 'EC',
      crv: 'P-256',
      x: '5pcHFbLfkwwgvLerdY3nMzcHI37rSQ0hT_RabFSmqmM',
      y: '7lwwffyw2IjwkwP_Bt6BjZrU_YoNzAzUZCWDSAVY1-I',
      kid: 'authplane-token-service-placeholder',
      alg: 'ES256',
      use: 'sig',
    },
  ],
});

/** By these bytes a resource is known that has the place-holder in it. */
export const PLACEHOLDER_KID = 'authplane-token-service-placeholder';
