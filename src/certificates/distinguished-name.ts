import { childrenOf, DER_TAG, objectIdentifierOf, readDer, type DerElement } from './der.ts';

/**
 * A form of a Name in which equal names are equal strings: strings are decoded, lowered and their white space is
 * collapsed (RFC 5280, 7.1; the same that BoringSSL does to match a CRL with its CA).
 * @throws DerError when the element is not a Name.
 */
export function canonicalName(name: DerElement): string {
  return JSON.stringify(
    childrenOf(name).map(relativeName =>
      childrenOf(relativeName)
        .map(attribute => {
          const [type, value] = childrenOf(attribute);
          if (type === undefined || value === undefined) return '';
          return `${objectIdentifierOf(type)}=${textOf(value).trim().replace(/\s+/g, ' ').toLowerCase()}`;
        })
        .sort(),
    ),
  );
}

/**
 * The canonical subject of a certificate in DER (RFC 5280, 4.1).
 * @throws DerError when the bytes are not a certificate.
 */
export function canonicalSubject(certificate: Uint8Array): string {
  return canonicalField(certificate, 4);
}

/**
 * The canonical issuer of a certificate in DER.
 * @throws DerError when the bytes are not a certificate.
 */
export function canonicalIssuer(certificate: Uint8Array): string {
  return canonicalField(certificate, 2);
}

/** The name that is field `index` of a certificate without a version. */
function canonicalField(certificate: Uint8Array, index: number): string {
  const [tbs] = childrenOf(readDer(certificate));
  if (tbs === undefined)
    return canonicalName({ tag: 0, contents: new Uint8Array(), encoded: new Uint8Array() });
  const fields = childrenOf(tbs);
  // An explicit version stands first as context tag 0; then serial, algorithm, issuer, validity, subject.
  const name = fields[fields[0]?.tag === 0xa0 ? index + 1 : index];
  return name === undefined ? '' : canonicalName(name);
}

function textOf(value: DerElement): string {
  const { tag, contents } = value;
  if (tag === DER_TAG.utf8String) return new TextDecoder().decode(contents);
  if (tag === DER_TAG.bmpString) return wideText(contents, 2);
  if (tag === DER_TAG.universalString) return wideText(contents, 4);
  return new TextDecoder('latin1').decode(contents);
}

function wideText(bytes: Uint8Array, width: number): string {
  let text = '';
  for (let i = 0; i + width <= bytes.length; i += width) {
    let point = 0;
    for (let j = 0; j < width; j++) point = point * 256 + (bytes[i + j] ?? 0);
    if (point <= 0x10ffff) text += String.fromCodePoint(point);
  }
  return text;
}
