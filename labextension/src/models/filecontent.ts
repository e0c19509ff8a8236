/** What a file holds, as it is shown. */
export type FileContent =
  | { readonly form: 'text'; readonly text: string; readonly encoding: Encoding }
  | { readonly form: 'image'; readonly image: Blob }
  | { readonly form: 'binary' }
  | { readonly form: 'large' };

export type Encoding = 'UTF-8' | 'UTF-16' | 'Latin-1';

/** It is too much to be shown. */
export const LARGE: FileContent = { form: 'large' };

const BINARY: FileContent = { form: 'binary' };

/** So many bytes of text are shown, and compared: more holds up the browser. */
const MOST_TEXT = 2_000_000;
const MOST_IMAGE = 20_000_000;

/** What browsers draw, by the ends of names. */
const IMAGES: Record<string, string> = {
  avif: 'image/avif',
  bmp: 'image/bmp',
  gif: 'image/gif',
  ico: 'image/x-icon',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp'
};

/** What controls texts: tab, line feed, vertical tab, form feed, return, escape. */
const CONTROLS = new Set([9, 10, 11, 12, 13, 27]);

/** Whether a file of so many bytes is shown. */
export function isShown(name: string, size: number): boolean {
  return size <= (imageTypeOf(name) === null ? MOST_TEXT : MOST_IMAGE);
}

/** Tell what a file holds: an image by its name, text by its bytes. */
export function readFile(name: string, bytes: ArrayBuffer): FileContent {
  const type = imageTypeOf(name);
  if (type !== null && bytes.byteLength > 0) {
    return { form: 'image', image: new Blob([bytes], { type }) };
  }
  const [first, second] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return decoded(bytes, first === 0xff ? 'utf-16le' : 'utf-16be', 'UTF-16');
  }
  const text = decoded(bytes, 'utf-8', 'UTF-8');
  return text.form === 'text' ? text : decoded(bytes, 'windows-1252', 'Latin-1');
}

function decoded(bytes: ArrayBuffer, label: string, encoding: Encoding): FileContent {
  try {
    const text = new TextDecoder(label, { fatal: true }).decode(bytes);
    return isTextual(text) ? { form: 'text', text, encoding } : BINARY;
  } catch {
    return BINARY;
  }
}

/** Whether it has no characters that texts do not have. */
function isTextual(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 32 && !CONTROLS.has(code)) {
      return false;
    }
  }
  return true;
}

function imageTypeOf(name: string): string | null {
  return IMAGES[name.split('.').pop()?.toLowerCase() ?? ''] ?? null;
}
